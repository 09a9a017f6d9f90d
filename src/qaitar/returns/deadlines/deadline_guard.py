"""What has to be done about a control date now: remind, raise others, act by default, or own up that it was missed.  Pure.

A *rung* is a distance before the date at which people are told; the *default action* comes shortly before the date; a
date gone by is *missed*, and nothing of that is ever silent, even when the program was off.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from qaitar.kernel.roles import Role
from qaitar.kernel.zones import as_utc
from qaitar.returns.deadlines.control_dates import (
    OUR_DATES,
    UNDECIDED,
    ClockFacts,
    ControlDate,
    Silence,
    silence_means,
)
from qaitar.returns.vocabulary import ControlRule, DefaultAction, Stage


@dataclass(frozen=True, slots=True)
class Rung:
    """One distance before the control date: the operator is told, and `roles` besides; no roles is a plain reminder."""

    before: timedelta
    roles: frozenset[Role] = frozenset()


DUTY: Final = frozenset({Role.SENIOR, Role.OWNER})
LADDER: Final = (
    Rung(timedelta(hours=24)),
    Rung(timedelta(hours=8)),
    Rung(timedelta(hours=4), frozenset({Role.SENIOR})),
    Rung(timedelta(hours=1), DUTY),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """How one store wants to be warned and what happens by itself; all editable.

    `acts_on_guessed_dates` lets the default action refuse or accept on a date the marketplace did not show and does not
    publish; off, such a date only raises the duty person.
    """

    ladder: tuple[Rung, ...] = LADDER
    lead: timedelta = timedelta(minutes=30)  # the default action comes this long before the date
    default_action: DefaultAction = DefaultAction.CALL_DUTY
    duty: frozenset[Role] = DUTY
    repeat_missed_every: timedelta = timedelta(hours=24)
    acts_on_guessed_dates: bool = False

    def __post_init__(self) -> None:
        distances = [rung.before for rung in self.ladder]
        if min([*distances, self.lead, self.repeat_missed_every]) <= timedelta(0):
            raise ValueError("distances are positive")
        if len(set(distances)) != len(distances):
            raise ValueError("two rungs stand at one distance")


@dataclass(frozen=True, slots=True)
class GuardDone:
    """What the guard has done about one control date; a new control date starts with an empty one."""

    rungs: frozenset[timedelta] = frozenset()
    acted: bool = False
    missed_at: datetime | None = None


class GuardAction(StrEnum):
    """What the guard must do now, from the least to the most serious."""

    NOTHING = "NOTHING"
    REMIND = "REMIND"  # tell the operator
    ESCALATE = "ESCALATE"  # tell the operator and `roles`
    DEFAULT_ACTION = "DEFAULT_ACTION"  # do `action`, tell the duty person
    MISSED = "MISSED"  # the date is gone: record it, raise the duty person, say what the marketplace has done
    WINDOW_OVER = (
        "WINDOW_OVER"  # the customer's time is gone, not ours: the refused request may be closed
    )


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something the guard should have done at `at` and did not, because the program was off or told too late."""

    deed: GuardAction
    at: datetime
    before: timedelta  # distance to the control date


@dataclass(frozen=True, slots=True)
class GuardVerdict:
    """The most serious thing to do now, everything passed over on the way to it, and when to look again.

    `level` is the rung of a reminder or escalation.  `action` comes with DEFAULT_ACTION and MISSED; `silence` with
    MISSED says what the marketplace has presumably done meanwhile.
    """

    deed: GuardAction
    wake_at: datetime
    level: timedelta | None = None
    roles: frozenset[Role] = frozenset()
    action: DefaultAction | None = None
    silence: Silence = Silence.NOTHING
    skipped: tuple[Skipped, ...] = ()


def due_reminder(
    control: ControlDate,
    distances: Collection[timedelta],
    already_sent: Collection[timedelta],
    now: datetime,
) -> timedelta | None:
    """Return the distance whose reminder is to be sent now, or None.

    Of several reached it is the nearest to the date; one farther than a reminder already sent is not sent any more.
    After the date there is nothing to remind of.

    >>> from datetime import UTC
    >>> from qaitar.returns.deadlines.control_dates import MARKETPLACE_SOURCE
    >>> control = ControlDate(datetime(2026, 5, 14, 19, tzinfo=UTC), ControlRule.MARKETPLACE_DATE, MARKETPLACE_SOURCE)
    >>> day, hour = timedelta(days=1), timedelta(hours=1)
    >>> due_reminder(control, [day, hour], [], datetime(2026, 5, 14, 7, tzinfo=UTC)) == day
    True
    >>> due_reminder(control, [day, hour], [day], datetime(2026, 5, 14, 7, tzinfo=UTC)) is None
    True
    """
    left = control.due - as_utc(now)
    reached = [distance for distance in distances if left <= _positive(distance)]
    if left < timedelta(0) or not reached:
        return None
    nearest = min(reached)
    return None if any(sent <= nearest for sent in already_sent) else nearest


def guard_verdict(
    facts: ClockFacts, control: ControlDate, settings: GuardSettings, done: GuardDone, now: datetime
) -> GuardVerdict:
    """Say what the guard must do about a control date at `now`, whatever it slept through.

    Before the date: the nearest rung not yet told, then `lead` before it the default action.  After it: MISSED, again
    every `repeat_missed_every` until the request moves on.  Everything passed over is listed in `skipped`.  A customer's
    own window (to file again) raises nobody and ends in WINDOW_OVER.

    Raises:
        NaiveMoment: `now` has no time zone.

    >>> from datetime import UTC
    >>> from qaitar.kernel.workdays import Calendar
    >>> from qaitar.returns.deadlines.control_dates import next_control_date
    >>> filed = datetime(2026, 5, 14, 6, tzinfo=UTC)
    >>> facts = ClockFacts(stage=Stage.NEW, filed_at=filed, stage_since=filed, calendar=Calendar())
    >>> control = next_control_date(facts)
    >>> guard_verdict(facts, control, GuardSettings(), GuardDone(), control.due - timedelta(hours=3)).deed.value
    'ESCALATE'
    """
    moment = as_utc(now)
    over = control.due + timedelta(seconds=1)
    if control.rule is ControlRule.REFILE_WINDOW:
        deed = GuardAction.NOTHING if moment <= control.due else GuardAction.WINDOW_OVER
        return GuardVerdict(
            deed,
            max(over, moment + settings.repeat_missed_every * (deed is GuardAction.WINDOW_OVER)),
        )
    if moment > control.due:
        return _after(facts, control, settings, done, moment)
    passed = _passed_over(control, settings, done, moment)
    ahead = [control.due - rung.before for rung in settings.ladder] + [control.due - settings.lead]
    verdict = GuardVerdict(
        GuardAction.NOTHING, min((at for at in ahead if at > moment), default=over)
    )
    if moment >= control.due - settings.lead and not done.acted:
        action = default_action(facts, control, settings)
        rungs = tuple(one for one in passed if one.deed is not GuardAction.DEFAULT_ACTION)
        return replace(
            verdict,
            deed=GuardAction.DEFAULT_ACTION,
            roles=settings.duty,
            action=action,
            skipped=rungs,
        )
    level = due_reminder(control, [rung.before for rung in settings.ladder], done.rungs, moment)
    if level is None:
        return verdict
    roles = next(rung.roles for rung in settings.ladder if rung.before == level)
    farther = tuple(one for one in passed if one.before != level)
    deed = GuardAction.ESCALATE if roles else GuardAction.REMIND
    return replace(verdict, deed=deed, level=level, roles=roles, skipped=farther)


def default_action(
    facts: ClockFacts, control: ControlDate, settings: GuardSettings
) -> DefaultAction:
    """Return what the program may do by itself at this stage: the store's choice, or only to raise the duty person.

    Nothing is decided by machine where a decision is already taken and waits for a person's press, where goods are on
    their way, in a dispute, or on a date that is only our guess (unless the store allows that).

    >>> from datetime import UTC
    >>> from qaitar.kernel.workdays import Calendar
    >>> from qaitar.returns.deadlines.control_dates import next_control_date
    >>> filed = datetime(2026, 5, 14, 6, tzinfo=UTC)
    >>> facts = ClockFacts(stage=Stage.NEW, filed_at=filed, stage_since=filed, calendar=Calendar())
    >>> settings = GuardSettings(default_action=DefaultAction.REFUSE)
    >>> default_action(facts, next_control_date(facts), settings).value
    'CALL_DUTY'
    """
    decides_here = facts.stage in UNDECIDED or facts.stage is Stage.ARRIVED
    guessed = control.rule is ControlRule.REACTION_DEFAULT
    if not decides_here or facts.awaiting_proof_since is not None:
        return DefaultAction.CALL_DUTY
    if guessed and not settings.acts_on_guessed_dates:
        return DefaultAction.CALL_DUTY
    return settings.default_action


def remembered(done: GuardDone, verdict: GuardVerdict, now: datetime) -> GuardDone:
    """Return what the guard has done once a verdict was carried out; things passed over are never done later.

    >>> from datetime import UTC
    >>> now = datetime(2026, 5, 14, tzinfo=UTC)
    >>> remembered(GuardDone(), GuardVerdict(GuardAction.MISSED, now), now).missed_at == now
    True
    """
    reminded = {one.before for one in verdict.skipped if one.deed is not GuardAction.DEFAULT_ACTION}
    if verdict.level is not None:
        reminded.add(verdict.level)
    missed = verdict.deed is GuardAction.MISSED
    acted = done.acted or missed or verdict.deed is GuardAction.DEFAULT_ACTION
    return GuardDone(done.rungs | reminded, acted, as_utc(now) if missed else done.missed_at)


def _after(
    facts: ClockFacts, control: ControlDate, settings: GuardSettings, done: GuardDone, now: datetime
) -> GuardVerdict:
    """Say what to do once the date is gone: the first time in full, then again and again until somebody acts."""
    if done.missed_at is not None and now < as_utc(done.missed_at) + settings.repeat_missed_every:
        return GuardVerdict(
            GuardAction.NOTHING, as_utc(done.missed_at) + settings.repeat_missed_every
        )
    # Past a date the marketplace shows or publishes it has decided by itself, so nothing is left to do by machine.
    theirs = control.source not in OUR_DATES
    untried = done.missed_at is None and not done.acted
    action = (
        default_action(facts, control, settings)
        if untried and not theirs
        else DefaultAction.CALL_DUTY
    )
    return GuardVerdict(
        GuardAction.MISSED,
        now + settings.repeat_missed_every,
        roles=settings.duty,
        action=action,
        silence=silence_means(facts) if theirs else Silence.NOTHING,
        skipped=_passed_over(control, settings, done, now) if done.missed_at is None else (),
    )


def _passed_over(
    control: ControlDate, settings: GuardSettings, done: GuardDone, now: datetime
) -> tuple[Skipped, ...]:
    """List what should have been done by `now` and was not, earliest first."""
    planned = [
        Skipped(
            GuardAction.ESCALATE if rung.roles else GuardAction.REMIND,
            control.due - rung.before,
            rung.before,
        )
        for rung in settings.ladder
        if rung.before not in done.rungs
    ]
    if not done.acted:
        planned.append(
            Skipped(GuardAction.DEFAULT_ACTION, control.due - settings.lead, settings.lead)
        )
    return tuple(sorted((one for one in planned if one.at <= now), key=lambda one: one.at))


def _positive(distance: timedelta) -> timedelta:
    if distance <= timedelta(0):
        raise ValueError("a reminder comes before the date")
    return distance
