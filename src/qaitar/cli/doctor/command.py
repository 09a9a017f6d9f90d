"""`qaitar doctor`: looks whether everything is well and says what to do; exit code 1 on a problem."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from django.db import DatabaseError

from qaitar.cli.doctor.backups import backups_found, sealed_found
from qaitar.cli.doctor.findings import Finding, Level, problem
from qaitar.cli.doctor.system import (
    clock_found,
    database_found,
    disk_found,
    files_found,
    settings_found,
)
from qaitar.cli.doctor.work import work_found
from qaitar.foundation.ops.clock import utc_now
from qaitar.runtime.database import APP_VARIABLE

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument(
        "--saved", action="store_true", help="do not ask outside systems, tell what they last said"
    )


def run(options: argparse.Namespace, folder: DataFolder) -> int:
    """Check everything and tell it, line by line."""
    found = examine(folder, os.environ[APP_VARIABLE], ask=not options.saved)
    bad = any(each.level is Level.PROBLEM for each in found)
    if options.json:
        lines = [
            {"area": each.area, "level": each.level, "said": each.message, "do": each.do}
            for each in found
        ]
        print(json.dumps({"ok": not bad, "findings": lines}, ensure_ascii=False, indent=2))
        return int(bad)
    for each in found:
        print(f"{each.level.value:<8}{each.area:<15}{each.message}")
        if each.do:
            print(f"{'':<23}→ {each.do}")
    return int(bad)


def examine(folder: DataFolder, app_dsn: str, *, ask: bool) -> list[Finding]:
    """Run all checks; one that breaks is itself a finding."""
    now = utc_now()
    found = [*settings_found(), *disk_found(folder.path), *files_found(folder.files)]
    try:
        found += database_found(app_dsn)
        found += clock_found(now)
        found += sealed_found()
        found += backups_found(now, os.environ)
        found += work_found(now, ask=ask)
    except DatabaseError as error:
        message = " ".join(str(error).split())
        found.append(problem("database", f"The database failed: {message}", "Look into its log."))
    return found
