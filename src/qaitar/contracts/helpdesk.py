"""What we need from a helpdesk: a ticket opened once, a comment written once, and both found again by our marker."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.contracts.outcome import Found, Health, Outcome

MARKER_CHARS_MAX = 200
_MARKER = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:-]{{0,{MARKER_CHARS_MAX - 1}}}")


class TicketStatus(StrEnum):
    """Where a ticket stands, in our words; a status nobody told us about is `UNRECOGNISED`, never guessed."""

    NEW = "new"  # nobody opened it yet
    OPEN = "open"  # somebody works on it
    ON_HOLD = "on_hold"  # put aside by an agent
    PENDING = "pending"  # waits for the client
    DONE = "done"  # solved, may be reopened
    CLOSED = "closed"  # solved for good
    MERGED = "merged"  # lives on inside another ticket
    SPAM = "spam"  # thrown out as junk
    MAILING = "mailing"  # part of a bulk mailing
    DELETED = "deleted"  # removed by a person
    UNRECOGNISED = "unrecognised"  # the vendor's word is kept beside it


def marker_checked(marker: str) -> str:
    """Return the marker unchanged when any helpdesk keeps it exactly: latin letters, digits and ``. _ : -``.

    Raises:
        ValueError: the marker has other characters, is empty or longer than 200; it is our own bug.

    >>> marker_checked("return:19f2.ticket-1")
    'return:19f2.ticket-1'
    >>> marker_checked("<b>")
    Traceback (most recent call last):
    ValueError: not a marker: '<b>'
    """
    if _MARKER.fullmatch(marker) is None:
        raise ValueError(f"not a marker: {marker!r}")
    return marker


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to go with a comment: its name as people see it, its media type and its bytes."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """A ticket to be opened.  Texts are plain text; a connector escapes them for its system.

    `marker` is ours and unique to this intent; `group`, `assignee` and `channel` are the helpdesk's own ids,
    empty for the connection's defaults; `private` hides the text from the customer, and is the default on purpose.
    """

    marker: str
    subject: str
    message_text: str
    customer_name: str = ""
    customer_phone: str = field(default="", repr=False)
    group: str = ""
    assignee: str = ""
    channel: str = ""
    tags: tuple[str, ...] = ()
    private: bool = True

    def __post_init__(self) -> None:
        marker_checked(self.marker)


@dataclass(frozen=True, slots=True)
class CommentDraft:
    """A comment to be written into a known ticket.  `public` has no default: who will read it must be said."""

    marker: str
    ticket_reference: str
    text: str
    public: bool
    files: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        marker_checked(self.marker)


class EventKind(StrEnum):
    """What a helpdesk tells of its own accord."""

    OPENED = "opened"  # a new ticket
    CHANGED = "changed"  # status, fields or people of a ticket
    COMMENTED = "commented"  # somebody wrote into a ticket


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """A hint that something happened to a ticket.  Read the ticket again before acting: the hint proves little.

    `ours` tells that it is the echo of what we wrote ourselves, so that no loop begins.
    """

    kind: EventKind
    ticket_reference: str
    ours: bool


@dataclass(frozen=True, slots=True)
class EventRejected:
    """An incoming message that is not from our helpdesk or cannot be read; `reason` is for the log and for set-up."""

    reason: str


class Helpdesk(Protocol):
    """A connection to one helpdesk account.  It keeps no state of the business and touches no database.

    Opening and commenting are never repeated inside: after `Unknown` only the matching `find_…` may settle it,
    and a `Missing` right after a lost answer may still turn into a find a little later.
    """

    def open_ticket(self, draft: TicketDraft, /) -> Outcome:
        """Open one ticket; `Done.reference` is its id, `Done.address` its page when the connection knows it."""
        ...

    def find_ticket(self, marker: str, since: datetime, /) -> Found:
        """Look for the ticket with this marker among those opened at `since` (aware) or later.

        `Done.detail` says its status.  `Missing` is only said after every ticket of that time was looked at.
        """
        ...

    def comment(self, draft: CommentDraft, /) -> Outcome:
        """Write one comment; `Done.reference` is its id."""
        ...

    def find_comment(self, ticket_reference: str, marker: str, /) -> Found:
        """Look for the comment with this marker in a ticket."""
        ...

    def health(self) -> Health:
        """Test address and access without changing anything."""
        ...
