"""Draws the two previews from pixels alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

SIDES_PX = {"large": 1600, "small": 320}  # from large to small: each is made of the one before


def save_previews(picture: Image.Image, folder: Path) -> None:
    """Write `large.jpg` and `small.jpg`; the pixels are copied, so no metadata can come along."""
    for name, side in SIDES_PX.items():
        picture.thumbnail((side, side))
        bare = Image.new("RGB", picture.size)
        bare.paste(picture)
        bare.save(folder / f"{name}.jpg", "JPEG", quality=82, optimize=True)


def on_white(picture: Image.Image) -> Image.Image:
    """Return the picture as plain RGB: whatever is see-through becomes white, deep grey becomes grey."""
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        sheet = Image.new("RGB", layered.size, "white")
        sheet.paste(layered, mask=layered.getchannel("A"))
        return sheet
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("RGB")
    return picture.convert("RGB")
