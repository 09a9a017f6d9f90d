"""How a practice is counted: what may be held against a decision and what it costs.  Pure.

A case begins with a hundred points and loses each cost once; the score is the mean of the cases, rounded down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from qaitar.returns.vocabulary import Act, RefusalReason

WHOLE: Final = 100
SLOW_AFTER_S: Final = 300


class ScoringFinding(StrEnum):
    """What may be held against a case."""

    NOT_ADVISED = "NOT_ADVISED"  # another act was right
    LEFT = "LEFT"  # a decision was due and nobody took it
    MISSED = "MISSED"  # the control date passed first
    CLASS_WRONG = "CLASS_WRONG"  # the quality class is not the true one
    REASON_UNTRUE = "REASON_UNTRUE"  # refused rightly, with a reason that is not true
    NEEDLESS = "NEEDLESS"  # right was to wait
    SLOW = "SLOW"  # more than five minutes for one decision


COSTS: Final[Mapping[ScoringFinding, int]] = MappingProxyType(
    {
        ScoringFinding.NOT_ADVISED: 50,
        ScoringFinding.LEFT: 50,
        ScoringFinding.MISSED: 30,
        ScoringFinding.CLASS_WRONG: 25,
        ScoringFinding.REASON_UNTRUE: 25,
        ScoringFinding.NEEDLESS: 10,
        ScoringFinding.SLOW: 10,
    }
)
"""Points of a case, once each however often it happened there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredAct:
    """One act of the person, and what the policy led to at that moment with the true facts."""

    act: Act
    advised: Act | None
    """None where it was right to wait."""
    reason: RefusalReason | None = None
    true_reasons: frozenset[RefusalReason] = frozenset()
    class_right: bool = True
    seconds: int = 0
    late: bool = False


def deed_findings(deed: ScoredAct) -> frozenset[ScoringFinding]:
    """Say what is held against one act.

    >>> sorted(deed_findings(ScoredAct(act=Act.REFUSE, advised=Act.ASK_CUSTOMER, late=True)))
    [<ScoringFinding.MISSED: 'MISSED'>, <ScoringFinding.NOT_ADVISED: 'NOT_ADVISED'>]
    """
    other = deed.act is not deed.advised
    refused = deed.act is Act.REFUSE and not other
    held = {
        ScoringFinding.NEEDLESS: other and deed.advised is None,
        ScoringFinding.NOT_ADVISED: other and deed.advised is not None,
        ScoringFinding.REASON_UNTRUE: refused and deed.reason not in deed.true_reasons,
        ScoringFinding.CLASS_WRONG: not deed.class_right,
        ScoringFinding.MISSED: deed.late,
        ScoringFinding.SLOW: deed.seconds > SLOW_AFTER_S,
    }
    return frozenset(finding for finding, holds in held.items() if holds)


def case_findings(
    deeds: Iterable[ScoredAct], *, left: Act | None, missed: bool
) -> frozenset[ScoringFinding]:
    """Say what is held against a case: all of its acts, what was left undone at the end, a date nobody met."""
    found = frozenset[ScoringFinding]().union(*(deed_findings(deed) for deed in deeds))
    if left is not None:
        found |= {ScoringFinding.LEFT}
    return found | {ScoringFinding.MISSED} if missed else found


def case_points(findings: Iterable[ScoringFinding]) -> int:
    """Count a case's points, never below none.

    >>> case_points([]), case_points([ScoringFinding.MISSED, ScoringFinding.SLOW]), case_points(ScoringFinding)
    (100, 60, 0)
    """
    return max(0, WHOLE - sum(COSTS[finding] for finding in set(findings)))


def practice_score(points: Iterable[int]) -> int:
    """Give the mean of the cases' points, rounded down; nothing practised is no points.

    >>> practice_score([100, 50, 0]), practice_score([])
    (50, 0)
    """
    each = tuple(points)
    return sum(each) // len(each) if each else 0
