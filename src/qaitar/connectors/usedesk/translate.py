"""Usedesk's words ↔ ours, pure: drafts to fields, answers to outcomes, statuses 1 to 10."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qaitar.connectors.usedesk import facts
from qaitar.connectors.usedesk.wire import text_of
from qaitar.contracts.helpdesk import TicketStatus
from qaitar.contracts.outcome import Busy, Misconfigured, Refused, Unknown

if TYPE_CHECKING:
    from qaitar.connectors.usedesk.facts import UsedeskSettings
    from qaitar.contracts.helpdesk import CommentDraft, TicketDraft
    from qaitar.transport.http import Reply

STATUSES: Mapping[str, TicketStatus] = {
    "1": TicketStatus.OPEN,
    "2": TicketStatus.DONE,
    "3": TicketStatus.CLOSED,
    "4": TicketStatus.DELETED,
    "5": TicketStatus.ON_HOLD,
    "6": TicketStatus.PENDING,
    "7": TicketStatus.SPAM,
    "8": TicketStatus.NEW,
    "9": TicketStatus.MAILING,
    "10": TicketStatus.MERGED,
}

Trouble = Refused | Misconfigured | Busy | Unknown
_TOKEN_TROUBLE = Misconfigured(
    "Usedesk does not accept the API token.",
    "Copy the token of the API channel again (Settings, Channels, the channel's API token).",
)
_SETTINGS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(words, re.IGNORECASE)
    for name, words in {
        "group_id": "group|групп",
        "assignee_id": "assignee|исполнител",
        "channel_id": "channel|канал",
        "user_id": "user_id",
    }.items()
}
_REASON_CHARS_MAX = 300


def ticket_status(status_id: str) -> TicketStatus:
    """Say in our words where a ticket stands.

    >>> ticket_status("6"), ticket_status("42")
    (<TicketStatus.PENDING: 'pending'>, <TicketStatus.UNRECOGNISED: 'unrecognised'>)
    """
    return STATUSES.get(status_id, TicketStatus.UNRECOGNISED)


def status_words(status_id: str) -> str:
    """Say a ticket's status for `Done.detail`, keeping the vendor's number when it is not known to us.

    >>> status_words("8"), status_words("42")
    ('new', 'unrecognised (42)')
    """
    status = ticket_status(status_id)
    return f"{status} ({status_id})" if status is TicketStatus.UNRECOGNISED else str(status)


def html_of(text: str) -> str:
    r"""Turn plain text into paragraphs of HTML: nothing a customer wrote can act as markup.

    >>> html_of("Здравствуйте!\n\n1 < 2\nи <b>")
    '<p>Здравствуйте!</p><p>1 &lt; 2<br>и &lt;b&gt;</p>'
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    paragraphs = re.split(r"\n[ \t]*\n+", plain)
    return "".join(f"<p>{html.escape(part).replace(chr(10), '<br>')}</p>" for part in paragraphs)


def cut(text: str, chars_max: int) -> str:
    r"""Keep a one-line text within the limit; what was cut off shows as an ellipsis.

    >>> cut("возврат", 4), cut("два\nряда", 20)
    ('воз…', 'два ряда')
    """
    line = " ".join(text.split())
    return line if len(line) <= chars_max else line[: chars_max - 1] + "…"


def comment_tag(marker: str) -> str:
    """Return the last line of a comment by which it is found again.

    >>> comment_tag("case-7.asked")
    '[qtr:case-7.asked]'
    """
    return f"[qtr:{marker}]"


def ticket_fields(draft: TicketDraft, settings: UsedeskSettings) -> dict[str, str]:
    """Return the fields of `/create/ticket`; what is empty is left out, so that Usedesk's own defaults hold."""
    fields = {
        "subject": cut(draft.subject, facts.SUBJECT_CHARS_MAX),
        "message": html_of(draft.message_text),
        "additional_id": draft.marker,
        "client_name": cut(draft.customer_name, facts.NAME_CHARS_MAX),
        "client_phone": draft.customer_phone,
        "group_id": draft.group or settings.group_id,
        "assignee_id": draft.assignee or settings.assignee_id,
        "channel_id": draft.channel or settings.channel_id,
        "user_id": settings.user_id,
        "from": settings.opened_from,
        "tag": ", ".join(draft.tags),
        "private_comment": "true" if draft.private else "",  # the documents: "only accepts true"
    }
    return {name: value for name, value in fields.items() if value}


def comment_fields(draft: CommentDraft, settings: UsedeskSettings) -> dict[str, str]:
    """Return the fields of `/create/comment`.  `type` is always said: left out, a reply to the buyer stays private."""
    fields = {
        "ticket_id": draft.ticket_reference,
        "message": f"{html_of(draft.text)}<p>{comment_tag(draft.marker)}</p>",
        "type": "public" if draft.public else "private",
        "from": "user" if settings.user_id else "",
        "user_id": settings.user_id,
    }
    return {name: value for name, value in fields.items() if value}


def draft_trouble(fields: Mapping[str, str]) -> Trouble | None:
    """Say why a draft cannot be sent at all, before anything is sent."""
    for name in ("group_id", "assignee_id", "channel_id", "user_id", "ticket_id"):
        if not fields.get(name, "0").isascii() or not fields.get(name, "0").isdigit():
            return Misconfigured(
                f"Usedesk's {name} has to be a number.", "Copy the id from Usedesk."
            )
    size = len(fields["message"].encode())
    if size > facts.MESSAGE_BYTES_MAX:
        return Refused(
            f"The text is {size} bytes as HTML; Usedesk takes {facts.MESSAGE_BYTES_MAX}."
        )
    return None


def reply_trouble(reply: Reply, payload: Any, *, writes: bool) -> Trouble | None:
    """Judge an answer by its body first, then by its status; None means it may be read.

    Usedesk reports errors inside HTTP 200 as well.  `payload` is None when the body is not JSON.  A write whose
    answer is not an explicit yes or no stays `Unknown`; a read may simply be asked again.
    """
    if reply.status == 429:  # noqa: PLR2004  the one status that promises nothing was done
        return Busy("Usedesk asks to slow down (HTTP 429).", retry_after_s(reply))
    if reply.status >= 500 or reply.status == 408:  # noqa: PLR2004  gateways say these after the work as well
        message = f"Usedesk answered HTTP {reply.status}."
        return Unknown(message) if writes else Busy(message, facts.RETRY_AFTER_S)
    reason = error_words(payload)
    if reason:
        return _TOKEN_TROUBLE if _blames_token(reason) else Refused(f"Usedesk: {reason}")
    if reply.ok:
        return None if payload is not None else Unknown("Usedesk's answer is not JSON.")
    return _status_trouble(reply.status)


def error_words(payload: Any) -> str:
    """Return Usedesk's own words for a refusal, empty when the body is not one.

    >>> error_words({"error": "incorrect token"}), error_words({"status": "success", "ticket_id": 1})
    ('incorrect token', '')
    >>> error_words({"status": "error"})
    'error without words'
    """
    if not isinstance(payload, Mapping):
        return ""
    words = payload.get("error")
    if not words and payload.get("status") == "error":
        words = payload.get("message") or "error without words"
    if isinstance(words, Mapping):
        words = "; ".join(f"{name}: {text_of(text)}" for name, text in words.items())
    elif isinstance(words, list):
        words = "; ".join(text_of(text) for text in words)
    return cut(text_of(words), _REASON_CHARS_MAX)


def retry_after_s(reply: Reply) -> int:
    """Return the wait a 429 asks for in whole seconds, a minute when it does not say."""
    header = reply.headers.get("retry-after", "")
    return min(int(header), 3600) if header.isascii() and header.isdigit() else facts.RETRY_AFTER_S


def refused_setting(refusal: Refused, fields: Mapping[str, str]) -> Misconfigured | Refused:
    """Tell a refusal of an id that comes from this connection's settings from a "no" to one ticket.

    >>> refused_setting(Refused("Usedesk: Group not found"), {"group_id": "77"}).what
    'Usedesk: Group not found'
    >>> refused_setting(Refused("Usedesk: Group not found"), {"subject": "s"})
    Refused(reason='Usedesk: Group not found')
    """
    if any(fields.get(name) and words.search(refusal.reason) for name, words in _SETTINGS.items()):
        return Misconfigured(
            refusal.reason,
            "Check group, assignee, channel and agent of this connection.",
            whole=False,
        )
    return refusal


def _blames_token(reason: str) -> bool:
    lowered = reason.lower()
    return "token" in lowered or "токен" in lowered


def _status_trouble(status: int) -> Trouble:
    if status in {401, 403}:
        return _TOKEN_TROUBLE
    if status == 404 or 300 <= status < 400:  # noqa: PLR2004  every path is fixed: it is the address that is wrong
        return Misconfigured(
            f"There is no Usedesk API at the base address (HTTP {status}).",
            f"Use {facts.URL_RU}, {facts.URL_INTERNATIONAL} or the address of your own host.",
        )
    return Refused(f"Usedesk refused the call (HTTP {status}).")
