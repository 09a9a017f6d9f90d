"""One act is two statements: everything it stands on, and everything that follows from it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qaitar.foundation.journal.lines import first_break
from qaitar.foundation.models import JournalEntry, PlannedEffect
from qaitar.kernel.roles import Role
from qaitar.returns.errors import ActBlocked, BadCase, CaseChanged
from qaitar.returns.models import ReturnRequest, StageDelta
from qaitar.returns.services.intake import Filing, request_create
from qaitar.returns.services.perform_act import Details, request_act, request_act_many
from qaitar.returns.vocabulary import Act, RefusalReason, Stage
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls


@pytest.fixture
def shop(db_walls: None) -> Shop:
    return make_shop()


def file(
    shop: Shop, by, number: str = "700000001-1", reason: str = "SIZE_MISMATCH"
) -> ReturnRequest:  # type: ignore[no-untyped-def]  # test factory
    filing = Filing(
        store_id=shop.store.pk,
        number=number,
        source="MANUAL",
        filed_at=NOW,
        reason_code=reason,
        product_name="Кроссовки",
        amount_minor=1_299_000,
        customer_name="Оксана П.",
        customer_phone="+77011234567",
    )
    return request_create(filing=filing, by=by, merchant_id=shop.id, now=NOW)


def test_a_new_case_has_its_control_date_journal_and_counter_in_two_statements(shop: Shop) -> None:
    aigerim = actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        case = file(shop, aigerim)
    assert len(queries) == 2
    stored = ReturnRequest.objects.get(pk=case.pk)
    assert (stored.stage, stored.quality, stored.attempt, stored.order_code) == (
        "NEW",
        "PROPER",
        1,
        "700000001",
    )
    assert stored.control_at is not None
    assert stored.control_rule == "REACTION_DEFAULT"
    assert list(JournalEntry.objects.values_list("act", "seq", "actor_name")) == [
        ("CREATE", 1, "Aigerim")
    ]
    assert list(StageDelta.objects.values_list("stage", "delta")) == [("NEW", 1)]


def test_asking_the_customer_plans_ticket_and_register_line_in_two_statements(shop: Shop) -> None:
    aigerim = actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)
    case = file(shop, aigerim)
    with CaptureQueriesContext(connection) as queries:
        done = request_act(
            request_id=case.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=NOW + timedelta(hours=1)
        )
    assert len(queries) == 2
    assert done.request.stage == Stage.WAITING_CUSTOMER
    assert sorted(PlannedEffect.objects.values_list("kind", "state", "step")) == [
        ("OPEN_TICKET", "PLANNED", "1-2"),
        ("WRITE_REGISTER", "PLANNED", "1-2"),
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args->>'merchant_id' FROM procrastinate_jobs")
        assert cursor.fetchall() == [("qaitar.flows.tasks.effects_run", str(shop.id))]
    assert first_break(JournalEntry.objects.filter(subject_id=case.pk).order_by("seq")) is None


def test_the_second_to_act_is_reported_who_was_first_and_changes_nothing(shop: Shop) -> None:
    aigerim = actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)
    case = file(shop, aigerim)
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=aigerim, now=NOW)
    with pytest.raises(CaseChanged) as reported:
        request_act(
            request_id=case.pk,
            act=Act.ASK_CUSTOMER,
            by=aigerim,
            now=NOW,
            details=Details(expected_version=1),
        )
    assert (reported.value.who, reported.value.act) == ("Aigerim", "ASK_CUSTOMER")
    assert JournalEntry.objects.count() == 2
    assert PlannedEffect.objects.count() == 2


def test_a_refusal_without_ground_is_blocked_and_nothing_happens(shop: Shop) -> None:
    aigerim = actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)
    case = file(shop, aigerim)
    with pytest.raises(ActBlocked) as no:
        request_act(
            request_id=case.pk,
            act=Act.REFUSE,
            by=aigerim,
            now=NOW,
            details=Details(reason=RefusalReason.NOT_RETURNABLE),
        )
    assert no.value.blocked.code == "NO_GROUND_FOR_REFUSAL"
    assert JournalEntry.objects.count() == 1
    assert PlannedEffect.objects.count() == 0
    assert ReturnRequest.objects.get(pk=case.pk).version == 1


def test_a_bulk_act_reports_the_ones_it_refused(shop: Shop) -> None:
    aigerim = actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)
    cases = [file(shop, aigerim, f"70000000{n}-1") for n in range(5)]
    unknown = file(shop, aigerim, "700000009-1", reason="")
    with CaptureQueriesContext(connection) as queries:
        answer = request_act_many(
            ids=[c.pk for c in (*cases, unknown)],
            act=Act.ASK_CUSTOMER,
            actors={shop.id: aigerim},
            now=NOW,
            details=Details(),
        )
    assert len(queries) == 2
    assert sorted(number for _, number in answer.done) == [f"70000000{n}-1" for n in range(5)]
    assert [(number, no.code) for _, number, no in answer.refused] == [
        ("700000009-1", "QUALITY_UNKNOWN")
    ]


def test_a_number_is_accepted_once(shop: Shop) -> None:
    aigerim = actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)
    file(shop, aigerim)
    with pytest.raises(BadCase) as no:
        file(shop, aigerim)
    assert no.value.code == "NUMBER_TAKEN"
    assert JournalEntry.objects.count() == 1


def test_a_stranger_sees_nothing(shop: Shop) -> None:
    aigerim = actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)
    file(shop, aigerim)
    other = make_shop("ТОО «Жұлдыз»")
    open_walls(other.id)
    assert ReturnRequest.objects.count() == 0
    assert JournalEntry.objects.count() == 0
    open_walls()
    assert ReturnRequest.objects.count() == 0


@pytest.mark.parametrize(
    ("answer", "approval"), [(Act.APPROVE, "GIVEN"), (Act.DECLINE, "DECLINED")]
)
def test_what_the_senior_answered_stands_in_the_case(
    shop: Shop, answer: Act, approval: str
) -> None:
    aigerim = actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)
    daulet = actor(make_person("daulet", (shop.id, Role.SENIOR)), shop.id)
    case = file(shop, aigerim)
    requested = request_act(request_id=case.pk, act=Act.SEND_FOR_APPROVAL, by=aigerim, now=NOW)
    assert requested.request.approval == "REQUESTED"
    seen = Details(expected_version=requested.request.version)
    request_act(request_id=case.pk, act=answer, by=daulet, now=NOW, details=seen)
    assert ReturnRequest.objects.get(pk=case.pk).approval == approval
