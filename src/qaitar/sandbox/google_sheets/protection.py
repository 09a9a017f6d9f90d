"""Protected ranges of a spreadsheet: who may edit which cells, and how the ranges move when rows are inserted.

Written from the vendor's reference of `ProtectedRange` (developers.google.com/sheets/api, `spreadsheets.sheets`):
a range may be open-ended (then the sheet is protected), `unprotectedRanges` are left out of a protected sheet,
`editors` may edit it, and with `warningOnly` nobody is stopped.  The refusal is the one users of the API report
(theoephraim/node-google-spreadsheet pull request 20 quotes its text), answered with status 400.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qaitar.sandbox.google_sheets.grid import GRID_COLUMNS, Box

if TYPE_CHECKING:
    from collections.abc import Iterable

REFUSED = (
    "You are trying to edit a protected cell or object. "
    "Please contact the spreadsheet owner to remove protection if you need to edit."
)


@dataclass(frozen=True, slots=True)
class ProtectedRange:
    """Cells of one sheet that only the listed accounts may edit."""

    title: str
    box: Box
    editors: frozenset[str] = frozenset()
    unprotected: tuple[Box, ...] = ()
    warning_only: bool = False

    def refuses(self, account: str, cells: Iterable[tuple[int, int]]) -> bool:
        """Return whether an account may not edit one of these cells (row and column, from 0).

        >>> locked = ProtectedRange("S", Box(2, 0, 2, 25), frozenset({"owner@example.com"}))
        >>> locked.refuses("robot@example.com", [(2, 3)]), locked.refuses("owner@example.com", [(2, 3)])
        (True, False)
        >>> locked.refuses("robot@example.com", [(1, 3)])
        False
        """
        if self.warning_only or account in self.editors:
            return False
        return any(self._covers(row, column) for row, column in cells)

    def moved(self, at: int, count: int) -> ProtectedRange:
        """Return the range after `count` rows were inserted before row `at` (from 0), or deleted if negative.

        >>> ProtectedRange("S", Box(2, 0, 4, 1)).moved(1, 1).box
        Box(top=3, left=0, bottom=5, right=1)
        >>> ProtectedRange("S", Box(2, 0, 4, 1)).moved(3, 1).box
        Box(top=2, left=0, bottom=5, right=1)
        """
        return replace(
            self,
            box=_moved(self.box, at, count),
            unprotected=tuple(_moved(box, at, count) for box in self.unprotected),
        )

    def as_json(self, sheet_id: int, account: str, rows: int) -> dict[str, Any]:
        """Return the range as `spreadsheets.get` shows it to an account: false values and open ends are left out."""
        record: dict[str, Any] = {"range": _grid_range(sheet_id, self.box, rows)}
        if self.unprotected:
            record["unprotectedRanges"] = [
                _grid_range(sheet_id, box, rows) for box in self.unprotected
            ]
        if self.warning_only:
            record["warningOnly"] = True
        if self.warning_only or account in self.editors:
            record["requestingUserCanEdit"] = True
        return record

    def _covers(self, row: int, column: int) -> bool:
        here = Box(row, column, row, column)
        return self.box.meets(here) and not any(box.meets(here) for box in self.unprotected)


def _grid_range(sheet_id: int, box: Box, rows: int) -> dict[str, int]:
    """Return a GridRange: from 0, the ends exclusive, and what reaches the edge of the grid left open."""
    record = {"sheetId": sheet_id}
    if box.top:
        record["startRowIndex"] = box.top
    if box.bottom < rows - 1:
        record["endRowIndex"] = box.bottom + 1
    if box.left:
        record["startColumnIndex"] = box.left
    if box.right < GRID_COLUMNS - 1:
        record["endColumnIndex"] = box.right + 1
    return record


def _moved(box: Box, at: int, count: int) -> Box:
    top = box.top + count if at <= box.top else box.top
    bottom = box.bottom + count if at <= box.bottom else box.bottom
    return Box(top, box.left, bottom, box.right)
