"""Signing in: tries are limited, and every one stands in the security journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import ngettext
from typing_extensions import override

from qaitar.foundation.identity.request_origin import origin_of
from qaitar.foundation.identity.security_journal import SecurityKind, SecurityNote, account_note
from qaitar.foundation.identity.sign_in_limits import (
    SignInAttempt,
    TriesTooSoon,
    attempt_succeeded,
    factor_attempt,
    password_attempt,
)
from qaitar.foundation.models import User
from qaitar.foundation.ops.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

LOGIN_MAX: Final = 150  # characters of a login that are kept
NOTIFICATIONS: Final[Mapping[str, tuple[SecurityKind, str]]] = {
    "account/email/password_changed": (SecurityKind.PASSWORD_CHANGED, ""),
    "account/email/password_set": (SecurityKind.PASSWORD_CHANGED, ""),
    "account/email/password_reset": (SecurityKind.PASSWORD_RESET, ""),
    "mfa/email/totp_activated": (SecurityKind.FACTOR_ADDED, "totp"),
    "mfa/email/totp_deactivated": (SecurityKind.FACTOR_REMOVED, "totp"),
    "mfa/email/webauthn_added": (SecurityKind.FACTOR_ADDED, "webauthn"),
    "mfa/email/webauthn_removed": (SecurityKind.FACTOR_REMOVED, "webauthn"),
    "mfa/email/recovery_codes_generated": (SecurityKind.CODES_MADE, "recovery_codes"),
}
"""What allauth would write a letter about → event and second factor."""


class PasswordBackend(ModelBackend):
    """Signs in by sign-in name or e-mail and password; exactly one password is hashed, whether the login exists or not."""

    @override
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **named: Any,
    ) -> User:
        """Return whose login and password these are.

        Raises:
            PermissionDenied: nobody's, or of an account that is switched off; no other backend is asked.
        """
        user = user_of(login_of({"username": username, **named}))
        if user is None:
            User().set_password(password or "")
        elif user.check_password(password or "") and self.user_can_authenticate(user):
            return user
        raise PermissionDenied


def user_of(login: str) -> User | None:
    """Find the account of a sign-in name, or else of an e-mail."""
    if not login:
        return None
    named = User.objects.filter(username__iexact=login).first()
    return named or User.objects.filter(email__iexact=login).first()


def login_of(credentials: Mapping[str, Any]) -> str:
    """Return what was typed as a login."""
    return str(credentials.get("email") or credentials.get("username") or "")[:LOGIN_MAX]


def password_begin(request: HttpRequest, login: str) -> SignInAttempt:
    """Begin to check a password.

    Raises:
        ValidationError: too many tries; it says how long to wait.
    """
    try:
        return password_attempt(login, origin_of(request).address, utc_now())
    except TriesTooSoon as soon:
        _note_login(request, login, SecurityKind.SIGN_IN_DELAYED, wait_s=soon.wait_s)
        raise _wait(soon) from soon


def password_failed(request: HttpRequest, login: str) -> None:
    """Note a wrong password, or a login nobody has: nobody sees which but the merchants of an account that exists."""
    _note_login(request, login, SecurityKind.SIGN_IN_FAILED)


def attempt_passed(attempt: SignInAttempt) -> None:
    """Note that the password or the code was right."""
    attempt_succeeded(attempt, utc_now())


def code_begin(request: HttpRequest, user: User) -> SignInAttempt:
    """Begin to check a code of a second factor.  As `password_begin`."""
    try:
        return factor_attempt(user.pk, origin_of(request).address, utc_now())
    except TriesTooSoon as soon:
        user_note(request, user, SecurityKind.SIGN_IN_DELAYED, wait_s=soon.wait_s)
        raise _wait(soon) from soon


def user_note(request: HttpRequest, user: User, kind: SecurityKind, **details: Any) -> None:
    """Write an event of an account, done by its own person."""
    by = (user.pk, str(user))
    account_note(
        user, SecurityNote(kind, utc_now(), origin_of(request), by=by, details=dict(details))
    )


def _note_login(request: HttpRequest, login: str, kind: SecurityKind, **details: Any) -> None:
    user = user_of(login)
    note = SecurityNote(
        kind,
        utc_now(),
        origin_of(request),
        by=(user.pk if user else None, str(user or login)),
        details={"login": login, **details},
    )
    account_note(user, note)


def _wait(soon: TriesTooSoon) -> ValidationError:
    minutes = -(-soon.wait_s // 60)
    if soon.wait_s < 60:  # noqa: PLR2004  seconds in a minute
        text = ngettext(
            "Too many wrong tries. The next one is possible in %(count)d second.",
            "Too many wrong tries. The next one is possible in %(count)d seconds.",
            soon.wait_s,
        ) % {"count": soon.wait_s}
    else:
        text = ngettext(
            "Too many wrong tries. The next one is possible in %(count)d minute.",
            "Too many wrong tries. The next one is possible in %(count)d minutes.",
            minutes,
        ) % {"count": minutes}
    return ValidationError(text, code="too_many_login_attempts")
