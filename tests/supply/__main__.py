"""`python -m tests.supply`: audits the locked packages and writes the bill of materials; exit code 1 on a known vulnerability."""

from __future__ import annotations

import sys

from tests.supply.report import main

if __name__ == "__main__":
    sys.exit(main())
