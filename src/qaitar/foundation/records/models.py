"""Tables of what is kept beside a subject so that it is found: words of search, saved views."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from typing_extensions import override

from qaitar.foundation.models import User, Walled
from qaitar.kernel.ids import new_id


class SearchKey(Walled):
    """A word by which a case is found: numbers, phone digits, serials, words of names, lower-case.

    Plain B-tree ranges over `key` (collation C) stay usable under row-level security, which trigram and
    text-search operators do not: they are not leakproof.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    subject_id = models.UUIDField(db_index=True)
    key = models.CharField(max_length=64, db_collation="C")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["merchant_id", "key", "-subject_id"], name="searchkey_key")
        ]

    @override
    def __str__(self) -> str:
        return self.key


class SavedView(Walled):
    """A person's own named filter of the queue."""

    id = models.UUIDField(primary_key=True, default=new_id)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "merchant_id", "name"], name="view_once"),
        ]

    @override
    def __str__(self) -> str:
        return self.name
