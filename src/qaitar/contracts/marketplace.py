"""What a marketplace tells about orders and return requests, whichever way it was read.

Every field but the identifier may be None, and None means "this source does not know": laying one source over another
(`return_overlay`) therefore never erases.  Money is integer tiyn in fields ending in `_minor`, quantities are
thousandths in `quantity_milli`, times are aware UTC, phones are raw text.  Fields with personal data stay out of `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from qaitar.contracts.outcome import Busy, Health, Misconfigured, Missing, Refused, Unknown


class TenderKind(StrEnum):
    """How a part of the order was paid."""

    CARD = "CARD"
    CREDIT = "CREDIT"  # credit or instalment; the marketplace does not tell them apart
    BONUS = "BONUS"
    UNKNOWN = "UNKNOWN"


class Section(StrEnum):
    """The five sections of the marketplace's list of return requests."""

    NEW = "NEW"
    AWAITING_DECISION = "AWAITING_DECISION"
    IN_DELIVERY = "IN_DELIVERY"
    DISPUTE = "DISPUTE"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class Unread:
    """A field that came and could not be read, or that always comes and did not.

    `name` is the marketplace's own; `why` is one of missing, empty, unread, not_a_date, unknown_section; `came` is what stood there.
    """

    name: str
    why: str
    came: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRecord:
    """The buyer as the marketplace names them.  All of it is personal data, `external_id` too (Kaspi: base64 of the phone)."""

    external_id: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    first_name: str | None = field(default=None, repr=False)
    last_name: str | None = field(default=None, repr=False)
    phone_raw: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRecord:
    """One line of an order.  `offer_code` is not always the seller's SKU: see `product_code` (the marketplace's card).

    `status` is the marketplace's code for this line where a source shows one per line (exports), with the day it changed.
    """

    external_id: str | None = None
    number: int | None = None
    offer_code: str | None = None
    product_external_id: str | None = None
    product_code: str | None = None
    merchant_code: str | None = None
    merchant_name: str | None = None
    name: str | None = None
    category_code: str | None = None
    category_title: str | None = None
    quantity_milli: int | None = None
    unit_type: str | None = None
    price_minor: int | None = None
    total_minor: int | None = None
    imei_required: bool | None = None
    unread: tuple[Unread, ...] = field(default=(), compare=False)
    status: str | None = None
    status_changed_on: date | None = None


@dataclass(frozen=True, slots=True)
class RowNote:
    """Something of a row that was taken, but not as it stands there; fields as of `RowRejected`."""

    row_number: int
    code: str
    reason: str
    sheet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenderRecord:
    """One way a part of the order was paid; `term_months` only for credit."""

    kind: TenderKind
    amount_minor: int | None = None
    term_months: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """One order as one source tells it.

    `status` and `state` are the marketplace's own codes, unknown ones kept as they came; `status_text` is what a person reads in
    the source.  `dates_are_days` says that the source writes days only, and every moment here is that day's start.
    `row_numbers` are the rows of the file it was read from, as a person sees them, on the sheet `sheet`; empty when it was no
    file.  `shop_number` is the marketplace's own number of the shop that sold it.  `unread` names what came and could not be
    read; those fields are None.
    """

    code: str
    external_id: str | None = None
    created_at: datetime | None = None
    dates_are_days: bool = False
    state: str | None = None
    status: str | None = None
    status_text: str | None = None
    status_changed_on: date | None = None
    planned_delivery_at: datetime | None = None
    delivered_at: datetime | None = None
    payment_mode: str | None = None
    credit_term_months: int | None = None
    total_minor: int | None = None
    currency: str = "KZT"
    delivery_mode: str | None = None
    is_kaspi_delivery: bool | None = None
    delivery_cost_minor: int | None = None
    delivery_cost_seller_minor: int | None = None
    delivery_compensation_minor: int | None = None
    waybill_number: str | None = None
    waybill_url: str | None = None
    assembled: bool | None = None
    courier_planned_at: datetime | None = None
    courier_handed_at: datetime | None = None
    returned_to_warehouse: bool | None = None
    pickup_point: str | None = None
    address: str | None = field(default=None, repr=False)
    customer: CustomerRecord | None = None
    lines: tuple[LineRecord, ...] | None = None
    tenders: tuple[TenderRecord, ...] | None = None
    cancellation_reason: str | None = None
    shop_number: str | None = None
    row_numbers: tuple[int, ...] = field(default=(), compare=False)
    unread: tuple[Unread, ...] = field(default=(), compare=False)
    sheet: str = field(default="", compare=False)
    notes: tuple[RowNote, ...] = field(default=(), compare=False)
    raw: Mapping[str, object] | None = field(default=None, repr=False, compare=False)

    def raw_rows(self) -> list[tuple[int, Mapping[str, object] | None]]:
        """Give each row of the file with its number; one without cells and number 0 when it was no file."""
        rows = (self.raw or {}).get("rows")
        if isinstance(rows, list) and len(rows) == len(self.row_numbers):
            return list(zip(self.row_numbers, rows, strict=True))
        return [(number, self.raw) for number in self.row_numbers or (0,)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRejected:
    """A row or record that could not be taken.  `row_number` counts as a person sees it in the file, from 1; 0 = no rows.

    `reason_code` is one of the reader's documented codes; `reason` is a plain English sentence without personal data; `sheet`
    names the sheet of a workbook that has several.
    """

    row_number: int
    reason_code: str
    reason: str
    raw: Mapping[str, object] | None = field(default=None, repr=False, compare=False)
    sheet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """One page of a list; `page` counts from 0, and the next one is read while it is below `page_count`."""

    orders: tuple[OrderRecord, ...]
    page: int
    page_count: int
    total: int | None = None
    rejected: tuple[RowRejected, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReading:
    """One step of a return request's way as the marketplace shows it; codes are the marketplace's own."""

    title: str | None = None
    step_type: str | None = None
    step_status: str | None = None
    stage: str | None = None
    result: str | None = None
    expires_at: datetime | None = None
    delayed: bool | None = None
    comment: str | None = None
    additional_text: str | None = None
    hint: str | None = None
    inspection_result_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnReading:
    """What the marketplace shows of one return request now.

    `number` is `<order>-<attempt>`; `planned_at` is the control date.  `section` is None when the section is not known or has a
    name never seen, which then stands in `section_raw`.  `actions_raw` is kept unread: its shape is not published.
    `seen_at` is when the marketplace gave this answer, None when that is not told; `shop` is the shop's own number there, empty
    when not told.  `reason_origin_*` is the reason the buyer gave, told only where the marketplace has replaced it since.
    `earlier` are the looks, oldest first, that this one was merged from; itself included, empty when it is a single look.
    """

    number: str
    refund_id: str | None = None
    section: Section | None = None
    section_raw: str | None = None
    order_code: str | None = None
    reason_code: str | None = None
    reason_text: str | None = None
    planned_at: datetime | None = None
    status_text: str | None = None
    step_text: str | None = None
    hint_text: str | None = None
    product_sku: str | None = None
    product_name: str | None = None
    customer_name: str | None = field(default=None, repr=False)
    customer_phone_raw: str | None = field(default=None, repr=False)
    amount_minor: int | None = None
    total_withdraw_minor: int | None = None
    price_minor: int | None = None
    currency: str = "KZT"
    quantity_milli: int | None = None
    comment: str | None = field(default=None, repr=False)
    reject_text: str | None = None
    responsible: str | None = None
    delivery_type: str | None = None
    address: str | None = field(default=None, repr=False)
    steps: tuple[StepReading, ...] | None = None
    image_urls: tuple[str, ...] | None = None
    tracking_url: str | None = None
    created_at: datetime | None = None
    order_completed_on: date | None = None
    actions_raw: tuple[object, ...] | None = field(default=None, repr=False)
    reason_history: tuple[Mapping[str, object], ...] | None = None
    reason_origin_code: str | None = None
    reason_origin_text: str | None = None
    image_digests: Mapping[str, str] | None = (
        None  # SHA-256 of pictures that were looked at, by address
    )
    item_print: str | None = field(
        default=None, compare=False
    )  # digest of the list item whose detail was read
    unread: tuple[Unread, ...] = ()
    seen_at: datetime | None = field(default=None, compare=False)
    shop: str = field(default="", compare=False)
    earlier: tuple[ReturnReading, ...] = field(default=(), repr=False, compare=False)
    raw: Mapping[str, object] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPage:
    """One page of a section's list; `total` is how many requests the section holds."""

    readings: tuple[ReturnReading, ...]
    page: int
    total: int | None = None
    rejected: tuple[RowRejected, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionCounts:
    """How many requests each section holds; a section not told is absent; `unknown` keeps names never seen."""

    totals: Mapping[Section, int]
    unknown: Mapping[str, int] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    shop: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSeen:
    """What a saved body holds of one section's list: how many requests the marketplace said it has, how many came.

    `section` is None for a name never seen, which stands in `tab`.
    """

    tab: str
    section: Section | None
    expected: int
    came: int
    shop: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAnswers:
    """What a body saved from the marketplace holds: requests, what could not be taken, the counts if it told them.

    `counts` are the newest; `counts_by_shop` those of each shop's number.  `lists` names the lists that are not whole in this
    body.  `handed_at` is the sender's clock when the body was sent, where the sender wrote it.  `has_times` tells whether the
    body says when its answers were given.
    """

    readings: tuple[ReturnReading, ...]
    problems: tuple[RowRejected, ...]
    counts: SectionCounts | None = None
    counts_by_shop: Mapping[str, SectionCounts] = field(default_factory=dict)
    lists: tuple[ListSeen, ...] = ()
    handed_at: datetime | None = None
    has_times: bool = False


@dataclass(frozen=True, slots=True)
class ReducedAnswers:
    """What of a body may be stored: its bytes, and how much was left out, by kind.

    Kinds: `other_answers`, `preflights`, `pictures` (their digests are kept), `pages` (a page where data should be),
    `header_lines`, `not_json` (bytes that are no JSON: nothing of them is kept).
    """

    body: bytes = field(repr=False)
    left_out: Mapping[str, int] = field(default_factory=dict)
    has_times: bool = False


class OrderSource(Protocol):
    """Reads orders from a marketplace.  Stateless; reading twice gives the same and changes nothing there.

    `Unknown` from a read means only "not learnt": reading again is safe.  `states` are those a full reading walks through.
    """

    @property
    def states(self) -> tuple[str, ...]:
        """Name the states a window has to be asked for, one after another."""
        ...

    def windows(self, now: datetime, back_to: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Walk back from `now` in windows the marketplace accepts, newest first, without gap or overlap."""
        ...

    def still_changes(self, order: OrderRecord, now: datetime) -> bool:
        """Tell whether an order read before has to be read again."""
        ...

    def list_window(
        self, created_from: datetime, created_to: datetime, *, state: str | None, page: int = 0
    ) -> OrderPage | Refused | Misconfigured | Busy | Unknown:
        """Read one page of orders created in a window no longer than the marketplace allows."""
        ...

    def by_code(
        self, code: str
    ) -> OrderRecord | Missing | Refused | Misconfigured | Busy | Unknown:
        """Read one order with its lines by the number the buyer sees, however old it is."""
        ...

    def lines(
        self, external_id: str
    ) -> tuple[LineRecord, ...] | Refused | Misconfigured | Busy | Unknown:
        """Read the lines of one order by its id: for lists that came without them."""
        ...

    def health(self, now: datetime) -> Health:
        """Say in plain words whether the connection works and, if not, what to do."""
        ...


class ReturnsReader(Protocol):
    """Reads return requests from a marketplace; never writes."""

    def counts(self) -> SectionCounts | Refused | Misconfigured | Busy | Unknown:
        """Count the requests of each section."""
        ...

    def list_section(
        self, section: Section, *, page: int = 0
    ) -> ReturnPage | Refused | Misconfigured | Busy | Unknown:
        """Read one page of a section, newest knowledge first."""
        ...

    def list_tab(
        self, tab: str, *, page: int = 0
    ) -> ReturnPage | Refused | Misconfigured | Busy | Unknown:
        """Read one page of a section by the marketplace's own name for it, as the counts give it."""
        ...

    def details(
        self, refund_id: str, number: str
    ) -> ReturnReading | Missing | Refused | Misconfigured | Busy | Unknown:
        """Read everything shown of one request."""
        ...

    def health(self, now: datetime) -> Health:
        """Say in plain words whether the connection works and, if not, what to do."""
        ...


def _overlay(older: ReturnReading, newer: ReturnReading) -> ReturnReading:
    known = {f.name: value for f in fields(newer) if (value := getattr(newer, f.name)) is not None}
    return replace(older, **known)


def return_overlay(older: ReturnReading, newer: ReturnReading) -> ReturnReading:
    """Lay a newer reading of one request over an older: what the newer does not know stays.

    >>> row = ReturnReading(number="700000001-1", status_text="Новая")
    >>> return_overlay(row, ReturnReading(number="700000001-1", reason_code="WRONG")).status_text
    'Новая'
    """
    assert older.number == newer.number, "two different requests"
    merged = _overlay(older, newer)
    newer_fields = newer.raw or {}
    still = [
        one
        for one in older.unread
        if one.name.partition(".")[0].partition("[")[0] not in newer_fields
    ]
    again = {one.name for one in still}
    if newer.section_raw is not None:  # a section never seen has a name and nothing else
        merged = replace(merged, section=newer.section)
    if newer.reason_code not in {None, older.reason_code}:  # the words belong to the code
        merged = replace(merged, reason_text=newer.reason_text)
    return replace(
        merged,
        earlier=(*(older.earlier or (older,)), *(newer.earlier or (newer,))),
        shop=newer.shop or older.shop,
        image_digests={**(older.image_digests or {}), **(newer.image_digests or {})} or None,
        unread=(*still, *(one for one in newer.unread if one.name not in again)),
        raw=_raw_overlay(older.raw, newer.raw),
    )


def _raw_overlay(
    older: Mapping[str, object] | None, newer: Mapping[str, object] | None
) -> Mapping[str, object] | None:
    return {**older, **newer} if older and newer else newer or older
