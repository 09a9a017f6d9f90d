"""allauth's hooks for second factors: what it stores is sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from qaitar.foundation.second_factors import seed_seal, seed_unseal
from qaitar.foundation.secrets import NoKey, NotOpened

if TYPE_CHECKING:
    DefaultMFAAdapter = object  # allauth ships no types
else:
    from allauth.mfa.adapter import DefaultMFAAdapter

_log = structlog.get_logger(__name__)


class SealedSecondFactors(DefaultMFAAdapter):
    """Seals seeds of authenticator apps and of recovery codes."""

    def encrypt(self, text: str) -> str:
        """Seal a seed for the database."""
        return seed_seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Open a seed to check a code.

        Raises:
            ValidationError: it cannot be opened; the form shows the sentence, nobody gets in.
        """
        try:
            return seed_unseal(encrypted_text)
        except (NoKey, NotOpened) as error:
            _log.error("second factor not opened", why=str(error))
            raise ValidationError(
                _(
                    "The code cannot be checked: the key that protects it is not on this server. Tell whoever runs the server."
                )
            ) from error
