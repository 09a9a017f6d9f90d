"""Calls Django's WSGI handler in a thread, and asks it beforehand how much a sender may send."""

from __future__ import annotations

import io
from contextvars import copy_context
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.wsgi import WSGIRequest
from django.urls import Resolver404, resolve

from qaitar.foundation.inbox.request_bodies import ANONYMOUS_BYTES_MAX, declared_limit
from qaitar.foundation.ops.jobs import fresh_connection
from qaitar.web.server.answer import FileBody, ServerAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest

    Environ = dict[str, Any]
    Handler = Callable[[Environ, Callable[..., Any]], Any]

_AUTHORIZATION: Final = "HTTP_AUTHORIZATION"


class DjangoCall:
    """The handler of a process, called once a request."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def __call__(self, environ: Environ) -> ServerAnswer:
        """Run one request in a context of its own: its stream goes on between other requests of the same thread."""
        context = copy_context()
        return context.run(self._answer, environ, context)

    def _answer(self, environ: Environ, context: Any) -> ServerAnswer:
        started: list[tuple[int, Sequence[tuple[bytes, bytes]]]] = []

        def start_response(
            status: str, headers: Sequence[tuple[str, str]], _exc: Any = None
        ) -> None:
            encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            started.append((int(status[:3]), encoded))

        environ["wsgi.file_wrapper"] = FileBody
        response = self._handler(environ, start_response)
        status, headers = started[0]
        if isinstance(response, FileBody) or response.streaming:
            return ServerAnswer(status, headers, stream=response, context=context)
        try:
            return ServerAnswer(status, headers, response.content)
        finally:
            response.close()


def may_be_known(environ: Environ) -> bool:
    """Tell without a look at the database whether a request names a session or a token at all."""
    return _AUTHORIZATION in environ or settings.SESSION_COOKIE_NAME in environ.get(
        "HTTP_COOKIE", ""
    )


def allowed_bytes(environ: Environ) -> int:
    """Return how large a body this sender may send to this address; asked only for one above what everybody may send.

    Raises:
        Exception: whatever the database raises when it does not answer.
    """
    request = WSGIRequest({**environ, "wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "0"})
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return ANONYMOUS_BYTES_MAX
    declared = declared_limit(match.func)
    with fresh_connection():
        if callable(declared):
            return max(ANONYMOUS_BYTES_MAX, declared(request, *match.args, **match.kwargs))
        return declared if _signed_in(request) else ANONYMOUS_BYTES_MAX


def _signed_in(request: HttpRequest) -> bool:
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return False
    session: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(key)
    request.session = session
    return get_user(request).is_authenticated
