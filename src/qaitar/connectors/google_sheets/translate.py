"""Register rows ↔ ranges of cells, and Google's errors → our outcomes.  Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qaitar.connectors.google_sheets import facts, wire
from qaitar.contracts.outcome import Busy, Misconfigured, Refused, Unknown
from qaitar.contracts.register import Cell, RegisterKeys, RegisterRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qaitar.transport.http import Reply

Trouble = Refused | Misconfigured | Busy | Unknown
Range = dict[str, Any]  # a ValueRange: {"range": …, "values": [[…]]}
_WORDS_CHARS_MAX = 300


@dataclass(frozen=True, slots=True)
class Layout:
    """Where our columns stand in row 1 today, counted from 0; `last` is the rightmost of them."""

    key: int
    columns: Mapping[str, int]
    last: int


def layout_of(
    headings: Sequence[str], key_heading: str, columns: Mapping[str, str]
) -> Layout | Misconfigured:
    """Find our columns by their headings, wherever people have moved them.

    Row 1 may have no gap up to our last column: Google takes a gap for the edge of a table, and would add new
    rows beside the table instead of under it.

    >>> layout_of(["Ключ", "Комментарий", "Статус"], "Ключ", {"status": "Статус"})
    Layout(key=0, columns={'status': 2}, last=2)
    >>> layout_of(["Ключ"], "Ключ", {"status": "Статус"}).what
    'The sheet has no column headed: Статус.'
    """
    places: dict[str, list[int]] = {}
    for place, heading in enumerate(headings):
        places.setdefault(heading.strip(), []).append(place)
    wanted = [key_heading, *columns.values()]
    missing = [heading for heading in wanted if heading not in places]
    if missing:
        return Misconfigured(
            f"The sheet has no column headed: {', '.join(missing)}.",
            "Put the headings into row 1 as they are in the settings, or change the settings.",
        )
    twice = [heading for heading in wanted if len(places[heading]) > 1]
    if twice:
        return Misconfigured(
            f"The sheet has several columns headed: {', '.join(twice)}.",
            "Leave each heading once in row 1.",
        )
    last = max(places[heading][0] for heading in wanted)
    gap = next((place for place in range(last) if not headings[place].strip()), None)
    if gap is not None:
        return Misconfigured(
            f"Column {wire.column_letters(gap)} has no heading in row 1.",
            f"Give every column from A to {wire.column_letters(last)} a heading.",
        )
    ours = {name: places[heading][0] for name, heading in columns.items()}
    return Layout(key=places[key_heading][0], columns=ours, last=last)


def keys_of(column: Sequence[Sequence[str]]) -> RegisterKeys:
    """Read the key column from row 1 on: the heading and blank cells are passed over, doubles are reported.

    >>> keys_of([["Ключ"], ["R-1"], [], ["R-2"], ["R-1"]])
    RegisterKeys(rows={'R-1': 2, 'R-2': 4}, duplicates={'R-1': (2, 5)})
    """
    places: dict[str, list[int]] = {}
    for row, cells in enumerate(column, start=1):
        key = cells[0].strip() if cells else ""
        if key and row > 1:
            places.setdefault(key, []).append(row)
    return RegisterKeys(
        {key: rows[0] for key, rows in places.items()},
        duplicates={key: tuple(rows) for key, rows in places.items() if len(rows) > 1},
    )


def merged(rows: Sequence[RegisterRow]) -> dict[str, dict[str, Cell]]:
    """Join rows of one key into one, the later cell winning.

    >>> merged([RegisterRow("R-1", {"a": 1, "b": 2}), RegisterRow("R-1", {"b": 3})])
    {'R-1': {'a': 1, 'b': 3}}
    """
    joined: dict[str, dict[str, Cell]] = {}
    for row in rows:
        joined.setdefault(row.key, {}).update(row.cells)
    return joined


def update_ranges(
    title: str, layout: Layout, row: int, cells: Mapping[str, Cell]
) -> Iterator[Range]:
    """Yield one range for each run of neighbouring cells of ours in a row; people's columns between stay out."""
    placed = sorted((layout.columns[name], cell) for name, cell in cells.items())
    run: list[tuple[int, Cell]] = []
    for place, cell in placed:
        if run and place != run[-1][0] + 1:
            yield _range(title, row, run)
            run = []
        run.append((place, cell))
    if run:
        yield _range(title, row, run)


def append_values(layout: Layout, key: str, cells: Mapping[str, Cell]) -> list[Cell]:
    """Return a new row from column A to our last; null leaves a cell that is not ours alone.

    >>> append_values(Layout(key=0, columns={"status": 2}, last=2), "R-1", {"status": "new"})
    ['R-1', None, 'new']
    """
    values: list[Cell] = [None] * (layout.last + 1)
    values[layout.key] = key
    for name, cell in cells.items():
        values[layout.columns[name]] = cell
    return values


def disturbed_keys(
    before: Mapping[str, int],
    after: Mapping[str, int],
    written: Mapping[str, Mapping[str, Cell]],
) -> set[str]:
    """Name the keys that now stand where a moved row stood when we wrote, and so may have got its values.

    A key that is about to be written again with the same columns repairs itself and is not named.

    >>> disturbed_keys({"R-1": 2, "R-2": 3}, {"R-1": 3, "R-2": 2}, {"R-1": {"a": 1}})
    {'R-2'}
    """
    hit = {before[key]: key for key in written if after.get(key) != before[key]}
    return {
        key
        for key, row in after.items()
        if row in hit and not set(written[hit[row]]) <= set(written.get(key, ()))
    }


def batches(items: Sequence[Any], bytes_max: int = facts.BODY_BYTES_MAX) -> Iterator[list[Any]]:
    """Cut a list into parts whose JSON stays under the advised size; a single bigger item goes alone.

    >>> list(batches(["aaaa", "bbbb", "cccc"], bytes_max=20))
    [['aaaa', 'bbbb'], ['cccc']]
    """
    part: list[Any] = []
    size = 0
    for item in items:
        item_bytes = len(json.dumps(item, ensure_ascii=False).encode()) + 2
        if part and size + item_bytes > bytes_max:
            yield part
            part, size = [], 0
        part.append(item)
        size += item_bytes
    if part:
        yield part


def reply_trouble(
    reply: Reply, payload: Any, *, writes: bool, account_email: str
) -> Trouble | None:
    """Judge an answer; None means it is a success and may be read.

    Google says 429 before doing anything.  A 5xx may come after the work was done: a write is then `Unknown`.
    """
    words = _error_words(payload)
    if reply.status == 429:  # noqa: PLR2004  RESOURCE_EXHAUSTED
        return Busy(
            f"Google's quota for this minute is used up. {words}".strip(), retry_after_s(reply)
        )
    if reply.status >= 500 or reply.status == 408:  # noqa: PLR2004  gateways say these after the work as well
        message = f"Google answered HTTP {reply.status}. {words}".strip()
        return Unknown(message) if writes else Busy(message, retry_after_s(reply))
    if reply.ok:
        return (
            None
            if isinstance(payload, Mapping)
            else Unknown("Google's answer is not a JSON object.")
        )
    return _refusal(reply.status, words, account_email)


def retry_after_s(reply: Reply) -> int:
    """Return the wait an answer asks for in whole seconds, a minute when it does not say."""
    header = reply.headers.get("retry-after", "")
    return min(int(header), 3600) if header.isascii() and header.isdigit() else facts.RETRY_AFTER_S


def _refusal(status: int, words: str, account_email: str) -> Trouble:
    if status == 401:  # noqa: PLR2004  UNAUTHENTICATED
        return Misconfigured(
            f"Google does not accept the service account's token. {words}".strip(),
            "Check that the service account and its key are still there, and that this machine's clock is right.",
        )
    if status == 403:  # noqa: PLR2004  PERMISSION_DENIED
        return Misconfigured(
            f"The service account may not open or change the spreadsheet. {words}".strip(),
            f"Share the spreadsheet with {account_email} as an editor,"
            " and see that the Google Sheets API is switched on in the account's project.",
        )
    if status == 404 or 300 <= status < 400:  # noqa: PLR2004  NOT_FOUND
        return Misconfigured(
            f"Google knows no spreadsheet with this id. {words}".strip(),
            "Copy the id again: the part of the spreadsheet's address between /d/ and /edit.",
        )
    if status == 400 and "Unable to parse range" in words:  # noqa: PLR2004  INVALID_ARGUMENT
        return Misconfigured(
            f"The spreadsheet has no sheet with this name. {words}",
            "Check the sheet's name on its tab.",
        )
    return Refused(f"Google refused (HTTP {status}). {words}".strip())


def _range(title: str, row: int, run: Sequence[tuple[int, Cell]]) -> Range:
    first, last = wire.column_letters(run[0][0]), wire.column_letters(run[-1][0])
    cells = ["" if cell is None else cell for _, cell in run]  # null would leave the old value
    return {"range": wire.sheet_range(title, f"{first}{row}:{last}{row}"), "values": [cells]}


def _error_words(payload: Any) -> str:
    error = payload.get("error") if isinstance(payload, Mapping) else None
    if not isinstance(error, Mapping):
        return ""
    text = f"{error.get('status') or ''}: {error.get('message') or ''}".strip(": ")
    return text[:_WORDS_CHARS_MAX]
