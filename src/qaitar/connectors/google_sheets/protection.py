"""Protected ranges of the sheet as `spreadsheets.get` shows them, and which of our rows they keep us from.  Pure.

Shape: `sheets[].protectedRanges[]` of the API's reference.  A range is a GridRange: counted from 0, ends exclusive,
an absent bound is open; `requestingUserCanEdit` and `warningOnly` are left out of the JSON when they are false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

FIELDS = "sheets(properties(sheetId,title),protectedRanges)"
REFUSED_WORDS = "protected cell or object"
_OPEN = 1 << 40


@dataclass(frozen=True, slots=True)
class CellBlock:
    """A rectangle of cells counted from 0, ends exclusive."""

    top: int
    bottom: int
    left: int
    right: int

    def holds(self, row: int, column: int) -> bool:
        """Return whether a cell lies in it."""
        return self.top <= row < self.bottom and self.left <= column < self.right


@dataclass(frozen=True, slots=True)
class Protection:
    """One range our account may not edit; `free` are the parts of a protected sheet anybody may edit."""

    block: CellBlock
    free: tuple[CellBlock, ...] = ()

    def keeps_from(self, row: int, columns: Iterable[int]) -> bool:
        """Return whether one of these cells of a row (from 1, as people see it) may not be edited.

        >>> third_row = Protection(CellBlock(2, 3, 0, 26))
        >>> third_row.keeps_from(3, [0, 2]), third_row.keeps_from(4, [0, 2])
        (True, False)
        """
        return any(
            self.block.holds(row - 1, column)
            and not any(free.holds(row - 1, column) for free in self.free)
            for column in columns
        )

    def reaches_column(self, column: int) -> bool:
        """Return whether a cell of this column may not be edited in some row that is not free."""
        inside = self.block.left <= column < self.block.right
        freed = any(
            free.left <= column < free.right
            and free.top <= self.block.top
            and free.bottom >= self.block.bottom
            for free in self.free
        )
        return inside and not freed

    @property
    def without_end(self) -> bool:
        """Return whether it reaches below every row, so that no new row can be added under it either."""
        return self.block.bottom >= _OPEN


def protections_of(payload: Any, sheet_title: str) -> tuple[Protection, ...]:
    """Read which ranges of a sheet the asking account may not edit; what cannot be read is left out.

    >>> sheet = {"properties": {"title": "S"}, "protectedRanges": [{"range": {"startRowIndex": 2, "endRowIndex": 3}}]}
    >>> protections_of({"sheets": [sheet]}, "S")[0].block.top
    2
    >>> protections_of({"sheets": [sheet]}, "Other")
    ()
    """
    sheets = payload.get("sheets") if isinstance(payload, Mapping) else None
    return tuple(
        Protection(
            _block(one.get("range")),
            tuple(_block(free) for free in one.get("unprotectedRanges") or ()),
        )
        for sheet in sheets or ()
        if isinstance(sheet, Mapping)
        and (sheet.get("properties") or {}).get("title") == sheet_title
        for one in sheet.get("protectedRanges") or ()
        if isinstance(one, Mapping)
        and not one.get("requestingUserCanEdit")
        and not one.get("warningOnly")
    )


def _block(grid_range: Any) -> CellBlock:
    found = grid_range if isinstance(grid_range, Mapping) else {}
    return CellBlock(
        top=int(found.get("startRowIndex", 0)),
        bottom=int(found.get("endRowIndex", _OPEN)),
        left=int(found.get("startColumnIndex", 0)),
        right=int(found.get("endColumnIndex", _OPEN)),
    )
