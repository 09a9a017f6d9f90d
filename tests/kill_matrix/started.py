"""Starts the matrix beside a test, on the test's own server, and reads its figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qaitar.runtime.database import handed_on

if TYPE_CHECKING:
    from qaitar.runtime.addresses import DatabaseAddresses

ROOT: Final = Path(__file__).resolve().parents[2]


def matrix(database: DatabaseAddresses, folder: Path, *flags: str, seconds: int) -> dict[str, Any]:
    """Play the matrix in processes of its own; what it came to, as it tells it."""
    reported = {
        **handed_on(database),
        "QAITAR_DATA": str(folder),
        "PYTHONPATH": os.pathsep.join(["src", "."]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.kill_matrix", *flags],
        env={**os.environ, **reported},
        cwd=ROOT,
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr.decode()[-4_000:]
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
