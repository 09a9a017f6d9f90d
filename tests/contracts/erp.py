"""What every connector to an accounting system must do; a connector brings one fixture, `stage`."""

from __future__ import annotations

import hashlib
import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from qaitar.contracts.erp import (
    DoneInPart,
    ErpOrder,
    FileToAttach,
    ReturnLine,
    ReturnOrderDraft,
    Several,
)
from qaitar.contracts.outcome import (
    Busy,
    Done,
    Healthy,
    Misconfigured,
    Missing,
    Refused,
    Unknown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qaitar.contracts.erp import Erp

CODE = "482913377"
MARKER = "0198c0de-7a11-7000-8000-00000000a1b2"
CREATED = datetime(2026, 1, 31, 20, 30, tzinfo=UTC)  # 1 February, 01:30 in Almaty
DAY = date(2026, 2, 1)
PLANNED = date(2026, 2, 5)
PHONE = ("Смартфон", 1000, 129_990_00)
CASES = ("Чехол", 3000, 1_299_90)


@dataclass(frozen=True)
class WrittenReturn:
    """A return order as it lies in the other system, in our units."""

    reference: str
    number: str
    marker_text: str
    request_number: str
    reason: str
    arrival_date: date
    delivery_date: date
    row_dates: tuple[date, ...]
    carrier: str
    posted: bool
    lines: tuple[tuple[str, int, int, int], ...]  # product name, milli, price minor, amount minor


class ErpStage(ABC):
    """A connector beside its stand-in, with hands to set faults and eyes to read what was done."""

    erp: Erp
    secrets: tuple[str, ...]
    own_carrier: str

    @abstractmethod
    def sell(
        self, code: str, lines: Sequence[tuple[str, int, int]], *, shipped: bool = True
    ) -> None: ...

    @abstractmethod
    def written(self) -> list[WrittenReturn]: ...

    @abstractmethod
    def executed(self) -> int:
        """Count every write the other system carried out, of any kind."""

    @abstractmethod
    def files(self, reference: str) -> list[tuple[str, bytes]]:
        """Give the files a person could open on that document."""

    @abstractmethod
    def spoil_creation(self, reply: str, *, executes: bool, status: int = 500) -> None:
        """Spoil the next creation: `drop`, `page`, `truncated`, `empty`, `html` or `silence`."""

    @abstractmethod
    def spoil_file_content(self, reply: str, *, executes: bool, status: int = 500) -> None:
        """Spoil the next write of a file's content."""

    @abstractmethod
    def refuse_creation(self, words: str) -> None: ...

    @abstractmethod
    def lock_creation(self) -> None: ...

    @abstractmethod
    def deny_rights(self) -> None: ...

    @abstractmethod
    def lose_reason(self) -> None:
        """Let the other system drop the reason silently though it publishes the attribute."""


def found(stage: ErpStage, code: str = CODE) -> ErpOrder:
    order = stage.erp.find_order(code)
    assert isinstance(order, ErpOrder)
    return order


def draft_of(
    order: ErpOrder, *, marker: str = MARKER, reason: str = "Не включается"
) -> ReturnOrderDraft:
    return ReturnOrderDraft(
        marker=marker,
        request_number=f"{CODE}-1",
        order=order,
        created_at=CREATED,
        planned_date=PLANNED,
        reason=reason,
        lines=tuple(
            ReturnLine(one.key, one.quantity_milli, one.price_minor) for one in order.lines
        ),
    )


def photo(content: bytes = b"\xff\xd8photo of a box") -> FileToAttach:
    digest = hashlib.sha256(content).hexdigest()
    return FileToAttach("Упаковка 1", "jpg", content, CREATED, digest)


class ErpContract:
    """The suite.  Subclass it, bring the `stage` fixture, and it judges the connector."""

    def test_the_operator_finds_the_sale_by_the_marketplace_code(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE, CASES])
        order = found(stage)
        assert order.date == date(2026, 1, 20)
        assert order.number == order.number.strip() != ""
        assert order.realization_reference not in {"", order.reference}
        assert [(line.name, line.quantity_milli, line.price_minor) for line in order.lines] == [
            PHONE,
            CASES,
        ]
        assert [line.amount_minor for line in order.lines] == [129_990_00, 3_899_70]

    def test_no_such_order(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE])
        assert stage.erp.find_order("1") == Missing()

    def test_two_orders_with_one_code_are_left_to_a_person(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE])
        stage.sell(CODE, [CASES])
        several = stage.erp.find_order(CODE)
        assert isinstance(several, Several)
        assert len(set(several.numbers)) == 2

    def test_a_quote_in_a_code_is_only_a_code(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE])
        assert stage.erp.find_order("x' or DeletionMark eq false or 'a' eq 'a") == Missing()

    def test_return_order_is_written_with_exact_values(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE, CASES])
        outcome = stage.erp.create_return_order(draft_of(found(stage)))
        (written,) = stage.written()
        assert outcome == Done(written.reference, detail=written.number)
        assert written.request_number == f"{CODE}-1"
        assert MARKER in written.marker_text
        assert written.reason == "Не включается"
        assert written.lines == (
            ("Смартфон", 1000, 129_990_00, 129_990_00),
            ("Чехол", 3000, 1_299_90, 3_899_70),
        )
        assert not written.posted
        assert stage.executed() == 1

    def test_arrival_and_delivery_are_the_planned_date_everywhere(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE, CASES])
        stage.erp.create_return_order(draft_of(found(stage)))
        (written,) = stage.written()
        assert (written.arrival_date, written.delivery_date) == (PLANNED, PLANNED)
        assert written.row_dates == (PLANNED, PLANNED)

    def test_the_carrier_stays_the_one_the_system_filled(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE])
        stage.erp.create_return_order(draft_of(found(stage)))
        stage.erp.create_return_order(draft_of(found(stage)))
        (written,) = stage.written()
        assert written.carrier == stage.own_carrier

    def test_part_of_a_line_comes_back(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE, CASES])
        order = found(stage)
        draft = draft_of(order)
        one_case = ReturnLine(order.lines[1].key, 1000, 1_299_90)
        part = ReturnOrderDraft(
            MARKER, draft.request_number, order, CREATED, PLANNED, "Лишний", (one_case,)
        )
        assert isinstance(stage.erp.create_return_order(part), Done)
        (written,) = stage.written()
        assert written.lines == (("Чехол", 1000, 1_299_90, 1_299_90),)

    def test_more_than_was_sold_is_refused_and_nothing_is_written(self, stage: ErpStage) -> None:
        stage.sell(CODE, [CASES])
        order = found(stage)
        too_many = ReturnLine(order.lines[0].key, 3001, 1_299_90)
        draft = ReturnOrderDraft(MARKER, "1-1", order, CREATED, PLANNED, "", (too_many,))
        outcome = stage.erp.create_return_order(draft)
        assert isinstance(outcome, Refused)
        assert "3.001" in outcome.reason
        assert stage.executed() == 0

    def test_an_unshipped_order_is_refused_and_nothing_is_written(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE], shipped=False)
        order = found(stage)
        assert order.realization_reference == ""
        assert isinstance(stage.erp.create_return_order(draft_of(order)), Refused)
        assert stage.executed() == 0

    def test_the_same_draft_twice_is_one_document(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE])
        draft = draft_of(found(stage))
        first = stage.erp.create_return_order(draft)
        assert stage.erp.create_return_order(draft) == first
        assert len(stage.written()) == 1

    def test_another_marker_is_another_document(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE])
        order = found(stage)
        stage.erp.create_return_order(draft_of(order))
        second = stage.erp.create_return_order(draft_of(order, marker=MARKER + "-2"))
        assert isinstance(second, Done)
        assert [one.reference for one in stage.written()][1] == second.reference
        assert stage.erp.find_return_order(MARKER, DAY, order) != second

    def test_executed_then_dropped_is_unknown_found_and_never_repeated(
        self, stage: ErpStage
    ) -> None:
        stage.sell(CODE, [PHONE])
        order = found(stage)
        stage.spoil_creation("drop", executes=True)
        assert isinstance(stage.erp.create_return_order(draft_of(order)), Unknown)
        (written,) = stage.written()
        expected = Done(written.reference, detail=written.number)
        assert stage.erp.find_return_order(MARKER, DAY, order) == expected
        assert stage.erp.create_return_order(draft_of(order)) == expected
        assert len(stage.written()) == 1

    def test_dropped_before_execution_is_unknown_then_missing(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE])
        order = found(stage)
        stage.spoil_creation("drop", executes=False)
        assert isinstance(stage.erp.create_return_order(draft_of(order)), Unknown)
        assert stage.erp.find_return_order(MARKER, DAY, order) == Missing()
        assert stage.written() == []

    def test_no_answer_in_time_is_unknown(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE])
        order = found(stage)
        stage.spoil_creation("silence", executes=True)
        assert isinstance(stage.erp.create_return_order(draft_of(order)), Unknown)

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    @pytest.mark.parametrize("executes", [True, False])
    def test_a_server_error_is_unknown_never_refused(
        self, stage: ErpStage, status: int, executes: bool
    ) -> None:
        stage.sell(CODE, [PHONE])
        order = found(stage)
        stage.spoil_creation("page", executes=executes, status=status)
        assert isinstance(stage.erp.create_return_order(draft_of(order)), Unknown)
        assert len(stage.written()) == int(executes)
        assert isinstance(stage.erp.create_return_order(draft_of(order)), Done)
        assert len(stage.written()) == 1

    @pytest.mark.parametrize("reply", ["truncated", "empty"])
    def test_an_unreadable_answer_is_unknown(self, stage: ErpStage, reply: str) -> None:
        stage.sell(CODE, [PHONE])
        order = found(stage)
        stage.spoil_creation(reply, executes=True)
        assert isinstance(stage.erp.create_return_order(draft_of(order)), Unknown)
        assert isinstance(stage.erp.find_return_order(MARKER, DAY, order), Done)
        assert len(stage.written()) == 1

    def test_a_web_page_instead_of_data_is_a_wrong_setting(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE])
        order = found(stage)
        stage.spoil_creation("html", executes=False)
        assert isinstance(stage.erp.create_return_order(draft_of(order)), Misconfigured)
        assert stage.written() == []

    def test_a_business_no_keeps_the_systems_words(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE])
        order = found(stage)
        stage.refuse_creation("Не заполнено соглашение")
        outcome = stage.erp.create_return_order(draft_of(order))
        assert outcome == Refused("Не заполнено соглашение")
        assert stage.written() == []

    def test_a_lock_is_busy_and_may_be_repeated(self, stage: ErpStage) -> None:
        stage.sell(CODE, [PHONE])
        order = found(stage)
        stage.lock_creation()
        assert isinstance(stage.erp.create_return_order(draft_of(order)), Busy)
        assert stage.written() == []
        assert isinstance(stage.erp.create_return_order(draft_of(order)), Done)

    def test_missing_rights_are_a_wrong_setting_and_nothing_is_written(
        self, stage: ErpStage
    ) -> None:
        stage.sell(CODE, [PHONE])
        order = found(stage)
        stage.deny_rights()
        for outcome in (
            stage.erp.create_return_order(draft_of(order)),
            stage.erp.find_return_order(MARKER, DAY, order),
            stage.erp.health(),
        ):
            assert isinstance(outcome, Misconfigured)
        assert stage.executed() == 0

    def test_a_value_the_system_dropped_is_named_and_the_document_stored(
        self, stage: ErpStage
    ) -> None:
        stage.sell(CODE, [PHONE])
        stage.lose_reason()
        order = found(stage)
        outcome = stage.erp.create_return_order(draft_of(order))
        assert isinstance(outcome, DoneInPart)
        (written,) = stage.written()
        assert outcome.done == Done(written.reference, detail=written.number)
        assert [one.sent for one in outcome.differences] == ["Не включается"]
        assert isinstance(outcome.problem, Misconfigured)
        assert outcome.differences[0].key in outcome.problem.what
        assert stage.erp.find_return_order(MARKER, DAY, order) == outcome.done

    def test_a_file_is_attached_exactly_once(self, stage: ErpStage) -> None:
        reference = self._return_order(stage)
        file = photo()
        assert stage.erp.find_attachment(reference, file.sha256) == Missing()
        outcome = stage.erp.attach(reference, file)
        assert isinstance(outcome, Done)
        done_by = stage.executed()
        assert stage.erp.attach(reference, file) == outcome
        assert stage.executed() == done_by
        assert stage.files(reference) == [("Упаковка 1.jpg", file.content)]
        assert stage.erp.find_attachment(reference, file.sha256) == outcome
        assert stage.erp.find_attachment(reference, "Упаковка 1.jpg") == outcome

    def test_two_files_and_a_file_on_another_document(self, stage: ErpStage) -> None:
        first = self._return_order(stage)
        second = self._return_order(stage, code="482913378", marker=MARKER + "-2")
        act = photo(b"%PDF-1.7 act")
        for reference, file in ((first, photo()), (first, act), (second, act)):
            assert isinstance(stage.erp.attach(reference, file), Done)
        assert [content for _, content in stage.files(first)] == [photo().content, act.content]
        assert [content for _, content in stage.files(second)] == [act.content]

    @pytest.mark.parametrize("executes", [True, False])
    def test_a_half_made_attachment_is_finished_not_doubled(
        self, stage: ErpStage, executes: bool
    ) -> None:
        reference = self._return_order(stage)
        file = photo()
        stage.spoil_file_content("drop", executes=executes)
        assert isinstance(stage.erp.attach(reference, file), Unknown)
        if not executes:
            assert stage.erp.find_attachment(reference, file.sha256) == Missing()
        assert isinstance(stage.erp.attach(reference, file), Done)
        assert stage.files(reference) == [("Упаковка 1.jpg", file.content)]

    def test_a_file_over_the_limit_is_refused_and_nothing_is_written(self, stage: ErpStage) -> None:
        reference = self._return_order(stage)
        before = stage.executed()
        outcome = stage.erp.attach(reference, photo(bytes(25 * 1024 * 1024 + 1)))
        assert isinstance(outcome, Refused)
        assert stage.executed() == before

    def test_a_file_with_anothers_hash_is_our_mistake(self, stage: ErpStage) -> None:
        reference = self._return_order(stage)
        wrong = FileToAttach("a", "jpg", b"one", CREATED, photo().sha256)
        with pytest.raises(ValueError, match="hash"):
            stage.erp.attach(reference, wrong)

    def test_health_writes_nothing(self, stage: ErpStage) -> None:
        health = stage.erp.health()
        assert isinstance(health, Healthy)
        assert health.facts
        assert stage.executed() == 0

    def test_no_secret_in_what_is_displayed_or_logged(
        self, stage: ErpStage, caplog: pytest.LogCaptureFixture
    ) -> None:
        stage.sell(CODE, [PHONE])
        with caplog.at_level(logging.DEBUG):
            order = found(stage)
            stage.spoil_creation("drop", executes=True)
            displayed = [stage.erp.create_return_order(draft_of(order)), stage.erp.health()]
            stage.deny_rights()
            displayed.append(stage.erp.create_return_order(draft_of(order)))
        transcript = "\n".join([*map(repr, displayed), repr(stage.erp), repr(vars(stage.erp))])
        transcript += caplog.text
        assert transcript
        for secret in stage.secrets:
            assert secret not in transcript

    @staticmethod
    def _return_order(stage: ErpStage, *, code: str = CODE, marker: str = MARKER) -> str:
        stage.sell(code, [PHONE])
        outcome = stage.erp.create_return_order(draft_of(found(stage, code), marker=marker))
        assert isinstance(outcome, Done)
        return outcome.reference
