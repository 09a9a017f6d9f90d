"""One spreadsheet: what the values methods do to it, what people do to it by hand, and a ledger of writes."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from qaitar.sandbox.google_sheets.grid import (
    GRID_ROWS,
    BadRange,
    Box,
    Cell,
    Grid,
    entered,
    split_range,
)
from qaitar.sandbox.google_sheets.protection import REFUSED, ProtectedRange

CELL_CHARS_MAX = 50_000
_TOO_LONG = "Your input contains more than the maximum of 50000 characters in a single cell."


class Invalid(Exception):
    """A 400 INVALID_ARGUMENT with its message."""


@dataclass(frozen=True, slots=True)
class BookExecuted:
    """One line of the ledger: a write that was really done, where it landed and with what."""

    method: str
    range: str
    values: tuple[tuple[Cell | None, ...], ...]


@dataclass(slots=True)
class Book:
    """A spreadsheet with its sheets, the accounts it is shared with, and what was done to it."""

    id: str
    sheets: dict[str, Grid] = field(default_factory=dict)
    editors: set[str] = field(default_factory=set)
    viewers: set[str] = field(default_factory=set)
    ledger: list[BookExecuted] = field(default_factory=list)
    protections: list[ProtectedRange] = field(default_factory=list)
    cell_chars_max: int = CELL_CHARS_MAX
    lock: threading.RLock = field(default_factory=threading.RLock)

    def get(self, where: str) -> dict[str, Any]:
        """Answer `values.get`; an empty range has no ``values``."""
        grid, box = self._place(where)
        values = grid.read(box)
        record: dict[str, Any] = {"range": box.a1(grid.title), "majorDimension": "ROWS"}
        return {**record, "values": values} if values else record

    def sheets_as_json(self, account: str) -> dict[str, Any]:
        """Answer `spreadsheets.get` for the fields `sheets(properties(sheetId,title),protectedRanges)`."""
        return {
            "sheets": [
                self._sheet_as_json(at, grid, account)
                for at, grid in enumerate(self.sheets.values())
            ]
        }

    def _sheet_as_json(self, sheet_id: int, grid: Grid, account: str) -> dict[str, Any]:
        rows = max(GRID_ROWS, len(grid.rows))
        record: dict[str, Any] = {"properties": {"sheetId": sheet_id, "title": grid.title}}
        ranges = [
            one.as_json(sheet_id, account, rows)
            for one in self.protections
            if one.title == grid.title
        ]
        return {**record, "protectedRanges": ranges} if ranges else record

    def update(
        self, where: str, values: list[list[Cell | None]], *, raw: bool, account: str = ""
    ) -> dict[str, Any]:
        """Answer `values.update`: values may not be more than the range holds.

        Raises:
            Invalid: they are more, the range is not one, or a cell is protected from this account.
        """
        grid, box = self._place(where)
        self._guard(grid.title, _filled(box.top, box.left, values), account)
        self._check_cells(values)
        height, width = len(values), max((len(row) for row in values), default=0)
        if box.top + height - 1 > box.bottom or box.left + width - 1 > box.right:
            raise Invalid(f"Requested writing within range [{box.a1(grid.title)}], but tried more.")
        cells = [[_stored_cell(cell, raw=raw) for cell in row] for row in values]
        landed = grid.write(box.top, box.left, cells)
        self._note("update", landed.a1(grid.title), cells)
        return {"spreadsheetId": self.id, **_counts(landed.a1(grid.title), values)}

    def append(
        self,
        where: str,
        values: list[list[Cell | None]],
        *,
        raw: bool,
        insert_rows: bool,
        account: str = "",
    ) -> dict[str, Any]:
        """Answer `values.append`: under the last table of the range, from the table's first column on.

        Raises:
            Invalid: the range is not one, or a cell it would land in is protected from this account.
        """
        grid, box = self._place(where)
        table = grid.table(box)
        top, left = (table.bottom + 1, table.left) if table else (box.top, box.left)
        cells = [[_stored_cell(cell, raw=raw) for cell in row] for row in values]
        self._guard(grid.title, _filled(top, left, values), account)
        self._check_cells(values)
        if insert_rows:
            self._insert_rows(grid, top, len(cells))
        landed = grid.write(top, left, cells)
        self._note("append", landed.a1(grid.title), cells)
        answer: dict[str, Any] = {"spreadsheetId": self.id}
        if table:
            answer["tableRange"] = table.a1(grid.title)
        updates = {"spreadsheetId": self.id, **_counts(landed.a1(grid.title), values)}
        return {**answer, "updates": updates}

    def batch_update(
        self, data: list[tuple[str, list[list[Cell | None]]]], *, raw: bool, account: str = ""
    ) -> dict[str, Any]:
        """Answer `values.batchUpdate`: all ranges are checked first, so that a bad one stops them all.

        Raises:
            Invalid: one of them is bad or protected; the message names which by its place in `data`.
        """
        for at, (where, values) in enumerate(data):
            grid, box = self._place(where)
            self._guard(
                grid.title, _filled(box.top, box.left, values), account, f"Invalid data[{at}]: "
            )
            self._check_cells(values)
        answers = [self.update(where, values, raw=raw, account=account) for where, values in data]
        total = {
            f"totalUpdated{what}": sum(answer[f"updated{what}"] for answer in answers)
            for what in ("Rows", "Columns", "Cells")
        }
        return {"spreadsheetId": self.id, **total, "responses": answers}

    def clear(self, where: str, *, account: str = "") -> dict[str, Any]:
        """Answer `values.clear`.

        Raises:
            Invalid: the range is not one, or a cell of it is protected from this account.
        """
        grid, box = self._place(where)
        rows = range(box.top, min(box.bottom + 1, len(grid.rows)))
        cells = {(row, column) for row in rows for column in range(box.left, box.right + 1)}
        self._guard(grid.title, cells, account)
        grid.clear(box)
        self._note("clear", box.a1(grid.title), [])
        return {"spreadsheetId": self.id, "clearedRange": box.a1(grid.title)}

    def people_sort(self, title: str, column: int, *, descending: bool = False) -> None:
        """Let a person sort the rows under the headings by a column counted from 0."""
        with self.lock:
            rows = self.sheets[title].rows
            rows[1:] = sorted(
                rows[1:],
                key=lambda row: str(row[column]) if column < len(row) else "",
                reverse=descending,
            )

    def people_insert_row(self, title: str, at: int, cells: list[Cell] | None = None) -> None:
        """Let a person insert a row that then has number `at` (from 1), blank unless cells are given."""
        with self.lock:
            grid = self.sheets[title]
            self._insert_rows(grid, at - 1, 1)
            grid.rows[at - 1] = list(cells or [])

    def people_delete_row(self, title: str, at: int) -> None:
        """Let a person delete the row with number `at` (from 1)."""
        with self.lock:
            del self.sheets[title].rows[at - 1]
            self._move_protections(title, at - 1, -1)

    def people_write(self, title: str, cell: str, value: Cell) -> None:
        """Let a person type into a cell, for example ``B2``."""
        with self.lock:
            grid = self.sheets[title]
            box = grid.box(cell)
            grid.write(box.top, box.left, [[value]])

    def people_protect(
        self,
        title: str,
        cells: str = "",
        *,
        editors: frozenset[str] = frozenset(),
        unprotected: tuple[str, ...] = (),
        warning_only: bool = False,
    ) -> None:
        """Let a person protect a range, for example ``A3:Z3``, or the whole sheet when no cells are given."""
        with self.lock:
            grid = self.sheets[title]
            free = tuple(grid.box(one) for one in unprotected)
            protection = ProtectedRange(title, grid.box(cells), editors, free, warning_only)
            self.protections.append(protection)

    def people_unprotect(self, title: str) -> None:
        """Let a person remove every protection of a sheet."""
        with self.lock:
            self.protections = [one for one in self.protections if one.title != title]

    def _guard(
        self, title: str, cells: set[tuple[int, int]], account: str, where: str = ""
    ) -> None:
        if any(one.title == title and one.refuses(account, cells) for one in self.protections):
            raise Invalid(where + REFUSED)

    def _check_cells(self, values: list[list[Cell | None]]) -> None:
        if any(len(str(cell)) > self.cell_chars_max for row in values for cell in row):
            raise Invalid(_TOO_LONG)

    def _insert_rows(self, grid: Grid, at: int, count: int) -> None:
        grid.insert_rows(at, count)
        self._move_protections(grid.title, at, count)

    def _move_protections(self, title: str, at: int, count: int) -> None:
        self.protections = [
            one.moved(at, count) if one.title == title else one for one in self.protections
        ]

    def _place(self, where: str) -> tuple[Grid, Box]:
        title, cells = split_range(where)
        if title not in self.sheets:
            raise Invalid(f"Unable to parse range: {where}")
        grid = self.sheets[title]
        try:
            return grid, grid.box(cells)
        except BadRange as bad:
            raise Invalid(f"Unable to parse range: {where}") from bad

    def _note(self, method: str, where: str, values: list[list[Cell | None]]) -> None:
        self.ledger.append(BookExecuted(method, where, tuple(tuple(row) for row in values)))


def _filled(top: int, left: int, values: list[list[Cell | None]]) -> set[tuple[int, int]]:
    """Return the cells a write changes: null leaves a cell as it is."""
    return {
        (top + down, left + across)
        for down, row in enumerate(values)
        for across, value in enumerate(row)
        if value is not None
    }


def _stored_cell(cell: Cell | None, *, raw: bool) -> Cell | None:
    return cell if raw or cell is None else entered(cell)


def _counts(where: str, values: list[list[Cell | None]]) -> dict[str, Any]:
    return {
        "updatedRange": where,
        "updatedRows": len(values),
        "updatedColumns": max((len(row) for row in values), default=0),
        "updatedCells": sum(len(row) for row in values),
    }
