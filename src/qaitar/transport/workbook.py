"""Opens an XLSX from outside only after it was shown to be harmless: size, archive bombs, and cells placed far away.

The last one matters most: the reader allocates the whole rectangle between the first and the last cell, so that a file of five
kilobytes with a cell in XFD1048576 ends the process.  Nothing is unpacked to disk and no link inside is followed.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import python_calamine

from qaitar.transport.sheet_cells import CellScan, SheetRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

FILE_BYTES_MAX = 30 * 1024 * 1024
UNPACKED_BYTES_MAX = 300 * 1024 * 1024
ENTRIES_MAX = 1000
RATIO_MAX = 200
RATIO_FROM_BYTES = 1024 * 1024  # small parts compress well and harm nobody
SHEETS_MAX = 50
_BOOK_PART_BYTES_MAX = 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_FEED_BYTES = 64 * 1024
_LOCAL_HEADER_BYTES = 30
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
Unread = dict[tuple[int, int], str]


class WorkbookRefused(Exception):
    """A file will not be opened; `code` is for programs, the message is a plain sentence for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Worksheet:
    """One sheet: each call of `rows` walks its rows from row 1 on, empty rows included."""

    name: str
    rows: Callable[[], Iterator[Sequence[object]]]


def worksheets(body: bytes) -> list[Worksheet]:
    """Open a workbook's worksheets in their order, hidden ones too; charts are left out.

    A formula without a stored value comes as its text (`=A1*2`) and an error as its name (`#N/A`), never as an empty cell.

    Raises:
        WorkbookRefused: before the first row, if the file is too big, broken, harmful or no XLSX.
    """
    unread = check_xlsx(body)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(body))
        known = [
            each.name
            for each in book.sheets_metadata
            if each.typ is python_calamine.SheetTypeEnum.WorkSheet
        ]
        places = _sheet_parts(body) if unread else {}
        return [
            Worksheet(
                name, _rows_of(book.get_sheet_by_name(name), unread.get(places.get(name, ""), {}))
            )
            for name in known[:SHEETS_MAX]
        ]
    except (
        python_calamine.CalamineError,
        ValueError,
        IndexError,
        KeyError,
        OSError,
        ET.ParseError,
    ) as error:
        raise WorkbookRefused(
            "unreadable", f"Not a readable Excel file ({type(error).__name__})."
        ) from None


def _rows_of(
    sheet: python_calamine.CalamineSheet, unread: Unread
) -> Callable[[], Iterator[Sequence[object]]]:
    if not unread:
        return sheet.iter_rows
    by_row: dict[int, dict[int, str]] = {}
    for (row, column), text in unread.items():
        by_row.setdefault(row, {})[column] = text

    def rows() -> Iterator[Sequence[object]]:
        at = -1
        for at, cells in enumerate(sheet.iter_rows()):
            yield _filled(cells, by_row[at]) if at in by_row else cells
        for row in range(at + 1, max(by_row) + 1):
            yield _filled((), by_row.get(row, {}))

    return rows


def _filled(cells: Sequence[object], texts: Mapping[int, str]) -> Sequence[object]:
    row = [*cells, *[""] * (max(texts, default=-1) + 1 - len(cells))]
    for column, text in texts.items():
        if row[column] in ("", None):
            row[column] = text
    return row


def _sheet_parts(body: bytes) -> dict[str, str]:
    """Name the part each sheet's cells stand in."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        book, relations = (
            ET.fromstring(archive.read(name)[:_BOOK_PART_BYTES_MAX])  # noqa: S314  libexpat bounds what entities may grow to
            for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
        )
    targets = {each.get("Id"): each.get("Target", "") for each in relations}
    return {
        each.get("name", ""): posixpath.normpath(
            posixpath.join("/xl", targets.get(each.get(_RELATION), ""))
        ).lstrip("/")
        for each in book.iter()
        if each.tag.rpartition("}")[2] == "sheet"
    }


def check_xlsx(body: bytes) -> dict[str, Unread]:
    """Unpack every part once, in small pieces and with limits, and look where its cells stand.

    Gives, by part, the texts of cells that the reader would give as empty (row and column from 0).

    Raises:
        WorkbookRefused: too big, encrypted, overlapping, lying about sizes, of another kind, or with cells beyond 200,000 rows,
            200 columns or a rectangle of 8 million.
    """
    if len(body) > FILE_BYTES_MAX:
        raise WorkbookRefused("too_big", f"The file is larger than {FILE_BYTES_MAX >> 20} MB.")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, UnicodeError):
        raise WorkbookRefused("not_xlsx", "The file is not an Excel workbook.") from None
    if len(parts) > ENTRIES_MAX:
        raise WorkbookRefused("bomb", f"The workbook has more than {ENTRIES_MAX} parts.")
    if sum(part.file_size for part in parts) > UNPACKED_BYTES_MAX:
        raise WorkbookRefused("bomb", f"Unpacked, it is larger than {UNPACKED_BYTES_MAX >> 20} MB.")
    _check_kind({part.filename for part in parts})
    end_of_last = 0
    unread: dict[str, Unread] = {}
    for part in sorted(parts, key=lambda part: part.header_offset):
        end_of_last, found = _check_part(body, part, end_of_last)
        if found:
            unread[part.filename] = found
    return unread


def _check_kind(names: set[str]) -> None:
    if "xl/workbook.bin" in names:
        raise WorkbookRefused("other_kind", "Binary Excel (.xlsb): save it as .xlsx.")
    if "content.xml" in names:
        raise WorkbookRefused("other_kind", "An OpenDocument table (.ods): save it as .xlsx.")


def _check_part(body: bytes, part: zipfile.ZipInfo, not_before: int) -> tuple[int, Unread]:
    """Check one part; give where its packed bytes end and what its cells hold that the reader would drop."""
    header = body[part.header_offset : part.header_offset + _LOCAL_HEADER_BYTES]
    if len(header) < _LOCAL_HEADER_BYTES or header[:4] != b"PK\x03\x04":
        raise WorkbookRefused("not_xlsx", "The workbook's parts are damaged.")
    names = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    start = part.header_offset + _LOCAL_HEADER_BYTES + names
    end = start + part.compress_size
    if part.header_offset < not_before or end > len(body):
        raise WorkbookRefused("bomb", "The workbook's parts overlap or are cut.")
    if part.flag_bits & 0x1:
        raise WorkbookRefused("encrypted", "The workbook is protected by a password.")
    if part.file_size > RATIO_FROM_BYTES and part.file_size > RATIO_MAX * part.compress_size:
        raise WorkbookRefused("bomb", "A part of the workbook is packed suspiciously well.")
    packed = memoryview(body)[start:end]
    try:
        scan = CellScan()
        if not scan.feed(_unpack(packed, part)):
            scan = CellScan()
            scan.feed(_unpack(packed, part), one_by_one=True)
    except SheetRefused as refusal:
        raise WorkbookRefused(refusal.code, str(refusal)) from None
    return end, scan.unread if scan.is_sheet else {}


def _unpack(packed: memoryview, part: zipfile.ZipInfo) -> Iterator[bytes]:
    if part.compress_type == zipfile.ZIP_STORED:
        yield from (
            bytes(packed[at : at + _CHUNK_BYTES]) for at in range(0, len(packed), _CHUNK_BYTES)
        )
        return
    if part.compress_type != zipfile.ZIP_DEFLATED:
        raise WorkbookRefused("unreadable", "The workbook is packed in an unusual way.")
    inflater = zlib.decompressobj(-15)
    left = part.file_size
    try:
        for at in range(0, len(packed), _FEED_BYTES):
            pending = bytes(packed[at : at + _FEED_BYTES])
            while pending and not inflater.eof:
                piece = inflater.decompress(pending, _CHUNK_BYTES)
                pending = inflater.unconsumed_tail
                left -= len(piece)
                if left < 0:
                    raise WorkbookRefused("bomb", "A part of the workbook lies about its size.")
                yield piece
    except zlib.error:
        raise WorkbookRefused("not_xlsx", "The workbook's parts are damaged.") from None
    if not inflater.eof:
        raise WorkbookRefused("not_xlsx", "The workbook's parts are cut.")
