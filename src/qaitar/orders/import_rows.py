"""An order record as the texts that are copied into the database, with its digest; or why it cannot be kept.  Pure.

Everything is text and '' means "not told": the same shape is copied, compared and laid over what is stored.
Speed matters here: a hundred thousand orders pass through in one import.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qaitar.contracts.marketplace import LineRecord, OrderRecord

FIELD: Final = "\x1f"  # the ASCII separators: of fields, of rows, of groups
ROW: Final = "\x1e"
GROUP: Final = "\x1d"
DIGEST_BYTES: Final = 16
CODE_MAX: Final = 40
KEY_MAX: Final = 160
LINE_ID_MAX: Final = KEY_MAX - 5  # room for a number behind equal ones
FILE_LINE_MARK: Final = "|"  # stands in the key of a line whose source gives lines no ids
_CANON_VERSION: Final = b"2"  # a change of what is kept makes every digest new

_BIG: Final = 18  # digits of a bigint that surely fits
_WRITTEN: Final = 40


class ImportColumn(NamedTuple):
    """A field of a record, the column it is kept in, its type and how long its text may be.

    A number has so many digits; days, moments and truths are written by us and are never as long as this.
    """

    source: str
    name: str
    type: str
    limit: int = _WRITTEN


ORDER: Final = (
    ImportColumn("external_id", "external_id", "text", 120),
    ImportColumn("created_at", "ordered_at", "timestamptz"),
    ImportColumn("state", "state", "text", 40),
    ImportColumn("status", "status", "text", 60),
    ImportColumn("status_changed_on", "status_changed_on", "date"),
    ImportColumn("payment_mode", "payment_mode", "text", 40),
    ImportColumn("total_minor", "total_minor", "bigint", _BIG),
    ImportColumn("currency", "currency", "text", 3),
    ImportColumn("delivery_mode", "delivery_mode", "text", 40),
    ImportColumn("delivery_cost_minor", "delivery_cost_minor", "bigint", _BIG),
    ImportColumn("delivery_cost_seller_minor", "delivery_cost_seller_minor", "bigint", _BIG),
    ImportColumn("address", "address", "text", 4000),
    ImportColumn("pickup_point", "pickup_point", "text", 120),
    ImportColumn("waybill_number", "waybill_number", "text", 60),
    ImportColumn("waybill_url", "waybill_url", "text", 2000),
    ImportColumn("planned_delivery_at", "planned_delivery_at", "timestamptz"),
    ImportColumn("courier_handed_at", "courier_handed_at", "timestamptz"),
    ImportColumn("delivered_at", "delivered_at", "timestamptz"),
    ImportColumn("returned_to_warehouse", "returned_to_warehouse", "boolean"),
    ImportColumn("cancellation_reason", "cancellation_reason", "text", 300),
)
LINE: Final = (
    ImportColumn("number", "number", "int", 9),
    ImportColumn("offer_code", "offer_code", "text", 120),
    ImportColumn("name", "name", "text", 500),
    ImportColumn("category_code", "category_code", "text", 200),
    ImportColumn("category_title", "category_title", "text", 200),
    ImportColumn("quantity_milli", "quantity_milli", "bigint", _BIG),
    ImportColumn("unit_type", "unit_type", "text", 30),
    ImportColumn("price_minor", "price_minor", "bigint", _BIG),
    ImportColumn("total_minor", "total_minor", "bigint", _BIG),
    ImportColumn("imei_required", "imei_required", "boolean"),
    ImportColumn("status", "status", "text", 60),
    ImportColumn("status_changed_on", "status_changed_on", "date"),
    ImportColumn("merchant_name", "own_name", "text", 500),
    ImportColumn("product_code", "product_code", "text", 120),
)
TENDER: Final = (
    ImportColumn("kind", "kind", "text", 16),
    ImportColumn("amount_minor", "amount_minor", "bigint", _BIG),
    ImportColumn("term_months", "term_months", "smallint", 4),
)
CUSTOMER: Final = (
    ImportColumn("external_id", "external_id", "text", 120),
    ImportColumn("name", "name", "text", 200),
    ImportColumn("first_name", "first_name", "text", 100),
    ImportColumn("last_name", "last_name", "text", 100),
    ImportColumn("phone_raw", "phone", "text", 60),
)
ORDER_AT: Final = {column.name: place for place, column in enumerate(ORDER)}
LINE_AT: Final = {column.name: place for place, column in enumerate(LINE)}

_order_values: Callable[[object], Sequence[object]] = attrgetter(*(c.source for c in ORDER))
_LINE_ID: Final = ImportColumn("external_id", "line_id", "text", LINE_ID_MAX)
_line_values: Callable[[object], Sequence[object]] = attrgetter(
    *(c.source for c in (_LINE_ID, *LINE))
)
_tender_values: Callable[[object], Sequence[object]] = attrgetter(*(c.source for c in TENDER))
_customer_values: Callable[[object], Sequence[object]] = attrgetter(*(c.source for c in CUSTOMER))
_NEVER_NEGATIVE: Final = ("number", "quantity_milli", "term_months")
_SEPARATORS_OR_NUL: Final = r"\x00\x1c-\x1f"

_TO_ESCAPE = re.compile(r"[\\\n\r]")
_ESCAPES: Final = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


class RowProblem(NamedTuple):
    """Why a record cannot be kept: a code for programs, a sentence without personal data for people."""

    code: str
    sentence: str


def _shape(columns: Sequence[ImportColumn]) -> str:
    """Write what a joined row of these columns may look like."""
    return FIELD.join(_value_shape(column) for column in columns)


def _value_shape(column: ImportColumn) -> str:
    if column.type in {"bigint", "int", "smallint"}:
        sign = "" if column.name in _NEVER_NEGATIVE else "-?"
        return f"{sign}[0-9]{{0,{column.limit}}}"
    return f"[^{_SEPARATORS_OR_NUL}]{{0,{column.limit}}}"


# One pass of the regular expression engine judges every length and every separator of an order.
_SOUND = re.compile(
    f"[^{_SEPARATORS_OR_NUL}]{{1,{CODE_MAX}}}{ROW}{_shape(ORDER)}{GROUP}"
    f"(?:[^{_SEPARATORS_OR_NUL}{FILE_LINE_MARK}]{{0,{LINE_ID_MAX}}}{FIELD}{_shape(LINE)}{ROW})*{GROUP}"
    f"(?:{_shape(TENDER)}{ROW})*{GROUP}(?:{_shape(CUSTOMER)})?"
)


class ImportRow:
    """One order as one source tells it, ready to be copied or compared.

    Rows are joined texts in the order of the columns above; a line's row begins with the channel's own id of the line, ''
    where there is none.  They are not escaped for COPY; `plain` says that there is nothing to escape.
    """

    # Texts only, no lists: objects the garbage collector need not walk, which is half of the time of a large import.
    __slots__ = (
        "code",
        "customer_row",
        "digest",
        "lines_text",
        "order_row",
        "plain",
        "record",
        "tenders_text",
    )

    def __init__(self, record: OrderRecord) -> None:
        """Write the record as texts; nothing is judged yet."""
        self.record = record
        self.code = record.code
        self.order_row = _row(_order_values(record))
        self.lines_text = (
            "".join([_line_row(line) + ROW for line in record.lines]) if record.lines else ""
        )
        self.tenders_text = (
            "".join([_row(_tender_values(each)) + ROW for each in record.tenders])
            if record.tenders
            else ""
        )
        self.customer_row = _row(_customer_values(record.customer)) if record.customer else ""
        self.digest = b""
        self.plain = False

    @property
    def line_rows(self) -> list[str]:
        """Give the lines' rows, each beginning with the channel's id."""
        return self.lines_text.split(ROW)[:-1]

    @property
    def tender_rows(self) -> list[str]:
        """Give the rows of the ways of paying."""
        return self.tenders_text.split(ROW)[:-1]

    @property
    def from_file(self) -> bool:
        """Tell a file's row from the marketplace's own answer, which alone has the order's id."""
        return self.order_row.startswith(FIELD)

    @property
    def order(self) -> list[str]:
        """Give the order's own texts."""
        return self.order_row.split(FIELD)

    @property
    def lines(self) -> list[list[str]]:
        """Give the lines' texts, without the channel's ids."""
        return [row.split(FIELD)[1:] for row in self.line_rows]

    @property
    def line_ids(self) -> list[str]:
        """Give the channel's ids of the lines."""
        return [row.partition(FIELD)[0] for row in self.line_rows]

    @property
    def tenders(self) -> list[list[str]]:
        """Give the ways of paying."""
        return [row.split(FIELD) for row in self.tender_rows]

    @property
    def customer(self) -> list[str] | None:
        """Give what is told of the buyer."""
        return self.customer_row.split(FIELD) if self.customer_row else None


# A file has few days and many rows: their texts are made once.
_moment: Callable[[object], str] = lru_cache(maxsize=8192)(str)


def _row(values: Sequence[object]) -> str:
    return FIELD.join(
        [
            ""
            if value is None
            else value  # type: ignore[misc]  # a str by its class; asking so is twice as fast as isinstance
            if (kind := value.__class__) is str
            else _moment(value)
            if kind is datetime or kind is date
            else str(value)
            for value in values
        ]
    )


def _line_row(line: LineRecord) -> str:
    if line.name is None and line.merchant_name is not None:
        line = replace(line, name=line.merchant_name)
    return _row(_line_values(line))


def import_row_of(record: OrderRecord) -> ImportRow | RowProblem:
    """Make a record ready for merging, or say why it cannot be kept."""
    reading = ImportRow(record)
    canon = (
        f"{reading.code}{ROW}{reading.order_row}{GROUP}{reading.lines_text}{GROUP}"
        f"{reading.tenders_text}{GROUP}{reading.customer_row}"
    )
    if _SOUND.fullmatch(canon) is None:
        return _problem(reading)
    try:
        canonical = canon.encode()
    except UnicodeEncodeError:
        return _BROKEN
    reading.plain = "\\" not in canon and "\n" not in canon and "\r" not in canon
    reading.digest = hashlib.sha256(_CANON_VERSION + canonical).digest()[:DIGEST_BYTES]
    return reading


_BROKEN: Final = RowProblem(
    "control_characters", "A text has control or broken characters that no text has."
)


def _problem(reading: ImportRow) -> RowProblem:
    """Find out what is wrong with a record that is not sound."""
    if not reading.code:
        return RowProblem("no_code", "The order has no number.")
    if len(reading.code) > CODE_MAX:
        return RowProblem("too_long", f"The order number is longer than {CODE_MAX} characters.")
    record = reading.record
    parts: list[tuple[tuple[ImportColumn, ...], Sequence[object]]] = [
        (ORDER, _order_values(record))
    ]
    parts += [((_LINE_ID, *LINE), _line_values(line)) for line in record.lines or ()]
    parts += [(TENDER, _tender_values(tender)) for tender in record.tenders or ()]
    if record.customer is not None:
        parts.append((CUSTOMER, _customer_values(record.customer)))
    for columns, values in parts:
        for column, value in zip(columns, values, strict=True):
            fault = _value_problem(column, "" if value is None else str(value))
            if fault is not None:
                return fault
    return _BROKEN


def _value_problem(column: ImportColumn, text: str) -> RowProblem | None:
    if len(text) > column.limit and column.type == "text":
        return RowProblem("too_long", f"«{column.name}» is longer than {column.limit} characters.")
    if re.fullmatch(_value_shape(column), text) is not None:
        return None
    if column.type == "text":
        return _BROKEN
    return RowProblem("out_of_range", f"«{column.name}» is out of range.")


def copied(text: str) -> str:
    r"""Escape a joined row for COPY: only backslashes and line ends mean something there.

    >>> copied("a\nb\\c")
    'a\\nb\\\\c'
    """
    if _TO_ESCAPE.search(text) is None:
        return text
    return _TO_ESCAPE.sub(lambda found: _ESCAPES[found[0]], text)


def line_keys(reading: ImportRow) -> list[str]:
    """Name the lines within their order: the channel's id, else offer code and name; equal ones are numbered.

    >>> from qaitar.contracts.marketplace import LineRecord, OrderRecord
    >>> lines = (LineRecord(offer_code="A1", name="Tea"), LineRecord(offer_code="A1", name="Tea"), LineRecord(external_id="x"))
    >>> line_keys(ImportRow(OrderRecord(code="1", lines=lines)))
    ['A1|Tea', 'A1|Tea|2', 'x']
    """
    rows = reading.line_rows
    if len(rows) == 1:
        return [rows[0].partition(FIELD)[0] or _file_key(rows[0])]
    keys: list[str] = []
    used: set[str] = set()
    for row in rows:
        key = row.partition(FIELD)[0] or _file_key(row)
        base, number = key, 1
        while key in used:
            number += 1
            key = f"{base}{FILE_LINE_MARK}{number}"
        used.add(key)
        keys.append(key)
    return keys


def _file_key(row: str) -> str:
    """Name a line by offer code and name; a long name is named by its digest."""
    _, _, offer_code, name, _ = row.split(FIELD, 4)
    key = f"{offer_code}{FILE_LINE_MARK}{name}"
    if len(key) > LINE_ID_MAX:
        return f"{offer_code}{FILE_LINE_MARK}{hashlib.sha256(name.encode()).hexdigest()[:24]}"
    return key
