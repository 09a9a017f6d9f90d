"""Error pages that say what happened and what to do next; the API gets problem details instead."""

from __future__ import annotations

import sys
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.http import HttpResponseNotAllowed
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from qaitar.foundation.ops.disk import disk_full
from qaitar.foundation.ops.jobs import database_gone
from qaitar.foundation.ops.problems import problem

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

TITLES = {
    400: "Bad request",
    403: "Forbidden",
    404: "Not found",
    500: "Internal error",
    503: "Not available now",
    507: "The disk is full",
}


def _page(request: HttpRequest, status: int) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem(status, TITLES[status])
    return error_page(request, status)


def error_page(
    request: HttpRequest, status: int, *, template: str = "", detail: str = ""
) -> HttpResponse:
    """Draw an error's page; without a template the one named for its status."""
    name = f"console/frame/errors/{template or status}.html"
    return render(request, name, {"detail": detail, "status": int(status)}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001  Django's signature
    """Answer 400."""
    return _page(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001  Django's signature
    """Answer 403."""
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001  Django's signature
    """Answer 404; a stranger's row looks exactly like a missing one."""
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 without showing anything of the inside; 503 where only the database is away, 507 where a disk is full."""
    error = sys.exc_info()[1]
    if error is not None and disk_full(error):
        return _page(request, 507)
    if not isinstance(error, Exception) or not database_gone(error):
        return _page(request, 500)
    answer = _page(request, 503)
    answer["Retry-After"] = "2"
    return answer


class WrongMethod(MiddlewareMixin):
    """Puts a page behind an address that only takes a press, for who opens it: an empty answer is a blank window."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Fill an empty 405 of a page; calls of the API have problem details of their own."""
        if request.path.startswith("/api/") or not isinstance(response, HttpResponseNotAllowed):
            return response
        page = render(
            request, "console/frame/errors/405.html", status=HTTPStatus.METHOD_NOT_ALLOWED
        )
        page["Allow"] = response["Allow"]
        return page


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  Django's signature
    """Answer a form that came without its token: the page was open too long, or another site sent it."""
    return _page(request, 403)
