"""Django's layers that serve pages to people, passed by for calls of the API: they know no session, form or script.

A call of the API is let in by its token alone (web/api/door.py); these layers were an eighth of its time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.deprecation import MiddlewareMixin
from typing_extensions import override

from qaitar.foundation.identity.request_origin import origin_of

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from qaitar.foundation.identity.sessions import SessionStore

API: Final = "/api/"


class _PagesOnly(MiddlewareMixin):
    """Goes straight on for the API."""

    @override
    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer through the layer, or past it."""
        if request.path_info.startswith(API):
            return cast(
                "HttpResponseBase", self.get_response(request)
            )  # served as WSGI: never awaited
        return cast("HttpResponseBase", super().__call__(request))


class Sessions(_PagesOnly, SessionMiddleware):
    """Sessions of people."""

    @override
    def process_request(self, request: HttpRequest) -> None:
        """Take up the session, and tell it where the request comes from."""
        super().process_request(request)
        cast("SessionStore", request.session).origin = origin_of(request)


class Forms(_PagesOnly, CsrfViewMiddleware):
    """Forms that only our own pages may send."""


class People(_PagesOnly, AuthenticationMiddleware):
    """Who is signed in."""


class Messages(_PagesOnly, MessageMiddleware):
    """Sentences shown on the next page."""


class Scripts(_PagesOnly, CSPMiddleware):
    """What a page may load and run."""
