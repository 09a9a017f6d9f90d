"""What every register connector has to keep, whoever the vendor is.  A connector brings a bench with its stand-in."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from enum import Enum, auto

import pytest

from qaitar.contracts.outcome import Busy, Healthy, Misconfigured, Refused, Unknown
from qaitar.contracts.register import Register, RegisterRow, Written

HEADINGS = ["Ключ", "Заявка", "Статус", "Сумма, тг", "Комментарий оператора", "Телефон"]
COLUMNS = {"request": "Заявка", "status": "Статус", "amount": "Сумма, тг", "phone": "Телефон"}
EXACT_TEXTS = [
    "=1+1",
    "+77011234567",
    "-5",
    "@сегодня",
    "007",
    "1e3",
    "2026-03-02",
    "ИСТИНА",
    "'цитата",
    "Я" * 5_000,
    "әөүұқғңһі ӘӨҮҰҚҒҢҺІ",
    "🙏🏽👍",
    'a"b\\c\nвторая строка\tтаб',
]


class Trouble(Enum):
    """What goes wrong with the next call, in words every stand-in understands."""

    REFUSES = auto()
    NO_RIGHT = auto()
    DROPS_BEFORE = auto()
    EXECUTES_THEN_DROPS = auto()
    EXECUTES_THEN_5XX = auto()
    FAILS_5XX = auto()
    RATE_LIMITED = auto()
    EXECUTES_THEN_PAGE = auto()
    EXECUTES_THEN_HALF_JSON = auto()
    EXECUTES_TOO_SLOWLY = auto()


class RegisterBench(ABC):
    """A connector with the columns above, its stand-in, and how to upset it."""

    register: Register
    with_wrong_key: Register
    at_dead_address: Register

    @abstractmethod
    def secrets(self) -> tuple[str, ...]:
        """Return what may never be said, logged or put into an address."""

    @abstractmethod
    def lines(self) -> list[list[str]]:
        """Return every row of the sheet as people see it, headings first, ends trimmed."""

    @abstractmethod
    def put(self, lines: list[list[str]]) -> None:
        """Let people fill the sheet from row 1 on."""

    @abstractmethod
    def writes(self) -> int:
        """Return how many writes were executed."""

    @abstractmethod
    def upset(self, call: str, trouble: Trouble) -> None:
        """Let the next `call` (append, update, read) go wrong."""

    @abstractmethod
    def upset_read_after_append(self) -> None:
        """Let the next append be followed by a read that fails too."""

    @abstractmethod
    def people_sort(self, column: int) -> None:
        """Let people sort the rows under the headings, last first."""

    @abstractmethod
    def people_sort_just_before_update(self, column: int) -> None:
        """Let people sort between our look-up and our update."""

    @abstractmethod
    def addresses(self) -> list[str]:
        """Return path and query of every request received."""


UNSETTLED = [
    Trouble.EXECUTES_THEN_DROPS,
    Trouble.EXECUTES_THEN_5XX,
    Trouble.EXECUTES_THEN_PAGE,
    Trouble.EXECUTES_THEN_HALF_JSON,
    Trouble.EXECUTES_TOO_SLOWLY,
]


def row(key: str, status: str = "новая", **more: str | int | None) -> RegisterRow:
    """Return a row of ours with at least a status."""
    return RegisterRow(key, {"status": status, **more})


class RegisterContract:
    """Subclasses give the `bench` fixture: an empty sheet."""

    def test_an_empty_sheet_gets_headings_and_rows(self, bench: RegisterBench) -> None:
        rows = [row("7-1", request="7-1", amount=129_990), row("8-1", phone="+77011234567")]
        assert bench.register.write(rows) == Written(appended=("7-1", "8-1"))
        assert bench.lines() == [
            ["Ключ", "Заявка", "Статус", "Сумма, тг", "Телефон"],
            ["7-1", "7-1", "новая", "129990"],
            ["8-1", "", "новая", "", "+77011234567"],
        ]

    def test_every_text_stays_to_the_letter(self, bench: RegisterBench) -> None:
        bench.put([HEADINGS])
        rows = [row(f"k{place}", text) for place, text in enumerate(EXACT_TEXTS)]
        assert isinstance(bench.register.write(rows), Written)
        assert [line[2] for line in bench.lines()[1:]] == EXACT_TEXTS
        assert isinstance(bench.register.write(rows[:9]), Written)
        assert [line[2] for line in bench.lines()[1:]] == EXACT_TEXTS

    def test_a_key_written_twice_is_one_row(self, bench: RegisterBench) -> None:
        assert bench.register.write([row("7-1", "a"), row("7-1", "b")]) == Written(
            appended=("7-1",)
        )
        assert bench.register.write([row("7-1", "c")]) == Written(updated=("7-1",))
        assert [line[:3] for line in bench.lines()[1:]] == [["7-1", "", "c"]]

    def test_nothing_to_write_sends_nothing(self, bench: RegisterBench) -> None:
        assert bench.register.write([]) == Written()
        assert bench.addresses() == []

    def test_columns_of_people_are_never_touched(self, bench: RegisterBench) -> None:
        bench.put([HEADINGS, ["7-1", "7-1", "новая", "5", "звонить после 18", "+7701"]])
        rows = [
            row("7-1", "решена", request="7-1", amount=None, phone="+7702"),
            row("8-1", phone="+7703"),
        ]
        outcome = bench.register.write(rows)
        assert outcome == Written(updated=("7-1",), appended=("8-1",))
        assert bench.lines() == [
            HEADINGS,
            ["7-1", "7-1", "решена", "", "звонить после 18", "+7702"],
            ["8-1", "", "новая", "", "", "+7703"],
        ]

    def test_a_column_left_out_keeps_its_value(self, bench: RegisterBench) -> None:
        bench.register.write([row("7-1", request="7-1", amount=5)])
        bench.register.write([row("7-1", "решена")])
        assert bench.lines()[1] == ["7-1", "7-1", "решена", "5"]

    def test_people_sorted_since_and_the_right_row_is_hit(self, bench: RegisterBench) -> None:
        bench.register.write([row("a", "1"), row("b", "2"), row("c", "3")])
        bench.people_sort(0)
        assert bench.register.write([row("a", "изменена")]) == Written(updated=("a",))
        assert [line[:3:2] for line in bench.lines()[1:]] == [
            ["c", "3"],
            ["b", "2"],
            ["a", "изменена"],
        ]

    def test_people_sort_in_the_very_second_of_the_write(self, bench: RegisterBench) -> None:
        bench.register.write([row("a", "1"), row("b", "2"), row("c", "3")])
        bench.people_sort_just_before_update(0)
        outcome = bench.register.write([row("a", "изменена")])
        assert outcome == Written(updated=("a",), disturbed=("c",))
        assert bench.register.write([row("c", "3")]) == Written(updated=("c",))
        assert [line[:3:2] for line in bench.lines()[1:]] == [
            ["c", "3"],
            ["b", "2"],
            ["a", "изменена"],
        ]

    def test_copied_rows_are_reported_and_the_first_is_written(self, bench: RegisterBench) -> None:
        bench.put([HEADINGS, ["7-1", "", "x"], ["8-1"], ["7-1", "", "y"]])
        outcome = bench.register.write([row("7-1", "z")])
        assert outcome == Written(updated=("7-1",), duplicates={"7-1": (2, 4)})
        assert [line[2:] for line in bench.lines()[1:]] == [["z"], [], ["y"]]

    def test_blank_rows_and_notes_of_people_do_no_harm(self, bench: RegisterBench) -> None:
        note = ["", "", "", "", "заметка на полях"]
        bench.put([HEADINGS, ["7-1", "", "x"], [], note, [], [" 8-1 ", "", "y"]])
        outcome = bench.register.write([row("8-1", "z"), row("9-1", "новая")])
        assert outcome == Written(updated=("8-1",), appended=("9-1",))
        lines = bench.lines()
        assert note in lines
        assert sorted(line[:3:2] for line in lines if line and line[0]) == [
            [" 8-1 ", "z"],
            ["7-1", "x"],
            ["9-1", "новая"],
            ["Ключ", "Статус"],
        ]
        assert len(lines) == 7

    def test_columns_people_moved_are_found_by_their_headings(self, bench: RegisterBench) -> None:
        bench.put(
            [
                ["Телефон", "Моё", "Статус", "Ключ", "Сумма, тг", "Заявка"],
                ["", "не трогать", "", "7-1"],
            ]
        )
        bench.register.write([row("7-1", "решена", phone="+7701"), row("8-1", amount=3)])
        assert bench.lines()[1:] == [
            ["+7701", "не трогать", "решена", "7-1"],
            ["", "", "новая", "8-1", "3"],
        ]

    @pytest.mark.parametrize("trouble", UNSETTLED)
    def test_a_lost_answer_to_an_append_is_settled_by_the_keys(
        self, bench: RegisterBench, trouble: Trouble
    ) -> None:
        bench.put([HEADINGS])
        bench.upset("append", trouble)
        assert bench.register.write([row("7-1"), row("8-1")]) == Written(appended=("7-1", "8-1"))
        assert bench.writes() == 1
        assert [line[0] for line in bench.lines()] == ["Ключ", "7-1", "8-1"]

    @pytest.mark.parametrize(
        "trouble", [Trouble.EXECUTES_THEN_DROPS, Trouble.DROPS_BEFORE, Trouble.FAILS_5XX]
    )
    def test_an_unsettled_append_is_unknown_and_writing_again_makes_one_row(
        self, bench: RegisterBench, trouble: Trouble
    ) -> None:
        bench.put([HEADINGS])
        bench.upset("append", trouble)
        bench.upset_read_after_append()
        assert isinstance(bench.register.write([row("7-1", "a")]), Unknown)
        assert isinstance(bench.register.write([row("7-1", "b")]), Written)
        assert [line[:3:2] for line in bench.lines()[1:]] == [["7-1", "b"]]

    @pytest.mark.parametrize("trouble", [*UNSETTLED, Trouble.DROPS_BEFORE, Trouble.FAILS_5XX])
    def test_a_lost_answer_to_an_update_is_never_called_done_or_failed(
        self, bench: RegisterBench, trouble: Trouble
    ) -> None:
        bench.put([HEADINGS, ["7-1", "", "a"]])
        bench.upset("update", trouble)
        assert isinstance(bench.register.write([row("7-1", "b")]), Unknown)
        assert bench.register.write([row("7-1", "b")]) == Written(updated=("7-1",))
        assert [line[:3:2] for line in bench.lines()[1:]] == [["7-1", "b"]]

    @pytest.mark.parametrize("call", ["append", "update"])
    @pytest.mark.parametrize(
        ("trouble", "kind"),
        [
            (Trouble.RATE_LIMITED, Busy),
            (Trouble.REFUSES, Refused),
            (Trouble.NO_RIGHT, Misconfigured),
        ],
    )
    def test_a_clear_no_is_reported_and_nothing_was_written(
        self, bench: RegisterBench, call: str, trouble: Trouble, kind: type
    ) -> None:
        bench.put([HEADINGS, ["7-1", "", "a"]])
        bench.upset(call, trouble)
        outcome = bench.register.write([row("7-1" if call == "update" else "8-1", "b")])
        assert isinstance(outcome, kind)
        assert bench.writes() == 0
        if isinstance(outcome, Busy):
            assert outcome.retry_after_s == 60

    @pytest.mark.parametrize(
        "trouble", [Trouble.DROPS_BEFORE, Trouble.FAILS_5XX, Trouble.RATE_LIMITED]
    )
    def test_a_failed_read_is_busy_and_nothing_was_written(
        self, bench: RegisterBench, trouble: Trouble
    ) -> None:
        bench.put([HEADINGS])
        bench.upset("read", trouble)
        assert isinstance(bench.register.write([row("7-1")]), Busy)
        assert bench.writes() == 0

    @pytest.mark.parametrize(
        "trouble", [Trouble.EXECUTES_THEN_PAGE, Trouble.EXECUTES_THEN_HALF_JSON]
    )
    def test_an_unreadable_read_is_unknown_and_nothing_was_written(
        self, bench: RegisterBench, trouble: Trouble
    ) -> None:
        bench.put([HEADINGS])
        bench.upset("read", trouble)
        assert isinstance(bench.register.write([row("7-1")]), Unknown)
        assert bench.writes() == 0

    def test_a_wrong_key_is_a_setting(self, bench: RegisterBench) -> None:
        for outcome in (
            bench.with_wrong_key.write([row("7-1")]),
            bench.with_wrong_key.health(),
        ):
            assert isinstance(outcome, Misconfigured)
        assert bench.writes() == 0

    def test_a_dead_address_is_busy(self, bench: RegisterBench) -> None:
        assert isinstance(bench.at_dead_address.write([row("7-1")]), Busy)
        assert isinstance(bench.at_dead_address.health(), Busy)

    def test_missing_headings_are_named_and_nothing_is_written(self, bench: RegisterBench) -> None:
        bench.put([["Ключ", "Заявка", "Моё"], ["7-1"]])
        outcome = bench.register.write([row("7-1")])
        assert isinstance(outcome, Misconfigured)
        assert "Статус, Сумма, тг, Телефон" in outcome.what
        assert bench.register.health() == outcome
        assert bench.writes() == 0

    def test_a_column_without_a_heading_in_the_settings_is_reported(
        self, bench: RegisterBench
    ) -> None:
        outcome = bench.register.write([RegisterRow("7-1", {"colour": "red"})])
        assert isinstance(outcome, Misconfigured)
        assert "colour" in outcome.what
        assert bench.addresses() == []

    def test_health_tells_in_words(self, bench: RegisterBench) -> None:
        assert isinstance(bench.register.health(), Healthy)
        bench.put([HEADINGS])
        assert isinstance(bench.register.health(), Healthy)
        assert bench.writes() == 0

    def test_nothing_stated_or_logged_carries_a_secret(
        self, bench: RegisterBench, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            reported: list[object] = [bench.register.write([row("7-1", phone="+77011234567")])]
            for trouble in Trouble:
                bench.upset("append", trouble)
                reported.append(bench.register.write([row(f"k-{trouble.name}", "b")]))
            reported += [bench.with_wrong_key.health(), bench.at_dead_address.health()]
        transcript = "\n".join([caplog.text, repr(reported), *bench.addresses()])
        assert len(reported) == 3 + len(Trouble)
        for secret in (*bench.secrets(), "+77011234567"):
            assert secret not in transcript
