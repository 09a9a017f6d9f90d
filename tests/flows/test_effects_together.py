"""Several workers at once: nothing twice, nobody waits for the network inside a transaction, nobody stops another."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import close_old_connections, connection

from qaitar.flows.effects import engine
from qaitar.flows.effects.engine import effects_run
from qaitar.flows.effects.open_ticket import OpenTicket
from qaitar.flows.locks import session_lock
from qaitar.foundation.models import PlannedEffect
from qaitar.foundation.ops.jobs import within_walls
from qaitar.returns.errors import CaseChanged
from qaitar.returns.vocabulary import Act
from qaitar.sandbox.google_sheets.faults import Action, SheetsFault
from qaitar.transport.http import HttpClient
from tests.flows.bench import ALL_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.bench import Bench

WORKERS = 4
CASES = 12


def in_threads(work: Callable[[], None], count: int) -> list[BaseException]:
    """Do the same work in several threads at once, each on its own database connection."""
    raised: list[BaseException] = []
    gate = threading.Barrier(count)

    def run() -> None:
        try:
            gate.wait(10)
            work()
        except BaseException as error:  # noqa: BLE001  handed to the test
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    return raised


def test_four_workers_at_once_do_each_thing_once(bench: Bench) -> None:
    cases = [bench.file(f"7000001{number:02d}-1") for number in range(CASES)]
    for case in cases:
        bench.act(case, Act.ASK_CUSTOMER)
    assert in_threads(lambda: effects_run(bench.shop.id, bench.now), WORKERS) == []
    bench.settle_down()
    executed = bench.executed()
    assert (executed["tickets"], executed["rows"]) == (CASES, CASES)
    markers = [t.fields["additional_id"] for t in bench.usedesk.account.tickets.values()]
    assert len(set(markers)) == CASES
    for case in cases:
        assert bench.journal(case.pk).count("EFFECT_DONE") == 2


def test_people_acting_while_effects_settle_do_not_break_the_chain(bench: Bench) -> None:
    case = bench.file()
    bench.act(case, Act.ASK_CUSTOMER)
    bench.prove(case)
    acted = threading.Event()

    def act_or_run() -> None:
        if acted.is_set():
            effects_run(bench.shop.id, bench.now)
            return
        acted.set()
        bench.act(case, Act.TAKE_FOR_INSPECTION, planned_on=date(2026, 5, 20))

    raised = in_threads(act_or_run, 2)
    assert [type(error) for error in raised] in ([], [CaseChanged])
    if raised:  # a settled effect came first: the person is told, looks again and presses again
        bench.act(case, Act.TAKE_FOR_INSPECTION, planned_on=date(2026, 5, 20))
    bench.settle_down()
    assert bench.executed() == ALL_ONCE
    acts = bench.journal(case.pk)
    assert (acts.count("TAKE_FOR_INSPECTION"), acts[-1]) == (1, "EFFECT_DONE")


def test_no_call_leaves_while_a_transaction_is_open(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = bench.file()
    bench.act(case, Act.ASK_CUSTOMER)
    bench.take(case)
    seen: list[bool] = []
    send = HttpClient.send

    def watched(self: HttpClient, request: Any) -> Any:
        seen.append(connection.in_atomic_block)
        return send(self, request)

    monkeypatch.setattr(HttpClient, "send", watched)
    bench.run_effects()
    assert len(seen) > 10
    assert not any(seen)


def test_a_run_inside_a_transaction_is_refused_before_anything_is_sent(bench: Bench) -> None:
    bench.act(bench.file(), Act.ASK_CUSTOMER)
    with pytest.raises(AssertionError, match="inside a transaction"), within_walls(bench.shop.id):
        effects_run(bench.shop.id, bench.now)
    assert bench.usedesk.calls == []


def test_an_effect_somebody_holds_is_left_to_them(bench: Bench) -> None:
    bench.act(bench.file(), Act.ASK_CUSTOMER)
    effect = bench.one("OPEN_TICKET")
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with session_lock(f"effect {effect.pk}") as mine:
            assert mine
            held.set()
            let_go.wait(30)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(10)
    try:
        bench.run_effects()
        assert bench.one("OPEN_TICKET").state == "PLANNED"
        assert bench.executed()["tickets"] == 0
    finally:
        let_go.set()
        other.join(10)
    bench.run_effects(timedelta(seconds=1))
    assert bench.executed()["tickets"] == 1


def test_an_error_of_our_own_in_one_effect_stops_no_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = bench.file()
    fine = bench.file("700000002-1")
    bench.act(broken, Act.ASK_CUSTOMER)
    bench.act(fine, Act.ASK_CUSTOMER)
    prepare = OpenTicket.prepare

    def spoiled(self: OpenTicket, effect: PlannedEffect, case: Any, now: Any) -> Any:
        if effect.subject_id == broken.pk:
            raise ZeroDivisionError
        return prepare(self, effect, case, now)

    monkeypatch.setattr(OpenTicket, "prepare", spoiled)
    bench.run_effects()
    states = {effect.subject_id: effect for effect in bench.effects(kind="OPEN_TICKET")}
    assert (states[fine.pk].state, states[broken.pk].state) == ("DONE", "PLANNED")
    assert states[broken.pk].next_at > bench.now
    monkeypatch.setattr(OpenTicket, "prepare", prepare)
    bench.settle_down()
    assert bench.executed()["tickets"] == 2


def test_a_connector_that_raises_after_sending_is_looked_up_not_repeated(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.act(bench.file(), Act.ASK_CUSTOMER)
    send = OpenTicket.send

    def raising(self: OpenTicket, client: Any, ready: Any) -> Any:
        send(self, client, ready)
        raise KeyError("a bug after the ticket was opened")

    monkeypatch.setattr(OpenTicket, "send", raising)
    bench.run_effects()
    assert bench.one("OPEN_TICKET").state == "UNKNOWN"
    bench.settle_down()
    assert (bench.one("OPEN_TICKET").state, bench.executed()["tickets"]) == ("DONE", 1)


@pytest.mark.parametrize("kind", ["OPEN_TICKET", "WRITE_REGISTER"])
def test_a_database_session_lost_during_a_call_ends_in_exactly_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    case = bench.file()
    bench.act(case, Act.ASK_CUSTOMER)
    send, cut = HttpClient.send, {"OPEN_TICKET": "/create/ticket", "WRITE_REGISTER": ":append"}

    def cutting(self: HttpClient, request: Any) -> Any:
        reply = send(self, request)
        if request.path.endswith(cut[kind]) and connection.connection is not None:
            connection.connection.close()
        return reply

    monkeypatch.setattr(HttpClient, "send", cutting)
    bench.run_effects()
    assert bench.one(kind).state == "SENDING"
    monkeypatch.setattr(HttpClient, "send", send)
    bench.settle_down()
    executed = bench.executed()
    assert (executed["tickets"], executed["rows"]) == (1, 1)
    assert bench.journal(case.pk)[-1] == "EFFECT_DONE"


def test_after_a_lost_answer_nobody_writes_the_register_for_three_minutes(bench: Bench) -> None:
    first = bench.file()
    bench.act(first, Act.ASK_CUSTOMER)
    bench.sheets.faults.add(Action.APPEND, SheetsFault.DROP_BEFORE)
    bench.run_effects()
    assert bench.one("WRITE_REGISTER").state == "UNKNOWN"
    bench.act(bench.file("700000002-1"), Act.ASK_CUSTOMER)
    calls = len(bench.sheets.calls)
    bench.run_effects(timedelta(seconds=170))
    assert len(bench.sheets.calls) == calls
    bench.run_effects(timedelta(seconds=15))
    assert bench.executed()["rows"] == 2
    assert {effect.state for effect in bench.effects(kind="WRITE_REGISTER")} == {"DONE"}


def test_when_its_time_is_up_a_run_leaves_the_rest_to_a_new_job(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.act(bench.file(), Act.ASK_CUSTOMER)
    monkeypatch.setattr(engine, "BUDGET_S", -1.0)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    result = bench.run_effects()
    assert (result.left, result.looked, bench.executed()["tickets"]) == (True, 0, 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs")
        assert cursor.fetchall() == [("qaitar.flows.tasks.effects_run",)]
    close_old_connections()
