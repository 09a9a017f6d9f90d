"""How figures are counted: what a merchant may set, with safe values where the marketplace does not tell.  Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any, Final

from qaitar.returns.vocabulary import Quality

FORMULA: Final = 2  # raise it when a rule of counting changes: every figure is then counted anew


class QualityDay(StrEnum):
    """On which day a quality return counts."""

    FILED = "FILED"  # warns earliest
    CLOSED = "CLOSED"


class OrdersBase(StrEnum):
    """What quality returns are divided by."""

    ISSUED = "ISSUED"  # the smaller number, so the stricter share
    PLACED = "PLACED"


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRules:
    """How one merchant's figures are counted.

    The limits of the gate and its 30 days are published; which day and which orders the marketplace takes is not, so the
    values that warn earlier stand here until the merchant says otherwise.
    """

    answer_hours: int = 24
    gate_permille: int = 20
    good_permille: int = 10
    window_days: int = 30
    damage_counts: bool = False
    quality_day: QualityDay = QualityDay.FILED
    orders_base: OrdersBase = OrdersBase.ISSUED

    @property
    def quality_classes(self) -> frozenset[Quality]:
        """Name the classes a return of which counts: a defect or other goods, and damage if the merchant says so."""
        classes = {Quality.DEFECTIVE, Quality.DIFFERENT_GOODS}
        return frozenset(classes | ({Quality.MECHANICAL_DAMAGE} if self.damage_counts else set()))

    def as_values(self) -> dict[str, Any]:
        """Write them as plain values."""
        return {name: str(v) if isinstance(v, StrEnum) else v for name, v in asdict(self).items()}

    def digest(self, zone_name: str) -> str:
        """Name this way of counting: figures under another digest are out of date.

        >>> FigureRules().digest("Asia/Almaty") == FigureRules(answer_hours=12).digest("Asia/Almaty")
        False
        """
        counted = {k: v for k, v in self.as_values().items() if k in _BAKED_IN}
        return json.dumps([FORMULA, zone_name, counted], sort_keys=True)


# only these change what a day's figure is; the others are applied when a page is looked at
_BAKED_IN: Final = ("answer_hours", "damage_counts", "quality_day")


def rules_read(values: Mapping[str, Any]) -> FigureRules:
    """Read stored rules; names no longer known are left out, values not stored stay as the program has them.

    >>> rules_read({"answer_hours": 8, "quality_day": "CLOSED", "gone": 1}).answer_hours
    8
    """
    known = {field.name for field in fields(FigureRules)}
    known_values = {name: value for name, value in values.items() if name in known}
    if "quality_day" in known_values:
        known_values["quality_day"] = QualityDay(known_values["quality_day"])
    if "orders_base" in known_values:
        known_values["orders_base"] = OrdersBase(known_values["orders_base"])
    return replace(FigureRules(), **known_values)
