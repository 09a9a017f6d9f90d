"""Draws previews of a photo: turned upright, without metadata, on white."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from qaitar.foundation.files.openers.drawing import SIDES_PX, on_white, save_previews
from qaitar.foundation.files.openers.limits import Answer, serve
from qaitar.foundation.files.openers.picture import open_picture, shrink_while_decoding

if TYPE_CHECKING:
    from pathlib import Path

_COPIED_PIXELS_MAX = 12_000_000
_ORIENTATION = 0x0112


def draw(path: Path, folder: Path) -> Answer:
    """Write both previews into the folder."""
    picture = open_picture(path)
    turned = picture.getexif().get(_ORIENTATION, 1)
    large = SIDES_PX["large"]
    shrink_while_decoding(picture, large)
    if picture.width * picture.height > _COPIED_PIXELS_MAX and picture.mode not in {"RGB", "L"}:
        small = _coarsely(picture, 2 * large)
    else:
        small = picture
    small.thumbnail((large, large))
    small.getexif()[_ORIENTATION] = turned
    upright = ImageOps.exif_transpose(small)
    save_previews(on_white(upright), folder)
    return {}


def _coarsely(picture: Image.Image, side_px: int) -> Image.Image:
    """Shrink by picking pixels: a fine resize of these modes copies the whole picture first."""
    ratio = side_px / max(picture.size)
    size = (max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio)))
    return picture.resize(size, Image.Resampling.NEAREST)


if __name__ == "__main__":
    sys.exit(serve(draw))
