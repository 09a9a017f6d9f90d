"""The ASGI application the server calls: bodies in the event loop, Django in its threads, health in others (ADR 0019)."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import structlog

from qaitar.foundation.request_bodies import FAILURE_KEY, BodyFailure
from qaitar.web.server.answer import FileBody, StreamSender, send_whole
from qaitar.web.server.body import BodyRefused, ClientGone, IncomingBody, Spool, discard
from qaitar.web.server.django_call import DjangoCall, allowed_bytes, may_be_known
from qaitar.web.server.environ import Scope, body_put, environ_of, length_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from qaitar.web.server.answer import Answer, Send
    from qaitar.web.server.body import Receive
    from qaitar.web.server.django_call import Handler
    from qaitar.web.server.limits import Limits
    from qaitar.web.server.monitor import Monitor

_log = structlog.get_logger(__name__)
FILE_THREADS: Final = 2
WRITE_THREADS: Final = 1


class Server:
    """Serves the requests of one worker process.

    `django_threads` requests run at a time; others wait their turn without a thread.
    """

    def __init__(
        self, handler: Handler, monitor: Monitor, limits: Limits, *, django_threads: int
    ) -> None:
        self._call = DjangoCall(handler)
        self._monitor = monitor
        self._limits = limits
        self._threads = django_threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or begin and end with the worker."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._monitor.answers(scope):
            await send_whole(send, await self._monitor.answer(scope))
        else:
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Make the threads when the worker starts, after the fork; end them with it."""
        await receive()
        self._django = ThreadPoolExecutor(self._threads, "django")
        self._files = ThreadPoolExecutor(FILE_THREADS, "files")
        self._spool = Spool(ThreadPoolExecutor(WRITE_THREADS, "bodies"), self._limits.spool_bytes)
        self._monitor.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for executor in (self._django, self._files, self._spool.writers):
            executor.shutdown(wait=True)
        self._monitor.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        environ = environ_of(scope)
        length = length_of(scope)
        if length == 0:
            body_put(environ, io.BytesIO(), 0)
            await self._answer(environ, receive, send)
            return
        body = IncomingBody(receive, self._limits, self._spool)
        try:
            failure = await self._receive(body, environ, length)
            if failure is None:
                body_put(environ, await body.whole(), body.size)
            else:
                environ[FAILURE_KEY] = failure
                body_put(environ, io.BytesIO(), 0)
            await self._answer(environ, receive, send)
        except ClientGone:
            return
        finally:
            body.close()

    async def _receive(
        self, body: IncomingBody, environ: dict[str, Any], length: int | None
    ) -> BodyFailure | None:
        """Receive the body, asking first who sends it where it is larger than everybody may send."""
        small = self._limits.anonymous_bytes
        try:
            if (length is None or length <= small) and await body.read(small):
                return None
            allowed = await self._allowed(environ)
            if length is not None and length > allowed:
                return BodyFailure.TOO_LARGE
            return None if await body.read(allowed) else BodyFailure.TOO_LARGE
        except BodyRefused as refused:
            return refused.failure

    async def _allowed(self, environ: dict[str, Any]) -> int:
        if not may_be_known(environ):
            return self._limits.anonymous_bytes
        try:
            allowed: int = await self._in_django(allowed_bytes, environ)
        except Exception as error:  # whatever it is, the call itself will meet it again
            _log.warning("the sender of a body could not be looked up", exc_info=error)
            raise BodyRefused(BodyFailure.NOT_CHECKED) from error
        return allowed

    async def _answer(self, environ: dict[str, Any], receive: Receive, send: Send) -> None:
        answer: Answer = await self._in_django(self._call, environ)
        refused = FAILURE_KEY in environ
        if refused:
            answer.headers = [*answer.headers, (b"Connection", b"close")]
        if answer.stream is not None:
            await self._stream(answer, receive, send)
            return
        await send_whole(send, answer)
        if refused:
            await discard(receive, self._limits)

    async def _stream(self, answer: Answer, receive: Receive, send: Send) -> None:
        executor = self._files if isinstance(answer.stream, FileBody) else self._django
        await StreamSender(send, receive, executor, self._limits.send_seconds).run(answer)

    async def _in_django(
        self, work: Callable[[dict[str, Any]], Any], environ: dict[str, Any]
    ) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._django, work, environ)
