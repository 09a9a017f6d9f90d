"""The ASGI application the server calls: bodies in the event loop, Django in its threads, health in others (ADR 0019)."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog

from qaitar.foundation.inbox.request_bodies import FAILURE_KEY, BodyFailure
from qaitar.web.server.answer import FileBody, StreamSender, begin_send, send_whole
from qaitar.web.server.body import BodyRefused, ClientGone, IncomingBody, Spool, discard
from qaitar.web.server.django_call import DjangoCall, allowed_bytes, may_be_known
from qaitar.web.server.environ import Scope, body_put, environ_of, length_of
from qaitar.web.server.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qaitar.web.server.answer import Send, ServerAnswer
    from qaitar.web.server.body import Receive
    from qaitar.web.server.django_call import Handler
    from qaitar.web.server.limits import Limits
    from qaitar.web.server.monitor import Monitor

T = TypeVar("T")
_log = structlog.get_logger(__name__)
FILE_THREADS: Final = 2
WRITE_THREADS: Final = 1


class Server:
    """Serves the requests of one worker process.

    `django_threads` requests run at a time; others wait their turn without a thread.  Answers to bodies that were not
    received leave one of the threads free: two hundred slow ones are given up in the same second.
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
        self._django = Threads(self._threads)
        self._refusing = asyncio.Semaphore(max(1, self._threads - 1))
        self._files = ThreadPoolExecutor(FILE_THREADS, "files")
        self._spool = Spool(ThreadPoolExecutor(WRITE_THREADS, "bodies"), self._limits.spool_bytes)
        self._monitor.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._django.end()
        for executor in (self._files, self._spool.writers):
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
        with closing(IncomingBody(receive, self._limits, self._spool)) as body:
            try:
                await self._receive(body, environ, length)
                body_put(environ, await body.whole(), body.size)
            except ClientGone:
                return
            except BodyRefused as refused:
                environ[FAILURE_KEY] = refused.failure
                body_put(environ, io.BytesIO(), 0)
            await self._answer(environ, receive, send)

    async def _receive(
        self, body: IncomingBody, environ: dict[str, Any], length: int | None
    ) -> None:
        """Receive the body, asking first who sends it where it is larger than everybody may send.

        Raises:
            BodyRefused: why it is not received.
            ClientGone: the client went away.
        """
        small = self._limits.anonymous_bytes
        if (length is None or length <= small) and await body.read(small):
            return
        allowed = await self._allowed(environ)
        too_large = length is not None and length > allowed
        if too_large or not await body.read(allowed):
            raise BodyRefused(BodyFailure.TOO_LARGE)

    async def _allowed(self, environ: dict[str, Any]) -> int:
        if not may_be_known(environ):
            return self._limits.anonymous_bytes
        try:
            return await self._in_django(allowed_bytes, environ)
        except Exception as error:  # whatever it is, the call itself will meet it again
            _log.warning("the sender of a body could not be looked up", exc_info=error)
            raise BodyRefused(BodyFailure.NOT_CHECKED) from error

    async def _answer(self, environ: dict[str, Any], receive: Receive, send: Send) -> None:
        """Have Django answer; what is there whole is sent from its thread."""
        refused = FAILURE_KEY in environ
        async with self._refusing if refused else nullcontext():
            stream, sent = await self._in_django(self._called, environ, send)
        for each in sent:
            await each
        if stream is not None:
            await self._stream(stream, receive, send)
        elif refused:
            await discard(receive, self._limits)

    def _called(
        self, environ: dict[str, Any], send: Send
    ) -> tuple[ServerAnswer | None, list[Awaitable[None]]]:
        answer = self._call(environ)
        if FAILURE_KEY in environ:
            answer.headers = [*answer.headers, (b"Connection", b"close")]
        if answer.stream is None:
            return None, begin_send(send, answer)
        if environ["REQUEST_METHOD"] == "HEAD":
            answer.stream.close()
            return None, begin_send(send, answer)
        answer.thread = self._django.here()
        return answer, []

    async def _stream(self, answer: ServerAnswer, receive: Receive, send: Send) -> None:
        if isinstance(answer.stream, FileBody):
            loop = asyncio.get_running_loop()
            run: Callable[..., Awaitable[Any]] = partial(loop.run_in_executor, self._files)
        else:
            run = partial(self._django.run, thread=answer.thread)
        await StreamSender(send, receive, run, self._limits.send_seconds).run(answer)

    async def _in_django(self, work: Callable[..., T], *given: Any) -> T:
        return await self._django.run(work, *given)
