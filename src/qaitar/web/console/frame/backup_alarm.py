"""Tells the owner on every page when backups of the installation are missing, as `qaitar doctor` does at the machine."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from qaitar.backup.alarm import BackupTrouble, History, trouble_of
from qaitar.web.console.frame.records import BackupAlarm

if TYPE_CHECKING:
    from collections.abc import Sequence


def backup_alarm(row: Sequence[Any], now: datetime) -> BackupAlarm | None:
    """Judge the last three columns of the frame's statement (`shell.py`); None when backups are in order or nothing is old enough to have one.

    They are: since when there is something to copy (the demo shop is nothing), the last good backup (moment, files missing), whether the last try failed.
    """
    begun_at, good, failed = row
    moment, faults = json.loads(good) if good else (None, 0)
    history = History(
        begun_at,
        datetime.fromisoformat(moment) if moment else None,
        faults,
        last_try_failed=bool(failed),
    )
    trouble = trouble_of(os.environ, history, now)
    if trouble is None:
        return None
    kind, good_at = trouble
    guide = reverse("console:guide_page", args=["backup"])
    return BackupAlarm(sentence=_sentence(kind), good_at=good_at, guide_url=guide)


def _sentence(kind: BackupTrouble) -> str:
    match kind:
        case BackupTrouble.NEVER:
            return _("No backup of this installation has been made yet.")
        case BackupTrouble.OLD:
            return _("The last good backup of this installation is too old.")
        case BackupTrouble.FAILED:
            return _("The last try to make a backup of this installation failed.")
        case BackupTrouble.FILES_MISSING:
            return _("The last backup of this installation lacks attached files.")
        case BackupTrouble.BAD_SETTING:
            return _("A setting of the backups cannot be read, so none are made.")
