"""Which date a return must not pass, why, and what silence would come to.  Pure.

The *control date* is the one next date of an open request.  What is done as it draws near is `deadline_guard.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from qaitar.contracts.marketplace import Section
from qaitar.kernel.workdays import (
    Calendar,
    add_calendar_days,
    add_working_days,
    add_working_hours,
    end_of_day,
)
from qaitar.kernel.zones import as_utc, local_date
from qaitar.returns.vocabulary import ControlRule, Stage


class ArrivalPlace(StrEnum):
    """Where the goods came back to; the term of the decision hangs on it."""

    POINT = "POINT"  # the marketplace's acceptance point
    SELLER = "SELLER"  # the seller's own address


# Sources of dates: sections of the marketplace's seller manual (orders and returns, 2026-01), or our own settings.
MARKETPLACE_SOURCE: Final = "kaspi.request.planned_date"
REACTION: Final = (
    "kaspi.manual.9.3"  # "until the term told in the request": its length is not published
)
DECISION: Final = "kaspi.manual.10.3"
DECISION_POINT: Final = "kaspi.manual.10.2"
REFILE: Final = "kaspi.manual.11.2"
DISPUTE: Final = "kaspi.manual.12.2"
LOST: Final = "kaspi.manual.13.2"
ACT_RETENTION: Final = "kaspi.manual.10.5"
PROOF: Final = "settings.proof_hours"
OUR_DATES: Final = frozenset({REACTION, PROOF})  # the marketplace's own date may be another

UNDECIDED: Final = frozenset({Stage.NEW, Stage.WAITING_CUSTOMER, Stage.WAITING_APPROVAL})
_WAITS_IN: Final = {
    Stage.IN_DELIVERY: frozenset({Section.IN_DELIVERY}),
    Stage.ARRIVED: frozenset({Section.AWAITING_DECISION}),
    Stage.REFUND_GRANTED: frozenset({Section.AWAITING_DECISION}),
    Stage.REFUSED: frozenset[Section](),
    Stage.DISPUTED: frozenset({Section.DISPUTE}),
    Stage.CLOSED: frozenset[Section](),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSettings:
    """Lengths of terms for one store; every one may be edited there.

    `reaction_working_days` is short on purpose: the marketplace does not publish the term and silence is taken as yes.
    """

    reaction_working_days: int = 1
    decision_working_days: int = 3
    point_calendar_days: int = 3
    refile_calendar_days: int = 3
    dispute_working_days: int = 5
    act_retention_days: int = 30
    proof_hours: int = 4  # opening hours
    arrival_grace_days: int = 7

    def __post_init__(self) -> None:
        lengths = (
            self.reaction_working_days,
            self.decision_working_days,
            self.point_calendar_days,
            self.refile_calendar_days,
            self.dispute_working_days,
            self.act_retention_days,
            self.proof_hours,
            self.arrival_grace_days,
        )
        if min(lengths) < 0:
            raise ValueError("a term is not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFacts:
    """Everything the control date of one request depends on; moments are aware.

    `marketplace_due_at` is the date the marketplace shows in the request and `due_section` the section it stood in when it
    was read (None when a person typed it in).  `filed_at` is when the customer filed, `refused_at` the last refusal,
    `awaiting_proof_since` when a decision was taken that the marketplace does not show yet.
    """

    stage: Stage
    filed_at: datetime
    stage_since: datetime
    calendar: Calendar
    marketplace_due_at: datetime | None = None
    due_section: Section | None = None
    arrived_at: datetime | None = None
    arrived_where: ArrivalPlace | None = None
    refused_at: datetime | None = None
    disputed_at: datetime | None = None
    planned_arrival_on: date | None = None
    awaiting_proof_since: datetime | None = None
    settings: ClockSettings = field(default_factory=ClockSettings)


@dataclass(frozen=True, slots=True)
class ControlDate:
    """A moment in UTC that must not pass unnoticed, the rule that set it and where that rule is written."""

    due: datetime
    rule: ControlRule
    source: str


COUNTED_AT: Final[Mapping[ControlRule, frozenset[Stage]]] = {
    ControlRule.REACTION_DEFAULT: UNDECIDED,
    ControlRule.PLANNED_ARRIVAL: frozenset({Stage.IN_DELIVERY}),
    ControlRule.DECISION_AT_SELLER: frozenset({Stage.ARRIVED}),
    ControlRule.DECISION_AT_POINT: frozenset({Stage.ARRIVED}),
    ControlRule.REFILE_WINDOW: frozenset({Stage.REFUSED}),
    ControlRule.DISPUTE_ANSWER: frozenset({Stage.DISPUTED}),
}
"""At which stages a term of the manual is counted; a date the marketplace shows may stand at any."""


class Silence(StrEnum):
    """What the marketplace does by itself when the seller says nothing until its date."""

    NOTHING = "NOTHING"
    ACCEPTED_FOR_REVIEW = "ACCEPTED_FOR_REVIEW"  # manual 9.3
    REFUNDED = "REFUNDED"  # manual 10.9
    DECIDED_WITHOUT_SELLER = "DECIDED_WITHOUT_SELLER"  # manual 12.2


def next_control_date(facts: ClockFacts) -> ControlDate | None:
    """Return the one date a request must not pass; None only when it is closed.

    A decision not yet seen in the cabinet is due within the proof hours, never later than the date the marketplace
    shows.  Else the shown date governs when it belongs to the section the request must be in now; else the term is
    counted from the manual.

    Raises:
        NaiveMoment: a moment among the facts has no time zone.
        NoWorkingDay: the calendar never works.

    >>> from dataclasses import replace
    >>> from datetime import UTC
    >>> filed = datetime(2026, 5, 14, 6, tzinfo=UTC)
    >>> facts = ClockFacts(stage=Stage.NEW, filed_at=filed, stage_since=filed, calendar=Calendar())
    >>> next_control_date(facts).due.isoformat(), next_control_date(facts).source
    ('2026-05-15T18:59:59+00:00', 'kaspi.manual.9.3')
    >>> next_control_date(replace(facts, stage=Stage.CLOSED)) is None
    True
    """
    if facts.stage is Stage.CLOSED:
        return None
    marketplace_date = _marketplace_date(facts)
    if facts.awaiting_proof_since is not None or facts.stage is Stage.REFUND_GRANTED:
        return _proof(facts, marketplace_date)
    return marketplace_date or _counted(facts)


def act_retained_until(
    decided_at: datetime, calendar: Calendar, settings: ClockSettings
) -> ControlDate:
    """Return until when a service centre's act must be kept and given on demand, counted from the decision.

    Not a control date of the request, which may be closed long before.

    >>> from datetime import UTC
    >>> act_retained_until(datetime(2026, 5, 14, tzinfo=UTC), Calendar(), ClockSettings()).due.isoformat()
    '2026-06-13T18:59:59+00:00'
    """
    due = add_calendar_days(decided_at, settings.act_retention_days, calendar.zone)
    return ControlDate(due, ControlRule.ACT_RETENTION, ACT_RETENTION)


def silence_means(facts: ClockFacts) -> Silence:
    """Tell what the marketplace will do, or has done, when its date passes without a word from the seller.

    A decision taken here but not yet shown there counts as silence.

    >>> from datetime import UTC
    >>> now = datetime(2026, 5, 14, tzinfo=UTC)
    >>> silence_means(ClockFacts(stage=Stage.ARRIVED, filed_at=now, stage_since=now, calendar=Calendar())).value
    'REFUNDED'
    """
    sections = _sections(facts)
    if Section.DISPUTE in sections:
        return Silence.DECIDED_WITHOUT_SELLER
    if Section.AWAITING_DECISION in sections:
        return Silence.REFUNDED
    if Section.NEW in sections:
        return Silence.ACCEPTED_FOR_REVIEW
    return Silence.NOTHING


def _sections(facts: ClockFacts) -> frozenset[Section]:
    """Return the sections where the marketplace waits for us, so that a date shown there governs the request now."""
    pressing = facts.awaiting_proof_since is not None
    if facts.stage in UNDECIDED or (pressing and facts.stage is Stage.REFUSED):
        reopened = (
            frozenset({Section.AWAITING_DECISION}) if facts.arrived_at else frozenset[Section]()
        )
        return reopened | {Section.NEW}
    if pressing and facts.stage is Stage.IN_DELIVERY:
        return frozenset({Section.NEW})
    if facts.stage is Stage.REFUND_GRANTED and facts.disputed_at:
        return frozenset({Section.DISPUTE})
    return _WAITS_IN[facts.stage]


def _section_since(facts: ClockFacts) -> datetime:
    """Return since when the marketplace has waited; a date shown for an earlier time is stale."""
    match facts.stage:
        case Stage.ARRIVED | Stage.REFUND_GRANTED | Stage.DISPUTED:
            known = facts.disputed_at if Section.DISPUTE in _sections(facts) else facts.arrived_at
            return min(as_utc(known or facts.stage_since), as_utc(facts.stage_since))
        case Stage.REFUSED:
            return as_utc(facts.arrived_at or facts.filed_at)
        case Stage.IN_DELIVERY if facts.awaiting_proof_since is None:
            return as_utc(facts.stage_since)
        case _:
            return max(as_utc(facts.filed_at), as_utc(facts.refused_at or facts.filed_at))


def _marketplace_date(facts: ClockFacts) -> ControlDate | None:
    """Return the marketplace's own date when it speaks about now and not about an earlier section or filing."""
    if facts.marketplace_due_at is None:
        return None
    due = as_utc(facts.marketplace_due_at)
    sections = _sections(facts)
    belongs = bool(sections) if facts.due_section is None else facts.due_section in sections
    if not belongs or due < _section_since(facts):
        return None
    return ControlDate(due, ControlRule.MARKETPLACE_DATE, MARKETPLACE_SOURCE)


def _proof(facts: ClockFacts, marketplace_date: ControlDate | None) -> ControlDate:
    since = facts.awaiting_proof_since or facts.stage_since
    due = add_working_hours(since, timedelta(hours=facts.settings.proof_hours), facts.calendar)
    if marketplace_date is not None and marketplace_date.due < due:
        return ControlDate(marketplace_date.due, ControlRule.PROOF_OF_PRESS, MARKETPLACE_SOURCE)
    return ControlDate(due, ControlRule.PROOF_OF_PRESS, PROOF)


def _counted(facts: ClockFacts) -> ControlDate:
    """Count the term from the manual where the marketplace shows no date."""
    calendar, settings = facts.calendar, facts.settings
    match facts.stage:
        case Stage.IN_DELIVERY:
            return _arrival(facts)
        case Stage.ARRIVED:
            return _decision(facts)
        case Stage.REFUSED:
            start = facts.refused_at or facts.stage_since
            due = add_calendar_days(start, settings.refile_calendar_days, calendar.zone)
            return ControlDate(due, ControlRule.REFILE_WINDOW, REFILE)
        case Stage.DISPUTED:
            start = facts.disputed_at or facts.stage_since
            due = add_working_days(start, settings.dispute_working_days, calendar)
            return ControlDate(due, ControlRule.DISPUTE_ANSWER, DISPUTE)
        case _:
            assert facts.stage in UNDECIDED, (
                "a granted refund waits for proof, a closed request for nothing"
            )
            due = add_working_days(_section_since(facts), settings.reaction_working_days, calendar)
            return ControlDate(due, ControlRule.REACTION_DEFAULT, REACTION)


def _arrival(facts: ClockFacts) -> ControlDate:
    """Return when goods on their way count as lost; a planned day before they were accepted says nothing."""
    where = facts.calendar.zone
    accepted_on = local_date(facts.stage_since, where)
    expected_on = max(facts.planned_arrival_on or accepted_on, accepted_on)
    due = end_of_day(expected_on + timedelta(days=facts.settings.arrival_grace_days), where)
    return ControlDate(due, ControlRule.PLANNED_ARRIVAL, LOST)


def _decision(facts: ClockFacts) -> ControlDate:
    """Return the end of the term to decide; of an unknown place the shorter term."""
    start = facts.arrived_at or facts.stage_since
    if facts.arrived_where is ArrivalPlace.SELLER:
        due = add_working_days(start, facts.settings.decision_working_days, facts.calendar)
        return ControlDate(due, ControlRule.DECISION_AT_SELLER, DECISION)
    due = add_calendar_days(start, facts.settings.point_calendar_days, facts.calendar.zone)
    return ControlDate(due, ControlRule.DECISION_AT_POINT, DECISION_POINT)
