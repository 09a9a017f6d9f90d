"""Every open return has exactly one date it must not pass, with its rule and where that rule is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaitar.contracts.marketplace import Section
from qaitar.kernel.public_holidays import state_calendar
from qaitar.kernel.workdays import Calendar, NoWorkingDay, end_of_day, five_day_week
from qaitar.kernel.zones import ALMATY, NaiveMoment, zone
from qaitar.returns.deadlines.control_dates import (
    COUNTED_AT,
    LOST,
    ArrivalPlace,
    ClockFacts,
    ClockSettings,
    ControlDate,
    Silence,
    act_retained_until,
    next_control_date,
    silence_means,
)
from qaitar.returns.vocabulary import ControlRule, Stage

ALMATY_ZONE = zone(ALMATY)
SHOP = state_calendar(five_day_week(), "KZ", range(2023, 2028), ALMATY_ZONE)
UNDECIDED = [Stage.NEW, Stage.WAITING_CUSTOMER, Stage.WAITING_APPROVAL]
OPEN = [stage for stage in Stage if stage is not Stage.CLOSED]


def local(year: int, month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ALMATY_ZONE)


FILED = local(2026, 5, 14)  # a Thursday
FACTS = ClockFacts(stage=Stage.NEW, filed_at=FILED, stage_since=FILED, calendar=SHOP)


def ends(year: int, month: int, day: int) -> datetime:
    return end_of_day(date(year, month, day), ALMATY_ZONE)


@pytest.mark.parametrize("stage", UNDECIDED)
def test_a_request_without_a_displayed_date_is_due_in_one_working_day_from_filing(
    stage: Stage,
) -> None:
    facts = replace(FACTS, stage=stage, stage_since=FILED + timedelta(hours=20))
    assert next_control_date(facts) == ControlDate(
        ends(2026, 5, 15), ControlRule.REACTION_DEFAULT, "kaspi.manual.9.3"
    )


@pytest.mark.parametrize("stage", UNDECIDED)
def test_the_date_displayed_in_the_request_wins(stage: Stage) -> None:
    displayed = local(2026, 5, 17, 9, 30)
    facts = replace(FACTS, stage=stage, marketplace_due_at=displayed, due_section=Section.NEW)
    assert next_control_date(facts) == ControlDate(
        displayed, ControlRule.MARKETPLACE_DATE, "kaspi.request.planned_date"
    )


def test_a_displayed_date_gone_by_still_governs_while_the_request_waits_in_new() -> None:
    # Aigerim asked the customer an hour after the control date: that must not buy her another day.
    displayed = FILED + timedelta(hours=24)
    facts = replace(
        FACTS,
        stage=Stage.WAITING_CUSTOMER,
        stage_since=displayed + timedelta(hours=1),
        marketplace_due_at=displayed,
        due_section=Section.NEW,
    )
    control = next_control_date(facts)
    assert control is not None
    assert control.due == displayed


@pytest.mark.parametrize(
    ("stage", "section"),
    [
        (Stage.IN_DELIVERY, Section.NEW),
        (Stage.ARRIVED, Section.IN_DELIVERY),
        (Stage.ARRIVED, Section.NEW),
        (Stage.DISPUTED, Section.AWAITING_DECISION),
        (Stage.REFUSED, Section.NEW),
        (Stage.REFUSED, Section.CLOSED),
        (Stage.REFUSED, None),
        (Stage.NEW, Section.AWAITING_DECISION),
        (Stage.NEW, Section.IN_DELIVERY),
    ],
)
def test_a_date_displayed_in_another_section_does_not_govern(
    stage: Stage, section: Section | None
) -> None:
    facts = replace(FACTS, stage=stage)
    stale = replace(facts, marketplace_due_at=FILED + timedelta(hours=30), due_section=section)
    assert next_control_date(stale) == next_control_date(facts)


@pytest.mark.parametrize(
    ("stage", "section", "hours", "governs"),
    [
        (Stage.ARRIVED, Section.AWAITING_DECISION, -1, False),
        (Stage.ARRIVED, Section.AWAITING_DECISION, 1, True),
        (Stage.REFUND_GRANTED, Section.AWAITING_DECISION, 1, True),
        (Stage.DISPUTED, Section.DISPUTE, 1, False),
        (Stage.DISPUTED, Section.DISPUTE, 19, False),
        (Stage.DISPUTED, Section.DISPUTE, 21, True),
    ],
)
def test_a_date_counts_since_what_the_marketplace_waits_for_began_not_since_we_noticed(
    stage: Stage, section: Section, hours: int, governs: bool
) -> None:
    facts = replace(
        FACTS,
        stage=stage,
        filed_at=FILED - timedelta(days=2),
        arrived_at=FILED,
        disputed_at=FILED + timedelta(hours=20) if stage is Stage.DISPUTED else None,
        stage_since=FILED + timedelta(hours=22),
        awaiting_proof_since=FILED if stage is Stage.REFUND_GRANTED else None,
    )
    displayed = FILED + timedelta(hours=hours)
    control = next_control_date(replace(facts, marketplace_due_at=displayed, due_section=section))
    assert control is not None
    assert (control.due == displayed) is governs


@pytest.mark.parametrize("hour", [2, 12, 23])
def test_goods_without_a_planned_day_are_expected_from_the_local_day_they_were_accepted(
    hour: int,
) -> None:
    facts = replace(FACTS, stage=Stage.IN_DELIVERY, stage_since=local(2026, 5, 14, hour))
    grace = facts.settings.arrival_grace_days
    assert next_control_date(facts) == ControlDate(
        ends(2026, 5, 14 + grace), ControlRule.PLANNED_ARRIVAL, LOST
    )


@pytest.mark.parametrize(
    ("stage", "section", "begun"),
    [
        (Stage.NEW, Section.NEW, {}),
        (Stage.IN_DELIVERY, Section.IN_DELIVERY, {}),
        (Stage.ARRIVED, Section.AWAITING_DECISION, {}),
        (Stage.ARRIVED, Section.AWAITING_DECISION, {"arrived_at": FILED}),
        (Stage.DISPUTED, Section.DISPUTE, {"disputed_at": FILED}),
        (Stage.DISPUTED, None, {}),
    ],
)
def test_a_date_older_than_the_section_is_stale_and_one_at_its_start_is_not(
    stage: Stage, section: Section | None, begun: dict[str, datetime]
) -> None:
    facts = replace(FACTS, stage=stage, due_section=section, **begun)  # type: ignore[arg-type]  # moments only
    at_start = next_control_date(replace(facts, marketplace_due_at=FILED))
    stale = next_control_date(replace(facts, marketplace_due_at=FILED - timedelta(seconds=1)))
    assert at_start == ControlDate(
        FILED, ControlRule.MARKETPLACE_DATE, "kaspi.request.planned_date"
    )
    assert stale == next_control_date(facts)


def test_a_date_from_before_the_goods_set_out_is_stale_unless_their_taking_is_not_seen_yet() -> (
    None
):
    between, set_out = local(2026, 5, 15), local(2026, 5, 16)
    facts = replace(FACTS, stage=Stage.IN_DELIVERY, stage_since=set_out, marketplace_due_at=between)
    stale = replace(facts, due_section=Section.IN_DELIVERY)
    assert next_control_date(stale) == next_control_date(replace(facts, marketplace_due_at=None))
    pressed = replace(facts, awaiting_proof_since=set_out, due_section=Section.NEW)
    assert next_control_date(pressed) == ControlDate(
        between, ControlRule.PROOF_OF_PRESS, "kaspi.request.planned_date"
    )


def test_a_reopened_request_is_not_governed_by_the_date_of_its_first_time() -> None:
    first_displayed, refused, reopened = local(2026, 5, 16), local(2026, 5, 18), local(2026, 5, 19)
    facts = replace(
        FACTS,
        stage_since=reopened,
        refused_at=refused,
        marketplace_due_at=first_displayed,
        due_section=Section.NEW,
    )
    assert next_control_date(facts) == ControlDate(
        ends(2026, 5, 19), ControlRule.REACTION_DEFAULT, "kaspi.manual.9.3"
    )
    again = replace(facts, marketplace_due_at=local(2026, 5, 22))
    assert next_control_date(again) == ControlDate(
        local(2026, 5, 22), ControlRule.MARKETPLACE_DATE, "kaspi.request.planned_date"
    )


def test_a_request_reopened_with_the_goods_here_may_wait_in_either_section() -> None:
    facts = replace(
        FACTS,
        arrived_at=FILED,
        marketplace_due_at=local(2026, 5, 20),
        due_section=Section.AWAITING_DECISION,
    )
    control = next_control_date(facts)
    assert control is not None
    assert control.rule is ControlRule.MARKETPLACE_DATE
    assert silence_means(facts) is Silence.REFUNDED


@pytest.mark.parametrize(
    ("where", "arrived", "due", "rule", "source"),
    [
        (
            ArrivalPlace.SELLER,
            local(2026, 5, 14),
            ends(2026, 5, 19),
            ControlRule.DECISION_AT_SELLER,
            "kaspi.manual.10.3",
        ),
        (
            ArrivalPlace.POINT,
            local(2026, 5, 14),
            ends(2026, 5, 17),
            ControlRule.DECISION_AT_POINT,
            "kaspi.manual.10.2",
        ),
        (
            None,
            local(2026, 5, 14),
            ends(2026, 5, 17),
            ControlRule.DECISION_AT_POINT,
            "kaspi.manual.10.2",
        ),
        (
            ArrivalPlace.SELLER,
            local(2026, 3, 19),
            ends(2026, 3, 27),
            ControlRule.DECISION_AT_SELLER,
            "kaspi.manual.10.3",
        ),
        (
            ArrivalPlace.POINT,
            local(2026, 3, 20),
            ends(2026, 3, 23),
            ControlRule.DECISION_AT_POINT,
            "kaspi.manual.10.2",
        ),
        (
            ArrivalPlace.SELLER,
            local(2025, 12, 30),
            ends(2026, 1, 6),
            ControlRule.DECISION_AT_SELLER,
            "kaspi.manual.10.3",
        ),
        (
            ArrivalPlace.POINT,
            local(2024, 2, 27),
            ends(2024, 3, 1),
            ControlRule.DECISION_AT_POINT,
            "kaspi.manual.10.2",
        ),
        (
            ArrivalPlace.POINT,
            local(2024, 2, 26),
            ends(2024, 2, 29),
            ControlRule.DECISION_AT_POINT,
            "kaspi.manual.10.2",
        ),
    ],
)
def test_goods_here_are_decided_in_three_days(
    where: ArrivalPlace | None, arrived: datetime, due: datetime, rule: ControlRule, source: str
) -> None:
    facts = replace(FACTS, stage=Stage.ARRIVED, arrived_at=arrived, arrived_where=where)
    assert next_control_date(facts) == ControlDate(due, rule, source)


def test_arrival_without_its_own_moment_counts_from_the_stage() -> None:
    facts = replace(FACTS, stage=Stage.ARRIVED, stage_since=local(2026, 5, 18))
    control = next_control_date(facts)
    assert control is not None
    assert control.due == ends(2026, 5, 21)


@pytest.mark.parametrize(
    ("planned", "due"),
    [
        (date(2026, 5, 20), ends(2026, 5, 27)),
        (None, ends(2026, 5, 21)),
        (date(2026, 5, 1), ends(2026, 5, 21)),
    ],
)
def test_goods_on_their_way_count_as_lost_a_week_after_the_planned_day(
    planned: date | None, due: datetime
) -> None:
    facts = replace(FACTS, stage=Stage.IN_DELIVERY, planned_arrival_on=planned)
    assert next_control_date(facts) == ControlDate(
        due, ControlRule.PLANNED_ARRIVAL, "kaspi.manual.13.2"
    )


@pytest.mark.parametrize("refused", [local(2026, 5, 15, 23, 59), None])
def test_the_customer_may_file_again_for_three_calendar_days(refused: datetime | None) -> None:
    facts = replace(FACTS, stage=Stage.REFUSED, stage_since=local(2026, 5, 15), refused_at=refused)
    assert next_control_date(facts) == ControlDate(
        ends(2026, 5, 18), ControlRule.REFILE_WINDOW, "kaspi.manual.11.2"
    )


@pytest.mark.parametrize("disputed", [local(2026, 5, 14), None])
def test_a_dispute_is_answered_in_five_working_days(disputed: datetime | None) -> None:
    facts = replace(FACTS, stage=Stage.DISPUTED, disputed_at=disputed)
    assert next_control_date(facts) == ControlDate(
        ends(2026, 5, 21), ControlRule.DISPUTE_ANSWER, "kaspi.manual.12.2"
    )


@pytest.mark.parametrize("stage", OPEN)
def test_a_decision_waiting_for_proof_is_due_in_four_opening_hours(stage: Stage) -> None:
    facts = replace(FACTS, stage=stage, awaiting_proof_since=local(2026, 5, 15, 16))
    assert next_control_date(facts) == ControlDate(
        local(2026, 5, 18, 11), ControlRule.PROOF_OF_PRESS, "settings.proof_hours"
    )


@pytest.mark.parametrize(
    ("stage", "section", "more"),
    [
        (Stage.IN_DELIVERY, Section.NEW, {}),
        (Stage.REFUSED, Section.NEW, {}),
        (Stage.REFUSED, Section.AWAITING_DECISION, {"arrived_at": FILED}),
        (Stage.REFUND_GRANTED, Section.AWAITING_DECISION, {"arrived_at": FILED}),
        (Stage.REFUND_GRANTED, Section.DISPUTE, {"arrived_at": FILED, "disputed_at": FILED}),
    ],
)
def test_proof_is_never_due_later_than_the_displayed_date(
    stage: Stage, section: Section, more: dict[str, datetime]
) -> None:
    displayed, decided = local(2026, 5, 15, 17), local(2026, 5, 15, 16)
    facts = replace(
        FACTS,
        stage=stage,
        awaiting_proof_since=decided,
        marketplace_due_at=displayed,
        due_section=section,
    )
    facts = replace(facts, **more)  # type: ignore[arg-type]  # moments only
    assert next_control_date(facts) == ControlDate(
        displayed, ControlRule.PROOF_OF_PRESS, "kaspi.request.planned_date"
    )
    for later in (local(2026, 5, 18, 11), local(2026, 5, 20)):
        assert next_control_date(replace(facts, marketplace_due_at=later)) == ControlDate(
            local(2026, 5, 18, 11), ControlRule.PROOF_OF_PRESS, "settings.proof_hours"
        )


def test_a_granted_refund_waits_to_be_seen_even_when_nobody_noted_since_when() -> None:
    facts = replace(FACTS, stage=Stage.REFUND_GRANTED, stage_since=local(2026, 5, 14, 10))
    assert next_control_date(facts) == ControlDate(
        local(2026, 5, 14, 14), ControlRule.PROOF_OF_PRESS, "settings.proof_hours"
    )


def test_a_store_may_set_its_own_lengths() -> None:
    settings = ClockSettings(
        reaction_working_days=2,
        decision_working_days=1,
        point_calendar_days=1,
        refile_calendar_days=5,
        dispute_working_days=2,
        act_retention_days=60,
        proof_hours=1,
        arrival_grace_days=0,
    )
    facts = replace(FACTS, settings=settings)
    due = {stage: next_control_date(replace(facts, stage=stage)) for stage in OPEN}
    assert {stage: control.due for stage, control in due.items() if control} == {
        Stage.NEW: ends(2026, 5, 18),
        Stage.WAITING_CUSTOMER: ends(2026, 5, 18),
        Stage.WAITING_APPROVAL: ends(2026, 5, 18),
        Stage.IN_DELIVERY: ends(2026, 5, 14),
        Stage.ARRIVED: ends(2026, 5, 15),
        Stage.REFUND_GRANTED: local(2026, 5, 14, 13),
        Stage.REFUSED: ends(2026, 5, 19),
        Stage.DISPUTED: ends(2026, 5, 18),
    }
    assert act_retained_until(FILED, SHOP, settings).due == ends(2026, 7, 13)


def test_an_act_is_stored_thirty_calendar_days() -> None:
    assert act_retained_until(local(2027, 2, 10), SHOP, ClockSettings()) == ControlDate(
        ends(2027, 3, 12), ControlRule.ACT_RETENTION, "kaspi.manual.10.5"
    )


def test_a_negative_length_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        ClockSettings(proof_hours=-1)


@pytest.mark.parametrize(
    ("stage", "more", "means"),
    [
        (Stage.NEW, {}, Silence.ACCEPTED_FOR_REVIEW),
        (Stage.WAITING_CUSTOMER, {}, Silence.ACCEPTED_FOR_REVIEW),
        (Stage.WAITING_APPROVAL, {}, Silence.ACCEPTED_FOR_REVIEW),
        (Stage.IN_DELIVERY, {}, Silence.NOTHING),
        (Stage.IN_DELIVERY, {"awaiting_proof_since": FILED}, Silence.ACCEPTED_FOR_REVIEW),
        (Stage.ARRIVED, {}, Silence.REFUNDED),
        (Stage.REFUND_GRANTED, {}, Silence.REFUNDED),
        (Stage.REFUND_GRANTED, {"disputed_at": FILED}, Silence.DECIDED_WITHOUT_SELLER),
        (Stage.REFUSED, {}, Silence.NOTHING),
        (Stage.REFUSED, {"awaiting_proof_since": FILED}, Silence.ACCEPTED_FOR_REVIEW),
        (Stage.REFUSED, {"awaiting_proof_since": FILED, "arrived_at": FILED}, Silence.REFUNDED),
        (Stage.DISPUTED, {}, Silence.DECIDED_WITHOUT_SELLER),
        (Stage.CLOSED, {}, Silence.NOTHING),
    ],
)
def test_silence_goes_against_the_seller(
    stage: Stage, more: dict[str, datetime], means: Silence
) -> None:
    facts = replace(FACTS, stage=stage)
    assert silence_means(replace(facts, **more)) is means  # type: ignore[arg-type]  # moments only


MOMENTS = st.integers(0, 4 * 365 * 24 * 60).map(
    lambda m: datetime(2023, 1, 2, tzinfo=UTC) + timedelta(minutes=m)
)
MAYBE = st.none() | MOMENTS
ANY_FACTS = st.builds(
    ClockFacts,
    stage=st.sampled_from(Stage),
    filed_at=MOMENTS,
    stage_since=MOMENTS,
    calendar=st.just(SHOP),
    marketplace_due_at=MAYBE,
    due_section=st.none() | st.sampled_from(Section),
    arrived_at=MAYBE,
    arrived_where=st.none() | st.sampled_from(ArrivalPlace),
    refused_at=MAYBE,
    disputed_at=MAYBE,
    planned_arrival_on=st.none() | MOMENTS.map(lambda moment: moment.date()),
    awaiting_proof_since=MAYBE,
)
RULES = {
    **{stage: {ControlRule.MARKETPLACE_DATE, ControlRule.REACTION_DEFAULT} for stage in UNDECIDED},
    Stage.IN_DELIVERY: {ControlRule.MARKETPLACE_DATE, ControlRule.PLANNED_ARRIVAL},
    Stage.ARRIVED: {
        ControlRule.MARKETPLACE_DATE,
        ControlRule.DECISION_AT_POINT,
        ControlRule.DECISION_AT_SELLER,
    },
    Stage.REFUND_GRANTED: {ControlRule.PROOF_OF_PRESS},
    Stage.REFUSED: {ControlRule.REFILE_WINDOW},
    Stage.DISPUTED: {ControlRule.MARKETPLACE_DATE, ControlRule.DISPUTE_ANSWER},
}


@given(ANY_FACTS)
def test_every_open_request_has_exactly_one_control_date_in_utc(facts: ClockFacts) -> None:
    control = next_control_date(facts)
    if facts.stage is Stage.CLOSED:
        assert control is None
        return
    assert control is not None
    assert control.due.tzinfo is UTC
    assert control.source
    pressing = facts.awaiting_proof_since is not None
    assert control.rule in ({ControlRule.PROOF_OF_PRESS} if pressing else RULES[facts.stage])
    assert facts.stage in COUNTED_AT.get(control.rule, OPEN)


def test_each_term_of_the_manual_says_at_which_stages_it_is_counted() -> None:
    counted = {
        rule: {stage for stage, rules in RULES.items() if rule in rules} for rule in ControlRule
    }
    for rule in (
        ControlRule.MARKETPLACE_DATE,
        ControlRule.PROOF_OF_PRESS,
        ControlRule.ACT_RETENTION,
    ):
        del counted[rule]
    assert counted == COUNTED_AT


@given(ANY_FACTS)
def test_a_date_from_the_marketplace_is_accepted_to_the_minute_or_not_at_all(
    facts: ClockFacts,
) -> None:
    control = next_control_date(facts)
    if control is not None and control.source == "kaspi.request.planned_date":
        assert control.due == facts.marketplace_due_at
        assert facts.due_section is not Section.CLOSED


@given(
    ANY_FACTS.map(lambda facts: replace(facts, marketplace_due_at=None)),
    st.timedeltas(timedelta(0), timedelta(days=40)),
)
def test_what_happened_later_is_never_due_earlier(facts: ClockFacts, shift: timedelta) -> None:
    def moved(moment: datetime | None) -> datetime | None:
        return None if moment is None else moment + shift

    later = replace(
        facts,
        filed_at=facts.filed_at + shift,
        stage_since=facts.stage_since + shift,
        arrived_at=moved(facts.arrived_at),
        refused_at=moved(facts.refused_at),
        disputed_at=moved(facts.disputed_at),
        awaiting_proof_since=moved(facts.awaiting_proof_since),
    )
    first, second = next_control_date(facts), next_control_date(later)
    assert (first is None) == (second is None)
    assert first is None or second is None or first.due <= second.due


@pytest.mark.parametrize(
    ("stage", "field"),
    [
        (Stage.NEW, "filed_at"),
        (Stage.NEW, "marketplace_due_at"),
        (Stage.IN_DELIVERY, "stage_since"),
        (Stage.ARRIVED, "arrived_at"),
        (Stage.REFUSED, "refused_at"),
        (Stage.DISPUTED, "disputed_at"),
        (Stage.REFUSED, "awaiting_proof_since"),
    ],
)
def test_a_moment_without_a_zone_is_refused(stage: Stage, field: str) -> None:
    naive = FILED.replace(tzinfo=None)
    facts = replace(FACTS, stage=stage)
    with pytest.raises(NaiveMoment):
        next_control_date(replace(facts, **{field: naive}))  # type: ignore[arg-type]  # moments only


def test_a_calendar_that_never_works_is_reported() -> None:
    never = Calendar(day_off=frozenset(date(2026, 5, 1) + timedelta(days=i) for i in range(5000)))
    with pytest.raises(NoWorkingDay):
        next_control_date(replace(FACTS, calendar=never))
