"""Asks people again who they are before tokens, people, connections and sign-in rules are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, cast
from urllib.parse import urlencode, urlsplit

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from qaitar.web.console.frame.answers import is_partial, see_other

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from qaitar.web.console.frame.auth import PageRequest

P = ParamSpec("P")
FRESH: Final = timedelta(minutes=10)


def is_fresh(request: HttpRequest, now: datetime) -> bool:
    """Tell whether the person signed in, or confirmed who they are, within the last ten minutes."""
    session: Any = request.session
    row = getattr(session, "row", None)
    moments = [row.created_at] if row is not None else []
    records = get_authentication_records(request, cast("Any", request.user))
    confirmed = [each["at"] for each in records if each.get("reauthenticated")]
    moments += [datetime.fromtimestamp(at, UTC) for at in confirmed]
    return any(now - at <= FRESH for at in moments)


def confirm_url(request: HttpRequest, back: str) -> str:
    """Return the page on which the person confirms who they are, and comes back; without any way, they sign in anew."""
    query = urlencode({"next": back})
    ways = {each["id"]: each.get("types", ()) for each in get_reauthentication_flows(request.user)}
    if "reauthenticate" in ways:
        return f"{reverse('account_reauthenticate')}?{query}"
    if "mfa_reauthenticate" not in ways:
        return reverse("account_logout")
    codes = set(ways["mfa_reauthenticate"]) - {Authenticator.Type.WEBAUTHN}
    page = "mfa_reauthenticate" if codes else "mfa_reauthenticate_webauthn"
    return f"{reverse(page)}?{query}"


def sensitive(
    view: Callable[Concatenate[PageRequest, P], HttpResponseBase],
) -> Callable[Concatenate[PageRequest, P], HttpResponseBase]:
    """Let a change through only after a fresh sign-in; else nothing is done, and the person is led to confirm.

    Stands under `screen`; pages that are only looked at are not held up.
    """

    @wraps(view)
    def confirmed(visit: PageRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if visit.request.method != "POST" or is_fresh(visit.request, visit.now):
            return view(visit, *args, **kwargs)
        return _to_confirm(visit.request)

    vars(confirmed)["is_sensitive"] = True  # read by the test of all addresses
    return cast("Callable[Concatenate[PageRequest, P], HttpResponseBase]", confirmed)


def _to_confirm(request: HttpRequest) -> HttpResponse:
    came = urlsplit(request.headers.get("Referer", ""))
    here = came.netloc == request.get_host() and came.path
    url = confirm_url(request, came.path if here else reverse("console:queue"))
    messages.error(
        request,
        _("Nothing is changed yet: confirm that it is you, then do it again."),
    )
    if is_partial(request):
        return HttpResponse(headers={"HX-Redirect": url})
    return see_other(url)
