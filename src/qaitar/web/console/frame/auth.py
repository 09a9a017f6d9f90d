"""The door of every console page: who is it, which walls open, which roles may come in."""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit, urlunsplit

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation

from qaitar.foundation.identity.access import Principal, enter_as_user
from qaitar.foundation.ops.clock import utc_now
from qaitar.kernel import roles as role_sets
from qaitar.kernel.roles import Role
from qaitar.kernel.zones import ALMATY, zone
from qaitar.web.console.frame.answers import is_partial
from qaitar.web.console.frame.fresh_sign_in import confirm_url, is_fresh

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

P = ParamSpec("P")
T = TypeVar("T")
EVERYBODY = frozenset(Role) - {Role.SYSTEM}
DECIDERS = role_sets.WORKERS
APPROVERS = role_sets.SENIORS
MANAGERS = role_sets.MANAGERS
POLLED = frozenset({"case_live", "live", "present", "view_counts"})
"""Addresses that an open page asks again and again by itself."""


class PageRequest:
    """One request of a signed-in person: the request itself, who they are, and the moment it is judged at."""

    __slots__ = ("now", "request", "who")

    def __init__(self, request: HttpRequest, who: Principal, now: datetime) -> None:
        """Hold the three."""
        self.request = request
        self.who = who
        self.now = now
        request.visit = self  # type: ignore[attr-defined]  # the frame around the page asks who is looking

    @property
    def is_fresh(self) -> bool:
        """Tell whether the person signed in or confirmed who they are a moment ago."""
        return is_fresh(self.request, self.now)

    @property
    def confirm_url(self) -> str:
        """Return where they confirm it, to come back to this page."""
        return confirm_url(self.request, self.request.path)


def screen(
    roles: frozenset[Role] = EVERYBODY, *, without_factor: bool = False
) -> Callable[
    [Callable[Concatenate[PageRequest, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponse],
]:
    """Let in signed-in people holding one of `roles` somewhere, with their walls open for this transaction.

    Others are sent to sign in, or told that their role may not (403).  What a role may do at one merchant is
    asked again where it is done.  Whose merchant demands a second factor is led to add one first, except to a page
    `without_factor`.
    """

    def decorate(
        view: Callable[Concatenate[PageRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def enter(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            session_user = _session_user(request)
            if session_user is None:
                return to_sign_in(request)
            who = enter_as_user(session_user, ref=request.META.get("qaitar.ref", ""))
            if who is None:
                return to_sign_in(request)
            translation.activate(who.language)
            timezone.activate(zone(ALMATY))  # a page about one store uses that store's own
            request.LANGUAGE_CODE = who.language
            if not who.roles:
                return _no_merchant(request)
            if who.factor_missing and not without_factor:
                return to_second_factor(request)
            now = utc_now()
            _note_use(request, who, now)
            if not who.may(roles):
                return render(request, "console/frame/errors/403.html", status=403)
            return view(PageRequest(request, who, now), *args, **kwargs)

        note_roles(enter, roles)
        return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", enter)

    return decorate


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send somebody whose session is over to sign in, and back to the page they were on: a press has no page of its own.

    A part of a page takes the whole page along.
    """
    back = request.get_full_path()
    partial = is_partial(request)
    if partial or request.method not in {"GET", "HEAD"}:
        came = urlsplit(request.headers.get("Referer", ""))
        back = urlunsplit(("", "", came.path, came.query, "")) or "/"
        if came.netloc != request.get_host():
            back = "/"
    answer = redirect_to_login(back)
    if partial:
        return HttpResponse(status=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": answer.url})
    return answer


def to_second_factor(request: HttpRequest) -> HttpResponse:
    """Send somebody who must add a second factor to the page that says so."""
    url = reverse("console:second_factor_needed")
    if is_partial(request):
        return HttpResponse(status=HTTPStatus.FORBIDDEN, headers={"HX-Redirect": url})
    return redirect(url)


def _note_use(request: HttpRequest, who: Principal, now: datetime) -> None:
    """Keep the session going; what a page asks by itself while nobody works does not."""
    match = request.resolver_match
    if request.method == "HEAD" or (match is not None and match.url_name in POLLED):
        return
    touch = getattr(request.session, "touch", None)
    if touch is not None:
        touch(who.idle_minutes, now)


def note_roles(view: object, roles: frozenset[Role]) -> None:
    """Write on a view who is let in; the matrix test reads it."""
    view.screen_roles = roles  # type: ignore[attr-defined]  # a function takes notes


def _session_user(request: HttpRequest) -> int | None:
    """Tell who the session belongs to; its hash was checked by Django when the user is loaded."""
    user: Any = request.user
    return int(user.pk) if user.is_authenticated else None


def _no_merchant(request: HttpRequest) -> HttpResponse:
    """A person without any role sees the page that says so; a fresh installation leads on to its first steps."""
    if request.user.is_superuser:
        return redirect("console:first_run")
    return render(request, "console/frame/errors/403.html", status=403)


def found_or_404(thing: T | None) -> T:
    """Give the thing, or the same 404 for missing and foreign ones."""
    if thing is None:
        raise Http404
    return thing
