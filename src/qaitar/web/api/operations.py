"""What each call of the API takes: which scope opens it, which body it reads, what is done before its transaction."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ninja.security import HttpBearer
from typing_extensions import override

from qaitar.foundation.identity.access import Principal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.http import HttpRequest
    from ninja.operation import Operation

KB: Final = 1024
JSON_MAX_BYTES: Final = 256 * KB
PRINCIPAL: Final = "qaitar.principal"
PREPARED: Final = "qaitar.prepared"
NOW: Final = "qaitar.now"
BEARER: Final = "qaitar.bearer"
_F = TypeVar("_F", bound="Callable[..., Any]")


class Body(Enum):
    """How a call's body is read."""

    NONE = auto()  # nothing is read, nothing may be sent
    JSON = auto()
    FORM = auto()  # multipart/form-data
    RAW = auto()  # bytes as they are, or one file of a form


@dataclass(frozen=True, slots=True)
class Entry:
    """How one call is let in.

    `prepare` does slow things (files, other machines) with no transaction open; its result is given to the call.  It
    runs only for somebody who is let in and whom `check`, a short read in a transaction of its own, has let pass.
    `secret` answers are sealed before they are kept under an idempotency key.
    """

    scope: str
    body: Body = Body.NONE
    bytes_max: int = JSON_MAX_BYTES
    check: Callable[..., None] | None = None
    prepare: Callable[..., Any] | None = None
    secret: bool = False
    query: frozenset[str] = frozenset()


_ENTRIES: Final[dict[Any, Entry]] = {}


def operation(entry: Entry) -> Callable[[_F], _F]:
    """Say how a call is let in; every call of the API says it, a call without is refused at start."""

    def marked(view: _F) -> _F:
        _ENTRIES[view] = entry
        return view

    return marked


def entry_of(operation: Operation) -> Entry:
    """Return how an operation is let in, with the query parameters it declares.

    Raises:
        KeyError: nobody has said it.
    """
    entry = _ENTRIES[operation.view_func]
    names = {
        name
        for model in operation.models
        if getattr(model, "__ninja_param_source__", None) == "query"
        for name in getattr(model, "__ninja_flatten_map__", {})
    }
    return Entry(
        entry.scope,
        entry.body,
        entry.bytes_max,
        entry.check,
        entry.prepare,
        entry.secret,
        frozenset(names),
    )


class BearerToken(HttpBearer):
    """Names the token in the API's document; the door has checked it before."""

    @override
    def __call__(self, request: HttpRequest) -> Principal | None:
        """Return whom the door has let in."""
        return request.META.get(PRINCIPAL)

    @override
    def authenticate(self, request: HttpRequest, token: str) -> Principal | None:
        """Return whom the door has let in."""
        return self(request)


def caller(request: HttpRequest) -> Principal:
    """Return who is calling."""
    principal: Principal = request.META[PRINCIPAL]
    return principal


def bearer(request: HttpRequest) -> str:
    """Return the token the call came with."""
    token: str = request.META[BEARER]
    return token


def moment(request: HttpRequest) -> datetime:
    """Return when the call came in, the `now` of everything it does."""
    now: datetime = request.META[NOW]
    return now


def prepared(request: HttpRequest) -> Any:
    """Return what was made ready before the transaction."""
    return request.META[PREPARED]
