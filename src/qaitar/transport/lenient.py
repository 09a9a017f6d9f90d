"""Reads JSON of systems that promise nothing: every value may be missing, null or of another type, and nothing raises.

Numbers with a fraction come out of `load` as their own text, so that no binary fraction ever stands between an answer and
money, and everything `load` returns can be stored as JSON and as PostgreSQL text.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator

from qaitar.kernel.money import UnreadableAmount, minor_from_decimal, whole_parts

DIGITS_MAX = 15  # longer whole numbers are kept as text: no amount, time or count is that long
NUMBER_CHARS_MAX = 40
TEXT_CHARS_MAX = 100_000
MINOR_MAX = 10**15
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS_MAX = 32_503_680_000_000  # year 3000
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,4})?\Z")
_WHOLE_AS_NUMBER = re.compile(r"\d+(?:\.0*|(?:\.\d+)?[eE]\+?\d{1,2})\Z", re.ASCII)
_SPACES = re.compile(r"[\s\u00a0\u202f]+")


class Unreadable(Exception):
    """A body is not JSON; the message says why without repeating the body."""


def load(body: bytes, *, doubled: list[str] | None = None) -> Any:
    """Read JSON into values fit to store; names given twice in one object are added to `doubled`, the last one wins.

    Raises:
        Unreadable: not JSON, or nested too deep.
    """

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        whole_object = dict(items)
        if doubled is not None and len(whole_object) != len(items):
            names = [name for name, _ in items]
            doubled.extend(sorted({name for name in names if names.count(name) > 1}))
        return whole_object

    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            parse_float=str,
            parse_int=_whole_or_text,
            parse_constant=lambda _: None,
            object_pairs_hook=pairs if doubled is not None else None,
        )
        return storable(value) if b"\\u" in body or b"\x00" in body else value
    except RecursionError:
        raise Unreadable("nested too deep") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise Unreadable(f"not JSON ({type(error).__name__}), {len(body)} bytes") from None


def _whole_or_text(digits: str) -> int | str:
    return int(digits) if len(digits) <= DIGITS_MAX else digits


def storable(value: Any) -> Any:
    r"""Replace in a read JSON value what no PostgreSQL text can hold: NUL and halves of characters.

    >>> storable({"a": ["\x00b", 1]})
    {'a': ['�b', 1]}
    """
    match value:
        case str():
            return _UNSTORABLE.sub("�", value)
        case dict():
            return {_UNSTORABLE.sub("�", key): storable(inner) for key, inner in value.items()}
        case list():
            return [storable(inner) for inner in value]
        case _:
            return value


def text(value: object) -> str | None:
    """Read a text without outer spaces; a whole number counts as text; anything else, and emptiness, is not known.

    >>> text("  Айгерим "), text(700000001), text(""), text(True), text({})
    ('Айгерим', '700000001', None, None, None)
    """
    if isinstance(value, str):
        cleaned = _UNSTORABLE.sub("�", value).strip()
        return cleaned[:TEXT_CHARS_MAX] or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def code(value: object) -> str | None:
    """Read an identifier as text; one that came as a JSON number is written with its plain digits.

    >>> code("700000901"), code(1000000001), code("1.000000001E9"), code("700000901.0"), code("A-1.5E3x")
    ('700000901', '1000000001', '1000000001', '700000901', 'A-1.5E3x')
    """
    found = text(value)
    if found is None or _WHOLE_AS_NUMBER.match(found) is None:
        return found
    plain = number(found)
    return found if plain is None or plain != int(plain) else str(int(plain))


def number(value: object) -> Decimal | None:
    """Read a decimal number below a thousand million million, in any form JSON allows and as text.

    Spaces between digits and a comma for the point are allowed in a text.

    >>> number("1 455,50"), number(3), number("2000.0"), number("1e309"), number(True)
    (Decimal('1455.50'), Decimal('3'), Decimal('2000.0'), None, None)
    >>> number("1.29999E7")
    Decimal('1.29999E+7')
    """
    match value:
        case str() if len(value) <= NUMBER_CHARS_MAX:
            plain = _SPACES.sub("", value).replace(",", ".")
            readable = plain.isascii() and _NUMBER.match(plain) is not None
            return _bounded(Decimal(plain)) if readable else None
        case int() | Decimal() if not isinstance(value, bool):
            return _bounded(Decimal(value))
        case float():
            return _bounded(Decimal(repr(value)))
        case _:
            return None


def _bounded(amount: Decimal) -> Decimal | None:
    """Keep out what no amount, time or count is, so that nobody computes with a million digits."""
    if not amount.is_finite() or (amount and not -DIGITS_MAX * 2 < amount.adjusted() < DIGITS_MAX):
        return None
    return amount


def minor(value: object) -> int | None:
    """Read an amount in whole units (tenge) as hundredths (tiyn), exactly; None where it is not one.

    Below zero, a fraction of a hundredth and more than twelve whole digits are no amounts.

    >>> minor("8999.0"), minor(4100), minor("1.29999E7"), minor("188.29999999999998")
    (899900, 410000, 1299990000, 18830)
    >>> minor("0.005"), minor("-1"), minor(None)
    (None, None, None)
    """
    amount = number(value)
    if amount is None or amount < 0:
        return None
    try:
        return minor_from_decimal(amount)
    except UnreadableAmount:
        return None


def milli(value: object) -> int | None:
    """Read a quantity as thousandths, exactly; None where it is not one.

    >>> milli(1), milli("0.5"), milli("2E0"), milli("0.0005")
    (1000, 500, 2000, None)
    """
    amount = number(value)
    if amount is None or not 0 <= amount < MINOR_MAX // 1000:
        return None
    return whole_parts(amount, 1000)


def whole(value: object) -> int | None:
    """Read a whole number; a fraction that is not zero makes it unknown.

    >>> whole("12"), whole("12.0"), whole("12.5"), whole(False)
    (12, 12, None, None)
    """
    amount = number(value)
    return int(amount) if amount is not None and amount == int(amount) else None


def flag(value: object) -> bool | None:
    """Read a yes or no, written as JSON or as text.

    >>> flag(True), flag("false"), flag(1)
    (True, False, None)
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None


def moment_ms(value: object) -> datetime | None:
    """Read milliseconds since 1970 as UTC; zero, negative and beyond the year 3000 are not known.

    >>> moment_ms(1745691162415)
    datetime.datetime(2025, 4, 26, 18, 12, 42, 415000, tzinfo=datetime.timezone.utc)
    """
    ms = whole(value)
    return _EPOCH + timedelta(milliseconds=ms) if ms is not None and 0 < ms < _MS_MAX else None


def record(value: object) -> dict[str, Any] | None:
    """Take an object, or nothing.

    >>> record({"a": 1}), record([1])
    ({'a': 1}, None)
    """
    return value if isinstance(value, dict) else None


def records(value: object) -> list[dict[str, Any]]:
    """Take the objects of a list; a lone object counts as a list of one.

    >>> records([{"a": 1}, None, 5]), records({"a": 1}), records("x")
    ([{'a': 1}], [{'a': 1}], [])
    """
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """Take the texts of a list; a lone text counts as a list of one.

    >>> texts(["a", None, "b"]), texts("a"), texts(None)
    (['a', 'b'], ['a'], [])
    """
    items = value if isinstance(value, list) else [value]
    return [found for item in items if (found := text(item)) is not None]


Text = Annotated[str | None, BeforeValidator(text)]
Code = Annotated[str | None, BeforeValidator(code)]
Number = Annotated[Decimal | None, BeforeValidator(number)]
Minor = Annotated[int | None, BeforeValidator(minor)]
Milli = Annotated[int | None, BeforeValidator(milli)]
Whole = Annotated[int | None, BeforeValidator(whole)]
Flag = Annotated[bool | None, BeforeValidator(flag)]
MomentMs = Annotated[datetime | None, BeforeValidator(moment_ms)]
Texts = Annotated[list[str], BeforeValidator(texts)]
