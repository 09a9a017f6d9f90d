"""Headers on every answer: pages set a policy of their own, everything else runs and embeds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpResponse
from django.utils.deprecation import MiddlewareMixin

from qaitar.foundation.ops.problems import problem

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
)
"""For what is no page: JSON of the API, files, styles and scripts, when one is opened by itself."""


class DefaultHeaders(MiddlewareMixin):
    """Stands first; completes what the views and the layers for pages left open.

    Behind TLS it refuses calls of the API that came without it: a redirect would hide that a token went in the clear.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Refuse a call without TLS where the installation has TLS."""
        if settings.HTTPS and request.path_info.startswith("/api/") and not request.is_secure():
            return problem(
                403, "TLS is required", detail="Call over https; take this token as disclosed."
            )
        return None

    def process_response(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        response: HttpResponseBase,
    ) -> HttpResponseBase:
        """Complete the headers."""
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class MessageCookie(CookieStorage):
    """Sentences for the next page, in a cookie that only this host can set where there is TLS."""

    cookie_name = f"{settings.COOKIE_PREFIX}messages"
