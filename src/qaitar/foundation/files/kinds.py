"""What a file is, told by its content; the name only decides between kinds of plain text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

import puremagic

from qaitar.foundation.files.refusals import FileRefusalCode, Rejected

MB = 1024 * 1024
SNIFF_BYTES = 4096
_PHOTO_MAX_BYTES = 20 * MB
_PDF_MAX_BYTES = 25 * MB
_VIDEO_MAX_BYTES = 200 * MB
_TABLE_MAX_BYTES = 20 * MB


class FileKind(StrEnum):
    """The kinds that are taken."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    HEIC = "heic"
    PDF = "pdf"
    MP4 = "mp4"
    MOV = "mov"
    WEBM = "webm"
    XLSX = "xlsx"
    CSV = "csv"
    JSON = "json"
    HAR = "har"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What follows from a kind: media type to serve, right extension, most bytes taken."""

    mime: str
    extension: str
    bytes_max: int


FACTS: dict[FileKind, FileFacts] = {
    FileKind.JPEG: FileFacts("image/jpeg", ".jpg", _PHOTO_MAX_BYTES),
    FileKind.PNG: FileFacts("image/png", ".png", _PHOTO_MAX_BYTES),
    FileKind.WEBP: FileFacts("image/webp", ".webp", _PHOTO_MAX_BYTES),
    FileKind.HEIC: FileFacts("image/heic", ".heic", _PHOTO_MAX_BYTES),
    FileKind.PDF: FileFacts("application/pdf", ".pdf", _PDF_MAX_BYTES),
    FileKind.MP4: FileFacts("video/mp4", ".mp4", _VIDEO_MAX_BYTES),
    FileKind.MOV: FileFacts("video/quicktime", ".mov", _VIDEO_MAX_BYTES),
    FileKind.WEBM: FileFacts("video/webm", ".webm", _VIDEO_MAX_BYTES),
    FileKind.XLSX: FileFacts(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ".xlsx",
        _TABLE_MAX_BYTES,
    ),
    FileKind.CSV: FileFacts("text/csv", ".csv", _TABLE_MAX_BYTES),
    FileKind.JSON: FileFacts("application/json", ".json", _TABLE_MAX_BYTES),
    FileKind.HAR: FileFacts("application/json", ".har", _TABLE_MAX_BYTES),
}
ANY_BYTES_MAX = max(facts.bytes_max for facts in FACTS.values())
PICTURES = frozenset({FileKind.JPEG, FileKind.PNG, FileKind.WEBP})

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_MP4_BRANDS = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV"}
)
_PLAIN_SUFFIXES = frozenset({".csv", ".tsv", ".json", ".har"})
_ARCHIVES = frozenset(
    [
        ".zip",
        ".rar",
        ".7z",
        ".cb7",
        ".gz",
        ".tgz",
        ".bz2",
        ".xz",
        ".zst",
        ".lz",
        ".lz4",
        ".tar",
        ".cab",
        ".iso",
        ".arj",
        ".ace",
        ".jar",
        ".dmg",
        ".z",
    ]
)
_PROGRAMS = frozenset(
    [
        ".exe",
        ".dll",
        ".ocx",
        ".scr",
        ".com",
        ".sys",
        ".elf",
        ".class",
        ".dex",
        ".msi",
        ".appimage",
        ".swf",
        ".lnk",
        ".macho",
        ".wasm",
        ".deb",
        ".rpm",
        ".apk",
        ".sh",
        ".bat",
        ".ps1",
        ".vbs",
        ".js",
    ]
)
_PDF_HEAD_BYTES = 1024
"""A PDF's head may stand anywhere in so many first bytes (ISO 32000-1, annex H note 13): programs put lines before it."""


def recognise(head: bytes, name: str) -> FileKind | Rejected:
    """Tell the kind from the first bytes (`SNIFF_BYTES` are enough) and, for plain text, the name.

    A ZIP comes back as XLSX: whether it is one, only its directory tells (the sandboxed check).

    >>> recognise(b"%PDF-1.7 ...", "photo.jpg")
    <FileKind.PDF: 'pdf'>
    >>> recognise(b"MZ" + bytes(64), "act.pdf").code
    <FileRefusalCode.EXECUTABLE: 'executable'>
    """
    found = _by_signature(head)
    if found is not None:
        return found
    if _is_pdf_after_lines(head, name):
        return FileKind.PDF
    if _looks_like_text(head):
        return _text_kind(head, name)
    return _refused(head)


def _by_signature(head: bytes) -> FileKind | Rejected | None:
    if head.startswith(b"\xff\xd8\xff"):
        return FileKind.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileKind.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return FileKind.WEBP
    if head.startswith(b"%PDF-"):
        return FileKind.PDF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return FileKind.XLSX
    return _by_container(head)


def _by_container(head: bytes) -> FileKind | Rejected | None:
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        is_webm = b"\x42\x82\x84webm" in head[:128]
        return (
            FileKind.WEBM
            if is_webm
            else Rejected(FileRefusalCode.UNSUPPORTED, {"found": "Matroska"})
        )
    return None


def _by_brand(head: bytes) -> FileKind | Rejected:
    box = head[8 : min(len(head), int.from_bytes(head[:4], "big"), 256)]
    major, others = box[:4], {box[i : i + 4] for i in range(8, len(box) - 3, 4)}
    if major in _HEIC_BRANDS or (major in {b"mif1", b"msf1"} and others & _HEIC_BRANDS):
        return FileKind.HEIC
    if major == b"qt  ":
        return FileKind.MOV
    if major in _MP4_BRANDS or (major.startswith((b"3gp", b"dash")) and others & _MP4_BRANDS):
        return FileKind.MP4
    printable = major.decode("ascii", "replace").strip()
    return Rejected(
        FileRefusalCode.UNSUPPORTED,
        {"found": printable if printable.isalnum() else "unknown video"},
    )


def _is_pdf_after_lines(head: bytes, name: str) -> bool:
    r"""Tell a PDF behind lines of text or padding, such as the head of the letter it came in, from other text.

    >>> _is_pdf_after_lines(b"Content-Type: application/pdf\r\n\r\n%PDF-1.4", "act.pdf")
    True
    >>> _is_pdf_after_lines(b"<html>%PDF-1.4", "act.pdf"), _is_pdf_after_lines(b"MZ\1%PDF-1.4", "a.pdf")
    (False, False)
    """
    at = head[:_PDF_HEAD_BYTES].find(b"%PDF-")
    if at < 0 or PurePosixPath(name.lower()).suffix in _PLAIN_SUFFIXES:
        return False
    before = head[:at].lstrip(b"\xef\xbb\xbf\0 \t\r\n")
    return not before.startswith((b"<", b"#!")) and _looks_like_text(before)


def _looks_like_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not any(byte < 32 and byte not in b"\t\r\n\x0c" for byte in head)  # noqa: PLR2004  the control characters of ASCII


def _text_kind(head: bytes, name: str) -> FileKind | Rejected:
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "latin-1"
    start = head.removeprefix(b"\xef\xbb\xbf").decode(encoding, "replace").lstrip()
    suffix = PurePosixPath(name.lower()).suffix
    if start.startswith("<"):
        return Rejected(
            FileRefusalCode.MARKUP, {"found": "SVG" if "<svg" in start.lower() else "HTML, XML"}
        )
    if start.startswith("#!"):
        return Rejected(FileRefusalCode.EXECUTABLE, {"found": "script"})
    if suffix in {".csv", ".tsv"}:
        return FileKind.CSV
    if suffix in {".json", ".har"} or start.startswith(("{", "[")):
        return FileKind.JSON
    return Rejected(FileRefusalCode.UNSUPPORTED, {"found": "text"})


def _refused(head: bytes) -> Rejected:
    """Name what is not taken, so that the sender understands; the naming is only a courtesy."""
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        matches = []
    extensions = [str(match.extension).lower() for match in matches]
    name = next((text.strip(".").upper() for text in extensions if text), "unknown")
    if head.startswith((b"MZ", b"\x7fELF")) or _PROGRAMS & set(extensions[:3]):
        return Rejected(FileRefusalCode.EXECUTABLE, {"found": name})
    if _ARCHIVES & set(extensions[:3]):
        return Rejected(FileRefusalCode.ARCHIVE, {"found": name})
    return Rejected(FileRefusalCode.UNSUPPORTED, {"found": name})


_ZIP_END = b"PK\x05\x06"
_ZIP_END_BYTES = 22
_MARKUP_SIGNS = (b"<!doctype", b"<html", b"<script", b"<svg", b"<iframe", b"<body", b"<?php")


def hidden_file(kind: FileKind, head: bytes, tail: bytes) -> str:
    """Name a second file that the same bytes would also be, or return an empty string.

    `head` is the first kilobytes, `tail` the last 66,000 bytes.  Browsers guess web pages from the
    head and unpackers look for the archive's directory at the end, whatever the file claims to be.
    """
    if kind in {FileKind.XLSX, FileKind.CSV, FileKind.JSON, FileKind.HAR}:
        return ""
    lowered = head[:1024].lower()
    if any(sign in lowered for sign in _MARKUP_SIGNS):
        return "HTML"
    at = tail.rfind(_ZIP_END)
    while at >= 0:
        if _is_zip_end(tail, at):
            return "ZIP"
        at = tail.rfind(_ZIP_END, 0, at)
    if kind is not FileKind.PDF and b"%PDF-" in head[:1024]:
        return "PDF"
    return ""


def _is_zip_end(tail: bytes, at: int) -> bool:
    record = tail[at : at + _ZIP_END_BYTES]
    if len(record) < _ZIP_END_BYTES:
        return False
    entries = int.from_bytes(record[10:12], "little")
    directory_bytes = int.from_bytes(record[12:16], "little")
    comment = int.from_bytes(record[20:22], "little")
    fits = at + _ZIP_END_BYTES + comment <= len(tail)
    return fits and entries > 0 and directory_bytes >= 46 * entries
