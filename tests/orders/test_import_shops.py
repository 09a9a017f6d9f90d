"""An export of another shop never ends up in the wrong store: it goes to its own, or is refused by name with both numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from qaitar.cli.importing.files import import_file
from qaitar.flows.import_later import dry_run
from qaitar.flows.import_orders import Imported, OrdersUpload, orders_file_take, orders_import
from qaitar.foundation.identity.actors import system_actor
from qaitar.foundation.models import JournalEntry
from qaitar.foundation.ops.jobs import merchants_active, within_walls
from qaitar.kernel.ids import new_id
from qaitar.orders.models import ImportRejection, ImportRun, Order, OrderLine, Store
from qaitar.orders.services.merging import Counts
from tests.cases import case
from tests.factories.accounts import NOW, Shop, make_shop
from tests.factories.orders import export_rows, export_xlsx

if TYPE_CHECKING:
    from pathlib import Path

BY = system_actor("import")
CODE, POINT = "№ заказа", "Склад передачи КД"


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    files = {**settings.STORAGES["files"], "OPTIONS": {"location": str(tmp_path / "files")}}
    settings.STORAGES = {**settings.STORAGES, "files": files}


@pytest.fixture
def shop(db_walls: None) -> Shop:
    return make_shop(external_id="30000001")


def second_store(shop: Shop, number: str = "30000002") -> Store:
    return Store.objects.create(
        id=new_id(), merchant_id=shop.id, name="Второй", external_id=number, created_at=NOW
    )


def accepted(*points: str) -> OrdersUpload:
    rows = [{CODE: str(300_000_001 + n), POINT: point} for n, point in enumerate(points)]
    file = orders_file_take(export_xlsx(export_rows(*rows)), "ACTIVEORDERS.xlsx")
    assert isinstance(file, OrdersUpload)
    return file


def take(shop: Shop, *points: str) -> Imported:
    return orders_import(store=shop.store, file=accepted(*points), by=BY, now=NOW)


def test_a_file_of_a_foreign_shop_is_refused_with_both_numbers(shop: Shop) -> None:
    done = take(shop, "30000009_PP1", "30000009_PP2", "")
    assert (done.merged, done.run.state, done.run.read) == (None, "FAILED", 0)
    assert done.run.problem == (
        f"The file is of shop 30000009, and the store «{shop.store.name}» is shop 30000001."
    )
    assert Order.objects.count() == 0
    tried = dry_run(store=shop.store, file=accepted("30000009_PP1"), by=BY, now=NOW)
    assert "30000009" in tried.refusal
    assert "30000001" in tried.refusal
    assert tried.merged.rows == Counts()


def test_rows_of_another_store_of_the_merchant_go_there(shop: Shop) -> None:
    second = second_store(shop)
    done = take(shop, "30000001_PP1", "30000002_PP1", "30000009_PP1", "")
    assert done.merged is not None
    assert done.merged.rows == Counts(created=2, rejected=2)
    assert dict(Order.objects.values_list("code", "store_id")) == {
        "300000001": shop.store.pk,
        "300000002": second.pk,
    }
    assert done.run.report["stores"] == [{"id": str(second.pk), "name": "Второй", "rows": 1}]
    reported = {
        row.row_number: (row.reason_code, row.reason) for row in ImportRejection.objects.all()
    }
    assert reported[4] == (
        "other_shop",
        f"The row is of shop 30000009, and the store «{shop.store.name}» is shop 30000001.",
    )
    assert reported[5][0] == "shop_not_told"
    again = take(shop, "30000001_PP1", "30000002_PP1", "30000009_PP1", "")
    assert again.merged is not None
    assert again.merged.rows == Counts(unchanged=2, rejected=2)


def test_a_whole_file_of_another_store_goes_there_and_looking_only_says_so(shop: Shop) -> None:
    second = second_store(shop)
    tried = dry_run(store=shop.store, file=accepted("30000002_PP1", ""), by=BY, now=NOW)
    assert tried.merged.rows == Counts(created=2)
    assert tried.report(shop.store)["stores"] == [
        {"id": str(second.pk), "name": "Второй", "rows": 2}
    ]
    assert Order.objects.count() == 0
    take(shop, "30000002_PP1", "")
    assert set(Order.objects.values_list("store_id", flat=True)) == {second.pk}


def test_a_store_without_a_number_learns_it_from_its_first_file(db_walls: None) -> None:
    shop = make_shop(external_id="")
    tried = dry_run(store=shop.store, file=accepted("30000005_PP1"), by=BY, now=NOW)
    assert tried.learnt == "30000005"
    assert Store.objects.get().external_id == shop.store.external_id == ""
    done = take(shop, "30000005_PP1")
    assert done.run.report["number"] == "30000005"
    assert Store.objects.get().external_id == "30000005"
    line = JournalEntry.objects.get(act="STORE_CHANGE")
    assert (line.before, line.after) == ({"external_id": ""}, {"external_id": "30000005"})
    assert take(shop, "30000006_PP1").merged is None


def test_a_store_without_a_number_takes_no_file_of_two_shops(db_walls: None) -> None:
    shop = make_shop(external_id="")
    done = take(shop, "30000005_PP1", "30000006_PP1")
    assert done.merged is None
    assert "30000005, 30000006" in done.run.problem
    assert (Order.objects.count(), Store.objects.get().external_id) == (0, "")


def test_lines_keep_their_own_status_and_a_final_one_is_not_accepted_back(shop: Shop) -> None:
    def load(name: str) -> None:
        file = orders_file_take(case(name), name)
        orders_import(store=shop.store, file=file, by=BY, now=NOW)

    load("13-two-rows-two-statuses.xlsx")
    lines = OrderLine.objects.values_list("offer_code", "status", "status_changed_on__day")
    assert set(lines) == {("A", "COMPLETED", 30), ("B", "RETURNED", 5)}
    assert Order.objects.get().status == "COMPLETED"
    run = ImportRun.objects.get()
    assert [note["code"] for note in run.report["notes"]] == ["rows_differ"]


@pytest.mark.parametrize("changed_on", ["", "05.08.2025"])
def test_an_undated_file_or_one_of_the_same_day_leaves_a_return_returned(
    shop: Shop, changed_on: str
) -> None:
    returned = orders_file_take(case("14a-returned.xlsx"), "a.xlsx")
    orders_import(store=shop.store, file=returned, by=BY, now=NOW)
    issued = export_rows(
        {
            CODE: "700000001",
            POINT: "30000001_PP1",
            "Артикул": "A",
            "Статус": "Выдан",
            "Дата изменения статуса": changed_on,
        }
    )
    file = orders_file_take(export_xlsx(issued), "b.xlsx")
    orders_import(store=shop.store, file=file, by=BY, now=NOW)
    order, line = Order.objects.get(), OrderLine.objects.get()
    assert (order.status, line.status) == ("RETURNED", "RETURNED")
    assert f"{order.status_changed_on:%d.%m}" == "05.08"


def test_the_command_finds_the_store_by_the_files_shop_number(
    committed: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with within_walls():
        make_shop("Алма", external_id="30000001")
        nan = make_shop("Нан", external_id="30000000")
    path = tmp_path / "ACTIVEORDERS.xlsx"
    path.write_bytes(export_xlsx(export_rows({})))
    assert import_file("orders", str(path), None, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["store"] == nan.store.name
    assert import_file("orders", str(path), "30000001", as_json=True) == 1
    problem = json.loads(capsys.readouterr().out)["problem"]
    assert "30000000" in problem
    assert "30000001" in problem
    with within_walls(*merchants_active()):
        assert [order.store_id for order in Order.objects.all()] == [nan.store.pk]
