"""Brings phones to one shape, so that one customer is one number whichever partner sent it.  Pure."""

from __future__ import annotations

import re
from typing import Final

import phonenumbers

_SHARED_CODE_REGIONS: Final = frozenset({"KZ", "RU"})  # both live under country code 7
_ALLOWED: Final = re.compile(r"\+?[0-9() .\u00a0-]{1,40}")
_NOT_DIGITS: Final = re.compile(r"[^0-9]")
_NATIONAL_LENGTH: Final = 10
_LENGTH_WITH_PREFIX: Final = 11


def normalise_phone(raw: str, region: str = "KZ") -> str | None:
    """Return the phone in E.164 (`+77012345678`), or None when it is not a phone that can be called.

    Partners write the same number as `7012345678`, `87012345678`, `77012345678` or `+7 701 234-56-78`.  In Kazakhstan
    and Russia ten digits are always national, so a leading 7 of ten is never taken for the country code.  Numbers masked
    with zeros or stars, as Kaspi shows them on a closed case, give None.

    >>> normalise_phone("7012345678"), normalise_phone("8 (701) 234-56-78")
    ('+77012345678', '+77012345678')
    >>> normalise_phone("+0(000)-000-00-00") is None
    True
    """
    text = raw.strip()
    if _ALLOWED.fullmatch(text) is None:
        return None
    try:
        parsed = phonenumbers.parse(_with_country_code(text, region), region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _with_country_code(text: str, region: str) -> str:
    if text.startswith("+") or region not in _SHARED_CODE_REGIONS:
        return text
    digits = _NOT_DIGITS.sub("", text)
    if len(digits) == _NATIONAL_LENGTH:
        return f"+7{digits}"
    if len(digits) == _LENGTH_WITH_PREFIX and digits[0] in "78":
        return f"+7{digits[1:]}"
    return text
