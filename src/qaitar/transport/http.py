"""One HTTP client for every connector: judged addresses, one deadline, bounded bodies, no redirects, no blind repeats."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Self

import httpcore
import httpx

from qaitar.transport.deadline import Deadline
from qaitar.transport.lenient import storable
from qaitar.transport.outgoing import NotAllowed, OutgoingTransport

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence

BODY_BYTES_MAX = 64 * 1024 * 1024
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) Qaitar/0.1"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait: to connect, for each part of an answer, and for the whole exchange."""

    connect_s: float = 5.0
    read_s: float = 20.0
    total_s: float = 60.0


class NotSent(Exception):
    """Nothing left this machine (name, connection, certificate): repeating is safe."""


class AddressNotAllowed(NotSent):
    """The address may not be called from this machine: the settings have to be mended, repeating is in vain."""


class NoAnswer(Exception):
    """The request may have been executed, but no whole answer came: only a look-up may settle it."""


class NotJson(Exception):
    """An answer that had to be JSON is not: often a login or error page with status 200."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer: status, lower-case headers and raw body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Read the body as JSON, its texts fit to store.

        Raises:
            NotJson: the body is something else; carries its first characters without tags' content.
        """
        try:
            return storable(json.loads(self.body))
        except (ValueError, RecursionError) as error:
            raise NotJson(f"HTTP {self.status}: not JSON, {len(self.body)} bytes") from error

    @property
    def ok(self) -> bool:
        """Tell whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004  the meaning of the class is in RFC 9110


@dataclass(frozen=True, slots=True)
class Request:
    """One call: path is joined to the client's base address; exactly one body form may be given."""

    method: str
    path: str
    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    json_body: Any = None
    form: Mapping[str, str] | None = None
    files: Sequence[tuple[str, tuple[str, bytes, str]]] = ()
    content: bytes | None = None
    timeouts: Timeouts | None = None


_NOT_SENT: Final = (
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    UnicodeError,  # of a host name that is no name
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
_NO_ANSWER: Final = (
    httpx.HTTPError,
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
)


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Read the trusted certificates once a process: that takes longer than most calls."""
    return httpx.create_ssl_context(trust_env=False)


class HttpClient:
    """A client to one base address.  Stateless for its callers; close it when done (context manager).

    It never follows redirects and never repeats a call: who may repeat is the caller's knowledge.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        auth: tuple[str, str] | None = None,
        proxy: str | None = None,
    ) -> None:
        """Prepare a client; no connection is made yet."""
        self._timeouts = timeouts or Timeouts()
        self._base_url = base_url.rstrip("/")
        self._deadline = Deadline()
        self._client = httpx.Client(
            headers={"User-Agent": USER_AGENT, **(headers or {})},
            auth=auth,
            follow_redirects=False,
            trust_env=False,
            transport=OutgoingTransport(self._deadline, _trusted(), proxy),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections kept alive."""
        self._client.close()

    def send(self, request: Request) -> Reply:
        """Make one call and return its whole answer, whatever the status, within the deadline.

        Raises:
            AddressNotAllowed, NotSent: nothing was executed.
            NoAnswer: it may have been executed.
        """
        url = request.path if "://" in request.path else self._base_url + request.path
        waits = request.timeouts or self._timeouts
        try:
            built = self._client.build_request(
                request.method,
                url,
                params=list(request.params) or None,
                headers=dict(request.headers),
                json=request.json_body,
                data=dict(request.form) if request.form is not None else None,
                files=list(request.files) or None,
                content=request.content,
                timeout=httpx.Timeout(waits.read_s, connect=waits.connect_s),
            )
            self._deadline.set(waits.total_s)
            answer = self._client.send(built, stream=True)
            try:
                body = self._read(answer)
            finally:
                answer.close()
        except NotAllowed as error:
            raise AddressNotAllowed(str(error)) from error
        except _NOT_SENT as error:
            raise NotSent(f"{type(error).__name__}: {error}") from error
        except _NO_ANSWER as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        return Reply(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, body)

    @staticmethod
    def _read(answer: httpx.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in answer.iter_bytes():
            size += len(part)
            if size > BODY_BYTES_MAX:
                raise NoAnswer(f"answer longer than {BODY_BYTES_MAX} bytes")
            parts.append(part)
        return b"".join(parts)
