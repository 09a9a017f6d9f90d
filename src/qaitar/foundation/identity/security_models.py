"""Tables of signing in: what happened to accounts, and tries that are counted."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from typing_extensions import override

from qaitar.foundation.models import Walled
from qaitar.kernel.ids import new_id


class SecurityEvent(Walled):
    """One event of the security journal.  Append-only; old ones are removed by a job (`security_journal.py`).

    An event of an account stands once behind the walls of each merchant the account works for; one that belongs to
    none (an unknown login) behind those of `NOWHERE`, which no person sees.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    at = models.DateTimeField()
    kind = models.CharField(max_length=24)
    user_id = models.BigIntegerField(null=True)  # who did it; None: nobody we know, or the program
    name = models.CharField(max_length=200)  # as shown then; of an unknown login what was typed
    about_id = models.BigIntegerField(null=True)  # the account it was done to, if another one
    about_name = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=200, blank=True)
    channel = models.CharField(max_length=16)
    details = models.JSONField(default=dict)

    class Meta:
        app_label = "foundation"
        indexes: ClassVar = [
            models.Index(fields=["merchant_id", "-id"], name="security_of_merchant"),
            models.Index(fields=["merchant_id", "user_id", "-id"], name="security_of_user"),
            models.Index(fields=["merchant_id", "at"], name="security_by_age"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class SignInTry(models.Model):
    """Failed tries of one kind (`sign_in_limits.py`).  Not walled: nobody is known yet when they are counted."""

    key = models.BinaryField(max_length=32, primary_key=True)  # SHA-256 of what is counted
    failures = models.IntegerField()
    last_at = models.DateTimeField()
    next_at = models.DateTimeField()  # no try before this moment
    succeeded_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "foundation"

    @override
    def __str__(self) -> str:
        return f"{self.failures} failures"
