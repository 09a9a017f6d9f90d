"""One POST to one vetted address: no second name look-up, no redirect, a deadline over everything."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpcore

from qaitar.transport.deadline import Deadline, DeadlineBackend
from qaitar.transport.http import NoAnswer, NotSent, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qaitar.transport.addresses import CallTarget

CONNECT_MAX_S = 5.0
DEADLINE_S = 20.0
ANSWER_MAX_BYTES = 64 * 1024
USER_AGENT = "Qaitar-Webhooks/1.0"


def deliver(
    target: CallTarget,
    headers: Mapping[str, str],
    body: bytes,
    *,
    deadline_s: float = DEADLINE_S,
    trust: ssl.SSLContext | None = None,
) -> Reply:
    """POST the body to the vetted address and return the answer, whatever its status.

    The connection goes to `target.ip`; the certificate is checked against `target.host`.  Redirects
    are answers like any other.  The whole exchange ends within `deadline_s`, however slowly the other
    side drips; an answer body is cut at 64 KiB.  `trust` replaces the system's certificate authorities.

    Raises:
        NotSent: nothing was executed (refused, unreachable, wrong certificate).
        NoAnswer: it may have been executed.
    """
    deadline = Deadline()
    deadline.set(deadline_s)
    sent = {"Host": target.authority, "User-Agent": USER_AGENT, **headers}
    try:
        with (
            httpcore.ConnectionPool(
                ssl_context=trust or ssl.create_default_context(),
                network_backend=DeadlineBackend(deadline, only_ip=target.ip),
                max_connections=1,
                retries=0,
            ) as pool,
            pool.stream(
                "POST",
                httpcore.URL(
                    scheme=target.scheme, host=target.host, port=target.port, target=target.path
                ),
                headers=[(name.encode(), value.encode()) for name, value in sent.items()],
                content=body,
                extensions={"timeout": {"connect": CONNECT_MAX_S, "read": deadline_s}},
            ) as answer,
        ):
            return Reply(answer.status, _plain(answer.headers), _capped(answer.iter_stream()))
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}") from error


def _plain(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


def _capped(parts: Iterable[bytes]) -> bytes:
    """Read up to the limit and leave the rest: an answer to a webhook is only looked at by people."""
    read = b""
    for part in parts:
        read += part
        if len(read) >= ANSWER_MAX_BYTES:
            break
    return read[:ANSWER_MAX_BYTES]
