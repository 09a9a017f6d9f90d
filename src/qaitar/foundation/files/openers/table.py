"""Judges an XLSX by its directory first, then by unpacking every part without keeping it."""

from __future__ import annotations

import stat
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO

from qaitar.foundation.files.openers.limits import MB, Answer, refused, serve

if TYPE_CHECKING:
    from pathlib import Path

PARTS_MAX = 2_000
UNPACKED_MAX_MB = 250
RATIO_MAX = 200
"""A sheet of a million equal rows unpacks to some 50 times its size, a bomb to 1,000."""
RATIO_FROM_BYTES = 1 * MB
_DTD = (b"<!DOCTYPE", b"<!ENTITY")
_DTD_SEAM_BYTES = 32  # kept of each piece, so that a word cut in two is seen
_FIRST_BYTES = 4096


def check(path: Path, _folder: Path) -> Answer:
    """Judge an XLSX by its directory first, then by unpacking every part without keeping it."""
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        parts = archive.infolist()
        refusal = _table_kind(parts) or _table_layout(parts, archive.start_dir)
        if refusal:
            return refusal
        return _contents_refusal(file, parts) or {}


def _contents_refusal(file: BinaryIO, parts: list[zipfile.ZipInfo]) -> Answer | None:
    left = UNPACKED_MAX_MB * MB
    for part in parts:
        first, unpacked, has_dtd = _unpack(file, part, left)
        left -= unpacked
        if left < 0:
            return refused("table_bomb", limit_mb=UNPACKED_MAX_MB)
        if unpacked != part.file_size:
            return refused("table_parts")
        if has_dtd:
            return refused("table_entities")
        if first.startswith((b"PK\x03\x04", b"MZ", b"\x7fELF", b"Rar!", b"7z\xbc\xaf")):
            return refused("table_embedded")
    return None


def _is_xml(part: zipfile.ZipInfo) -> bool:
    return part.filename.lower().endswith((".xml", ".rels", ".vml"))


def _is_dtd(first: bytes) -> bool:
    if b"<!" not in first and b"\0" not in first:
        return False
    plain = first.replace(b"\0", b"").upper()  # UTF-16 hides the word between zero bytes
    return any(word in plain for word in _DTD)


def _table_kind(parts: list[zipfile.ZipInfo]) -> Answer | None:
    names = {part.filename.lower() for part in parts}
    if not {"[content_types].xml", "xl/workbook.xml"} <= names:
        if "word/document.xml" in names or "ppt/presentation.xml" in names:
            return refused("unsupported", found="DOCX, PPTX")
        if "xl/workbook.bin" in names:
            return refused("unsupported", found="XLSB")
        return refused("archive", found="ZIP")
    if any(name.endswith("vbaproject.bin") or "/macrosheets/" in name for name in names):
        return refused("table_macro")
    if any(name.startswith(("xl/embeddings/", "xl/activex/")) for name in names):
        return refused("table_embedded")
    return None


def _table_layout(parts: list[zipfile.ZipInfo], directory_at: int) -> Answer | None:
    names = [part.filename for part in parts]
    if len(names) > PARTS_MAX or len(set(names)) != len(names):
        return refused("table_parts")
    if any(part.flag_bits & 1 for part in parts):
        return refused("table_encrypted")
    size = _table_size(parts)
    if size is not None:
        return size
    if any(_is_strange(part) for part in parts):
        return refused("table_parts")
    spans = sorted((part.header_offset, 30 + part.compress_size) for part in parts)
    ends = [*(start for start, _ in spans[1:]), directory_at]
    if any(start + size > end for (start, size), end in zip(spans, ends, strict=True)):
        return refused("table_parts")  # entries lying over each other: one packed byte, many copies
    return None


def _table_size(parts: list[zipfile.ZipInfo]) -> Answer | None:
    """Judge the sizes the directory claims; one that lies is found while unpacking."""
    if sum(part.file_size for part in parts) > UNPACKED_MAX_MB * MB:
        return refused("table_bomb", limit_mb=UNPACKED_MAX_MB)
    for part in parts:
        if part.file_size > max(RATIO_FROM_BYTES, RATIO_MAX * part.compress_size):
            return refused("table_ratio", times=part.file_size // max(part.compress_size, 1))
    return None


def _is_strange(part: zipfile.ZipInfo) -> bool:
    name = part.filename
    outside = name.startswith(("/", "\\")) or ".." in name.split("/") or "\\" in name or ":" in name
    link = stat.S_ISLNK(part.external_attr >> 16)
    return outside or link or part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def _unpack(file: BinaryIO, part: zipfile.ZipInfo, limit: int) -> tuple[bytes, int, bool]:
    """Unpack a part by itself: `zipfile` stops at the size the directory claims, other readers do not."""
    file.seek(part.header_offset)
    header = file.read(30)
    if header[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile("no header where the directory points")
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
    if part.compress_type == zipfile.ZIP_STORED:
        whole = file.read(part.compress_size)
        return whole[:_FIRST_BYTES], part.compress_size, _is_xml(part) and _is_dtd(whole)
    inflater, packed_left, unpacked, first = zlib.decompressobj(-15), part.compress_size, 0, b""
    seam, has_dtd, is_xml = b"", False, _is_xml(part)
    while not inflater.eof and unpacked <= limit:
        packed = inflater.unconsumed_tail or file.read(min(65_536, packed_left))
        if not inflater.unconsumed_tail:
            packed_left -= len(packed)
        if not packed:
            raise zipfile.BadZipFile("ends in the middle of a part")
        piece = inflater.decompress(packed, 1 * MB)
        first = first or piece[:_FIRST_BYTES]
        has_dtd = has_dtd or (is_xml and _is_dtd(seam + piece))
        seam = piece[-_DTD_SEAM_BYTES:]
        unpacked += len(piece)
    return first, unpacked, has_dtd


if __name__ == "__main__":
    sys.exit(serve(check))
