"""Starts the scheduled backup in a program of its own, so that no slot of the worker waits for it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import structlog

from qaitar.backup.places import settings_from
from qaitar.backup.problems import BackupProblem
from qaitar.backup.runs import is_due, last_runs

if TYPE_CHECKING:
    from datetime import datetime

_log = structlog.get_logger(__name__)
_running: list[subprocess.Popen[bytes]] = []


def backup_start_when_due(now: datetime) -> bool:
    """Start `qaitar backup --scheduled` when the schedule wants it and none of ours runs; tells whether it did.

    A second one, of another machine, is refused by the lock in the database.
    """
    _running[:] = [each for each in _running if each.poll() is None]
    try:
        settings = settings_from(os.environ)
    except BackupProblem as problem:
        _log.error("backups are not made", reason=str(problem))
        return False
    if _running or not is_due(settings, last_runs(), now):
        return False
    command = [sys.executable, "-m", "qaitar.cli.main", "backup", "--scheduled"]
    _running.append(
        subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603  our own program
    )
    return True
