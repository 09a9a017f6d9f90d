"""A file from outside is taken or refused with a sentence, and never harms anything."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.utils import translation
from PIL import Image

from qaitar.foundation.files import isolation
from qaitar.foundation.files.checks import (
    Accepted,
    FileKind,
    FileRefusalCode,
    Rejected,
    inspect,
    sentence,
)
from qaitar.foundation.files.kinds import FACTS
from qaitar.foundation.files.previews import NoPreview, Previews, draw
from qaitar.foundation.files.refusals import SENTENCES
from tests.foundation import hostile_files as hostile

CASES = hostile.every_case()
GOOD = {
    "photo.jpg": (hostile.saved(hostile.noise(), "JPEG"), FileKind.JPEG),
    "photo.png": (hostile.saved(hostile.noise(), "PNG"), FileKind.PNG),
    "photo.webp": (hostile.saved(hostile.noise(), "WEBP"), FileKind.WEBP),
    "photo.heic": (hostile.heic(), FileKind.HEIC),
    "act.pdf": (hostile.pdf(3), FileKind.PDF),
    "film.mp4": (hostile.mp4(), FileKind.MP4),
    "film.mov": (hostile.mp4(b"qt  "), FileKind.MOV),
    "film.webm": (hostile.webm(), FileKind.WEBM),
    "live.webm": (hostile.webm(b"\xff"), FileKind.WEBM),
    "table.xlsx": (hostile.xlsx(), FileKind.XLSX),
    "table.csv": ("Заявка;Сумма\r\n1;2\r\n".encode("cp1251"), FileKind.CSV),
    "wide.csv": ("Заявка;Сумма\r\n1;2\r\n".encode("utf-16"), FileKind.CSV),
    "answer.json": (b'{"data": [1, "[[["]}', FileKind.JSON),
    "traffic.har": (b'{"log": {"entries": []}}', FileKind.HAR),
}


@pytest.mark.parametrize("name", GOOD)
def test_an_honest_file_of_every_kind_is_accepted(name: str) -> None:
    content, kind = GOOD[name]

    verdict = inspect(content, name)

    assert isinstance(verdict, Accepted), verdict
    assert verdict.kind is kind
    assert verdict.mime == FACTS[kind].mime
    assert verdict.extension == FACTS[kind].extension
    assert verdict.sha256 == hashlib.sha256(content).hexdigest()
    assert verdict.size == len(content)


def test_pictures_tell_their_size_and_papers_their_pages(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(GOOD["photo.png"][0])
    picture, heic, paper = (
        inspect(path, "a.png"),
        inspect(hostile.heic(), "a.heic"),
        inspect(hostile.pdf(7), "a.pdf"),
    )

    assert isinstance(picture, Accepted)
    assert isinstance(heic, Accepted)
    assert isinstance(paper, Accepted)
    assert (picture.width, picture.height, picture.pages) == (64, 48, None)
    assert (heic.width, heic.height, heic.pages) == (4032, 3024, None)
    assert (paper.width, paper.height, paper.pages) == (None, None, 7)


PLAIN_PDF = hostile.pdf(2)


def owner_only(revision: int) -> pikepdf.Encryption:
    newer = revision >= 4
    return pikepdf.Encryption(owner="secret", user="", R=revision, aes=newer, metadata=newer)


ORDINARY_PDFS = {
    "no mark of the end": PLAIN_PDF.removesuffix(b"%%EOF\n"),
    "the head of a letter before it": b"Content-Type: application/pdf\r\n\r\n" + PLAIN_PDF,
    "padded with zeros": PLAIN_PDF + bytes(100_000),
    "padded with spaces": PLAIN_PDF + b" \r\n" * 3_000,
    "zeros before it": bytes(512) + PLAIN_PDF,
    "a table of parts in the wrong place": PLAIN_PDF.replace(b"startxref\n", b"startxref\n9"),
    **{
        f"a password of the owner only, revision {revision}": hostile.pdf(
            2, encryption=owner_only(revision)
        )
        for revision in (2, 3, 4, 6)
    },
}
"""What generators, mail programs and archives make of a paper; both readers open each without a password."""


@pytest.mark.parametrize("name", ORDINARY_PDFS)
def test_an_ordinary_pdf_is_accepted_and_has_a_preview(name: str) -> None:
    verdict = inspect(ORDINARY_PDFS[name], "act.pdf")
    assert isinstance(verdict, Accepted), verdict
    assert (verdict.kind, verdict.pages) == (FileKind.PDF, 2)
    assert isinstance(draw(ORDINARY_PDFS[name], FileKind.PDF), Previews)


@pytest.mark.parametrize("name", ["30-act-without-eof-mark.pdf", "33-act-leading-lines.pdf"])
def test_the_acts_that_were_refused_are_accepted(name: str) -> None:
    verdict = inspect(Path(__file__).parent / "files" / name, name)
    assert isinstance(verdict, Accepted), verdict
    assert (verdict.kind, verdict.pages) == (FileKind.PDF, 1)


def test_a_link_to_a_web_page_and_turning_to_a_page_are_no_dangers() -> None:
    def edit(document: pikepdf.Pdf) -> None:
        name = pikepdf.Name
        web = pikepdf.Dictionary(S=name.URI, URI=pikepdf.String("https://service.kz/act?n=1"))
        link = pikepdf.Dictionary(Type=name.Annot, Subtype=name.Link, Rect=[0, 0, 9, 9], A=web)
        document.pages[0].obj.Annots = pikepdf.Array([document.make_indirect(link)])
        there = pikepdf.Array([document.pages[0].obj, name.Fit])
        document.Root.OpenAction = pikepdf.Dictionary(S=name.GoTo, D=there)

    assert isinstance(inspect(hostile.pdf(1, edit), "act.pdf"), Accepted)


def test_a_pdf_only_the_second_reader_opens_is_judged_by_its_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, opened = isolation.run, []

    def first_reader_fails(opener: str, *args: Any, **options: Any) -> isolation.Ending:
        opened.append(opener)
        return isolation.OpenerFailed() if opener == "pdf" else real(opener, *args, **options)

    monkeypatch.setattr(isolation, "run", first_reader_fails)
    honest = inspect(PLAIN_PDF, "act.pdf")
    scripts = next(case for case in CASES if case.name == "script.pdf")
    locked = next(case for case in CASES if case.name == "password.pdf")
    assert isinstance(honest, Accepted)
    assert honest.pages == 2
    script = inspect(scripts.content, "act.pdf")
    assert isinstance(script, Rejected)
    assert script.code is FileRefusalCode.PDF_SCRIPT
    assert inspect(locked.content, "act.pdf") == Rejected(FileRefusalCode.PDF_ENCRYPTED)
    assert inspect(PLAIN_PDF[: len(PLAIN_PDF) // 2], "act.pdf") == Rejected(FileRefusalCode.DAMAGED)
    assert opened == ["pdf", "pdf_repaired"] * 4


@pytest.mark.parametrize(
    ("width", "height", "options"),
    [
        (9248, 6936, {"quality": 60}),
        (9248, 6920, {"quality": 60, "progressive": True}),
    ],
)
def test_a_photo_of_64_megapixels_is_accepted_and_has_a_preview(
    width: int, height: int, options: dict[str, Any]
) -> None:
    assert 63_900_000 < width * height < 64_200_000
    height = min(height, 64_000_000 // width)
    photo = hostile.saved(Image.new("RGB", (width, height), (90, 120, 40)), "JPEG", **options)
    verdict = inspect(photo, "photo.jpg")
    assert isinstance(verdict, Accepted), verdict
    assert (verdict.width, verdict.height) == (width, height)
    assert isinstance(draw(photo, FileKind.JPEG), Previews)


def test_a_photo_beyond_64_megapixels_is_refused_with_its_size() -> None:
    for photo, name in ((hostile.heic(9248, 6936), "a.heic"), (hostile.png(9248, 6936), "a.png")):
        assert inspect(photo, name) == Rejected(
            FileRefusalCode.IMAGE_PIXELS, {"width": 9248, "height": 6936, "limit_mpx": 64}
        )


@pytest.mark.parametrize(
    ("name", "size"),
    [("34-iphone-48mp.heic", (8064, 6048)), ("35-samsung-heic-with-trailer.heic", (4032, 3024))],
)
def test_photos_of_phones_are_accepted(name: str, size: tuple[int, int]) -> None:
    verdict = inspect(Path(__file__).parent / "files" / name, name)
    assert isinstance(verdict, Accepted), verdict
    assert (verdict.width, verdict.height) == size


def test_only_samsungs_own_trailer_may_follow_a_photo() -> None:
    photo, trailer = hostile.heic(), hostile.samsung_trailer()
    assert isinstance(inspect(photo + trailer, "a.heic"), Accepted)
    assert isinstance(inspect(hostile.mp4() + trailer, "a.mp4"), Accepted)
    for after in (
        trailer[:-4],
        trailer[:-4] + b"SEFX",
        b"\0\0\x30\x0a\x10\0\0\0more",
        trailer[4:9],
    ):
        assert inspect(photo + after, "a.heic") == Rejected(FileRefusalCode.DAMAGED)


@pytest.mark.parametrize(
    ("declared", "corrected"),
    [
        ("act.jpg", "act.pdf"),
        ("act.pdf.exe", "act.pdf"),
        ("act.exe.pdf", "act.pdf"),
        ("act\u202efdp.scr", "actfdp.pdf"),
        ("../../Акт НРП 12.05.2026.PDF", "Акт НРП 12.05.2026.pdf"),
        ("", "file.pdf"),
    ],
)
def test_the_content_decides_the_extension(declared: str, corrected: str) -> None:
    verdict = inspect(hostile.pdf(), declared)

    assert isinstance(verdict, Accepted)
    assert (verdict.kind, verdict.name) == (FileKind.PDF, corrected)


def test_the_corpus_is_large_enough_and_always_the_same() -> None:
    assert (
        sum(case.name.endswith((".jpg", ".png", ".webp", ".heic", ".pdf")) for case in CASES) >= 120
    )
    assert sum(case.name.endswith(".xlsx") for case in CASES) >= 20


def _own_peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_file_ends_as_it_should_in_time_and_in_memory(case: hostile.Case) -> None:
    content = case.content
    before_mb, began = _own_peak_mb(), time.monotonic()

    verdict = inspect(content, case.name)
    drawn = draw(content, verdict.kind) if isinstance(verdict, Accepted) else None

    limit_s = 5.0 if drawn is None else 10.0  # two processes, one after the other
    assert time.monotonic() - began <= limit_s
    assert _own_peak_mb() - before_mb <= 60
    # a child counts the memory of the process it was forked from until it becomes the opener
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024 <= max(
        300, _own_peak_mb()
    )
    if case.codes:
        assert isinstance(verdict, Rejected), verdict
        assert verdict.code.value in case.codes
    if isinstance(verdict, Rejected):
        assert len(str(sentence(verdict))) > 15
        assert "%(" not in str(sentence(verdict))


def test_every_code_has_a_sentence_and_every_sentence_an_end() -> None:
    assert set(SENTENCES) == set(FileRefusalCode)
    assert [text for text in SENTENCES.values() if not text.endswith(".")] == []


def test_a_sentence_is_put_together_when_it_is_read() -> None:
    stated = sentence(Rejected(FileRefusalCode.PDF_PAGES, {"pages": 501, "limit": 500}))

    with translation.override("en"):
        assert str(stated) == "The PDF has 501 pages; at most 500 can be taken."


def test_a_file_on_the_disk_is_read_and_never_changed(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(GOOD["photo.jpg"][0])
    path.chmod(0o400)
    before = path.stat().st_mtime_ns

    inspect(path, "photo.jpg")
    drawn = draw(path, FileKind.JPEG)

    assert isinstance(drawn, Previews)
    assert path.read_bytes() == GOOD["photo.jpg"][0]
    assert path.stat().st_mtime_ns == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_beyond_its_size_is_refused_before_it_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[object] = []
    monkeypatch.setattr(isolation, "run", lambda *a, **k: started.append(a))

    verdict = inspect(hostile.xlsx() + bytes(21 * 1024 * 1024), "t.xlsx")

    assert verdict == Rejected(FileRefusalCode.TOO_LARGE, {"size_mb": 22, "limit_mb": 20})
    assert started == []


def test_when_every_turn_is_accepted_the_sender_is_requested_to_try_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(isolation, "WAIT_FOR_TURN_MAX_S", 0.01)
    for _ in range(isolation.AT_ONCE_MAX):
        assert isolation._turns.acquire(timeout=1)
    try:
        verdict = inspect(GOOD["act.pdf"][0], "act.pdf")
    finally:
        isolation._turns.release(isolation.AT_ONCE_MAX)

    assert verdict == Rejected(FileRefusalCode.BUSY)
    assert isinstance(inspect(GOOD["act.pdf"][0], "act.pdf"), Accepted)


def test_an_opener_that_never_ends_is_killed(tmp_path: Path) -> None:
    pipe = tmp_path / "never.csv"
    os.mkfifo(pipe)
    began = time.monotonic()

    assert isolation.run("text", pipe, wall_s=0.5) == isolation.Exhausted()
    assert time.monotonic() - began < 3


def test_an_opener_sees_nothing_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QAITAR_SECRET_KEY", "planted")
    seen: list[dict[str, str]] = []
    real = subprocess.run

    def watching(*args: object, **options: object) -> object:
        seen.append(options["env"])  # type: ignore[arg-type]  # a dictionary by the call's own shape
        return real(*args, **options)  # type: ignore[call-overload]  # passed on as it came

    monkeypatch.setattr(subprocess, "run", watching)
    inspect(GOOD["act.pdf"][0], "act.pdf")

    assert [set(environment) for environment in seen] == [{"PYTHONPATH"}]


@pytest.mark.parametrize(
    "opener",
    [
        "picture",
        "picture_preview",
        "pdf",
        "pdf_repaired",
        "pdf_preview",
        "table",
        "text",
        "readings",
    ],
)
def test_an_opener_loads_neither_django_nor_settings(opener: str) -> None:
    script = f"import sys, json, qaitar.foundation.files.openers.{opener}; print(json.dumps(sorted(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, env={"PYTHONPATH": "src"}
    )

    modules = json.loads(loaded.stdout)
    assert [name for name in modules if name.split(".")[0] in {"django", "httpx", "psycopg"}] == []


REAL = os.environ.get("QAITAR_REAL_DATA")


@pytest.mark.skipif(REAL is None, reason="real files are not on this machine")
def test_real_scans_are_all_accepted_and_have_previews() -> None:
    scans = sorted(
        path for path in Path(str(REAL)).glob("scans_*/**/*") if path.suffix in {".png", ".jpg"}
    )

    refused = [path.name for path in scans if not isinstance(inspect(path, path.name), Accepted)]
    blind = [path.name for path in scans[::8] if isinstance(draw(path, FileKind.PNG), NoPreview)]

    assert len(scans) > 0
    assert refused == []
    assert blind == []
