"""Whether the owner has to be told that backups are missing: what `qaitar doctor` says, in one value for the console."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from qaitar.backup.places import settings_from
from qaitar.backup.problems import BackupProblem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from qaitar.backup.places import BackupSettings

INTERVALS_MISSED: Final = 2
"""So many intervals of the schedule without a good backup are a problem."""
OLD_WITHOUT_SCHEDULE: Final = timedelta(days=7)


class BackupTrouble(StrEnum):
    """What is wrong with the backups of an installation."""

    NEVER = "NEVER"
    OLD = "OLD"
    FAILED = "FAILED"
    FILES_MISSING = "FILES_MISSING"
    BAD_SETTING = "BAD_SETTING"


@dataclass(frozen=True, slots=True)
class History:
    """What is known of backups: the moment of the last good one and how many of its files were missing, the last try.

    `begun_at` is when the first merchant was made: before it there was nothing to copy.
    """

    begun_at: datetime | None
    good_at: datetime | None = None
    faults: int = 0
    last_try_failed: bool = False


def trouble_of(
    environ: Mapping[str, str], history: History, now: datetime
) -> tuple[BackupTrouble, datetime | None] | None:
    """Say what is wrong and how old the last good backup is (its moment); None when nothing is, or nothing is there yet."""
    try:
        settings = settings_from(environ)
    except BackupProblem:
        return BackupTrouble.BAD_SETTING, history.good_at
    if history.begun_at is None or now - history.begun_at < _allowed(settings):
        return None
    kind = _trouble(settings, history, now)
    return None if kind is None else (kind, history.good_at)


def _trouble(settings: BackupSettings, history: History, now: datetime) -> BackupTrouble | None:
    if history.last_try_failed:
        return BackupTrouble.FAILED
    if history.good_at is None:
        return BackupTrouble.NEVER
    if now - history.good_at > _allowed(settings):
        return BackupTrouble.OLD
    return BackupTrouble.FILES_MISSING if history.faults else None


def _allowed(settings: BackupSettings) -> timedelta:
    """Return how old the last good backup may be."""
    if settings.scheduled:
        return INTERVALS_MISSED * timedelta(hours=settings.every_hours)
    return OLD_WITHOUT_SCHEDULE
