"""The return order and its files: the right line, the right files, differences told, numbers kept."""

from __future__ import annotations

import io
from datetime import date, timedelta

from qaitar.contracts.erp import ErpLine
from qaitar.flows.effects.create_return_order import ReturnOrderReady, returned_line
from qaitar.foundation.files.store import FileStore
from qaitar.foundation.models import StoredFile
from qaitar.foundation.ops.jobs import within_walls
from qaitar.kernel.ids import new_id
from qaitar.orders.models import Order
from qaitar.returns.models import Evidence, ReturnRequest
from qaitar.returns.services.evidence import NewProof, evidence_add, evidence_confirm
from qaitar.returns.vocabulary import Act, EvidenceKind
from qaitar.sandbox.google_sheets.faults import Action
from qaitar.sandbox.onec.model import RETURN_ORDER
from qaitar.sandbox.onec.seeds import SoldLine
from tests.factories.accounts import NOW
from tests.flows.bench import TITLE, Bench


def line(name: str, price_minor: int, key: str = "") -> ErpLine:
    return ErpLine(key or f"{name}{price_minor}", "p", name, 1000, price_minor, price_minor)


def ready(name: str, price_minor: int | None) -> ReturnOrderReady:
    return ReturnOrderReady(
        "marker-1",
        "7-1",
        "7",
        NOW,
        date(2026, 5, 14),
        date(2026, 5, 20),
        "",
        name,
        price_minor,
        1000,
    )


def test_the_returned_line_is_the_only_one_or_the_one_surely_meant() -> None:
    phone, case, same = line("Смартфон", 100), line("Чехол", 50), line("Чехол", 70)
    assert returned_line([phone], ready("что угодно", None)) is phone
    assert returned_line([phone, case], ready(" чехол ", None)) is case
    assert returned_line([phone, case], ready("Чехол силиконовый", 50)) is case
    assert returned_line([case, same], ready("Чехол", 70)) is same
    assert returned_line([case, same], ready("Чехол", 60)) is None
    assert returned_line([phone, case], ready("Кабель", None)) is None
    assert returned_line([], ready("Чехол", 50)) is None


def test_a_sale_whose_line_is_not_sure_is_left_to_a_person(bench: Bench) -> None:
    bench.onec.seed_order(
        "700000003", [SoldLine("Чехол", 1000, 500), SoldLine("Кабель", 1000, 700)]
    )
    bench.take(bench.file("700000003-1"))
    bench.run_effects()
    effect = bench.one("CREATE_RETURN_ORDER")
    assert effect.state == "REFUSED"
    assert "2 lines" in effect.detail
    assert bench.executed()["documents"] == 0
    assert bench.one("ATTACH_EVIDENCE").state == "PLANNED"


def test_what_1c_did_not_keep_is_reported_and_the_document_is_not_written_again(
    bench: Bench,
) -> None:
    bench.onec.base.ignored.add((RETURN_ORDER, "ПричинаВозврата"))
    bench.take(bench.file())
    bench.run_effects()
    effect = bench.one("CREATE_RETURN_ORDER")
    (document,) = bench.onec.base.rows[RETURN_ORDER]
    assert (effect.state, effect.reference) == ("DONE", document["Ref_Key"])
    assert "ПричинаВозврата" in effect.detail
    assert bench.executed()["files"] == 2
    bench.run_effects(timedelta(hours=1))
    assert bench.executed()["documents"] == 1


def test_the_sales_number_is_stored_on_the_order(bench: Bench) -> None:
    case = bench.file()
    with within_walls(bench.shop.id):
        order = Order.objects.create(
            id=new_id(),
            merchant_id=bench.shop.id,
            store_id=bench.shop.store.pk,
            code="700000001",
            digest=b"",
            created_at=NOW,
            updated_at=NOW,
        )
        ReturnRequest.objects.filter(pk=case.pk).update(order_id=order.pk)
    bench.act(case, Act.ASK_CUSTOMER)
    bench.run_effects()
    number = bench.onec.base.rows["Document_ЗаказКлиента"][0]["Number"].strip()
    with within_walls(bench.shop.id):
        assert Order.objects.get(pk=order.pk).erp_number == number


def test_without_1c_the_ticket_names_the_marketplaces_number(bare: Bench) -> None:
    bare.connect("usedesk")
    bare.act(bare.file(), Act.ASK_CUSTOMER)
    bare.run_effects()
    (ticket,) = bare.usedesk.account.tickets.values()
    assert "Номер заказа на маркетплейсе: 700000001" in ticket.comments[0].message


def test_an_act_is_attached_once_it_is_confirmed_and_nothing_else_again(bench: Bench) -> None:
    case = bench.file()
    bench.take(case)
    bench.run_effects()
    content = FileStore().put(io.BytesIO(b"%PDF-1.7 act"))
    with within_walls(bench.shop.id):
        file = StoredFile.objects.create(
            id=new_id(),
            merchant_id=bench.shop.id,
            sha256=content.sha256,
            size=content.size,
            name="акт.pdf",
            kind="PDF",
            mime="application/pdf",
            extension="pdf",
            created_at=NOW,
            created_by_name="Aigerim",
            origin="web",
        )
        proof = NewProof(file, EvidenceKind.TECHNICAL_ACT)
        evidence_add(request_id=case.pk, proofs=[proof], by=bench.by, now=bench.now)
    bench.run_effects()
    assert bench.executed()["files"] == 2
    with within_walls(bench.shop.id):
        act = Evidence.objects.get(kind="TECHNICAL_ACT")
        evidence_confirm(evidence_id=act.pk, signature=True, stamp=True, by=bench.by, now=bench.now)
    bench.run_effects()
    assert bench.executed()["files"] == 3
    assert {effect.state for effect in bench.effects(kind="ATTACH_EVIDENCE")} == {"DONE"}
    first, *_, last = bench.effects(kind="ATTACH_EVIDENCE")
    assert [record["name"] for record in last.payload["files"].values()] == ["акт.pdf"]
    assert len(first.payload["files"]) == 2


def test_people_sorting_the_sheet_in_that_very_second_leave_no_wrong_row(bench: Bench) -> None:
    cases = [bench.file(f"70000001{number}-1") for number in range(3)]
    for case in cases:
        bench.act(case, Act.ASK_CUSTOMER)
    bench.run_effects()
    book = bench.sheets.books["1AbC"]
    bench.sheets.faults.just_before(
        Action.BATCH_UPDATE, lambda: book.people_sort(TITLE, 0, descending=True)
    )
    bench.take(cases[0])
    bench.run_effects(timedelta(minutes=5))
    assert {effect.state for effect in bench.effects(kind="WRITE_REGISTER")} == {"DONE"}
    head, *rows = book.sheets[TITLE].rows
    order, stage = head.index("Номер заказа"), head.index("Этап")
    reported = {row[0]: (row[order], row[stage]) for row in rows}
    assert len(rows) == 3
    assert {key: value[0] for key, value in reported.items()} == {
        f"70000001{number}-1": f"70000001{number}" for number in range(3)
    }
    assert reported["700000011-1"][1] == reported["700000012-1"][1] != reported["700000010-1"][1]
