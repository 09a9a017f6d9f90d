"""The agent's view of the tickets as one plain page, for the demo."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qaitar.sandbox.usedesk.account import StoredComment, StoredTicket

STATUS_NAMES = {
    1: "Открыт",
    2: "Выполнен",
    3: "Закрыт",
    4: "Удалён",
    5: "На удержании",
    6: "В ожидании",
    7: "Спам",
    8: "Новый",
    9: "Рассылка",
    10: "Объединён",
}
_FRAME = """<!doctype html>
<html lang="ru"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Usedesk (демонстрация)</title><style>
body{{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}}
article{{border:1px solid #bbb;border-radius:8px;padding:1rem;margin:1rem 0}}
pre{{white-space:pre-wrap;font:inherit;margin:.5rem 0}}
.private{{background:#fff6d6;color:#222;padding:.5rem;border-radius:6px}}
small{{color:#555}}</style></head><body><h1>Обращения</h1>{tickets}</body></html>"""


def tickets_page(tickets: Iterable[StoredTicket]) -> str:
    """Return the page: newest ticket first, each with its comments, private ones on yellow."""
    newest_first = sorted(tickets, key=lambda one: -one.id)
    rows = "".join(map(_ticket, newest_first)) or "<p>Обращений пока нет.</p>"
    return _FRAME.format(tickets=rows)


def plain_of(message: str) -> str:
    r"""Return the text of an HTML message, line breaks kept, markup gone.

    >>> plain_of("<p>a &lt; b<br>c</p><p>d</p>")
    'a < b\nc\n\nd'
    """
    broken = re.sub(r"<br\s*/?>", "\n", message)
    broken = re.sub(r"</p>", "\n\n", broken)
    return html.unescape(re.sub(r"<[^>]*>", "", broken)).strip()


def _ticket(ticket: StoredTicket) -> str:
    status = STATUS_NAMES.get(ticket.status_id, str(ticket.status_id))
    who = html.escape(ticket.fields.get("client_name", ""))
    return (
        f'<article id="ticket-{ticket.id}"><h2>№ {ticket.id}. {html.escape(ticket.subject)}</h2>'
        f"<small>{status} · {who} · {ticket.at:%Y-%m-%d %H:%M} UTC</small>"
        + "".join(map(_comment, ticket.comments))
        + "</article>"
    )


def _comment(comment: StoredComment) -> str:
    names = ", ".join(html.escape(one.name) for one in comment.files)
    files = f"<small>Файлы: {names}</small>" if names else ""
    return f'<div class="{comment.type}"><pre>{html.escape(plain_of(comment.message))}</pre>{files}</div>'
