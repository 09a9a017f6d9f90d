"""Counting goes by the difference, and comes to what a recount from nothing comes to."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from uuid_utils.compat import uuid7

from qaitar.analytics.figure_rows import marks_of_row
from qaitar.analytics.models import CaseFigure, DayFigure, FigureState, ReasonFigure
from qaitar.analytics.services import counting
from qaitar.analytics.services.counting import figures_count, figures_count_all, figures_rebuild
from qaitar.foundation.models import Merchant
from qaitar.kernel.ids import ids_from
from qaitar.kernel.roles import Role
from qaitar.orders.services.merging import orders_merge
from qaitar.returns.errors import ActBlocked
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.perform_act import Details, request_act
from qaitar.returns.vocabulary import Act, RefusalReason
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls
from tests.factories.orders import api_order, file_order
from tests.factories.returns import arrive, make_case, take

if TYPE_CHECKING:
    from qaitar.foundation.identity.actors import Actor

DAY = date(2026, 5, 14)


@pytest.fixture
def shop(db_walls: None) -> Shop:
    return make_shop()


@pytest.fixture
def aigerim(shop: Shop) -> Actor:
    return actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)


def count(shop: Shop, **when: float) -> int:
    changed = figures_count(shop.id, NOW + timedelta(**when))
    open_walls(shop.id)
    return changed


def days() -> dict[tuple[date, str], tuple[int, int]]:
    rows = DayFigure.objects.exclude(count=0).exclude(measure__startswith="orders.")
    return {(row.day, row.measure): (row.count, row.seconds) for row in rows}


def recounted() -> dict[tuple[date, str], tuple[int, int]]:
    """The same sums taken from the cases' own rows."""
    counts: Counter[tuple[date, str]] = Counter()
    seconds: Counter[tuple[date, str]] = Counter()
    for row in CaseFigure.objects.all():
        for mark in marks_of_row(row):
            counts[mark.day, mark.measure] += 1
            seconds[mark.day, mark.measure] += mark.seconds
    return {key: (counts[key], seconds[key]) for key in counts}


def test_a_new_request_is_counted_and_again_changes_nothing(shop: Shop, aigerim: Actor) -> None:
    make_case(shop, aigerim)
    assert count(shop) == 1
    assert days() == {(DAY, "filed"): (1, 0), (DAY, "answer.WAITING"): (1, 0)}
    assert count(shop) == 0
    assert count(shop, minutes=5) == 0
    state = FigureState.objects.get()
    assert (state.walk_after, state.walked, state.counted_at) == (
        None,
        1,
        NOW + timedelta(minutes=5),
    )


def test_what_was_written_while_the_clock_was_hours_back_is_counted(
    shop: Shop, aigerim: Actor
) -> None:
    case = make_case(shop, aigerim)
    count(shop)
    back_ms = 3 * 60 * 60 * 1000
    with ids_from(lambda: UUID(int=uuid7().int - (back_ms << 80))):
        take(case, aigerim, now=NOW + timedelta(hours=2))
    assert count(shop, hours=3) == 1
    assert (DAY, "taking.IN_TIME") in days()


def test_each_act_moves_the_figures_by_the_difference(shop: Shop, aigerim: Actor) -> None:
    case = make_case(shop, aigerim)
    count(shop)
    case = take(case, aigerim, now=NOW + timedelta(hours=2))
    assert count(shop, hours=3) == 1
    assert days() == {
        (DAY, "filed"): (1, 0),
        (DAY, "answer.IN_TIME"): (1, 7200),
        (DAY, "taking.IN_TIME"): (1, 0),
    }
    case = arrive(case, aigerim, now=NOW + timedelta(days=2))
    request_act(request_id=case.pk, act=Act.GRANT_REFUND, by=aigerim, now=NOW + timedelta(days=3))
    request_act(
        request_id=case.pk, act=Act.NOTE_REFUND_DONE, by=aigerim, now=NOW + timedelta(days=4)
    )
    assert count(shop, days=4) == 1
    closed = DAY + timedelta(days=4)
    assert days() == {
        (DAY, "filed"): (1, 0),
        (DAY, "answer.IN_TIME"): (1, 7200),
        (DAY, "taking.IN_TIME"): (1, 0),
        (DAY + timedelta(days=3), "final.IN_TIME"): (1, 0),
        (closed, "closed"): (1, 4 * 86_400),
        (closed, "pace.WEEK"): (1, 4 * 86_400),
        (closed, "outcome.REFUNDED"): (1, 0),
    }
    assert list(ReasonFigure.objects.values_list("product", "reason", "count")) == [
        ("Кроссовки", "SIZE_MISMATCH", 1)
    ]


def live(shop: Shop, by: Actor, seed: int) -> None:
    """Twenty requests of a seeded life, counted now and then on the way."""
    dice = random.Random(seed)
    cases: list[ReturnRequest] = []
    acts = [Act.ASK_CUSTOMER, Act.NOTE_ACCEPTED, Act.NOTE_ARRIVAL, Act.GRANT_REFUND]
    acts += [Act.NOTE_WITHDRAWN, Act.NOTE_MARKETPLACE_DECIDED, Act.NOTE_DISPUTE, Act.REFUSE]
    acts += [Act.NOTE_REFUND_DONE, Act.NOTE_DISPUTE_LOST]
    for turn in range(120):
        now = NOW + timedelta(hours=turn * 2)
        if turn % 6 == 0:
            reason = dice.choice(["SIZE_MISMATCH", "WRONG", "Не работает"])
            number = f"7{turn:08d}-1"
            cases.append(make_case(shop, by, number, now=now, reason_code=reason))
        case = dice.choice(cases)
        details = Details(reason=RefusalReason.NO_ANSWER)
        try:
            request_act(request_id=case.pk, act=dice.choice(acts), by=by, now=now, details=details)
        except ActBlocked:
            continue
        if dice.random() < 0.2:
            count(shop, hours=turn * 2)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_sums_agree_with_a_recount_from_nothing(
    shop: Shop, aigerim: Actor, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "BATCH", 7)
    monkeypatch.setattr(counting, "NOTES", 11)
    live(shop, aigerim, seed)
    count(shop, days=20)
    step_by_step = days()
    assert len(step_by_step) > 20
    assert step_by_step == recounted()
    assert CaseFigure.objects.count() == ReturnRequest.objects.count() == 20
    reasons = list(
        ReasonFigure.objects.exclude(count=0)
        .order_by("day", "reason")
        .values_list("day", "reason", "count")
    )
    for table in (CaseFigure, DayFigure, ReasonFigure, FigureState):
        table.objects.all().delete()  # type: ignore[attr-defined]  # every model has a manager
    assert count(shop, days=20) == 20
    assert days() == step_by_step
    assert (
        list(ReasonFigure.objects.order_by("day", "reason").values_list("day", "reason", "count"))
        == reasons
    )


def test_counting_anew_heals_what_was_spoilt(shop: Shop, aigerim: Actor) -> None:
    take(make_case(shop, aigerim), aigerim)
    count(shop)
    right = days()
    CaseFigure.objects.update(answer="LATE")
    DayFigure.objects.update(count=77)
    figures_rebuild(shop.id)
    open_walls(shop.id)
    assert FigureState.objects.get().walk_after == counting.FIRST
    assert count(shop, minutes=1) == 1
    assert days() == recounted() == right


def test_another_way_of_counting_counts_everything_anew(shop: Shop, aigerim: Actor) -> None:
    take(make_case(shop, aigerim), aigerim, now=NOW + timedelta(hours=9))
    count(shop)
    assert (DAY, "answer.IN_TIME") in days()
    FigureState.objects.update(rules={"answer_hours": 8})
    assert count(shop, minutes=1) == 1
    assert (DAY, "answer.LATE") in days()
    assert (DAY, "answer.IN_TIME") not in days()
    Merchant.objects.filter(pk=shop.id).update(zone="America/New_York")
    count(shop, minutes=2)
    assert days() == recounted()


def orders() -> dict[tuple[str, str], int]:
    rows = DayFigure.objects.filter(measure__startswith="orders.")
    return {(row.measure, row.day.isoformat()): row.count for row in rows}


def test_orders_are_counted_by_day_of_issue_and_of_order(shop: Shop) -> None:
    """Issued on the day that is told, else the planned one; an order under way is placed only."""
    records = [
        api_order("300000001"),
        api_order(
            "300000002",
            created_at=NOW - timedelta(days=60),
            delivered_at=NOW - timedelta(days=3),
        ),
        api_order("300000003", status="ACCEPTED_BY_MERCHANT", created_at=NOW),
        file_order("300000004"),
    ]
    orders_merge(store=shop.store, records=records, now=NOW)
    count(shop)
    whole = {
        ("orders.PLACED", "2025-07-29"): 2,
        ("orders.PLACED", "2026-03-15"): 1,
        ("orders.PLACED", "2026-05-14"): 1,
        ("orders.ISSUED", "2025-07-31"): 2,
        ("orders.ISSUED", "2026-05-11"): 1,
    }
    assert orders() == whole
    late = api_order("300000005", created_at=NOW - timedelta(days=1), delivered_at=NOW)
    orders_merge(store=shop.store, records=[late], now=NOW)
    count(shop, minutes=14)
    assert orders() == whole
    count(shop, minutes=16)
    assert orders() == whole | {
        ("orders.PLACED", "2026-05-13"): 1,
        ("orders.ISSUED", "2026-05-14"): 1,
    }


def test_one_merchants_figures_never_hold_anothers(shop: Shop, aigerim: Actor) -> None:
    make_case(shop, aigerim)
    other = make_shop("ИП «Тимур»")
    timur = actor(make_person("timur", (other.id, Role.OWNER)), other.id)
    make_case(other, timur, "800000001-1")
    assert figures_count_all(NOW) == 0
    open_walls(shop.id)
    assert list(CaseFigure.objects.values_list("merchant_id", flat=True)) == [shop.id]
    assert {row.merchant_id for row in DayFigure.objects.all()} == {shop.id}
    open_walls(other.id)
    assert list(CaseFigure.objects.values_list("merchant_id", flat=True)) == [other.id]
    open_walls()
    assert not CaseFigure.objects.exists()


def test_a_round_costs_the_same_for_one_case_and_for_many(shop: Shop, aigerim: Actor) -> None:
    make_case(shop, aigerim)
    with CaptureQueriesContext(connection) as few:
        count(shop)
    FigureState.objects.all().delete()
    for at in range(30):
        make_case(shop, aigerim, f"71{at:07d}-1")
    with CaptureQueriesContext(connection) as many:
        assert count(shop) == 30
    assert len(many) == len(few)
