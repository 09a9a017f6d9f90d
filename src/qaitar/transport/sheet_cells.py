"""Looks through the XML of one worksheet for what its reader must not meet or would drop: cells far away, cells without a value.

The reader allocates the whole rectangle between the first and the last cell that holds something, and gives errors (`#N/A`) and
formulas without a stored value as empty.  Painted cells cost nothing and do not count.  Nearly every sheet is judged by two
passes of the regular expression engine; cells in an unusual form are looked at one by one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROWS_MAX: Final = 200_000
COLUMNS_MAX: Final = 200
AREA_MAX: Final = 8_000_000  # cells of the rectangle; the reader needs some 30 bytes for each
UNREAD_MAX: Final = 50_000
UNUSUAL_MAX: Final = 3_000_000
_NARROW: Final = 40  # so many columns cannot pass the area, whatever the rows
_TAIL_BYTES: Final = 64 * 1024
_LETTERS: Final = 26

_P: Final = rb"(?:[^<>\s/:\"']+:)?"  # a prefix of the namespace
_CELL: Final = re.compile(rb"<" + _P + rb"c(?=[\s/>])")
_NEAR: Final = re.compile(
    rb"<" + _P + rb'c(?:\s+(?!r=)[\w:.-]+="[^"<>]*"){0,8}\s+r="'
    rb'([A-Z]|[A-F][A-Z]|G[A-R])(200000|1\d{5}|[1-9]\d{0,4})"'
)
_TAG: Final = re.compile(
    rb"<" + _P + rb"(c|row)((?:\s+[^\s=<>]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))*)\s*(/?)>"
)
_EMPTY_REST: Final = re.compile(
    rb"\s*(?:<" + _P + rb"v\s*/>|<" + _P + rb"v\s*>\s*</" + _P + rb"v\s*>)?\s*</" + _P + rb"c\s*>"
)
_ADDRESS: Final = re.compile(rb"\s+r\s*=\s*[\"']([^\"']*)[\"']")
_PLAIN_ADDRESS: Final = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})")
# What the reader gives as empty: an error, or a formula with nothing stored beside it.
_ERROR: Final = re.compile(
    rb"<" + _P + rb"c((?:\s+[\w:.-]+=\"[^\"<>]*\")*?\s+t=\"e\"[^<>]*)>(?:<" + _P + rb"f[^<>]*(?:/>|>[^<>]*</"
    + _P + rb"f>))?<" + _P + rb"v>([^<>]*)</"
)  # fmt: skip
_BARE_FORMULA: Final = re.compile(
    rb"<" + _P + rb"c([^<>/]*)>\s*<" + _P + rb"f(?:[^<>]*/>|[^<>]*>([^<>]*)</" + _P + rb"f>)\s*(?:<" + _P + rb"v\s*/>|<"
    + _P + rb"v>\s*</" + _P + rb"v>)?\s*</" + _P + rb"c>"
)  # fmt: skip


class SheetRefused(Exception):
    """The sheet will not be read; `code` is for programs, the message is a plain sentence for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class CellScan:
    """One pass over a worksheet: `width` and `height` of what holds something, `unread` texts of cells read as empty.

    `unread` is keyed by row and column from 0.
    """

    def __init__(self) -> None:
        """Begin with an empty sheet."""
        self.is_sheet = False
        self.width = 0
        self.height = 0
        self.unread: dict[tuple[int, int], str] = {}
        self._row = self._column = self._unusual = 0
        self._one_by_one = False

    def feed(self, pieces: Iterable[bytes], *, one_by_one: bool = False) -> bool:
        """Look through a part in pieces; False if it has cells without an address and must be fed again one by one.

        Raises:
            SheetRefused: cells too far away or too many, or an encoding nothing here reads.
        """
        self._one_by_one = one_by_one
        for ready in _whole_cells(pieces):
            self.is_sheet = self.is_sheet or b"sheetData" in ready
            if b"\x00" in ready and (self.is_sheet or b"s\x00h\x00e\x00e\x00t\x00D" in ready):
                raise SheetRefused("unreadable", "A sheet is written in an unusual encoding.")
            if self.is_sheet and not self._look(ready):
                return False
        self._check_area()
        return True

    def _look(self, xml: bytes) -> bool:
        near = [] if self._one_by_one else _NEAR.findall(xml)
        if self._one_by_one or len(near) != len(_CELL.findall(xml)):
            if not self._look_closely(xml):
                return False
        elif near:
            self._note_near(near)
        if b'"e"' in xml or b"f>" in xml or b"f " in xml:
            self._note_unread(xml)
        return True

    def _note_near(self, near: list[tuple[bytes, bytes]]) -> None:
        self.width = max(self.width, *(_column(letters) for letters in {n[0] for n in near}))
        # Rows mostly ascend; of a narrow sheet the height does not matter within the limit.
        rows = {near[0][1], near[-1][1]} if self.width <= _NARROW else {n[1] for n in near}
        self.height = max(self.height, *map(int, rows))

    def _look_closely(self, xml: bytes) -> bool:
        """Judge cell by cell; False where a cell has no address and positions were not followed from the start."""
        seen = 0
        for tag in _TAG.finditer(xml):
            found = _ADDRESS.search(tag[2])
            if tag[1] == b"row":
                self._row = int(found[1]) if found and found[1].isdigit() else self._row + 1
                self._column = 0
                continue
            seen += 1
            if found is None and not self._one_by_one:
                return False
            empty = bool(tag[3]) or _EMPTY_REST.match(xml, tag.end()) is not None
            self._place(found[1].decode("latin-1") if found else None, empty=empty)
        self._unusual += seen
        if self._unusual > UNUSUAL_MAX:
            raise SheetRefused("far_cells", "The sheet has too many painted or unusual cells.")
        if seen != len(_CELL.findall(xml)):
            raise SheetRefused("unreadable", "A cell of the sheet is written in an unreadable way.")
        return True

    def _place(self, address: str | None, *, empty: bool) -> None:
        if address is None:
            self._column += 1
        else:
            plain = _PLAIN_ADDRESS.fullmatch(address)
            if plain is None:
                raise SheetRefused("unreadable", "A cell of the sheet has an unreadable address.")
            self._row, self._column = int(plain[2]), _column(plain[1].upper().encode())
        if empty:
            return
        if self._row > ROWS_MAX or self._column > COLUMNS_MAX:
            where = address or f"{self._row}:{self._column}"
            raise SheetRefused(
                "far_cells",
                f"Cell {where} holds something beyond {ROWS_MAX} rows or {COLUMNS_MAX} columns:"
                " clear it or split the file.",
            )
        self.width, self.height = max(self.width, self._column), max(self.height, self._row)

    def _note_unread(self, xml: bytes) -> None:
        for pattern, sign in ((_ERROR, ""), (_BARE_FORMULA, "=")):
            for found in pattern.finditer(xml):
                address = _ADDRESS.search(found[1])
                plain = _PLAIN_ADDRESS.fullmatch(address[1].decode("latin-1")) if address else None
                if plain is None:
                    continue
                place = int(plain[2]) - 1, _column(plain[1].upper().encode()) - 1
                if place[0] >= ROWS_MAX or place[1] >= COLUMNS_MAX:
                    continue
                self.unread[place] = sign + (found[2] or b"").decode("utf-8", "replace")
        if len(self.unread) > UNREAD_MAX:
            raise SheetRefused(
                "no_values",
                "The sheet's formulas hold no values: open the file in Excel and save it.",
            )

    def _check_area(self) -> None:
        height = self.height if self.width > _NARROW else 0
        if height * self.width > AREA_MAX:
            raise SheetRefused(
                "too_wide",
                f"The sheet spans {self.height} rows and {self.width} columns, more than can be read:"
                " delete columns of your own or split the file.",
            )


def _column(letters: bytes) -> int:
    """Count a column from 1.

    >>> _column(b"A"), _column(b"AN"), _column(b"GR")
    (1, 40, 200)
    """
    number = 0
    for letter in letters:
        number = number * _LETTERS + letter - 64
    return number


def _whole_cells(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a stream before the last cell of each piece, so that no cell stands in two."""
    tail = b""
    for piece in pieces:
        whole = tail + piece
        since = max(len(whole) - _TAIL_BYTES, 0)
        starts = [found.start() for found in _CELL.finditer(whole, since)]
        cut = starts[-1] if starts else max(whole.rfind(b"<", since), since)
        yield whole[:cut]
        tail = whole[cut:]
    yield tail
