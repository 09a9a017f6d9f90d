"""Files people and programs upload: 120 PDFs, 120 pictures, 80 archives and tables; the hand-made ones first, then seeded damage."""

from __future__ import annotations

import io
import zipfile
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from PIL import Image

from tests.factories.orders import export_rows, export_xlsx
from tests.foundation import hostile_files as hostile
from tests.foundation.hostile_files import Case, case

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 20260514
PDFS, PICTURES, ARCHIVES = 120, 120, 80
_WAYS = 5


def pdfs() -> list[Case]:
    """Give the PDFs: cut, mangled, locked, with scripts, loops, bombs and second natures."""
    whole = hostile.pdf(12)
    return _filled(list(hostile.pdfs()), PDFS, [("act.pdf", whole)])


def pictures() -> list[Case]:
    """Give the pictures: bombs, lying sizes, odd metadata, other kinds under a wrong name."""
    picture = hostile.noise(320, 240)
    honest = [
        ("photo.jpg", hostile.saved(picture, "JPEG", quality=90)),
        ("photo.png", hostile.saved(picture, "PNG")),
        ("photo.webp", hostile.saved(picture, "WEBP")),
        ("photo.heic", hostile.heic()),
    ]
    return _filled([*hostile.images(), *_more_pictures()], PICTURES, honest)


def archives() -> list[Case]:
    """Give the archives: bombs, archives in archives, paths out, macros, links, tables too tall for any memory."""
    table = export_xlsx(export_rows(*[{}] * 40))
    return _filled([*hostile.tables(), *_more_archives()], ARCHIVES, [("orders.xlsx", table)])


def _filled(cases: list[Case], count: int, honest: list[tuple[str, bytes]]) -> list[Case]:
    random = Random(SEED)
    for number in range(count - len(cases)):
        name, whole = honest[number % len(honest)]
        cases.append(case(f"damaged-{number}-{name}", mangled(whole, random)))
    assert len(cases) == count, "the corpus has grown: say its new size"
    return cases


def mangled(whole: bytes, random: Random) -> bytes:
    """Damage a file in one of five ways: bytes changed, a piece lost, a piece twice, pieces exchanged, noise put in."""
    start = random.randrange(len(whole))
    end = min(len(whole), start + random.randint(1, max(2, len(whole) // 8)))
    piece = whole[start:end]
    match random.randrange(_WAYS):
        case 0:
            return whole[:start] + random.randbytes(len(piece)) + whole[end:]
        case 1:
            return whole[:start] + whole[end:]
        case 2:
            return whole[:end] + piece * random.randint(1, 40) + whole[end:]
        case 3:
            return whole[end:] + piece + whole[:start]
        case _:
            return whole[:start] + random.randbytes(random.randint(1, 4096)) + whole[start:]


def _more_pictures() -> Iterator[Case]:
    frame = Image.new("P", (2, 2))
    frames = [Image.new("P", (2, 2), n % 2) for n in range(9_999)]
    yield case(
        "10000-frames.gif", lambda: hostile.saved(frame, "GIF", save_all=True, append_images=frames)
    )
    yield case("wrong-name.pdf", hostile.saved(hostile.noise(), "PNG"))
    yield case("wrong-name.png", hostile.pdf(1))
    yield case("wrong-name.heic", hostile.saved(hostile.noise(), "JPEG"))


def _more_archives() -> Iterator[Case]:
    nested = hostile.zipped({"0.txt": bytes(1_000_000)})
    for level in range(1, 6):
        nested = hostile.zipped({f"{level}-{n}.zip": nested for n in range(8)})
    yield case("42-style.zip", nested)
    yield case("42-style.xlsx", nested)
    sheet = "xl/worksheets/sheet1.xml"
    yield case(
        "1048576-rows.xlsx", partial(_streamed, "xl/worksheets/sheet2.xml", b"<row/>", 1_048_576)
    )
    yield case("shared-500mb.xlsx", partial(_streamed, "xl/sharedStrings.xml", b"<si/>", 10**8))
    link = b'<Relationship Id="r1" TargetMode="External" Target="file:///etc/passwd" Type="x"/>'
    yield case(
        "external.xlsx", hostile.xlsx({"xl/externalLinks/_rels/externalLink1.xml.rels": link})
    )
    formula = b'<worksheet><sheetData><row><c r="A1"><f>WEBSERVICE("http://x.test")</f></c></row></sheetData></worksheet>'
    yield case("formula.xlsx", hostile.xlsx({sheet: formula}))
    endless = b"<worksheet>" + b"<sheetData>" * 200_000
    yield case("deep.xlsx", hostile.xlsx({sheet: endless}))
    macro = hostile.zipped(
        {"[Content_Types].xml": b"", "word/document.xml": b"", "word/vbaProject.bin": b"x"}
    )
    yield case("macro.docx", macro)
    yield case("template.docx", hostile.zipped({"word/document.xml": b"<x/>" * 100_000}))


def _streamed(name: str, piece: bytes, times: int) -> bytes:
    """Pack so many copies of a piece as one part, a block at a time."""
    buffer, block = io.BytesIO(hostile.xlsx()), piece * 10_000
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as part:  # fmt: skip
        for _ in range(times // 10_000):
            part.write(block)
    return buffer.getvalue()
