"""Sends what Django answered: a whole answer at once, a stream piece by piece as fast as its client reads.

Pieces of a stream are made in the thread of Django it began in, pieces of a file in those for files; neither waits for
the client.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from contextvars import Context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from qaitar.web.server.body import Receive

    Send = Callable[[dict[str, Any]], Awaitable[None]]

PIECE_BYTES: Final = 256 * 1024
PIECE_SECONDS: Final = 0.1
_log = structlog.get_logger(__name__)


class FileBody:
    """A file of an answer, the server's `wsgi.file_wrapper`: read in large pieces, away from Django's threads."""

    def __init__(self, file: BinaryIO, block_size: int = 0) -> None:  # noqa: ARG002  PEP 3333's signature
        self.file = file

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.file.read(PIECE_BYTES):
            yield piece

    def close(self) -> None:
        """Close the answer, and with it the file."""
        self.file.close()


@dataclass(slots=True)
class ServerAnswer:
    """Status and headers, and either the whole content or what makes it, in the context and the thread Django ran in."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    content: bytes = b""
    stream: Any = None
    context: Context | None = None
    thread: int | None = None


def pieces_of(stream: Any) -> Iterator[bytes]:
    """Join small parts of a stream; a slow one is sent as it comes.

    >>> list(pieces_of([b"a", b"", b"b"]))
    [b'ab']
    """
    parts: list[bytes] = []
    size, began = 0, time.monotonic()
    for part in stream:
        parts.append(part)
        size += len(part)
        if size and (size >= PIECE_BYTES or time.monotonic() - began >= PIECE_SECONDS):
            yield b"".join(parts)
            parts, size, began = [], 0, time.monotonic()
    if size:
        yield b"".join(parts)


def begin_send(send: Send, answer: ServerAnswer) -> list[Awaitable[None]]:
    """Hand a whole answer to the server, from any thread; await what is returned in the event loop.

    The server sends at the call already, so that the client need not wait for the loop's turn.
    """
    return [
        send({"type": "http.response.start", "status": answer.status, "headers": answer.headers}),
        send({"type": "http.response.body", "body": answer.content}),
    ]


async def send_whole(send: Send, answer: ServerAnswer) -> None:
    """Send an answer that is there whole."""
    for sent in begin_send(send, answer):
        await sent


class StreamSender:
    """Sends one streamed answer; stops making it when the client is gone or stops reading.

    `run` has a piece of work done in a thread, always the same one unless a file is read.
    """

    def __init__(
        self, send: Send, receive: Receive, run: Callable[..., Awaitable[Any]], send_seconds: float
    ) -> None:
        self._send = send
        self._receive = receive
        self._run = run
        self._seconds = send_seconds

    async def run(self, answer: ServerAnswer) -> None:
        """Send until the end; whatever happens, the stream is closed."""
        assert answer.context is not None
        pieces = pieces_of(answer.stream)
        gone = asyncio.create_task(self._watch())
        try:
            await self._send(
                {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
            )
            while not gone.done():
                piece = await self._in_thread(answer.context, next, pieces, None)
                if piece is None:
                    await self._send({"type": "http.response.body", "body": b""})
                    return
                async with asyncio.timeout(self._seconds):
                    await self._send(
                        {"type": "http.response.body", "body": piece, "more_body": True}
                    )
        except TimeoutError:
            _log.info("a client stopped reading a streamed answer")
        finally:
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gone
            await self._in_thread(answer.context, _close, pieces, answer.stream)

    async def _in_thread(self, context: Context, work: Callable[..., Any], *given: Any) -> Any:
        return await self._run(context.run, work, *given)

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


def _close(pieces: Any, stream: Any) -> None:
    pieces.close()
    if hasattr(stream, "close"):
        stream.close()
