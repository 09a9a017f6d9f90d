"""Small pictures of kept files, drawn anew: nothing of the original but its look gets into them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from qaitar.foundation.files import isolation
from qaitar.foundation.files.checks import as_path
from qaitar.foundation.files.kinds import PICTURES, FileKind

MIME = "image/jpeg"
SMALL_SIDE_PX = 320
LARGE_SIDE_PX = 1600
_PREVIEW_MAX_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Previews:
    """Two JPEG pictures, the longer side at most 320 and 1600 pixels, upright, without metadata."""

    small: bytes
    large: bytes


@dataclass(frozen=True, slots=True)
class NoPreview:
    """No picture can be shown; the original is kept all the same.  `reason` is for the log."""

    reason: str


def draw(source: Path | bytes, kind: FileKind) -> Previews | NoPreview:
    """Draw previews of an accepted photo or of a PDF's first page; never raises for a bad file.

    The original is only read.  HEIC, videos, tables and readings have no preview.
    """
    if kind in PICTURES:
        opener = "picture_preview"
    elif kind is FileKind.PDF:
        opener = "pdf_preview"
    else:
        return NoPreview(f"{kind} has no preview")
    with tempfile.TemporaryDirectory(prefix="qaitar-") as folder, as_path(source) as path:
        ending = isolation.run(opener, path, Path(folder))
        if not isinstance(ending, isolation.Answered):
            return NoPreview(type(ending).__name__)
        return Previews(_read(Path(folder) / "small.jpg"), _read(Path(folder) / "large.jpg"))


def draw_page(source: Path | bytes, number: int) -> bytes | NoPreview:
    """Draw one page of an accepted PDF, the first being 1, as a JPEG with its longer side at most 1600 pixels.

    A page the document does not have is `NoPreview`; never raises for a bad file.
    """
    with tempfile.TemporaryDirectory(prefix="qaitar-") as folder, as_path(source) as path:
        ending = isolation.run("pdf_page", path, Path(folder), number=number)
        if not isinstance(ending, isolation.Answered):
            return NoPreview(type(ending).__name__)
        if not ending.facts.get("drawn"):
            return NoPreview("no such page")
        return _read(Path(folder) / "large.jpg")


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_PREVIEW_MAX_BYTES)
