"""Usedesk's answers as typed records; ids and statuses come as numbers or as strings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class UsedeskUnreadable(Exception):
    """An answer that does not have the documented shape; says what is missing, never the content."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """The part of a ticket we read; `additional_id` is None when the answer has no such field at all."""

    id: str
    status_id: str
    additional_id: str | None


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment of a ticket: its id and its text, HTML as stored."""

    id: str
    message: str


def text_of(value: Any) -> str:
    """Return an id, status or text as a string; absent and null are empty.

    >>> text_of(17), text_of("17"), text_of(None)
    ('17', '17', '')
    """
    return "" if value is None else str(value)


def mapping_of(payload: Any) -> Mapping[str, Any]:
    """Return a JSON object as it is.

    Raises:
        Unreadable: it is something else.
    """
    if not isinstance(payload, Mapping):
        raise UsedeskUnreadable(f"expected an object, got {type(payload).__name__}")
    return payload


def ticket_of(payload: Any) -> Ticket:
    """Read one ticket of `/tickets` or of the ``ticket`` field of `/ticket`.

    Raises:
        Unreadable: it is not an object or has no id.

    >>> ticket_of({"id": "2265179", "status_id": "1"})
    Ticket(id='2265179', status_id='1', additional_id=None)
    """
    record = mapping_of(payload)
    if not text_of(record.get("id")):
        raise UsedeskUnreadable("a ticket without id")
    marker = text_of(record["additional_id"]) if "additional_id" in record else None
    return Ticket(text_of(record["id"]), text_of(record.get("status_id")), marker)


def tickets_of(payload: Any) -> tuple[Ticket, ...]:
    """Read a page of `/tickets`: a bare list, or the list under ``tickets``.

    Raises:
        Unreadable: there is no list of tickets.
    """
    records = payload.get("tickets") if isinstance(payload, Mapping) else payload
    if not isinstance(records, list):
        raise UsedeskUnreadable("no list of tickets")
    return tuple(ticket_of(record) for record in records)


def comments_of(payload: Any) -> tuple[Comment, ...]:
    """Read the comments of `/ticket`; those without id or text are of no use and left out.

    Raises:
        Unreadable: there is no list of comments.
    """
    records = mapping_of(payload).get("comments")
    if not isinstance(records, list):
        raise UsedeskUnreadable("no list of comments")
    comments = (
        Comment(text_of(r.get("id")), text_of(r.get("message"))) for r in map(mapping_of, records)
    )
    return tuple(comment for comment in comments if comment.id)
