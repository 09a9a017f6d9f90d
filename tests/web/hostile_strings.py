"""Six hundred strings that break programs: seeded, so that a failing one can be made again by its number.

Hand-picked families (markup, quoting, paths, numbers, directions, controls) and random mixtures of them.
`make prove` sends all of them to every field; `make test` sends every field a share of its own (`share_of`).
"""

from __future__ import annotations

import json
from random import Random

COUNT = 600
SHARE = 4  # one in so many of each family is in a field's share
MIXTURES = 8  # so many mixtures are in a field's share
SEED = 20260514

FAMILIES: dict[str, tuple[str, ...]] = {
    "markup": (
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</textarea><svg/onload=alert(1)>",
        "javascript:alert(1)",
        "<!--",
        "]]>",
        "<a href='//evil.example'>x</a>",
        "&lt;b&gt;",
        "{{ 7*7 }}",
        "{% load static %}",
        "${7*7}",
        "#{7*7}",
        "<%= 7*7 %>",
    ),
    "quoting": (
        "'",
        '"',
        "`",
        "' OR '1'='1",
        "'; DROP TABLE returns_returnrequest; --",
        "\\",
        "\\'",
        "%s",
        "%(who)s",
        "%",
        "%%",
        "{0}",
        "{who.__class__}",
        "$1",
        "--",
        "/*",
        ";",
        "_",
        "|| pg_sleep(5)",
        "E'\\x00'",
    ),
    "formulas": ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0", "＝1+1"),
    "paths": (
        "../../etc/passwd",
        "..\\..\\windows",
        "/dev/null",
        "C:\\con",
        "file:///etc/passwd",
        "%2e%2e%2f",
        "~root",
        ".",
        "..",
        "a" * 255 + ".jpg",
    ),
    "numbers": (
        "0",
        "-0",
        "-1",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "1e309",
        "NaN",
        "Infinity",
        "1,000.00",
        "٣٤٥",
        "৩",
        "²",
        "0x10",
        "1_000",
        "9" * 400,
    ),
    "directions": ("\u202eevil", "\u2066x\u2069", "\u200f", "عربى", "\u202egpj.exe", "\u061c"),
    "controls": (
        "\0",
        "a\0b",
        "\x01\x02\x03",
        "\x1b[31m",
        "\x7f",
        "\x85",
        "\r\nSet-Cookie: a=b",
        "\n\n",
        "\t",
        "\u2028",
        "\ufeff",
        "\ufffe",
        "\uffff",
    ),
    "surrogates": ("\ud800", "\udfff", "a\ud83d", "\udc00b"),
    "spread": (
        "",
        " ",
        "\u00a0",
        "\u3000",
        "\u200b",
        "\u200d",
        "é",
        "e\u0301",
        "Ǆ",
        "ß",
        "İ",
        "ı",
        "ﬁ",
        "Қайтар",
        "日本語",
        "👩‍👩‍👧‍👦",
        "\U0001f1f0\U0001f1ff",
        "𝒳",
        "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L",
        "\U0010ffff",
        "\U000e0001",
    ),
    "words": ("null", "undefined", "true", "None", "nil", "[]", "{}", "constructor", "__proto__"),
    "mail": (
        "a@b",
        "+7 701 123-45-67",
        "00000000-0000-0000-0000-000000000000",
        "2026-02-30",
        "70-1",
    ),
    "long": ("x" * 5_000, "я" * 4_000, "\u0301" * 2_000, "<" * 3_000, "9" * 5_000, " " * 3_000),
}


def hostile_strings(count: int = COUNT, seed: int = SEED) -> list[str]:
    """Give the strings, each once: every hand-picked one first, then mixtures.

    >>> len(set(hostile_strings())), hostile_strings()[:2] == hostile_strings(seed=1)[:2]
    (600, True)
    """
    random = Random(seed)
    picked = [text for family in FAMILIES.values() for text in family]
    made = dict.fromkeys(picked)
    alphabet = "".join(text for text in picked if len(text) < 40)
    while len(made) < count:
        if random.random() < 0.5:
            text = "".join(random.choice(picked)[:300] for _ in range(random.randint(2, 4)))
        else:
            text = "".join(random.choice(alphabet) for _ in range(random.randint(1, 60)))
        made[text] = None
    return list(made)[:count]


def share_of(field: str) -> list[str]:
    """Give the strings that `make test` sends to a field: some of every family and some mixtures, others for each field.

    >>> share_of("name") == share_of("name") != share_of("note")
    True
    """
    random = Random(f"{SEED} {field}")
    picked = [
        text
        for family in FAMILIES.values()
        for text in random.sample(family, -(-len(family) // SHARE))
    ]
    known = {text for family in FAMILIES.values() for text in family}
    mixed = [text for text in hostile_strings() if text not in known]
    return [*picked, *random.sample(mixed, MIXTURES)]


def clean(text: str) -> bool:
    """Tell whether a table can hold the text: no NUL, no half of a character."""
    return "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text)


def writable(text: str) -> bool:
    """Tell whether the text can stand in an address, a form or a page: those are UTF-8, which has no halves."""
    return not any("\ud800" <= each <= "\udfff" for each in text)


def as_json(value: object) -> bytes:
    """Write JSON in ASCII, so that halves of characters travel as escapes, the only way they can."""
    return json.dumps(value, ensure_ascii=True).encode()
