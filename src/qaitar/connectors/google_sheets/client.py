"""Keeps one sheet as a register: look up by key, update in place, add under the table, look again when unsure."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from qaitar.connectors.google_sheets import facts, protection, translate, wire
from qaitar.connectors.google_sheets.account import TokenSource
from qaitar.connectors.google_sheets.refused_rows import RowTrouble, write_apart
from qaitar.contracts.outcome import (
    ADDRESS_NOT_ALLOWED,
    Busy,
    Healthy,
    Misconfigured,
    Refused,
    Unknown,
)
from qaitar.contracts.register import RegisterKeys, Written
from qaitar.transport.http import (
    AddressNotAllowed,
    HttpClient,
    NoAnswer,
    NotJson,
    NotSent,
    Reply,
    Request,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from qaitar.connectors.google_sheets.facts import GoogleSheetsSettings
    from qaitar.connectors.google_sheets.translate import Layout, Trouble
    from qaitar.contracts.outcome import Health
    from qaitar.contracts.register import Cell, RegisterOutcome, RegisterRow

_RAW = (("valueInputOption", "RAW"),)  # USER_ENTERED would run a buyer's "=…" and eat leading zeros
_UNAUTHENTICATED = 401

Cells = dict[str, "Cell"]


class GoogleSheetsRegister:
    """Implements `Register` for one sheet.  Close it when done (context manager).

    An append has no idempotency key at Google: it is sent once, and when its answer is lost the keys are read
    again to see whether it was done.  `clock` gives the aware time that goes into the token request.
    """

    def __init__(self, settings: GoogleSheetsSettings, *, clock: Callable[[], datetime]) -> None:
        """Prepare the connection; nothing is sent yet.

        Raises:
            qaitar.connectors.google_sheets.wire.SheetsUnreadable: the service account's file is not one.
        """
        account = wire.service_account_of(settings.service_account_json)
        self._settings = settings
        self.account_email = account.client_email
        self._tokens = TokenSource(
            account,
            token_url=settings.token_url or account.token_uri or facts.TOKEN_URL,
            clock=clock,
            timeouts=settings.timeouts,
        )
        self._http = HttpClient(settings.sheets_url, timeouts=settings.timeouts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections kept alive and forget the token."""
        self._tokens.close()
        self._http.close()

    def write(self, rows: Sequence[RegisterRow], /) -> RegisterOutcome:
        """Update the rows whose keys are there, check that nobody moved them meanwhile, then add the others.

        A row Google refuses, because it is protected or because of what is in it, stops no other row.
        """
        wanted = translate.merged(rows)
        strange = sorted(
            {name for cells in wanted.values() for name in cells} - set(self._settings.columns)
        )
        if strange:
            return Misconfigured(
                f"No heading is set for: {', '.join(strange)}.",
                "Name its heading in the connection.",
            )
        if not wanted:
            return Written()
        layout = self._layout_made()
        if not isinstance(layout, translate.Layout):
            return self._without_protection(layout)
        keys = self._keys(layout)
        if not isinstance(keys, RegisterKeys):
            return keys
        return self._without_protection(self._write(layout, keys, wanted))

    def health(self) -> Health:
        """Read row 1, check the headings, and see whether the sheet is protected from us."""
        layout = self._layout()
        if isinstance(layout, Refused | Misconfigured | Busy | Unknown):
            return layout
        found = (
            "The sheet is empty: the headings are written with the first row."
            if layout is None
            else f"All {len(layout.columns) + 1} headings found."
        )
        facts_read = (f"The spreadsheet opens for {self.account_email}.", found)
        if layout is None:
            return Healthy(facts_read)
        return self._protected_from_us(layout, facts_read)

    def _protected_from_us(self, layout: Layout, facts_read: tuple[str, ...]) -> Health:
        columns = [layout.key, *layout.columns.values()]
        ranges = [one for one in self._protections() if any(map(one.reaches_column, columns))]
        if any(one.without_end for one in ranges):
            return self._protected_sheet()
        part = "A part of our columns is protected: rows there are not written."
        return Healthy((*facts_read, part) if ranges else facts_read)

    def _write(
        self, layout: Layout, keys: RegisterKeys, wanted: Mapping[str, Cells]
    ) -> RegisterOutcome:
        updates = {key: cells for key, cells in wanted.items() if key in keys}
        doubles = {key: keys.duplicates[key] for key in updates if key in keys.duplicates}
        refused: dict[str, RowTrouble] = {}
        disturbed = self._update(layout, keys, updates, refused)
        if isinstance(disturbed, Refused | Misconfigured | Busy | Unknown):
            return disturbed
        appends = {key: cells for key, cells in wanted.items() if key not in keys}
        not_added = self._append(layout, appends)
        if isinstance(not_added, Refused | Misconfigured | Busy | Unknown):
            return not_added
        refused |= not_added
        about_rows = [why for why in refused.values() if not _is_protection(why)]
        if len(about_rows) == len(wanted) and isinstance(about_rows[0], Refused):
            return about_rows[0]  # not a single row was taken: it is not about one of them
        return Written(
            tuple(key for key in updates if key not in refused),
            tuple(key for key in appends if key not in refused),
            doubles,
            tuple(sorted(disturbed)),
            refused,
        )

    def _update(
        self,
        layout: Layout,
        keys: RegisterKeys,
        updates: Mapping[str, Cells],
        refused: dict[str, RowTrouble],
    ) -> set[str] | Trouble:
        """Write known rows in place until none has moved meanwhile; return the keys of rows hit by mistake.

        Rows Google refuses are put into `refused` with their reasons.
        """
        before, left = keys, {key: cells for key, cells in updates.items() if cells}
        disturbed: set[str] = set()
        for _ in range(facts.MOVED_ROUNDS_MAX):
            if not left:
                return disturbed - set(left)
            not_written = self._put(layout, before, left)
            if isinstance(not_written, Refused | Misconfigured | Busy | Unknown):
                return not_written
            refused |= not_written
            left = {key: cells for key, cells in left.items() if key not in refused}
            after = self._keys(layout)
            if not isinstance(after, RegisterKeys):
                return Unknown(f"The rows were written but could not be checked: {after}")
            moved = [key for key in left if after.get(key) != before[key]]
            disturbed |= translate.disturbed_keys(before, after, left)
            if any(key not in after for key in moved):
                return Unknown("People removed rows while they were written.")
            before, left = after, {key: left[key] for key in moved}
        return Unknown("People keep moving rows while they are written.") if left else disturbed

    def _put(
        self, layout: Layout, keys: Mapping[str, int], cells_by_key: Mapping[str, Cells]
    ) -> dict[str, RowTrouble] | Trouble:
        """Write rows in place; return those Google refuses, with the reason of each."""
        title = self._settings.sheet_title

        def send(part: Sequence[str]) -> Trouble | None:
            ranges = [
                cells_range
                for key in part
                for cells_range in translate.update_ranges(
                    title, layout, keys[key], cells_by_key[key]
                )
            ]
            for data in translate.batches(ranges):
                body = {"valueInputOption": "RAW", "data": data}
                request = Request("POST", self._path("/values:batchUpdate"), json_body=body)
                payload = self._call(request)
                if isinstance(payload, Refused | Misconfigured | Busy | Unknown):
                    return payload
            return None

        def explain(part: Sequence[str], trouble: Refused) -> Mapping[str, RowTrouble]:
            if protection.REFUSED_WORDS not in trouble.reason:
                return {}
            ranges = self._protections()
            return {
                key: self._protected_row(keys[key])
                for key in part
                if any(
                    one.keeps_from(keys[key], [layout.columns[name] for name in cells_by_key[key]])
                    for one in ranges
                )
            }

        return write_apart(list(cells_by_key), send, explain)

    def _append(
        self, layout: Layout, appends: Mapping[str, Cells]
    ) -> dict[str, RowTrouble] | Trouble:
        """Add rows under the table that holds the headings, by inserting rows so that nothing is overwritten.

        Returns those Google refuses: where the place under the table is protected, that is all of them.
        """
        refused: dict[str, RowTrouble] = {}
        rows = [
            (key, translate.append_values(layout, key, cells)) for key, cells in appends.items()
        ]

        def explain(part: Sequence[str], trouble: Refused) -> Mapping[str, RowTrouble]:
            if protection.REFUSED_WORDS not in trouble.reason:
                return {}
            return dict.fromkeys(part, self._protected_sheet())

        for batch in translate.batches(rows):
            values = dict(batch)
            send = partial(self._add, layout, values)
            not_added = write_apart(list(values), send, explain)
            if not isinstance(not_added, dict):
                return not_added
            refused |= not_added
        return refused

    def _add(
        self, layout: Layout, values: Mapping[str, list[Cell]], keys: Sequence[str]
    ) -> Trouble | None:
        cells = f"A1:{wire.column_letters(layout.last)}1"
        options = (*_RAW, ("insertDataOption", "INSERT_ROWS"))
        body = {"majorDimension": "ROWS", "values": [values[key] for key in keys]}
        path = self._values_path(cells, ":append")
        payload = self._call(Request("POST", path, params=options, json_body=body))
        if isinstance(payload, Refused | Misconfigured | Busy):
            return payload
        return self._landed(layout, payload, keys)

    def _protections(self) -> tuple[protection.Protection, ...]:
        """Read the ranges our account may not edit; none when they cannot be read."""
        options = (("fields", protection.FIELDS),)
        payload = self._call(Request("GET", self._path(""), params=options))
        if isinstance(payload, Refused | Misconfigured | Busy | Unknown):
            return ()
        return protection.protections_of(payload, self._settings.sheet_title)

    def _protected_row(self, row: int) -> Misconfigured:
        return Misconfigured(
            f"Row {row} of the sheet is protected.", self._protected_how(), whole=False
        )

    def _protected_sheet(self) -> Misconfigured:
        return Misconfigured("The sheet is protected.", self._protected_how(), whole=False)

    def _protected_how(self) -> str:
        return (
            f"Let {self.account_email} edit the protected range, or remove the protection:"
            " what waits is written by itself then."
        )

    def _without_protection(self, outcome: RegisterOutcome) -> RegisterOutcome:
        """Turn a refusal because of protected cells, wherever it was met, into the setting it is."""
        if _is_protection(outcome):
            return self._protected_sheet()
        if not isinstance(outcome, Written):
            return outcome
        refused = {
            key: self._protected_sheet() if _is_protection(why) else why
            for key, why in outcome.refused.items()
        }
        return replace(outcome, refused=refused)

    def _landed(
        self, layout: Layout, payload: Any, keys: Sequence[str]
    ) -> Misconfigured | Unknown | None:
        """Make sure of an append: by its answer, or by the keys when there is no readable answer."""
        try:
            column, row = wire.appended_start(payload)
        except wire.SheetsUnreadable:
            return self._settled(layout, keys)
        if column == 0:
            return None
        return Misconfigured(
            f"Google added rows from {wire.column_letters(column)}{row} on, beside the table.",
            "Move these cells under the table's headings, and remove what stands left of it.",
        )

    def _settled(self, layout: Layout, keys: Sequence[str]) -> Unknown | None:
        now_there = self._keys(layout)
        if not isinstance(now_there, RegisterKeys):
            return Unknown(f"Rows may have been added; the keys could not be read: {now_there}")
        absent = [key for key in keys if key not in now_there]
        return (
            Unknown(f"{len(absent)} rows are not seen yet after a lost answer.") if absent else None
        )

    def _layout_made(self) -> Layout | Trouble:
        layout = self._layout()
        if layout is not None:
            return layout
        headings = [self._settings.key_heading, *self._settings.columns.values()]
        cells = f"A1:{wire.column_letters(len(headings) - 1)}1"
        body = {"majorDimension": "ROWS", "values": [headings]}
        request = Request("PUT", self._values_path(cells), params=_RAW, json_body=body)
        payload = self._call(request)
        if isinstance(payload, Refused | Misconfigured | Busy | Unknown):
            return payload
        return translate.layout_of(headings, headings[0], self._settings.columns)

    def _layout(self) -> Layout | Trouble | None:
        """Find our columns in row 1; None is a sheet without a single cell filled."""
        rows = self._rows("1:1")
        if not isinstance(rows, tuple):
            return rows
        if rows and any(heading.strip() for heading in rows[0]):
            settings = self._settings
            return translate.layout_of(rows[0], settings.key_heading, settings.columns)
        below = self._rows("")
        if not isinstance(below, tuple):
            return below
        if any(cell.strip() for row in below for cell in row):
            return Misconfigured("Row 1 of the sheet is blank.", "Put the headings into row 1.")
        return None

    def _keys(self, layout: Layout) -> RegisterKeys | Misconfigured | Busy | Unknown:
        letters = wire.column_letters(layout.key)
        rows = self._rows(f"{letters}:{letters}")
        if isinstance(rows, Refused):
            return Unknown(rows.reason)
        return translate.keys_of(rows) if isinstance(rows, tuple) else rows

    def _rows(self, cells: str) -> tuple[tuple[str, ...], ...] | Trouble:
        payload = self._call(Request("GET", self._values_path(cells)))
        if isinstance(payload, Refused | Misconfigured | Busy | Unknown):
            return payload
        try:
            return wire.rows_of(payload)
        except wire.SheetsUnreadable as error:
            return Unknown(f"Google's answer cannot be read: {error}")

    def _path(self, rest: str) -> str:
        return f"/v4/spreadsheets/{quote(self._settings.spreadsheet_id, safe='')}{rest}"

    def _values_path(self, cells: str, action: str = "") -> str:
        where = wire.sheet_range(self._settings.sheet_title, cells)
        return self._path(f"/values/{quote(where, safe='')}{action}")

    def _call(self, request: Request) -> Any | Trouble:
        """Send one call; a token Google no longer takes is replaced once, as nothing was done then."""
        reply = self._answered(request)
        if isinstance(reply, Reply) and reply.status == _UNAUTHENTICATED:
            self._tokens.forget()
            reply = self._answered(request)
        if not isinstance(reply, Reply):
            return reply
        try:
            payload = reply.json()
        except NotJson:
            payload = None
        writes, email = request.method != "GET", self.account_email
        trouble = translate.reply_trouble(reply, payload, writes=writes, account_email=email)
        return payload if trouble is None else trouble

    def _answered(self, request: Request) -> Reply | Misconfigured | Busy | Unknown:
        token = self._tokens.token()
        if not isinstance(token, str):
            return token
        try:
            return self._http.send(replace(request, headers={"Authorization": f"Bearer {token}"}))
        except AddressNotAllowed:
            return ADDRESS_NOT_ALLOWED
        except NotSent as error:
            return Busy(f"Google cannot be reached: {error}")
        except NoAnswer as error:
            message = f"Google gave no whole answer: {error}"
            return Busy(message) if request.method == "GET" else Unknown(message)


def _is_protection(outcome: RegisterOutcome | RowTrouble) -> bool:
    """Return whether Google refused because of protected cells."""
    return isinstance(outcome, Refused) and protection.REFUSED_WORDS in outcome.reason
