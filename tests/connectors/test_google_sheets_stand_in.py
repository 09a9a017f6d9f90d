"""The stand-in of Google Sheets keeps Google's manners that hurt: tables, overwriting, formulas."""

from __future__ import annotations

from qaitar.sandbox.google_sheets.book import Book
from qaitar.sandbox.google_sheets.grid import Cell, Grid


def book(*rows: list[Cell]) -> Book:
    return Book("id", {"Sheet1": Grid("Sheet1", [list(row) for row in rows])})


def test_an_append_to_an_empty_sheet_has_no_table_range() -> None:
    answer = book().append("'Sheet1'", [["a", "b"]], raw=True, insert_rows=False)
    assert answer == {
        "spreadsheetId": "id",
        "updates": {
            "spreadsheetId": "id",
            "updatedRange": "Sheet1!A1:B1",
            "updatedRows": 1,
            "updatedColumns": 2,
            "updatedCells": 2,
        },
    }


def test_an_append_to_the_whole_sheet_lands_beside_the_table_under_the_last_note() -> None:
    sheet = book(["k", "s"], ["1", "x"], [], ["", "", "note"])
    answer = sheet.append("'Sheet1'", [["2", "y"]], raw=True, insert_rows=True)
    assert answer["tableRange"] == "Sheet1!C4"
    assert answer["updates"]["updatedRange"] == "Sheet1!C5:D5"


def test_overwrite_writes_over_what_stands_under_the_table_and_insert_does_not() -> None:
    rows: tuple[list[Cell], ...] = (["k", "s"], ["1", "x"], [], ["note"])
    two: list[list[Cell | None]] = [["2", "y"], ["3", "z"]]
    over, under = book(*rows), book(*rows)
    over.append("'Sheet1'!A1:B1", two, raw=True, insert_rows=False)
    under.append("'Sheet1'!A1:B1", two, raw=True, insert_rows=True)
    assert over.sheets["Sheet1"].rows == [["k", "s"], ["1", "x"], ["2", "y"], ["3", "z"]]
    assert under.sheets["Sheet1"].rows == [
        ["k", "s"],
        ["1", "x"],
        ["2", "y"],
        ["3", "z"],
        [],
        ["note"],
    ]


def test_user_entered_spoils_what_raw_keeps() -> None:
    sheet = book()
    values: list[list[Cell | None]] = [["=1+1", "+77011234567", "007"]]
    sheet.update("Sheet1!A1:C1", values, raw=True)
    sheet.update("Sheet1!A2:C2", values, raw=False)
    assert sheet.sheets["Sheet1"].rows == [
        ["=1+1", "+77011234567", "007"],
        ["#FORMULA", 77011234567, 7],
    ]


def test_null_leaves_a_cell_and_clear_empties_a_range() -> None:
    sheet = book(["a", "b", "c"])
    sheet.update("Sheet1!A1:C1", [[None, "B", ""]], raw=True)
    assert sheet.get("Sheet1!1:1")["values"] == [["a", "B"]]
    cleared = sheet.clear("'Sheet1'!A1:B1")
    assert cleared == {"spreadsheetId": "id", "clearedRange": "Sheet1!A1:B1"}
    assert "values" not in sheet.get("Sheet1!1:1")
