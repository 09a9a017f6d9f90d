"""The register of returns: every request of ours, newest first, walked by key; what the sheet shows and exports take."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qaitar.documents.tables import CellKind, Column
from qaitar.foundation.models import PlannedEffect
from qaitar.kernel.phones import mask_phone
from qaitar.kernel.zones import ALMATY, local_date, zone
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.queue import QueuePlace
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import Effect, Outcome, Quality, RefusalReason, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import date

PAGE_ROWS: Final = 50
EXPORT_PAGE_ROWS: Final = 1_000
COUNTED_MAX: Final = 5_000  # a longer register is counted no further: "more than" says enough


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFilter:
    """Which part of the register; filed from `since`, before `until`."""

    store_id: UUID | None = None
    stage: Stage | None = None
    since: datetime | None = None
    until: datetime | None = None

    def text(self) -> dict[str, str]:
        """Write the filter as plain texts, for a job."""
        query = {
            "store": self.store_id,
            "stage": self.stage.value if self.stage else None,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }
        return {name: str(value) for name, value in query.items() if value is not None}

    @classmethod
    def read(cls, query: Mapping[str, str]) -> RegisterFilter:
        """Read back what `text` wrote.

        >>> RegisterFilter.read(RegisterFilter(stage=Stage.NEW).text()).stage
        <Stage.NEW: 'NEW'>
        """
        return cls(
            store_id=UUID(query["store"]) if "store" in query else None,
            stage=Stage(query["stage"]) if "stage" in query else None,
            since=datetime.fromisoformat(query["since"]) if "since" in query else None,
            until=datetime.fromisoformat(query["until"]) if "until" in query else None,
        )


@dataclass(frozen=True, slots=True)
class SheetLine:
    """How the line of a request stands in the outside sheet: the effect's state and what it says."""

    state: str
    reference: str
    detail: str


@dataclass(frozen=True, slots=True)
class RegisterSlice:
    """One page: requests, newest first, and the key of the next page if there is one."""

    rows: tuple[ReturnRequest, ...]
    next: QueuePlace | None


@dataclass(frozen=True, slots=True)
class RegisterSum:
    """How many lines a filter finds and what they add up to in their main currency; `more` lines were not counted."""

    count: int
    minor: int
    currency: str
    more: bool


_SLICE: Final = """
SELECT q.id, q.filed_at FROM unnest(%(merchants)s::uuid[]) AS m(id) CROSS JOIN LATERAL (
  SELECT r.id, r.filed_at FROM returns_returnrequest r WHERE r.merchant_id = m.id {where}
  ORDER BY r.filed_at DESC, r.id DESC LIMIT %(limit)s) q
ORDER BY q.filed_at DESC, q.id DESC LIMIT %(limit)s
"""
_SUM: Final = """
SELECT count(*), sum(q.amount_minor), q.currency FROM (
  SELECT p.amount_minor, p.currency FROM unnest(%(merchants)s::uuid[]) AS m(id) CROSS JOIN LATERAL (
    SELECT r.amount_minor, r.currency FROM returns_returnrequest r WHERE r.merchant_id = m.id {where}
    ORDER BY r.filed_at DESC, r.id DESC LIMIT %(limit)s) p LIMIT %(limit)s) q
GROUP BY q.currency ORDER BY 1 DESC, 3
"""


def register_slice(
    merchants: Sequence[UUID],
    wanted: RegisterFilter,
    after: QueuePlace | None = None,
    *,
    limit: int = PAGE_ROWS,
) -> RegisterSlice:
    """Read one page in two statements, whatever the size of the table."""
    where, arguments = _conditions(wanted, after)
    with connection.cursor() as cursor:
        cursor.execute(
            _SLICE.format(where=where),  # our own words only
            {**arguments, "merchants": list(merchants), "limit": limit + 1},
        )
        keys = cursor.fetchall()
    ids = [key[0] for key in keys[:limit]]
    found = ReturnRequest.objects.in_bulk(ids) if ids else {}
    following = QueuePlace(keys[limit - 1][1], keys[limit - 1][0]) if len(keys) > limit else None
    return RegisterSlice(tuple(found[pk] for pk in ids if pk in found), following)


def register_sum(
    merchants: Sequence[UUID], wanted: RegisterFilter, most: int = COUNTED_MAX
) -> RegisterSum:
    """Count and add up to `most` lines of a filter; one statement."""
    where, arguments = _conditions(wanted, None)
    with connection.cursor() as cursor:
        cursor.execute(
            _SUM.format(where=where),  # our own words only
            {**arguments, "merchants": list(merchants), "limit": most + 1},
        )
        rows = cursor.fetchall()
    if not rows:
        return RegisterSum(0, 0, "KZT", more=False)
    count = sum(int(row[0]) for row in rows)
    more = count > most
    return RegisterSum(min(count, most), int(rows[0][1] or 0), rows[0][2], more=more)


def _conditions(wanted: RegisterFilter, after: QueuePlace | None) -> tuple[str, dict[str, Any]]:
    where: list[str] = []
    arguments: dict[str, Any] = {}
    tests = (
        ("store", "r.store_id = %(store)s", wanted.store_id),
        ("stage", "r.stage = %(stage)s", wanted.stage.value if wanted.stage else None),
        ("since", "r.filed_at >= %(since)s", wanted.since),
        ("until", "r.filed_at < %(until)s", wanted.until),
    )
    for name, test, value in tests:
        if value is not None:
            where.append(test)
            arguments[name] = value
    if after is not None:
        where.append("(r.filed_at, r.id) < (%(after_at)s, %(after_id)s)")
        arguments |= {"after_at": after.at, "after_id": after.id}
    return "".join(f" AND {each}" for each in where), arguments


def sheet_lines(ids: Sequence[UUID]) -> dict[UUID, SheetLine]:
    """Tell how each request's line stands in the outside sheet, by its latest writing; one statement."""
    rows = PlannedEffect.objects.filter(subject_id__in=ids, kind=Effect.WRITE_REGISTER.value)
    found = {}
    for subject_id, state, reference, detail in rows.order_by("subject_id", "ordinal").values_list(
        "subject_id", "state", "reference", "detail"
    ):
        found[subject_id] = SheetLine(state, reference, detail)
    return found


# --- taken away -------------------------------------------------------------------------------------


def register_columns() -> list[Column]:
    """Give the columns of an exported register, headed in the active language; times are Almaty's."""
    here = zone(ALMATY)
    return [
        Column(_("Request")),
        Column(_("Attempt"), CellKind.INTEGER),
        Column(pgettext("sale", "Order")),
        Column(_("Filed"), CellKind.MOMENT, zone=here),
        Column(_("Store")),
        Column(_("Product")),
        Column(_("Article")),
        Column(_("Quantity")),
        Column(_("Amount"), CellKind.MONEY),
        Column(_("Currency")),
        Column(_("Customer")),
        Column(_("Phone")),
        Column(_("Reason")),
        Column(_("Quality")),
        Column(_("Stage")),
        Column(_("Outcome")),
        Column(_("Refusal reason")),
        Column(_("Control date"), CellKind.MOMENT, zone=here),
        Column(_("Decided"), CellKind.DATE),
        Column(_("Closed"), CellKind.MOMENT, zone=here),
    ]


def decided_on(request: ReturnRequest) -> date | None:
    """Tell the day a request was refused or closed, local to Almaty; None while nothing is decided."""
    at = request.refused_at or request.closed_at
    return local_date(at, zone(ALMATY)) if at else None


def register_cells(request: ReturnRequest, masked: Collection[UUID] = frozenset()) -> list[object]:
    """Write one request for the columns of `register_columns`; phones of the merchants in `masked` are masked."""
    phone = request.customer_phone
    return [
        request.number,
        request.attempt,
        request.order_code,
        request.filed_at,
        request.store_name,
        request.product_name,
        request.product_sku,
        _quantity(request.quantity_milli),
        request.amount_minor,
        request.currency,
        request.customer_name,
        mask_phone(phone) if request.merchant_id in masked else phone,
        request.reason_text or request.reason_code,
        word_for(Quality(request.quality)),
        word_for(Stage(request.stage)),
        word_for(Outcome(request.outcome)) if request.outcome else None,
        word_for(RefusalReason(request.refusal_reason)) if request.refusal_reason else None,
        request.control_at,
        decided_on(request),
        request.closed_at,
    ]


def _quantity(milli: int) -> str:
    """Write thousandths as people do.

    >>> _quantity(1000), _quantity(1500), _quantity(20)
    ('1', '1,5', '0,02')
    """
    whole, rest = divmod(milli, 1000)
    return f"{whole},{rest:03d}".rstrip("0").removesuffix(",") if rest else str(whole)


def register_rows(
    merchants: Sequence[UUID],
    wanted: RegisterFilter,
    walls: Callable[[], AbstractContextManager[None]] = nullcontext,
    noted: Callable[[int], object] = int,
    masked: Collection[UUID] = frozenset(),
) -> Iterator[list[object]]:
    """Yield every line of a filter for an export, reading page by page by key.

    Each page is read inside `walls()`, so that no transaction stays open while a slow reader takes the lines;
    without it the caller's own transaction is used.  `noted` hears how many lines were read after each page; by default
    nobody does.
    """
    after: QueuePlace | None = None
    done = 0
    while True:
        with walls():
            page = register_slice(merchants, wanted, after, limit=EXPORT_PAGE_ROWS)
        yield from (register_cells(request, masked) for request in page.rows)
        done += len(page.rows)
        noted(done)
        after = page.next
        if after is None:
            return
