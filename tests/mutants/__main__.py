"""`python -m tests.mutants`: judges the mutants of the heart; exit code 1 when a part's score is too low."""

from __future__ import annotations

import sys

from tests.mutants.running import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
