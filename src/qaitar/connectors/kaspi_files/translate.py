"""Rows of the export → one order record, or the reason why not.  Pure and total."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from qaitar.connectors.kaspi_files import delimited, facts, wire
from qaitar.contracts.marketplace import (
    LineRecord,
    OrderRecord,
    RowNote,
    RowRejected,
    TenderKind,
    TenderRecord,
)
from qaitar.kernel.almaty import almaty_day, almaty_to_utc
from qaitar.kernel.identifiers import shop_number
from qaitar.transport import lenient

if TYPE_CHECKING:
    from collections.abc import Sequence

ONE_PIECE_MILLI = 1000
YEARS = range(2000, 2101)
_CODE = re.compile(r"\d{5,20}\Z")
_DAY = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})(?: (\d{2}):(\d{2})(?::(\d{2}))?)?\Z")
_JAVA_DOUBLE = re.compile(r"[0-9]\.[0-9]{1,16}E[0-9]{1,2}\Z")
_TENDERS = {"PAY_WITH_CREDIT": TenderKind.CREDIT, "PREPAID": TenderKind.CARD}
_MONEY = (
    facts.AMOUNT,
    facts.DELIVERY_COST,
    facts.DELIVERY_COST_SELLER,
    facts.DELIVERY_COMPENSATION,
)
_DATES = (facts.CREATED, facts.STATUS_CHANGED, facts.COURIER_PLANNED)


@dataclass(frozen=True, slots=True)
class NumberedRow:
    """A row and its number as Excel shows it."""

    number: int
    cells: wire.Row
    quote_open: bool = False  # a quotation mark of the row is never closed


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
    """Read tenge as the export writes them, exactly to the tiyn: `11990`, `1455.0`, `1 455,00` with any space, `1.29999E7`.

    Java writes ten million and more like the last one.  The noise of binary fractions is dropped; a real part of a tiyn, or a
    sum that Excel rounded for a narrow column (`1,3E+07`), is no amount.

    >>> tiyn("1455.0"), tiyn("1\u00a0455,00"), tiyn("41083.270000000004"), tiyn("1.29999E7"), tiyn("дорого")
    (145500, 145500, 4108327, 1299990000, None)
    >>> tiyn("12.345"), tiyn("1,3E+07")
    (None, None)
    """
    if "e" in text.casefold() and _JAVA_DOUBLE.match(text) is None:
        return None
    return lenient.minor(text)


def row_fault(row: NumberedRow, *, look_for_broken_text: bool = False) -> RowRejected | None:
    """Say why a row cannot be taken, or nothing.

    Codes: quote_open, broken_text, no_code, bad_code, no_date, bad_date, bad_amount, bad_quantity.
    """
    cells = row.cells
    code: str | None
    if row.quote_open:
        code, reason = "quote_open", "A quotation mark of the row is never closed."
    elif look_for_broken_text and (broken := _broken_column(cells)):
        code, reason = "broken_text", f"«{broken}» has bytes that are no text."
    else:
        code, reason = _fault(cells)
    if code is None:
        return None
    return RowRejected(row_number=row.number, reason_code=code, reason=reason, raw=cells)


def _broken_column(cells: wire.Row) -> str:
    return next((name for name, text in cells.items() if delimited.is_broken_text(text)), "")


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


def order_fault(rows: Sequence[NumberedRow]) -> str | None:
    """Say why rows without a fault of their own are no order: their shops differ."""
    if len(rows) == 1:
        return None
    shops = {shop_number(row.cells.get(facts.HANDOVER_POINT, "")) for row in rows} - {""}
    return "shops_differ" if len(shops) > 1 else None


def order_from(rows: Sequence[NumberedRow], *, price_in_doubt: bool = False) -> OrderRecord:
    """Read the rows of one order, all without a fault; each row is a line.

    «Сумма» and the costs of delivery are the order's and repeated on each row (a genuine export of 2025-06 shows it); values
    that differ are not known, and a note says so.  Of different statuses one speaks for the order (`_speaking`), and each line
    keeps its own.  `price_in_doubt` says that a row stood twice, which may have been a second piece.
    """
    head = rows[0].cells
    once = _OncePerOrder(rows)
    total = once.amount(facts.AMOUNT)
    word, state, status = _speaking(rows)
    changed = _changed(rows, word)
    payment = head.get(facts.PAYMENT)
    mode = facts.PAYMENTS.get(wire.folded(payment), payment) if payment else None
    way = head.get(facts.DELIVERY)
    courier = wire.folded(head.get(facts.COURIER, ""))
    return OrderRecord(
        code=head[facts.CODE],
        created_at=day_start(head[facts.CREATED]),
        dates_are_days=True,
        state=state,
        status=status,
        status_text=word or None,
        status_changed_on=almaty_day(changed) if changed else None,
        delivered_at=changed if status == facts.COMPLETED else None,
        payment_mode=mode,
        total_minor=total,
        currency=facts.CURRENCY,
        delivery_mode=facts.DELIVERIES.get(wire.folded(way), way) if way else None,
        is_kaspi_delivery=True if courier == facts.KASPI_COURIER else None,
        delivery_cost_minor=once.amount(facts.DELIVERY_COST),
        delivery_cost_seller_minor=once.amount(facts.DELIVERY_COST_SELLER),
        delivery_compensation_minor=once.amount(facts.DELIVERY_COMPENSATION),
        courier_planned_at=day_start(head.get(facts.COURIER_PLANNED, "")),
        pickup_point=_first(rows, facts.HANDOVER_POINT),
        address=_first(rows, facts.ADDRESS),
        lines=_lines(rows, None if price_in_doubt else total),
        tenders=_tenders(mode, total),
        cancellation_reason=_first(rows, facts.CANCEL_REASON),
        shop_number=shop_number(_first(rows, facts.HANDOVER_POINT) or "") or None,
        row_numbers=tuple(row.number for row in rows),
        notes=tuple(once.notes),
        raw=head if len(rows) == 1 else {"rows": [row.cells for row in rows]},
    )


class _OncePerOrder:
    """Reads what is the order's and stands on each of its rows; `notes` say what differs."""

    def __init__(self, rows: Sequence[NumberedRow]) -> None:
        self._rows = rows
        self.notes: list[RowNote] = []

    def amount(self, column: str) -> int | None:
        if len(self._rows) == 1:
            return tiyn(self._rows[0].cells.get(column, ""))
        amounts = {tiyn(row.cells[column]) for row in self._rows if column in row.cells}
        if len(amounts) > 1:
            reason = f"«{column}» differs between the rows of this order, so it is not known."
            self.notes.append(RowNote(self._rows[0].number, "rows_differ", reason))
            return None
        return next(iter(amounts), None)


def _first(rows: Sequence[NumberedRow], column: str) -> str | None:
    if len(rows) == 1:
        return rows[0].cells.get(column)
    return next((row.cells[column] for row in rows if column in row.cells), None)


def _status(cells: wire.Row) -> tuple[str | None, str | None]:
    word = cells.get(facts.STATUS)
    return facts.STATUSES.get(wire.folded(word), (None, word)) if word else (None, None)


def _speaking(rows: Sequence[NumberedRow]) -> tuple[str, str | None, str | None]:
    """Give the word, state and status that speak for the order: under way before received, received before returned, cancelled."""
    standings = [
        (row.cells[facts.STATUS], *_status(row.cells)) for row in rows if facts.STATUS in row.cells
    ]
    if not standings:
        return "", None, None
    return (
        standings[0]
        if len(standings) == 1
        else min(standings, key=lambda each: _RANK.get(each[2] or "", 0))
    )


_RANK = {status: place for place, status in enumerate(facts.FINISHED, start=1)}


def _changed(rows: Sequence[NumberedRow], word: str) -> datetime | None:
    """Give the last day on which a row with this status changed."""
    days = [
        day_start(row.cells.get(facts.STATUS_CHANGED, ""))
        for row in rows
        if row.cells.get(facts.STATUS, "") == word
    ]
    return max((day for day in days if day is not None), default=None)


def _lines(rows: Sequence[NumberedRow], total: int | None) -> tuple[LineRecord, ...]:
    """Make the lines; they share the sum only when they are equal and it divides exactly, else their sums are not known."""
    if len(rows) == 1:
        return (_line(rows[0].cells, total),)
    share = None
    if total is not None and total % len(rows) == 0:
        goods = {tuple(row.cells.get(column, "") for column in _GOODS) for row in rows}
        named = any(rows[0].cells.get(column) for column in _GOODS[:3])
        if len(goods) == 1 and named:
            share = total // len(rows)
    return tuple(_line(row.cells, share) for row in rows)


_GOODS = (facts.OFFER_CODE, facts.NAME, facts.OWN_NAME, facts.CATEGORY, facts.QUANTITY)


def _line(cells: wire.Row, total: int | None) -> LineRecord:
    """One row as a line; the price of a piece is known only where the sum divides by whole pieces exactly."""
    quantity = _quantity(cells)
    changed = day_start(cells.get(facts.STATUS_CHANGED, ""))
    return LineRecord(
        offer_code=cells.get(facts.OFFER_CODE),
        merchant_name=cells.get(facts.OWN_NAME),
        name=cells.get(facts.NAME),
        category_title=cells.get(facts.CATEGORY),
        quantity_milli=quantity,
        price_minor=_price(total, quantity),
        total_minor=total,
        status=_status(cells)[1],
        status_changed_on=almaty_day(changed) if changed else None,
    )


def _price(total: int | None, quantity: int | None) -> int | None:
    if total is None or not quantity or quantity % ONE_PIECE_MILLI:
        return None
    price, rest = divmod(total, quantity // ONE_PIECE_MILLI)
    return price if rest == 0 else None


def _tenders(mode: str | None, total: int | None) -> tuple[TenderRecord, ...] | None:
    if mode is None:
        return None
    return (TenderRecord(kind=_TENDERS.get(mode, TenderKind.UNKNOWN), amount_minor=total),)
