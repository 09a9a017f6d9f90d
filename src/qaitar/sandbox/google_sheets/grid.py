"""Cells of one sheet, the tables Google sees in them, and ranges in A1 notation, read from the API's documents."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

Cell = str | int | float | bool
GRID_ROWS = 1000
GRID_COLUMNS = 26
_BOX = re.compile(r"([A-Z]{1,3})?([0-9]+)?(?::([A-Z]{1,3})?([0-9]+)?)?")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


class BadRange(Exception):
    """A range that cannot be read, or a sheet that is not there."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of cells, counted from 0, ends included."""

    top: int
    left: int
    bottom: int
    right: int

    def meets(self, other: Box) -> bool:
        """Tell whether two rectangles share a cell.

        >>> Box(0, 0, 1, 1).meets(Box(1, 1, 2, 2)), Box(0, 0, 1, 1).meets(Box(2, 0, 2, 0))
        (True, False)
        """
        apart_down = self.bottom < other.top or other.bottom < self.top
        apart_across = self.right < other.left or other.right < self.left
        return not (apart_down or apart_across)

    def a1(self, title: str) -> str:
        """Return the rectangle as the API writes it, the title quoted only where it has to be.

        >>> Box(4, 0, 4, 5).a1("Sheet1"), Box(0, 0, 0, 0).a1("Лист 1")
        ('Sheet1!A5:F5', "'Лист 1'!A1")
        """
        name = (
            title if re.fullmatch(r"[A-Za-z0-9_]+", title) else "'" + title.replace("'", "''") + "'"
        )
        first = f"{letters(self.left)}{self.top + 1}"
        last = f"{letters(self.right)}{self.bottom + 1}"
        return f"{name}!{first}" if first == last else f"{name}!{first}:{last}"


def letters(column: int) -> str:
    """Return the letters of a column counted from 0.

    >>> letters(0), letters(27)
    ('A', 'AB')
    """
    head, tail = divmod(column, 26)
    return (letters(head - 1) if head else "") + chr(65 + tail)


def split_range(text: str) -> tuple[str, str]:
    """Split a range into sheet title and cells; no cells means the whole sheet.

    >>> split_range("'It''s'!A1:B2"), split_range("Sheet1"), split_range("'Лист 1'")
    (("It's", 'A1:B2'), ('Sheet1', ''), ('Лист 1', ''))
    """
    quoted = re.fullmatch(r"'((?:[^']|'')*)'(?:!(.*))?", text)
    if quoted:
        return quoted[1].replace("''", "'"), quoted[2] or ""
    title, _, cells = text.partition("!")
    return title, cells


def entered(value: Cell) -> Cell:
    """Return what USER_ENTERED makes of a value: formulas run, signs and leading zeros of numbers go.

    >>> entered("=1+1"), entered("+77011234567"), entered("007"), entered("текст")
    ('#FORMULA', 77011234567, 7, 'текст')
    """
    if not isinstance(value, str):
        return value
    if value.startswith("="):
        return "#FORMULA"
    if _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return value


@dataclass(slots=True)
class Grid:
    """One sheet; an empty cell is an empty text."""

    title: str
    rows: list[list[Cell]] = field(default_factory=list)

    def box(self, cells: str) -> Box:
        """Return the rectangle a range's cells name, open ends closed by the size of the grid.

        Raises:
            BadRange: it is not A1 notation.
        """
        found = _BOX.fullmatch(cells.upper())
        if found is None:
            raise BadRange(cells)
        left, top, right, bottom = found.groups()
        single = ":" not in cells
        whole = cells == ""
        last_row, last_column = max(GRID_ROWS, len(self.rows)) - 1, GRID_COLUMNS - 1
        first = Box(int(top or 1) - 1, _column(left, 0), 0, 0)
        if single and not whole:
            if left is None or top is None:
                raise BadRange(cells)
            return Box(first.top, first.left, first.top, first.left)
        return Box(
            first.top,
            first.left,
            int(bottom) - 1 if bottom else last_row,
            _column(right, last_column),
        )

    def read(self, box: Box) -> list[list[str]]:
        """Return the shown texts of a rectangle, empty ends of rows and empty last rows left out."""
        texts = [
            _trimmed([str(cell) for cell in row[box.left : box.right + 1]])
            for row in self.rows[box.top : box.bottom + 1]
        ]
        while texts and not texts[-1]:
            texts.pop()
        return texts

    def write(self, top: int, left: int, values: list[list[Cell | None]]) -> Box:
        """Write values from a cell on; null leaves a cell as it is.  Return the rectangle written."""
        width = max((len(row) for row in values), default=0)
        for down, row in enumerate(values):
            for across, value in enumerate(row):
                if value is not None:
                    self._set(top + down, left + across, value)
        return Box(top, left, top + len(values) - 1, left + max(width, 1) - 1)

    def insert_rows(self, at: int, count: int) -> None:
        """Push everything from a row on down."""
        self._grow(at)
        self.rows[at:at] = [[] for _ in range(count)]

    def clear(self, box: Box) -> None:
        """Empty a rectangle."""
        for row in self.rows[box.top : box.bottom + 1]:
            row[box.left : box.right + 1] = [""] * len(row[box.left : box.right + 1])

    def table(self, box: Box) -> Box | None:
        """Return the last table that touches a rectangle: cells filled side by side, blank lines around them."""
        touching = [table for table in self._tables() if table.meets(box)]
        return max(touching, key=lambda one: (one.bottom, one.right), default=None)

    def _tables(self) -> list[Box]:
        left = {
            (down, across)
            for down, row in enumerate(self.rows)
            for across, cell in enumerate(row)
            if cell != ""
        }
        tables: list[Box] = []
        while left:
            island = _island(left.pop(), left)
            downs, acrosses = [d for d, _ in island], [a for _, a in island]
            tables.append(Box(min(downs), min(acrosses), max(downs), max(acrosses)))
        return tables

    def _grow(self, rows: int) -> None:
        self.rows.extend([] for _ in range(rows - len(self.rows)))

    def _set(self, down: int, across: int, value: Cell) -> None:
        self._grow(down + 1)
        row = self.rows[down]
        row.extend([""] * (across + 1 - len(row)))
        row[across] = value


def _island(start: tuple[int, int], left: set[tuple[int, int]]) -> list[tuple[int, int]]:
    island, open_ends = [start], [start]
    while open_ends:
        down, across = open_ends.pop()
        near = {(down + d, across + a) for d in (-1, 0, 1) for a in (-1, 0, 1)} & left
        left -= near
        island.extend(near)
        open_ends.extend(near)
    return island


def _column(text: str | None, default: int) -> int:
    if not text:
        return default
    place = 0
    for letter in text:
        place = place * 26 + ord(letter) - 64
    return place - 1


def _trimmed(row: list[str]) -> list[str]:
    while row and not row[-1]:
        row.pop()
    return row
