"""Brings phones to one shape, so that one customer is one number whichever partner sent it.  Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

import phonenumbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHARED_CODE_REGIONS: Final = frozenset({"KZ", "RU"})  # both live under country code 7
_ALLOWED: Final = re.compile(r"\+?[0-9() .\u00a0-]{1,40}")
_NOT_DIGITS: Final = re.compile(r"[^0-9]")
_NATIONAL_LENGTH: Final = 10
_LENGTH_WITH_PREFIX: Final = 11
_DASHES: Final = re.compile(r"[\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]")
_RUN: Final = re.compile(r"(?<!\d)\+?[( ]*\+?\d(?:[ ().\-]{0,3}\d){6,21}(?!\d)")
TEXT_MAX: Final = 200  # a phone with words beside it; longer texts are no answer to "which phone"


def normalise_phone(raw: str, region: str = "KZ") -> str | None:
    """Return the phone in E.164 (`+77012345678`), or None when there is no phone that can be called.

    Partners write the same number as `7012345678`, `87012345678`, `77012345678` or `+7 701 234-56-78`; people paste it with
    direction marks, thin spaces, other dashes and words beside it.  Of several numbers the first counts.  In Kazakhstan
    and Russia ten digits are always national, so a leading 7 of ten is never taken for the country code.  Numbers masked
    with zeros or stars, as Kaspi shows them on a closed case, give None.

    >>> normalise_phone("7012345678"), normalise_phone("8 (701) 234-56-78")
    ('+77012345678', '+77012345678')
    >>> normalise_phone("тел.: 8\u2011701\u2009234\u201356\u201378, Айгерим")
    '+77012345678'
    >>> normalise_phone("+0(000)-000-00-00") is None
    True
    """
    text = raw.strip()
    if _ALLOWED.fullmatch(text) and (phone := _valid(text, region)):
        return phone
    if len(text) > TEXT_MAX:
        return None
    return next((phone for phone, _ in phones_in(plain_writing(text), region)), None)


def plain_writing(text: str) -> str:
    """Write digits, spaces and dashes the one way they are read, without marks that cannot be seen.

    >>> plain_writing("\u202d+7\u00a0701\u2012５\u202c")
    '+7 701-5'
    """
    seen = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return _DASHES.sub("-", " ".join(unicodedata.normalize("NFKC", seen).split()))


def phones_in(text: str, region: str = "KZ") -> Iterator[tuple[str, str]]:
    """Yield each phone of a plain text in E.164 with the part of the text it stands in, in order.

    >>> list(phones_in("Асем 8 701 234-56-78"))
    [('+77012345678', '8 701 234-56-78')]
    """
    for run in _RUN.finditer(text):
        words = run[0].split()
        start = 0
        while start < len(words):
            found = _longest(words, start, region)
            start += 1
            if found:
                yield found
                start += len(found[1].split()) - 1


def _longest(words: list[str], start: int, region: str) -> tuple[str, str] | None:
    """Find the phone that most of the words from `start` on make together."""
    for end in range(len(words), start, -1):
        part = " ".join(words[start:end])
        if phone := _valid(part, region):
            return phone, part
    return None


def _valid(text: str, region: str) -> str | None:
    for writing in _writings(text, region):
        try:
            parsed = phonenumbers.parse(writing, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return None


def _writings(text: str, region: str) -> list[str]:
    """Give the ways a number may be meant: `+8 701 …` is tried as it stands, then as 8 and ten digits."""
    if region not in _SHARED_CODE_REGIONS:
        return [text]
    digits = _NOT_DIGITS.sub("", text)
    plus = text.lstrip("( ").startswith("+")
    if len(digits) == _NATIONAL_LENGTH and not plus:
        return [f"+7{digits}"]
    if len(digits) == _LENGTH_WITH_PREFIX and digits[0] in "78":
        return [text, f"+7{digits[1:]}"] if plus else [f"+7{digits[1:]}"]
    return [text]


_DIGIT: Final = re.compile(r"[0-9]")
_CLEAR_HEAD: Final = 3
_CLEAR_TAIL: Final = 2


def mask_phone(phone: str) -> str:
    """Show enough of a phone to recognise it and not enough to call it.

    >>> mask_phone("+77012345678"), mask_phone("")
    ('+7 7•• ••• •• 78', '')
    """
    if len(phone) <= _CLEAR_HEAD + _CLEAR_TAIL:
        return "•" * len(phone)
    return f"{phone[:2]} {phone[2]}•• ••• •• {phone[-_CLEAR_TAIL:]}"


def phone_masked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Copy the values of a case or of its journal with the customer's phone masked; a word that stands for it stays.

    >>> phone_masked({"stage": "NEW", "customer_phone": "+77012345678"})
    {'stage': 'NEW', 'customer_phone': '+7 7•• ••• •• 78'}
    """
    phone = values.get("customer_phone")
    if not phone or not _DIGIT.search(phone):
        return dict(values)
    return {**values, "customer_phone": mask_phone(phone)}
