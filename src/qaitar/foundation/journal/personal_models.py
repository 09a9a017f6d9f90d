"""Tables of personal data: keys of encrypted values, and what was erased."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from typing_extensions import override

from qaitar.foundation.models import Walled
from qaitar.kernel.ids import new_id


class PersonalKey(Walled):
    """A key under which values of one customer are encrypted, sealed.  Deleting the row erases those values for ever."""

    id = models.UUIDField(primary_key=True, default=new_id)
    subject_id = models.UUIDField(
        db_index=True
    )  # the case, or the incoming body, that holds the values
    sealed = models.BinaryField()

    @override
    def __str__(self) -> str:
        return f"key of {self.subject_id}"


class ErasedPerson(Walled):
    """That a person was erased: who it was only as a keyed hash of the phone, on which ground, when and by whom.

    Append-only.  After a restore of an older backup it is what the erasing is done again by.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    person = models.CharField(max_length=64)  # HMAC-SHA256 of the phone
    key_id = models.CharField(max_length=16)  # under which journal key
    ground = models.CharField(max_length=300)
    erased_at = models.DateTimeField()
    erased_by = models.CharField(max_length=200)
    counts = models.JSONField(default=dict)  # kind of row → how many were emptied or removed

    class Meta:
        indexes: ClassVar = [models.Index(fields=["merchant_id", "person"], name="erased_person")]

    @override
    def __str__(self) -> str:
        return f"{self.person[:12]} {self.erased_at:%Y-%m-%d}"
