"""What every helpdesk connector has to keep, whoever the vendor is.  A connector brings a bench with its stand-in."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

import pytest

from qaitar.contracts.helpdesk import Attachment, CommentDraft, Helpdesk, TicketDraft
from qaitar.contracts.outcome import Busy, Done, Healthy, Misconfigured, Missing, Refused, Unknown

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=5)
KAZAKH = "Сәлеметсіз бе! Қайтару өтініші № 7-1 бойынша құжаттар қажет: әөүұқғңһі ӘӨҮҰҚҒҢҺІ 🙏"
DRAFT = TicketDraft(
    marker="case-7.ask",
    subject="Возврат 7-1: нужен акт",
    message_text=f"{KAZAKH}\n\n<script>alert(1)</script> & 2 < 3",
    customer_name="Оксана Ким",
    customer_phone="+77011234567",
    tags=("возврат", "Kaspi"),
)


class Trouble(Enum):
    """What goes wrong with the next write or read, in words every stand-in understands."""

    REFUSES = auto()
    DROPS_BEFORE = auto()
    EXECUTES_THEN_DROPS = auto()
    EXECUTES_THEN_5XX = auto()
    FAILS_5XX = auto()
    RATE_LIMITED = auto()
    EXECUTES_THEN_PAGE = auto()
    EXECUTES_THEN_HALF_JSON = auto()
    EXECUTES_THEN_NO_ID = auto()
    EXECUTES_TOO_SLOWLY = auto()


@dataclass(frozen=True)
class Opened:
    """A ticket as it really stands in the stand-in."""

    reference: str
    marker: str
    subject: str
    text: str
    private: bool
    customer_name: str
    customer_phone: str
    tags: str


@dataclass(frozen=True)
class Commented:
    """A comment as it really stands in the stand-in."""

    reference: str
    ticket_reference: str
    text: str
    public: bool
    files: tuple[tuple[str, bytes], ...]


class HelpdeskBench(ABC):
    """A connector, its stand-in, and how to upset it."""

    helpdesk: Helpdesk
    with_wrong_token: Helpdesk
    at_dead_address: Helpdesk

    @abstractmethod
    def secrets(self) -> tuple[str, ...]:
        """Return what may never be said, logged or put into an address."""

    @abstractmethod
    def opened(self) -> list[Opened]:
        """Return every ticket opened, oldest first."""

    @abstractmethod
    def commented(self) -> list[Commented]:
        """Return every comment written by API, oldest first."""

    @abstractmethod
    def upset(self, call: str, trouble: Trouble) -> None:
        """Let the next `call` (open, comment, list, read) go wrong."""

    @abstractmethod
    def addresses(self) -> list[str]:
        """Return path and query of every request received."""

    @abstractmethod
    def fill(self, count: int) -> None:
        """Put that many tickets of other people in, newer than ours."""


UNSETTLED = [
    Trouble.EXECUTES_THEN_DROPS,
    Trouble.EXECUTES_THEN_5XX,
    Trouble.EXECUTES_THEN_PAGE,
    Trouble.EXECUTES_THEN_HALF_JSON,
    Trouble.EXECUTES_THEN_NO_ID,
    Trouble.EXECUTES_TOO_SLOWLY,
]
NOTHING_DONE_BUT_UNSURE = [Trouble.DROPS_BEFORE, Trouble.FAILS_5XX]


class HelpdeskContract:
    """Subclasses give the `bench` fixture."""

    def test_a_ticket_arrives_with_every_field_exact(self, bench: HelpdeskBench) -> None:
        outcome = bench.helpdesk.open_ticket(DRAFT)
        (ticket,) = bench.opened()
        assert isinstance(outcome, Done)
        assert outcome.reference == ticket.reference
        assert ticket == Opened(
            reference=outcome.reference,
            marker="case-7.ask",
            subject="Возврат 7-1: нужен акт",
            text=f"{KAZAKH}\n\n<script>alert(1)</script> & 2 < 3",
            private=True,
            customer_name="Оксана Ким",
            customer_phone="+77011234567",
            tags="возврат, Kaspi",
        )

    def test_a_long_subject_is_cut_and_the_text_is_not(self, bench: HelpdeskBench) -> None:
        text = "Я" * 5_000
        outcome = bench.helpdesk.open_ticket(
            TicketDraft(marker="m-1", subject="т" * 400, message_text=text, private=False)
        )
        (ticket,) = bench.opened()
        assert isinstance(outcome, Done)
        assert ticket.subject == "т" * 254 + "…"
        assert (ticket.text, ticket.private) == (text, False)

    @pytest.mark.parametrize("trouble", UNSETTLED)
    def test_a_lost_answer_is_unknown_until_found_and_there_is_one_ticket(
        self, bench: HelpdeskBench, trouble: Trouble
    ) -> None:
        bench.upset("open", trouble)
        assert isinstance(bench.helpdesk.open_ticket(DRAFT), Unknown)
        found = bench.helpdesk.find_ticket(DRAFT.marker, SINCE)
        (ticket,) = bench.opened()
        assert isinstance(found, Done)
        assert found.reference == ticket.reference
        assert found.detail == "new"

    @pytest.mark.parametrize("trouble", NOTHING_DONE_BUT_UNSURE)
    def test_a_write_that_failed_unclearly_is_unknown_and_then_missing(
        self, bench: HelpdeskBench, trouble: Trouble
    ) -> None:
        bench.upset("open", trouble)
        assert isinstance(bench.helpdesk.open_ticket(DRAFT), Unknown)
        assert bench.helpdesk.find_ticket(DRAFT.marker, SINCE) == Missing()
        assert bench.opened() == []

    def test_a_rate_limit_is_busy_and_nothing_was_done(self, bench: HelpdeskBench) -> None:
        bench.upset("open", Trouble.RATE_LIMITED)
        outcome = bench.helpdesk.open_ticket(DRAFT)
        assert isinstance(outcome, Busy)
        assert outcome.retry_after_s == 7
        assert bench.opened() == []

    def test_a_refusal_carries_the_vendors_words(self, bench: HelpdeskBench) -> None:
        bench.upset("open", Trouble.REFUSES)
        outcome = bench.helpdesk.open_ticket(DRAFT)
        assert isinstance(outcome, Refused)
        assert "Клиент заблокирован" in outcome.reason
        assert bench.opened() == []

    def test_a_wrong_token_is_a_setting_and_nothing_is_opened(self, bench: HelpdeskBench) -> None:
        for outcome in (
            bench.with_wrong_token.open_ticket(DRAFT),
            bench.with_wrong_token.find_ticket(DRAFT.marker, SINCE),
            bench.with_wrong_token.health(),
        ):
            assert isinstance(outcome, Misconfigured)
            assert "token" in outcome.what
        assert bench.opened() == []

    def test_a_dead_address_is_busy(self, bench: HelpdeskBench) -> None:
        assert isinstance(bench.at_dead_address.open_ticket(DRAFT), Busy)
        assert isinstance(bench.at_dead_address.health(), Busy)

    @pytest.mark.parametrize(
        "trouble", [Trouble.FAILS_5XX, Trouble.DROPS_BEFORE, Trouble.RATE_LIMITED]
    )
    def test_a_failed_look_up_may_be_requested_again(
        self, bench: HelpdeskBench, trouble: Trouble
    ) -> None:
        bench.helpdesk.open_ticket(DRAFT)
        bench.upset("list", trouble)
        assert isinstance(bench.helpdesk.find_ticket(DRAFT.marker, SINCE), Busy)
        assert isinstance(bench.helpdesk.find_ticket(DRAFT.marker, SINCE), Done)

    @pytest.mark.parametrize(
        "trouble", [Trouble.EXECUTES_THEN_PAGE, Trouble.EXECUTES_THEN_HALF_JSON]
    )
    def test_an_unreadable_look_up_never_says_missing(
        self, bench: HelpdeskBench, trouble: Trouble
    ) -> None:
        bench.upset("list", trouble)
        assert isinstance(bench.helpdesk.find_ticket("nobody", SINCE), Unknown)

    def test_a_ticket_is_found_inside_several_pages(self, bench: HelpdeskBench) -> None:
        opened = bench.helpdesk.open_ticket(DRAFT)
        assert isinstance(opened, Done)
        bench.fill(230)
        found = bench.helpdesk.find_ticket(DRAFT.marker, SINCE)
        assert isinstance(found, Done)
        assert found.reference == opened.reference
        assert bench.helpdesk.find_ticket("case-7.as", SINCE) == Missing()

    def test_a_comment_is_public_only_when_stated(self, bench: HelpdeskBench) -> None:
        ticket = bench.helpdesk.open_ticket(DRAFT)
        assert isinstance(ticket, Done)
        photo = Attachment("акт №1.jpg", "image/jpeg", bytes(range(256)))
        displayed = bench.helpdesk.comment(
            CommentDraft("c-1", ticket.reference, "Қабылданды\n<b>", public=True, files=(photo,))
        )
        hidden = bench.helpdesk.comment(
            CommentDraft("c-2", ticket.reference, "Для своих", public=False)
        )
        assert isinstance(displayed, Done)
        assert isinstance(hidden, Done)
        assert bench.commented() == [
            Commented(
                displayed.reference,
                ticket.reference,
                "Қабылданды\n<b>\n\n[qtr:c-1]",
                public=True,
                files=(("акт №1.jpg", bytes(range(256))),),
            ),
            Commented(
                hidden.reference, ticket.reference, "Для своих\n\n[qtr:c-2]", public=False, files=()
            ),
        ]

    @pytest.mark.parametrize("trouble", UNSETTLED)
    def test_a_comment_with_a_lost_answer_is_found_again_once(
        self, bench: HelpdeskBench, trouble: Trouble
    ) -> None:
        ticket = bench.helpdesk.open_ticket(DRAFT)
        assert isinstance(ticket, Done)
        draft = CommentDraft("c-1", ticket.reference, "Срок прошёл", public=False)
        bench.upset("comment", trouble)
        assert isinstance(bench.helpdesk.comment(draft), Unknown)
        found = bench.helpdesk.find_comment(ticket.reference, "c-1")
        (comment,) = bench.commented()
        assert isinstance(found, Done)
        assert found.reference == comment.reference
        assert bench.helpdesk.find_comment(ticket.reference, "c-11") == Missing()

    def test_a_comment_into_no_ticket_is_refused(self, bench: HelpdeskBench) -> None:
        outcome = bench.helpdesk.comment(CommentDraft("c-1", "999999", "?", public=False))
        assert isinstance(outcome, Refused)
        assert bench.commented() == []
        assert isinstance(bench.helpdesk.find_comment("999999", "c-1"), Unknown)

    def test_health_tells_in_words(self, bench: HelpdeskBench) -> None:
        health = bench.helpdesk.health()
        assert isinstance(health, Healthy)
        assert len(health.facts) == 1
        assert bench.opened() == []

    def test_nothing_stated_or_logged_carries_a_secret(
        self, bench: HelpdeskBench, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            reported: list[object] = [bench.helpdesk.open_ticket(DRAFT)]
            for trouble in Trouble:
                bench.upset("open", trouble)
                reported.append(bench.helpdesk.open_ticket(DRAFT))
            reported += [bench.with_wrong_token.health(), bench.at_dead_address.health()]
            reported.append(bench.helpdesk.find_ticket(DRAFT.marker, SINCE))
        transcript = "\n".join([caplog.text, repr(reported), repr(DRAFT), *bench.addresses()])
        assert "/" in transcript
        for secret in (*bench.secrets(), "+77011234567"):
            assert secret not in transcript
