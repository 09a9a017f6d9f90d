"""Export files come in through the flow and the command, whole, twice, and with every kind of bad row."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from qaitar.cli.importing.files import import_file
from qaitar.flows.import_orders import (
    Imported,
    OrdersUpload,
    RefusedFile,
    orders_file_take,
    orders_import,
)
from qaitar.foundation.files.store import FileStore, key_of
from qaitar.foundation.identity.actors import system_actor
from qaitar.foundation.models import Merchant, StoredFile
from qaitar.foundation.ops.jobs import merchants_active, within_walls
from qaitar.orders.models import ImportRejection, ImportRun, Order, OrderLine, Store
from qaitar.orders.selectors import import_rejections
from qaitar.orders.services.merging import Counts
from qaitar.returns.models import ReturnRequest
from tests.factories.accounts import NOW, Shop, make_shop
from tests.factories.orders import export_csv, export_rows, export_xlsx

if TYPE_CHECKING:
    from collections.abc import Callable

REAL = os.environ.get("QAITAR_REAL_DATA")
BY = system_actor("import")


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    files = {**settings.STORAGES["files"], "OPTIONS": {"location": str(tmp_path / "files")}}
    settings.STORAGES = {**settings.STORAGES, "files": files}


@pytest.fixture
def shop(db_walls: None) -> Shop:
    return make_shop()


def take(shop: Shop, body: bytes, name: str = "ACTIVEORDERS.xlsx") -> Imported:
    return orders_import(store=shop.store, file=orders_file_take(body, name), by=BY, now=NOW)


@pytest.mark.parametrize("written", [export_csv, export_xlsx])
def test_rows_and_orders_are_counted_and_every_bad_row_is_reported(
    shop: Shop, written: Callable[[Any], bytes]
) -> None:
    body = written(
        export_rows(
            {},
            {"№ заказа": "300000002"},
            {"№ заказа": "300000002", "Артикул": "SKU-2", "Сумма": "500"},
            {"№ заказа": "300000003", "Сумма": "дорого"},
            {"№ заказа": "300000003", "Артикул": "SKU-2"},
            {"№ заказа": ""},
            {"№ заказа": "300000004", "Дата поступления заказа": "31.02.2025"},
            {"№ заказа": "300000005", "Название товара в Kaspi Магазине": "я" * 501},
            {"№ заказа": "300000006", "Статус": "Ждёт луны"},
        )
    )
    done = take(shop, body)
    assert done.merged is not None
    assert done.merged.rows == Counts(created=4, rejected=5)
    assert done.merged.orders.created == 3
    run = ImportRun.objects.get()
    assert (run.state, run.source, run.read, run.created, run.rejected) == ("DONE", "FILE", 9, 4, 5)
    reported = [(r.row_number, r.reason_code) for r in import_rejections(run.pk)]
    assert reported == [
        (5, "bad_amount"),
        (6, "sibling_rejected"),
        (7, "no_code"),
        (8, "bad_date"),
        (9, "too_long"),
    ]
    assert ImportRejection.objects.get(row_number=5).raw["Сумма"] == "дорого"
    assert OrderLine.objects.count() == 4
    assert Order.objects.get(code="300000006").status == "Ждёт луны"
    assert list(ImportRun.objects.all()) == [run]


def test_the_same_file_again_changes_nothing_and_the_file_is_stored(shop: Shop) -> None:
    body = export_xlsx(export_rows({}, {"№ заказа": "300000002"}))
    take(shop, body)
    again = take(shop, body)
    assert again.merged is not None
    assert again.merged.rows == Counts(unchanged=2)
    row = StoredFile.objects.get(pk=again.run.file_id)
    with FileStore().open(key_of(row.sha256)) as stored:
        assert stored.read() == body
    assert (row.kind, row.origin, row.created_by_name) == ("xlsx", "import", "Qaitar")


def test_csv_and_xlsx_of_the_same_rows_are_the_same_orders(shop: Shop) -> None:
    rows = export_rows({}, {"№ заказа": "300000002"})
    take(shop, export_xlsx(rows))
    again = take(shop, export_csv(rows), "export.csv")
    assert again.merged is not None
    assert again.merged.rows == Counts(unchanged=2)


def test_an_enormous_cell_is_its_rows_fault_only(shop: Shop) -> None:
    rows = export_rows({"Адрес самовывоза/доставки": "ы" * 1_100_000}, {"№ заказа": "300000002"})
    done = take(shop, export_csv(rows), "export.csv")
    assert done.merged is not None
    assert done.merged.rows == Counts(created=1, rejected=1)
    stored = ImportRejection.objects.get()
    assert (stored.row_number, stored.reason_code) == (2, "too_long")
    assert len(stored.raw["Адрес самовывоза/доставки"]) < 2_100
    assert FileStore().exists(key_of(StoredFile.objects.get().sha256))


def test_control_characters_of_one_cell_stop_no_other_row(shop: Shop) -> None:
    rows = export_rows(
        {"Адрес самовывоза/доставки": "а\x00б"},
        {"№ заказа": "300000002", "Адрес самовывоза/доставки": "а\x1fб"},
        {"№ заказа": "300000003"},
    )
    done = take(shop, export_csv(rows), "export.csv")
    assert done.merged is not None
    assert done.merged.rows == Counts(created=2, rejected=1)
    assert [r.row_number for r in done.merged.rejected] == [3]
    assert Order.objects.get(code="300000001").address == "аб"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"", "empty.xlsx"),
        (b"PK\x03\x04 not a workbook", "broken.xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old.xls"),
        ("Имя;Возраст\nА;1\n".encode(), "other.csv"),
        (b"%PDF-1.7 ...", "paper.pdf"),
        (b"MZ" + bytes(64), "program.csv"),
    ],
)
def test_a_file_that_cannot_be_read_is_reported_in_a_sentence(
    shop: Shop, body: bytes, name: str
) -> None:
    accepted = orders_file_take(body, name)
    assert isinstance(accepted, RefusedFile)
    done = orders_import(store=shop.store, file=accepted, by=BY, now=NOW)
    assert (done.merged, done.run.state, done.run.read) == (None, "FAILED", 0)
    assert done.run.problem == accepted.reason
    assert len(accepted.reason) > 10
    assert Order.objects.count() == 0


@pytest.mark.skipif(REAL is None, reason="QAITAR_REAL_DATA is not set")
def test_the_genuine_export_imports_whole_and_again_changes_nothing(shop: Shop) -> None:
    assert REAL is not None
    body = (Path(REAL) / "kaspi" / "active-orders-2025-07-31.xlsx").read_bytes()
    accepted = orders_file_take(body, "ACTIVEORDERS.xlsx")
    assert isinstance(accepted, OrdersUpload)
    first = orders_import(store=shop.store, file=accepted, by=BY, now=NOW).merged
    assert first is not None
    assert first.rows == Counts(created=14)
    assert accepted.orders.rows_total == 14
    again = take(shop, body).merged
    assert again is not None
    assert again.rows == Counts(unchanged=14)


# --- the command -------------------------------------------------------------------------------------------------


def _one_good_two_bad() -> list[list[str]]:
    second = {"№ заказа": "300000002"}
    return export_rows({}, {**second, "Сумма": "?"}, second)


def write(folder: Path, body: bytes, name: str = "ACTIVEORDERS.xlsx") -> str:
    path = folder / name
    path.write_bytes(body)
    return str(path)


def test_the_first_import_makes_merchant_and_store_from_the_file_and_says_so(
    committed: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, export_xlsx(export_rows({}, {"№ заказа": "3"})))
    assert import_file("orders", path, None, as_json=True) == 0
    reported = json.loads(capsys.readouterr().out)
    assert reported["made_store"] is True
    assert (reported["store"], reported["merchant"]) == ("Kaspi 30000000", "Kaspi 30000000")
    assert (reported["read"], reported["created"], reported["rejected"]) == (2, 1, 1)
    assert reported["reasons"] == [
        {"row": 3, "code": "bad_code", "reason": "«№ заказа» is not a number of 5 to 20 digits."}
    ]
    assert import_file("orders", path, None, as_json=True) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["made_store"], again["read"], again["unchanged"]) == (False, 2, 1)
    (merchant,) = merchants_active()
    with within_walls(merchant):
        assert Merchant.objects.get().name == "Kaspi 30000000"
        assert Store.objects.get().external_id == "30000000"
        assert Order.objects.count() == 1


def test_people_are_reported_in_sentences(
    committed: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, export_csv(_one_good_two_bad()), "export.csv")
    assert import_file("orders", path, None, as_json=False) == 0
    stated = capsys.readouterr().out
    assert "Kaspi 30000000" in stated
    assert "bad_amount" in stated
    assert "sibling_rejected" in stated


def test_with_two_stores_the_store_has_to_be_named(
    committed: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with within_walls():
        alma = make_shop("Алма", external_id="")
        make_shop("Нан", external_id="222")
    path = write(tmp_path, export_xlsx(export_rows({})))
    assert import_file("orders", path, None, as_json=True) == 2
    stated = capsys.readouterr()
    assert stated.out == ""
    assert "«Алма Kaspi», «Нан Kaspi»" in stated.err
    assert import_file("orders", path, "Нет такого", as_json=True) == 2
    assert import_file("orders", path, "Алма Kaspi", as_json=True) == 0
    with within_walls(*merchants_active()):
        assert [order.store_id for order in Order.objects.all()] == [alma.store.pk]
        assert ImportRun.objects.count() == 1


def test_return_requests_saved_from_the_cabinet_come_in_too(
    committed: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with within_walls():
        shop = make_shop("Алма")
    row = {"refundId": "r1", "applicationNumber": "300000001-1", "refundStatus": "Новая заявка"}
    path = write(tmp_path, json.dumps({"total": 1, "data": [row]}).encode(), "list.json")
    assert import_file("returns", path, None, as_json=True) == 0
    reported = json.loads(capsys.readouterr().out)
    assert reported["read"] == reported["created"] + reported["unchanged"] + reported["rejected"]
    assert import_file("returns", path, None, as_json=True) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["created"] == again["updated"] == 0
    with within_walls(shop.id):
        assert ReturnRequest.objects.count() == reported["created"]


def test_what_cannot_be_opened_or_is_not_known_is_reported(
    committed: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_file("orders", str(tmp_path / "none.xlsx"), None, as_json=True) == 2
    assert "none.xlsx" in capsys.readouterr().err
    assert import_file("statement", str(tmp_path), None, as_json=True) == 2
    assert "orders, returns" in capsys.readouterr().err
    path = write(tmp_path, b"%PDF-1.7", "paper.pdf")
    assert import_file("orders", path, None, as_json=True) == 1
    assert json.loads(capsys.readouterr().out)["problem"]
    assert merchants_active() == []
    assert not connection.in_atomic_block
