"""What we need from an accounting system: find the sale, write the return order, put files on it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from qaitar.contracts.outcome import (
    Busy,
    Done,
    Found,
    Health,
    Misconfigured,
    Missing,
    Outcome,
    Refused,
    Unknown,
)

if TYPE_CHECKING:
    from datetime import date, datetime

MARKER = re.compile(r"[A-Za-z0-9._:-]{8,64}")
LINES_MAX = 500


@dataclass(frozen=True, slots=True)
class ErpLine:
    """One sold line as the accounting system keeps it.

    `key` is opaque and names the line when it comes back; quantities are thousandths of a unit,
    money is in minor units of the sale's currency; `name` is empty when the system does not tell it.
    """

    key: str
    product_reference: str
    name: str
    quantity_milli: int
    price_minor: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class ErpOrder:
    """A customer's order and the shipment made for it, in the accounting system's own references.

    `realization_reference` is empty while nothing was shipped: the lines are then those of the order
    and no return order can be written.  `date` is the order's day in the system's own time zone.
    """

    reference: str
    number: str
    date: date
    partner_reference: str
    realization_reference: str
    realization_number: str
    lines: tuple[ErpLine, ...]


@dataclass(frozen=True, slots=True)
class Several:
    """More than one order carries the code; a person has to say which.  `numbers` are fit to show."""

    numbers: tuple[str, ...]


OrderFound = ErpOrder | Several | Missing | Misconfigured | Busy | Unknown


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """How much of a sold line comes back, and the price of one unit in minor units."""

    line_key: str
    quantity_milli: int
    price_minor: int


@dataclass(frozen=True, slots=True)
class ReturnOrderDraft:
    """Everything a return order says.  The same draft, sent again, means the same document.

    `marker` is our key and never changes for one intent; `created_at` is when the intent was stored
    (aware, UTC) and must not change on repetition either, since look-ups search around its day.
    `planned_date` is both the arrival and the delivery date.  `warehouse_reference` overrides the
    warehouse of the shipment.
    """

    marker: str
    request_number: str
    order: ErpOrder
    created_at: datetime
    planned_date: date
    reason: str
    lines: tuple[ReturnLine, ...]
    warehouse_reference: str = ""

    def __post_init__(self) -> None:
        if not MARKER.fullmatch(self.marker):
            raise ValueError("a marker is 8 to 64 characters of A-Z a-z 0-9 . _ : -")
        if self.created_at.tzinfo is None:
            raise ValueError("created_at must know its time zone")
        if not 0 < len(self.lines) <= LINES_MAX:
            raise ValueError(f"a return order has 1 to {LINES_MAX} lines")
        if any(line.quantity_milli <= 0 or line.price_minor < 0 for line in self.lines):
            raise ValueError("a returned quantity is positive and a price is not negative")


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that was sent and stands otherwise in the system; `kept` is empty when the key is absent."""

    key: str
    sent: str
    stored: str


@dataclass(frozen=True, slots=True)
class DoneInPart:
    """The document `done` exists and must never be created again; `problem` says what is still wrong.

    `differences` names every sent key the system dropped or changed.
    """

    done: Done
    problem: Misconfigured | Refused | Busy | Unknown
    differences: tuple[Difference, ...] = ()


Written = Outcome | DoneInPart


@dataclass(frozen=True, slots=True)
class FileToAttach:
    """A file to hang on a document: `name` without `extension`, `extension` without a dot, `sha256` in hex."""

    name: str
    extension: str
    content: bytes = field(repr=False)
    created_at: datetime
    sha256: str


class Erp(Protocol):
    """A connector to one accounting system.  It keeps nothing and touches no database of ours.

    `Done.reference` is the system's own key of the document, `Done.detail` its number.
    """

    def find_order(self, order_code: str, /) -> OrderFound:
        """Find the order by the marketplace's code, with its shipment and lines."""
        ...

    def create_return_order(self, draft: ReturnOrderDraft, /) -> Written:
        """Write one return order, once: a document already carrying the marker is answered, not repeated.

        `Unknown` means it may have been written: ask `find_return_order`.
        """
        ...

    def find_return_order(self, marker: str, near: date, order: ErpOrder, /) -> Found:
        """Find the return order by our marker among those dated around `near`.

        After an `Unknown` creation one `Missing` is not the last word: the system may still be
        writing, so ask twice at least a minute apart before creating again.
        """
        ...

    def attach(self, reference: str, file: FileToAttach, /) -> Written:
        """Hang a file on the document, once: a half-made attachment is finished, a whole one is answered."""
        ...

    def find_attachment(self, reference: str, sha256_or_name: str, /) -> Found:
        """Find a whole attachment by its SHA-256 in hex, or by `name.extension`.

        One whose content is not there yet is `Missing`; `attach` finishes it without a second entry.
        """
        ...

    def health(self) -> Health:
        """Try address, login, rights and field map without writing anything."""
        ...
