"""Twelve hundred texts that break programs: the six hundred of every test run, and what many encodings and keyboards make."""

from __future__ import annotations

import unicodedata
from random import Random

from tests.web.hostile_strings import SEED, hostile_strings

COUNT = 1_200
KAZAKH = "Қазақстан әлемі, ғылым, ңүұө, һәм І і Й й Ё ё"
RUSSIAN = "Возврат: «Смартфон» не подошёл, цвет №5 — чёрный"
LOOK_ALIKES = str.maketrans("АВСЕНКМОРТХаеорсух", "ABCEHKMOPTXaeopcyx")
LETTERS = ("\u200b", "\u200d", "\u202e", "\u2066", "\u2069", "\ufeff", "\u0301", "\U0001f4e6", "\U0001f1f0\U0001f1ff", "\u00ad", "\u3164", "\x7f")  # fmt: skip
ENCODINGS = ("cp1251", "koi8-r", "cp866", "utf-8", "utf-16-le", "utf-16-be", "mac-cyrillic")


def strings(count: int = COUNT, seed: int = SEED) -> list[str]:
    """Give the texts, each once: the six hundred, then texts of our two alphabets spoiled in every way a copy may be.

    >>> len(set(strings())), strings() == strings()
    (1200, True)
    """
    random = Random(seed)
    made = dict.fromkeys(hostile_strings(seed=seed))
    made |= dict.fromkeys(_one_line_of_a_megabyte())
    made |= dict.fromkeys(_misread())
    made |= dict.fromkeys(_written_otherwise())
    while len(made) < count:
        made[_pierced(random)] = None
    return list(made)[:count]


def _one_line_of_a_megabyte() -> list[str]:
    return ["я" * 524_288, "<" * 1_048_576, "9" * 1_048_576]


def _misread() -> list[str]:
    """Bytes of one encoding read as another: what mail and old programs hand on."""
    return [
        text.encode(written, "replace").decode(read, "replace")
        for text in (KAZAKH, RUSSIAN)
        for written in ENCODINGS
        for read in (*ENCODINGS, "latin-1")
        if written != read
    ]


def _written_otherwise() -> list[str]:
    """The same words, composed and not, in look-alike Latin letters, in both cases, reversed by a mark."""
    found = []
    for text in (KAZAKH, RUSSIAN):
        found += [unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")]
        found += [text.translate(LOOK_ALIKES), text.upper(), text.swapcase(), "\u202e" + text]
    return found


def _pierced(random: Random) -> str:
    """Letters nobody sees, or that nobody expects, put into honest words."""
    text = list(random.choice((KAZAKH, RUSSIAN, "700000001-1", "+7 701 123-45-67", "SKU-1")))
    for _ in range(random.randint(1, 6)):
        text.insert(random.randrange(len(text) + 1), random.choice(LETTERS))
    return "".join(text)
