"""Finds the line of an order something is about: by article, then by name, only then by price.  Pure.

Nothing is guessed: where more than one line fits, the answer is None and a person is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Line = Mapping[str, Any]
"""A line as it is kept: the columns of `OrderLine` by name."""

_CODES: Final = ("offer_code", "product_code")
_NAMES: Final = ("own_name", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is known of the line; empty and None mean not known.  `code` is the seller's article or the marketplace's."""

    code: str = ""
    name: str = ""
    amount_minor: int | None = None
    quantity_milli: int | None = None


def line_found(lines: Sequence[Line], sought: Sought) -> Line | None:
    """Choose the only line that fits; an order of one line has no other.

    A name that belongs to another line than the article does is a contradiction, and nobody's guess.

    >>> kettle, iron = {"offer_code": "K-1", "name": "Чайник"}, {"offer_code": "I-1", "name": "Утюг"}
    >>> line_found([kettle, iron], Sought(name=" утюг "))["offer_code"]
    'I-1'
    >>> line_found([kettle, iron], Sought(code="K-1", name="Утюг")), line_found([kettle, iron], Sought())
    (None, None)
    """
    if len(lines) == 1:
        return lines[0]
    by_code = _matching(lines, lambda line: _equal(sought.code, line, _CODES))
    by_name = _matching(lines, lambda line: _equal(sought.name, line, _NAMES))
    both = [line for line in by_code if line in by_name] if by_code and by_name else []
    if by_code and by_name and not both:
        return None
    fitting = both or by_code or by_name or list(lines)
    if len(fitting) > 1:
        fitting = _matching(fitting, lambda line: _same_price(line, sought))
    return fitting[0] if len(fitting) == 1 else None


def _matching(lines: Sequence[Line], fits: Callable[[Line], bool]) -> list[Line]:
    return [line for line in lines if fits(line)]


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("ё", "е").split())


def _equal(sought: str, line: Line, names: Sequence[str]) -> bool:
    wanted = _folded(sought)
    return bool(wanted) and any(_folded(line.get(name) or "") == wanted for name in names)


def _same_price(line: Line, sought: Sought) -> bool:
    """Compare the price of one: of a line's sum and its pieces, or the price it names."""
    if sought.amount_minor is None:
        return False
    pieces = sought.quantity_milli or line.get("quantity_milli") or 1000
    price, total = line.get("price_minor"), line.get("total_minor")
    if price is not None and price * pieces == sought.amount_minor * 1000:
        return True
    sold = line.get("quantity_milli") or 1000
    return total is not None and total * pieces == sought.amount_minor * sold


def share_of(line: Line, quantity_milli: int | None) -> int | None:
    """Give what so much of a line costs, in minor units; None where that is not known without doubt.

    >>> share_of({"total_minor": 300, "quantity_milli": 3000}, 1000), share_of({"total_minor": 100, "quantity_milli": 3000}, 1000)
    (100, None)
    """
    total, sold = line.get("total_minor"), line.get("quantity_milli") or 1000
    if total is None or quantity_milli is None or quantity_milli == sold:
        return total
    share, rest = divmod(total * quantity_milli, sold)
    return None if rest or quantity_milli > sold else int(share)
