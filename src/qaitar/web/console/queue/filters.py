"""Reads which part of the queue an address asks for, and writes such addresses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from qaitar.kernel.workdays import end_of_day
from qaitar.kernel.zones import ALMATY, zone
from qaitar.returns.reads.queue import QueueFilter, QueuePlace
from qaitar.returns.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

    from qaitar.foundation.identity.access import Principal

MINE: Final = "me"
DUE: Final = ("late", "today", "day")
_DIGITS_MAX: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueQuery:
    """A part of the queue as an address names it; empty means all."""

    stage: str = ""
    store: str = ""
    merchant: str = ""
    assignee: str = ""
    proof: str = ""
    due: str = ""
    after: str = ""

    def query(self) -> str:
        """Write the address's query, without the place where a page ended."""
        names = ("stage", "store", "merchant", "assignee", "proof", "due")
        return urlencode({name: getattr(self, name) for name in names if getattr(self, name)})

    def url(self, home: str) -> str:
        """Write the whole address."""
        query = self.query()
        return f"{home}?{query}" if query else home

    def but(self, **changed: str) -> QueueQuery:
        """Ask for the same part with something changed, from its beginning."""
        return replace(self, **{"after": "", **changed})


def queue_wanted(query: Mapping[str, str]) -> QueueQuery:
    """Read an address; what makes no sense counts as not said.

    >>> queue_wanted({"stage": "NEW", "store": "nonsense", "due": "never"}).query()
    'stage=NEW'
    """
    given = {name: query.get(name, "") for name in QueueQuery.__dataclass_fields__}
    return QueueQuery(
        stage=given["stage"] if given["stage"] in Stage.__members__ else "",
        store=_uuid_text(given["store"]),
        merchant=_uuid_text(given["merchant"]),
        assignee=_assignee(given["assignee"]),
        proof="1" if given["proof"] == "1" else "",
        due=given["due"] if given["due"] in DUE else "",
        after=given["after"] if QueuePlace.read(given["after"]) else "",
    )


def opened_from(request: HttpRequest) -> QueueQuery:
    """Tell which part of the queue a case was opened from: its own address, or the page that asks, says so."""
    own = queue_wanted(request.GET)
    if own.query():
        return own
    page = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    try:
        return queue_wanted(dict(parse_qsl(urlsplit(page).query)))
    except ValueError:
        return QueueQuery()


def _uuid_text(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _assignee(text: str) -> str:
    known = text == MINE or (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX)
    return text if known else ""


def requested_merchants(part: QueueQuery, who: Principal) -> tuple[UUID, ...]:
    """Name the merchants to read: all of the person's, or the one they chose."""
    if not part.merchant:
        return who.merchants
    return tuple(each for each in who.merchants if str(each) == part.merchant)


def wanted(part: QueueQuery, who: Principal, now: datetime) -> QueueFilter:
    """Turn what was asked into what the queue understands."""
    mine = who.user_id if part.assignee == MINE else None
    return QueueFilter(
        stage=Stage(part.stage) if part.stage else None,
        store_id=UUID(part.store) if part.store else None,
        assignee_id=mine if mine is not None or not part.assignee else int(part.assignee),
        waiting_for_proof=bool(part.proof),
        due_before=_due_before(part.due, now),
        after=QueuePlace.read(part.after) if part.after else None,
    )


def _due_before(due: str, now: datetime) -> datetime | None:
    if due == "late":
        return now
    if due == "today":
        return end_of_day(now.astimezone(zone(ALMATY)).date(), zone(ALMATY))
    return now + timedelta(hours=24) if due == "day" else None
