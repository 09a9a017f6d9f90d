"""Backups that were made or tried, so that doctor on any machine knows the last good one."""

from __future__ import annotations

from django.db import models
from typing_extensions import override

from qaitar.kernel.ids import new_id


class BackupRun(models.Model):
    """One try to make a backup; no merchant's row, and without secrets."""

    id = models.UUIDField(primary_key=True, default=new_id)
    started_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField(null=True)
    scheduled = models.BooleanField()
    place = models.CharField(max_length=500)
    backup = models.CharField(max_length=40, blank=True)  # its id; empty until there is one
    as_of = models.DateTimeField(null=True)
    files = models.BigIntegerField(default=0)
    size = models.BigIntegerField(default=0)  # bytes of the parts and of the files copied this time
    faults = models.BigIntegerField(default=0)  # attached files that were missing or damaged
    error = models.TextField(blank=True)

    @override
    def __str__(self) -> str:
        return f"{self.backup or 'backup'} {self.started_at:%Y-%m-%d %H:%M}"
