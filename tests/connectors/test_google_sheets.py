"""Google Sheets keeps the register contract, and what is peculiar to it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from qaitar.connectors.google_sheets import facts, sign, translate, wire
from qaitar.connectors.google_sheets.client import GoogleSheetsRegister
from qaitar.connectors.google_sheets.facts import SCOPE, GoogleSheetsSettings
from qaitar.contracts.outcome import Busy, Healthy, Misconfigured, Refused, Unknown
from qaitar.contracts.register import RegisterRow, Written
from qaitar.sandbox.google_sheets.app import GoogleSheetsStandIn
from qaitar.sandbox.google_sheets.faults import Action, SheetsFault
from qaitar.sandbox.google_sheets.tokens import MadeAccount, made_account
from qaitar.sandbox.serving import Serving
from qaitar.transport.http import HttpClient, Request, Timeouts
from tests.contracts.register import (
    COLUMNS,
    HEADINGS,
    RegisterBench,
    RegisterContract,
    Trouble,
    row,
)

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
EMAIL = "qaitar@stand-in.iam.gserviceaccount.com"
TITLE = "Возвраты Казахстан"
ACTIONS = {"append": Action.APPEND, "update": Action.BATCH_UPDATE, "read": Action.GET}
FAULTS = {
    Trouble.REFUSES: SheetsFault.REFUSAL,
    Trouble.NO_RIGHT: SheetsFault.FORBIDDEN,
    Trouble.DROPS_BEFORE: SheetsFault.DROP_BEFORE,
    Trouble.EXECUTES_THEN_DROPS: SheetsFault.DROP_AFTER,
    Trouble.EXECUTES_THEN_5XX: SheetsFault.UNAVAILABLE_AFTER,
    Trouble.FAILS_5XX: SheetsFault.UNAVAILABLE_BEFORE,
    Trouble.RATE_LIMITED: SheetsFault.QUOTA,
    Trouble.EXECUTES_THEN_PAGE: SheetsFault.PAGE_AFTER,
    Trouble.EXECUTES_THEN_HALF_JSON: SheetsFault.CUT_JSON_AFTER,
    Trouble.EXECUTES_TOO_SLOWLY: SheetsFault.SLOW_AFTER,
}


@pytest.fixture(scope="module")
def account() -> MadeAccount:
    return made_account(EMAIL, "")


@pytest.fixture(scope="module")
def other_account() -> MadeAccount:
    return made_account(EMAIL, "")


class SheetsBench(RegisterBench):
    def __init__(self, stack: ExitStack, account: MadeAccount, other: MadeAccount) -> None:
        self.now = NOW
        self.stand_in = GoogleSheetsStandIn(clock=lambda: self.now)
        self.stand_in.tokens.public_keys[EMAIL] = account.public_pem
        self.stand_in.faults.slow_s = 0.6
        self.book = self.stand_in.book("1AbC-dEf", TITLE)
        self.book.editors.add(EMAIL)
        self.url = stack.enter_context(Serving(self.stand_in)).url
        self.settings = GoogleSheetsSettings(
            service_account_json=account.json_text,
            spreadsheet_id="1AbC-dEf",
            sheet_title=TITLE,
            key_heading="Ключ",
            columns=COLUMNS,
            sheets_url=self.url,
            token_url=self.url + "/token",
            timeouts=Timeouts(connect_s=2.0, read_s=0.4),
        )
        self._account = account
        self._stack = stack
        self.register = self.connected(self.settings)
        self.with_wrong_key = self.connected(
            replace(self.settings, service_account_json=other.json_text)
        )
        self.at_dead_address = self.connected(
            replace(self.settings, sheets_url="http://127.0.0.1:9")
        )

    def secrets(self) -> tuple[str, ...]:
        key_line = json.loads(self._account.json_text)["private_key"].splitlines()[1]
        assert self.stand_in.tokens.given
        return (key_line, "eyJ", *self.stand_in.tokens.given)

    def connected(self, settings: GoogleSheetsSettings) -> GoogleSheetsRegister:
        register = GoogleSheetsRegister(settings, clock=lambda: self.now)
        self._stack.callback(register.close)
        return register

    def lines(self) -> list[list[str]]:
        grid = self.book.sheets[TITLE]
        return grid.read(grid.box(""))

    def put(self, lines: list[list[str]]) -> None:
        self.book.sheets[TITLE].rows = [list(line) for line in lines]

    def writes(self) -> int:
        return len(self.book.ledger)

    def upset(self, call: str, trouble: Trouble) -> None:
        self.stand_in.faults.add(ACTIONS[call], FAULTS[trouble])

    def upset_read_after_append(self) -> None:
        faults = self.stand_in.faults
        faults.just_before(
            Action.APPEND, lambda: faults.add(Action.GET, SheetsFault.UNAVAILABLE_BEFORE)
        )

    def people_sort(self, column: int) -> None:
        self.book.people_sort(TITLE, column, descending=True)

    def people_sort_just_before_update(self, column: int) -> None:
        self.stand_in.faults.just_before(Action.BATCH_UPDATE, lambda: self.people_sort(column))

    def addresses(self) -> list[str]:
        return [f"{call.path}?{call.query}" for call in self.stand_in.calls]

    def tokens_requested(self) -> int:
        return sum(call.path == "/token" for call in self.stand_in.calls)


@pytest.fixture
def bench(account: MadeAccount, other_account: MadeAccount) -> Iterator[SheetsBench]:
    with ExitStack() as stack:
        yield SheetsBench(stack, account, other_account)


class TestGoogleSheets(RegisterContract):
    """Runs the whole contract."""


def test_the_token_request_is_signed_as_google_asks(account: MadeAccount) -> None:
    file = wire.service_account_of(account.json_text)
    signed = sign.assertion(file, token_url="https://oauth2.googleapis.com/token", now=NOW)
    options = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
    assert jwt.decode(signed, account.public_pem, algorithms=["RS256"], options=options) == {
        "iss": EMAIL,
        "scope": SCOPE,
        "aud": "https://oauth2.googleapis.com/token",
        "iat": 1772443800,
        "exp": 1772447400,
    }
    assert jwt.get_unverified_header(signed)["kid"] == file.private_key_id


def test_a_token_is_requested_once_and_again_a_minute_before_its_end(bench: SheetsBench) -> None:
    bench.register.health()
    bench.now = NOW + timedelta(seconds=3539)
    bench.register.health()
    assert bench.tokens_requested() == 1
    bench.now = NOW + timedelta(seconds=3540)
    bench.register.health()
    assert bench.tokens_requested() == 2


def test_a_token_google_forgot_is_replaced_once(bench: SheetsBench) -> None:
    bench.register.write([row("7-1")])
    bench.stand_in.tokens.given.clear()
    assert bench.register.write([row("8-1")]) == Written(appended=("8-1",))
    assert bench.tokens_requested() == 2
    assert len(bench.lines()) == 3


@pytest.mark.parametrize(
    "fault", [SheetsFault.DROP_BEFORE, SheetsFault.PAGE_AFTER, SheetsFault.UNAVAILABLE_BEFORE]
)
def test_trouble_at_the_token_address_is_busy_and_nothing_is_written(
    bench: SheetsBench, fault: SheetsFault
) -> None:
    bench.stand_in.faults.add(Action.TOKEN, fault)
    assert isinstance(bench.register.write([row("7-1")]), Busy)
    assert bench.writes() == 0
    assert isinstance(bench.register.write([row("7-1")]), Written)


def test_a_clock_gone_wrong_is_reported_with_googles_words(bench: SheetsBench) -> None:
    with GoogleSheetsRegister(bench.settings, clock=lambda: NOW - timedelta(hours=3)) as register:
        outcome = register.health()
    assert isinstance(outcome, Misconfigured)
    assert "invalid_grant: Invalid JWT: check your iat and exp values." in outcome.what
    assert "clock" in outcome.how


def test_a_file_that_is_no_service_account_is_reported() -> None:
    for text in ("", "{}", '{"type": "authorized_user"}', '{"type": "service_account"}'):
        with pytest.raises(wire.SheetsUnreadable):
            wire.service_account_of(text)


def test_a_broken_private_key_is_a_setting(bench: SheetsBench, account: MadeAccount) -> None:
    broken = json.loads(account.json_text) | {"private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n"}
    register = bench.connected(replace(bench.settings, service_account_json=json.dumps(broken)))
    outcome = register.write([row("7-1")])
    assert isinstance(outcome, Misconfigured)
    assert "AAAA" not in repr(outcome)
    assert bench.stand_in.calls == []


def test_a_sheet_not_shared_names_the_address_to_share_with(bench: SheetsBench) -> None:
    bench.book.editors.clear()
    outcome = bench.register.health()
    assert isinstance(outcome, Misconfigured)
    assert f"Share the spreadsheet with {EMAIL} as an editor" in outcome.how


def test_a_sheet_shared_for_reading_only_refuses_the_write(bench: SheetsBench) -> None:
    bench.book.editors.clear()
    bench.book.viewers.add(EMAIL)
    outcome = bench.register.write([row("7-1")])
    assert isinstance(outcome, Misconfigured)
    assert EMAIL in outcome.how
    assert bench.lines() == []


def test_a_wrong_id_and_a_wrong_tab_are_reported_apart(bench: SheetsBench) -> None:
    no_book = bench.connected(replace(bench.settings, spreadsheet_id="nothing/here")).health()
    no_tab = bench.connected(replace(bench.settings, sheet_title="Лист's 2")).health()
    assert isinstance(no_book, Misconfigured)
    assert isinstance(no_tab, Misconfigured)
    assert "no spreadsheet with this id" in no_book.what
    assert "no sheet with this name" in no_tab.what


def test_a_title_with_quotes_and_slashes_works(bench: SheetsBench) -> None:
    book = bench.stand_in.book("other", "Лист's #1 / 50% + !A1")
    book.editors.add(EMAIL)
    settings = replace(bench.settings, spreadsheet_id="other", sheet_title="Лист's #1 / 50% + !A1")
    assert bench.connected(settings).write([row("7-1")]) == Written(appended=("7-1",))
    assert [line[0] for line in book.sheets[settings.sheet_title].rows] == ["Ключ", "7-1"]


def test_every_write_is_raw_and_appends_insert_rows(bench: SheetsBench) -> None:
    bench.register.write([row("7-1")])
    bench.register.write([row("7-1", "=HYPERLINK(1)"), row("8-1")])
    queries = {call.path.rpartition(":")[2]: call.query for call in bench.stand_in.calls}
    assert queries["append"] == "valueInputOption=RAW&insertDataOption=INSERT_ROWS"
    assert [line[2] for line in bench.lines()[1:]] == ["=HYPERLINK(1)", "новая"]


def test_numbers_stay_numbers_and_texts_stay_texts(bench: SheetsBench) -> None:
    bench.register.write([row("7-1", "5", amount=129_990)])
    assert bench.book.sheets[TITLE].rows[1] == ["7-1", "", "5", 129_990]


def test_a_gap_in_the_headings_is_reported_before_rows_land_next_to_the_table(
    bench: SheetsBench,
) -> None:
    bench.put([["Ключ", "Заявка", "Статус", "", "Сумма, тг", "Телефон"], ["7-1"]])
    outcome = bench.register.write([row("8-1")])
    assert outcome == Misconfigured(
        "Column D has no heading in row 1.", "Give every column from A to F a heading."
    )
    assert bench.writes() == 0


def test_a_blank_first_row_over_data_is_reported(bench: SheetsBench) -> None:
    bench.put([[], HEADINGS])
    outcome = bench.register.write([row("8-1")])
    assert outcome == Misconfigured("Row 1 of the sheet is blank.", "Put the headings into row 1.")
    assert bench.writes() == 0


def test_a_heading_standing_twice_is_reported(bench: SheetsBench) -> None:
    bench.put([[*HEADINGS, "Статус"]])
    outcome = bench.register.write([row("8-1")])
    assert isinstance(outcome, Misconfigured)
    assert outcome.what == "The sheet has several columns headed: Статус."
    assert bench.writes() == 0


def test_a_big_write_goes_in_parts_under_two_megabytes(bench: SheetsBench) -> None:
    rows = [RegisterRow(f"k{place}", {"status": "Я" * 9_000}) for place in range(260)]
    patient = bench.connected(replace(bench.settings, timeouts=Timeouts(read_s=10.0)))
    outcome = patient.write(rows)
    assert outcome == Written(appended=tuple(f"k{place}" for place in range(260)))
    appends = [call.body_bytes for call in bench.stand_in.calls if call.path.endswith(":append")]
    assert len(appends) == 3
    assert max(appends) <= 2_000_000
    assert [line[0] for line in bench.lines()[1:]] == [f"k{place}" for place in range(260)]
    changed = patient.write(
        [RegisterRow(f"k{place}", {"status": "ж" * 9_000}) for place in range(260)]
    )
    assert isinstance(changed, Written)
    assert {line[2][0] for line in bench.lines()[1:]} == {"ж"}


def test_a_row_deleted_in_the_very_second_is_unknown_then_written_anew(bench: SheetsBench) -> None:
    bench.register.write([row("a"), row("b")])
    bench.stand_in.faults.just_before(
        Action.BATCH_UPDATE, lambda: bench.book.people_delete_row(TITLE, 2)
    )
    assert isinstance(bench.register.write([row("a", "x")]), Unknown)
    outcome = bench.register.write([row("a", "x"), row("b", "y")])
    assert outcome == Written(updated=("b",), appended=("a",))
    assert [line[:3:2] for line in bench.lines()[1:]] == [["b", "y"], ["a", "x"]]


def test_people_who_never_stop_sorting_end_as_unknown(bench: SheetsBench) -> None:
    bench.register.write([row("a"), row("b")])
    for descending in (True, False, True):
        bench.stand_in.faults.just_before(
            Action.BATCH_UPDATE,
            lambda order=descending: bench.book.people_sort(TITLE, 0, descending=order),
        )
    assert isinstance(bench.register.write([row("a", "x")]), Unknown)
    assert len(bench.lines()) == 3


def test_a_row_people_inserted_does_not_shift_our_write(bench: SheetsBench) -> None:
    bench.register.write([row("a"), row("b")])
    bench.book.people_insert_row(TITLE, 2, ["", "", "вставлено рукой"])
    assert bench.register.write([row("b", "x")]) == Written(updated=("b",))
    assert bench.lines()[1:] == [["", "", "вставлено рукой"], ["a", "", "новая"], ["b", "", "x"]]


def test_rows_that_land_next_to_the_table_are_reported_loudly() -> None:
    answer = {"updates": {"updatedRange": "'Возвраты'!C12:F12"}}
    assert wire.appended_start(answer) == (2, 12)
    with pytest.raises(wire.SheetsUnreadable):
        wire.appended_start({"updates": {"updatedRange": "'Возвраты'!C:F"}})
    with pytest.raises(wire.SheetsUnreadable):
        wire.appended_start({"spreadsheetId": "x"})


def test_a_key_found_next_to_the_one_that_moved_repairs_itself() -> None:
    before, after = {"a": 2, "b": 3}, {"a": 3, "b": 2}
    both = {"a": {"x": 1}, "b": {"x": 2}}
    assert translate.disturbed_keys(before, after, both) == set()
    assert translate.disturbed_keys(before, after, {"a": {"x": 1}, "b": {"y": 2}}) == {"a", "b"}


def test_recorded_answers_of_google_are_read() -> None:
    folder = os.environ.get("QAITAR_REAL_DATA", "")
    path = Path(folder) / "systems" / "google_sheets_append_recorded.json"
    if not folder or not path.exists():
        pytest.skip("QAITAR_REAL_DATA does not name a folder with recorded answers")
    cleared, appended, read = (
        one["response"]["body"] for one in json.loads(path.read_text())["interactions"]
    )
    assert wire.appended_start(appended) == (0, 1)
    assert wire.range_start(cleared["clearedRange"]) == (0, 1)
    assert wire.rows_of(read) == (tuple(f"test_append_row {place}" for place in range(1, 11)),)


def test_a_page_for_people_shows_the_sheet(bench: SheetsBench) -> None:
    bench.register.write([row("7-1", "<b>")])
    with HttpClient(bench.url) as browser:
        page = browser.send(Request("GET", "/"))
    assert page.status == 200
    assert "<td>7-1</td><td></td><td>&lt;b&gt;</td>" in page.body.decode()


HOW = f"Let {EMAIL} edit the protected range, or remove the protection: what waits is written by itself then."
PROTECTED_ROW_3 = Misconfigured("Row 3 of the sheet is protected.", HOW, whole=False)
PROTECTED_SHEET = Misconfigured("The sheet is protected.", HOW, whole=False)


def filled(bench: SheetsBench, count: int) -> list[str]:
    """Write `count` rows k0, k1 … as status «новая»; k0 stands in row 2."""
    keys = [f"k{place}" for place in range(count)]
    assert isinstance(bench.register.write([row(key) for key in keys]), Written)
    bench.book.ledger.clear()
    bench.stand_in.calls.clear()
    return keys


def statuses(bench: SheetsBench) -> list[str]:
    return [line[2] for line in bench.lines()[1:]]


def test_a_protected_row_stops_no_other_row_and_no_new_one(bench: SheetsBench) -> None:
    keys = filled(bench, 5)
    bench.book.people_protect(TITLE, "A3:Z3", editors=frozenset({"owner@example.com"}))
    outcome = bench.register.write([row(key, "решена") for key in [*keys, "new"]])
    assert outcome == Written(
        updated=("k0", "k2", "k3", "k4"), appended=("new",), refused={"k1": PROTECTED_ROW_3}
    )
    assert statuses(bench) == ["решена", "новая", "решена", "решена", "решена", "решена"]
    bench.book.people_unprotect(TITLE)
    assert bench.register.write([row("k1", "решена")]) == Written(updated=("k1",))
    assert statuses(bench)[1] == "решена"


def test_half_of_a_thousand_rows_may_be_protected_and_the_others_take_two_writes(
    bench: SheetsBench,
) -> None:
    keys = filled(bench, 1_000)
    bench.book.people_protect(TITLE, "A2:Z501")
    outcome = bench.register.write([row(key, "решена") for key in keys])
    assert isinstance(outcome, Written)
    assert (len(outcome.updated), sorted(outcome.refused)) == (500, sorted(keys[:500]))
    assert statuses(bench) == ["новая"] * 500 + ["решена"] * 500
    assert (
        sum(call.method == "POST" and "batchUpdate" in call.path for call in bench.stand_in.calls)
        == 2
    )


@pytest.mark.parametrize(
    "protection",
    [
        {"editors": frozenset({EMAIL})},
        {"warning_only": True},
        {"cells": "E2:E9"},
        {"cells": "G1:G9"},
    ],
)
def test_a_protection_that_lets_us_write_stops_nothing(
    bench: SheetsBench, protection: dict[str, Any]
) -> None:
    bench.put([[*HEADINGS, "Моё"]])
    bench.register.write([row("7-1")])
    bench.book.people_protect(TITLE, protection.pop("cells", "A1:Z9"), **protection)
    assert bench.register.write([row("7-1", "решена")]) == Written(updated=("7-1",))


def test_a_protected_sheet_with_a_free_row_takes_this_row_only(bench: SheetsBench) -> None:
    filled(bench, 3)
    bench.book.people_protect(TITLE, unprotected=("A4:Z4",))
    outcome = bench.register.write([row(key, "решена") for key in ("k0", "k2", "new")])
    assert outcome == Written(
        updated=("k2",),
        refused={
            "k0": Misconfigured("Row 2 of the sheet is protected.", HOW, whole=False),
            "new": PROTECTED_SHEET,
        },
    )
    assert statuses(bench) == ["новая", "новая", "решена"]


def test_health_says_that_the_sheet_or_a_part_of_it_is_protected(bench: SheetsBench) -> None:
    filled(bench, 2)
    bench.book.people_protect(TITLE, "A2:Z2")
    health = bench.register.health()
    assert isinstance(health, Healthy)
    assert health.facts[-1] == "A part of our columns is protected: rows there are not written."
    bench.book.people_protect(TITLE)
    assert bench.register.health() == PROTECTED_SHEET
    assert bench.writes() == 0


def test_the_heading_row_of_a_protected_empty_sheet_is_a_setting(bench: SheetsBench) -> None:
    bench.book.people_protect(TITLE)
    assert bench.register.write([row("7-1")]) == PROTECTED_SHEET
    assert bench.writes() == 0


def test_a_row_refused_for_what_is_in_it_is_found_and_the_others_are_written(
    bench: SheetsBench,
) -> None:
    """Google says only that a cell is too long, not in which row."""
    keys = filled(bench, 9)
    bench.book.cell_chars_max = 20
    rows = [row(key, "x" * 21 if key == "k6" else "решена") for key in keys]
    outcome = bench.register.write(rows)
    assert isinstance(outcome, Written)
    assert list(outcome.refused) == ["k6"]
    assert isinstance(outcome.refused["k6"], Refused)
    assert "50000 characters" in outcome.refused["k6"].reason
    assert statuses(bench) == ["новая" if key == "k6" else "решена" for key in keys]


def test_rows_that_cannot_be_reported_apart_in_time_are_written_later(
    bench: SheetsBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "REFUSED_CALLS_MAX", 3)
    keys = filled(bench, 8)
    bench.book.cell_chars_max = 20
    rows = [row(key, "x" * 21 if key == "k0" else "решена") for key in keys]
    outcome = bench.register.write(rows)
    assert isinstance(outcome, Written)
    assert {type(why) for why in outcome.refused.values()} == {Busy}
    assert len(outcome.refused) + statuses(bench).count("решена") == 8
