"""Reads Usedesk's webhooks.  They prove themselves only by a secret inside the body: no secret set, none accepted.

Usedesk also offers a form encoding whose field names are not published; the option for JSON has to be switched on.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from qaitar.connectors.usedesk.wire import text_of
from qaitar.contracts.helpdesk import EventKind, EventRejected, TicketEvent
from qaitar.transport.lenient import storable

BODY_BYTES_MAX = 1024 * 1024
_OUR_COMMENT = "[qtr:"


def read_event(body: bytes, *, secret: str) -> TicketEvent | EventRejected:
    """Accept a webhook's body when it carries our secret, compared in constant time; an empty secret fits nothing.

    >>> read_event(b'{"secret": "s3", "ticket": {"id": "17"}}', secret="s3")
    TicketEvent(kind=<EventKind.OPENED: 'opened'>, ticket_reference='17', ours=False)
    >>> read_event(b'{"secret": "", "ticket": {"id": "17"}}', secret="")
    EventRejected(reason='no secret is set for this connection')
    """
    if not secret:
        return EventRejected("no secret is set for this connection")
    if len(body) > BODY_BYTES_MAX:
        return EventRejected(f"longer than {BODY_BYTES_MAX} bytes")
    try:
        payload = storable(json.loads(body))
    except (ValueError, RecursionError):
        return EventRejected("not JSON: switch on the JSON option of the webhook in Usedesk")
    if not isinstance(payload, Mapping):
        return EventRejected("not a JSON object")
    if not hmac.compare_digest(text_of(payload.get("secret")).encode(), secret.encode()):
        return EventRejected("the secret is not ours")
    return _event(payload)


def _event(payload: Mapping[str, Any]) -> TicketEvent | EventRejected:
    comment, change, ticket = (_part(payload, name) for name in ("comment", "trigger", "ticket"))
    if comment:
        kind, reference = EventKind.COMMENTED, comment.get("ticket_id") or ticket.get("id")
    elif change:
        kind, reference = EventKind.CHANGED, change.get("ticket_id")
    else:
        kind, reference = EventKind.OPENED, ticket.get("id")
    if not text_of(reference):
        return EventRejected("no ticket in it")
    return TicketEvent(
        kind, text_of(reference), ours=_OUR_COMMENT in text_of(comment.get("message"))
    )


def _part(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = payload.get(name)
    return part if isinstance(part, Mapping) else {}
