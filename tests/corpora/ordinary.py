"""PDFs and pictures with known verdicts: ordinary ones as people's devices make them, and damaged or dangerous ones."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

import pikepdf
from PIL import Image

from tests.foundation import hostile_files as hostile

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 20261130
COUNT = 2_000
PHOTO_KINDS = (
    ("JPEG", "RGB"),
    ("JPEG", "L"),
    ("JPEG", "CMYK"),
    ("PNG", "RGB"),
    ("PNG", "RGBA"),
    ("PNG", "P"),
    ("PNG", "L"),
    ("WEBP", "RGB"),
    ("HEIC", ""),
    ("HEIC", ""),
)


@dataclass(frozen=True)
class Expected:
    """A file and its verdict: a refusal's code, or empty and what has to be found in it."""

    name: str
    content: bytes
    code: str = ""
    pages: int | None = None
    size: tuple[int, int] | None = None


def ordinary(count: int = COUNT) -> list[Expected]:
    """Make so many files; the n-th is the same whatever their number."""
    makers: tuple[Callable[[Random, str], Expected], ...] = (
        _ordinary_pdf,
        _damaged_pdf,
        _ordinary_picture,
        _damaged_picture,
    )
    return [makers[n % 4](Random(f"{SEED}-{n}"), f"{n}") for n in range(count)]


def _paper(dice: Random, pages: int, **options: Any) -> bytes:
    """Make a PDF with something drawn on each page, as a scan or a printed act has."""
    document = pikepdf.new()
    for number in range(pages):
        document.add_blank_page(page_size=(dice.choice((420, 595)), dice.choice((595, 842))))
        page = document.pages[number]
        words = " ".join(f"{dice.randrange(999)} {dice.randrange(800)} l" for _ in range(30))
        page.obj.Contents = document.make_stream(f"0 0 m {words} S".encode())
        if dice.random() < 0.3:
            action = pikepdf.Dictionary(
                S=pikepdf.Name.URI, URI=pikepdf.String("https://asc.kz/act")
            )
            link = pikepdf.Dictionary(
                Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=action
            )
            page.obj.Annots = pikepdf.Array([document.make_indirect(link)])
    buffer = io.BytesIO()
    document.save(buffer, **options)
    return buffer.getvalue()


def _ordinary_pdf(dice: Random, number: str) -> Expected:
    pages = dice.randint(1, 5)
    revision = dice.choice((2, 3, 4, 6))
    newer = revision >= 4
    locked = pikepdf.Encryption(owner="o", user="", R=revision, aes=newer, metadata=newer)
    packed = pikepdf.ObjectStreamMode.generate
    way = dice.randrange(9)
    options: dict[int, dict[str, Any]] = {
        0: {"object_stream_mode": packed},
        1: {"linearize": True},
        2: {"encryption": locked},
        3: {"force_version": dice.choice(("1.3", "1.7", "2.0"))},
    }
    whole = _paper(dice, pages, **options.get(way, {}))
    match way:
        case 4:
            whole = whole.removesuffix(b"%%EOF\n")
        case 5:
            whole += dice.choice((b"\0", b" ", b"\r\n", b"\xff")) * dice.randint(1, 40_000)
        case 6:
            head = b"Content-Type: application/pdf\r\nX-Part: " + str(dice.random()).encode()
            whole = head[: dice.randint(1, 60)] + b"\r\n\r\n" + whole
        case 7:
            whole = (
                dice.choice((b"\0", b"\n", b"\xef\xbb\xbf", b" ")) * dice.randint(1, 300) + whole
            )
        case 8:
            whole = whole.replace(b"startxref\n", b"startxref\n7")
    return Expected(f"{number}-ordinary-{way}.pdf", whole, pages=pages)


@cache
def _hostile_pdfs() -> dict[str, hostile.Case]:
    return {case.name: case for case in hostile.pdfs()}


def _damaged_pdf(dice: Random, number: str) -> Expected:
    way = dice.randrange(7)
    whole = _paper(dice, dice.randint(1, 5))
    share = dice.uniform(0.1, 0.85)
    match way:
        case 0:
            return Expected(f"{number}-cut.pdf", whole[: int(len(whole) * share)], "damaged")
        case 1:
            lock = pikepdf.Encryption(owner="o", user="u", R=dice.choice((4, 6)))
            return Expected(
                f"{number}-locked.pdf", _paper(dice, 1, encryption=lock), "pdf_encrypted"
            )
        case 2 | 3 | 4:
            names = {
                2: ("script.pdf", "hidden-script-packed.pdf", "launch.pdf"),
                3: ("opens-web-page.pdf", "page-opens-share.pdf", "web-page-after-turning.pdf"),
                4: ("attachment.pdf", "sending-packed.pdf", "no-pages.pdf"),
            }[way]
            chosen = _hostile_pdfs()[dice.choice(names)]
            (code,) = chosen.codes - {"damaged"}
            return Expected(f"{number}-{chosen.name}", chosen.content, code)
        case 5:
            after = hostile.zipped({f"{dice.random()}.exe": b"MZ"})
            return Expected(f"{number}-zip-after.pdf", whole + after, "two_in_one")
        case _:
            # an earlier version ends whole, the change after it is cut
            change = whole + b"7 0 obj <</Type /Page /Length " + str(dice.random()).encode()
            return Expected(f"{number}-change-cut.pdf", change, "damaged")


def _photo(dice: Random, mode: str = "RGB") -> Image.Image:
    size = dice.randint(17, 900), dice.randint(17, 700)
    return Image.effect_noise(size, dice.randint(5, 90)).convert(mode)


def _ordinary_picture(dice: Random, number: str) -> Expected:
    kind, mode = dice.choice(PHOTO_KINDS)
    if kind == "HEIC":
        width, height = dice.randint(100, 9_000), dice.randint(100, 7_000)
        after = hostile.samsung_trailer(dice.randbytes(dice.randint(1, 90_000)))
        content = hostile.heic(width, height) + (after if dice.random() < 0.5 else b"")
        return Expected(f"{number}-photo.heic", content, size=(width, height))
    photo = _photo(dice, mode)
    exif = Image.Exif()
    exif[0x0112] = dice.randint(1, 8)
    options: dict[str, Any] = {"exif": exif} if kind != "PNG" else {}
    if kind == "JPEG":
        options |= {"quality": dice.randint(30, 95), "progressive": dice.random() < 0.5}
    content = hostile.saved(photo, kind, **options)
    if kind == "JPEG" and dice.random() < 0.3:
        content += hostile.samsung_trailer(dice.randbytes(dice.randint(1, 9_000)))
    return Expected(f"{number}-photo.{kind.lower()}", content, size=photo.size)


def _damaged_picture(dice: Random, number: str) -> Expected:
    kind = dice.choice(("JPEG", "PNG", "WEBP", "HEIC"))
    share = dice.uniform(0.1, 0.9)
    whole = hostile.heic() if kind == "HEIC" else hostile.saved(_photo(dice), kind)
    match dice.randrange(4):
        case 0:
            return Expected(f"{number}-gif.jpg", hostile.saved(_photo(dice), "GIF"), "unsupported")
        case 1:
            side = dice.randint(8_001, 60_000)
            large = hostile.heic(side, side) if dice.random() < 0.5 else hostile.png(side, side)
            return Expected(f"{number}-large.png", large, "image_pixels")
        case 2:
            after = hostile.zipped({"a.exe": b"MZ"})
            return Expected(f"{number}-zip-after.jpg", whole + after, "two_in_one")
        case _:
            cut = whole[: int(len(whole) * share)]
            return Expected(f"{number}-cut.{kind.lower()}", cut, "damaged")
