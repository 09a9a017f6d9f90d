"""Runs the backup drill on the server of this test process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.cli.backup.drill import backup_drill
from qaitar.runtime.postgres import EmbeddedPostgres

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.cli.backup.drill import Drill
    from qaitar.runtime.addresses import DatabaseAddresses
    from qaitar.runtime.folder import DataFolder


def drilled(
    database: DatabaseAddresses, folder: DataFolder, scratch: Path, *, requests: int, files: int
) -> Drill:
    with EmbeddedPostgres(folder) as server:
        return backup_drill(database, server, scratch, requests=requests, files=files)
