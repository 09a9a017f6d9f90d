"""What a request comes to in the figures: answered in time, decided by its date, how long it took, does it count.  Pure.

Everything follows from the request and its journal, so a figure can always be counted again and comes out the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from qaitar.analytics.rules import FigureRules, QualityDay
from qaitar.kernel.zones import local_date
from qaitar.returns.mirror.proofs import UNDECIDED
from qaitar.returns.reads.case_history import Past
from qaitar.returns.vocabulary import Act, Outcome, Stage


class Timeliness(StrEnum):
    """How something that had a term went."""

    NONE = ""  # nothing to judge
    IN_TIME = "IN_TIME"
    LATE = "LATE"
    SILENT = "SILENT"  # the term passed in silence and the marketplace acted by itself
    WAITING = "WAITING"  # not done yet
    UNSEEN = "UNSEEN"  # came to us when the term was over: nobody could have kept it


class Counting(StrEnum):
    """Whether a request counts for the quality gate."""

    NONE = ""
    SURE = "SURE"  # the money goes back because of a defect or other goods
    OPEN = "OPEN"  # undecided: would count


class CasePace(StrEnum):
    """How long a closed request took."""

    NONE = ""
    DAY = "DAY"
    THREE = "THREE"
    WEEK = "WEEK"
    FORTNIGHT = "FORTNIGHT"
    LONGER = "LONGER"


ANSWERS: Final = frozenset(
    {
        Act.ASK_CUSTOMER,
        Act.SEND_FOR_APPROVAL,
        Act.TAKE_FOR_INSPECTION,
        Act.REFUSE,
        Act.GRANT_REFUND,
    }
)
"""A seller's first reaction to a request is any of these, whether pressed by a person or by the store's own default."""
DECISIONS: Final = frozenset({Act.TAKE_FOR_INSPECTION, Act.REFUSE, Act.GRANT_REFUND})
_SEEN: Final = frozenset({Act.NOTE_ACCEPTED, Act.NOTE_MARKETPLACE_DECIDED})
_OVER: Final = frozenset({Act.NOTE_DISPUTE, Act.NOTE_WITHDRAWN})  # nothing is left to answer
_AT_END: Final = frozenset({Stage.ARRIVED, Stage.DISPUTED})
_BOUNDS: Final = (
    (timedelta(days=1), CasePace.DAY),
    (timedelta(days=3), CasePace.THREE),
    (timedelta(days=7), CasePace.WEEK),
    (timedelta(days=14), CasePace.FORTNIGHT),
)
_COUNTED_ENDS: Final = frozenset(
    {Outcome.REFUNDED, Outcome.DISPUTE_LOST, Outcome.MARKETPLACE_REFUNDED}
)


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision that had a date: how it went, on which day."""

    how: Timeliness = Timeliness.NONE
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStanding:
    """What one request adds to the figures, and to which days."""

    filed_on: date
    answer: Timeliness
    answer_s: int | None
    taking: Ruling
    final: Ruling
    closed_on: date | None
    closed_s: int | None
    pace: CasePace
    outcome: Outcome
    quality: Counting
    quality_on: date


@dataclass(frozen=True, slots=True)
class _Moment:
    """One act with the stage it was done at and the control date that held just before it."""

    act: str
    at: datetime
    stage: Stage
    due: datetime | None


def standing_of(past: Past, rules: FigureRules, where: ZoneInfo) -> CaseStanding:
    """Say what a request comes to under these rules; days are those of `where`."""
    moments = tuple(_moments(past))
    answer, answer_s = _answer(past, moments, timedelta(hours=rules.answer_hours))
    closed_on = local_date(past.closed_at, where) if past.closed_at else None
    took = past.closed_at - past.filed_at if past.closed_at else None
    filed_on = local_date(past.filed_at, where)
    quality = _quality(past, rules)
    by_close = rules.quality_day is QualityDay.CLOSED and quality is Counting.SURE and closed_on
    return CaseStanding(
        filed_on=filed_on,
        answer=answer,
        answer_s=answer_s,
        taking=_ruling(past, moments, where, before_goods=True),
        final=_ruling(past, moments, where, before_goods=False),
        closed_on=closed_on,
        closed_s=_seconds(took) if took is not None else None,
        pace=pace_of(took) if took is not None else CasePace.NONE,
        outcome=past.outcome,
        quality=quality,
        quality_on=closed_on if by_close and closed_on else filed_on,
    )


def _moments(past: Past) -> Iterator[_Moment]:
    """Walk the journal, keeping stage and control date as they were before each line."""
    stage, due = Stage.NEW, None
    for line in past.lines:
        yield _Moment(line.act, line.at, stage, line.due_before or due)
        stage = line.stage or stage
        due = line.due_after if line.due_known else due


def _answer(
    past: Past, moments: tuple[_Moment, ...], limit: timedelta
) -> tuple[Timeliness, int | None]:
    """Judge the first reaction, in hours of the clock from filing; withdrawn and disputed before it are not judged."""
    if past.created_at - past.filed_at > limit:
        return Timeliness.UNSEEN, None
    for moment in moments:
        if moment.act in ANSWERS or _pressed_there(moment):
            took = moment.at - past.filed_at
            how = Timeliness.IN_TIME if took <= limit else Timeliness.LATE
            return how, _seconds(took)
        if moment.act in _SEEN:
            return Timeliness.SILENT, None
        if moment.act in _OVER:
            return Timeliness.NONE, None
    return (Timeliness.NONE if past.stage is Stage.CLOSED else _unanswered(past.stage)), None


def _unanswered(stage: Stage) -> Timeliness:
    return Timeliness.WAITING if stage in UNDECIDED else Timeliness.NONE


def _pressed_there(moment: _Moment) -> bool:
    """Tell whether a request seen accepted was accepted by a person in the cabinet: it was seen before its date."""
    return moment.act == Act.NOTE_ACCEPTED and moment.due is not None and moment.at <= moment.due


def _ruling(
    past: Past, moments: tuple[_Moment, ...], where: ZoneInfo, *, before_goods: bool
) -> Ruling:
    """Judge the first decision of a kind against the control date that held when it was made."""
    stages = UNDECIDED if before_goods else _AT_END
    for moment in moments:
        if moment.stage in stages and (moment.act in DECISIONS or moment.act in _SEEN):
            return Ruling(_timeliness(past, moment), local_date(moment.at, where))
    return Ruling()


def _timeliness(past: Past, moment: _Moment) -> Timeliness:
    if moment.due is not None and past.created_at > moment.due:
        return Timeliness.UNSEEN
    if moment.act == Act.NOTE_MARKETPLACE_DECIDED:
        return Timeliness.SILENT
    if moment.due is None:
        return Timeliness.NONE if moment.act in DECISIONS else Timeliness.SILENT
    if moment.at <= moment.due:
        return Timeliness.IN_TIME
    return Timeliness.LATE if moment.act in DECISIONS else Timeliness.SILENT


def pace_of(took: timedelta) -> CasePace:
    """Name how long something took; a bound belongs to the quicker side.

    >>> pace_of(timedelta(days=3)), pace_of(timedelta(days=3, seconds=1))
    (<CasePace.THREE: 'THREE'>, <CasePace.WEEK: 'WEEK'>)
    """
    return next((pace for bound, pace in _BOUNDS if took <= bound), CasePace.LONGER)


def _quality(past: Past, rules: FigureRules) -> Counting:
    if past.quality not in rules.quality_classes or past.stage is Stage.REFUSED:
        return Counting.NONE
    if past.stage is Stage.REFUND_GRANTED or past.outcome in _COUNTED_ENDS:
        return Counting.SURE
    return Counting.NONE if past.stage is Stage.CLOSED else Counting.OPEN


def _seconds(took: timedelta) -> int:
    return max(0, int(took.total_seconds()))
