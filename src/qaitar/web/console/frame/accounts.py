"""Who may get an account, and in which language its pages speak: nobody signs up alone, an administrator invites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.shortcuts import render
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from qaitar.foundation.identity.people import LANGUAGES
from qaitar.foundation.identity.request_origin import origin_of
from qaitar.foundation.identity.security_journal import SecurityKind
from qaitar.foundation.models import User
from qaitar.web.console.frame.sign_in import (
    NOTIFICATIONS,
    attempt_passed,
    login_of,
    password_begin,
    password_failed,
    user_note,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase


PLACE: Final = "/accounts/"


class OwnLanguage(MiddlewareMixin):
    """Lets the pages of an account speak its person's language; those of the console learn it at their own gate."""

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],  # noqa: ARG002  Django's signature
        arguments: tuple[Any, ...],  # noqa: ARG002  the same
        named: dict[str, Any],  # noqa: ARG002  the same
    ) -> None:
        """Take the language of who is signed in; a stranger keeps the browser's."""
        if not request.path_info.startswith(PLACE):
            return
        spoken = getattr(request.user, "language", "")
        if spoken in LANGUAGES:
            translation.activate(spoken)
            request.LANGUAGE_CODE = spoken


class ClosedSignup(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Accounts are made by `qaitar up`, by an administrator on the people page, or by OIDC for known people.

    Each step of signing in is limited and written into the security journal (`sign_in.py`).
    """

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  allauth's signature
        """Refuse self-made accounts."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address the request comes from."""
        return origin_of(request).address

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse to look at a password too soon after failures."""
        self._attempt = password_begin(request, login_of(credentials))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Check a password; of who is right nothing stays counted."""
        user = super().authenticate(request, **credentials)
        if user is not None:
            attempt_passed(self._attempt)
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Note the failure."""
        password_failed(request, login_of(credentials))

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Check the password of somebody who is signed in, before something sensitive."""
        confirmed = bool(super().reauthenticate(user, password))
        if confirmed:
            user_note(self.request, user, SecurityKind.CONFIRMED, by="password")
        return confirmed

    def post_login(self, request: HttpRequest, user: Any, **about: Any) -> Any:
        """Note that somebody is in, and by what."""
        records = get_authentication_records(request, user)
        methods = [str(each.get("type") or each.get("method")) for each in records]
        user_note(request, user, SecurityKind.SIGN_IN, by=methods)
        return super().post_login(request, user, **about)

    def logout(self, request: HttpRequest) -> None:
        """Note that somebody left."""
        if request.user.is_authenticated:
            user_note(request, request.user, SecurityKind.SIGN_OUT)
        super().logout(request)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,
        context: dict[str, Any] | None = None,  # noqa: ARG002  allauth's signature
        email: str | None = None,  # noqa: ARG002  the same
    ) -> None:
        """Note a change of what opens an account; allauth calls this for a letter, which we do not send."""
        noted = NOTIFICATIONS.get(template_prefix)
        if noted is None:  # an account joined with a sign-in service: noted where that is done
            return
        kind, factor = noted
        user_note(self.request, user, kind, **({"factor": factor} if factor else {}))


class KnownPeopleOnly(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """OIDC signs in people an administrator has entered: matched by verified e-mail, then by subject for ever."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ARG002  allauth's signature
        """Refuse people nobody has entered."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Tie a first OIDC sign-in to the person with this verified e-mail; anybody else is told why not."""
        if sociallogin.is_existing:
            return
        data = sociallogin.account.extra_data
        claims = data.get("userinfo") or data
        email = claims.get("email") or ""
        if claims.get("email_verified") is not True or not email:
            raise _refused(request, _("The sign-in service did not confirm your e-mail."))
        found = User.objects.filter(email__iexact=email).first()  # unique in the database
        if found is None or not found.is_active:
            raise _refused(
                request,
                _(
                    "Nobody with this e-mail has been entered here. Ask the owner or an administrator of your shop."
                ),
            )
        sociallogin.connect(request, found)
        user_note(request, found, SecurityKind.OIDC_JOINED)

    def on_authentication_error(self, request: HttpRequest, *_problem: Any, **_more: Any) -> None:
        """Say on a page of ours that the service refused or could not be asked."""
        raise _refused(request, _("The sign-in service did not let you in. Try again in a minute."))


def _refused(request: HttpRequest, sentence: str) -> ImmediateHttpResponse:
    page = render(request, "console/frame/errors/sign_in.html", {"sentence": sentence}, status=403)
    return ImmediateHttpResponse(page)
