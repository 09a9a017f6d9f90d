"""Judges a file on entry: its kind by content, its size, and whether it hides something."""

from __future__ import annotations

import hashlib
import io
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, assert_never

from qaitar.foundation.files import containers, isolation
from qaitar.foundation.files.kinds import (
    ANY_BYTES_MAX,
    FACTS,
    MB,
    SNIFF_BYTES,
    FileKind,
    hidden_file,
    recognise,
)
from qaitar.foundation.files.names import safe_name
from qaitar.foundation.files.refusals import FileRefusalCode, Rejected, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Accepted", "FileKind", "FileRefusalCode", "Rejected", "Verdict", "inspect", "sentence"]

_TAIL_BYTES = 66_000
_HEIC_MAX_MPX = 64
_OPENERS = {
    FileKind.JPEG: "picture",
    FileKind.PNG: "picture",
    FileKind.WEBP: "picture",
    FileKind.PDF: "pdf",
    FileKind.XLSX: "table",
    FileKind.CSV: "text",
    FileKind.JSON: "readings",
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """The file may be kept.  `name` is the declared one made harmless, with the right extension.

    Width and height in pixels are known for pictures, pages for PDF.
    """

    kind: FileKind
    mime: str
    extension: str
    name: str
    sha256: str
    size: int
    width: int | None = None
    height: int | None = None
    pages: int | None = None


Verdict = Accepted | Rejected


def inspect(source: Path | bytes, declared_name: str) -> Verdict:
    """Judge one file; a verdict comes back within five seconds of its turn, whatever the bytes.

    The content decides; `declared_name` only tells kinds of plain text apart and gives the stem of
    the name.  Parsing happens in a process of its own, limited in memory and time.
    """
    with _opened(source) as file:
        size = file.seek(0, io.SEEK_END)
        if size == 0:
            return Rejected(FileRefusalCode.EMPTY)
        if size > ANY_BYTES_MAX:
            return _too_large(size, ANY_BYTES_MAX)
        head = _read(file, 0, SNIFF_BYTES)
        kind = recognise(head, declared_name)
        if isinstance(kind, Rejected):
            return kind
        refusal = _outer_refusal(kind, file, size, head)
        if refusal is not None:
            return refusal
        found = _contents(kind, source, file, size)
        if isinstance(found, Rejected):
            return found
        return _accepted(kind, found, file, declared_name)


def _accepted(
    kind: FileKind, found: dict[str, Any], file: BinaryIO, declared_name: str
) -> Accepted:
    kind = FileKind.HAR if found.get("har") else kind
    facts = FACTS[kind]
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(MB):
        digest.update(chunk)
    return Accepted(
        kind,
        facts.mime,
        facts.extension,
        safe_name(declared_name, facts.extension),
        digest.hexdigest(),
        size,
        width=found.get("width"),
        height=found.get("height"),
        pages=found.get("pages"),
    )


def _outer_refusal(kind: FileKind, file: BinaryIO, size: int, head: bytes) -> Rejected | None:
    """Refuse what needs no parser: too many bytes, a second file inside."""
    if size > FACTS[kind].bytes_max:
        return _too_large(size, FACTS[kind].bytes_max)
    tail = _read(file, max(0, size - _TAIL_BYTES), _TAIL_BYTES)
    hidden = hidden_file(kind, head, tail)
    if hidden:
        return Rejected(FileRefusalCode.TWO_IN_ONE, {"found": hidden})
    return None


def _contents(
    kind: FileKind, source: Path | bytes, file: BinaryIO, size: int
) -> dict[str, Any] | Rejected:
    opener = _OPENERS.get(kind)
    if opener is None:
        return _walked(kind, file, size)
    with as_path(source) as path:
        began = time.monotonic()
        ending = isolation.run(opener, path)
        if kind is FileKind.PDF and isinstance(ending, isolation.OpenerFailed):
            left_s = isolation.WALL_MAX_S - (time.monotonic() - began)
            ending = isolation.run("pdf_repaired", path, wall_s=max(left_s, 0.1))
    match ending:
        case isolation.Answered(facts):
            return _refusal(facts) or facts
        case isolation.OpenerFailed():
            return Rejected(FileRefusalCode.DAMAGED)
        case isolation.Exhausted():
            return Rejected(FileRefusalCode.TOO_HEAVY)
        case isolation.NoTurn():
            return Rejected(FileRefusalCode.BUSY)
        case _:
            assert_never(ending)


def _refusal(facts: dict[str, Any]) -> Rejected | None:
    params = dict(facts)
    code = params.pop("refused", None)
    return None if code is None else Rejected(FileRefusalCode(code), params)


def _walked(kind: FileKind, file: BinaryIO, size: int) -> dict[str, Any] | Rejected:
    try:
        if kind is FileKind.HEIC:
            width, height = containers.heic_size(file, size)
            if width * height > _HEIC_MAX_MPX * 1_000_000:
                return Rejected(
                    FileRefusalCode.IMAGE_PIXELS,
                    {"width": width, "height": height, "limit_mpx": _HEIC_MAX_MPX},
                )
            return {"width": width, "height": height}
        if kind is FileKind.WEBM:
            containers.check_webm(file, size)
        else:
            containers.check_movie(file, size)
    except containers.BrokenContainer:
        return Rejected(FileRefusalCode.DAMAGED)
    return {}


def _too_large(size: int, limit: int) -> Rejected:
    return Rejected(FileRefusalCode.TOO_LARGE, {"size_mb": -(-size // MB), "limit_mb": limit // MB})


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)


@contextmanager
def _opened(source: Path | bytes) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    with source.open("rb") as file:
        yield file


@contextmanager
def as_path(source: Path | bytes) -> Iterator[Path]:
    """Give the bytes a path for as long as the block lasts, since another process has to read them."""
    if isinstance(source, Path):
        yield source
        return
    with tempfile.NamedTemporaryFile(prefix="qaitar-") as file:
        file.write(source)
        file.flush()
        yield Path(file.name)
