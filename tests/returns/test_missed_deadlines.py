"""The program was off across a date, and somebody is faster than the guard afterwards: the date is owned up to first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from qaitar.contracts.marketplace import ReturnReading, Section
from qaitar.foundation.journal.lines import first_break
from qaitar.foundation.models import JournalEntry
from qaitar.kernel.ids import new_id
from qaitar.kernel.zones import ALMATY, local_date, zone
from qaitar.returns.errors import ActBlocked
from qaitar.returns.models import DayOff, ReturnRequest
from qaitar.returns.services.guarding import guard_sweep
from qaitar.returns.services.perform_act import Details, request_act, request_act_many
from qaitar.returns.services.recalculate_deadlines import control_dates_recount
from qaitar.returns.vocabulary import Act
from tests.factories.accounts import NOW, Shop
from tests.factories.returns import look, make_case

if TYPE_CHECKING:
    from qaitar.foundation.identity.actors import Actor

DUE = NOW + timedelta(days=2)
BACK = DUE + timedelta(hours=3)  # the program is on again


def reported(case: ReturnRequest) -> list[tuple[str, str]]:
    """What the journal says after the case was made, and by which way."""
    lines = JournalEntry.objects.filter(subject_id=case.pk).order_by("seq")
    assert first_break(lines) is None
    return [(line.act, line.channel) for line in lines][1:]


def test_the_mirror_is_faster_than_the_guard(shop: Shop, aigerim: Actor) -> None:
    """The marketplace took the case on by itself while we were off: first it is said that our date was missed."""
    case = make_case(shop, aigerim, marketplace_due_at=DUE)
    moved = ReturnReading(
        number=case.number, section=Section.IN_DELIVERY, planned_at=BACK + timedelta(days=3)
    )
    look(shop, BACK, moved)
    lines = reported(case)
    assert lines[0] == ("GUARD_MISSED", "guard")
    assert [act for act, _ in lines].count("GUARD_MISSED") == 1
    why = JournalEntry.objects.get(subject_id=case.pk, act="GUARD_MISSED").why
    assert why.startswith("MISSED; to=OWNER,SENIOR")
    guard_sweep(merchant_id=shop.id, now=BACK + timedelta(minutes=1))
    assert [act for act, _ in reported(case)].count("GUARD_MISSED") == 1


def test_a_person_is_faster_than_the_guard(shop: Shop, aigerim: Actor) -> None:
    case = make_case(shop, aigerim, marketplace_due_at=DUE)
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=BACK)
    assert reported(case) == [("GUARD_MISSED", "guard"), ("ASK_CUSTOMER", aigerim.channel)]


def test_a_refused_act_writes_nothing_at_all(shop: Shop, aigerim: Actor) -> None:
    case = make_case(shop, aigerim, marketplace_due_at=DUE)
    with pytest.raises(ActBlocked):
        request_act(request_id=case.pk, act=Act.GRANT_REFUND, by=aigerim, now=BACK)
    assert reported(case) == []


def test_many_at_once_own_up_each_for_itself(shop: Shop, aigerim: Actor) -> None:
    """Of three, one was missed, one has time left, one may not be asked about; each gets what it is owed."""
    late = make_case(shop, aigerim, "700000001-1", marketplace_due_at=DUE)
    calm = make_case(shop, aigerim, "700000002-1", marketplace_due_at=BACK + timedelta(days=2))
    requested = make_case(shop, aigerim, "700000003-1", marketplace_due_at=BACK + timedelta(days=2))
    request_act(request_id=requested.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=NOW)
    answer = request_act_many(
        ids=[late.pk, calm.pk, requested.pk],
        act=Act.ASK_CUSTOMER,
        actors={shop.id: aigerim},
        now=BACK,
        details=Details(),
    )
    assert {number for _, number in answer.done} == {late.number, calm.number}
    assert [number for _, number, _ in answer.refused] == [requested.number]
    assert [act for act, _ in reported(late)] == ["GUARD_MISSED", "ASK_CUSTOMER"]
    assert [act for act, _ in reported(calm)] == ["ASK_CUSTOMER"]


def test_a_new_calendar_does_not_wipe_out_a_missed_date(shop: Shop, aigerim: Actor) -> None:
    """Somebody gives the store another week while the guard still sleeps: the date that stood is owned up to first."""
    case = make_case(shop, aigerim)
    case.refresh_from_db()
    assert case.control_at is not None
    back = case.control_at + timedelta(hours=2)
    DayOff.objects.create(
        id=new_id(),
        merchant_id=shop.id,
        day=local_date(case.control_at, zone(ALMATY)),
        off=True,
        source="x",
    )
    assert control_dates_recount(shop.id, back) == 1
    assert reported(case) == [("GUARD_MISSED", "guard"), ("CONTROL_RECOUNT", "job")]


def test_a_date_spoken_of_already_is_not_reported_again(shop: Shop, aigerim: Actor) -> None:
    case = make_case(shop, aigerim, marketplace_due_at=DUE)
    guard_sweep(merchant_id=shop.id, now=BACK)
    request_act(
        request_id=case.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=BACK + timedelta(minutes=10)
    )
    assert [act for act, _ in reported(case)] == ["GUARD_MISSED", "ASK_CUSTOMER"]


def test_within_minutes_the_guard_itself_is_waited_for(shop: Shop, aigerim: Actor) -> None:
    """A guard that is awake looks every minute; an act a moment after the date is not a date passed in silence."""
    case = make_case(shop, aigerim, marketplace_due_at=DUE)
    now = DUE + timedelta(minutes=2)
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=now)
    assert [act for act, _ in reported(case)] == ["ASK_CUSTOMER"]
