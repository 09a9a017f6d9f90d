"""One Usedesk account in memory: what its API methods do, and a ledger of all they did."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

PAGE = 100
STAMP = "%Y-%m-%d %H:%M:%S"
_ACCEPTED_STAMPS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
_NUMBERS = ("assignee_id", "group_id", "channel_id", "user_id", "client_id")
_TEXT_MAX = 255
_MESSAGE_MAX = 65_535


class Denied(Exception):
    """A refusal in Usedesk's manner: the words go out as ``{"error": …}`` with status 200."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that came with a comment."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HelpdeskExecuted:
    """One line of the ledger: a write that was really done, with the fields it came with (token left out)."""

    path: str
    fields: Mapping[str, str]
    reference: int


@dataclass(slots=True)
class StoredComment:
    """A comment as kept: HTML text, public or private, its files."""

    id: int
    message: str
    type: str
    sender: str
    at: datetime
    files: tuple[UploadedFile, ...] = ()


@dataclass(slots=True)
class StoredTicket:
    """A ticket as kept, with its comments; the first one is the ticket's own message."""

    id: int
    subject: str
    status_id: int
    fields: dict[str, str]
    at: datetime
    comments: list[StoredComment] = field(default_factory=list)


@dataclass(slots=True)
class HelpdeskAccount:
    """Tickets and comments of one account.  The same ticket sent twice is two tickets, as in life.

    `closed_to_us` are tickets that stand in lists but may not be opened; `same_page_always` ignores `offset`.
    """

    clock: Callable[[], datetime]
    list_shows_markers: bool = True
    same_page_always: bool = False
    closed_to_us: set[int] = field(default_factory=set)
    tickets: dict[int, StoredTicket] = field(default_factory=dict)
    ledger: list[HelpdeskExecuted] = field(default_factory=list)
    _next_id: int = 1000
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def create_ticket(
        self, fields: Mapping[str, str], files: tuple[UploadedFile, ...]
    ) -> dict[str, Any]:
        """Open a ticket (`/create/ticket`).

        Raises:
            Denied: a field is missing, too long or of the wrong kind.
        """
        _check(fields, required=("subject", "message"))
        if fields.get("from", "user") not in {"user", "client"}:
            raise Denied("from: user or client expected")
        with self._lock:
            ticket = StoredTicket(
                self._take_id(),
                fields["subject"],
                int(fields.get("status", "8")),
                {name: value for name, value in fields.items() if name != "message"},
                self.clock(),
            )
            kind = "private" if fields.get("private_comment") == "true" else "public"
            ticket.comments.append(
                StoredComment(self._take_id(), fields["message"], kind, "user", ticket.at, files)
            )
            self.tickets[ticket.id] = ticket
            self.ledger.append(HelpdeskExecuted("/create/ticket", dict(fields), ticket.id))
        return {"status": "success", "ticket_id": ticket.id, "message_status": "new"}

    def create_comment(
        self, fields: Mapping[str, str], files: tuple[UploadedFile, ...]
    ) -> dict[str, Any]:
        """Write a comment (`/create/comment`); without `type` it is private.

        Raises:
            Denied: there is no such ticket, or a field is missing or wrong.
        """
        _check(fields, required=("ticket_id", "message"))
        kind = fields.get("type", "private")
        if kind not in {"public", "private"}:
            raise Denied("type: public or private expected")
        with self._lock:
            ticket = self._ticket(fields)
            sender = fields.get("from", "user")
            comment = StoredComment(
                self._take_id(), fields["message"], kind, sender, self.clock(), files
            )
            ticket.comments.append(comment)
            self.ledger.append(HelpdeskExecuted("/create/comment", dict(fields), comment.id))
        return {"status": "success", "comment_id": comment.id}

    def ticket(self, fields: Mapping[str, str], _: tuple[UploadedFile, ...]) -> dict[str, Any]:
        """Show one ticket with its comments (`/ticket`).

        Raises:
            Denied: there is no such ticket.
        """
        with self._lock:
            ticket = self._ticket(fields)
            comments = [_comment_as_json(comment) for comment in ticket.comments]
        record = {name: str(value) for name, value in self._ticket_as_json(ticket).items()}
        record["additional_id"] = ticket.fields.get("additional_id", "")
        return {"ticket": record, "comments": comments, "tags": [], "history": []}

    def list_tickets(
        self, fields: Mapping[str, str], _: tuple[UploadedFile, ...]
    ) -> list[dict[str, Any]]:
        """Show a page of up to 100 tickets, newest first (`/tickets`).

        Raises:
            Denied: the date or the offset cannot be read.
        """
        offset = fields.get("offset", "0")
        if not offset.isdigit():
            raise Denied("offset: number expected")
        after = _stamp(fields["created_after"]) if "created_after" in fields else None
        statuses = set(filter(None, fields.get("fstatus", "").split(",")))
        with self._lock:
            found = [
                ticket
                for ticket in sorted(self.tickets.values(), key=lambda one: -one.id)
                if (after is None or ticket.at >= after)
                and (not statuses or str(ticket.status_id) in statuses)
            ]
            first = 0 if self.same_page_always else int(offset)
            return [self._ticket_as_json(ticket) for ticket in found[first : first + PAGE]]

    def groups(self, _: Mapping[str, str], __: tuple[UploadedFile, ...]) -> list[dict[str, Any]]:
        """Show the groups of agents (`/groups`)."""
        return [{"id": 1, "name": "Call centre"}, {"id": 2, "name": "Returns"}]

    @contextmanager
    def still(self) -> Iterator[Mapping[int, StoredTicket]]:
        """Hold the tickets still while they are looked at or saved."""
        with self._lock:
            yield self.tickets

    def resume(self, tickets: Iterable[StoredTicket]) -> None:
        """Go on from tickets kept earlier; new ids follow theirs."""
        with self._lock:
            for ticket in tickets:
                self.tickets[ticket.id] = ticket
                last = max(ticket.id, *(comment.id for comment in ticket.comments))
                self._next_id = max(self._next_id, last)

    def set_status(self, ticket_id: int, status_id: int) -> None:
        """Let an agent move a ticket to another status."""
        self.tickets[ticket_id].status_id = status_id

    def _ticket_as_json(self, ticket: StoredTicket) -> dict[str, Any]:
        record: dict[str, Any] = {
            "id": ticket.id,
            "status_id": ticket.status_id,
            "subject": ticket.subject,
            "client_id": ticket.fields.get("client_id", "0"),
            "assignee_id": ticket.fields.get("assignee_id", "0"),
            "group": ticket.fields.get("group_id", "0"),
            "last_updated_at": ticket.comments[-1].at.astimezone(UTC).strftime(STAMP),
            "channel_id": ticket.fields.get("channel_id", "0"),
            "email": ticket.fields.get("client_email", "0"),
            "published_at": ticket.at.astimezone(UTC).strftime(STAMP),
            "company_id": 1,
        }
        if self.list_shows_markers:
            record["additional_id"] = ticket.fields.get("additional_id", "")
        return record

    def _ticket(self, fields: Mapping[str, str]) -> StoredTicket:
        ticket_id = fields.get("ticket_id", "")
        if not ticket_id.isdigit() or int(ticket_id) not in self.tickets:
            raise Denied("Ticket not found")
        if int(ticket_id) in self.closed_to_us:
            raise Denied("No access to the ticket")
        return self.tickets[int(ticket_id)]

    def _take_id(self) -> int:
        self._next_id += 1
        return self._next_id


def _comment_as_json(comment: StoredComment) -> dict[str, Any]:
    return {
        "id": str(comment.id),
        "message": comment.message,
        "from": comment.sender,
        "type": comment.type,
        "published_at": comment.at.astimezone(UTC).strftime(STAMP),
        "files": [{"name": one.name, "size": len(one.content)} for one in comment.files],
    }


def _check(fields: Mapping[str, str], *, required: tuple[str, ...]) -> None:
    missing = [name for name in required if not fields.get(name)]
    if missing:
        raise Denied(f"{missing[0]}: required")
    not_numbers = [name for name in _NUMBERS if not fields.get(name, "0").isdigit()]
    if not_numbers:
        raise Denied(f"{not_numbers[0]}: number expected")
    if len(fields["message"].encode()) > _MESSAGE_MAX:
        raise Denied("message: too long")
    for name in ("subject", "client_name", "additional_id", "tag", "client_phone"):
        if len(fields.get(name, "")) > _TEXT_MAX:
            raise Denied(f"{name}: longer than {_TEXT_MAX}")
    if fields.get("private_comment", "true") != "true":
        raise Denied("private_comment: only true is accepted")


def _stamp(text: str) -> datetime:
    for form in _ACCEPTED_STAMPS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise Denied("created_after: date expected")
