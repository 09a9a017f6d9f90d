"""Draws what customers and service centres of the imitated world send: photos of goods and acts on paper."""

from __future__ import annotations

import io
import random
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

PHOTO_SIZE: Final = (480, 360)
SHEET_SIZE: Final = (620, 877)  # A4 at 75 dots an inch
_FONTS: Final = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "Arial.ttf",
)
_INK: Final = (30, 38, 56)
_STAMP: Final = (46, 74, 160)
_LATIN: Final = str.maketrans(
    {
        "а": "a",
        "б": "b",
        "в": "v",
        "г": "g",
        "д": "d",
        "е": "e",
        "ё": "e",
        "ж": "zh",
        "з": "z",
        "и": "i",
        "й": "i",
        "к": "k",
        "л": "l",
        "м": "m",
        "н": "n",
        "о": "o",
        "п": "p",
        "р": "r",
        "с": "s",
        "т": "t",
        "у": "u",
        "ф": "f",
        "х": "kh",
        "ц": "ts",
        "ч": "ch",
        "ш": "sh",
        "щ": "sch",
        "ъ": "",
        "ы": "y",
        "ь": "",
        "э": "e",
        "ю": "yu",
        "я": "ya",
        "ә": "a",
        "ғ": "g",
        "қ": "q",
        "ң": "n",
        "ө": "o",
        "ұ": "u",
        "ү": "u",
        "һ": "h",
        "і": "i",
        "№": "No",
    }
)


@lru_cache(maxsize=8)
def _font(size: int) -> tuple[ImageFont.FreeTypeFont | ImageFont.ImageFont, bool]:
    """Find a font with Cyrillic letters; the second member tells whether there is one."""
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size), True
        except OSError:
            continue
    return ImageFont.load_default(size), False


def latin(text: str) -> str:
    """Write Cyrillic in Latin letters, for machines without a font for it.

    >>> latin("Акт № 7, Қайтар")
    'Akt No 7, Qaitar'
    """
    return "".join(_cased(each) for each in text)


def _cased(letter: str) -> str:
    latin = letter.lower().translate(_LATIN)
    return latin.capitalize() if letter != letter.lower() else latin


def _write(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, ink: tuple[int, int, int]
) -> None:
    font, cyrillic = _font(size)
    draw.text(at, text if cyrillic else latin(text), font=font, fill=ink)


def photo(title: str, *, seed: int, damaged: bool = False) -> bytes:
    """Draw a photo of goods on a table as JPEG; equal arguments give equal pictures on one machine."""
    dice = random.Random(seed)  # noqa: S311  a picture, not a secret
    width, height = PHOTO_SIZE
    shade = [dice.randint(150, 225) for _ in range(3)]
    image = Image.new("RGB", PHOTO_SIZE, (shade[0], shade[1], shade[2]))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 2 // 3, width, height), fill=(142, 112, 84))
    left, top = dice.randint(90, 140), dice.randint(60, 110)
    right, bottom = width - dice.randint(90, 140), height - dice.randint(50, 80)
    body = (dice.randint(40, 200), dice.randint(40, 200), dice.randint(40, 200))
    draw.rounded_rectangle((left, top, right, bottom), 18, fill=body, outline=_INK, width=3)
    if damaged:
        x, y = dice.randint(left + 40, right - 40), dice.randint(top + 30, bottom - 30)
        for _ in range(9):
            end = (x + dice.randint(-90, 90), y + dice.randint(-70, 70))
            draw.line(((x, y), end), fill=(250, 250, 250), width=2)
    _write(draw, (16, 12), title[:40], 20, _INK)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=60)
    return stream.getvalue()


def act(title: str, lines: Sequence[str], *, signed: bool = True, stamped: bool = True) -> bytes:
    """Draw a service centre's act as a one-page PDF, with or without signature and stamp."""
    image = Image.new("RGB", SHEET_SIZE, (252, 252, 248))
    draw = ImageDraw.Draw(image)
    _write(draw, (50, 60), title, 22, _INK)
    draw.line(((50, 100), (570, 100)), fill=_INK, width=2)
    for number, line in enumerate(lines):
        _write(draw, (50, 130 + 34 * number), line[:58], 15, _INK)
    _write(draw, (50, 690), "Подпись мастера", 13, _INK)
    draw.line(((190, 708), (360, 708)), fill=_INK, width=1)
    if signed:
        points = [(200 + 9 * n, 696 + (18 if n % 2 else -8) // (1 + n % 3)) for n in range(16)]
        draw.line(points, fill=(24, 40, 120), width=2)
    if stamped:
        draw.ellipse((400, 620, 560, 780), outline=_STAMP, width=4)
        draw.ellipse((425, 645, 535, 755), outline=_STAMP, width=2)
        _write(draw, (452, 690), "АСЦ", 20, _STAMP)
    stream = io.BytesIO()
    image.save(stream, "PDF", resolution=75)
    return stream.getvalue()
