"""The rules a return is judged by, as dated data with the source of each.  Pure.

Defaults are Kazakhstan's consumer law, the marketplace's manual and the operator's procedure.  A merchant's own lines
come on top as far as each rule's latitude lets them: nobody may give a customer less than the law does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from qaitar.returns.rules.goods_groups import GoodsGroup
from qaitar.returns.vocabulary import EvidenceKind


class SourceKind(StrEnum):
    """Who says so."""

    LAW = "LAW"
    MARKETPLACE = "MARKETPLACE"
    PROCEDURE = "PROCEDURE"  # the operator's own written procedure
    MERCHANT = "MERCHANT"


@dataclass(frozen=True, slots=True)
class RuleSource:
    """Where a rule stands: who says it and the place in their text."""

    kind: SourceKind
    place: str


class RuleCode(StrEnum):
    """What can be ruled."""

    PROPER_WINDOW_DAYS = "PROPER_WINDOW_DAYS"  # calendar days from hand-over, last one in full
    DEFECTIVE_WINDOW_DAYS = "DEFECTIVE_WINDOW_DAYS"  # or to the end of warranty, what is later
    NOT_RETURNABLE_GROUPS = "NOT_RETURNABLE_GROUPS"
    EVIDENCE_PROPER = "EVIDENCE_PROPER"
    EVIDENCE_DEFECTIVE = "EVIDENCE_DEFECTIVE"
    EVIDENCE_DAMAGE = "EVIDENCE_DAMAGE"
    EVIDENCE_DIFFERENT = "EVIDENCE_DIFFERENT"
    ACT_BEFORE_TAKING = "ACT_BEFORE_TAKING"  # 1: defective goods are taken with an act only
    APPROVAL_ABOVE_MINOR = "APPROVAL_ABOVE_MINOR"  # sum in minor units; 0 means no limit
    DAMAGE_QUICK_DAYS = "DAMAGE_QUICK_DAYS"  # up to here it is "within a day"
    DAMAGE_LATE_DAYS = "DAMAGE_LATE_DAYS"  # after this it is "after two days"


class Latitude(StrEnum):
    """How far a merchant may move a rule."""

    MORE = "MORE"  # only upwards: a longer window
    FEWER = "FEWER"  # only a part of the set: refuse less than the law lets
    FREE = "FREE"  # own procedure, no law about it


LATITUDE: Final[Mapping[RuleCode, Latitude]] = MappingProxyType(
    dict.fromkeys(RuleCode, Latitude.FREE)
    | {
        RuleCode.PROPER_WINDOW_DAYS: Latitude.MORE,
        RuleCode.DEFECTIVE_WINDOW_DAYS: Latitude.MORE,
        RuleCode.NOT_RETURNABLE_GROUPS: Latitude.FEWER,
    }
)

RuleValue = int | frozenset[EvidenceKind] | frozenset[GoodsGroup]

NUMBER_MAX: Final = 10**15  # minor units or days; more is a typing error
_EVIDENCE_CODES: Final = frozenset(
    {
        RuleCode.EVIDENCE_PROPER,
        RuleCode.EVIDENCE_DEFECTIVE,
        RuleCode.EVIDENCE_DAMAGE,
        RuleCode.EVIDENCE_DIFFERENT,
    }
)


def fits_kind(code: RuleCode, value: RuleValue) -> bool:
    """Tell whether a value is of the kind its rule takes: a number from 0, or a set of the right words.

    >>> fits_kind(RuleCode.PROPER_WINDOW_DAYS, 14), fits_kind(RuleCode.PROPER_WINDOW_DAYS, -1)
    (True, False)
    >>> fits_kind(RuleCode.EVIDENCE_PROPER, frozenset({GoodsGroup.CELLULAR}))
    False
    """
    if code in _EVIDENCE_CODES:
        return isinstance(value, frozenset) and all(isinstance(v, EvidenceKind) for v in value)
    if code is RuleCode.NOT_RETURNABLE_GROUPS:
        return isinstance(value, frozenset) and all(isinstance(v, GoodsGroup) for v in value)
    return isinstance(value, int) and 0 <= value <= NUMBER_MAX


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule with its source and the days it holds, first and last included; no last day means until changed."""

    code: RuleCode
    value: RuleValue
    source: RuleSource
    valid_from: date
    valid_to: date | None = None

    def holds(self, on: date) -> bool:
        """Tell whether the line is in force on a day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Rules:
    """The lines in force on one day, one for each code."""

    lines: Mapping[RuleCode, RuleLine] = field(default_factory=dict)

    def number(self, code: RuleCode) -> int:
        """Return a rule that is a number (days, minor units, 0 or 1)."""
        value = self.lines[code].value
        assert isinstance(value, int), f"{code} is not a number"
        return value

    def kinds(self, code: RuleCode) -> frozenset[EvidenceKind]:
        """Return a rule that is a set of evidence kinds."""
        value = self.lines[code].value
        assert isinstance(value, frozenset), f"{code} is not a set"
        return frozenset(EvidenceKind(v) for v in value)

    def groups(self) -> frozenset[GoodsGroup]:
        """Return the groups of goods that are not taken back in good order."""
        value = self.lines[RuleCode.NOT_RETURNABLE_GROUPS].value
        assert isinstance(value, frozenset), "groups are not a set"
        return frozenset(GoodsGroup(v) for v in value)

    def source(self, code: RuleCode) -> RuleSource:
        """Return who says this rule."""
        return self.lines[code].source


LAW_IN_FORCE: Final = date(2010, 5, 4)

LAW_PROPER: Final = RuleSource(SourceKind.LAW, "274-IV, art. 30 (14)")
LAW_DEFECT: Final = RuleSource(SourceKind.LAW, "274-IV, art. 15, 30")
LAW_GROUPS: Final = RuleSource(SourceKind.LAW, "274-IV, art. 30 (2026)")
MARKET_WINDOWS: Final = RuleSource(SourceKind.MARKETPLACE, "Kaspi guide, client q16178")
MARKET_CHECK: Final = RuleSource(SourceKind.MARKETPLACE, "Kaspi order manual, 9-12")
STEP_1: Final = RuleSource(SourceKind.PROCEDURE, "1")
STEP_1X: Final = RuleSource(SourceKind.PROCEDURE, "1x")
STEP_3: Final = RuleSource(SourceKind.PROCEDURE, "3")
STEP_6: Final = RuleSource(SourceKind.PROCEDURE, "6")

_PHOTOS: Final = frozenset({EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING})

DEFAULTS: Final[tuple[RuleLine, ...]] = (
    RuleLine(RuleCode.PROPER_WINDOW_DAYS, 14, LAW_PROPER, LAW_IN_FORCE),
    RuleLine(RuleCode.DEFECTIVE_WINDOW_DAYS, 30, MARKET_WINDOWS, LAW_IN_FORCE),
    # The day groups 5 and 6 were added is not confirmed; the list is the one in force in 2026.
    RuleLine(RuleCode.NOT_RETURNABLE_GROUPS, frozenset(GoodsGroup), LAW_GROUPS, LAW_IN_FORCE),
    RuleLine(RuleCode.EVIDENCE_PROPER, _PHOTOS, STEP_6, LAW_IN_FORCE),
    RuleLine(
        RuleCode.EVIDENCE_DEFECTIVE,
        frozenset({EvidenceKind.IRREPARABILITY_ACT, EvidenceKind.TECHNICAL_ACT}),
        STEP_6,
        LAW_IN_FORCE,
    ),
    RuleLine(
        RuleCode.EVIDENCE_DAMAGE,
        frozenset({EvidenceKind.PHOTO_DAMAGE, EvidenceKind.PHOTO_PACKAGING}),
        STEP_1X,
        LAW_IN_FORCE,
    ),
    RuleLine(RuleCode.EVIDENCE_DIFFERENT, _PHOTOS, STEP_1, LAW_IN_FORCE),
    RuleLine(RuleCode.ACT_BEFORE_TAKING, 1, STEP_3, LAW_IN_FORCE),
    RuleLine(RuleCode.APPROVAL_ABOVE_MINOR, 0, STEP_1X, LAW_IN_FORCE),
    RuleLine(RuleCode.DAMAGE_QUICK_DAYS, 1, STEP_1X, LAW_IN_FORCE),
    RuleLine(RuleCode.DAMAGE_LATE_DAYS, 2, STEP_1X, LAW_IN_FORCE),
)
"""What holds for a store of Kazakhstan on Kaspi before its merchant has ruled anything."""
