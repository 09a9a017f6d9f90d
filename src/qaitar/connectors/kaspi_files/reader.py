"""Reads an export file whole or not at all by row: every row ends in an order or in a rejection with its number and reason."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

from qaitar.connectors.kaspi_files import delimited, facts, translate, wire
from qaitar.contracts.marketplace import OrderRecord, RowRejected
from qaitar.kernel.identifiers import shop_number
from qaitar.transport.workbook import FILE_BYTES_MAX, WorkbookRefused, worksheets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

ROWS_MAX = 200_000
_ZIP_MAGIC = b"PK\x03\x04"
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"
_ENCRYPTED_PART = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True, slots=True)
class FileRefused:
    """The file as a whole cannot be read; `code` for programs, `reason` a plain sentence."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class ExportFile:
    """An export that can be read.  `rows_total` counts rows that are not empty, headers excluded.

    Each of those rows is in exactly one place: a line of an order, or a rejection.  `shops` counts the orders' rows by the
    marketplace's number of their shop; `sheets_unread` names sheets of the workbook that hold no export.
    """

    rows_total: int
    columns_unknown: tuple[str, ...]
    shops: Counter[str]
    sheets_unread: tuple[str, ...]
    _open: Callable[[], Iterator[OrderRecord | RowRejected]]

    def __iter__(self) -> Iterator[OrderRecord | RowRejected]:
        return self._open()


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of the file: `first` is the number of the row after the header; `sheet` is '' where there is only one."""

    sheet: str
    names: list[str]
    first: int
    rows: Callable[[], Iterable[Sequence[object]]]
    broken_text: bool = False


@dataclass(slots=True)
class _Survey:
    """What one walk over a table counts, so that an order can be let go as soon as it is whole."""

    total: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    shops: Counter[str] = field(default_factory=Counter)


def read_orders(body: bytes) -> ExportFile | FileRefused:
    """Open an XLSX or a text export for reading, as often as wished, order by order.

    An order comes out when its last row was seen, wherever its rows stand.  A row with a fault takes the other rows of its
    order with it (`sibling_rejected`), because a part of an order would read as a smaller order; a row repeated cell by cell is
    rejected (`same_row_twice`).  Every sheet of a workbook that shows an export is read, each by itself.
    """
    try:
        tables, unread = _tables(body)
        surveys = [_survey(table) for table in tables]
        _check_length(sum(survey.total for survey in surveys))
    except WorkbookRefused as refusal:
        return FileRefused(refusal.code, str(refusal))
    except csv.Error:
        return FileRefused("unreadable", "The CSV file is damaged.")
    names = {name for table in tables for name in table.names}
    shops = sum((survey.shops for survey in surveys), start=Counter[str]())

    def rows() -> Iterator[OrderRecord | RowRejected]:
        return chain.from_iterable(
            _orders(table, survey.codes) for table, survey in zip(tables, surveys, strict=True)
        )

    return ExportFile(
        sum(survey.total for survey in surveys),
        tuple(sorted(name for name in names if name and name not in facts.COLUMNS)),
        shops,
        tuple(unread),
        rows,
    )


def _tables(body: bytes) -> tuple[list[_Table], list[str]]:
    """Choose the reader by content, never by name; give the tables and the names of sheets that hold none."""
    if len(body) > FILE_BYTES_MAX:
        raise WorkbookRefused("too_big", f"The file is larger than {FILE_BYTES_MAX >> 20} MB.")
    if not body.strip():
        raise WorkbookRefused("empty", "The file is empty.")
    if body.startswith(_ZIP_MAGIC):
        return _sheets(body)
    if body.startswith(_OLE_MAGIC):
        if _ENCRYPTED_PART in body:
            raise WorkbookRefused("encrypted", "The workbook is protected by a password.")
        raise WorkbookRefused("old_excel", "Old Excel (.xls): save it as .xlsx.")
    csv.field_size_limit(FILE_BYTES_MAX)  # one long cell is its row's fault, not the file's
    found = delimited.table_of(body)
    if found is None and not delimited.is_text(body):
        raise WorkbookRefused(
            "unreadable", "Neither an Excel workbook nor a text table in a known encoding."
        )
    if found is None:
        raise _no_header()
    rows, broken = found
    names, first = _header(rows()) or ([], 0)
    _check_columns(names)
    return [_Table("", names, first, rows, broken)], []


def _sheets(body: bytes) -> tuple[list[_Table], list[str]]:
    tables: list[_Table] = []
    unread: list[str] = []
    missing: WorkbookRefused | None = None
    sheets = worksheets(body)
    for at, sheet in enumerate(sheets):
        header = _header(sheet.rows())
        if header is None:
            unread.append(sheet.name)
            continue
        try:
            _check_columns(header[0])
        except WorkbookRefused as refusal:
            missing = missing or refusal
            unread.append(sheet.name)
            continue
        tables.append(_Table(sheet.name if at else "", *header, sheet.rows))
    if not tables:
        raise missing or _no_header()
    if len(tables) > 1:
        tables[0] = replace(tables[0], sheet=tables[0].sheet or sheets[0].name)
    return tables, unread


def _no_header() -> WorkbookRefused:
    return WorkbookRefused(
        "no_header", f"No row with «{facts.CODE}» among the first {facts.HEADER_SEARCH_ROWS}."
    )


def _header(table: Iterable[Sequence[object]]) -> tuple[list[str], int] | None:
    """Find the header and the number of the row after it."""
    for number, cells in enumerate(table, start=1):
        names = wire.header_from(cells)
        if names is not None:
            return names, number + 1
        if number >= facts.HEADER_SEARCH_ROWS:
            break
    return None


def _check_columns(names: list[str]) -> None:
    if missing := wire.missing_columns(names):
        raise WorkbookRefused("missing_columns", f"Columns missing: {', '.join(missing)}.")


def _numbered(table: _Table) -> Iterator[translate.NumberedRow]:
    for number, cells in enumerate(table.rows(), start=1):
        if number >= table.first and (row := wire.row_from(table.names, cells)):
            yield translate.NumberedRow(number, row, isinstance(cells, delimited.BrokenRow))


def _check_length(rows: int) -> None:
    if rows > ROWS_MAX:
        raise WorkbookRefused("too_long", f"More than {ROWS_MAX} rows: split the file.")


def _survey(table: _Table) -> _Survey:
    """Count the rows of each order and of each shop.

    What stands right of the table or under no heading is not a row, here as in `wire.row_from`.
    """
    named = [place for place, name in enumerate(table.names) if name]
    numbers = [place for place, name in enumerate(table.names) if name == facts.CODE]
    points = [place for place, name in enumerate(table.names) if name == facts.HANDOVER_POINT]
    survey = _Survey()
    for number, cells in enumerate(table.rows(), start=1):
        if number >= table.first and any(_texts(cells, named)):
            survey.total += 1
            survey.codes[next(filter(None, _texts(cells, numbers)), "")] += 1
            if point := next(filter(None, _texts(cells, points)), ""):
                survey.shops[shop_number(point)] += 1
        _check_length(number)
    survey.shops.pop("", None)
    return survey


def _texts(cells: Sequence[object], places: Sequence[int]) -> Iterator[str]:
    return (wire.cell_text(cells[place]) for place in places if place < len(cells))


def _orders(table: _Table, codes: Counter[str]) -> Iterator[OrderRecord | RowRejected]:
    waiting: dict[str, list[translate.NumberedRow]] = {}
    for row in _numbered(table):
        code = row.cells.get(facts.CODE, "")
        if code == "" or codes[code] == 1:
            yield from _judged([row], table)
            continue
        together = waiting.setdefault(code, [])
        together.append(row)
        if len(together) == codes[code]:
            yield from _judged(waiting.pop(code), table)
    assert not waiting, "rows of an order were counted but not met"


def _judged(
    rows: list[translate.NumberedRow], table: _Table
) -> Iterator[OrderRecord | RowRejected]:
    if len(rows) == 1 and not table.sheet and not table.broken_text:  # nearly every order
        yield translate.row_fault(rows[0]) or translate.order_from(rows)
        return
    distinct: dict[tuple[tuple[str, str], ...], translate.NumberedRow] = {}
    faults: list[RowRejected] = []
    in_doubt = False
    for row in rows:
        fault = translate.row_fault(row, look_for_broken_text=table.broken_text)
        same = distinct.setdefault(tuple(row.cells.items()), row) if fault is None else row
        if fault is not None:
            faults.append(replace(fault, sheet=table.sheet))
        elif same is not row:
            # A copy; right beside the first it may as well have been a second piece.
            in_doubt = in_doubt or row.number - same.number < len(rows)
            yield _rejected(row, "same_row_twice", table)
    yield from faults
    together = list(distinct.values())
    why = "sibling_rejected" if faults else translate.order_fault(together)
    if why is None:
        record = translate.order_from(together, price_in_doubt=in_doubt)
        yield replace(record, sheet=table.sheet) if table.sheet else record
        return
    for row in together:
        yield _rejected(row, why, table)


_REASONS = {
    "same_row_twice": "The same row stands in the file before.",
    "sibling_rejected": "Another row of this order was rejected.",
    "shops_differ": f"Rows of this order name different shops in «{facts.HANDOVER_POINT}».",
}


def _rejected(row: translate.NumberedRow, code: str, table: _Table) -> RowRejected:
    return RowRejected(
        row_number=row.number,
        reason_code=code,
        reason=_REASONS[code],
        raw=row.cells,
        sheet=table.sheet,
    )
