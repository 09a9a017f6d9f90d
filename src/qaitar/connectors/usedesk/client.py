"""Speaks with one Usedesk account: each call is sent once, the token only ever in the body."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Self

from qaitar.connectors.usedesk import facts, translate, wire
from qaitar.connectors.usedesk.facts import Encoding, UsedeskSettings
from qaitar.contracts.outcome import (
    ADDRESS_NOT_ALLOWED,
    Busy,
    Done,
    Healthy,
    Misconfigured,
    Missing,
    Refused,
    Unknown,
)
from qaitar.transport.http import AddressNotAllowed, HttpClient, NoAnswer, NotJson, NotSent, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from qaitar.connectors.usedesk.translate import Trouble
    from qaitar.contracts.helpdesk import Attachment, CommentDraft, TicketDraft
    from qaitar.contracts.outcome import Found, Health, Outcome

_CREATED_AFTER = "%Y-%m-%d %H:%M"  # Usedesk reads it as UTC, inclusive
_CLOCKS_APART = timedelta(minutes=10)  # their clock may be behind ours


@dataclass(slots=True)
class _Pace:
    """Keeps calls of one client apart, whoever asks."""

    pause_s: float
    sleep: Callable[[float], None]
    _last_s: float = field(default=float("-inf"))

    def wait(self) -> None:
        left_s = self._last_s + self.pause_s - time.monotonic()
        if left_s > 0:
            self.sleep(left_s)
        self._last_s = time.monotonic()


class UsedeskHelpdesk:
    """Implements `Helpdesk` for one API channel of Usedesk.  Close it when done (context manager).

    Nothing is repeated inside.  `additional_id` carries our marker, because Usedesk has no idempotency key and
    will gladly open the same ticket twice.
    """

    def __init__(
        self, settings: UsedeskSettings, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Prepare the connection; nothing is sent yet."""
        self._settings = settings
        self._http = HttpClient(settings.base_url, timeouts=settings.timeouts)
        self._pace = _Pace(settings.pause_s, sleep)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections kept alive."""
        self._http.close()

    def open_ticket(self, draft: TicketDraft, /) -> Outcome:
        """Open one ticket with our marker as its `additional_id`."""
        fields = translate.ticket_fields(draft, self._settings)
        if not fields.get("subject"):
            return Refused("A ticket needs a subject.")
        return self._create("/create/ticket", fields, "ticket_id")

    def comment(self, draft: CommentDraft, /) -> Outcome:
        """Write one comment whose last line is our marker."""
        fields = translate.comment_fields(draft, self._settings)
        return self._create("/create/comment", fields, "comment_id", draft.files)

    def find_ticket(self, marker: str, since: datetime, /) -> Found:
        """Go through every ticket opened since then, and open each one when the list does not show markers."""
        listed = self._tickets_since(since)
        if not isinstance(listed, dict):
            return listed
        unmarked: list[str] = []
        for ticket in sorted(listed.values(), key=_newest_first):
            if ticket.additional_id == marker:
                return self._found(ticket)
            if ticket.additional_id is None:
                unmarked.append(ticket.id)
        return self._find_one_by_one(unmarked, marker)

    def find_comment(self, ticket_reference: str, marker: str, /) -> Found:
        """Read the ticket and look for the comment whose text carries our marker."""
        payload = self._call("/ticket", {"ticket_id": ticket_reference}, writes=False)
        if isinstance(payload, Refused):
            return Unknown(f"The ticket {ticket_reference} cannot be read. {payload.reason}")
        if isinstance(payload, Misconfigured | Busy | Unknown):
            return payload
        try:
            comments = wire.comments_of(payload)
        except wire.UsedeskUnreadable as error:
            return Unknown(f"Usedesk's ticket cannot be read: {error}")
        tag = translate.comment_tag(marker)
        for comment in comments:
            if tag in comment.message:
                return Done(comment.id, self._page(ticket_reference))
        return Missing()

    def health(self) -> Health:
        """Ask for the groups: the smallest answer that needs a valid token."""
        payload = self._call("/groups", {}, writes=False)
        if isinstance(payload, Refused | Misconfigured | Busy | Unknown):
            return payload
        return Healthy((f"Usedesk answers at {self._settings.base_url} and accepts the token.",))

    def _create(
        self,
        path: str,
        fields: Mapping[str, str],
        id_field: str,
        files: Sequence[Attachment] = (),
    ) -> Outcome:
        trouble = translate.draft_trouble(fields)
        if trouble is not None:
            return trouble
        payload = self._call(path, fields, files, writes=True)
        if isinstance(payload, Refused):
            return translate.refused_setting(payload, fields)
        if isinstance(payload, Refused | Misconfigured | Busy | Unknown):
            return payload
        if not isinstance(payload, dict) or payload.get("status") != "success":
            return Unknown(f"Usedesk's answer to {path} is neither a success nor an error.")
        reference = wire.text_of(payload.get(id_field))
        if not reference:
            return Unknown(f"Usedesk answered success to {path} without {id_field}.")
        ticket = fields.get("ticket_id", reference)
        return Done(reference, self._page(ticket), wire.text_of(payload.get("message_status")))

    def _tickets_since(
        self, since: datetime
    ) -> dict[str, wire.Ticket] | Misconfigured | Busy | Unknown:
        """Collect all tickets opened since then, by id: the order of pages is not documented, so all are read."""
        assert since.tzinfo is not None, "`since` has to be aware"
        after = (since.astimezone(UTC) - _CLOCKS_APART).strftime(_CREATED_AFTER)
        listed: dict[str, wire.Ticket] = {}
        for page in range(facts.PAGES_MAX):
            offset = str(page * facts.TICKETS_A_PAGE)
            query = {"created_after": after, "offset": offset}
            payload = self._call("/tickets", query, writes=False)
            if isinstance(payload, Refused):
                return Unknown(f"The tickets cannot be listed. {payload.reason}")
            if isinstance(payload, Misconfigured | Busy | Unknown):
                return payload
            try:
                tickets = wire.tickets_of(payload)
            except wire.UsedeskUnreadable as error:
                return Unknown(f"Usedesk's list cannot be read: {error}")
            known = len(listed)
            listed.update((ticket.id, ticket) for ticket in tickets)
            if len(tickets) < facts.TICKETS_A_PAGE:
                return listed
            if len(listed) == known:
                return Unknown(
                    "Usedesk gives the same page of tickets again: the rest cannot be seen."
                )
        return Unknown(
            f"More than {len(listed)} tickets since {after} UTC: not all were looked at."
        )

    def _find_one_by_one(self, ids: Sequence[str], marker: str) -> Found:
        closed_to_us = 0
        for reference in ids[: facts.SINGLE_READS_MAX]:
            payload = self._call("/ticket", {"ticket_id": reference}, writes=False)
            if isinstance(payload, Refused):
                closed_to_us += 1
                continue
            if isinstance(payload, Misconfigured | Busy | Unknown):
                return payload
            try:
                ticket = wire.ticket_of(wire.mapping_of(payload).get("ticket"))
            except wire.UsedeskUnreadable as error:
                return Unknown(f"Usedesk's ticket cannot be read: {error}")
            if ticket.additional_id == marker:
                return self._found(ticket)
        left = max(0, len(ids) - facts.SINGLE_READS_MAX) + closed_to_us
        return (
            Unknown(f"{left} of {len(ids)} tickets could not be looked at.") if left else Missing()
        )

    def _found(self, ticket: wire.Ticket) -> Done:
        words = translate.status_words(ticket.status_id)
        return Done(ticket.id, self._page(ticket.id), words)

    def _page(self, ticket_id: str) -> str:
        return self._settings.ticket_page.replace("{id}", ticket_id)

    def _call(
        self,
        path: str,
        fields: Mapping[str, str],
        files: Sequence[Attachment] = (),
        *,
        writes: bool,
    ) -> Any | Trouble:
        """Send one call and return its JSON, or what went wrong."""
        self._pace.wait()
        try:
            reply = self._http.send(self._request(path, fields, files))
        except AddressNotAllowed:
            return ADDRESS_NOT_ALLOWED
        except NotSent as error:
            return Busy(f"Usedesk cannot be reached: {error}")
        except NoAnswer as error:
            message = f"Usedesk gave no whole answer: {error}"
            return Unknown(message) if writes else Busy(message)
        try:
            payload = reply.json()
        except NotJson:
            payload = None
        trouble = translate.reply_trouble(reply, payload, writes=writes)
        return payload if trouble is None else trouble

    def _request(
        self, path: str, fields: Mapping[str, str], files: Sequence[Attachment]
    ) -> Request:
        body = {"api_token": self._settings.api_token, **fields}
        if files:
            parts = [("files[]", (file.name, file.content, file.media_type)) for file in files]
            return Request("POST", path, form=body, files=parts)
        if self._settings.encoding is Encoding.FORM:
            return Request("POST", path, form=body)
        typed: dict[str, Any] = dict(body)
        if "private_comment" in typed:
            typed["private_comment"] = True
        return Request("POST", path, json_body=typed)


def _newest_first(ticket: wire.Ticket) -> tuple[int, str]:
    return (-int(ticket.id), "") if ticket.id.isascii() and ticket.id.isdigit() else (0, ticket.id)
