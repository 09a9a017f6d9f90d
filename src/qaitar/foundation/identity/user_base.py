"""What an account carries beyond Django's: whose it is, and what its sessions are bound to."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Upper
from django.utils.crypto import salted_hmac


class Account(AbstractUser):
    """A person's account.  It belongs to one merchant, whichever others the person works for."""

    # only its owners and administrators may change credentials; None: only the person
    home_merchant = models.UUIDField(null=True)
    session_epoch = models.IntegerField(default=0)  # counted up to end every session

    class Meta(AbstractUser.Meta):
        abstract = True
        constraints: ClassVar = [
            # by it somebody is found at their first sign-in by OIDC: whose it is must never be a question
            models.UniqueConstraint(
                Upper("email"), condition=~models.Q(email=""), name="user_email_once"
            ),
        ]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Bind sessions to the password, as Django does, and to the epoch."""
        salt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
        bound = f"{self.password}{self.session_epoch or ''}"
        return salted_hmac(salt, bound, secret=secret, algorithm="sha256").hexdigest()
