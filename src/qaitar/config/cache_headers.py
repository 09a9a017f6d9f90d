"""Keeps answers out of the caches of browsers and proxies, unless a view has said how its own may be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.deprecation import MiddlewareMixin

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

DEFAULT: Final = "private, no-store"


class NoStoreByDefault(MiddlewareMixin):
    """Sets `Cache-Control: private, no-store` (RFC 9111, 5.2.2) where a view set nothing; stands behind static files."""

    def process_response(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        response: HttpResponseBase,
    ) -> HttpResponseBase:
        """Complete the headers; errors and redirects included."""
        response.headers.setdefault("Cache-Control", DEFAULT)
        return response
