"""Answers a request whose body the server did not receive, before any view sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qaitar.foundation.inbox.request_bodies import BodyFailure, body_failure, failure_sentence
from qaitar.foundation.ops.problems import problem
from qaitar.web.console.frame.errors import error_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

RETRY_SECONDS: Final = "30"


class BodyNotReceived:
    """Stands last, so that the answer has the person's language and all headers; a call with a token goes to the API's gateway.

    The gateway judges the token first.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Stand before the views."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in place of the view when there is no body for it."""
        failure = body_failure(request)
        if failure is None:
            return self.get_response(request)
        if not request.path_info.startswith("/api/"):
            return _page(request, failure)
        if "Authorization" in request.headers:
            return self.get_response(request)
        detail = failure_sentence(failure)
        return problem(failure.status, str(failure.status.phrase), detail=detail)


def _page(request: HttpRequest, failure: BodyFailure) -> HttpResponse:
    status = failure.status
    if failure is BodyFailure.NOT_CHECKED:
        answer = error_page(request, status)
    else:
        answer = error_page(request, status, template="body", detail=failure_sentence(failure))
    if failure in {BodyFailure.TOO_MANY, BodyFailure.NOT_CHECKED}:
        answer["Retry-After"] = RETRY_SECONDS
    return answer
