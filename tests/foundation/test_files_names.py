"""Three hundred names no file should have, each made into one that is safe anywhere."""

from __future__ import annotations

import email.message
import random
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import unquote

import pytest

from qaitar.foundation.files.names import NAME_MAX_BYTES, download_headers, safe_name

ROOTS = ["photo", "Акт НРП", "тапсырыс ұқөүі", "a b", "x"]
WRAPS = [
    "../{}", "..\\{}", "../../../../etc/{}", "/{}", "C:\\{}", "\\\\server\\share\\{}", "%2e%2e/{}", "..%2f{}", "....//{}",
    "{}\x00.jpg", "{}\x00", "\x00{}", "{}\r\nSet-Cookie: a=b", "{}\n", "\t{}", "{}\x1b[31m", "{}\x7f", "{}\u202egpj.exe",
    "\u202e{}", "{}\u200b", "\ufeff{}", "{}\u2066", "{}.", "{}...", "{} ", " {}", "{}. .", ".{}", "..{}", "-{}", "~{}", "${{{}}}",
    "`{}`", "$({})", "{};rm -rf", "{}|cat", "{}&x", "{}'", '{}"', '{}"; filename="evil.exe', "{}<script>", "{}>", "{}?", "{}*",
    "{}:stream", "{}::$DATA", "{}.php", "{}.php.jpg", "{}.jpg.php", "{}.html", "{}.svg.pdf.exe", "{}.jpg.exe.scr.bat", "{}.tar.gz",
    "{}%00.jpg", "{}%0d%0a", "{}\U0001f600", "{}\ud800", "{}e\u0301", "{}\uff0e\uff0e\uff0f", "{}\u2024exe", "{}\u2215x",
]  # fmt: skip
RESERVED = [
    "CON",
    "con",
    "PRN.txt",
    "AUX",
    "NUL",
    "nul.tar.gz",
    "COM1",
    "com9.jpg",
    "LPT1",
    "LPT¹",
    "CONIN$",
    "aux.",
    "Con .x",
    "NUL ",
]
ODD = [
    "",
    ".",
    "..",
    "...",
    "/",
    "\\",
    "//",
    " ",
    "\x00",
    "\u202e",
    ".jpg",
    "..jpg",
    "a" * 300,
    "ы" * 300,
    "😀" * 100,
    "a." * 200,
    "." * 500,
]
NAMES = [wrap.format(root) for wrap in WRAPS for root in ROOTS] + RESERVED + ODD


def test_there_are_three_hundred_of_them() -> None:
    assert len(set(NAMES)) >= 300


@pytest.mark.parametrize("extension", [".jpg", ".pdf"])
def test_every_name_becomes_safe_on_every_system(extension: str) -> None:
    for declared in NAMES:
        name = safe_name(declared, extension)

        assert name.endswith(extension), declared
        stem = name.removesuffix(extension)
        assert stem, declared
        assert len(name.encode()) <= NAME_MAX_BYTES, declared
        assert PurePosixPath(name).name == PureWindowsPath(name).name == name, declared
        assert not PureWindowsPath(name).is_reserved(), declared
        assert not set(name) & set("\\/:*?\"<>|%;`$&'{}~"), declared
        assert {unicodedata.category(char) for char in name} & {
            "Cc",
            "Cf",
            "Cs",
            "Co",
            "Zl",
            "Zp",
        } == set(), declared
        assert not stem.startswith((".", " ")), declared
        assert not stem.endswith((".", " ")), declared
        assert unicodedata.is_normalized("NFC", name), declared


def test_making_a_safe_name_safe_again_changes_nothing() -> None:
    once = [safe_name(declared, ".jpg") for declared in NAMES]

    assert [safe_name(name, ".jpg") for name in once] == once


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        ("Акт НРП № 5 от 12.05.2026.pdf", "Акт НРП № 5 от 12.05.2026.jpg"),
        ("IMG_20260131_120000.JPG", "IMG_20260131_120000.jpg"),
        ("отчёт.v2.final.xlsx", "отчёт.v2.final.jpg"),
        ("фото и\u0306.png", "фото й.jpg"),
        ("a\u00a0b\u2003c.png", "a b c.jpg"),
        ("photo.jpg.php", "photo.jpg"),
        ("com1.jpg", "_com1.jpg"),
        ("..", "file.jpg"),
    ],
)
def test_what_a_person_reads_in_a_name_stays(declared: str, name: str) -> None:
    assert safe_name(declared, ".jpg") == name


def test_random_names_are_safe_too() -> None:
    dice = random.Random(20260131)
    for _ in range(2_000):
        declared = "".join(chr(dice.choice((dice.randrange(0x80), dice.randrange(0x2100), dice.randrange(0x110000)))) for _ in range(dice.randrange(60)))  # fmt: skip
        name = safe_name(declared, ".pdf")
        assert safe_name(name, ".pdf") == name, declared.encode("unicode_escape")
        assert "/" not in name


@pytest.mark.parametrize("declared", NAMES)
def test_a_file_leaves_under_one_header_that_says_attachment(declared: str) -> None:
    headers = download_headers(safe_name(declared, ".pdf"), "application/pdf")
    raw = download_headers(declared, "application/pdf")

    for given in (headers, raw):
        value = given["Content-Disposition"]
        assert value.isascii()
        assert value.isprintable()
        message = email.message.Message()
        message["Content-Disposition"] = value
        assert message.get_content_disposition() == "attachment"
        assert value.count("filename=") == value.count("filename*=") == 1
        assert value.count('"') == 2
    displayed = unquote(headers["Content-Disposition"].split("filename*=UTF-8''")[1])
    assert displayed == safe_name(declared, ".pdf")


def test_a_browser_may_neither_guess_nor_run_nor_keep_it() -> None:
    assert download_headers("акт.pdf", "application/pdf") == {
        "Content-Type": "application/pdf",
        "Content-Disposition": "attachment; filename=\"___.pdf\"; filename*=UTF-8''%D0%B0%D0%BA%D1%82.pdf",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }


@pytest.mark.parametrize(
    "mime", ["", "text/html\r\nX: y", "TEXT/HTML", "application/pdf; charset=x", "x"]
)
def test_an_odd_media_type_is_served_as_plain_bytes(mime: str) -> None:
    assert download_headers("a.pdf", mime)["Content-Type"] == "application/octet-stream"
