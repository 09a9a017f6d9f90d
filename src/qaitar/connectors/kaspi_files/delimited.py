"""Text tables (CSV, Excel's "Unicode text") as rows of cells: encoding and delimiter are found by the header they show.  Pure.

Bytes that are no text of the encoding stay in their cells as lone surrogates, so that only their rows are rejected.
"""

from __future__ import annotations

import csv
import io
import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from qaitar.connectors.kaspi_files import facts, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DELIMITERS: Final = ";,\t|"
RECORD_LINES_MAX: Final = (
    200  # lines one row may stand in; a quotation mark left open would take the rest of the file
)
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_LITTLE_ENDIAN: Final = 0xFF
_SINGLE_BYTE: Final = ("cp1251", "cp866", "koi8-r", "mac-cyrillic")
_HEAD_BYTES: Final = 64 * 1024
_HEAD_CHARS: Final = 200_000  # a header is looked for in these
_GOOD_FOR_EACH_BAD: Final = 10
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ORDER_NUMBER: Final = re.compile(r"[=\"' ]*\d{5,20}[\"' ]*\Z")


class BrokenRow(list[str]):
    """A row whose quotation mark is never closed: what stands on its own line."""


def is_broken_text(text: str) -> bool:
    """Tell whether a cell holds bytes that are no text in the file's encoding."""
    return _SURROGATE.search(text) is not None


def texts_of(body: bytes) -> Iterator[str]:
    """Give the ways to read these bytes as text, the likeliest first."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            yield _marked(body, encoding, len(mark))
            return
    if b"\x00" in body[:_HEAD_BYTES]:
        for encoding in ("utf-16-le", "utf-16-be"):
            yield _wide(body, encoding)
    try:
        yield body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("utf-8", "surrogateescape")
        bad = len(_SURROGATE.findall(text))
        good = sum(1 for char in text if char > "\x7f") - bad
        if good >= bad * _GOOD_FOR_EACH_BAD:
            yield text
    for encoding in _SINGLE_BYTE:
        yield body.decode(encoding, "surrogateescape")


def _marked(body: bytes, encoding: str, mark: int) -> str:
    if encoding == "utf-16":
        return _wide(body[mark:], "utf-16-le" if body[0] == _LITTLE_ENDIAN else "utf-16-be")
    return body.decode(encoding, "surrogateescape" if encoding == "utf-8-sig" else "replace")


def _wide(body: bytes, encoding: str) -> str:
    """Decode UTF-16; half a character stays as a lone surrogate, and so does an odd byte at the end."""
    whole = len(body) // 2 * 2
    return body[:whole].decode(encoding, "surrogatepass") + ("\udc80" if len(body) > whole else "")


def is_text(body: bytes) -> bool:
    r"""Tell whether the bytes are a text in an encoding spreadsheets write.

    >>> is_text("Имя".encode("cp1251")), is_text(b"%PDF-1.7\n\x98")
    (True, False)
    """
    if body.startswith(tuple(mark for mark, _ in _MARKS)):
        return True
    for encoding in ("utf-8", "cp1251"):
        try:
            body.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


def table_of(body: bytes) -> tuple[Callable[[], Iterator[list[str]]], bool] | None:
    """Find the encoding and the delimiter that show a header; None when nothing does.

    Gives what walks the rows from the first one, and whether some bytes are no text.
    """
    for text in texts_of(body):
        best, delimiter = max(
            ((_known_names(text, each), each) for each in DELIMITERS), key=lambda pair: pair[0]
        )
        if best:
            return lambda: rows(text, delimiter), _SURROGATE.search(text) is not None  # noqa: B023  returned at once
    return None


def _known_names(text: str, delimiter: str) -> int:
    """Count the known columns of the header this delimiter shows; 0 when it shows none."""
    for cells in islice(rows(text[:_HEAD_CHARS], delimiter), facts.HEADER_SEARCH_ROWS):
        if (names := wire.header_from(cells)) is not None:
            return len(set(names) & set(facts.COLUMNS))
    return 0


class _Lines:
    """Lines of a text, of which some may be given back; a record gets a limited number of them."""

    def __init__(self, text: str) -> None:
        self._rest = iter(io.StringIO(text, newline=""))
        self._returned: list[str] = []
        self.consumed: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.consumed) >= RECORD_LINES_MAX:
            raise StopIteration
        line = self._returned.pop() if self._returned else next(self._rest)
        self.consumed.append(line)
        return line

    def give_back(self, lines: list[str]) -> None:
        self._returned.extend(reversed(lines))


def rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Walk the rows.  Where a quotation mark left open has swallowed rows, they are given back and the one before is broken."""
    lines = _Lines(text)
    header: list[str] | None = None
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.consumed.clear()
        cells = next(reader, None)
        if cells is None:
            if not lines.consumed and not _more(lines):
                return
            reader = csv.reader(lines, delimiter=delimiter)
            continue
        consumed = list(lines.consumed)
        if header is None:
            header = wire.header_from(cells)
        elif len(consumed) > 1 and _swallowed(cells, consumed[1:], delimiter, header):
            lines.give_back(consumed[1:])
            reader = csv.reader(lines, delimiter=delimiter)
            yield _broken(consumed[0].rstrip("\r\n"), delimiter, header)
            continue
        if len(consumed) >= RECORD_LINES_MAX:
            reader = csv.reader(lines, delimiter=delimiter)
        yield cells


def _broken(line: str, delimiter: str, header: list[str]) -> BrokenRow:
    """Take apart what stands on a row's own line, so that its order is known: the open mark has the rest of the line."""
    cells = next(csv.reader([line], delimiter=delimiter), [])
    return BrokenRow(cells if len(cells) > header.index(facts.CODE) else line.split(delimiter))


def _more(lines: _Lines) -> bool:
    """Tell whether a line is left, without using it up."""
    line = next(lines, None)
    if line is None:
        return False
    lines.give_back([line])
    lines.consumed.clear()
    return True


def _swallowed(cells: list[str], continued: list[str], delimiter: str, header: list[str]) -> bool:
    """Tell whether a quotation mark left open has made one row of several.

    A line of it has an order number where the header says; or a cell of several lines holds as many delimiters as a row; or the
    cells are not as many as the header's, though one of the lines is as good as a row.
    """
    code_at, width = header.index(facts.CODE), len(header)
    for line in continued:
        parts = line.split(delimiter)
        if len(parts) > max(code_at, 1) and _ORDER_NUMBER.match(parts[code_at].rstrip("\r\n")):
            return True
    if any("\n" in cell and cell.count(delimiter) >= width - 1 for cell in cells):
        return True
    return len(cells) != width and any(
        line.count(delimiter) >= max(width // 2, 1) for line in continued
    )
