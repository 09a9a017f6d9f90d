"""How a practice is counted, by table; what always holds, by property; what the seed draws."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaitar.returns.vocabulary import Act, Effect, RefusalReason, Stage
from qaitar.sandbox.shelf import BUYERS, BY_CODE
from qaitar.training.cases import SEED_MAX, STORIES, cases_drawn
from qaitar.training.reactions import ON_THE_WAY, SOON, ReactionFacts, next_deed
from qaitar.training.reactions import Reaction as Happening
from qaitar.training.scoring import (
    COSTS,
    ScoredAct,
    ScoringFinding,
    case_findings,
    case_points,
    deed_findings,
    practice_score,
)

AT = datetime(2026, 5, 14, 6, tzinfo=UTC)
F, A, R = ScoringFinding, Act, RefusalReason
USED = frozenset({R.USED_OR_INCOMPLETE})


@pytest.mark.parametrize(
    ("deed", "held"),
    [
        (ScoredAct(act=A.ASK_CUSTOMER, advised=A.ASK_CUSTOMER, seconds=300), set()),
        (ScoredAct(act=A.ASK_CUSTOMER, advised=A.ASK_CUSTOMER, seconds=301), {F.SLOW}),
        (ScoredAct(act=A.ASK_CUSTOMER, advised=None), {F.NEEDLESS}),
        (ScoredAct(act=A.TAKE_FOR_INSPECTION, advised=A.REFUSE), {F.NOT_ADVISED}),
        (ScoredAct(act=A.REFUSE, advised=A.REFUSE, reason=R.USED_OR_INCOMPLETE, true_reasons=USED), set()),
        (ScoredAct(act=A.REFUSE, advised=A.REFUSE, reason=R.NO_ANSWER, true_reasons=USED), {F.REASON_UNTRUE}),
        (ScoredAct(act=A.REFUSE, advised=A.ASK_CUSTOMER, reason=R.NO_ANSWER), {F.NOT_ADVISED}),
        (ScoredAct(act=A.REFUSE, advised=None, reason=R.NO_ANSWER), {F.NEEDLESS}),
        (ScoredAct(act=A.ASK_CUSTOMER, advised=A.ASK_CUSTOMER, class_right=False), {F.CLASS_WRONG}),
        (ScoredAct(act=A.GRANT_REFUND, advised=A.GRANT_REFUND, late=True), {F.MISSED}),
        (
            ScoredAct(act=A.ASK_CUSTOMER, advised=A.REFUSE, class_right=False, late=True, seconds=999),
            {F.NOT_ADVISED, F.CLASS_WRONG, F.MISSED, F.SLOW},
        ),
    ],
)  # fmt: skip
def test_what_is_held_against_an_act(deed: ScoredAct, held: set[ScoringFinding]) -> None:
    assert deed_findings(deed) == held


@pytest.mark.parametrize(
    ("findings", "points"),
    [
        ([], 100),
        ([F.NEEDLESS], 90),
        ([F.SLOW], 90),
        ([F.CLASS_WRONG], 75),
        ([F.REASON_UNTRUE], 75),
        ([F.MISSED], 70),
        ([F.NOT_ADVISED], 50),
        ([F.LEFT], 50),
        ([F.LEFT, F.MISSED], 20),
        ([F.NOT_ADVISED, F.NOT_ADVISED], 50),
        ([F.NOT_ADVISED, F.LEFT, F.MISSED], 0),
    ],
)
def test_what_a_case_is_worth(findings: list[ScoringFinding], points: int) -> None:
    assert case_points(findings) == points


def test_a_case_hears_of_all_its_acts_once_and_of_what_was_left() -> None:
    """Two needless presses cost ten points, not twenty; a date nobody met and a decision left are of the case."""
    twice = [ScoredAct(act=A.ASK_CUSTOMER, advised=None)] * 2
    assert case_findings(twice, left=None, missed=False) == {F.NEEDLESS}
    assert case_findings([], left=A.REFUSE, missed=True) == {F.LEFT, F.MISSED}
    assert case_findings([], left=None, missed=True) == {F.MISSED}


deeds = st.builds(
    ScoredAct,
    act=st.sampled_from(Act),
    advised=st.sampled_from([*Act, None]),
    reason=st.sampled_from([*RefusalReason, None]),
    true_reasons=st.frozensets(st.sampled_from(RefusalReason)),
    class_right=st.booleans(),
    seconds=st.integers(0, 4000),
    late=st.booleans(),
)


@given(st.lists(deeds, max_size=6), deeds)
def test_one_more_act_never_gives_points_back(done: list[ScoredAct], more: ScoredAct) -> None:
    before = case_points(case_findings(done, left=None, missed=False))
    after = case_points(case_findings([*done, more], left=None, missed=False))
    assert 0 <= after <= before <= 100
    assert before - after <= sum(COSTS[each] for each in deed_findings(more))


@given(st.lists(deeds, max_size=6))
def test_the_order_of_acts_is_all_the_same(done: list[ScoredAct]) -> None:
    forth = case_findings(done, left=None, missed=False)
    assert case_findings(done[::-1], left=None, missed=False) == forth


@given(st.lists(st.integers(0, 100), max_size=20))
def test_a_score_lies_between_the_worst_and_the_best_case(points: list[int]) -> None:
    score = practice_score(points)
    assert min(points, default=0) <= score <= max(points, default=0)


@given(st.integers(1, SEED_MAX))
def test_every_seed_draws_each_story_once_within_the_hour(seed: int) -> None:
    drawn = cases_drawn(seed)
    assert sorted(each.story.name for each in drawn) == sorted(each.name for each in STORIES)
    assert len({each.number for each in drawn}) == len(STORIES)
    assert sorted(each.due_minutes for each in drawn) == list(range(16, 55, 3))
    assert all(each.goods in BY_CODE and 0 <= each.buyer < len(BUYERS) for each in drawn)


W, TAKE, GRANT = Stage.WAITING_CUSTOMER, Effect.PRESS_TAKE, Effect.PRESS_GRANT


@pytest.mark.parametrize(
    ("case", "after", "happens"),
    [
        (ReactionFacts(stage=Stage.NEW, since=AT), timedelta(hours=1), None),
        (ReactionFacts(stage=W, since=AT, contacted=True, will_answer=True), SOON, Happening.ANSWER),
        (ReactionFacts(stage=W, since=AT, contacted=True, will_answer=False), timedelta(hours=1), None),
        (ReactionFacts(stage=W, since=AT, contacted=True, answered=True, will_answer=True), SOON, None),
        (ReactionFacts(stage=Stage.WAITING_APPROVAL, since=AT), SOON - timedelta(seconds=1), None),
        (ReactionFacts(stage=Stage.WAITING_APPROVAL, since=AT), SOON, Happening.APPROVE),
        (ReactionFacts(stage=Stage.IN_DELIVERY, since=AT), ON_THE_WAY, Happening.ARRIVE),
        (ReactionFacts(stage=Stage.IN_DELIVERY, since=AT), ON_THE_WAY - timedelta(seconds=1), None),
        (ReactionFacts(stage=Stage.IN_DELIVERY, since=AT, pending_press=TAKE, pending_since=AT), SOON, Happening.SEE_PRESS),
        (ReactionFacts(stage=Stage.REFUND_GRANTED, since=AT, pending_press=GRANT, pending_since=AT), SOON, Happening.PAY_BACK),
        (ReactionFacts(stage=Stage.REFUSED, since=AT), timedelta(hours=1), None),
    ],
)  # fmt: skip
def test_what_happens_by_itself(
    case: ReactionFacts, after: timedelta, happens: Happening | None
) -> None:
    assert next_deed(case, AT + after) is happens
