"""Receives one request body whole: within its limits and its time, in memory or in a temporary file that has no name."""

from __future__ import annotations

import asyncio
import errno
import io
import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Final, cast

from qaitar.foundation.inbox.request_bodies import BodyFailure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Executor

    from qaitar.web.server.limits import Limits

    Receive = Callable[[], Awaitable[dict[str, Any]]]

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class ClientGone(Exception):
    """The connection ended before the request did."""


class BodyRefused(Exception):
    """The body is not received to its end."""

    def __init__(self, failure: BodyFailure) -> None:
        super().__init__(failure.name)
        self.failure = failure


@dataclass(slots=True)
class Spool:
    """What all bodies of one worker may take of the disk together, and who writes them."""

    writers: Executor
    bytes_free: int

    def reserve(self, size: int) -> None:
        """Take room for so many bytes.

        Raises:
            BodyRefused: there is none just now.
        """
        if size > self.bytes_free:
            raise BodyRefused(BodyFailure.TOO_MANY)
        self.bytes_free -= size


class IncomingBody:
    """A body on its way in; `close` must be called in the end."""

    def __init__(self, receive: Receive, limits: Limits, spool: Spool) -> None:
        self.size = 0
        self.ended = False
        self._receive = receive
        self._limits = limits
        self._spool = spool
        self._buffer = bytearray()
        self._file: IO[bytes] | None = None
        self._reserved = 0
        self._started = asyncio.get_running_loop().time()

    async def read(self, bytes_max: int) -> bool:
        """Receive until the end or until more than `bytes_max` bytes have come; return whether it is the end.

        Raises:
            BodyRefused: too slow, or no room on the disk.
            ClientGone: the client went away.
        """
        try:
            async with asyncio.timeout_at(self._due()) as timer:
                while not self.ended and self.size <= bytes_max:
                    await self._chunk()
                    timer.reschedule(self._due())
        except TimeoutError:
            raise BodyRefused(BodyFailure.TOO_SLOW) from None
        return self.ended and self.size <= bytes_max

    def _due(self) -> float:
        return self._started + self._limits.seconds_for(self.size)

    async def _chunk(self) -> None:
        message = await self._receive()
        if message["type"] != "http.request":
            raise ClientGone
        data: bytes = message.get("body", b"")
        self.ended = not message.get("more_body", False)
        self.size += len(data)
        self._buffer += data
        if len(self._buffer) > self._limits.memory_bytes:
            await self._flush()

    async def _flush(self) -> None:
        """Move what is in memory to the file; a disk may be slow, so a thread of its own writes."""
        data, self._buffer = self._buffer, bytearray()
        self._spool.reserve(len(data))
        self._reserved += len(data)
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._spool.writers, self._write, data)
        except OSError as error:
            if error.errno not in _NO_SPACE:
                raise
            raise BodyRefused(BodyFailure.NO_SPACE) from error

    def _write(self, data: bytearray) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
        self._file.write(data)
        self._file.flush()

    async def whole(self) -> BinaryIO:
        """Give the received body, to be read from its beginning."""
        if self._file is None:
            return io.BytesIO(self._buffer)
        if self._buffer:
            await self._flush()
        self._file.seek(0)
        return cast("BinaryIO", self._file)

    def close(self) -> None:
        """Give memory and disk back."""
        self._buffer = bytearray()
        if self._file is not None:
            self._file.close()
        self._spool.bytes_free += self._reserved
        self._reserved = 0


async def discard(receive: Receive, limits: Limits) -> None:
    """Read away the rest of a refused body for a moment: a client that is cut off while sending may never see the answer."""
    left = limits.linger_bytes
    try:
        async with asyncio.timeout(limits.linger_seconds):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return
