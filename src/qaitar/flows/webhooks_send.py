"""Outgoing webhooks by Standard Webhooks: planned deliveries get their messages and are sent until they arrive.

Nothing is lost and the receiver can tell repeats: the database plans a delivery for each endpoint in the statement that
writes a journal line (`foundation/journal/feed.py`), and its id stays over all tries.  No transaction is open while a
message is under way.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connection

from qaitar.flows.webhook_events import Line, event_body, event_type
from qaitar.foundation.connections.secrets import NoKey, NotOpened
from qaitar.foundation.models import JournalEntry, WebhookDelivery, WebhookEndpoint
from qaitar.foundation.ops.jobs import within_walls
from qaitar.foundation.webhooks.endpoints import signing_secrets
from qaitar.foundation.webhooks.signing import (
    BadSecret,
    SignatureVerdict,
    judge,
    next_try,
    signed_headers,
)
from qaitar.returns.reads.finders import request_names
from qaitar.transport.addresses import Forbidden, resolve_public
from qaitar.transport.http import NoAnswer, NotSent, Reply
from qaitar.transport.pinned import deliver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

PAGE: Final = 500
PAGES_MAX: Final = 400  # of planned deliveries in one round
LEASE: Final = timedelta(minutes=2)  # a sender that died lets go of its message after this
SENT_MAX: Final = 200  # messages in one round
ROUND_MAX_S: Final = 60.0
DETAIL_MAX: Final = 300
GONE: Final = 410
_RANDOM: Final = secrets.SystemRandom()


@dataclass(slots=True)
class Round:
    """What one round came to."""

    planned: int = 0
    delivered: int = 0
    failed: int = 0
    gave_up: int = 0


@dataclass(frozen=True, slots=True)
class _Ending:
    """What one try came to: the judgement, the status if there was an answer, words for people."""

    verdict: SignatureVerdict
    status: int | None
    detail: str
    retry_after_s: int | None = None


def webhooks_run(merchant_id: UUID, now: datetime) -> Round:
    """Write the messages of a merchant's planned deliveries, then send what is due, within a minute.

    Safe beside itself: a message is taken by one sender at a time.
    """
    assert not connection.in_atomic_block, "no network inside a transaction"
    done = Round()
    with within_walls(merchant_id):
        endpoints = {row.pk: row for row in _enabled(merchant_id)}
    done.planned = _plan(merchant_id, endpoints, now)
    _send_due(merchant_id, endpoints, now, done)
    return done


def _enabled(merchant_id: UUID) -> list[WebhookEndpoint]:
    rows = WebhookEndpoint.objects.filter(merchant_id=merchant_id, enabled=True)
    return list(rows.order_by("pk"))


# --- planning -------------------------------------------------------------------------------------------------------


def _plan(merchant_id: UUID, endpoints: Mapping[UUID, WebhookEndpoint], now: datetime) -> int:
    """Give planned deliveries their type and message; returns how many wait to be sent now.

    A page is a transaction.  Deliveries of a switched-off endpoint stay planned until it is switched on again.
    """
    written = 0
    for _page in range(PAGES_MAX):
        with within_walls(merchant_id):
            planned = WebhookDelivery.objects.select_for_update(skip_locked=True).filter(
                merchant_id=merchant_id, state="PLANNED", endpoint_id__in=list(endpoints)
            )
            page = list(planned.order_by("place", "pk")[:PAGE])
            written += _write(page, endpoints, now)
        if len(page) < PAGE:
            break
    return written


def _write(
    page: Sequence[WebhookDelivery], endpoints: Mapping[UUID, WebhookEndpoint], now: datetime
) -> int:
    """Write the messages of planned deliveries; a line that is no event, or none this endpoint wants, is skipped."""
    entries = JournalEntry.objects.in_bulk([row.entry_id for row in page])
    kinds = {pk: event_type(entry.act, entry.after) for pk, entry in entries.items()}
    about = request_names(entry.subject_id for pk, entry in entries.items() if kinds[pk])
    for row in page:
        entry, kind = entries[row.entry_id], kinds[row.entry_id]
        types = endpoints[row.endpoint_id].types
        if kind is None or (types and kind not in types):
            row.state, row.settled_at = "SKIPPED", now
        else:
            row.state, row.type, row.next_at = "WAITING", kind, now
            row.body = event_body(kind, _line(entry, about.get(entry.subject_id, {})))
    fields = ["state", "type", "body", "next_at", "settled_at"]
    WebhookDelivery.objects.bulk_update(page, fields, batch_size=PAGE)
    return sum(row.state == "WAITING" for row in page)


def _line(entry: JournalEntry, request: Mapping[str, str | int]) -> Line:
    return Line(
        act=entry.act,
        at=entry.at,
        seq=entry.seq,
        role=entry.actor_role,
        channel=entry.channel,
        before=entry.before,
        after=entry.after,
        request=request,
    )


# --- sending --------------------------------------------------------------------------------------------------------


def _send_due(
    merchant_id: UUID,
    endpoints: dict[UUID, WebhookEndpoint],
    now: datetime,
    done: Round,
) -> None:
    """Send due messages one by one; an endpoint that failed in this round is left alone for the rest of it."""
    waiting = dict(endpoints)
    ends_at = time.monotonic() + ROUND_MAX_S
    for _message in range(SENT_MAX):
        if not waiting or time.monotonic() > ends_at:
            return
        delivery = _claim(merchant_id, list(waiting), now)
        if delivery is None:
            return
        endpoint = waiting[delivery.endpoint_id]
        ending = _try(delivery, endpoint, now)
        _settle(delivery, ending, now, done)
        if ending.verdict is not SignatureVerdict.DELIVERED:
            del waiting[delivery.endpoint_id]


def _claim(merchant_id: UUID, endpoint_ids: list[UUID], now: datetime) -> WebhookDelivery | None:
    """Take the longest due message, so that no other sender takes it for the length of the lease."""
    with within_walls(merchant_id):
        due = WebhookDelivery.objects.select_for_update(skip_locked=True).filter(
            merchant_id=merchant_id,
            state="WAITING",
            next_at__lte=now,
            endpoint_id__in=endpoint_ids,
        )
        row = due.order_by("next_at", "place", "pk").first()
        if row is None:
            return None
        row.attempts += 1
        row.next_at = now + LEASE
        row.save(update_fields=["attempts", "next_at"])
        return row


def _try(delivery: WebhookDelivery, endpoint: WebhookEndpoint, now: datetime) -> _Ending:
    """Send one message to the address its name has now, if that may be called at all."""
    target = resolve_public(endpoint.url, allow_hosts=settings.QAITAR_PRIVATE_HOSTS)
    if isinstance(target, Forbidden):
        return _Ending(
            SignatureVerdict.RETRY, None, f"the address may not be called: {target.code.value}"
        )
    body = delivery.body.encode()
    try:
        signing = signing_secrets(endpoint, now)
        headers = signed_headers(signing, str(delivery.pk), body, now=now)
    except (NoKey, NotOpened, BadSecret) as error:
        return _Ending(SignatureVerdict.RETRY, None, f"the signing secret cannot be used: {error}")
    try:
        reply = deliver(target, headers, body)
    except (NotSent, NoAnswer) as error:
        return _Ending(SignatureVerdict.RETRY, None, str(error))
    return _ended(reply)


def _ended(reply: Reply) -> _Ending:
    verdict = judge(reply.status)
    wished = reply.headers.get("retry-after", "")
    wait_s = int(wished) if wished.isascii() and wished.isdigit() and len(wished) < 8 else None  # noqa: PLR2004  digits of a day's seconds and more
    text = reply.body.decode("utf-8", errors="replace").replace("\0", "")[:200]
    detail = "" if verdict is SignatureVerdict.DELIVERED else f"HTTP {reply.status} {text}".strip()
    return _Ending(verdict, reply.status, detail, wait_s)


def _settle(delivery: WebhookDelivery, ending: _Ending, now: datetime, done: Round) -> None:
    """Write down what a try came to, unless another sender has taken the message since."""
    again = None
    if ending.verdict in {SignatureVerdict.RETRY, SignatureVerdict.SLOW_DOWN}:
        again = next_try(
            delivery.attempts, now=now, random=_RANDOM, retry_after_s=ending.retry_after_s
        )
    if ending.verdict is SignatureVerdict.DELIVERED:
        state = "DELIVERED"
        done.delivered += 1
    elif again is None:
        state = "GAVE_UP"
        done.gave_up += 1
    else:
        state = "WAITING"
        done.failed += 1
    with within_walls(delivery.merchant_id):
        WebhookDelivery.objects.filter(
            pk=delivery.pk, state="WAITING", attempts=delivery.attempts
        ).update(
            state=state,
            next_at=again or now,
            last_status=ending.status,
            last_detail=ending.detail[:DETAIL_MAX],
            settled_at=None if again else now,
        )
        if ending.verdict is SignatureVerdict.DISABLE:
            WebhookEndpoint.objects.filter(pk=delivery.endpoint_id).update(
                enabled=False, disabled_reason=f"HTTP {GONE}: the receiver is gone"
            )
