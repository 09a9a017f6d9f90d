"""The cabinet's order export: every row ends as a line of an order or as a rejection a person can find in Excel."""

from __future__ import annotations

import io
import os
import random
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from qaitar.connectors.kaspi_files import facts
from qaitar.connectors.kaspi_files.reader import ExportFile, FileRefused, read_orders
from qaitar.connectors.kaspi_files.translate import day_start, tiyn
from qaitar.contracts.marketplace import OrderRecord, RowRejected, TenderKind
from qaitar.transport import workbook

REAL = Path(os.environ.get("QAITAR_REAL_DATA", "")) / "kaspi" / "active-orders-2025-07-31.xlsx"
CELLS = {
    facts.CODE: "700000001", facts.CREATED: "30.07.2025", facts.NAME: "Чайник", facts.OWN_NAME: "Чайник 1.7",
    facts.OFFER_CODE: "KZ-001", facts.AMOUNT: "11990", facts.CATEGORY: "Чайники", facts.ADDRESS: "г. Алматы",
    facts.STATUS_CHANGED: "31.07.2025", facts.STATUS: "Выдан", facts.PAYMENT: "Оплата в кредит",
    facts.DELIVERY: "Доставка (межгород)", facts.COURIER: "Kaspi Логистика", facts.QUANTITY: "1",
    facts.DELIVERY_COST: "0.0", facts.DELIVERY_COST_SELLER: "1455.0", facts.DELIVERY_COMPENSATION: "0.0",
    facts.COURIER_PLANNED: "31.07.2025", facts.HANDOVER_POINT: "30000001_PP1",
}  # fmt: skip


def xlsx(*rows: dict[str, str], columns: tuple[str, ...] = facts.COLUMNS, before: int = 0) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("Sheet0")
    for at, cells in enumerate([dict(zip(columns, columns, strict=True)), *rows], start=before):
        for column, name in enumerate(columns):
            sheet.write_string(at, column, cells.get(name, ""))
    book.close()
    return out.getvalue()


def read(body: bytes, **options: Any) -> tuple[list[OrderRecord], list[RowRejected]]:
    reported = read_orders(body, **options)
    assert isinstance(reported, ExportFile)
    met = list(reported)
    orders = [item for item in met if isinstance(item, OrderRecord)]
    rejected = [item for item in met if isinstance(item, RowRejected)]
    assert reported.rows_total == sum(len(order.lines or ()) for order in orders) + len(rejected)
    assert list(reported) == met, "a second reading gives the same"
    return orders, rejected


def row(**changes: str) -> dict[str, str]:
    return CELLS | {getattr(facts, name.upper()): text for name, text in changes.items()}


def priced(order: OrderRecord) -> list[tuple[str | None, int | None, int | None, int | None]]:
    """Article, quantity, price and sum of each line."""
    return [
        (line.offer_code, line.quantity_milli, line.price_minor, line.total_minor)
        for line in order.lines or ()
    ]


class TestOrders:
    def test_row_becomes_an_order(self):
        [order], rejected = read(xlsx(CELLS))
        assert rejected == []
        assert (order.code, order.status, order.state, order.status_text) == (
            "700000001",
            "COMPLETED",
            "ARCHIVE",
            "Выдан",
        )
        assert order.created_at == datetime(2025, 7, 29, 19, 0, tzinfo=UTC)
        assert order.status_changed_on == date(2025, 7, 31)
        assert order.delivered_at == datetime(2025, 7, 30, 19, 0, tzinfo=UTC)
        assert (order.total_minor, order.delivery_cost_seller_minor) == (11_990_00, 1_455_00)
        assert (order.payment_mode, order.delivery_mode) == (
            "PAY_WITH_CREDIT",
            "DELIVERY_REGIONAL_TODOOR",
        )
        assert order.tenders is not None
        assert [(t.kind, t.amount_minor) for t in order.tenders] == [(TenderKind.CREDIT, 11_990_00)]
        assert (order.is_kaspi_delivery, order.dates_are_days, order.customer) == (True, True, None)
        assert order.shop_number == "30000001"

    def test_rows_of_one_order_are_its_lines_wherever_they_stand(self):
        """«Сумма» is the order's and stands on each row; which part of it is a line's the file does not say."""
        other = row(code="700000002")
        second = row(offer_code="KZ-002", quantity="2")
        orders, rejected = read(xlsx(CELLS, other, second))
        assert rejected == []
        assert [order.code for order in orders] == ["700000002", "700000001"]
        assert (orders[1].total_minor, orders[1].delivery_cost_seller_minor) == (
            11_990_00,
            1_455_00,
        )
        assert priced(orders[1]) == [("KZ-001", 1000, None, None), ("KZ-002", 2000, None, None)]
        assert priced(orders[0]) == [("KZ-001", 1000, 11_990_00, 11_990_00)]
        assert orders[1].tenders is not None
        assert [t.amount_minor for t in orders[1].tenders] == [11_990_00]

    def test_equal_lines_share_the_sum(self):
        back = row(status="Возврат", status_changed="05.08.2025")
        [order], rejected = read(xlsx(CELLS, back))
        assert rejected == []
        assert order.total_minor == 11_990_00
        assert priced(order) == [("KZ-001", 1000, 5_995_00, 5_995_00)] * 2

    def test_equal_lines_do_not_share_what_does_not_divide(self):
        [order], _ = read(
            xlsx(row(amount="100"), row(amount="100", status="Возврат"), row(amount="100", status="Отменен"))
        )  # fmt: skip
        assert (order.total_minor, priced(order)) == (100_00, [("KZ-001", 1000, None, None)] * 3)

    def test_price_of_a_piece_is_known_where_the_sum_divides(self):
        [two], _ = read(xlsx(row(quantity="2", amount="12990")))
        assert priced(two) == [("KZ-001", 2000, 6_495_00, 12_990_00)]
        [three], _ = read(xlsx(row(quantity="3", amount="100")))
        assert priced(three) == [("KZ-001", 3000, None, 100_00)]

    def test_sums_that_differ_between_rows_are_not_known_and_a_note_says_so(self):
        [order], rejected = read(xlsx(CELLS, row(offer_code="KZ-002", amount="7000")))
        assert rejected == []
        assert (order.total_minor, order.delivery_cost_seller_minor) == (None, 1_455_00)
        assert [(note.row_number, note.code) for note in order.notes] == [(2, "rows_differ")]
        assert facts.AMOUNT in order.notes[0].reason

    def test_two_rows_with_two_statuses_keep_each_its_own(self):
        back = row(offer_code="KZ-002", status="Возврат", status_changed="05.08.2025")
        for rows in ((CELLS, back), (back, CELLS)):
            [order], _ = read(xlsx(*rows))
            assert (order.status, order.status_changed_on) == ("COMPLETED", date(2025, 7, 31))
            assert order.delivered_at == datetime(2025, 7, 30, 19, 0, tzinfo=UTC)
            assert order.lines is not None
            assert {(ln.offer_code, ln.status, ln.status_changed_on) for ln in order.lines} == {
                ("KZ-001", "COMPLETED", date(2025, 7, 31)),
                ("KZ-002", "RETURNED", date(2025, 8, 5)),
            }

    def test_what_is_under_way_speaks_for_the_order(self):
        rest = row(offer_code="KZ-002", status="Передан курьеру", status_changed="01.08.2025")
        [order], _ = read(xlsx(CELLS, rest))
        assert (order.status, order.state, order.delivered_at) == (
            "ACCEPTED_BY_MERCHANT",
            "KASPI_DELIVERY",
            None,
        )

    def test_rows_of_one_order_from_two_shops_are_no_order(self):
        orders, rejected = read(xlsx(CELLS, row(offer_code="K", handover_point="30000002_PP1")))
        assert orders == []
        assert [(bad.row_number, bad.reason_code) for bad in rejected] == [
            (2, "shops_differ"),
            (3, "shops_differ"),
        ]

    def test_words_never_seen_are_stored(self):
        [order], _ = read(
            xlsx(row(status="Утилизирован", payment="Бартер", delivery="Дрон", courier="Другая"))
        )
        assert (order.status, order.state, order.payment_mode) == ("Утилизирован", None, "Бартер")
        assert (order.delivery_mode, order.is_kaspi_delivery, order.delivered_at) == (
            "Дрон",
            None,
            None,
        )

    def test_columns_in_another_order_case_and_space(self):
        names = [*reversed(facts.COLUMNS), "Моя колонка"]
        columns = tuple(name.upper().replace(" ", "\u00a0 ") for name in names)
        cells = {column: CELLS.get(name, "") for column, name in zip(columns, names, strict=True)}
        reported = read_orders(xlsx(cells, columns=columns, before=4))
        assert isinstance(reported, ExportFile)
        [order] = reported
        assert isinstance(order, OrderRecord)
        assert (order.code, order.total_minor) == ("700000001", 11_990_00)
        assert len(reported.columns_unknown) == 1

    def test_a_number_may_stand_under_either_of_two_columns_of_its_name(self):
        head = f"{facts.CODE};{facts.CREATED};{facts.STATUS};{facts.CODE}"
        first, second = "700000001", "700000002"
        days = [f"{first};29.07.2025;Выдан;8", f";30.07.2025;Выдан;{first}"]
        lines = [*days, f";30.07.2025;Выдан;{second}"]
        reported = read_orders("\n".join([head, *lines]).encode())
        assert isinstance(reported, ExportFile)
        assert reported.rows_total == 3
        orders = [order for order in reported if isinstance(order, OrderRecord)]
        assert [(order.code, len(order.lines or ())) for order in orders] == [
            (first, 2),
            (second, 1),
        ]

    @pytest.mark.parametrize("beyond", [";;;заметка", ";;; ", ";;;;;итого"])
    def test_what_stands_next_to_the_table_is_no_row(self, beyond: str):
        """A note to the right of the table, or a sum under no heading, was counted and then nowhere to be found."""
        head = f"{facts.CODE};{facts.CREATED};{facts.STATUS};"
        reported = read_orders("\n".join([head, "700000001;29.07.2025;Выдан;", beyond]).encode())
        assert isinstance(reported, ExportFile)
        assert reported.rows_total == len(list(reported)) == 1

    def test_only_required_columns(self):
        [order], rejected = read(xlsx(CELLS, columns=facts.REQUIRED))
        assert rejected == []
        assert (order.code, order.total_minor, order.pickup_point) == ("700000001", None, None)

    def test_saved_again_by_excel_with_numbers_and_dates(self):
        out = io.BytesIO()
        book = xlsxwriter.Workbook(out, {"in_memory": True})
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        sheet.write_row(0, 0, [facts.CODE, facts.CREATED, facts.STATUS, facts.AMOUNT])
        sheet.write_number(1, 0, 700000001)
        sheet.write_datetime(1, 1, datetime(2025, 7, 30), day)  # noqa: DTZ001  a sheet's cell has no zone
        sheet.write_string(1, 2, "Возврат")
        sheet.write_number(1, 3, 1455.5)
        book.close()
        [order], _ = read(out.getvalue())
        assert (order.code, order.total_minor, order.status) == ("700000001", 1_455_50, "RETURNED")
        assert order.created_at == datetime(2025, 7, 29, 19, 0, tzinfo=UTC)

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
    @pytest.mark.parametrize("delimiter", [";", ",", "\t"])
    def test_csv_with_the_same_columns(self, encoding: str, delimiter: str):
        columns = (facts.CODE, facts.CREATED, facts.STATUS, facts.NAME)
        lines = [
            columns,
            ("700000001", "30.07.2025", "Возврат", '"Чайник\nс крышкой"'),
            ("", "", "", "x"),
        ]
        text = "\r\n".join(delimiter.join(line) for line in lines)
        [order], [bad] = read(text.encode(encoding))
        assert (order.code, order.status) == ("700000001", "RETURNED")
        assert order.lines is not None
        assert order.lines[0].name == "Чайник\nс крышкой"
        assert (bad.row_number, bad.reason_code) == (3, "no_code")


class TestRejections:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"code": ""}, "no_code"),
            ({"code": "12-34"}, "bad_code"),
            ({"code": "٧٠٠٠٠٠٠٠١"}, "bad_code"),
            ({"created": ""}, "no_date"),
            ({"created": "31.11.2025"}, "bad_date"),
            ({"created": "01.01.0001"}, "bad_date"),
            ({"status_changed": "вчера"}, "bad_date"),
            ({"amount": "дорого"}, "bad_amount"),
            ({"amount": "-5"}, "bad_amount"),
            ({"amount": "1e309"}, "bad_amount"),
            ({"quantity": "0"}, "bad_quantity"),
            ({"quantity": "две"}, "bad_quantity"),
        ],
    )
    def test_row_with_a_fault_is_named_by_its_number(self, changes: dict[str, str], code: str):
        orders, [bad] = read(xlsx(row(code="700000009"), {}, row(**changes)))
        assert [order.code for order in orders] == ["700000009"]
        assert (bad.row_number, bad.reason_code) == (4, code)
        assert "г. Алматы" not in repr(bad)

    def test_order_with_one_bad_row_is_not_accepted_by_half(self):
        orders, rejected = read(xlsx(CELLS, row(offer_code="KZ-002", amount="x")))
        assert orders == []
        assert [(bad.row_number, bad.reason_code) for bad in rejected] == [
            (3, "bad_amount"),
            (2, "sibling_rejected"),
        ]

    def test_row_repeated_is_not_sold_twice(self):
        [order], [bad] = read(xlsx(CELLS, CELLS))
        assert (order.total_minor, priced(order)) == (11_990_00, [("KZ-001", 1000, None, None)])
        assert (bad.row_number, bad.reason_code) == (3, "same_row_twice")

    def test_file_pasted_twice_is_not_sold_twice(self):
        other = row(code="700000002")
        orders, rejected = read(xlsx(CELLS, other, CELLS, other))
        assert [(order.code, priced(order)) for order in orders] == [
            ("700000001", [("KZ-001", 1000, 11_990_00, 11_990_00)]),
            ("700000002", [("KZ-001", 1000, 11_990_00, 11_990_00)]),
        ]
        assert [(bad.row_number, bad.reason_code) for bad in rejected] == [
            (4, "same_row_twice"),
            (5, "same_row_twice"),
        ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("11990", 1199000), ("1455.0", 145500), ("1 455,00", 145500), ("1\u00a0455,00", 145500), ("1\u202f455", 145500),
     ("0", 0), ("", None), ("1,455.00", None), ("1e3", None), ("١٢٣", None), ("9" * 16, None), ("NaN", None),
     ("41083.270000000004", 4108327), ("124599.99999999999", 12460000), ("1.29999E7", 1299990000), ("1.0E7", 1000000000),
     ("1,3E+07", None), ("1.234567E2", None), ("12.345", None), ("0.001", None), ("12.50", 1250), ("1.5E99", None)],
)  # fmt: skip
def test_money(text: str, expected: int | None):
    assert tiyn(text) == expected


def test_day_before_the_change_of_zone_is_six_hours_ahead():
    assert day_start("29.02.2024") == datetime(2024, 2, 28, 18, 0, tzinfo=UTC)
    assert day_start("01.03.2024") == datetime(2024, 2, 29, 19, 0, tzinfo=UTC)


def remade(change: Any, name: str = "xl/worksheets/sheet1.xml") -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx(CELLS))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            body = old.read(part)
            new.writestr(part.filename, change(body) if part.filename == name else body)
    return out.getvalue()


def with_cell(address: str) -> bytes:
    cell = f'<row r="9"><c r="{address}" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'.encode()
    return remade(lambda xml: xml.replace(b"</sheetData>", cell))


class TestHarmfulFiles:
    """A file from outside never ends the process, never eats its memory, and its sender hears why it was refused."""

    @pytest.mark.parametrize(
        ("address", "code"),
        [("XFD1048576", "far_cells"), ("GS1", "far_cells"), ("A200001", "far_cells"), ("xfd9", "far_cells"),
         ("A1048576", "far_cells"), ("", "unreadable"), ("A&#49;048576", "unreadable"), ("$A$1", "unreadable")],
    )  # fmt: skip
    def test_cell_far_away(self, address: str, code: str):
        assert self.refusal(with_cell(address)) == code

    def test_far_cell_is_named(self):
        reported = read_orders(with_cell("XFD1048576"))
        assert isinstance(reported, FileRefused)
        assert (
            "Cell XFD1048576 holds something beyond 200000 rows or 200 columns" in reported.reason
        )

    def test_far_cells_in_any_way_of_writing(self):
        for cell in (
            b"<c/>" * 200 + b"<c><v>1</v></c>",
            b'<x:c r="XFD1048576"><v>1</v></x:c>',
            b'<c s="1" t="n" r="XFD1048576"><v>1</v></c>',
            b"<c r='XFD1048576'><v>1</v></c>",
            b'<c r = "XFD1048576" ><v>1</v></c>',
        ):
            body = remade(
                lambda xml, cell=cell: xml.replace(
                    b"</sheetData>", b"<row>" + cell + b"</row></sheetData>"
                )
            )
            assert self.refusal(body) == "far_cells"

    @pytest.mark.parametrize("address", ["AN200000", "GR40000", "a9"])
    def test_last_cell_allowed_is_read(self, address: str):
        assert isinstance(read_orders(with_cell(address)), ExportFile)

    def test_rectangle_of_more_cells_than_memory_has_is_refused(self):
        assert self.refusal(with_cell("GR40001")) == "too_wide"

    def test_part_packed_a_thousand_times(self):
        assert self.refusal(remade(lambda xml: xml + b" " * 3_000_000)) == "bomb"

    def test_size_that_is_a_lie(self):
        body = bytearray(remade(lambda xml: xml + b" " * 100_000))
        entry = body.rindex(b"xl/worksheets/sheet1.xml") - 46
        assert body[entry : entry + 4] == b"PK\x01\x02"
        body[entry + 24 : entry + 28] = (500).to_bytes(4, "little")
        assert self.refusal(bytes(body)) == "bomb"

    def test_one_part_named_many_times(self):
        body = xlsx(CELLS)
        directory = body.index(b"PK\x01\x02")
        end = body.rindex(b"PK\x05\x06")
        tail = bytearray(body[end:])
        count = int.from_bytes(tail[8:10], "little") * 2
        tail[8:10] = tail[10:12] = count.to_bytes(2, "little")
        tail[12:16] = ((end - directory) * 2).to_bytes(4, "little")
        assert self.refusal(body[:end] + body[directory:end] + bytes(tail)) == "bomb"

    def test_more_parts_than_any_workbook_has(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for n in range(1001):
                archive.writestr(str(n), b"")
        assert self.refusal(out.getvalue()) == "bomb"

    def test_bigger_unpacked_than_allowed(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(workbook, "UNPACKED_BYTES_MAX", 1000)
        assert self.refusal(xlsx(CELLS)) == "bomb"

    def test_bigger_than_allowed(self):
        assert self.refusal(b"PK\x03\x04" + bytes(workbook.FILE_BYTES_MAX)) == "too_big"

    def test_entities_that_multiply(self):
        bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>'
        body = remade(
            lambda xml: xml.replace(b"<workbook", bomb + b"<workbook", 1).replace(
                b"Sheet0", b"&b;"
            ),
            "xl/workbook.xml",
        )
        reported = read_orders(body)
        assert isinstance(reported, FileRefused | ExportFile)

    @pytest.mark.parametrize(
        ("body", "code"),
        [(b"", "empty"), (b"  \n", "empty"), (b"PK\x03\x04", "not_xlsx"), (b"\xd0\xcf\x11\xe0 old", "old_excel"),
         ("просто текст".encode(), "no_header"), (b"\x00" * 50, "no_header"), (b"%PDF-1.7\n\x98", "unreadable")],
    )  # fmt: skip
    def test_file_of_another_kind(self, body: bytes, code: str):
        assert self.refusal(body) == code

    def test_required_column_missing_is_named(self):
        reported = read_orders(xlsx(CELLS, columns=(facts.CODE, facts.CREATED, facts.NAME)))
        assert reported == FileRefused("missing_columns", "Columns missing: Статус.")

    def test_bytes_changed_at_random_never_raise(self):
        genuine, dice = xlsx(CELLS, row(code="700000002")), random.Random(20260820)
        refused = 0
        for _ in range(400):
            body = bytearray(genuine)
            for _ in range(dice.randint(1, 12)):
                body[dice.randrange(len(body))] = dice.randrange(256)
            reported = read_orders(
                bytes(body[: dice.choice([len(body), dice.randrange(len(body))])])
            )
            refused += isinstance(reported, FileRefused)
            if isinstance(reported, ExportFile):
                list(reported)
        assert refused > 200

    @staticmethod
    def refusal(body: bytes) -> str:
        reported = read_orders(body)
        assert isinstance(reported, FileRefused)
        assert reported.reason.endswith(".")
        return reported.code


@pytest.mark.skipif(not REAL.is_file(), reason="QAITAR_REAL_DATA is not given")
def test_genuine_export_is_read_whole():
    orders, rejected = read(REAL.read_bytes())
    assert (len(orders), rejected) == (14, [])
    assert sum(order.total_minor or 0 for order in orders) == 206_860_00
    assert {order.status for order in orders} == {"ACCEPTED_BY_MERCHANT", "CANCELLING"}
    last = orders[-1]
    assert (last.status_text, last.cancellation_reason) == (
        "Ожидает отмены",
        "Клиент не забрал заказ",
    )
    assert last.status_changed_on == date(2025, 7, 26)
