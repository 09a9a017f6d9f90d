"""What Usedesk tells us counts only with our secret, and our own words coming back are known as ours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qaitar.connectors.usedesk.translate import comment_tag
from qaitar.connectors.usedesk.webhook import BODY_BYTES_MAX, read_event
from qaitar.contracts.helpdesk import EventKind, EventRejected, TicketEvent
from qaitar.sandbox.usedesk.account import HelpdeskAccount, StoredTicket
from qaitar.sandbox.usedesk.webhooks import changed_body, commented_body, form_body, opened_body

SECRET = "channel-secret-5c1"


@pytest.fixture
def account() -> HelpdeskAccount:
    return HelpdeskAccount(clock=lambda: datetime(2026, 3, 2, tzinfo=UTC))


@pytest.fixture
def ticket(account: HelpdeskAccount) -> StoredTicket:
    opened = account.create_ticket({"subject": "Возврат", "message": "<p>Текст</p>"}, ())
    return account.tickets[opened["ticket_id"]]


def test_each_kind_of_news_names_its_ticket(account: HelpdeskAccount, ticket: StoredTicket) -> None:
    reference = str(ticket.id)
    assert read_event(opened_body(ticket, SECRET), secret=SECRET) == TicketEvent(
        EventKind.OPENED, reference, ours=False
    )
    account.set_status(ticket.id, 2)
    assert read_event(changed_body(ticket, SECRET, old_status=8), secret=SECRET) == TicketEvent(
        EventKind.CHANGED, reference, ours=False
    )


@pytest.mark.parametrize(("text", "ours"), [("Позвоните мне", False), (comment_tag("c-1"), True)])
def test_our_own_comment_is_known_when_it_comes_back(
    account: HelpdeskAccount, ticket: StoredTicket, text: str, *, ours: bool
) -> None:
    account.create_comment({"ticket_id": str(ticket.id), "message": f"<p>{text}</p>"}, ())
    body = commented_body(ticket, ticket.comments[-1], SECRET)
    assert read_event(body, secret=SECRET) == TicketEvent(
        EventKind.COMMENTED, str(ticket.id), ours=ours
    )


@pytest.mark.parametrize("reported", ["", "channel-secret-5c", "CHANNEL-SECRET-5C1", "секрет"])
def test_another_secret_is_rejected(ticket: StoredTicket, reported: str) -> None:
    rejected = read_event(opened_body(ticket, reported), secret=SECRET)
    assert rejected == EventRejected("the secret is not ours")


def test_without_a_secret_set_nothing_is_accepted(ticket: StoredTicket) -> None:
    for reported in ("", SECRET):
        rejected = read_event(opened_body(ticket, reported), secret="")
        assert rejected == EventRejected("no secret is set for this connection")


def test_a_form_is_rejected_with_the_way_out(ticket: StoredTicket) -> None:
    _, body = form_body(ticket, SECRET)
    rejected = read_event(body, secret=SECRET)
    assert isinstance(rejected, EventRejected)
    assert "JSON option" in rejected.reason
    assert SECRET not in rejected.reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"secret": "channel-secret-5c1"}',
        b'{"secret": "channel-secret-5c1", "ticket": "17"}',
        b" " * (BODY_BYTES_MAX + 1),
    ],
)
def test_strange_bodies_are_rejected_and_never_break(body: bytes) -> None:
    assert isinstance(read_event(body, secret=SECRET), EventRejected)


def test_letters_no_table_can_hold_are_neither_our_secret_nor_a_crash() -> None:
    """Anybody may send a body here, so the secret itself may be half a character."""
    assert read_event(rb'{"secret": "\ud800"}', secret=SECRET) == EventRejected(
        "the secret is not ours"
    )
    reported = read_event(
        rb'{"secret": "channel-secret-5c1", "ticket": {"id": "\u000017"}}', secret=SECRET
    )
    assert reported == TicketEvent(EventKind.OPENED, "�17", ours=False)
