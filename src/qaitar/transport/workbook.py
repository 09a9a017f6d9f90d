"""Opens an XLSX from outside only after it was shown to be harmless: size, archive bombs, and cells placed far away.

The last one matters most: the reader allocates the whole rectangle between the first and the last cell, so that a file of five
kilobytes with a cell in XFD1048576 ends the process.  Nothing is unpacked to disk and no link inside is followed.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import TYPE_CHECKING

import python_calamine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FILE_BYTES_MAX = 30 * 1024 * 1024
UNPACKED_BYTES_MAX = 300 * 1024 * 1024
ENTRIES_MAX = 1000
RATIO_MAX = 200
RATIO_FROM_BYTES = 1024 * 1024  # small parts compress well and harm nobody
ROWS_MAX = 200_000
COLUMNS_MAX = 40
_CHUNK_BYTES = 1024 * 1024
_FEED_BYTES = 64 * 1024
_LOCAL_HEADER_BYTES = 30
_CELL = re.compile(rb"<(?:[^<>\s/:]+:)?c[\s/>]")
_NEAR_CELL = re.compile(rb'<c r="(?:[A-Z]|A[A-N])(?:200000|1\d{5}|[1-9]\d{0,4})"')


class WorkbookRefused(Exception):
    """A file will not be opened; `code` is for programs, the message is a plain sentence for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def first_sheet(body: bytes) -> Callable[[], Iterator[Sequence[object]]]:
    """Open a workbook's first sheet; each call of what is returned walks its rows from row 1 on, empty rows included.

    Raises:
        WorkbookRefused: before the first row, if the file is too big, broken or harmful.
    """
    check_xlsx(body)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(body))
        sheet = book.get_sheet_by_index(0)
    except (
        python_calamine.CalamineError,
        ValueError,
        IndexError,
        OSError,
    ) as error:
        raise WorkbookRefused(
            "unreadable", f"Not a readable Excel file ({type(error).__name__})."
        ) from None
    return sheet.iter_rows


def check_xlsx(body: bytes) -> None:
    """Unpack every part once, in small pieces and with limits, and look where its cells stand.

    Raises:
        WorkbookRefused: too big, encrypted, overlapping, lying about sizes, or with cells beyond 200,000 rows × 40 columns.
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
    end_of_last = 0
    for part in sorted(parts, key=lambda part: part.header_offset):
        end_of_last = _check_part(body, part, end_of_last)


def _check_part(body: bytes, part: zipfile.ZipInfo, not_before: int) -> int:
    """Check one part and return where its packed bytes end."""
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
    _check_cells(_unpack(memoryview(body)[start:end], part))
    return end


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


def _check_cells(pieces: Iterator[bytes]) -> None:
    """Refuse a sheet with any cell that is not plainly addressed inside the limits."""
    is_sheet, strange, tail = False, False, b""
    for piece in pieces:
        whole = tail + piece
        cut = max(whole.rfind(b"<"), 0) if len(whole) - whole.rfind(b"<") < 64 else len(whole)  # noqa: PLR2004  longest tag start we look for
        ready, tail = whole[:cut], whole[cut:]
        is_sheet = is_sheet or b"sheetData" in whole
        strange = strange or _has_strange_cell(ready)
    if is_sheet and (strange or _has_strange_cell(tail)):
        raise WorkbookRefused(
            "far_cells",
            f"The sheet has cells beyond {ROWS_MAX} rows or {COLUMNS_MAX} columns, or without an address.",
        )


def _has_strange_cell(xml: bytes) -> bool:
    return b"\x00" in xml or len(_CELL.findall(xml)) != len(_NEAR_CELL.findall(xml))
