"""Reads and checks the numbers people and marketplaces give: return requests, IIN/BIN, IMEI, phones to show.  Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_REQUEST_NUMBER: Final = re.compile(r"([0-9]{1,20})-([0-9]{1,4})")
_IIN_BIN: Final = re.compile(r"[0-9]{12}")
_IMEI: Final = re.compile(r"[0-9]{15}")
_IMEI_SEPARATORS: Final = re.compile(r"[ \u00a0/-]")
_SHOP_POINT: Final = re.compile(r"(?:([0-9]{3,20})_PP|([0-9]{5,20})_)[0-9]{1,6}")

_FIRST_PASS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_SECOND_PASS: Final = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)
_NEEDS_SECOND_PASS: Final = 10
_LUHN_MODULUS: Final = 10
_LUHN_NINE: Final = 9


class UnreadableNumber(ValueError):
    """The text is not a number of the kind asked for, or its check digit is wrong."""


class RequestNumber(NamedTuple):
    """A return request's number taken apart: whose order, and how many times the customer has filed."""

    order_code: str
    attempt: int


def request_attempt(number: str) -> RequestNumber:
    """Tell the order and the filing attempt from a return request's number `<order>-<attempt>`.

    The warning before step 1 of the procedure: 1 is a first filing; 2 and above a repeated one, whose history is read
    before deciding.  Attempts beyond 9 were never seen but the number's shape allows them, so they are read.

    Raises:
        UnreadableNumber: another shape, or an attempt of zero.

    >>> request_attempt("700000001-2")
    RequestNumber(order_code='700000001', attempt=2)
    """
    found = _REQUEST_NUMBER.fullmatch(number)
    if found is None or int(found[2]) == 0:
        raise UnreadableNumber(f"not a return request number: {number[:40]!r}")
    return RequestNumber(found[1], int(found[2]))


def shop_number(point: str) -> str:
    """Read the marketplace's number of a shop from a warehouse or pickup point `<shop>_PP<n>`; '' when it holds none.

    The id of a point of service, `<shop>_<point>`, is read too.

    >>> shop_number("30141222_PP1"), shop_number("30141222_7"), shop_number("Склад на Абая"), shop_number("PP1")
    ('30141222', '30141222', '', '')
    """
    found = _SHOP_POINT.fullmatch(point.strip())
    return (found[1] or found[2]) if found else ""


def checked_iin_bin(text: str) -> str:
    """Return a 12-digit IIN or BIN whose check digit is right.

    The digit is the weighted sum modulo 11 with weights 1-11; a remainder of 10 is retried with weights 3-11, 1, 2;
    10 again means such a number is never issued.

    Raises:
        UnreadableNumber: not twelve digits, or the check digit is wrong.

    >>> checked_iin_bin("131240010479")
    '131240010479'
    """
    if _IIN_BIN.fullmatch(text) is None:
        raise UnreadableNumber("IIN/BIN is twelve digits")
    digits = [int(digit) for digit in text]
    check = _weighted(digits, _FIRST_PASS)
    if check == _NEEDS_SECOND_PASS:
        check = _weighted(digits, _SECOND_PASS)
    if check != digits[-1]:
        raise UnreadableNumber("IIN/BIN check digit is wrong")
    return text


def _weighted(digits: list[int], weights: tuple[int, ...]) -> int:
    return sum(d * w for d, w in zip(digits[:-1], weights, strict=True)) % 11


def checked_imei(text: str) -> str:
    """Return the 15 digits of an IMEI whose Luhn check digit is right; spaces, dashes and slashes are dropped.

    Raises:
        UnreadableNumber: not fifteen digits, or the check digit is wrong.

    >>> checked_imei("49-015420-323751-8")
    '490154203237518'
    """
    digits = _IMEI_SEPARATORS.sub("", text)
    if _IMEI.fullmatch(digits) is None:
        raise UnreadableNumber("IMEI is fifteen digits")
    doubled = (int(digit) * 2 for digit in digits[1::2])
    odd = sum(int(digit) for digit in digits[0::2])
    even = sum(value - _LUHN_NINE if value > _LUHN_NINE else value for value in doubled)
    if (odd + even) % _LUHN_MODULUS:
        raise UnreadableNumber("IMEI check digit is wrong")
    return digits
