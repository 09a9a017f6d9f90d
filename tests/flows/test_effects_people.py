"""What is left to people: nothing connected, settings wrong, refusals; and what they then do about it."""

from __future__ import annotations

from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from qaitar.flows.effects.manual import EffectMissing, effect_done_by_hand, effect_retry
from qaitar.flows.housekeeping import connection_effects_resume
from qaitar.flows.locks import session_lock
from qaitar.foundation.connections.systems import Entered, connection_save, connection_test
from qaitar.foundation.models import PlannedEffect
from qaitar.foundation.ops.jobs import within_walls
from qaitar.kernel.roles import Role
from qaitar.returns.errors import ActBlocked
from qaitar.returns.vocabulary import Act
from qaitar.sandbox.usedesk.faults import UsedeskFault
from tests.factories.accounts import actor, make_merchant, make_person
from tests.flows.bench import Bench

if TYPE_CHECKING:
    from qaitar.foundation.identity.actors import Actor


def somebody(bench: Bench, role: Role) -> Actor:
    with transaction.atomic():
        return actor(make_person(role.value.lower(), (bench.shop.id, role)), bench.shop.id)


def test_with_nothing_connected_everything_is_left_to_people_and_nothing_is_sent(
    bare: Bench,
) -> None:
    case = bare.file()
    bare.act(case, Act.ASK_CUSTOMER)
    bare.take(case)
    ran = bare.run_effects()
    assert dict(ran.states) == {"NOT_CONNECTED": 6}
    assert set(bare.states().values()) == {"NOT_CONNECTED"}
    assert (bare.usedesk.calls, bare.sheets.calls, bare.onec.ledger.requests) == ([], [], [])
    # one line for all that has no system, one for the register's
    assert bare.journal(case.pk).count("EFFECT_NOT_CONNECTED") == 2


def test_done_by_hand_is_a_journal_line_of_that_person(bare: Bench) -> None:
    case = bare.file()
    bare.act(case, Act.ASK_CUSTOMER)
    bare.run_effects()
    effect = bare.one("OPEN_TICKET")
    with within_walls(bare.shop.id):
        effect_done_by_hand(effect_id=effect.pk, by=bare.by, now=bare.now, note="Позвонила сама")
    done = bare.one("OPEN_TICKET")
    assert (done.state, done.detail, done.reference) == ("BY_HAND", "Позвонила сама", "")
    assert bare.journal(case.pk)[-1] == "EFFECT_BY_HAND"


def test_a_ticket_opened_by_hand_under_its_number_gets_its_comments_by_machine(
    bench: Bench,
) -> None:
    case = bench.file()
    bench.act(case, Act.ASK_CUSTOMER)
    bench.take(case)
    bench.usedesk.faults.add("/create/ticket", UsedeskFault.REFUSAL)
    bench.run_effects()
    by_hand = bench.usedesk.account.create_ticket({"subject": "s", "message": "m"}, ())
    effect = bench.one("OPEN_TICKET")
    with within_walls(bench.shop.id):
        effect_done_by_hand(
            effect_id=effect.pk, by=bench.by, now=bench.now, reference=str(by_hand["ticket_id"])
        )
    bench.run_effects()
    assert bench.one("TICKET_COMMENT").state == "DONE"
    assert len(bench.usedesk.account.tickets[by_hand["ticket_id"]].comments) == 2


def test_a_refused_effect_is_tried_again_when_a_person_says_so(bench: Bench) -> None:
    case = bench.file()
    bench.act(case, Act.ASK_CUSTOMER)
    bench.usedesk.faults.add("/create/ticket", UsedeskFault.REFUSAL)
    bench.run_effects()
    effect = bench.one("OPEN_TICKET")
    with within_walls(bench.shop.id):
        effect_retry(effect_id=effect.pk, by=bench.by, now=bench.now)
    bench.run_effects()
    assert (bench.one("OPEN_TICKET").state, bench.executed()["tickets"]) == ("DONE", 1)


def test_what_waits_for_a_person_is_not_looked_at_all_day_and_goes_on_at_once_after(
    bench: Bench,
) -> None:
    """The helpdesk refused the ticket: its comment rests until somebody mends that, and then does not wait for its turn."""
    case = bench.file()
    bench.act(case, Act.ASK_CUSTOMER)
    bench.take(case)
    bench.usedesk.faults.add("/create/ticket", UsedeskFault.REFUSAL)
    bench.run_effects()
    bench.run_effects(timedelta(minutes=6))
    comment = bench.one("TICKET_COMMENT")
    assert (comment.state, comment.payload["waits"]) == ("PLANNED", "TICKET")
    assert comment.next_at - bench.now > timedelta(hours=23)
    ticket = bench.one("OPEN_TICKET")
    with within_walls(bench.shop.id):
        effect_retry(effect_id=ticket.pk, by=bench.by, now=bench.now)
    bench.run_effects()
    assert bench.one("OPEN_TICKET").state == "DONE"
    assert bench.one("TICKET_COMMENT").state == "DONE"


def test_trying_again_what_may_have_happened_only_looks_it_up(bench: Bench) -> None:
    bench.act(bench.file(), Act.ASK_CUSTOMER)
    bench.usedesk.faults.add("/create/ticket", UsedeskFault.DROP_AFTER)
    bench.run_effects()
    effect = bench.one("OPEN_TICKET")
    with within_walls(bench.shop.id):
        effect_retry(effect_id=effect.pk, by=bench.by, now=bench.now)
    assert bench.one("OPEN_TICKET").state == "UNKNOWN"
    bench.run_effects()
    assert (bench.one("OPEN_TICKET").state, bench.executed()["tickets"]) == ("DONE", 1)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ACCOUNTANT, Role.CLERK])
def test_who_may_not_act_on_cases_may_not_settle_effects(bare: Bench, role: Role) -> None:
    case = bare.file()
    bare.act(case, Act.ASK_CUSTOMER)
    bare.run_effects()
    effect, by = bare.one("OPEN_TICKET"), somebody(bare, role)
    for service in (effect_done_by_hand, effect_retry):
        with pytest.raises(ActBlocked) as no, within_walls(bare.shop.id):
            service(effect_id=effect.pk, by=by, now=bare.now)
        assert no.value.blocked.code == "ROLE_NOT_ALLOWED"
    assert bare.one("OPEN_TICKET").state == "NOT_CONNECTED"
    assert "EFFECT_BY_HAND" not in bare.journal(case.pk)


def test_what_is_done_cannot_be_done_by_hand_or_again(bench: Bench) -> None:
    bench.act(bench.file(), Act.ASK_CUSTOMER)
    bench.run_effects()
    effect = bench.one("OPEN_TICKET")
    for service in (effect_done_by_hand, effect_retry):
        with pytest.raises(ActBlocked) as no, within_walls(bench.shop.id):
            service(effect_id=effect.pk, by=bench.by, now=bench.now)
        assert no.value.blocked.code == "EFFECT_NOT_STUCK"
    assert bench.one("OPEN_TICKET").state == "DONE"


def test_another_merchant_finds_no_such_effect(bare: Bench) -> None:
    bare.act(bare.file(), Act.ASK_CUSTOMER)
    bare.run_effects()
    effect = bare.one("OPEN_TICKET")
    with transaction.atomic():
        stranger = make_merchant("Чужой").pk
    for effect_id in (effect.pk, uuid4()):
        with pytest.raises(EffectMissing), within_walls(stranger):
            effect_done_by_hand(effect_id=effect_id, by=bare.by, now=bare.now)
    assert bare.one("OPEN_TICKET").state == "NOT_CONNECTED"


def _wrong_token(bench: Bench, token: str) -> UUID:
    with within_walls(bench.shop.id):
        entered = Entered("usedesk", secrets={"api_token": token})
        return connection_save(merchant_id=bench.shop.id, entered=entered, now=bench.now).pk


def test_a_wrong_setting_stops_its_connection_only_and_mending_it_lets_all_go_on(
    bench: Bench,
) -> None:
    first = bench.file()
    bench.act(first, Act.ASK_CUSTOMER)
    second = bench.file("700000002-1")
    bench.act(second, Act.ASK_CUSTOMER)
    connection_id = _wrong_token(bench, "wrong")
    bench.run_effects()
    assert [effect.state for effect in bench.effects(kind="OPEN_TICKET")] == ["MISCONFIGURED"] * 2
    assert {effect.state for effect in bench.effects(kind="WRITE_REGISTER")} == {"DONE"}
    assert bench.connection("usedesk").health == "MISCONFIGURED"
    assert "token" in bench.connection("usedesk").health_detail
    calls = [call.path for call in bench.usedesk.calls]
    assert calls.count("/create/ticket") == 1  # the second effect did not even try
    assert connection_effects_resume(bench.shop.id, bench.now, connection_id=connection_id) == 0
    bench.connect("usedesk")
    assert connection_effects_resume(bench.shop.id, bench.now, connection_id=connection_id) == 2
    bench.run_effects(timedelta(seconds=1))
    assert [effect.state for effect in bench.effects(kind="OPEN_TICKET")] == ["DONE"] * 2
    assert bench.executed()["tickets"] == 2
    assert bench.journal(first.pk)[-4:] == [
        "EFFECT_MISCONFIGURED",
        "EFFECT_DONE",
        "EFFECT_PLANNED",
        "EFFECT_DONE",
    ]


def test_a_test_that_passes_mends_too(bench: Bench) -> None:
    connection_id = _wrong_token(bench, "wrong")
    bench.act(bench.file(), Act.ASK_CUSTOMER)
    bench.run_effects()
    connection_test(merchant_id=bench.shop.id, connection_id=connection_id, now=bench.now)
    assert bench.connection("usedesk").health == "MISCONFIGURED"
    assert connection_effects_resume(bench.shop.id, bench.now, connection_id=connection_id) == 0
    assert bench.one("OPEN_TICKET").state == "MISCONFIGURED"


def test_a_return_order_waits_for_the_marketplaces_day_and_then_asks_a_person(
    bench: Bench,
) -> None:
    case = bench.file()
    bench.prove(case)
    bench.act(case, Act.TAKE_FOR_INSPECTION)
    bench.run_effects()
    effect = bench.one("CREATE_RETURN_ORDER")
    assert (effect.state, effect.payload["waits"]) == ("PLANNED", "PLANNED_DATE")
    bench.run_effects(timedelta(hours=25))
    assert bench.one("CREATE_RETURN_ORDER").state == "REFUSED"
    assert bench.executed()["documents"] == 0


def test_what_waits_for_what_another_worker_is_settling_is_looked_at_in_a_moment(
    bench: Bench,
) -> None:
    """Another worker is just writing down that the ticket was opened: it wakes nobody who did not wait yet."""
    case = bench.file()
    bench.act(case, Act.ASK_CUSTOMER)
    bench.take(case)
    ticket = bench.one("OPEN_TICKET")
    settling, done = Event(), Event()

    def another_worker() -> None:
        with session_lock(f"effect {ticket.pk}") as mine, within_walls(bench.shop.id):
            assert mine
            assert PlannedEffect.objects.select_for_update().filter(pk=ticket.pk).exists()
            settling.set()
            done.wait(20)
        connection.close()

    worker = Thread(target=another_worker)
    worker.start()
    assert settling.wait(20)
    bench.run_effects()
    done.set()
    worker.join()
    comment = bench.one("TICKET_COMMENT")
    assert (comment.state, comment.payload["waits"]) == ("PLANNED", "TICKET")
    assert comment.next_at - bench.now == timedelta(seconds=5)
    bench.run_effects(timedelta(seconds=5))
    assert (bench.one("OPEN_TICKET").state, bench.one("TICKET_COMMENT").state) == ("DONE", "DONE")
    assert (bench.executed()["tickets"], bench.executed()["comments"]) == (1, 1)
