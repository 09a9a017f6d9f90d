"""Bodies of the account's webhooks, with the fields the documents list: JSON, or a multipart form."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from qaitar.sandbox.usedesk.account import STAMP

if TYPE_CHECKING:
    from qaitar.sandbox.usedesk.account import StoredComment, StoredTicket

BOUNDARY = "usedesk-stand-in"


def opened_body(ticket: StoredTicket, secret: str) -> bytes:
    """Return the JSON body sent when a ticket is opened."""
    return _json({"secret": secret, "ticket": _ticket(ticket)})


def changed_body(ticket: StoredTicket, secret: str, *, old_status: int) -> bytes:
    """Return the JSON body sent when a ticket's status changes."""
    change = {"target": "status", "value": str(ticket.status_id), "old_value": str(old_status)}
    trigger = {
        "id": "1",
        "trigger_id": "1",
        "user_id": "1",
        "ticket_id": str(ticket.id),
        "data": [change],
        "changed_at": ticket.at.astimezone(UTC).strftime(STAMP),
        "old_status": str(old_status),
        "new_status": str(ticket.status_id),
        "company_id": "1",
        "custom_fields": [],
    }
    return _json({"secret": secret, "trigger": trigger})


def commented_body(ticket: StoredTicket, comment: StoredComment, secret: str) -> bytes:
    """Return the JSON body sent when somebody comments, our own API included."""
    body = {
        "ticket_id": str(ticket.id),
        "from": comment.sender,
        "message": comment.message,
        "type": comment.type,
    }
    client = {"id": "0", "name": ticket.fields.get("client_name", ""), "phones": []}
    payload = {"secret": secret, "comment": body, "ticket": _ticket(ticket), "client": client}
    return _json({**payload, "from": comment.sender, "chat_id": None, "platform": "api"})


def form_body(ticket: StoredTicket, secret: str) -> tuple[str, bytes]:
    """Return content type and body of the same news without the JSON option; its nesting is a guess."""
    fields = {"secret": secret, "ticket[id]": str(ticket.id), "ticket[subject]": ticket.subject}
    parts = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    body = f"{parts}--{BOUNDARY}--\r\n".encode()
    return f"multipart/form-data; boundary={BOUNDARY}", body


def _ticket(ticket: StoredTicket) -> dict[str, Any]:
    stamp = ticket.at.astimezone(UTC).strftime(STAMP)
    return {
        "id": str(ticket.id),
        "status_id": str(ticket.status_id),
        "subject": ticket.subject,
        "client_id": ticket.fields.get("client_id", "0"),
        "assignee_id": ticket.fields.get("assignee_id", "0"),
        "group": ticket.fields.get("group_id", "0"),
        "last_updated_at": stamp,
        "channel_id": ticket.fields.get("channel_id", "0"),
        "email": ticket.fields.get("client_email", "0"),
        "published_at": stamp,
        "company_id": "1",
        "additional_id": ticket.fields.get("additional_id", ""),
        "message": ticket.comments[0].message,
        "custom_fields": [],
        "custom_blocks": [],
    }


def _json(payload: Any) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()
