"""Practices and their results; kept at the person's own merchant, while the practice shop has walls of its own."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from typing_extensions import override

from qaitar.foundation.models import Walled
from qaitar.kernel.ids import new_id


class PracticeState(models.TextChoices):
    """Where a practice stands."""

    PREPARING = "PREPARING", "preparing"  # its shop is being filled by a job
    OPEN = "OPEN", "open"  # the person works there and nowhere else
    DONE = "DONE", "done"  # ended by the person or when its time was over
    GIVEN_UP = "GIVEN_UP", "given up"  # left before the end; scored all the same


class Practice(Walled):
    """One practice of one person; `result` is written once, when it ends."""

    id = models.UUIDField(primary_key=True, default=new_id)
    user_id = models.BigIntegerField()
    user_name = models.CharField(max_length=200)
    shop_id = models.UUIDField(unique=True)  # the practice merchant
    seed = models.PositiveIntegerField()
    state = models.CharField(
        max_length=12, choices=PracticeState.choices, default=PracticeState.PREPARING
    )
    prepared = models.PositiveSmallIntegerField(default=0)  # cases that stand in the shop
    requested_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    score = models.PositiveSmallIntegerField(null=True)
    result = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["merchant_id", "-requested_at", "-id"], name="practice_latest"),
            models.Index(
                fields=["merchant_id", "user_id", "-requested_at", "-id"], name="practice_own"
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.user_name} {self.state}"
