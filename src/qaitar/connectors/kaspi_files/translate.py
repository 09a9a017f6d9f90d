"""Rows of the export → one order record, or the reason why not.  Pure and total."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from qaitar.connectors.kaspi_files import facts, wire
from qaitar.contracts.marketplace import (
    LineRecord,
    OrderRecord,
    RowRejected,
    TenderKind,
    TenderRecord,
)
from qaitar.kernel.almaty import almaty_day, almaty_to_utc
from qaitar.transport import lenient

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

ONE_PIECE_MILLI = 1000
YEARS = range(2000, 2101)
_CODE = re.compile(r"\d{5,20}\Z")
_DAY = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})(?: (\d{2}):(\d{2})(?::(\d{2}))?)?\Z")
_MERCHANT = re.compile(r"(\d+)_PP\d+\Z")
_TENDERS = {"PAY_WITH_CREDIT": TenderKind.CREDIT, "PREPAID": TenderKind.CARD}
_MONEY = (
    facts.AMOUNT,
    facts.DELIVERY_COST,
    facts.DELIVERY_COST_SELLER,
    facts.DELIVERY_COMPENSATION,
)
_DATES = (facts.CREATED, facts.STATUS_CHANGED, facts.COURIER_PLANNED)


class AmountOf(StrEnum):
    """What «Сумма» means where an order has several rows; no genuine file shows it, so it is a setting."""

    LINE = "LINE"  # the row's own product: the order costs the sum of its rows
    ORDER = "ORDER"  # the whole order, repeated on each row


@dataclass(frozen=True, slots=True)
class NumberedRow:
    """A row and its number as Excel shows it."""

    number: int
    cells: wire.Row


@lru_cache(maxsize=8192)
def day_start(text: str) -> datetime | None:
    """Read `DD.MM.YYYY` (a time may follow) in Almaty as UTC; anything else is no date.

    >>> day_start("31.07.2025")
    datetime.datetime(2025, 7, 30, 19, 0, tzinfo=datetime.timezone.utc)
    >>> day_start("31.11.2025"), day_start("2025-07-31")
    (None, None)
    """
    found = _DAY.match(text)
    if found is None:
        return None
    day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
    if year not in YEARS:
        return None
    try:
        return almaty_to_utc(datetime(year, month, day, hour, minute, second))  # noqa: DTZ001  a wall clock
    except ValueError:
        return None


@lru_cache(maxsize=8192)
def tiyn(text: str) -> int | None:
    """Read tenge as the export writes them: `11990`, `1455.0`, `1 455,00` with any space.

    >>> tiyn("1455.0"), tiyn("1\u00a0455,00"), tiyn("дорого")
    (145500, 145500, None)
    """
    return None if "e" in text.casefold() else lenient.minor(text)  # a person writes no exponent


def merchant_id_of(pickup_point: str | None) -> str | None:
    """Take the shop's number out of its handover point.

    >>> merchant_id_of("30141222_PP1"), merchant_id_of("Склад")
    ('30141222', None)
    """
    found = _MERCHANT.match(pickup_point or "")
    return found[1] if found else None


def row_fault(row: NumberedRow) -> RowRejected | None:
    """Say why a row cannot be taken, or nothing.  Codes: no_code, bad_code, no_date, bad_date, bad_amount, bad_quantity."""
    cells = row.cells
    code, reason = _fault(cells)
    if code is None:
        return None
    return RowRejected(row_number=row.number, reason_code=code, reason=reason, raw=cells)


def _fault(cells: wire.Row) -> tuple[str | None, str]:
    code = cells.get(facts.CODE)
    if code is None:
        return "no_code", f"«{facts.CODE}» is empty."
    if _CODE.match(code) is None or not code.isascii():
        return "bad_code", f"«{facts.CODE}» is not a number of 5 to 20 digits."
    if facts.CREATED not in cells:
        return "no_date", f"«{facts.CREATED}» is empty."
    return _value_fault(cells)


def _value_fault(cells: wire.Row) -> tuple[str | None, str]:
    for name in _DATES:
        if name in cells and day_start(cells[name]) is None:
            return "bad_date", f"«{name}» is not a date like 31.07.2025."
    for name in _MONEY:
        if name in cells and tiyn(cells[name]) is None:
            return "bad_amount", f"«{name}» is not an amount in tenge."
    if facts.QUANTITY in cells and not _quantity(cells):
        return "bad_quantity", f"«{facts.QUANTITY}» is not a number above zero."
    return None, ""


def _quantity(cells: wire.Row) -> int | None:
    return _milli(cells.get(facts.QUANTITY, ""))


@lru_cache(maxsize=1024)
def _milli(text: str) -> int | None:
    return lenient.milli(text)


def order_from(rows: Sequence[NumberedRow], amount_of: AmountOf = AmountOf.LINE) -> OrderRecord:
    """Read the rows of one order, all without a fault; the first row speaks for the order, each row is a line."""
    head = rows[0].cells
    word = head.get(facts.STATUS)
    state, status = facts.STATUSES.get(wire.folded(word), (None, word)) if word else (None, None)
    changed = day_start(head.get(facts.STATUS_CHANGED, ""))
    payment = head.get(facts.PAYMENT)
    mode = facts.PAYMENTS.get(wire.folded(payment), payment) if payment else None
    way = head.get(facts.DELIVERY)
    total = _order_total(rows, amount_of)
    courier = wire.folded(head.get(facts.COURIER, ""))
    return OrderRecord(
        code=head[facts.CODE],
        created_at=day_start(head[facts.CREATED]),
        dates_are_days=True,
        state=state,
        status=status,
        status_text=word,
        status_changed_on=_day(head.get(facts.STATUS_CHANGED)),
        delivered_at=changed if status == facts.COMPLETED else None,
        payment_mode=mode,
        total_minor=total,
        currency=facts.CURRENCY,
        delivery_mode=facts.DELIVERIES.get(wire.folded(way), way) if way else None,
        is_kaspi_delivery=True if courier == facts.KASPI_COURIER else None,
        delivery_cost_minor=tiyn(head.get(facts.DELIVERY_COST, "")),
        delivery_cost_seller_minor=tiyn(head.get(facts.DELIVERY_COST_SELLER, "")),
        delivery_compensation_minor=tiyn(head.get(facts.DELIVERY_COMPENSATION, "")),
        courier_planned_at=day_start(head.get(facts.COURIER_PLANNED, "")),
        pickup_point=head.get(facts.HANDOVER_POINT),
        address=head.get(facts.ADDRESS),
        lines=tuple(_line(row.cells, amount_of) for row in rows),
        tenders=_tenders(mode, total),
        cancellation_reason=head.get(facts.CANCEL_REASON),
        row_numbers=tuple(row.number for row in rows),
        raw=head if len(rows) == 1 else {"rows": [row.cells for row in rows]},
    )


def _day(text: str | None) -> date | None:
    start = day_start(text) if text else None
    return almaty_day(start) if start is not None else None


def _order_total(rows: Sequence[NumberedRow], amount_of: AmountOf) -> int | None:
    amounts = [tiyn(row.cells.get(facts.AMOUNT, "")) for row in rows]
    known = [amount for amount in amounts if amount is not None]
    if amount_of is AmountOf.ORDER:
        return known[0] if known else None
    return sum(known) if len(known) == len(rows) else None


def _line(cells: wire.Row, amount_of: AmountOf) -> LineRecord:
    """One row as a line; the price of a piece is told only where there is one piece."""
    quantity = _quantity(cells)
    total = tiyn(cells.get(facts.AMOUNT, "")) if amount_of is AmountOf.LINE else None
    return LineRecord(
        offer_code=cells.get(facts.OFFER_CODE),
        merchant_name=cells.get(facts.OWN_NAME),
        name=cells.get(facts.NAME),
        category_title=cells.get(facts.CATEGORY),
        quantity_milli=quantity,
        price_minor=total if quantity == ONE_PIECE_MILLI else None,
        total_minor=total,
    )


def _tenders(mode: str | None, total: int | None) -> tuple[TenderRecord, ...] | None:
    if mode is None:
        return None
    return (TenderRecord(kind=_TENDERS.get(mode, TenderKind.UNKNOWN), amount_minor=total),)
