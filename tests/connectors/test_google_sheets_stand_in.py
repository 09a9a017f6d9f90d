"""The stand-in of Google Sheets keeps Google's manners that hurt: tables, overwriting, formulas."""

from __future__ import annotations

import pytest

from qaitar.sandbox.google_sheets.book import Book, Invalid
from qaitar.sandbox.google_sheets.grid import Cell, Grid
from qaitar.sandbox.google_sheets.protection import REFUSED


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


def test_an_append_to_the_whole_sheet_lands_next_to_the_table_under_the_last_note() -> None:
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


ROBOT, OWNER = "robot@example.com", "owner@example.com"


def test_a_protected_range_moves_with_its_rows_and_stops_whole_requests() -> None:
    sheet = book(["k"], ["1"], ["2"], ["3"])
    sheet.people_protect("Sheet1", "A3:Z3", editors=frozenset({OWNER}))
    sheet.people_insert_row("Sheet1", 2, ["0"])
    with pytest.raises(Invalid) as refused:
        sheet.batch_update(
            [("Sheet1!A2", [["x"]]), ("Sheet1!A4", [["y"]])], raw=True, account=ROBOT
        )
    assert str(refused.value) == f"Invalid data[1]: {REFUSED}"
    assert sheet.get("Sheet1!A1:A9")["values"] == [["k"], ["0"], ["1"], ["2"], ["3"]]
    sheet.update("Sheet1!A4", [["y"]], raw=True, account=OWNER)
    sheet.update("Sheet1!A3", [["x"]], raw=True, account=ROBOT)
    assert sheet.get("Sheet1!A1:A9")["values"] == [["k"], ["0"], ["x"], ["y"], ["3"]]


def test_protected_ranges_are_displayed_as_the_reference_says() -> None:
    sheet = book(["k"])
    sheet.people_protect("Sheet1", "A3:Z3", editors=frozenset({OWNER}))
    sheet.people_protect("Sheet1", unprotected=("B2:C4",), warning_only=True)
    assert sheet.sheets_as_json(ROBOT)["sheets"][0]["protectedRanges"] == [
        {"range": {"sheetId": 0, "startRowIndex": 2, "endRowIndex": 3}},
        {
            "range": {"sheetId": 0},
            "unprotectedRanges": [
                {
                    "sheetId": 0,
                    "startRowIndex": 1,
                    "endRowIndex": 4,
                    "startColumnIndex": 1,
                    "endColumnIndex": 3,
                }
            ],
            "warningOnly": True,
            "requestingUserCanEdit": True,
        },
    ]
    assert sheet.sheets_as_json(OWNER)["sheets"][0]["protectedRanges"][0]["requestingUserCanEdit"]


def test_clear_and_append_keep_out_of_protected_cells() -> None:
    sheet = book(["k", "s"], ["1", "x"])
    sheet.people_protect("Sheet1", "B2:B9")
    for write in (
        lambda: sheet.clear("Sheet1!A1:B2", account=ROBOT),
        lambda: sheet.append(
            "Sheet1!A1:B1", [["2", "y"]], raw=True, insert_rows=True, account=ROBOT
        ),
    ):
        with pytest.raises(Invalid, match="protected cell"):
            write()
    sheet.append("Sheet1!A1:B1", [["2", None]], raw=True, insert_rows=True, account=ROBOT)
    assert sheet.get("Sheet1!A1:B9")["values"] == [["k", "s"], ["1", "x"], ["2"]]
