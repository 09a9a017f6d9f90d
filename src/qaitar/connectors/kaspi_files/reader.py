"""Reads an export file whole or not at all by row: every row ends in an order or in a rejection with its number and reason."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qaitar.connectors.kaspi_files import facts, translate, wire
from qaitar.contracts.marketplace import OrderRecord, RowRejected
from qaitar.transport.workbook import FILE_BYTES_MAX, ROWS_MAX, WorkbookRefused, first_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_ZIP_MAGIC = b"PK\x03\x04"
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"
_CSV_ENCODINGS = ("utf-8-sig", "cp1251")
_CSV_DELIMITERS = ";,\t"


@dataclass(frozen=True, slots=True)
class FileRefused:
    """The file as a whole cannot be read; `code` for programs, `reason` a plain sentence."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrdersFile:
    """An export that can be read.  `rows_total` counts rows that are not empty, the header excluded.

    Each of those rows is in exactly one place: a line of an order, or a rejection.
    """

    rows_total: int
    columns_unknown: tuple[str, ...]
    _open: Callable[[], Iterator[OrderRecord | RowRejected]]

    def __iter__(self) -> Iterator[OrderRecord | RowRejected]:
        return self._open()


def read_orders(
    body: bytes, *, amount_of: translate.AmountOf = translate.AmountOf.LINE
) -> OrdersFile | FileRefused:
    """Open an XLSX or CSV export for reading, as often as wished, order by order.

    An order comes out when its last row was seen, wherever its rows stand.  A row with a fault takes the other rows of its
    order with it (`sibling_rejected`), because a part of an order would read as a smaller order; a row repeated cell by cell is
    rejected (`same_row_twice`).
    """
    try:
        table = _table(body)
        names, first = _header(table())
        total, codes = _survey(table(), names, first)
    except WorkbookRefused as refusal:
        return FileRefused(refusal.code, str(refusal))
    except csv.Error:
        return FileRefused("unreadable", "The CSV file is damaged.")
    unknown = tuple(sorted({name for name in names if name and name not in facts.COLUMNS}))

    def rows() -> Iterator[OrderRecord | RowRejected]:
        return _orders(_numbered(table(), names, first), codes, amount_of)

    return OrdersFile(total, unknown, rows)


def _table(body: bytes) -> Callable[[], Iterable[Sequence[object]]]:
    """Choose the reader by content, never by name."""
    if len(body) > FILE_BYTES_MAX:
        raise WorkbookRefused("too_big", f"The file is larger than {FILE_BYTES_MAX >> 20} MB.")
    if not body.strip():
        raise WorkbookRefused("empty", "The file is empty.")
    if body.startswith(_ZIP_MAGIC):
        return first_sheet(body)
    if body.startswith(_OLE_MAGIC):
        raise WorkbookRefused("old_excel", "Old Excel (.xls) or protected: save it as .xlsx.")
    text = _decoded(body)
    head = text[:8192].split("\n", 1)[0]
    delimiter = max(_CSV_DELIMITERS, key=head.count)
    csv.field_size_limit(FILE_BYTES_MAX)  # one long cell is its row's fault, not the file's
    return lambda: csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _decoded(body: bytes) -> str:
    for encoding in _CSV_ENCODINGS:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise WorkbookRefused(
        "unreadable", "Neither an Excel workbook nor CSV in UTF-8 or Windows-1251."
    )


def _header(table: Iterable[Sequence[object]]) -> tuple[list[str], int]:
    """Find the header and the number of the row after it."""
    for number, cells in enumerate(table, start=1):
        names = wire.header_from(cells)
        if names is not None:
            if missing := wire.missing_columns(names):
                raise WorkbookRefused("missing_columns", f"Columns missing: {', '.join(missing)}.")
            return names, number + 1
        if number >= facts.HEADER_SEARCH_ROWS:
            break
    raise WorkbookRefused(
        "no_header", f"No row with «{facts.CODE}» among the first {facts.HEADER_SEARCH_ROWS}."
    )


def _numbered(
    table: Iterable[Sequence[object]], names: list[str], first: int
) -> Iterator[translate.NumberedRow]:
    for number, cells in enumerate(table, start=1):
        if number >= first and (row := wire.row_from(names, cells)):
            yield translate.NumberedRow(number, row)


def _survey(
    table: Iterable[Sequence[object]], names: list[str], first: int
) -> tuple[int, Counter[str]]:
    """Count the rows of each order, so that an order can be let go as soon as it is whole.

    What stands right of the table or under no heading is not a row, here as in `wire.row_from`.
    """
    named = [place for place, name in enumerate(names) if name]
    numbers = [place for place, name in enumerate(names) if name == facts.CODE]
    codes: Counter[str] = Counter()
    total = 0
    for number, cells in enumerate(table, start=1):
        if number >= first and any(_texts(cells, named)):
            total += 1
            codes[next(filter(None, _texts(cells, numbers)), "")] += 1
        if number > ROWS_MAX:
            raise WorkbookRefused("too_long", f"More than {ROWS_MAX} rows: split the file.")
    return total, codes


def _texts(cells: Sequence[object], places: Sequence[int]) -> Iterator[str]:
    return (wire.cell_text(cells[place]) for place in places if place < len(cells))


def _orders(
    rows: Iterator[translate.NumberedRow], codes: Counter[str], amount_of: translate.AmountOf
) -> Iterator[OrderRecord | RowRejected]:
    waiting: dict[str, list[translate.NumberedRow]] = {}
    for row in rows:
        code = row.cells.get(facts.CODE, "")
        if code == "" or codes[code] == 1:
            yield from _judged([row], amount_of)
            continue
        together = waiting.setdefault(code, [])
        together.append(row)
        if len(together) == codes[code]:
            yield from _judged(waiting.pop(code), amount_of)
    assert not waiting, "rows of an order were counted but not met"


def _judged(
    rows: list[translate.NumberedRow], amount_of: translate.AmountOf
) -> Iterator[OrderRecord | RowRejected]:
    kept: list[translate.NumberedRow] = []
    faults: list[RowRejected] = []
    for row in rows:
        fault = translate.row_fault(row)
        if fault is not None:
            faults.append(fault)
        elif any(row.cells == other.cells for other in kept):
            yield _rejected(row, "same_row_twice", "The same row stands in the file before.")
        else:
            kept.append(row)
    yield from faults
    if not faults:
        yield translate.order_from(kept, amount_of)
        return
    for row in kept:
        yield _rejected(row, "sibling_rejected", "Another row of this order was rejected.")


def _rejected(row: translate.NumberedRow, code: str, reason: str) -> RowRejected:
    return RowRejected(row_number=row.number, reason_code=code, reason=reason, raw=row.cells)
