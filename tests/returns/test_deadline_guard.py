"""No control date passes in silence: reminders, escalation, the default action, and a guard that overslept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaitar.contracts.marketplace import Section
from qaitar.kernel.roles import Role
from qaitar.kernel.workdays import Calendar
from qaitar.kernel.zones import NaiveMoment
from qaitar.returns.deadlines.control_dates import (
    MARKETPLACE_SOURCE,
    REACTION,
    ClockFacts,
    ControlDate,
    Silence,
    next_control_date,
)
from qaitar.returns.deadlines.deadline_guard import (
    DUTY,
    LADDER,
    GuardAction,
    GuardDone,
    GuardSettings,
    GuardVerdict,
    Rung,
    Skipped,
    due_reminder,
    guard_verdict,
    remembered,
)
from qaitar.returns.vocabulary import ControlRule, DefaultAction, Stage

DUE = datetime(2026, 5, 20, 12, tzinfo=UTC)
CONTROL = ControlDate(DUE, ControlRule.MARKETPLACE_DATE, MARKETPLACE_SOURCE)
GUESSED = ControlDate(DUE, ControlRule.REACTION_DEFAULT, REACTION)
FILED = DUE - timedelta(days=3)
FACTS = ClockFacts(stage=Stage.NEW, filed_at=FILED, stage_since=FILED, calendar=Calendar())
H = timedelta(hours=1)
M = timedelta(minutes=1)
REFUSES = GuardSettings(default_action=DefaultAction.REFUSE)
NEVER = GuardDone()
ALL_RUNGS = frozenset(rung.before for rung in LADDER)


def verdict(
    now: datetime, done: GuardDone = NEVER, settings: GuardSettings = REFUSES
) -> GuardVerdict:
    return guard_verdict(FACTS, CONTROL, settings, done, now)


@pytest.mark.parametrize("distance", [timedelta(0), -H])
def test_a_reminder_after_the_date_is_refused(distance: timedelta) -> None:
    with pytest.raises(ValueError, match="before the date"):
        due_reminder(CONTROL, [distance], [], FILED)


@pytest.mark.parametrize(
    ("now", "sent", "due"),
    [
        (DUE - 25 * H, [], None),
        (DUE - 24 * H, [], 24 * H),
        (DUE - 5 * H, [24 * H], None),
        (DUE - 4 * H, [24 * H], 4 * H),
        (DUE - 4 * H, [], 4 * H),  # slept over the first: the nearer one stands for both
        (DUE - 2 * H, [4 * H], None),
        (DUE - 2 * H, [H], None),  # a nearer one is out already
        (DUE, [4 * H], H),
        (DUE + M, [], None),
    ],
)
def test_the_nearest_reminder_reached_is_due_once(
    now: datetime, sent: list[timedelta], due: timedelta | None
) -> None:
    assert due_reminder(CONTROL, [24 * H, 4 * H, H], sent, now) == due


def test_far_from_the_date_the_guard_sleeps_until_the_first_rung() -> None:
    assert verdict(DUE - 30 * H) == GuardVerdict(GuardAction.NOTHING, DUE - 24 * H)


def test_the_first_rungs_remind_the_operator_only() -> None:
    assert verdict(DUE - 24 * H) == GuardVerdict(GuardAction.REMIND, DUE - 8 * H, level=24 * H)
    assert verdict(DUE - 23 * H, GuardDone(frozenset({24 * H}))) == GuardVerdict(
        GuardAction.NOTHING, DUE - 8 * H
    )


def test_nearer_rungs_raise_the_senior_then_the_owner() -> None:
    reported = GuardDone(frozenset({24 * H, 8 * H}))
    assert verdict(DUE - 4 * H, reported) == GuardVerdict(
        GuardAction.ESCALATE, DUE - H, level=4 * H, roles=frozenset({Role.SENIOR})
    )
    reported = GuardDone(frozenset({24 * H, 8 * H, 4 * H}))
    assert verdict(DUE - H, reported) == GuardVerdict(
        GuardAction.ESCALATE, DUE - 30 * M, level=H, roles=DUTY
    )


def test_sleeping_across_two_rungs_does_the_nearer_and_lists_the_other() -> None:
    got = verdict(DUE - 3 * H, GuardDone(frozenset({24 * H})))
    assert (got.deed, got.level) == (GuardAction.ESCALATE, 4 * H)
    assert got.skipped == (Skipped(GuardAction.REMIND, DUE - 8 * H, 8 * H),)


def test_half_an_hour_before_the_date_the_store_s_default_happens() -> None:
    got = verdict(DUE - 30 * M, GuardDone(ALL_RUNGS))
    assert got == GuardVerdict(
        GuardAction.DEFAULT_ACTION,
        DUE + timedelta(seconds=1),
        roles=DUTY,
        action=DefaultAction.REFUSE,
    )
    assert verdict(DUE - 31 * M, GuardDone(ALL_RUNGS)).deed is GuardAction.NOTHING


def test_releasing_within_the_lead_acts_and_lists_every_rung_slept_through() -> None:
    got = verdict(DUE)
    assert got.deed is GuardAction.DEFAULT_ACTION
    assert [(one.deed, one.before) for one in got.skipped] == [
        (GuardAction.REMIND, 24 * H),
        (GuardAction.REMIND, 8 * H),
        (GuardAction.ESCALATE, 4 * H),
        (GuardAction.ESCALATE, H),
    ]


def test_a_rung_that_falls_on_the_lead_itself_is_listed_with_the_action() -> None:
    lead = GuardSettings(default_action=DefaultAction.REFUSE, ladder=(Rung(30 * M), Rung(H)))
    at_lead = verdict(DUE - 30 * M, settings=lead)
    assert (at_lead.deed, [one.before for one in at_lead.skipped]) == (
        GuardAction.DEFAULT_ACTION,
        [H, 30 * M],
    )


def test_the_default_action_happens_once() -> None:
    done = GuardDone(ALL_RUNGS, acted=True)
    assert verdict(DUE - 10 * M, done) == GuardVerdict(
        GuardAction.NOTHING, DUE + timedelta(seconds=1)
    )


def test_a_rung_inside_the_lead_is_still_reported_after_the_action() -> None:
    settings = replace(REFUSES, ladder=(*LADDER, Rung(5 * M)))
    got = verdict(DUE - 5 * M, GuardDone(ALL_RUNGS, acted=True), settings)
    assert got == GuardVerdict(GuardAction.REMIND, DUE + timedelta(seconds=1), level=5 * M)


def test_sleeping_over_the_date_itself_is_missed_and_everything_is_listed() -> None:
    got = verdict(DUE + 5 * H)
    assert got.deed is GuardAction.MISSED
    assert got.roles == DUTY
    assert got.silence is Silence.ACCEPTED_FOR_REVIEW
    assert got.action is DefaultAction.CALL_DUTY, (
        "the marketplace has decided; refusing now would be pretence"
    )
    assert got.wake_at == DUE + 29 * H
    assert [(one.deed, one.before) for one in got.skipped] == [
        (GuardAction.REMIND, 24 * H),
        (GuardAction.REMIND, 8 * H),
        (GuardAction.ESCALATE, 4 * H),
        (GuardAction.ESCALATE, H),
        (GuardAction.DEFAULT_ACTION, 30 * M),
    ]


def test_one_second_after_the_date_is_after_it() -> None:
    assert verdict(DUE, GuardDone(ALL_RUNGS, acted=True)).deed is GuardAction.NOTHING
    assert (
        verdict(DUE + timedelta(seconds=1), GuardDone(ALL_RUNGS, acted=True)).deed
        is GuardAction.MISSED
    )


def test_a_missed_date_is_reported_again_every_day_until_the_request_moves_on() -> None:
    first = DUE + H
    done = remembered(NEVER, verdict(first), first)
    assert done == GuardDone(ALL_RUNGS, acted=True, missed_at=first)
    assert verdict(first + 23 * H, done) == GuardVerdict(GuardAction.NOTHING, first + 24 * H)
    again = verdict(first + 24 * H, done)
    assert (again.deed, again.action, again.skipped) == (
        GuardAction.MISSED,
        DefaultAction.CALL_DUTY,
        (),
    )
    assert remembered(done, again, first + 24 * H).missed_at == first + 24 * H
    # a rung somebody added meanwhile was not slept through
    assert verdict(first + 24 * H, GuardDone(missed_at=first)).skipped == ()


def test_the_store_that_stated_nothing_is_warned_four_times_and_its_senior_and_owner_are_called() -> (
    None
):
    senior, duty = frozenset({Role.SENIOR}), frozenset({Role.SENIOR, Role.OWNER})
    assert GuardSettings() == GuardSettings(
        ladder=(Rung(24 * H), Rung(8 * H), Rung(4 * H, senior), Rung(H, duty)),
        lead=30 * M,
        default_action=DefaultAction.CALL_DUTY,
        duty=duty,
        repeat_missed_every=24 * H,
        acts_on_guessed_dates=False,
    )


@pytest.mark.parametrize(
    ("stage", "more", "rule", "source", "silence"),
    [
        (Stage.ARRIVED, {}, ControlRule.DECISION_AT_SELLER, "kaspi.manual.10.3", Silence.REFUNDED),
        (
            Stage.DISPUTED,
            {},
            ControlRule.DISPUTE_ANSWER,
            "kaspi.manual.12.2",
            Silence.DECIDED_WITHOUT_SELLER,
        ),
        (Stage.IN_DELIVERY, {}, ControlRule.PLANNED_ARRIVAL, "kaspi.manual.13.2", Silence.NOTHING),
        (
            Stage.REFUSED,
            {"awaiting_proof_since": FILED},
            ControlRule.PROOF_OF_PRESS,
            MARKETPLACE_SOURCE,
            Silence.ACCEPTED_FOR_REVIEW,
        ),
        (
            Stage.REFUSED,
            {"awaiting_proof_since": FILED},
            ControlRule.PROOF_OF_PRESS,
            "settings.proof_hours",
            Silence.NOTHING,
        ),
        (Stage.NEW, {}, ControlRule.REACTION_DEFAULT, REACTION, Silence.NOTHING),
    ],
)
def test_a_missed_date_says_what_the_marketplace_has_presumably_done(
    stage: Stage, more: dict[str, datetime], rule: ControlRule, source: str, silence: Silence
) -> None:
    facts = replace(replace(FACTS, stage=stage), **more)  # type: ignore[arg-type]  # moments only
    got = guard_verdict(facts, ControlDate(DUE, rule, source), REFUSES, NEVER, DUE + H)
    assert (got.deed, got.silence, got.action) == (
        GuardAction.MISSED,
        silence,
        DefaultAction.CALL_DUTY,
    )


@pytest.mark.parametrize(
    ("acts", "done", "action"),
    [
        (True, NEVER, DefaultAction.REFUSE),
        (True, GuardDone(acted=True), DefaultAction.CALL_DUTY),
        (False, NEVER, DefaultAction.CALL_DUTY),
    ],
)
def test_past_a_date_that_was_only_our_guess_the_default_may_still_mean_something(
    acts: bool, done: GuardDone, action: DefaultAction
) -> None:
    settings = replace(REFUSES, acts_on_guessed_dates=acts)
    got = guard_verdict(FACTS, GUESSED, settings, done, DUE + H)
    assert (got.deed, got.action, got.silence) == (GuardAction.MISSED, action, Silence.NOTHING)


@pytest.mark.parametrize(
    ("stage", "pressing", "control", "wish", "action"),
    [
        (Stage.NEW, False, CONTROL, DefaultAction.REFUSE, DefaultAction.REFUSE),
        (Stage.WAITING_CUSTOMER, False, CONTROL, DefaultAction.ACCEPT, DefaultAction.ACCEPT),
        (Stage.WAITING_APPROVAL, False, CONTROL, DefaultAction.REFUSE, DefaultAction.REFUSE),
        (Stage.ARRIVED, False, CONTROL, DefaultAction.ACCEPT, DefaultAction.ACCEPT),
        (Stage.ARRIVED, False, CONTROL, DefaultAction.CALL_DUTY, DefaultAction.CALL_DUTY),
        (Stage.NEW, False, GUESSED, DefaultAction.REFUSE, DefaultAction.CALL_DUTY),
        (Stage.ARRIVED, True, CONTROL, DefaultAction.ACCEPT, DefaultAction.CALL_DUTY),
        (Stage.IN_DELIVERY, False, CONTROL, DefaultAction.REFUSE, DefaultAction.CALL_DUTY),
        (Stage.REFUND_GRANTED, False, CONTROL, DefaultAction.ACCEPT, DefaultAction.CALL_DUTY),
        (Stage.REFUSED, True, CONTROL, DefaultAction.REFUSE, DefaultAction.CALL_DUTY),
        (Stage.DISPUTED, False, CONTROL, DefaultAction.ACCEPT, DefaultAction.CALL_DUTY),
    ],
)
def test_only_an_open_question_on_a_sure_date_is_decided_by_machine(
    stage: Stage, pressing: bool, control: ControlDate, wish: DefaultAction, action: DefaultAction
) -> None:
    facts = replace(FACTS, stage=stage, awaiting_proof_since=FILED if pressing else None)
    got = guard_verdict(facts, control, GuardSettings(default_action=wish), NEVER, DUE - M)
    assert (got.deed, got.action) == (GuardAction.DEFAULT_ACTION, action)


def test_the_customers_own_window_raises_nobody_and_then_lets_the_request_close() -> None:
    facts = replace(FACTS, stage=Stage.REFUSED)
    window = ControlDate(DUE, ControlRule.REFILE_WINDOW, "kaspi.manual.11.2")
    over = DUE + timedelta(seconds=1)
    for now in (DUE - 30 * H, DUE - H, DUE):
        assert guard_verdict(facts, window, REFUSES, NEVER, now) == GuardVerdict(
            GuardAction.NOTHING, over
        )
    later = DUE + 3 * H
    assert guard_verdict(facts, window, REFUSES, NEVER, later) == GuardVerdict(
        GuardAction.WINDOW_OVER, later + 24 * H
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"lead": timedelta(0)},
        {"repeat_missed_every": -H},
        {"ladder": (Rung(timedelta(0)),)},
        {"ladder": (Rung(H), Rung(H, DUTY))},
    ],
)
def test_a_ladder_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"positive|one distance"):
        GuardSettings(**wrong)  # type: ignore[arg-type]  # the wrong values are the point


def test_now_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveMoment):
        verdict(DUE.replace(tzinfo=None))


def test_an_empty_ladder_still_ends_in_the_default_action() -> None:
    settings = GuardSettings(ladder=())
    assert verdict(DUE - 30 * H, settings=settings) == GuardVerdict(
        GuardAction.NOTHING, DUE - 30 * M
    )
    assert verdict(DUE - M, settings=settings).deed is GuardAction.DEFAULT_ACTION


LADDERS = st.lists(st.integers(1, 5000), unique=True, max_size=6).map(
    lambda minutes: tuple(Rung(m * M, DUTY if m % 2 else frozenset()) for m in minutes)
)
SETTINGS = st.builds(
    GuardSettings,
    ladder=LADDERS,
    lead=st.integers(1, 300).map(lambda m: m * M),
    default_action=st.sampled_from(DefaultAction),
)
WAKINGS = st.lists(st.integers(-6000, 4000), max_size=12, unique=True).map(
    lambda minutes: [DUE + m * M for m in sorted(minutes)]
)
OURS = st.sampled_from(
    [Stage.NEW, Stage.WAITING_CUSTOMER, Stage.WAITING_APPROVAL, Stage.ARRIVED, Stage.DISPUTED]
)


@given(SETTINGS, WAKINGS, OURS)
def test_whenever_the_guard_wakes_nothing_is_silent_and_nothing_is_done_twice(
    settings: GuardSettings, wakings: list[datetime], stage: Stage
) -> None:
    facts, done = replace(FACTS, stage=stage), NEVER
    reported: list[timedelta] = []
    deeds: list[GuardAction] = []
    end = DUE + timedelta(days=3)
    for now in [*wakings, end]:
        got = guard_verdict(facts, CONTROL, settings, done, now)
        assert got.wake_at > now
        reported += [
            one.before for one in got.skipped if one.deed is not GuardAction.DEFAULT_ACTION
        ]
        reported += [] if got.level is None else [got.level]
        deeds += [one.deed for one in got.skipped if one.deed is GuardAction.DEFAULT_ACTION]
        deeds += [got.deed]
        done = remembered(done, got, now)
    assert sorted(reported) == sorted(rung.before for rung in settings.ladder)
    assert deeds.count(GuardAction.DEFAULT_ACTION) == 1
    assert GuardAction.MISSED in deeds
    assert done.acted


@given(SETTINGS, OURS)
def test_releasing_when_reported_reaches_every_rung_in_time(
    settings: GuardSettings, stage: Stage
) -> None:
    facts, done, now = replace(FACTS, stage=stage), NEVER, DUE - 6000 * M
    seen: list[tuple[datetime, GuardAction]] = []
    while now <= DUE:
        got = guard_verdict(facts, CONTROL, settings, done, now)
        done = remembered(done, got, now)
        seen.append((now, got.deed))
        # A rung at the very distance of the default action is listed by it as passed over.
        assert all(one.at == now for one in got.skipped)
        now = (
            got.wake_at
            if guard_verdict(facts, CONTROL, settings, done, now).deed is GuardAction.NOTHING
            else now
        )
        assert len(seen) < 30
    acted = [at for at, deed in seen if deed is GuardAction.DEFAULT_ACTION]
    assert acted == [DUE - settings.lead]
    assert done.rungs == frozenset(rung.before for rung in settings.ladder)


@given(SETTINGS, OURS, WAKINGS)
def test_the_nearer_the_date_the_more_serious_the_word(
    settings: GuardSettings, stage: Stage, wakings: list[datetime]
) -> None:
    order = [
        GuardAction.NOTHING,
        GuardAction.REMIND,
        GuardAction.ESCALATE,
        GuardAction.DEFAULT_ACTION,
        GuardAction.MISSED,
    ]
    rising = replace(
        settings,
        ladder=tuple(
            Rung(r.before, DUTY if r.before < 2000 * M else frozenset()) for r in settings.ladder
        ),
    )
    facts = replace(FACTS, stage=stage)
    deeds = [guard_verdict(facts, CONTROL, rising, NEVER, now).deed for now in wakings]
    assert all(order.index(a) <= order.index(b) for a, b in pairwise(deeds))


def test_the_guard_reads_the_control_date_of_the_same_facts() -> None:
    facts = replace(FACTS, marketplace_due_at=DUE, due_section=Section.NEW)
    control = next_control_date(facts)
    assert control == CONTROL
    assert guard_verdict(facts, control, REFUSES, NEVER, DUE - 30 * H).wake_at == DUE - 24 * H
