"""Each effect happens exactly once: on a good day, and whatever the other side does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qaitar.returns.vocabulary import Act
from qaitar.sandbox.google_sheets.faults import Action
from qaitar.sandbox.google_sheets.faults import SheetsFault as SheetFault
from qaitar.sandbox.onec.faults import OneCFault as BaseFault
from qaitar.sandbox.onec.model import BLOBS_A, RETURN_ORDER
from qaitar.sandbox.usedesk.faults import UsedeskFault as DeskFault
from tests.flows.bench import ALL_ONCE, Bench


def walked(bench: Bench):  # type: ignore[no-untyped-def]  # test factory
    """A case asked about and taken, everything planned and nothing sent."""
    case = bench.file()
    bench.act(case, Act.ASK_CUSTOMER)
    bench.take(case)
    return case


def test_on_a_good_day_one_run_does_everything_once(bench: Bench) -> None:
    case = walked(bench)
    ran = bench.run_effects()
    assert bench.executed() == ALL_ONCE
    assert set(bench.states().values()) == {"DONE"}
    assert (ran.looked, ran.left) == (4, False)
    assert dict(ran.states) == {"DONE": 6}
    assert bench.journal(case.pk) == [
        "CREATE",
        "ASK_CUSTOMER",
        "ADD_EVIDENCE",
        "TAKE_FOR_INSPECTION",
        *["EFFECT_DONE"] * 5,
    ]


def test_draining_again_does_nothing_more(bench: Bench) -> None:
    case = walked(bench)
    bench.run_effects()
    acts = bench.journal(case.pk)
    calls = len(bench.usedesk.calls), len(bench.sheets.calls), len(bench.onec.ledger.requests)
    ran = bench.run_effects(timedelta(hours=1))
    assert ran.looked == 0
    assert calls == (
        len(bench.usedesk.calls),
        len(bench.sheets.calls),
        len(bench.onec.ledger.requests),
    )
    assert bench.journal(case.pk) == acts


def test_the_ticket_names_the_sale_in_1c_and_the_day_of_control(bench: Bench) -> None:
    case = bench.file()
    bench.act(case, Act.ASK_CUSTOMER)
    bench.run_effects()
    (ticket,) = bench.usedesk.account.tickets.values()
    number = bench.onec.base.rows["Document_ЗаказКлиента"][0]["Number"].strip()
    words = ticket.comments[0].message
    assert f"Номер заказа в 1С: {number}" in words
    assert "до 15.05.2026" in words
    assert ticket.subject == "Заявка на возврат №700000001-1"
    assert ticket.comments[0].type == "private"
    effect = bench.one("OPEN_TICKET")
    assert (effect.reference, effect.address) == (
        str(ticket.id),
        f"{bench.urls['usedesk']}/#ticket-{ticket.id}",
    )
    assert ticket.fields["additional_id"] == str(effect.pk)


def test_the_return_order_carries_the_marketplaces_day_and_its_two_photos(bench: Bench) -> None:
    walked(bench)
    bench.run_effects()
    (document,) = bench.onec.base.rows[RETURN_ORDER]
    assert document["ДатаПоступления"][:10] == "2026-05-20"
    assert bench.one("CREATE_RETURN_ORDER").reference == document["Ref_Key"]
    attach = bench.one("ATTACH_EVIDENCE")
    assert sorted(record["name"] for record in attach.payload["files"].values()) == [
        "PHOTO_GOODS.jpg",
        "PHOTO_PACKAGING.jpg",
    ]


def test_the_register_has_one_row_with_the_present_values(bench: Bench) -> None:
    walked(bench)
    bench.run_effects()
    grid = bench.sheets.books["1AbC"].sheets["Возвраты Казахстан"]
    head, row = grid.rows
    reported = dict(zip(head, row, strict=False))
    ticket = bench.one("OPEN_TICKET").reference
    assert (reported["Номер заявки"], reported["Сумма"], reported["Тикет"]) == (
        "700000001-1",
        129_990,
        ticket,
    )
    assert reported["Возвратный заказ 1С"] == bench.one("CREATE_RETURN_ORDER").detail
    assert (
        len([e for e in bench.effects(kind="WRITE_REGISTER") if e.reference == "700000001-1"]) == 2
    )


LOST = {
    "ticket, dropped": lambda b: b.usedesk.faults.add("/create/ticket", DeskFault.DROP_AFTER),
    "ticket, 502": lambda b: b.usedesk.faults.add("/create/ticket", DeskFault.BAD_GATEWAY_AFTER),
    "ticket, half": lambda b: b.usedesk.faults.add("/create/ticket", DeskFault.CUT_JSON_AFTER),
    "comment, dropped": lambda b: b.usedesk.faults.add("/create/comment", DeskFault.DROP_AFTER),
    "comment, 502": lambda b: b.usedesk.faults.add("/create/comment", DeskFault.BAD_GATEWAY_AFTER),
    "row, dropped": lambda b: b.sheets.faults.add(Action.APPEND, SheetFault.DROP_AFTER),
    "row, 503": lambda b: b.sheets.faults.add(Action.APPEND, SheetFault.UNAVAILABLE_AFTER),
    "document, dropped": lambda b: b.onec.faults.append(
        BaseFault("drop", "POST", RETURN_ORDER, executes=True)
    ),
    "document, 500": lambda b: b.onec.faults.append(
        BaseFault("page", "POST", RETURN_ORDER, executes=True, status=500)
    ),
    "file, dropped": lambda b: b.onec.faults.append(
        BaseFault("drop", "POST", BLOBS_A, executes=True)
    ),
    "file, 500": lambda b: b.onec.faults.append(
        BaseFault("page", "POST", BLOBS_A, executes=True, status=500)
    ),
}
NOT_DONE = {
    "ticket, dropped before": lambda b: b.usedesk.faults.add(
        "/create/ticket", DeskFault.DROP_BEFORE
    ),
    "comment, dropped before": lambda b: b.usedesk.faults.add(
        "/create/comment", DeskFault.DROP_BEFORE
    ),
    "document, dropped before": lambda b: b.onec.faults.append(
        BaseFault("drop", "POST", RETURN_ORDER)
    ),
    "row, dropped before": lambda b: b.sheets.faults.add(Action.APPEND, SheetFault.DROP_BEFORE),
    "file, dropped before": lambda b: b.onec.faults.append(BaseFault("drop", "POST", BLOBS_A)),
    "ticket, told to wait": lambda b: b.usedesk.faults.add(
        "/create/ticket", DeskFault.RATE_LIMITED
    ),
    "row, told to wait": lambda b: b.sheets.faults.add(Action.APPEND, SheetFault.QUOTA),
    "document, told to wait": lambda b: b.onec.faults.append(
        BaseFault("page", "POST", RETURN_ORDER, status=503, retry_after_s=9)
    ),
}


@pytest.mark.parametrize("trouble", [*LOST, *NOT_DONE])
def test_a_lost_answer_or_a_lost_call_ends_in_exactly_one(bench: Bench, trouble: str) -> None:
    case = walked(bench)
    ({**LOST, **NOT_DONE}[trouble])(bench)
    bench.run_effects()
    bench.settle_down()
    assert bench.executed() == ALL_ONCE
    assert set(bench.states().values()) == {"DONE"}
    assert bench.journal(case.pk)[-1] == "EFFECT_DONE"


def test_a_ticket_that_may_exist_is_not_sent_again_before_two_looks_a_minute_apart(
    bench: Bench,
) -> None:
    bench.act(bench.file(), Act.ASK_CUSTOMER)
    bench.usedesk.faults.add("/create/ticket", DeskFault.DROP_BEFORE)
    bench.run_effects()
    assert bench.one("OPEN_TICKET").state == "UNKNOWN"
    bench.run_effects(timedelta(seconds=61))
    assert bench.one("OPEN_TICKET").state == "UNKNOWN"
    bench.run_effects(timedelta(seconds=30))
    assert bench.executed()["tickets"] == 0
    bench.run_effects(timedelta(seconds=31))
    assert bench.one("OPEN_TICKET").state == "PLANNED"
    bench.run_effects(timedelta(seconds=1))
    assert (bench.one("OPEN_TICKET").state, bench.executed()["tickets"]) == ("DONE", 1)


def test_a_refusal_waits_for_a_person_and_what_depends_on_it_waits_too(bench: Bench) -> None:
    case = walked(bench)
    bench.usedesk.faults.add("/create/ticket", DeskFault.REFUSAL)
    bench.run_effects()
    ticket = bench.one("OPEN_TICKET")
    assert (ticket.state, ticket.detail) == ("REFUSED", "Usedesk: Клиент заблокирован")
    comment = bench.one("TICKET_COMMENT")
    assert (comment.state, comment.payload["waits"]) == ("PLANNED", "TICKET")
    bench.run_effects(timedelta(hours=2))
    assert bench.executed()["tickets"] == bench.executed()["comments"] == 0
    assert bench.journal(case.pk).count("EFFECT_REFUSED") == 1
