"""`python -m tests.kill_matrix`: plays the matrix and tells its figures as JSON; exit code 1 when anything is wrong."""

from __future__ import annotations

import sys

from tests.kill_matrix.running import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
