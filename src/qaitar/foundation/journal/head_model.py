"""The table of where each chain of the journal ends."""

from __future__ import annotations

from django.db import models
from typing_extensions import override

from qaitar.foundation.models import Walled


class JournalHead(Walled):
    """Where one subject's chain ends, signed: a removed last line or chain shows because this row says what was there."""

    subject_id = models.UUIDField(primary_key=True)
    subject_kind = models.CharField(max_length=32)
    seq = models.PositiveIntegerField()
    hash = models.BinaryField(max_length=32)
    key_id = models.CharField(max_length=16)
    mac = models.BinaryField(max_length=32)

    @override
    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_id}#{self.seq}"
