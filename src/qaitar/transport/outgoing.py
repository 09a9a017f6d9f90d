"""The one way out: every call of a connector goes to an address that was resolved once and may be called.

Private addresses and plain HTTP only where the machine's operator lists the host (`QAITAR_PRIVATE_HOSTS`); the connection
goes to the address that was judged, also through a proxy, so a name that changes its answer changes nothing.  Certificates
are checked against the name.  A whole exchange ends at its deadline.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookupTooLong
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import httpcore
import httpx
from typing_extensions import override

from qaitar.transport.addresses import AddressCode, CallTarget, resolve_public, system_resolver
from qaitar.transport.deadline import Deadline, DeadlineBackend

if TYPE_CHECKING:
    import ssl
    from collections.abc import Collection, Iterator


LOOKUP_MAX_S: Final = 10.0
LOOKUPS_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class OutgoingPolicy:
    """What the machine's operator allows besides the public internet: hosts, each with or without a port."""

    private_hosts: frozenset[str] = frozenset()


class _Current:
    policy = OutgoingPolicy()


def set_policy(private_hosts: Collection[str]) -> None:
    """Set what this process may call; done once when the program starts, from its settings."""
    _Current.policy = OutgoingPolicy(frozenset(private_hosts))


def allow_private(*hosts: str) -> None:
    """Let this process call these hosts of its own machine, too: the stand-ins it has just started."""
    _Current.policy = OutgoingPolicy(_Current.policy.private_hosts | set(hosts))


def private_hosts() -> frozenset[str]:
    """Return the hosts that may be called although they are private."""
    return _Current.policy.private_hosts


class NotAllowed(Exception):
    """The address may not be called; nothing was connected to.  The code says why."""

    def __init__(self, code: AddressCode) -> None:
        """Keep the code for whoever puts it into words."""
        super().__init__(f"the address may not be called: {code.value}")
        self.code = code


class OutgoingTransport(httpx.BaseTransport):
    """httpx's way to the network.  One client and one thread at a time use it; `deadline` is set before each exchange."""

    def __init__(self, deadline: Deadline, trust: ssl.SSLContext, proxy: str | None) -> None:
        """Prepare a pool of connections, through the proxy if there is one; nothing is connected yet."""
        self._pool = _pool(DeadlineBackend(deadline), trust, proxy)

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request to the judged address.

        Raises:
            NotAllowed: the address may not be called.
            httpcore errors: as the pool raises them.
        """
        target = judged_target(str(request.url))
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=target.scheme.encode(),
                    host=target.ip.encode(),
                    port=target.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions={**request.extensions, "sni_hostname": target.host},
            )
        )
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_AnswerStream(answer),
            extensions=answer.extensions,
        )

    @override
    def close(self) -> None:
        self._pool.close()


def judged_target(url: str) -> CallTarget:
    """Resolve an address once and return where to connect.

    Raises:
        NotAllowed: the address may not be called.
        httpcore.ConnectError: its name is not known now; it may be later.
    """
    found = resolve_public(url, allow_hosts=private_hosts(), resolver=_bounded_resolver)
    if isinstance(found, CallTarget):
        return found
    if found.code is AddressCode.UNKNOWN_HOST:
        raise httpcore.ConnectError("the name has no address now")
    raise NotAllowed(found.code)


def _bounded_resolver(host: str, port: int) -> list[str]:
    """Look a name up within `LOOKUP_MAX_S`: a resolver that hangs is a name that is not known."""
    try:
        return _lookups().submit(system_resolver, host, port).result(LOOKUP_MAX_S)
    except LookupTooLong:
        return []


@lru_cache(maxsize=1)
def _lookups() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="lookup")


def _pool(
    backend: DeadlineBackend, trust: ssl.SSLContext, proxy: str | None
) -> httpcore.ConnectionPool:
    if not proxy:
        return httpcore.ConnectionPool(ssl_context=trust, network_backend=backend, retries=0)
    address = httpx.URL(proxy)
    auth = (address.username, address.password) if address.username else None
    return httpcore.HTTPProxy(
        proxy_url=str(address.copy_with(username=None, password=None)),
        proxy_auth=auth,
        ssl_context=trust,
        network_backend=backend,
        retries=0,
    )


class _AnswerStream(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    @override
    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    @override
    def close(self) -> None:
        self._answer.close()
