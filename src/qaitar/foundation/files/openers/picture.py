"""Judges a photo: its size, its frames, and whether every byte of it decodes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PIL import Image

from qaitar.foundation.files.openers.limits import Answer, refused, serve

if TYPE_CHECKING:
    from pathlib import Path

MPX_MAX = 64
"""What a phone's main camera gives.  A JPEG is decoded small; other kinds also have to fit into the process's memory."""
WEBP_MPX_MAX = 16  # its decoder holds four copies of the picture at once
FRAMES_MAX = 100
_CHECK_SIDE_PX = 64
FORMATS = ("JPEG", "PNG", "WEBP")


def check(path: Path, _folder: Path) -> Answer:
    """Answer with width and height in pixels, or why the picture is not taken."""
    with path.open("rb") as file:
        canvas = webp_canvas(file.read(30))
    if canvas is not None and not _fits(canvas, WEBP_MPX_MAX):
        return _too_many_pixels(canvas, WEBP_MPX_MAX)
    picture = open_picture(path)
    if not _fits(picture.size, MPX_MAX):
        return _too_many_pixels(picture.size, MPX_MAX)
    return _decoded(picture)


def open_picture(path: Path) -> Image.Image:
    """Open a picture without decoding it; the size is judged by `check`, not by Pillow's own guard."""
    Image.MAX_IMAGE_PIXELS = None
    return Image.open(path, formats=FORMATS)


def shrink_while_decoding(picture: Image.Image, side_px: int) -> None:
    """Have a JPEG decoded at 1/2, 1/4 or 1/8: every byte is still read, memory is not needed."""
    if picture.format in {"JPEG", "MPO"}:
        picture.draft(None, (side_px, side_px))


def _decoded(picture: Image.Image) -> Answer:
    width, height = picture.size
    frames = getattr(picture, "n_frames", 1)
    if frames > FRAMES_MAX:
        return refused("image_frames", frames=frames, limit=FRAMES_MAX)
    shrink_while_decoding(picture, _CHECK_SIDE_PX)
    picture.load()
    return {"width": width, "height": height}


def _fits(size: tuple[int, int], mpx_max: int) -> bool:
    return size[0] * size[1] <= mpx_max * 1_000_000


def _too_many_pixels(size: tuple[int, int], mpx_max: int) -> Answer:
    return refused("image_pixels", width=size[0], height=size[1], limit_mpx=mpx_max)


def webp_canvas(head: bytes) -> tuple[int, int] | None:
    """Read the size a WEBP claims from its first 30 bytes, before any decoder sees it.

    >>> webp_canvas(b"GIF89a") is None
    True
    """
    if head[8:12] != b"WEBP":
        return None
    if head[12:16] == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
    elif head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    return width, height


if __name__ == "__main__":
    sys.exit(serve(check))
