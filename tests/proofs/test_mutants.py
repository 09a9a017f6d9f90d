"""A sample of the faults that can be put into the heart: the tests notice nine of ten in each part, or more."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

from tests.mutants.heart import HEART, ROOT

SAMPLE: Final = 60
LEAST: Final = 85  # percent of a sample; 90 of the whole
SECONDS_MAX: Final = 40 * 60


def test_a_fault_in_the_heart_is_noticed() -> None:
    reported = subprocess.run(
        [sys.executable, "-m", "tests.mutants", "--sample", str(SAMPLE), "--least", str(LEAST)],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    print(f"\n{reported.stdout}{reported.stderr}")  # noqa: T201  the figures are what a proof is for
    assert reported.returncode == 0
    assert [
        line.partition(":")[0] for line in reported.stdout.splitlines() if " killed, " in line
    ] == [part.name for part in HEART]
