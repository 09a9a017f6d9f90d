"""Recordings of the cabinet made from a seed, each with what has to be read out of it.  Knows nothing of the reader.

A recording is a HAR of Chrome or Firefox or a parcel of the companion.  What must come of it is written down while the events are
made in the order of time; only then are the entries written, marked, shuffled and mixed with foreign ones.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from tests.corpora.cabinet_entries import Event, entries_of
from tests.corpora.cabinet_shapes import Request, detail_of, item_of, new_request

TABS: Final = ("NEW", "WAITING_DECISION", "ON_DELIVERY", "DISPUTE", "CLOSED")
ODD_TABS: Final = ("EXPERTISE", "На проверке", "new")
PAGE: Final = 10
SIGN_IN: Final = "<!doctype html><title>Войти</title>"
NO_LISTS: Final = ('{"code": "FAILED"}', "[]")
FAULTS: Final = (
    (None, 200, "har_body", "no answer in it: «*»"),
    (None, 304, "har_not_modified", "no answer in it: «*»"),
    (SIGN_IN, 200, "har_body", "not JSON"),
    ('{"data": [{"refundId": "76', 200, "har_body", "not JSON"),
    (NO_LISTS[0], 200, "unknown_shape", "Neither"),
    (NO_LISTS[1], 200, "unknown_shape", "Neither"),
    ("null", 200, "unknown_shape", "Neither"),
)
NOT_TOTALS: Final = (None, "много", [], -1, 2.5, True)


@dataclass
class Expected:
    """What must come of a recording.

    `requests` gives by shop and number the values of the newest looks; `problems` (place of the entry from 1, code, a piece of the
    reason); `lists` (shop, tab, expected, came) of those that are not whole; `unread` (shop, number, field, why).
    """

    requests: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    refused_numbers: set[tuple[str, str]] = field(default_factory=set)
    problems: list[tuple[int, str, str]] = field(default_factory=list)
    lists: set[tuple[str, str, int, int]] = field(default_factory=set)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    unread: set[tuple[str, str, str, str]] = field(default_factory=set)
    left_out: dict[str, int] = field(default_factory=dict)
    has_times: bool = False
    handed_at: datetime | None = None


@dataclass(frozen=True)
class Made:
    """One recording with what must come of it; `secret` stands in its headers and cookies only."""

    body: bytes
    expected: Expected
    secret: str
    maker: str


@dataclass
class _Shop:
    """A shop of the marketplace while it is looked at: its requests, and what was seen of each list."""

    number: str
    requests: list[Request]
    pages: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] | None = None
    looks: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)


def made_recording(seed: int) -> Made:
    """Make the recording of a seed."""
    dice = Random(seed)
    maker = dice.choice(("chrome", "firefox", "companion"))
    expected = Expected()
    count = dice.choice((1, 1, 1, 2, 3)) if maker != "companion" else 1
    visits = [_Visit(dice, _shop(dice, place), expected) for place in range(count)]
    events: list[Event] = []
    for _ in range(dice.choice((1, 1, 2, 3))):
        for visit in dice.sample(visits, len(visits)):
            events += visit.made()
    for visit in visits:
        visit.close()
    entries, left_out, has_times = entries_of(dice, maker, events, _start(dice))
    for place, (_, event) in enumerate(entries, start=1):
        if event is not None:
            expected.problems += [(place, code, piece) for code, piece in event.problems]
    if not events:
        expected.problems.append((0, "no_answers", "holds no answer"))
    expected.left_out = left_out
    expected.has_times = has_times
    body = _body(dice, maker, [entry for entry, _ in entries], expected)
    return Made(body, expected, "SECRET", maker)


def _start(dice: Random) -> datetime:
    year = dice.choice((2026, 2026, 2026, 2031, 2098))
    return datetime(year, 11, 30, 5, dice.randrange(60), tzinfo=UTC)


def _shop(dice: Random, place: int) -> _Shop:
    many = dice.choice((0, 1, 2, 5, 12, 23, 31))
    made = [new_request(dice, place * 1000 + number, TABS) for number in range(many)]
    for request in made:
        if dice.random() < 0.04:
            request.tab = dice.choice(ODD_TABS)
    return _Shop(str(30_000_001 + place), made)


class _Visit:
    """One person or the companion looking at one shop; each pass is a series of calls with the answers they got."""

    def __init__(self, dice: Random, shop: _Shop, expected: Expected) -> None:
        self.dice, self.shop, self.expected = dice, shop, expected

    def made(self) -> list[Event]:
        """Look once; whatever is changed on the marketplace's side is changed before."""
        dice, events = self.dice, []
        for request in self.shop.requests:
            if dice.random() < 0.3:
                request.move(dice, TABS)
        if dice.random() < 0.7:
            events.append(self._counts())
        tabs = sorted({request.tab for request in self.shop.requests} | {dice.choice(TABS)})
        for tab in dice.sample(tabs, len(tabs)):
            if dice.random() < 0.85:
                events += self._list(tab)
        events += [self._detail(each) for each in self.shop.requests if dice.random() < 0.2]
        return events

    def close(self) -> None:
        """Write down which lists are not whole: by the newest counts, else by the list's own newest total."""
        shop = self.shop
        if not shop.pages:
            return
        counted = shop.counts or {}
        for tab in {*shop.pages, *counted}:
            wanted = counted.get(tab, shop.totals.get(tab))
            came = len(set().union(*shop.pages.get(tab, {}).values()))
            if wanted is not None and came < wanted:
                self.expected.lists.add((shop.number, tab, wanted, came))

    def _counts(self) -> Event:
        dice, shop = self.dice, self.shop
        url = f"load-refunds-count?merchantId={shop.number}"
        if fault := self._failed(url, "load-refunds-count", 0.06):
            return fault
        totals = {tab: 0 for tab in TABS if dice.random() < 0.95}
        for request in shop.requests:
            totals[request.tab] = totals.get(request.tab, 0) + 1
        if totals and dice.random() < 0.15:
            totals[dice.choice(sorted(totals))] += dice.randrange(1, 9)
        if not totals:
            totals = {"NEW": len(shop.requests)}
        shop.counts = totals
        self.expected.counts[shop.number] = totals
        rows = [
            {"tab": tab, "tabTitle": f"Раздел {tab}", "total": dice.choice((n, str(n), float(n)))}
            for tab, n in totals.items()
        ]
        return Event(url, json.dumps(dice.sample(rows, len(rows)), ensure_ascii=False))

    def _list(self, tab: str) -> list[Event]:
        dice = self.dice
        held = [request for request in self.shop.requests if request.tab == tab]
        last = max(0, -(-len(held) // PAGE) - 1)
        events = []
        for page in range(last + 1):
            if page and dice.random() < 0.1:
                break  # the person did not page on
            rows = held[page * PAGE : (page + 1) * PAGE]
            if page and dice.random() < 0.15:
                rows = [
                    held[page * PAGE - 1],
                    *rows,
                ]  # one came in front meanwhile: seen on both pages
            events.append(self._page(tab, page, rows, len(held)))
        return events

    def _page(self, tab: str, page: int, rows: list[Request], total: int) -> Event:
        dice, shop = self.dice, self.shop
        requested = f"merchantId={shop.number}&tab={tab}&p={page}&s={PAGE}"
        url = f"load-refunds-by-tab?{requested}"
        pages = shop.pages.setdefault(tab, {})
        if fault := self._failed(url, f"load-refunds-by-tab {tab}", 0.05):
            return fault
        problems: list[tuple[str, str]] = []
        items: list[Any] = []
        came = pages[page] = set()
        for request in rows:
            item, stated, unread = item_of(dice, request)
            if dice.random() < 0.02:
                del item["applicationNumber"]
                problems.append(("no_number", "without applicationNumber"))
            else:
                self._seen(request, stated, unread, item)
            items.append(item)
            came.add(request.refund_id)
        if dice.random() < 0.02:
            items.append(dice.choice((None, 5, "x", [], {"message": "?"})))
            problems.append(("unknown_shape", "Neither"))
        answer: dict[str, Any] = {
            "data": items,
            "total": dice.choice((total, str(total), float(total))),
        }
        if dice.random() < 0.04:
            answer["total"] = dice.choice(NOT_TOTALS)
            problems.append(("list_total", "not told"))
        else:
            shop.totals[tab] = total
        return Event(url, _written(answer), problems=problems)

    def _detail(self, request: Request) -> Event:
        requested = (
            f"merchantId={self.shop.number}&refundId={request.refund_id}&code={request.number}"
        )
        url = f"load-refund-details?{requested}"
        if fault := self._failed(url, f"load-refund-details {request.number}", 0.25):
            return fault
        detail, stated, unread = detail_of(self.dice, request)
        self._seen(request, stated, unread, detail)
        return Event(url, _written(detail))

    def _seen(
        self, request: Request, stated: dict[str, Any], unread: dict[str, str], raw: dict[str, Any]
    ) -> None:
        """Lay a look over what was seen before: what it does not tell stays, an unreadable field is named until it is told well."""
        key = (self.shop.number, request.number)
        known = self.expected.requests.setdefault(key, {})
        known.update({name: value for name, value in stated.items() if value is not None})
        if "section" in stated:
            known["section"] = stated[
                "section"
            ]  # of a section never seen nothing is known but its name
        if not re.fullmatch(r"\d+-\d+", request.number):
            self.expected.refused_numbers.add(key)
        still = self.shop.looks.setdefault(key, {})
        for name in raw:
            still.pop(name, None)
        still.update(unread)
        self.expected.unread = {each for each in self.expected.unread if each[:2] != key}
        self.expected.unread |= {(*key, name, why) for name, why in still.items()}

    def _failed(self, url: str, about: str, share: float) -> Event | None:
        """Answer with nothing that can be read, and say why it cannot."""
        dice = self.dice
        if dice.random() >= share:
            return None
        if dice.random() < 0.2:
            status = dice.choice((0, 302, 401, 403, 404, 429, 500, 502))
            return Event(url, '{"message": "no"}', status, [("har_status", f"«{about}: {status}»")])
        text, status, code, piece = dice.choice(FAULTS)
        problems = [(code, piece.replace("*", about))]
        if "by-tab" in url and text in NO_LISTS:
            problems.append(("list_total", "not told"))
        mime = "text/html" if text == SIGN_IN else "application/json"
        return Event(url, text, status, problems, mime)


def _written(value: Any) -> str:
    """Write JSON; a text between @@ becomes a number in the form it stands there."""
    return re.sub(r'"@@([^"@]+)@@"', r"\1", json.dumps(value, ensure_ascii=False))


def _body(dice: Random, maker: str, entries: list[dict[str, Any]], expected: Expected) -> bytes:
    """Put the entries into one file: a HAR, several of them in a list, or entries copied one by one."""
    names = {"chrome": "WebInspector", "firefox": "Firefox", "companion": "Qaitar companion"}
    log: dict[str, Any] = {"version": "1.2", "creator": {"name": names[maker], "version": "1"}}
    value: Any
    way = dice.choice(("one", "one", "one", "several", "copied")) if maker != "companion" else "one"
    if maker == "companion":
        expected.handed_at = datetime(2026, 12, 1, 4, 0, tzinfo=UTC) + timedelta(
            seconds=dice.randrange(999)
        )
        log["_handedAt"] = expected.handed_at.isoformat()
    else:
        log["pages"] = [{"title": "SECRET page"}]
    if way == "several":
        at = dice.randrange(len(entries) + 1)
        value = [{"log": {**log, "entries": part}} for part in (entries[:at], entries[at:])]
    elif way == "copied" and entries:
        value = entries
    else:
        value = {"log": {**log, "entries": entries}}
    text = json.dumps(value, ensure_ascii=dice.random() < 0.3, indent=dice.choice((None, 1)))
    return (b"\xef\xbb\xbf" if dice.random() < 0.1 else b"") + text.encode()
