"""Runs a module of these tests in a process of its own, on the test's database, keys and files."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from django.conf import settings

from qaitar.foundation.ops.crashpoints import VARIABLE
from tests.flows.bench import KEY

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses


def run_apart(
    module: str, *arguments: str, database: DatabaseAddresses, folder: Path, point: str = ""
) -> subprocess.CompletedProcess[bytes]:
    """Run `tests.flows.<module>`; it dies at `point`, when one is named."""
    reported = {
        "QAITAR_DB_APP_DSN": database.app_dsn,
        "QAITAR_DB_OWNER_DSN": database.owner_dsn,
        "QAITAR_DATA": str(folder),
        "QAITAR_ENCRYPTION_KEY": KEY,
        "DJANGO_SETTINGS_MODULE": "qaitar.config.settings",
        "PYTHONPATH": os.pathsep.join(["src", "."]),
        VARIABLE: point,
    }
    return subprocess.run(
        [sys.executable, "-m", f"tests.flows.{module}", *arguments],
        env={**os.environ, **reported},
        cwd=settings.BASE_DIR.parent.parent,
        capture_output=True,
        timeout=120,
        check=False,
    )
