"""Shapes of the Sheets API and of a service account's file, and ranges in A1 notation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,8})?")
_LETTERS = 26


class SheetsUnreadable(Exception):
    """Something that does not have the documented shape; says what is missing, never the content."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """The fields of a service account's file we use."""

    client_email: str
    private_key: str = field(repr=False)
    private_key_id: str
    token_uri: str


def service_account_of(text: str) -> ServiceAccount:
    """Read the JSON file Google gives out for a service account's key.

    Raises:
        Unreadable: it is not JSON or a field is missing.
    """
    try:
        record = json.loads(text)
    except ValueError as error:
        raise SheetsUnreadable("the service account's file is not JSON") from error
    if not isinstance(record, Mapping) or record.get("type") != "service_account":
        raise SheetsUnreadable(
            'the file is not one of a service account ("type": "service_account")'
        )
    for name in ("client_email", "private_key"):
        if not isinstance(record.get(name), str) or not record[name]:
            raise SheetsUnreadable(f"the service account's file has no {name}")
    return ServiceAccount(
        record["client_email"],
        record["private_key"],
        str(record.get("private_key_id") or ""),
        str(record.get("token_uri") or ""),
    )


def column_letters(index: int) -> str:
    """Return the letters of a column counted from 0.

    >>> column_letters(0), column_letters(25), column_letters(26), column_letters(701), column_letters(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    assert index >= 0
    letters = ""
    left = index + 1
    while left:
        left, rest = divmod(left - 1, _LETTERS)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """Return a column's place counted from 0.

    >>> column_index("A"), column_index("aa"), column_index("AAA")
    (0, 26, 702)
    """
    place = 0
    for letter in letters.upper():
        place = place * _LETTERS + ord(letter) - ord("A") + 1
    return place - 1


def sheet_range(title: str, cells: str = "") -> str:
    """Return cells of a sheet in A1 notation, or all of it; the title is always quoted, so any title works.

    >>> sheet_range("Возвраты Казахстан", "A2:C2"), sheet_range("Q1's", "A:A")
    ("'Возвраты Казахстан'!A2:C2", "'Q1''s'!A:A")
    """
    quoted = title.replace("'", "''")
    return f"'{quoted}'!{cells}" if cells else f"'{quoted}'"


def range_start(a1: str) -> tuple[int, int]:
    """Return column (from 0) and row (from 1) where a range of an answer begins.

    Raises:
        Unreadable: it is not a range with a first cell.

    >>> range_start("Sheet1!A5:F5"), range_start("'It''s!'!AB12")
    ((0, 5), (27, 12))
    """
    found = _CELL.fullmatch(a1.rpartition("!")[2].split(":", maxsplit=1)[0])
    if found is None or found[2] is None:
        raise SheetsUnreadable("a range without a first cell")
    return column_index(found[1]), int(found[2])


def rows_of(payload: Any) -> tuple[tuple[str, ...], ...]:
    """Read the rows of a `values` answer as text; an empty range has no ``values`` at all.

    Raises:
        Unreadable: it is not an answer with a range of rows.
    """
    if not isinstance(payload, Mapping) or "range" not in payload:
        raise SheetsUnreadable("no range of values")
    rows = payload.get("values", [])
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise SheetsUnreadable("values are not rows")
    return tuple(tuple("" if cell is None else str(cell) for cell in row) for row in rows)


def appended_start(payload: Any) -> tuple[int, int]:
    """Return where an append landed, column from 0 and row from 1, from its ``updates.updatedRange``.

    Raises:
        Unreadable: the answer does not say.
    """
    updates = payload.get("updates") if isinstance(payload, Mapping) else None
    if not isinstance(updates, Mapping) or not isinstance(updates.get("updatedRange"), str):
        raise SheetsUnreadable("no updatedRange")
    return range_start(updates["updatedRange"])
