"""New cases: by hand from an order number, or as the marketplace shows them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from qaitar.contracts.marketplace import Section
from qaitar.foundation.identity.actors import require_role
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.transition import Change, Row, create, unwritten
from qaitar.foundation.ops.prepared_statements import prepared_cursor
from qaitar.foundation.records.models import SearchKey
from qaitar.foundation.records.search import search_keys
from qaitar.kernel.almaty import almaty_day
from qaitar.kernel.identifiers import UnreadableNumber, request_attempt
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import WORKERS, Role
from qaitar.orders.line_matching import Sought, line_found, share_of
from qaitar.returns.errors import BadCase
from qaitar.returns.models import ReturnRequest, StageDelta
from qaitar.returns.rules.case_evaluation import control_values
from qaitar.returns.rules.reasons import stated_quality
from qaitar.returns.vocabulary import Quality, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qaitar.foundation.identity.actors import Actor

TEXT_MAX: Final = 4000
ISSUED: Final = frozenset({"COMPLETED", "Выдан"})
RECEIVED: Final = ISSUED | {"RETURNED", "RETURN_ACCEPTED_BY_MERCHANT"}
_NO_LINE: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """What is known of a return request when it comes in; empty means not told.

    `number` is `<order>-<attempt>`.  What is not told is filled from the order.
    """

    store_id: UUID
    number: str
    source: str  # MANUAL, CABINET, API, FILE
    filed_at: datetime
    reason_code: str = ""
    reason_text: str = ""
    customer_words: str = ""
    marketplace_due_at: datetime | None = None
    section: str = ""
    section_raw: str = ""
    status_text: str = ""
    external_id: str = ""
    product_name: str = ""
    product_sku: str = ""
    line_id: UUID | None = None  # the order's line, chosen by a person
    quantity_milli: int | None = None
    amount_minor: int | None = None
    withdraw_minor: int | None = None
    customer_name: str = ""
    customer_phone: str = ""
    quality: Quality | None = None
    planned_arrival_on: date | None = None
    received_on: date | None = None
    seen_at: datetime | None = None  # when the marketplace showed it; not told: now
    mirror: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderFrame:
    """The store and, where known, the order, line, customer and unit a filing is about.

    `line` is empty where the order is not known, or where nothing says which of its `lines` is meant.
    """

    merchant_id: UUID
    store: Mapping[str, Any]
    store_text: str
    days_text: str
    order: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]]
    line: Mapping[str, Any]
    customer: Mapping[str, Any]
    units: Sequence[str]  # numbers of the units noted on the order, the newest first

    @property
    def unit(self) -> str:
        """Give the number of the unit noted last; empty where none is."""
        return self.units[0] if self.units else ""


_FRAME = """
WITH wanted AS (SELECT * FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS w(store, code, n))
SELECT w.n, s.merchant_id, s.name,
  jsonb_build_object('zone', s.zone, 'week', s.week, 'exceptions', s.exceptions, 'clocks', s.clocks,
   'default_action', s.default_action, 'default_reason', s.default_reason, 'duty', s.duty_user_id,
   'cabinet_url', s.cabinet_url, 'mailbox', s.support_mailbox, 'merchant', s.merchant_id,
   'country', m.country, 'merchant_mailbox', m.support_mailbox, 'merchant_settings', m.settings)::text,
  (SELECT jsonb_agg(jsonb_build_array(d.day, d.off) ORDER BY d.day)::text FROM returns_dayoff d
   WHERE d.merchant_id = s.merchant_id),
  to_jsonb(o)::text,
  (SELECT jsonb_agg(to_jsonb(l) ORDER BY l.number, l.id)::text FROM orders_orderline l WHERE l.order_id = o.id),
  to_jsonb(c)::text,
  (SELECT jsonb_agg(u.value ORDER BY u.noted_at DESC)::text FROM orders_unit u WHERE u.order_id = o.id)
FROM wanted w
JOIN orders_store s ON s.id = w.store
JOIN foundation_merchant m ON m.id = s.merchant_id
LEFT JOIN orders_order o ON o.store_id = s.id AND o.code = w.code
LEFT JOIN orders_customer c ON c.id = o.customer_id
"""


def frames_load(wanted: Sequence[tuple[UUID, str, str]]) -> dict[int, tuple[str, OrderFrame]]:
    """Load store and order for (store, order code, SKU) triples in one statement, by their place in `wanted`.

    A store these walls do not hold is missing from the answer.  The first member is the store's name.
    """
    stores, codes, skus = zip(*wanted, strict=True) if wanted else ((), (), ())
    with prepared_cursor() as cursor:
        cursor.execute(_FRAME, [list(stores), list(codes)])
        rows = cursor.fetchall()
    found = {}
    for n, merchant_id, name, store, days, order, lines_text, customer, units in rows:
        lines = json.loads(lines_text) if lines_text else []
        frame = OrderFrame(
            merchant_id=merchant_id,
            store=json.loads(store),
            store_text=store,
            days_text=days or "[]",
            order=json.loads(order) if order else {},
            lines=lines,
            line=line_found(lines, Sought(code=skus[int(n) - 1])) or {},
            customer=json.loads(customer) if customer else {},
            units=json.loads(units) if units else [],
        )
        found[int(n) - 1] = (name, frame)
    return found


def requests_create(
    *, filings: Sequence[Filing], actors: Mapping[UUID, Actor], now: datetime
) -> dict[int, ReturnRequest]:
    """Open cases for filings, two statements for all; the answer names each new case by its place in `filings`.

    A filing whose number the store already has opens nothing (it may have come both by hand and by the mirror).

    Raises:
        BadCase: a number is unreadable, a store is unknown, or the order has no such line; nothing was opened.
    """
    numbers = [_number(filing) for filing in filings]
    frames = frames_load(
        [(f.store_id, order, f.product_sku) for f, (order, _) in zip(filings, numbers, strict=True)]
    )
    changes: list[Change] = []
    requests: dict[UUID, tuple[int, ReturnRequest]] = {}
    for place, (filing, (order_code, attempt)) in enumerate(zip(filings, numbers, strict=True)):
        if place not in frames:
            raise BadCase("STORE_UNKNOWN")
        store_name, frame = frames[place]
        frame = _chosen(frame, filing)
        request = _request(filing, frame, store_name, order_code, attempt, now)
        _note_amount_origin(request, filing, frame, actors[frame.merchant_id])
        changes.append(_creation(request, frame.units, actors[frame.merchant_id], now))
        requests[request.pk] = (place, request)
    made = create(ReturnRequest, changes)
    return {place: request for pk, (place, request) in requests.items() if pk in made}


def about(frame: OrderFrame, sought: Sought) -> OrderFrame:
    """Choose the line of the order by all that is known of the goods."""
    return replace(frame, line=line_found(frame.lines, sought) or {})


def _chosen(frame: OrderFrame, filing: Filing) -> OrderFrame:
    """Give the frame with the line a person chose, else the one found by what is known of the goods."""
    if filing.line_id is None:
        return about(frame, _sought(filing))
    line = next((each for each in frame.lines if UUID(each["id"]) == filing.line_id), None)
    if line is None:
        raise BadCase("LINE_UNKNOWN")
    return replace(frame, line=line)


def _sought(filing: Filing) -> Sought:
    return Sought(
        code=filing.product_sku,
        name=filing.product_name,
        amount_minor=filing.amount_minor,
        quantity_milli=filing.quantity_milli,
    )


def amount_minor_of(frame: OrderFrame, quantity_milli: int | None = None) -> int | None:
    """Give what so much of this line is worth (all of it by default), where the order tells it without doubt.

    Never the sum of an order with other lines; an order known without lines is taken for one thing.
    """
    if frame.line:
        return share_of(frame.line, quantity_milli)
    total: int | None = None if frame.lines else frame.order.get("total_minor")
    return total


def request_create(*, filing: Filing, by: Actor, merchant_id: UUID, now: datetime) -> ReturnRequest:
    """Open one case.

    Raises:
        BadCase: NUMBER_UNREADABLE, STORE_UNKNOWN, or NUMBER_TAKEN when the store already has this number.
    """
    made = requests_create(filings=[filing], actors={merchant_id: by}, now=now)
    if 0 not in made:
        raise BadCase("NUMBER_TAKEN", number=filing.number)
    return made[0]


def _number(filing: Filing) -> tuple[str, int]:
    try:
        read = request_attempt(filing.number)
    except UnreadableNumber as error:
        raise BadCase("NUMBER_UNREADABLE", number=filing.number[:60]) from error
    return read.order_code, read.attempt


def _request(
    filing: Filing, frame: OrderFrame, store_name: str, order_code: str, attempt: int, now: datetime
) -> ReturnRequest:
    order, line, customer = frame.order, frame.line, frame.customer
    amount = filing.amount_minor
    if amount is None:
        amount = amount_minor_of(frame, filing.quantity_milli)
    request = ReturnRequest(
        id=new_id(),
        merchant_id=frame.merchant_id,
        store_id=filing.store_id,
        store_name=store_name,
        number=filing.number,
        order_code=order_code,
        attempt=attempt,
        order_id=UUID(order["id"]) if order else None,
        line_id=UUID(line["id"]) if line else None,
        external_id=filing.external_id,
        source=filing.source,
        stage=Stage.NEW.value,
        stage_since=now,
        quality=(
            filing.quality
            or stated_quality(filing.reason_code, filing.reason_text, filing.customer_words)
        ).value,
        marketplace_due_at=filing.marketplace_due_at,
        marketplace_due_section=filing.section
        or (Section.NEW.value if filing.marketplace_due_at else ""),
        section=filing.section,
        section_raw=filing.section_raw,
        section_seen_at=filing.seen_at or (now if filing.section else None),
        status_text=filing.status_text[:300],
        mirror=dict(filing.mirror),
        reason_code=filing.reason_code[:60],
        reason_text=filing.reason_text[:300],
        customer_words=filing.customer_words[:TEXT_MAX],
        filed_at=filing.filed_at,
        received_on=filing.received_on or received_day(order, line),
        planned_arrival_on=filing.planned_arrival_on,
        product_name=(filing.product_name or line.get("name") or "")[:500],
        product_sku=(filing.product_sku or line.get("offer_code") or "")[:120],
        category_title=line.get("category_title") or "",
        quantity_milli=filing.quantity_milli or line.get("quantity_milli") or 1000,
        amount_minor=amount,
        withdraw_minor=filing.withdraw_minor,
        currency=order.get("currency") or "KZT",
        customer_name=(filing.customer_name or customer.get("name") or "")[:200],
        customer_phone=filing.customer_phone or customer.get("phone") or "",
        unit_value=frame.unit,
        created_at=now,
    )
    for name, value in control_values(request, (frame.store_text, frame.days_text), now).items():
        setattr(request, name, value)
    return request


def _note_amount_origin(
    request: ReturnRequest, filing: Filing, frame: OrderFrame, by: Actor
) -> None:
    """Note what the limit of approval looks at when a person states another amount than the order, or the only one."""
    if by.role is Role.SYSTEM or filing.amount_minor is None:
        return
    of_order = amount_minor_of(frame, filing.quantity_milli)
    request.amount_by_hand = of_order is None
    if of_order is not None and of_order != filing.amount_minor:
        request.amount_peak_minor = of_order


def received_day(order: Mapping[str, Any], line: Mapping[str, Any] = _NO_LINE) -> date | None:
    """Read when the buyer received a line of an order, or the whole order.

    Told by the channel, else the day an issued line or order last changed.  It is the marketplace's own day, as its exports and
    its cabinet tell it, wherever the store keeps its hours.
    """
    own_day = line.get("status_changed_on")
    if line.get("status") == "COMPLETED" and own_day and not order.get("external_id"):
        return date.fromisoformat(own_day)
    status = order.get("status")
    if status not in RECEIVED:
        return None
    if moment := order.get("delivered_at"):
        return almaty_day(datetime.fromisoformat(moment))
    if status not in ISSUED:  # the day it last changed is the day it was returned
        return None
    day = order.get("status_changed_on")
    return date.fromisoformat(day) if day else None


CREATED: Final = tuple(
    f.attname
    for f in ReturnRequest._meta.concrete_fields
    if f.attname not in {"id", "merchant_id", "version", "journal_seq", "journal_head"}
)
JOURNALLED_AT_START: Final = (
    "number",
    "stage",
    "section",
    "quality",
    "source",
    "reason_text",
    "amount_minor",
    "product_name",
)


def _creation(request: ReturnRequest, units: Sequence[str], by: Actor, now: datetime) -> Change:
    require_role(by, WORKERS)
    control = request.control_at
    assert control is not None, "every open case has a control date"
    after = {name: getattr(request, name) for name in JOURNALLED_AT_START}
    after["control_at"] = control.isoformat()
    after["control_rule"] = request.control_rule
    after["control_source"] = request.control_source
    line = JournalLine(act="CREATE", at=now, by=by, after=after)
    keys = search_keys(
        [request.number, request.order_code, request.product_sku, *units],
        phones=[request.customer_phone],
        names=[request.customer_name],
    )
    base = {"merchant_id": request.merchant_id}
    rows = [
        Row(SearchKey, {"id": new_id(), **base, "subject_id": request.pk, "key": key})
        for key in keys
    ]
    delta = {
        "id": new_id(),
        **base,
        "store_id": request.store_id,
        "stage": request.stage,
        "delta": 1,
    }
    values = {name: getattr(request, name) for name in CREATED}
    return Change(
        unwritten(request.pk, request.merchant_id), values, line, (*rows, Row(StageDelta, delta))
    )
