"""What a request comes to: answered within the hours, decided by the date, silent, too late to judge, counted for the gate."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaitar.analytics.case_figures import (
    CasePace,
    CaseStanding,
    Counting,
    Ruling,
    Timeliness,
    standing_of,
)
from qaitar.analytics.measures import MEASURES, marks_of
from qaitar.analytics.rules import FigureRules, QualityDay, rules_read
from qaitar.kernel.zones import ALMATY, zone
from qaitar.returns.reads.case_history import Past, PastLine
from qaitar.returns.vocabulary import Act, Outcome, Quality, Stage
from tests.factories.accounts import NOW

HERE = zone(ALMATY)
DAY = date(2026, 5, 14)
DUE = timedelta(days=3)
A, S, T = Act, Stage, Timeliness


def line(
    act: str, hours: float, stage: Stage | None = None, due: timedelta | None = None
) -> PastLine:
    """One line so many hours after filing; `due` is the control date it sets, counted from filing."""
    reported = {} if due is None else {"due_known": True, "due_after": NOW + due}
    return PastLine(act=act, at=NOW + timedelta(hours=hours), stage=stage, **reported)  # type: ignore[arg-type]  # fields of the dataclass


CREATED = line("CREATE", 0, S.NEW, DUE)


def past(*lines: PastLine, came_after_h: float = 0, **reported: object) -> Past:
    plain = {
        "id": UUID(int=1),
        "store_id": UUID(int=2),
        "filed_at": NOW,
        "created_at": NOW + timedelta(hours=came_after_h),
        "closed_at": None,
        "stage": S.NEW,
        "outcome": Outcome.NONE,
        "quality": Quality.PROPER,
    }
    return Past(**{**plain, "lines": lines or (CREATED,), **reported})  # type: ignore[arg-type]  # fields of the dataclass


def judged(given: Past, rules: FigureRules | None = None) -> CaseStanding:
    return standing_of(given, rules or FigureRules(), HERE)


@pytest.mark.parametrize(
    ("lines", "stage", "answer", "seconds"),
    [
        ((), S.NEW, T.WAITING, None),
        ((line(A.ASK_CUSTOMER, 24, S.WAITING_CUSTOMER),), S.WAITING_CUSTOMER, T.IN_TIME, 86_400),
        ((line(A.ASK_CUSTOMER, 24.001, S.WAITING_CUSTOMER),), S.WAITING_CUSTOMER, T.LATE, 86_403),
        ((line(A.TAKE_FOR_INSPECTION, 1, S.IN_DELIVERY),), S.IN_DELIVERY, T.IN_TIME, 3_600),
        ((line("COMMENT", 1), line(A.REFUSE, 30, S.REFUSED)), S.REFUSED, T.LATE, 108_000),
        ((line(A.NOTE_ACCEPTED, 10, S.IN_DELIVERY),), S.IN_DELIVERY, T.IN_TIME, 36_000),
        ((line(A.NOTE_ACCEPTED, 73, S.IN_DELIVERY),), S.IN_DELIVERY, T.SILENT, None),
        ((line(A.NOTE_MARKETPLACE_DECIDED, 5, S.CLOSED),), S.CLOSED, T.SILENT, None),
        ((line(A.NOTE_WITHDRAWN, 5, S.CLOSED),), S.CLOSED, T.NONE, None),
        ((line(A.NOTE_DISPUTE, 5, S.DISPUTED), line(A.GRANT_REFUND, 90)), S.DISPUTED, T.NONE, None),
    ],
)
def test_the_first_reaction(
    lines: tuple[PastLine, ...], stage: Stage, answer: Timeliness, seconds: int | None
) -> None:
    seen = judged(past(CREATED, *lines, stage=stage))
    assert (seen.answer, seen.answer_s) == (answer, seconds)


def test_a_request_that_came_to_us_when_the_hours_were_over_is_not_judged() -> None:
    late = past(CREATED, line(A.ASK_CUSTOMER, 26, S.WAITING_CUSTOMER), came_after_h=25)
    assert judged(late).answer is T.UNSEEN
    assert judged(late, FigureRules(answer_hours=48)).answer is T.IN_TIME


@pytest.mark.parametrize(
    ("lines", "taking", "final"),
    [
        ((line(A.TAKE_FOR_INSPECTION, 72, S.IN_DELIVERY),), (T.IN_TIME, 3), (T.NONE, None)),
        ((line(A.TAKE_FOR_INSPECTION, 72.1, S.IN_DELIVERY),), (T.LATE, 3), (T.NONE, None)),
        ((line(A.NOTE_ACCEPTED, 80, S.IN_DELIVERY),), (T.SILENT, 3), (T.NONE, None)),
        (
            (
                line("CONTROL_RECOUNT", 1, None, timedelta(hours=5)),
                line(A.REFUSE, 6, S.REFUSED),
            ),
            (T.LATE, 0),
            (T.NONE, None),
        ),
        (
            (
                line(A.TAKE_FOR_INSPECTION, 1, S.IN_DELIVERY, timedelta(days=9)),
                line(A.NOTE_ARRIVAL, 100, S.ARRIVED, timedelta(hours=172)),
                line(A.GRANT_REFUND, 171, S.REFUND_GRANTED),
                line(A.NOTE_REFUND_DONE, 180, S.CLOSED),
            ),
            (T.IN_TIME, 0),
            (T.IN_TIME, 7),
        ),
        (
            (
                line(A.TAKE_FOR_INSPECTION, 1, S.IN_DELIVERY, timedelta(days=9)),
                line(A.NOTE_ARRIVAL, 100, S.ARRIVED, timedelta(hours=172)),
                line(A.NOTE_MARKETPLACE_DECIDED, 173, S.CLOSED),
            ),
            (T.IN_TIME, 0),
            (T.SILENT, 7),
        ),
        ((line(A.NOTE_MARKETPLACE_DECIDED, 80, S.CLOSED),), (T.SILENT, 3), (T.NONE, None)),
        (
            (line(A.REFUSE, 2, S.REFUSED), line(A.NOTE_MARKETPLACE_DECIDED, 90, S.CLOSED)),
            (T.IN_TIME, 0),
            (T.NONE, None),
        ),
    ],
)
def test_the_two_decisions_against_their_dates(
    lines: tuple[PastLine, ...],
    taking: tuple[Timeliness, int | None],
    final: tuple[Timeliness, int | None],
) -> None:
    seen = judged(past(CREATED, *lines, stage=S.CLOSED, outcome=Outcome.REFUNDED))
    for got, (how, days) in ((seen.taking, taking), (seen.final, final)):
        assert got == Ruling(how, None if days is None else DAY + timedelta(days=days))


def test_a_decision_whose_date_had_passed_before_it_came_to_us_is_not_judged() -> None:
    late = past(CREATED, line(A.REFUSE, 100, S.REFUSED), came_after_h=99)
    assert judged(late).taking.how is T.UNSEEN


@pytest.mark.parametrize(
    ("quality", "stage", "outcome", "counting"),
    [
        (Quality.DEFECTIVE, S.NEW, Outcome.NONE, Counting.OPEN),
        (Quality.DIFFERENT_GOODS, S.ARRIVED, Outcome.NONE, Counting.OPEN),
        (Quality.DEFECTIVE, S.REFUND_GRANTED, Outcome.NONE, Counting.SURE),
        (Quality.DEFECTIVE, S.CLOSED, Outcome.REFUNDED, Counting.SURE),
        (Quality.DEFECTIVE, S.CLOSED, Outcome.MARKETPLACE_REFUNDED, Counting.SURE),
        (Quality.DEFECTIVE, S.CLOSED, Outcome.DISPUTE_LOST, Counting.SURE),
        (Quality.DEFECTIVE, S.CLOSED, Outcome.DISPUTE_WON, Counting.NONE),
        (Quality.DEFECTIVE, S.CLOSED, Outcome.WITHDRAWN, Counting.NONE),
        (Quality.DEFECTIVE, S.REFUSED, Outcome.NONE, Counting.NONE),
        (Quality.PROPER, S.CLOSED, Outcome.REFUNDED, Counting.NONE),
        (Quality.MECHANICAL_DAMAGE, S.CLOSED, Outcome.REFUNDED, Counting.NONE),
        (Quality.UNKNOWN, S.NEW, Outcome.NONE, Counting.NONE),
    ],
)
def test_what_counts_for_the_gate(
    quality: Quality, stage: Stage, outcome: Outcome, counting: Counting
) -> None:
    assert judged(past(quality=quality, stage=stage, outcome=outcome)).quality is counting


def test_damage_and_the_day_are_the_merchants_to_set() -> None:
    closed = past(
        quality=Quality.MECHANICAL_DAMAGE,
        stage=S.CLOSED,
        outcome=Outcome.REFUNDED,
        closed_at=NOW + timedelta(days=5),
    )
    by_filing = judged(closed, FigureRules(damage_counts=True))
    by_closing = judged(closed, FigureRules(damage_counts=True, quality_day=QualityDay.CLOSED))
    assert (by_filing.quality, by_filing.quality_on) == (Counting.SURE, DAY)
    assert by_closing.quality_on == DAY + timedelta(days=5)


def test_days_are_the_merchants_own() -> None:
    """NOW is 11:00 in Almaty; 20 hours later it is the next day there, and 09:00 of it in Moscow."""
    late = past(CREATED, filed_at=datetime.fromisoformat("2026-05-14T20:30:00+00:00"))
    assert judged(late).filed_on == date(2026, 5, 15)
    assert standing_of(late, FigureRules(), zone("Europe/Moscow")).filed_on == DAY


@pytest.mark.parametrize(
    ("hours", "pace"),
    [
        (24, CasePace.DAY),
        (25, CasePace.THREE),
        (168, CasePace.WEEK),
        (169, CasePace.FORTNIGHT),
        (400, CasePace.LONGER),
    ],
)
def test_how_long_it_took(hours: int, pace: CasePace) -> None:
    closed = past(stage=S.CLOSED, outcome=Outcome.REFUNDED, closed_at=NOW + timedelta(hours=hours))
    seen = judged(closed)
    assert (seen.pace, seen.closed_s) == (pace, hours * 3600)


def test_rules_are_read_back_as_they_were_stated() -> None:
    rules = FigureRules(answer_hours=8, quality_day=QualityDay.CLOSED, damage_counts=True)
    assert rules_read(rules.as_values()) == rules
    assert rules_read({}) == FigureRules()


lines_of = st.lists(
    st.builds(
        line,
        st.sampled_from([*Act, "COMMENT", "MIRROR"]),
        st.floats(0, 900),
        st.none() | st.sampled_from(list(Stage)),
        st.none() | st.timedeltas(timedelta(0), timedelta(days=30)),
    ),
    max_size=12,
)


@given(
    lines_of,
    st.sampled_from(list(Stage)),
    st.sampled_from(list(Outcome)),
    st.sampled_from(list(Quality)),
)
def test_whatever_happened_a_request_is_in_each_figure_at_most_once(
    lines: list[PastLine], stage: Stage, outcome: Outcome, quality: Quality
) -> None:
    lines = sorted(lines, key=lambda each: each.at)
    closed = NOW + timedelta(days=40) if stage is S.CLOSED else None
    given_past = past(
        CREATED, *lines, stage=stage, outcome=outcome, quality=quality, closed_at=closed
    )
    marks = marks_of(judged(given_past))
    names = [mark.measure for mark in marks]
    assert len(names) == len(set(names))
    assert set(names) <= set(MEASURES)
    for group in ("answer", "taking", "final", "pace", "outcome", "quality"):
        assert sum(name.startswith(f"{group}.") for name in names) <= 1
    assert names[0] == "filed"
    assert all(mark.seconds >= 0 for mark in marks)
