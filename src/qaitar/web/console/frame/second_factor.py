"""allauth's hooks for second factors: what it stores is sealed, and tries of codes are limited and journalled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from typing_extensions import override

from qaitar.foundation.connections.secrets import NoKey, NotOpened
from qaitar.foundation.identity.second_factors import seed_seal, seed_unseal
from qaitar.foundation.identity.security_journal import SecurityKind
from qaitar.web.console.frame.sign_in import attempt_passed, code_begin, user_note

if TYPE_CHECKING:
    from collections.abc import Callable

    DefaultMFAAdapter = object  # allauth ships no types
    context: Any

    class AuthenticateForm:
        """A form of allauth with one code."""

        user: Any

        def clean_code(self) -> str:
            """Check the code."""

        def save(self) -> None:
            """Go on."""

    class ReauthenticateForm(AuthenticateForm):
        """The same for somebody who is signed in."""

else:
    from allauth.core import context
    from allauth.mfa.adapter import DefaultMFAAdapter
    from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm

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


class SignInCodeForm(AuthenticateForm):
    """Asks for a code after the password."""

    @override
    def clean_code(self) -> str:
        """Check the code."""
        return _checked(self.user, super().clean_code)


class ConfirmCodeForm(ReauthenticateForm):
    """Asks somebody who is signed in for a code again."""

    @override
    def clean_code(self) -> str:
        """Check the code."""
        return _checked(self.user, super().clean_code)

    @override
    def save(self) -> None:
        """Note that the person is confirmed."""
        super().save()
        user_note(context.request, self.user, SecurityKind.CONFIRMED, by="code")


def _checked(user: Any, check: Callable[[], str]) -> str:
    """Check a code within the limits of tries, and note a wrong one.

    Raises:
        ValidationError: it is wrong, or too many tries were.
    """
    attempt = code_begin(context.request, user)
    try:
        code = check()
    except ValidationError:
        user_note(context.request, user, SecurityKind.FACTOR_FAILED)
        raise
    attempt_passed(attempt)
    return code
