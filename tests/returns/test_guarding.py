"""No control date passes in silence: over holidays and year end, and with the program off across dates."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from qaitar.contracts.marketplace import ReturnReading, Section
from qaitar.foundation.journal.lines import first_break
from qaitar.foundation.models import JournalEntry, PlannedEffect
from qaitar.returns.errors import CaseChanged
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import cases_due
from qaitar.returns.services import guarding
from qaitar.returns.services.guarding import Swept, guard_sweep
from qaitar.returns.services.perform_act import request_act
from qaitar.returns.vocabulary import Act, Outcome, Stage
from tests.factories.accounts import NOW, Shop
from tests.factories.returns import arrive, look, make_case, take

if TYPE_CHECKING:
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor


def guard_lines(case_id: UUID) -> list[str]:
    entries = JournalEntry.objects.filter(subject_id=case_id, act__startswith="GUARD_")
    return list(entries.order_by("seq").values_list("act", flat=True))


def sweep_over(shop: Shop, start: datetime, end: datetime, step: timedelta) -> None:
    now = start
    while now <= end:
        guard_sweep(merchant_id=shop.id, now=now)
        now += step


def silent_ones(now: datetime) -> list[str]:
    """Open cases past their control date about which the guard has said nothing since that date was set."""
    late = ReturnRequest.objects.exclude(stage=Stage.CLOSED).filter(control_at__lt=now)
    return [case.number for case in late if case.alert_level not in {"MISSED", "DEFAULT_ACTION"}]


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(datetime(2026, 12, 28, 6, tzinfo=UTC), id="year end"),
        pytest.param(datetime(2026, 3, 19, 6, tzinfo=UTC), id="Nauryz"),
        pytest.param(datetime(2027, 5, 5, 6, tzinfo=UTC), id="May holidays"),
        pytest.param(datetime(2028, 2, 27, 6, tzinfo=UTC), id="leap day"),
    ],
)
@pytest.mark.parametrize("step", [timedelta(minutes=90), timedelta(hours=7), timedelta(days=5)])
def test_from_one_day_before_to_forty_days_after_nothing_is_silent(
    shop: Shop, aigerim: Actor, start: datetime, step: timedelta
) -> None:
    """Swept often, seldom, or hardly ever (the program was off for days): every date that passed was spoken of."""
    fresh = make_case(shop, aigerim, "700000001-1", now=start)
    requested = make_case(shop, aigerim, "700000002-1", now=start)
    request_act(request_id=requested.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=start)
    moving = take(make_case(shop, aigerim, "700000003-1", now=start), aigerim, now=start)
    here = arrive(
        take(make_case(shop, aigerim, "700000004-1", now=start), aigerim, now=start),
        aigerim,
        now=start,
    )
    end = start + timedelta(days=40)
    sweep_over(shop, start - timedelta(days=1), end, step)
    guard_sweep(merchant_id=shop.id, now=end)
    assert silent_ones(end) == []
    for case in (fresh, requested, moving, here):
        assert "GUARD_MISSED" in guard_lines(case.pk), case.number
        assert first_break(JournalEntry.objects.filter(subject_id=case.pk).order_by("seq")) is None


def test_often_swept_it_reminds_then_escalates_then_calls_the_duty_before_the_date(
    shop: Shop, aigerim: Actor
) -> None:
    case = make_case(shop, aigerim)
    assert case.control_at is not None
    sweep_over(shop, NOW, case.control_at, timedelta(minutes=10))
    assert guard_lines(case.pk) == [
        "GUARD_REMIND",
        "GUARD_REMIND",
        "GUARD_ESCALATE",
        "GUARD_ESCALATE",
        "GUARD_DEFAULT_ACTION",
    ]
    stored = ReturnRequest.objects.get(pk=case.pk)
    assert stored.stage == Stage.NEW


def test_a_store_that_refuses_by_default_refuses_the_silent_before_the_displayed_date(
    shop: Shop, aigerim: Actor
) -> None:
    """Nobody answered: the guard refuses half an hour before the date the marketplace shows, and says so."""
    type(shop.store).objects.filter(pk=shop.store.pk).update(
        default_action="REFUSE", default_reason="NO_ANSWER"
    )
    displayed = NOW + timedelta(days=2)
    case = make_case(shop, aigerim, marketplace_due_at=displayed, section="NEW")
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=NOW)
    guard_sweep(merchant_id=shop.id, now=displayed - timedelta(minutes=31))
    assert ReturnRequest.objects.get(pk=case.pk).stage == Stage.WAITING_CUSTOMER
    swept = guard_sweep(merchant_id=shop.id, now=displayed - timedelta(minutes=29))
    stored = ReturnRequest.objects.get(pk=case.pk)
    assert (swept.acted, stored.stage, stored.refusal_reason, stored.pending_press) == (
        1,
        Stage.REFUSED,
        "NO_ANSWER",
        "PRESS_REFUSE",
    )
    last = JournalEntry.objects.filter(subject_id=case.pk).order_by("-seq").first()
    assert last is not None
    assert (last.act, last.actor_role, last.channel) == ("REFUSE", "SYSTEM", "guard")
    assert last.why.startswith("DEFAULT_ACTION")


def test_a_default_the_procedure_forbids_is_not_done_but_raised(shop: Shop, aigerim: Actor) -> None:
    """The customer was never asked, so 'no answer' would be untrue: no refusal, the duty person is called."""
    type(shop.store).objects.filter(pk=shop.store.pk).update(default_action="REFUSE")
    displayed = NOW + timedelta(days=2)
    case = make_case(shop, aigerim, marketplace_due_at=displayed, section="NEW")
    before = PlannedEffect.objects.count()
    swept = guard_sweep(merchant_id=shop.id, now=displayed - timedelta(minutes=5))
    stored = ReturnRequest.objects.get(pk=case.pk)
    assert (swept.acted, swept.escalated, stored.stage) == (0, 1, Stage.NEW)
    last = JournalEntry.objects.filter(subject_id=case.pk).order_by("-seq").first()
    assert last is not None
    assert "not done: NO_GROUND_FOR_REFUSAL" in last.why
    assert PlannedEffect.objects.count() == before


def test_off_across_the_date_it_says_what_the_marketplace_has_done(
    shop: Shop, aigerim: Actor
) -> None:
    case = arrive(take(make_case(shop, aigerim), aigerim), aigerim)
    assert case.control_at is not None
    guard_sweep(merchant_id=shop.id, now=case.control_at + timedelta(days=3))
    last = JournalEntry.objects.filter(subject_id=case.pk).order_by("-seq").first()
    assert last is not None
    assert last.act == "GUARD_MISSED"
    assert "marketplace=REFUNDED" in last.why
    assert "skipped=" in last.why


def test_a_refused_case_closes_when_the_time_to_file_again_is_over(
    shop: Shop, aigerim: Actor
) -> None:
    type(shop.store).objects.filter(pk=shop.store.pk).update(default_action="REFUSE")
    displayed = NOW + timedelta(days=2)
    case = make_case(shop, aigerim, marketplace_due_at=displayed, section="NEW")
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=NOW)
    guard_sweep(merchant_id=shop.id, now=displayed - timedelta(minutes=5))
    look(
        shop,
        displayed,
        ReturnReading(number=case.number, section=Section.CLOSED, reject_text="Нет ответа"),
    )
    sweep_over(shop, displayed, displayed + timedelta(days=8), timedelta(hours=6))
    stored = ReturnRequest.objects.get(pk=case.pk)
    assert (stored.stage, stored.outcome, stored.control_at) == (
        Stage.CLOSED,
        Outcome.REFUSED,
        None,
    )


def test_a_sweep_looks_at_due_cases_only(shop: Shop, aigerim: Actor) -> None:
    for n in range(5):
        make_case(
            shop,
            aigerim,
            f"70000001{n}-1",
            marketplace_due_at=NOW + timedelta(days=9),
            section="NEW",
        )
    assert guard_sweep(merchant_id=shop.id, now=NOW).looked == 0


def test_each_look_is_counted_and_says_when_to_look_again(shop: Shop, aigerim: Actor) -> None:
    displayed = NOW + timedelta(days=2)
    case = make_case(shop, aigerim, marketplace_due_at=displayed, section="NEW")

    def look_at(now: datetime) -> tuple[Swept, datetime | None]:
        swept = guard_sweep(merchant_id=shop.id, now=now)
        return swept, ReturnRequest.objects.get(pk=case.pk).guard_next_at

    hour = timedelta(hours=1)
    assert look_at(displayed - 24 * hour) == (Swept(looked=1, reminded=1), displayed - 8 * hour)
    assert look_at(displayed - 9 * hour) == (Swept(), displayed - 8 * hour)
    assert look_at(displayed - 4 * hour) == (Swept(looked=1, escalated=1), displayed - hour)
    nearly = displayed - timedelta(minutes=29)
    assert look_at(nearly) == (Swept(looked=1, escalated=1), displayed + timedelta(seconds=1))
    assert look_at(displayed + hour) == (Swept(looked=1, missed=1), displayed + 25 * hour)
    assert look_at(displayed + 2 * hour) == (Swept(), displayed + 25 * hour)
    assert guard_lines(case.pk) == [
        "GUARD_REMIND",
        "GUARD_ESCALATE",
        "GUARD_DEFAULT_ACTION",
        "GUARD_MISSED",
    ]


def test_a_look_too_early_only_moves_the_next_look(shop: Shop, aigerim: Actor) -> None:
    displayed = NOW + timedelta(days=9)
    case = make_case(shop, aigerim, marketplace_due_at=displayed, section="NEW")
    ReturnRequest.objects.filter(pk=case.pk).update(guard_next_at=NOW)
    before = ReturnRequest.objects.get(pk=case.pk).version
    assert guard_sweep(merchant_id=shop.id, now=NOW) == Swept(looked=1)
    stored = ReturnRequest.objects.get(pk=case.pk)
    assert (stored.guard_next_at, stored.version) == (displayed - timedelta(hours=24), before)
    assert guard_lines(case.pk) == []


def test_of_many_due_the_longest_due_are_looked_at_first(shop: Shop, aigerim: Actor) -> None:
    displayed = NOW + timedelta(days=2)
    for n in range(3):
        at = displayed - timedelta(minutes=n)
        make_case(shop, aigerim, f"70000002{n}-1", marketplace_due_at=at, section="NEW")
    late = displayed + timedelta(hours=1)
    warned = displayed - timedelta(hours=23)
    assert guard_sweep(merchant_id=shop.id, now=warned) == Swept(looked=3, reminded=3)
    raised = displayed - timedelta(hours=3)
    assert guard_sweep(merchant_id=shop.id, now=raised) == Swept(looked=3, escalated=3)
    called = displayed - timedelta(minutes=5)
    assert guard_sweep(merchant_id=shop.id, now=called) == Swept(looked=3, escalated=3)
    assert guard_sweep(merchant_id=shop.id, now=late, limit=2) == Swept(looked=2, missed=2)
    reported = ReturnRequest.objects.filter(alert_level="MISSED").values_list("number", flat=True)
    assert sorted(reported) == ["700000021-1", "700000022-1"]


@pytest.mark.parametrize(
    ("requested", "stage", "act"),
    [
        (None, Stage.IN_DELIVERY, "TAKE_FOR_INSPECTION"),
        (Act.ASK_CUSTOMER, Stage.IN_DELIVERY, "TAKE_FOR_INSPECTION"),
        (Act.SEND_FOR_APPROVAL, Stage.IN_DELIVERY, "TAKE_FOR_INSPECTION"),
        (Act.NOTE_ARRIVAL, Stage.REFUND_GRANTED, "GRANT_REFUND"),
    ],
)
def test_a_store_that_accepts_by_default_does_what_silence_would(
    shop: Shop, aigerim: Actor, requested: Act | None, stage: Stage, act: str
) -> None:
    type(shop.store).objects.filter(pk=shop.store.pk).update(default_action="ACCEPT")
    case = make_case(shop, aigerim, marketplace_due_at=NOW + timedelta(days=2), section="NEW")
    if requested is Act.NOTE_ARRIVAL:
        case = arrive(take(case, aigerim), aigerim)
    elif requested is not None:
        request_act(request_id=case.pk, act=requested, by=aigerim, now=NOW)
    case.refresh_from_db()
    assert case.control_at is not None
    swept = guard_sweep(merchant_id=shop.id, now=case.control_at - timedelta(minutes=5))
    stored = ReturnRequest.objects.get(pk=case.pk)
    assert (swept.acted, swept.escalated, stored.stage) == (1, 0, stage)
    assert stored.alert_level == "DEFAULT_ACTION"
    last = JournalEntry.objects.filter(subject_id=case.pk).order_by("-seq").first()
    assert last is not None
    assert (last.act, last.actor_role, last.channel) == (act, "SYSTEM", "guard")
    assert last.why.startswith("DEFAULT_ACTION")


def test_a_case_that_may_not_close_yet_says_why(shop: Shop, aigerim: Actor) -> None:
    """The store has just given its customers longer to file again, and the stored date is the longer one already."""
    type(shop.store).objects.filter(pk=shop.store.pk).update(default_action="REFUSE")
    displayed = NOW + timedelta(days=2)
    case = make_case(shop, aigerim, marketplace_due_at=displayed, section="NEW")
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=NOW)
    guard_sweep(merchant_id=shop.id, now=displayed - timedelta(minutes=5))
    closed = ReturnReading(number=case.number, section=Section.CLOSED, reject_text="Нет ответа")
    look(shop, displayed, closed)
    over = ReturnRequest.objects.get(pk=case.pk).control_at
    assert over is not None
    ReturnRequest.objects.filter(pk=case.pk).update(control_at=over + timedelta(days=5))
    late = over + timedelta(hours=1)
    assert guard_sweep(merchant_id=shop.id, now=late) == Swept(looked=1)
    stored = ReturnRequest.objects.get(pk=case.pk)
    assert (stored.stage, stored.guard_next_at) == (Stage.REFUSED, late + timedelta(hours=24))
    last = JournalEntry.objects.filter(subject_id=case.pk).order_by("-seq").first()
    assert last is not None
    assert (last.act, last.why) == (
        "GUARD_WINDOW_OVER",
        "WINDOW_OVER; not done: REFILE_WINDOW_OPEN",
    )


def set_store(shop: Shop, **values: str) -> None:
    type(shop.store).objects.filter(pk=shop.store.pk).update(**values)


def last_line(case: ReturnRequest) -> JournalEntry:
    return JournalEntry.objects.filter(subject_id=case.pk).latest("seq")


@pytest.mark.parametrize(
    ("wished", "accepted"),
    [
        ("", "NO_ANSWER"),
        ("NO_ANSWER", "NO_ANSWER"),
        ("WINDOW_PASSED", "WINDOW_PASSED"),
        ("DIFFERENT_GOODS_CAME", "WINDOW_PASSED"),  # untrue: the weightiest that is true
    ],
)
def test_the_default_refusal_takes_the_stores_reason_where_it_is_true_and_never_an_untrue_one(
    shop: Shop, aigerim: Actor, wished: str, accepted: str
) -> None:
    set_store(shop, default_action="REFUSE", default_reason=wished)
    displayed = NOW + timedelta(days=2)
    received = (NOW - timedelta(days=30)).date()
    case = make_case(
        shop, aigerim, marketplace_due_at=displayed, section="NEW", received_on=received
    )
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=NOW)
    swept = guard_sweep(merchant_id=shop.id, now=displayed - timedelta(minutes=5))
    stored = ReturnRequest.objects.get(pk=case.pk)
    assert (swept.acted, stored.stage, stored.refusal_reason) == (1, Stage.REFUSED, accepted)


def test_without_an_answer_to_wait_for_a_true_ground_still_refuses(
    shop: Shop, aigerim: Actor
) -> None:
    set_store(shop, default_action="REFUSE", default_reason="NO_ANSWER")
    displayed = NOW + timedelta(days=2)
    received = (NOW - timedelta(days=30)).date()
    case = make_case(
        shop, aigerim, marketplace_due_at=displayed, section="NEW", received_on=received
    )
    guard_sweep(merchant_id=shop.id, now=displayed - timedelta(minutes=5))
    stored = ReturnRequest.objects.get(pk=case.pk)
    assert (stored.stage, stored.refusal_reason) == (Stage.REFUSED, "WINDOW_PASSED")


def test_every_deed_of_a_sweep_is_counted(shop: Shop, aigerim: Actor) -> None:
    """Four due at once: two are refused for silence, two were never asked and only raise the duty person."""
    set_store(shop, default_action="REFUSE", default_reason="NO_ANSWER")
    displayed = NOW + timedelta(days=2)
    for n in range(4):
        case = make_case(
            shop, aigerim, f"70000001{n}-1", marketplace_due_at=displayed, section="NEW"
        )
        if n % 2:
            request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=NOW)
    swept = asdict(guard_sweep(merchant_id=shop.id, now=displayed - timedelta(minutes=5)))
    nothing = {"reminded": 0, "missed": 0, "closed": 0}
    assert swept == nothing | {"looked": 4, "acted": 2, "escalated": 2}
    refused = ReturnRequest.objects.filter(stage=Stage.REFUSED)
    for case in refused:
        closed = ReturnReading(number=case.number, section=Section.CLOSED, reject_text="Нет ответа")
        look(shop, displayed, closed)
    over = max(case.control_at for case in ReturnRequest.objects.filter(stage=Stage.REFUSED))
    ReturnRequest.objects.filter(stage=Stage.NEW).update(guard_next_at=over + timedelta(days=1))
    swept = asdict(guard_sweep(merchant_id=shop.id, now=over + timedelta(minutes=1)))
    assert swept == nothing | {"looked": 2, "acted": 0, "escalated": 0, "closed": 2}
    ended = ReturnRequest.objects.filter(stage=Stage.CLOSED)
    assert {last_line(case).channel for case in ended} == {"guard"}
    assert {last_line(case).act for case in ended} == {"CLOSE_REFUSED"}


def test_a_default_that_comes_too_late_because_somebody_acted_is_reported_and_not_repeated(
    shop: Shop, aigerim: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_store(shop, default_action="ACCEPT")
    displayed = NOW + timedelta(days=2)
    case = make_case(shop, aigerim, marketplace_due_at=displayed, section="NEW")

    def acted_meanwhile(**_: object) -> None:
        raise CaseChanged

    monkeypatch.setattr(guarding, "case_act", acted_meanwhile)
    swept = guard_sweep(merchant_id=shop.id, now=displayed - timedelta(minutes=5))
    assert swept == Swept(looked=1, escalated=1)
    line = last_line(case)
    assert (line.act, line.why.rpartition("; ")[2]) == (
        "GUARD_DEFAULT_ACTION",
        "not done: CASE_CHANGED",
    )


def test_a_look_that_says_nothing_touches_no_other_case_and_none_that_has_moved(
    shop: Shop, aigerim: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    displayed = NOW + timedelta(days=9)
    case = make_case(shop, aigerim, "700000001-1", marketplace_due_at=displayed, section="NEW")
    other = make_case(
        shop,
        aigerim,
        "700000002-1",
        marketplace_due_at=displayed + timedelta(days=1),
        section="NEW",
    )
    ReturnRequest.objects.filter(pk=case.pk).update(guard_next_at=NOW)
    seen = cases_due(shop.id, NOW, 10)
    assert [one.request.pk for one in seen] == [case.pk]
    untouched = ReturnRequest.objects.get(pk=other.pk).guard_next_at
    guard_sweep(merchant_id=shop.id, now=NOW)
    assert ReturnRequest.objects.get(pk=other.pk).guard_next_at == untouched
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=NOW)
    ReturnRequest.objects.filter(pk=case.pk).update(guard_next_at=NOW)
    monkeypatch.setattr(guarding, "cases_due", lambda *_: seen)
    assert guard_sweep(merchant_id=shop.id, now=NOW) == Swept(looked=1)
    assert ReturnRequest.objects.get(pk=case.pk).guard_next_at == NOW
