"""Exports in every form a person's spreadsheet gives them are read whole, and a refusal says the true reason."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
import xlsxwriter

from qaitar.connectors.kaspi_files import facts
from qaitar.connectors.kaspi_files.reader import ExportFile, FileRefused, read_orders
from qaitar.contracts.marketplace import OrderRecord, RowRejected
from qaitar.transport import sheet_cells
from tests.cases import case
from tests.connectors.test_kaspi_files import CELLS, remade, row, xlsx

SUMS = {
    "01-multi-row-order-total-repeated.xlsx": {"700000201": 38_940_00, "700000202": 12_980_00, "700000203": 6_490_00},
    "02-openxml-sdk-prefix-x.xlsx": {"700000301": 12_990_00, "700000302": 24_990_00},
    "03-cell-attributes-other-order.xlsx": {"700000301": 12_990_00, "700000302": 24_990_00},
    "04-row-painted-to-AZ.xlsx": {"700000301": 12_990_00, "700000302": 24_990_00},
    "05-amount-with-binary-noise.xlsx": {"700000501": 41_083_27, "700000502": 124_600_00, "700000503": 12_990_00},
    "09-export-on-second-sheet.xlsx": {"700000301": 12_990_00, "700000302": 24_990_00},
    "10-unicode-text-utf16.txt": {"700000301": 12_990_00, "700000302": 24_990_00},
    "11-title-line-with-commas.csv": {"700000301": 12_990_00, "700000302": 24_990_00},
    "12-equals-quoted-numbers.csv": {"700000301": 12_990_00, "700000302": 24_990_00},
}  # fmt: skip
COLUMNS = (facts.CODE, facts.CREATED, facts.STATUS, facts.AMOUNT, facts.NAME)
LINES = [
    ("700000001", "30.07.2025", "Выдан", "11990", "Чайник"),
    ("700000002", "30.07.2025", "Выдан", "12990", "Утюг"),
]


def opened(body: bytes) -> ExportFile:
    reported = read_orders(body)
    assert isinstance(reported, ExportFile), reported
    met = list(reported)
    rows = sum(len(each.row_numbers) if isinstance(each, OrderRecord) else 1 for each in met)
    assert rows == reported.rows_total
    return reported


def sums(body: bytes) -> dict[str, int | None]:
    return {each.code: each.total_minor for each in opened(body) if isinstance(each, OrderRecord)}


def rejected(body: bytes) -> list[tuple[int, str]]:
    return [
        (each.row_number, each.reason_code)
        for each in opened(body)
        if isinstance(each, RowRejected)
    ]


def table(delimiter: str = ";", lines: Any = tuple(LINES), above: str = "") -> str:
    return above + "\r\n".join(delimiter.join(line) for line in (COLUMNS, *lines))


@pytest.mark.parametrize("name", sorted(SUMS))
def test_small_inputs_that_failed_once(name: str) -> None:
    body = case(name)
    assert sums(body) == SUMS[name]
    assert rejected(body) == []


def test_lines_of_an_order_with_one_sum_have_no_price_of_their_own() -> None:
    [first, second, third] = opened(case("01-multi-row-order-total-repeated.xlsx"))
    assert isinstance(first, OrderRecord)
    assert isinstance(second, OrderRecord)
    assert isinstance(third, OrderRecord)
    assert [line.total_minor for line in first.lines or ()] == [None] * 6
    assert (first.delivery_cost_minor, first.delivery_cost_seller_minor) == (0, 895_00)
    assert [line.total_minor for line in second.lines or ()] == [None, None]
    assert [(line.price_minor, line.total_minor) for line in third.lines or ()] == [
        (6_490_00, 6_490_00)
    ]


class TestWorkbooks:
    def test_columns_of_ones_own_up_to_two_hundred(self) -> None:
        own = tuple(f"Моя {n}" for n in range(200 - len(facts.COLUMNS)))
        columns = (*own[:50], *facts.COLUMNS, *own[50:])
        reported = opened(xlsx({**CELLS, own[-1]: "x"}, columns=columns))
        assert len(reported.columns_unknown) == len(own)
        assert [each.total_minor for each in reported if isinstance(each, OrderRecord)] == [
            11_990_00
        ]

    def test_cells_painted_far_to_the_right_and_below(self) -> None:
        far = b'<row r="1048576"><c r="XFD1048576" s="1"/><c r="A1048576" s="2"></c></row></sheetData>'
        assert sums(remade(lambda xml: xml.replace(b"</sheetData>", far))) == {
            "700000001": 11_990_00
        }

    def test_cells_without_addresses(self) -> None:
        def bare(xml: bytes) -> bytes:
            return sheet_cells.re.sub(rb'<c r="[A-Z]+\d+"', b"<c", xml)

        assert sums(remade(bare)) == {"700000001": 11_990_00}

    def test_every_sheet_with_an_export_is_read_by_itself(self) -> None:
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
            for name, status in (
                ("Июнь", "Выдан"),
                ("Заметки", ""),
                ("Июль", "Возврат"),
                ("Итоги", ""),
            ):
                sheet = book.add_worksheet(name)
                if not status:
                    sheet.write_row(0, 0, ["Просто текст"] if name == "Заметки" else [facts.CODE, facts.CREATED, facts.NAME])  # fmt: skip
                    continue
                sheet.write_row(0, 0, COLUMNS)
                sheet.write_row(1, 0, ["700000001", "30.07.2025", status, "11990", "Чайник"])
                sheet.write_row(2, 0, ["7", "30.07.2025", status, "1", "Чайник"])
        reported = opened(out.getvalue())
        assert reported.sheets_unread == ("Заметки", "Итоги")
        assert [
            (each.sheet, each.code, each.status) if isinstance(each, OrderRecord) else (each.sheet, each.row_number)
            for each in reported
        ] == [("Июнь", "700000001", "COMPLETED"), ("Июнь", 3), ("Июль", "700000001", "RETURNED"), ("Июль", 3)]  # fmt: skip

    def test_amount_that_is_an_error_or_a_formula_without_a_value_is_not_empty(self) -> None:
        """The reader gives both as an empty cell; the sum of the order would silently be unknown."""
        at = f"{chr(ord('A') + facts.COLUMNS.index(facts.AMOUNT))}2"
        for cell in (
            f'<c r="{at}" t="e"><v>#N/A</v></c>',
            f'<c r="{at}"><f>A1*2</f></c>',
            f'<c r="{at}" s="1"><f>A1*2</f><v></v></c>',
            f'<x:c r="{at}"><x:f>A1*2</x:f><x:v/></x:c>',
        ):
            body = remade(
                lambda xml, cell=cell: sheet_cells.re.sub(
                    rf'<c r="{at}"[^>]*>.*?</c>'.encode(), cell.encode(), xml
                )
            )
            assert rejected(body) == [(2, "bad_amount")], cell

    @pytest.mark.parametrize(
        ("part", "code", "reason"),
        [
            ("xl/workbook.bin", "other_kind", "Binary Excel (.xlsb): save it as .xlsx."),
            ("content.xml", "other_kind", "An OpenDocument table (.ods): save it as .xlsx."),
        ],
    )
    def test_other_kinds_of_workbooks_are_named(self, part: str, code: str, reason: str) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(part, b"x")
        assert read_orders(out.getvalue()) == FileRefused(code, reason)

    def test_old_excel_and_a_password_are_reported_apart(self) -> None:
        locked = b"\xd0\xcf\x11\xe0" + bytes(100) + "EncryptedPackage".encode("utf-16-le")
        assert read_orders(locked) == FileRefused(
            "encrypted", "The workbook is protected by a password."
        )
        assert read_orders(b"\xd0\xcf\x11\xe0" + bytes(100)) == FileRefused(
            "old_excel", "Old Excel (.xls): save it as .xlsx."
        )

    def test_a_sheet_in_an_unusual_encoding_is_refused(self) -> None:
        reported = read_orders(remade(lambda xml: xml.decode().encode("utf-16")))
        assert reported == FileRefused("unreadable", "A sheet is written in an unusual encoding.")


class TestText:
    @pytest.mark.parametrize(
        "encoding",
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1251", "cp866"],
    )
    @pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
    def test_encodings_and_delimiters(self, encoding: str, delimiter: str) -> None:
        assert sums(table(delimiter).encode(encoding)) == {
            "700000001": 11_990_00,
            "700000002": 12_990_00,
        }

    def test_title_lines_with_any_signs_above(self) -> None:
        above = "Заказы, июнь, июль; август,,,,,\r\n\r\nsep=;\r\n"
        assert sums(table(above=above).encode("cp1251")) == {
            "700000001": 11_990_00,
            "700000002": 12_990_00,
        }

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
    def test_a_bad_byte_pair_costs_its_row_only(self, encoding: str) -> None:
        lines = [(str(700_000_000 + n), "30.07.2025", "Выдан", "100", "Чайник") for n in range(60)]
        good = table(lines=lines).encode(encoding)
        at = good.index(b"700000030")
        name = good.index(lines[30][4].encode(encoding.removesuffix("-sig")), at)
        body = good[:name] + b"\x98\xff" + good[name:]
        assert rejected(body) == [(32, "broken_text")]
        assert len(sums(body)) == 59

    def test_half_a_character_of_utf16_costs_its_row_only(self) -> None:
        body = table().encode("utf-16-le").replace("Утюг".encode("utf-16-le"), b"\x00\xd8x\x00")
        assert rejected(b"\xff\xfe" + body) == [(3, "broken_text")]

    def test_a_quotation_mark_left_open_swallows_no_rows(self) -> None:
        lines = [(*LINES[0][:4], '"Чайник'), LINES[1], ("700000003", *LINES[1][1:])]
        assert rejected(table(lines=lines).encode()) == [(2, "quote_open")]
        assert set(sums(table(lines=lines).encode())) == {"700000002", "700000003"}

    def test_a_cell_of_several_lines_is_one_cell(self) -> None:
        lines = [(*LINES[0][:4], '"Чайник\n2026 года; новый\n\n"'), LINES[1]]
        [first, _] = opened(table(lines=lines).encode())
        assert isinstance(first, OrderRecord)
        assert first.lines is not None
        assert first.lines[0].name == "Чайник\n2026 года; новый"

    def test_numbers_stored_from_excel(self) -> None:
        lines = [
            ('="700000001"', "'30.07.2025", "Выдан", '="11990.5"', '="Чайник"'),
            ('"=""700000002"""', "30.07.2025", "Выдан", "'12990", "'Чайник'"),
        ]
        assert sums(table(lines=lines).encode()) == {"700000001": 11_990_50, "700000002": 12_990_00}

    def test_a_number_excel_has_rounded_is_not_guessed_at(self) -> None:
        lines = [(*LINES[0][:3], "1,3E+07", "Рояль"), (*LINES[1][:3], "1.29999E7", "Рояль")]
        assert rejected(table(lines=lines).encode()) == [(2, "bad_amount")]
        assert sums(table(lines=lines).encode()) == {"700000002": 12_999_900_00}

    def test_damaged_rows_name_their_column(self) -> None:
        body = table().encode().replace("Утюг".encode(), b"\xd0\x98\x98\xff")
        [bad] = [each for each in opened(body) if isinstance(each, RowRejected)]
        assert (bad.row_number, bad.reason_code) == (3, "broken_text")
        assert facts.NAME in bad.reason


def test_shops_are_counted_by_their_numbers() -> None:
    reported = opened(
        xlsx(CELLS, row(code="700000002", handover_point="30000002_PP3"), row(code="700000003", handover_point=""))
    )  # fmt: skip
    assert reported.shops == {"30000001": 1, "30000002": 1}
    assert [each.shop_number for each in reported if isinstance(each, OrderRecord)] == [
        "30000001",
        "30000002",
        None,
    ]
