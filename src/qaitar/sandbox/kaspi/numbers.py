"""Numbers in answers as Kaspi's servers write them: JSON doubles the way Java prints a double."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

_EXPONENT_FROM = 10_000_000  # Double.toString changes to an exponent here
_MARK = "\N{CURRENCY SIGN}"
_MARKED = re.compile(f'"{_MARK}([^"{_MARK}]+){_MARK}"')


def tenge(tiyn: int) -> float:
    """Turn tiyn into the double that is nearest.

    >>> tenge(11_990_50)
    11990.5
    """
    return tiyn / 100


def double_text(value: float) -> str:
    """Write a double of ten million and more as Java does; smaller ones are written alike by both.

    >>> double_text(12_999_900.0), double_text(10_000_000.0), double_text(9_999_999.5)
    ('1.29999E7', '1.0E7', '9999999.5')
    """
    if abs(value) < _EXPONENT_FROM:
        return repr(value)
    exact = Decimal(repr(value))
    digits = "".join(map(str, exact.as_tuple().digits)).rstrip("0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exact.adjusted()}"


def json_text(value: Any, *, exponent: bool) -> str:
    """Write an answer; with `exponent`, doubles of ten million and more as 1.29999E7."""
    if not exponent:
        return json.dumps(value, ensure_ascii=False)
    return _MARKED.sub(r"\1", json.dumps(_marked(value), ensure_ascii=False))


def _marked(value: Any) -> Any:
    """Put marked text in the place of large doubles: the JSON writer offers no other way to choose their form."""
    if isinstance(value, dict):
        return {name: _marked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_marked(each) for each in value]
    if isinstance(value, float) and abs(value) >= _EXPONENT_FROM:
        return f"{_MARK}{double_text(value)}{_MARK}"
    return value
