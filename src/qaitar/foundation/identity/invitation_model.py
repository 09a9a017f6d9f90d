"""Table of invitations: a merchant asks somebody who has an account elsewhere to work here too."""

from __future__ import annotations

from django.db import models
from typing_extensions import override

from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role


class Invitation(models.Model):
    """An invitation that waits to be accepted.  Not walled: the person it is for does not see the merchant yet.

    It names a login or an e-mail as it was typed, whether such an account exists or not.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    merchant_id = models.UUIDField(db_index=True)
    merchant_name = models.CharField(max_length=200)
    login = models.CharField(max_length=254, db_index=True)  # in small letters
    role = models.CharField(max_length=16)
    code_digest = models.BinaryField(max_length=32, unique=True)
    invited_by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        app_label = "foundation"

    @override
    def __str__(self) -> str:
        return f"{self.login} {self.role}"

    @property
    def offered(self) -> Role:
        """Give the role as a word of the program."""
        return Role(self.role)
