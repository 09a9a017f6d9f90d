"""What the cabinet shows: new cases, moved dates, proofs of presses, endings; the same look twice changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import translation

from qaitar.contracts.marketplace import ReturnReading, Section, Unread
from qaitar.foundation.journal.personal_values import lines_open
from qaitar.foundation.models import JournalEntry, PlannedEffect
from qaitar.returns.errors import ActBlocked
from qaitar.returns.mirror.proofs import differs
from qaitar.returns.models import ReturnRequest, StageDelta
from qaitar.returns.services.perform_act import Details, request_act
from qaitar.returns.texts.letters import LetterFacts, refusal_text
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import Act, RefusalReason, Stage
from tests.factories.accounts import NOW, Shop
from tests.factories.returns import arrive, look, make_case, take

if TYPE_CHECKING:
    from qaitar.foundation.identity.actors import Actor

HOUR = timedelta(hours=1)


def stored(number: str = "700000001-1") -> ReturnRequest:
    return ReturnRequest.objects.get(number=number)


def new(number: str = "700000001-1", **reported: object) -> ReturnReading:
    plain = {
        "section": Section.NEW,
        "reason_code": "SIZE_MISMATCH",
        "planned_at": NOW + timedelta(days=2),
    }
    return ReturnReading(number=number, **{**plain, **reported})  # type: ignore[arg-type]  # fields of the record


def test_a_request_seen_first_in_the_cabinet_becomes_a_case_with_the_displayed_date(
    shop: Shop,
) -> None:
    seen = look(
        shop, NOW, new(product_name="Чайник", customer_name="Оксана П.", amount_minor=1_199_000)
    )
    assert (seen.read, seen.created, seen.updated, seen.unchanged, seen.rejected) == (
        1,
        1,
        0,
        0,
        [],
    )
    case = stored()
    assert (case.source, case.quality, case.control_at, case.control_rule) == (
        "CABINET",
        "PROPER",
        NOW + timedelta(days=2),
        "MARKETPLACE_DATE",
    )


def test_the_same_look_twice_changes_nothing(shop: Shop) -> None:
    look(shop, NOW, new())
    lines = JournalEntry.objects.count()
    again = look(shop, NOW + HOUR, new())
    assert (again.created, again.updated, again.unchanged) == (0, 0, 1)
    assert JournalEntry.objects.count() == lines
    assert stored().section_seen_at == NOW + HOUR


def test_a_moved_date_moves_the_control_date_and_is_journalled(shop: Shop) -> None:
    look(shop, NOW, new())
    look(shop, NOW + HOUR, new(planned_at=NOW + timedelta(days=1)))
    assert stored().control_at == NOW + timedelta(days=1)
    last = JournalEntry.objects.order_by("-seq").first()
    assert last is not None
    assert last.act == "MIRROR"
    assert last.after["control_at"] == (NOW + timedelta(days=1)).isoformat()


def test_an_older_look_that_comes_late_changes_nothing(shop: Shop) -> None:
    look(shop, NOW, new())
    look(shop, NOW + HOUR, new(planned_at=NOW + timedelta(days=1)))
    late = look(shop, NOW - HOUR, new(planned_at=NOW + timedelta(days=9)))
    assert (late.updated, late.unchanged) == (0, 1)
    assert stored().control_at == NOW + timedelta(days=1)


def test_a_press_is_proved_when_the_cabinet_shows_it(shop: Shop, aigerim: Actor) -> None:
    take(make_case(shop, aigerim), aigerim)
    assert (stored().pending_press, stored().control_rule) == ("PRESS_TAKE", "PROOF_OF_PRESS")
    look(shop, NOW + HOUR, new())
    assert stored().pending_press == "PRESS_TAKE"
    look(shop, NOW + 2 * HOUR, new(section=Section.IN_DELIVERY))
    assert (stored().pending_press, stored().stage, stored().control_rule) == (
        "",
        "IN_DELIVERY",
        "MARKETPLACE_DATE",
    )


def test_arrival_and_refund_are_noted_by_the_mirror(shop: Shop, aigerim: Actor) -> None:
    take(make_case(shop, aigerim), aigerim)
    look(shop, NOW + HOUR, new(section=Section.AWAITING_DECISION))
    assert stored().stage == Stage.ARRIVED
    request_act(request_id=stored().pk, act=Act.GRANT_REFUND, by=aigerim, now=NOW + 2 * HOUR)
    look(shop, NOW + 3 * HOUR, new(section=Section.CLOSED, status_text="Возврат оформлен"))
    case = stored()
    assert (case.stage, case.outcome, case.control_at, case.pending_press) == (
        Stage.CLOSED,
        "REFUNDED",
        None,
        "",
    )


def test_silence_that_accepted_is_seen_and_the_order_in_the_erp_follows(
    shop: Shop, aigerim: Actor
) -> None:
    make_case(shop, aigerim)
    look(shop, NOW + HOUR, new(section=Section.IN_DELIVERY))
    assert stored().stage == Stage.IN_DELIVERY
    kinds = set(PlannedEffect.objects.values_list("kind", flat=True))
    assert {"CREATE_RETURN_ORDER", "ATTACH_EVIDENCE", "WRITE_REGISTER"} <= kinds


def test_the_marketplace_refunding_by_itself_closes_the_case(shop: Shop, aigerim: Actor) -> None:
    arrive(take(make_case(shop, aigerim), aigerim), aigerim)
    look(
        shop,
        NOW + HOUR,
        new(
            section=Section.CLOSED,
            status_text="Вы не приняли решение, возврат оформлен автоматически",
        ),
    )
    assert (stored().stage, stored().outcome) == (Stage.CLOSED, "MARKETPLACE_REFUNDED")


def test_a_dispute_after_a_refusal_is_seen(shop: Shop, aigerim: Actor) -> None:
    case = make_case(shop, aigerim, reason_code="", reason_text="Брак")
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=NOW)
    details = Details(reason=RefusalReason.SENT_FOR_ACT)
    request_act(request_id=case.pk, act=Act.REFUSE, by=aigerim, now=NOW, details=details)
    look(shop, NOW + HOUR, new(section=Section.DISPUTE))
    assert (stored().stage, stored().control_rule, stored().pending_press) == (
        Stage.DISPUTED,
        "MARKETPLACE_DATE",
        "",
    )


@pytest.mark.parametrize("words", ["", "Товар был в употреблении"])
def test_a_refusal_pressed_in_the_cabinet_is_recorded_without_a_reason_of_ours(
    shop: Shop, aigerim: Actor, words: str
) -> None:
    """Two days before the control date, seen in the list alone or with the seller's words of the detail."""
    make_case(shop, aigerim)
    closed = new(section=Section.CLOSED, status_text="Отказ в возврате", reject_text=words or None)
    look(shop, NOW + HOUR, closed)
    case = stored()
    assert (case.stage, case.refusal_reason, case.pending_press) == (Stage.REFUSED, "NOT_GIVEN", "")
    line = JournalEntry.objects.get(act="REFUSE")
    assert words == "" or line.why.startswith("sealed:1:")
    lines_open([line])
    assert (line.after["refusal_reason"], line.why, line.actor_name) == (
        "NOT_GIVEN",
        words,
        "Qaitar",
    )
    for language, stated in (
        ("ru", "Отказано в кабинете, причина не указана"),
        ("kk", "Кабинетте бас тартылды, себебі көрсетілмеген"),
        ("en", "Refused in the cabinet, no reason given"),
    ):
        with translation.override(language):
            assert str(word_for(RefusalReason(case.refusal_reason))) == stated
            assert "не подтвердилась" not in refusal_text(
                RefusalReason.NOT_GIVEN, LetterFacts(request_number="1"), language
            )


def test_a_refusal_chosen_here_keeps_its_reason_when_the_cabinet_shows_it(
    shop: Shop, aigerim: Actor
) -> None:
    case = make_case(shop, aigerim, reason_code="", reason_text="Брак")
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=NOW)
    details = Details(reason=RefusalReason.SENT_FOR_ACT)
    request_act(request_id=case.pk, act=Act.REFUSE, by=aigerim, now=NOW, details=details)
    look(shop, NOW + HOUR, new(section=Section.CLOSED, status_text="Отказ в возврате"))
    assert (stored().refusal_reason, stored().pending_press) == ("SENT_FOR_ACT", "")


def test_nobody_may_choose_that_no_reason_is_given(shop: Shop, aigerim: Actor) -> None:
    case = make_case(shop, aigerim, filed_at=NOW - timedelta(days=100))
    with pytest.raises(ActBlocked) as blocked:
        request_act(
            request_id=case.pk,
            act=Act.REFUSE,
            by=aigerim,
            now=NOW,
            details=Details(reason=RefusalReason.NOT_GIVEN),
        )
    assert blocked.value.blocked.code == "NO_GROUND_FOR_REFUSAL"
    assert stored().stage == Stage.NEW


def test_an_ending_it_does_not_understand_is_displayed_and_moves_nothing(
    shop: Shop, aigerim: Actor
) -> None:
    make_case(shop, aigerim)
    look(shop, NOW + HOUR, new(section=Section.CLOSED, status_text="Статус, которого не было"))
    case = stored()
    assert (case.stage, case.section) == (Stage.NEW, "CLOSED")
    assert differs(Stage(case.stage), case.pending_press, case.section)


def test_one_bad_reading_stops_nobody(shop: Shop) -> None:
    seen = look(shop, NOW, new("без номера"), new("700000002-1"), new("700000003-0"))
    assert (seen.created, sorted(seen.rejected)) == (
        1,
        [("700000003-0", "NUMBER_UNREADABLE"), ("без номера", "NUMBER_UNREADABLE")],
    )


def test_counters_follow_every_move(shop: Shop, aigerim: Actor) -> None:
    take(make_case(shop, aigerim), aigerim)
    look(shop, NOW + HOUR, new(section=Section.AWAITING_DECISION), new("700000002-1"))
    totals: dict[str, int] = {}
    for stage, delta in StageDelta.objects.values_list("stage", "delta"):
        totals[stage] = totals.get(stage, 0) + delta
    assert {stage: n for stage, n in totals.items() if n} == {"ARRIVED": 1, "NEW": 1}


def test_another_picture_is_a_new_one_the_same_under_another_address_is_not(shop: Shop) -> None:
    look(shop, NOW, new(image_digests={"https://a/1": "aa", "https://a/2": "bb"}))
    look(shop, NOW + HOUR, new(image_digests={"https://b/1": "aa"}))
    seen = {"sha256": "aa", "url": "https://a/1", "seen_at": NOW.isoformat()}
    assert stored().mirror["pictures"][0] == seen
    assert len(stored().mirror["pictures"]) == 2
    look(shop, NOW + 2 * HOUR, new(image_digests={"https://a/2": "cc"}))
    assert [each["sha256"] for each in stored().mirror["pictures"]] == ["aa", "bb", "cc"]
    assert stored().mirror["pictures"][2]["seen_at"] == (NOW + 2 * HOUR).isoformat()


def test_pictures_alone_open_no_case(shop: Shop) -> None:
    alone = ReturnReading(number="700000009-1", image_digests={"https://a/1": "aa"})
    answer = look(shop, NOW, alone)
    assert (answer.created, answer.unchanged) == (0, 1)
    assert not ReturnRequest.objects.exists()


def test_a_field_that_could_not_be_read_is_marked_until_it_reads(shop: Shop) -> None:
    odd = Unread("plannedDate", "not_a_date", "скоро")
    look(shop, NOW, new(raw={"plannedDate": "скоро"}, unread=(odd,)))
    assert stored().mirror["unread"] == [["plannedDate", "not_a_date", "скоро"]]
    look(shop, NOW + HOUR, new(raw={"sum": 1}))
    assert stored().mirror["unread"] == [["plannedDate", "not_a_date", "скоро"]]
    look(shop, NOW + 2 * HOUR, new(raw={"plannedDate": "2026-05-20T18:00:00"}))
    assert "unread" not in stored().mirror
