"""How large a request body may be, said at the view it is for; and what became of a body that could not be received.

The server (`web/server`) receives whole bodies before a view is called.  Whoever is not known yet may send
`ANONYMOUS_BYTES_MAX` to any address; a signed-in person or a valid token may send what the view takes.
"""

from __future__ import annotations

from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

KB: Final = 1024
MB: Final = 1024 * KB
ANONYMOUS_BYTES_MAX: Final = 64 * KB
KNOWN_BYTES_MAX: Final = 2 * MB
"""For a signed-in person at a page that says nothing else: a bulk decision names up to 12,000 requests."""
FAILURE_KEY: Final = "qaitar.body_failure"
"""Where `request.META` carries a `BodyFailure`; without one the body is whole."""
_ATTRIBUTE: Final = "request_bytes_max"
_V = TypeVar("_V", bound="Callable[..., Any]")


class BodyFailure(Enum):
    """Why a body was not received."""

    TOO_LARGE = auto()
    TOO_SLOW = auto()
    TOO_MANY = auto()  # large bodies are being received already
    NO_SPACE = auto()  # on the disk
    NOT_CHECKED = auto()  # the database did not say who the sender is

    @property
    def status(self) -> HTTPStatus:
        """Return the status it is answered with."""
        return _STATUSES[self]


_STATUSES: Final = {
    BodyFailure.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    BodyFailure.TOO_SLOW: HTTPStatus.REQUEST_TIMEOUT,
    BodyFailure.TOO_MANY: HTTPStatus.SERVICE_UNAVAILABLE,
    BodyFailure.NO_SPACE: HTTPStatus.INSUFFICIENT_STORAGE,
    BodyFailure.NOT_CHECKED: HTTPStatus.SERVICE_UNAVAILABLE,
}


def failure_sentence(failure: BodyFailure) -> str:
    """Say in the reader's language why a body was not received and what to do."""
    match failure:
        case BodyFailure.TOO_LARGE:
            return _("What was sent is larger than this address takes. Nothing was kept.")
        case BodyFailure.TOO_SLOW:
            return _(
                "The data came too slowly and was not received whole. Try again over a better line."
            )
        case BodyFailure.TOO_MANY:
            return _("Too many files are being received just now. Try again in half a minute.")
        case BodyFailure.NO_SPACE:
            return _(
                "The server's disk is full. Nothing was kept; tell the administrator to free some space."
            )
        case BodyFailure.NOT_CHECKED:
            return _(
                "The database does not answer just now. Nothing was kept; try again in a moment."
            )


def body_failure(request: HttpRequest) -> BodyFailure | None:
    """Return why this request came without its body, or None."""
    failure: BodyFailure | None = request.META.get(FAILURE_KEY)
    return failure


def accept_body(bytes_max: int | Callable[..., int]) -> Callable[[_V], _V]:
    """Declare how many bytes a view takes from a known sender: a number, or a function of the request and its arguments.

    A function finds out itself whether the sender is known.
    """

    def marked(view: _V) -> _V:
        setattr(view, _ATTRIBUTE, bytes_max)
        return view

    return marked


def declared_limit(view: Callable[..., Any]) -> int | Callable[..., int]:
    """Return what `accept_body` declared for a view.

    >>> declared_limit(print)
    2097152
    """
    limit: int | Callable[..., int] = getattr(view, _ATTRIBUTE, KNOWN_BYTES_MAX)
    return limit
