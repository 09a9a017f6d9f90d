"""Every request gets an id, one log line and one count; nothing personal is in any of them."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from prometheus_client import Histogram

from qaitar.foundation.identity.client_address import client_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

log = structlog.get_logger("qaitar.request")
ADDRESS = "qaitar.address"  # in `META`: where the request comes from, behind trusted proxies
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = Histogram(
    "qaitar_http_request_duration_seconds",
    "Time to answer",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


class RequestContextMiddleware:
    """Names the request, measures it, logs it: method, route (never the raw path), status, milliseconds."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Stand around the rest of the stack."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the request's id in the header `X-Request-Id`."""
        ref = secrets.token_hex(8)
        request.META["qaitar.ref"] = ref
        request.META[ADDRESS] = client_address(request.META, settings.QAITAR_TRUSTED_PROXIES)
        structlog.contextvars.bind_contextvars(request=ref)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
        finally:
            structlog.contextvars.unbind_contextvars("request")
        seconds = time.perf_counter() - started
        route = request.resolver_match.route if request.resolver_match else "none"
        method = method_label(request.method)
        SECONDS.labels(method, route, str(response.status_code)).observe(seconds)
        log.info(
            "answered",
            ref=ref,
            method=method,
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
        )
        response["X-Request-Id"] = ref
        return response


def method_label(method: str | None) -> str:
    """Name a method in figures and logs: a caller may invent as many as they like.

    >>> method_label("GET"), method_label("BREW"), method_label(None)
    ('GET', 'other', 'other')
    """
    return method if method in METHODS else "other"
