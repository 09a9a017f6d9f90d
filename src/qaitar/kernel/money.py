"""Money as whole minor units with a currency: reading, splitting and showing it without floats.  Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Final

MINOR_PER_UNIT: Final = 100  # tiyn in a tenge, kopecks in a rouble
MAJOR_DIGITS_MAX: Final = 12  # longer amounts are a typing error, not money
DECIMALS: Final = 2
_NOISE_DIGITS: Final = (
    20  # beyond so many digits before or behind the point nothing is money or quantity
)
_NOISE_OF_PART: Final = Decimal("0.0001")
_NOISE_OF_DOUBLE: Final = Decimal(2) ** -49

_AMOUNT: Final = re.compile(r"([0-9]{1,12})(?:[.,]([0-9]{1,2}))?")
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+(?:[.,][0-9]{1,2})?")
_GROUP_SPACES: Final = re.compile(r"[ \u00a0\u202f]")
_NARROW_SPACE: Final = "\u202f"
_NO_BREAK_SPACE: Final = "\u00a0"
_MINUS: Final = "\u2212"


class CurrencyMismatch(ValueError):
    """Two sums of different currencies were added, subtracted or compared."""


class UnreadableAmount(ValueError):
    """The text or number is not an amount this program may take as money."""


class Currency(StrEnum):
    """Currencies the product keeps books in; both have a hundred minor units."""

    KZT = "KZT"
    RUB = "RUB"

    @property
    def sign(self) -> str:
        """Return the sign printed after the amount.

        >>> Currency.KZT.sign
        '₸'
        """
        return _SIGNS[self]


_SIGNS: Final = {Currency.KZT: "₸", Currency.RUB: "₽"}


@dataclass(frozen=True, slots=True)
class Money:
    """A sum in minor units (tiyn, kopecks); may be negative; mixes with its own currency only.

    >>> Money(500_00, Currency.KZT) - Money(120_00, Currency.KZT)
    Money(minor=38000, currency=<Currency.KZT: 'KZT'>)
    """

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are a whole number, not {type(self.minor).__name__}")

    def __bool__(self) -> bool:
        return self.minor != 0

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, count: int) -> Money:
        return Money(self.minor * count, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other)

    def _same(self, other: Money) -> int:
        if other.currency is not self.currency:
            raise CurrencyMismatch(f"{self.currency} does not mix with {other.currency}")
        return other.minor

    def allocate(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Split the sum by whole weights so that the parts add up to it exactly.

        Largest remainder: each part is within one minor unit of its exact share; of equal remainders the earlier part
        gets the unit.  A negative sum is split as its mirror image.

        Raises:
            ValueError: no weights, a negative weight, or all weights zero.

        >>> [part.minor for part in Money(100, Currency.KZT).allocate([1, 1, 1])]
        [34, 33, 33]
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights must be non-negative and not all zero")
        size = abs(self.minor)
        floors = [size * weight // total for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda i: -(size * weights[i] % total))
        for i in by_remainder[: size - sum(floors)]:
            floors[i] += 1
        sign = -1 if self.minor < 0 else 1
        return tuple(Money(sign * part, self.currency) for part in floors)


def zero(currency: Currency) -> Money:
    """Return nothing of a currency, the start of every sum.

    >>> zero(Currency.RUB)
    Money(minor=0, currency=<Currency.RUB: 'RUB'>)
    """
    return Money(0, currency)


def total(amounts: Sequence[Money], currency: Currency) -> Money:
    """Add sums of one currency; none at all gives zero.

    Raises:
        CurrencyMismatch: one of them is in another currency.

    >>> total([Money(1, Currency.KZT), Money(2, Currency.KZT)], Currency.KZT).minor
    3
    """
    return sum(amounts, start=zero(currency))


def parse_minor(text: str) -> int:
    """Read a typed or exported amount such as `11990`, `1455.0` or `12 345,50` into minor units.

    Groups of three digits may stand apart by a space, a no-break or a narrow no-break space.  Signs, exponents, other
    digits than 0-9, more than two decimals or twelve whole digits are refused rather than guessed.

    Raises:
        UnreadableAmount: the text is anything else.

    >>> parse_minor("12 345,50"), parse_minor("1455.0")
    (1234550, 145500)
    """
    joined = _GROUP_SPACES.sub("", text) if _GROUPED.fullmatch(text) else text
    found = _AMOUNT.fullmatch(joined)
    if found is None:
        raise UnreadableAmount(f"not an amount: {text[:40]!r}")
    whole, fraction = found.groups(default="")
    return int(whole) * MINOR_PER_UNIT + int(fraction.ljust(DECIMALS, "0"))


def minor_from_decimal(value: Decimal) -> int:
    """Turn tenge or roubles from a vendor's JSON into minor units, exactly; the sign is kept.

    Vendors keep amounts as binary doubles: what their arithmetic leaves behind the last minor unit is taken off.

    Raises:
        UnreadableAmount: a fraction of a minor unit, not a number, or more than twelve whole digits.

    >>> minor_from_decimal(Decimal("1.29999E7")), minor_from_decimal(Decimal("-0.01"))
    (1299990000, -1)
    >>> minor_from_decimal(Decimal("25990.000000000004"))
    2599000
    """
    if value.is_finite() and value.adjusted() < MAJOR_DIGITS_MAX:
        minor = whole_parts(value, MINOR_PER_UNIT)
        if minor is not None:
            return minor
    raise UnreadableAmount(f"not an amount in whole minor units: {value!s:.40}")


def whole_parts(value: Decimal, per_unit: int) -> int | None:
    """Count the parts of a unit (100 tiyn, 1000 thousandths) in a finite number; None where a part is not whole.

    A double has 53 bits, so a value read from one may miss its part by the rounding of a few operations: up to 2^-49 of
    it, or a ten-thousandth of a part.  Nothing else is rounded.

    >>> whole_parts(Decimal("0.30000000000000004"), 1000), whole_parts(Decimal("0.3335"), 1000)
    (300, None)
    """
    if value and not -_NOISE_DIGITS <= value.adjusted() <= _NOISE_DIGITS:
        return None
    parts = value * per_unit
    nearest = parts.quantize(Decimal(1), ROUND_HALF_EVEN)
    allowed = max(_NOISE_OF_PART, abs(parts) * _NOISE_OF_DOUBLE)
    return int(nearest) if abs(parts - nearest) <= allowed else None


def format_minor(minor: int, currency: Currency) -> str:
    """Show a sum to a person: narrow no-break spaces between thousands, decimal comma, sign after.

    Whole tenge go without decimals, as price tags do; roubles always show kopecks.

    >>> format_minor(12_345_50, Currency.KZT) == "12\u202f345,50\u00a0₸"
    True
    >>> format_minor(5_000_00, Currency.KZT) == "5\u202f000\u00a0₸"
    True
    """
    whole, fraction = divmod(abs(minor), MINOR_PER_UNIT)
    digits = f"{whole:,}".replace(",", _NARROW_SPACE)
    decimals = "" if currency is Currency.KZT and not fraction else f",{fraction:02d}"
    return f"{_MINUS if minor < 0 else ''}{digits}{decimals}{_NO_BREAK_SPACE}{currency.sign}"
