"""Usedesk keeps the helpdesk contract, in each way the account can be set up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from qaitar.connectors.usedesk import translate
from qaitar.connectors.usedesk.client import UsedeskHelpdesk
from qaitar.connectors.usedesk.facts import Encoding, UsedeskSettings
from qaitar.contracts.helpdesk import CommentDraft, TicketDraft, TicketStatus
from qaitar.contracts.outcome import Done, Misconfigured, Missing, Refused, Unknown
from qaitar.sandbox.serving import Serving
from qaitar.sandbox.usedesk.app import UsedeskStandIn
from qaitar.sandbox.usedesk.faults import UsedeskFault
from qaitar.sandbox.usedesk.page import plain_of, tickets_page
from qaitar.transport.http import HttpClient, Request, Timeouts
from tests.contracts.helpdesk import (
    DRAFT,
    NOW,
    SINCE,
    Commented,
    HelpdeskBench,
    HelpdeskContract,
    Opened,
    Trouble,
)

TOKEN = "u5ed35k-t0k3n-of-the-channel"
PATHS = {
    "open": "/create/ticket",
    "comment": "/create/comment",
    "list": "/tickets",
    "read": "/ticket",
}
FAULTS = {
    Trouble.REFUSES: UsedeskFault.REFUSAL,
    Trouble.DROPS_BEFORE: UsedeskFault.DROP_BEFORE,
    Trouble.EXECUTES_THEN_DROPS: UsedeskFault.DROP_AFTER,
    Trouble.EXECUTES_THEN_5XX: UsedeskFault.BAD_GATEWAY_AFTER,
    Trouble.FAILS_5XX: UsedeskFault.SERVER_ERROR_BEFORE,
    Trouble.RATE_LIMITED: UsedeskFault.RATE_LIMITED,
    Trouble.EXECUTES_THEN_PAGE: UsedeskFault.PAGE_AFTER,
    Trouble.EXECUTES_THEN_HALF_JSON: UsedeskFault.CUT_JSON_AFTER,
    Trouble.EXECUTES_THEN_NO_ID: UsedeskFault.NO_ID_AFTER,
    Trouble.EXECUTES_TOO_SLOWLY: UsedeskFault.SLOW_AFTER,
}


class UsedeskBench(HelpdeskBench):
    def __init__(self, stack: ExitStack, *, list_shows_markers: bool, encoding: Encoding) -> None:
        self.now = NOW
        self.stand_in = UsedeskStandIn(
            TOKEN, clock=self._tick, list_shows_markers=list_shows_markers
        )
        self.stand_in.faults.slow_s = 0.6
        self.url = stack.enter_context(Serving(self.stand_in)).url
        self.settings = UsedeskSettings(
            api_token=TOKEN,
            base_url=self.url,
            encoding=encoding,
            ticket_page=self.url + "/#ticket-{id}",
            pause_s=0.0,
            timeouts=Timeouts(connect_s=2.0, read_s=0.4),
        )
        self._stack = stack
        self.helpdesk = self.connected(self.settings)
        self.with_wrong_token = self.connected(replace(self.settings, api_token="wrong-token"))
        self.at_dead_address = self.connected(replace(self.settings, base_url="http://127.0.0.1:9"))

    def connected(self, settings: UsedeskSettings) -> UsedeskHelpdesk:
        return self._stack.enter_context(UsedeskHelpdesk(settings))

    def secrets(self) -> tuple[str, ...]:
        return (TOKEN, "wrong-token")

    def _tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def opened(self) -> list[Opened]:
        account = self.stand_in.account
        return [
            Opened(
                reference=str(done.reference),
                marker=done.fields["additional_id"],
                subject=done.fields["subject"],
                text=plain_of(done.fields["message"]),
                private=account.tickets[done.reference].comments[0].type == "private",
                customer_name=done.fields.get("client_name", ""),
                customer_phone=done.fields.get("client_phone", ""),
                tags=done.fields.get("tag", ""),
            )
            for done in account.ledger
            if done.path == "/create/ticket"
        ]

    def commented(self) -> list[Commented]:
        return [
            Commented(
                str(comment.id),
                str(ticket.id),
                plain_of(comment.message),
                public=comment.type == "public",
                files=tuple((file.name, file.content) for file in comment.files),
            )
            for ticket in self.stand_in.account.tickets.values()
            for comment in ticket.comments[1:]
        ]

    def upset(self, call: str, trouble: Trouble) -> None:
        self.stand_in.faults.add(PATHS[call], FAULTS[trouble])

    def addresses(self) -> list[str]:
        return [f"{call.path}?{call.query}" for call in self.stand_in.calls]

    def fill(self, count: int) -> None:
        for number in range(count):
            fields = {"subject": "чужое", "message": "<p>…</p>", "additional_id": f"other-{number}"}
            self.stand_in.account.create_ticket(fields, ())


@pytest.fixture(
    params=[(True, Encoding.JSON), (False, Encoding.FORM)], ids=["json-listed", "form-one-by-one"]
)
def bench(request: pytest.FixtureRequest) -> Iterator[UsedeskBench]:
    listed, encoding = request.param
    with ExitStack() as stack:
        yield UsedeskBench(stack, list_shows_markers=listed, encoding=encoding)


class TestUsedesk(HelpdeskContract):
    """Runs the whole contract with markers in the list and with markers in single tickets only."""


def test_each_documented_status_has_our_word() -> None:
    words = {number: translate.ticket_status(str(number)) for number in range(1, 11)}
    assert len(set(words.values())) == 10
    assert TicketStatus.UNRECOGNISED not in words.values()
    assert words[8] is TicketStatus.NEW
    assert words[10] is TicketStatus.MERGED


def test_a_status_nobody_reported_us_about_is_stored_next_to_our_word(bench: UsedeskBench) -> None:
    opened = bench.helpdesk.open_ticket(DRAFT)
    assert isinstance(opened, Done)
    bench.stand_in.account.set_status(int(opened.reference), 42)
    found = bench.helpdesk.find_ticket(DRAFT.marker, SINCE)
    assert isinstance(found, Done)
    assert found.detail == "unrecognised (42)"


def test_the_page_of_a_ticket_is_linked(bench: UsedeskBench) -> None:
    opened = bench.helpdesk.open_ticket(DRAFT)
    assert isinstance(opened, Done)
    assert opened.address == f"{bench.url}/#ticket-{opened.reference}"


def test_usedesk_opens_the_same_ticket_twice_so_only_the_look_up_protects(
    bench: UsedeskBench,
) -> None:
    first, second = bench.helpdesk.open_ticket(DRAFT), bench.helpdesk.open_ticket(DRAFT)
    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert first.reference != second.reference
    assert len(bench.opened()) == 2


def test_the_type_of_a_comment_is_always_stated(bench: UsedeskBench) -> None:
    opened = bench.helpdesk.open_ticket(DRAFT)
    assert isinstance(opened, Done)
    for public in (True, False):
        bench.helpdesk.comment(CommentDraft("c-1", opened.reference, "Текст", public=public))
    types = [done.fields["type"] for done in bench.stand_in.account.ledger[1:]]
    assert types == ["public", "private"]


def test_markup_of_a_customer_reaches_the_agent_as_text(bench: UsedeskBench) -> None:
    bench.helpdesk.open_ticket(DRAFT)
    (done,) = bench.stand_in.account.ledger
    assert "<script>" not in done.fields["message"]
    assert "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; 2 &lt; 3</p>" in done.fields["message"]
    assert "<script>alert" not in tickets_page(bench.stand_in.account.tickets.values())


def test_empty_fields_are_left_to_usedesk(bench: UsedeskBench) -> None:
    draft = TicketDraft(marker="m-2", subject="С", message_text="Т", private=False)
    assert isinstance(bench.helpdesk.open_ticket(draft), Done)
    (done,) = bench.stand_in.account.ledger
    assert dict(done.fields) == {"subject": "С", "message": "<p>Т</p>", "additional_id": "m-2"}


def test_defaults_of_the_connection_and_words_of_the_draft(bench: UsedeskBench) -> None:
    desk = bench.connected(
        replace(bench.settings, group_id="1", assignee_id="5", channel_id="9", opened_from="client")
    )
    assert isinstance(desk.open_ticket(replace(DRAFT, group="2")), Done)
    (done,) = bench.stand_in.account.ledger
    assert [done.fields[name] for name in ("group_id", "assignee_id", "channel_id", "from")] == [
        "2",
        "5",
        "9",
        "client",
    ]


def test_a_group_that_is_not_a_number_never_leaves(bench: UsedeskBench) -> None:
    outcome = bench.helpdesk.open_ticket(replace(DRAFT, group="Колл-центр"))
    assert outcome == Misconfigured(
        "Usedesk's group_id has to be a number.", "Copy the id from Usedesk."
    )
    assert bench.stand_in.calls == []


def test_a_text_over_the_limit_is_refused_before_it_is_sent(bench: UsedeskBench) -> None:
    outcome = bench.helpdesk.open_ticket(replace(DRAFT, message_text="Я" * 40_000))
    assert isinstance(outcome, Refused)
    assert "80007 bytes" in outcome.reason
    assert bench.helpdesk.open_ticket(replace(DRAFT, subject=" ")) == Refused(
        "A ticket needs a subject."
    )
    assert bench.stand_in.calls == []


def test_a_marker_html_could_change_is_our_own_bug() -> None:
    with pytest.raises(ValueError, match="not a marker"):
        CommentDraft("<7>", "1", "текст", public=False)
    with pytest.raises(ValueError, match="not a marker"):
        TicketDraft(marker="", subject="С", message_text="Т")


def test_older_tickets_are_not_looked_at(bench: UsedeskBench) -> None:
    assert isinstance(bench.helpdesk.open_ticket(DRAFT), Done)
    assert bench.helpdesk.find_ticket(DRAFT.marker, NOW + timedelta(hours=1)) == Missing()


def test_more_tickets_than_the_bound_are_never_called_missing(
    bench: UsedeskBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.fill(230)
    monkeypatch.setattr("qaitar.connectors.usedesk.facts.PAGES_MAX", 2)
    found = bench.helpdesk.find_ticket("nobody", SINCE)
    assert found == Unknown(
        "More than 200 tickets since 2026-03-02 09:15 UTC: not all were looked at."
    )
    monkeypatch.undo()
    monkeypatch.setattr("qaitar.connectors.usedesk.facts.SINGLE_READS_MAX", 50)
    expected = (
        Missing()
        if bench.stand_in.account.list_shows_markers
        else Unknown("180 of 230 tickets could not be looked at.")
    )
    assert bench.helpdesk.find_ticket("nobody", SINCE) == expected


def test_a_ticket_closed_to_us_is_not_accepted_for_missing(bench: UsedeskBench) -> None:
    bench.fill(2)
    bench.stand_in.account.closed_to_us.add(max(bench.stand_in.account.tickets))
    expected = (
        Missing()
        if bench.stand_in.account.list_shows_markers
        else Unknown("1 of 2 tickets could not be looked at.")
    )
    assert bench.helpdesk.find_ticket("nobody", SINCE) == expected
    found = bench.helpdesk.find_ticket("other-0", SINCE)
    assert isinstance(found, Done)


def test_an_account_that_repeats_a_page_is_not_requested_for_ever(bench: UsedeskBench) -> None:
    bench.fill(150)
    bench.stand_in.account.same_page_always = True
    found = bench.helpdesk.find_ticket("other-0", SINCE)
    assert isinstance(found, Unknown)
    assert "same page" in found.detail
    assert len(bench.stand_in.calls) == 2


def test_calls_keep_their_distance(bench: UsedeskBench) -> None:
    slept: list[float] = []
    with UsedeskHelpdesk(replace(bench.settings, pause_s=60.0), sleep=slept.append) as desk:
        desk.health()
        assert slept == []
        desk.health()
    assert len(slept) == 1
    assert 59.0 < slept[0] <= 60.0


def test_a_wrong_base_address_is_reported(bench: UsedeskBench) -> None:
    desk = bench.connected(replace(bench.settings, base_url=bench.url + "/uapi"))
    outcome = desk.open_ticket(DRAFT)
    assert isinstance(outcome, Misconfigured)
    assert "https://secure.usedesk.com/uapi" in outcome.how
    assert bench.opened() == []


def test_a_page_for_people_shows_the_tickets(bench: UsedeskBench) -> None:
    bench.helpdesk.open_ticket(DRAFT)
    with HttpClient(bench.url) as browser:
        page = browser.send(Request("GET", "/"))
    assert page.status == 200
    assert "Возврат 7-1: нужен акт" in page.body.decode()
