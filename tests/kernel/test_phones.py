"""Phones as people paste and type them: one number, whatever stands around and between its digits."""

from __future__ import annotations

import random

import pytest

from qaitar.foundation.records.search import query_words
from qaitar.kernel.phones import normalise_phone, plain_writing

SPACES = [" ", "\u00a0", "\u2009", "\u202f", "\u2007"]
DASHES = ["-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212"]
MARKS = ["\u200e", "\u200f", "\u202a", "\u202c", "\u202d", "\u2068", "\u2069", "\u200b", "\ufeff"]
MOBILE = ["700", "701", "702", "705", "707", "747", "771", "775", "776", "777", "778"]
RUSSIAN = ["903", "916", "926", "985", "999"]
WITH_WORDS = ["", "тел.: ", "Асем, ", "моб ", "WhatsApp: ", "звонить: "]
AFTER = ["", " Асем", ", после 18", " (WhatsApp)", ".", ";"]


def writing(dice: random.Random, national: str) -> str:
    """One number as some person or program writes it."""
    code = dice.choice(["", "8", "7", "+7", "(+7)"])
    gap = dice.choice([*SPACES, *DASHES, "", "."])
    area = dice.choice([national[:3], f"({national[:3]})"])
    parts = [area, national[3:6], national[6:8], national[8:]]
    text = gap.join([code, *parts] if code else parts)
    for _ in range(dice.randrange(3)):
        at = dice.randrange(len(text) + 1)
        text = text[:at] + dice.choice(MARKS) + text[at:]
    return text


@pytest.mark.parametrize("seed", range(4))
def test_every_writing_is_the_one_number(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(500):
        national = dice.choice([*MOBILE, *RUSSIAN]) + "".join(dice.choices("123456789", k=7))
        bare = writing(dice, national)
        text = dice.choice(WITH_WORDS) + bare + dice.choice(AFTER)
        assert normalise_phone(text) == f"+7{national}", ascii(text)
        assert normalise_phone(bare, region="RU") == f"+7{national}", ascii(bare)
        words = query_words(bare)
        assert len(words) == 1, ascii(bare)
        assert words[0][-10:] == national, ascii(bare)
        assert words[0] in {national, f"7{national}"}, ascii(bare)


@pytest.mark.parametrize(
    ("raw", "phone"),
    [
        ("+8 701 234 56 78", "+77012345678"),
        ("+84 912 345 678", "+84912345678"),
        ("87012345678 87029876543", "+77012345678"),
        ("8(701)2345678/8(702)9876543", "+77012345678"),
        ("кв. 5 8 701 234 56 78", "+77012345678"),
        ("８７０１２３４５６７８", "+77012345678"),
        ("8 (701) 234-56-78 доб. 12", "+77012345678"),
        ("ИИН 900101300807", None),
        ("4400 4301 1234 5678", None),
        ("\u200e+0(000)-000-00-00", None),
        ("+7(7**)***-56-78", None),
        ("Асем", None),
        ("8 701 234 56 7", None),
        ("x" * 190 + " 8 701 234 56 78", None),
    ],
)
def test_what_stands_next_to_decides_nothing(raw: str, phone: str | None) -> None:
    assert normalise_phone(raw) == phone


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("87012345678", ["7012345678"]),
        ("+77012345678", ["7012345678"]),
        ("7012345678", ["7012345678"]),
        ("8-701-234-56-78", ["7012345678"]),
        ("701-2345678", ["7012345678"]),
        ("\u202d+7\u00a0701\u2011234\u201156\u201178\u202c", ["7012345678"]),
        ("Асем тел. 8.701.234.56.78", ["7012345678"]),
        ("8 701 234 56 78 700000001-1", ["7012345678", "700000001-1"]),
        ("9161234567", ["9161234567"]),
        ("8 916 123 45 67", ["9161234567"]),
        ("5678", ["5678"]),
        ("700000001-1", ["700000001-1"]),
        ("700000001\u20111", ["700000001-1"]),
        ("7000000010-12", ["7000000010-12"]),
        ("700000001 700000002", ["700000001", "700000002"]),
        ("Нұр-Сұлтан", ["нұр-сұлтан"]),
    ],
)
def test_a_query_looks_for_ten_digits_and_leaves_other_numbers_alone(
    query: str, words: list[str]
) -> None:
    assert query_words(query) == words


def test_plain_writing_is_final() -> None:
    odd = "\u2068+7\u2009(701)\u2007234\u2013５６\u221278\u2069"
    assert plain_writing(odd) == "+7 (701) 234-56-78"
    assert plain_writing(plain_writing(odd)) == plain_writing(odd)
