"""Entries of a recording as Chrome, Firefox and the companion write them, and foreign ones between them."""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from random import Random

SERVICE: Final = "https://mc.shop.kaspi.kz/refund/api/v1/merchant-cabinet/"
FOREIGN: Final = (
    ("https://kaspi.kz/mc/", "text/html", "<html>SECRET</html>"),
    ("https://mc.shop.kaspi.kz/mc/facade/graphql?opName=getOrders", "application/json", '{"SECRET": 1}'),
    ("https://stats.example/hit?page=/refund/api/v1", "image/gif", ""),
    ("https://kaspi.kz/mc/app.js", "text/javascript", "var SECRET"),
)  # fmt: skip
NO_TIMES: Final = (None, "", "soon", "1970-01-01T00:00:00Z")
ZONE: Final = timezone(timedelta(hours=5))


@dataclass
class Event:
    """A call of the refunds service with its answer; `problems` are the codes its reading must come to, with a piece of the reason."""

    url: str
    text: str | None
    status: int = 200
    problems: list[tuple[str, str]] = field(default_factory=list)
    mime: str = "application/json"


Placed = list[tuple[dict[str, Any], Event | None]]


def entries_of(
    dice: Random, maker: str, events: list[Event], start: datetime
) -> tuple[Placed, dict[str, int], bool]:
    """Write events, which are in the order of time, as entries; gives them with what is left out on storing, and whether times stand.

    Without a moment on every entry only their order tells which was first, so only then is the order kept.
    """
    times = dice.choice(("all", "all", "some", "none")) if maker != "companion" else "all"
    left_out: Counter[str] = Counter()
    placed: Placed = []
    timed = False
    for number, event in enumerate(events):
        at: datetime | None = start + timedelta(seconds=7 * number)
        if times == "none" or (times == "some" and dice.random() < 0.4):
            at = None
        timed = timed or at is not None
        entry = _entry(
            dice,
            maker,
            ("GET", SERVICE + event.url, event.status),
            at,
            _content(dice, maker, event),
        )
        if maker != "companion" and dice.random() < 0.3:
            placed.append((_preflight(dice, maker, SERVICE + event.url, at), None))
            left_out["preflights"] += 1
        placed.append((entry, event))
        left_out["pages"] += event.mime == "text/html" and event.status == 200
        if maker != "companion" and dice.random() < 0.4:
            placed.append((_foreign(dice, maker, at), None))
            left_out["other_answers"] += 1
    if times == "all" and dice.random() < 0.5:
        dice.shuffle(placed)
    for entry, _ in placed:
        sides = (entry["request"], entry["response"])
        left_out["header_lines"] += sum(
            len(side.get(name, ())) for side in sides for name in ("headers", "cookies")
        )
    return placed, {kind: count for kind, count in left_out.items() if count}, timed


def _content(dice: Random, maker: str, event: Event) -> dict[str, Any]:
    """Give the content: text, or base64 with its mark, text with base64's mark, base64 without one."""
    content: dict[str, Any] = {"mimeType": event.mime, "size": len(event.text or "")}
    if event.text is None:
        return content | dice.choice(
            ({}, {"text": ""}, {"comment": "Response body is not included"})
        )
    as_base64 = base64.b64encode(event.text.encode()).decode()
    forms = [{"text": event.text}] * 5
    if maker != "companion":
        forms += [{"text": as_base64, "encoding": "base64"}]
        if event.text[:1] in "{[":
            forms += [{"text": event.text, "encoding": "base64"}, {"text": as_base64}]
    return content | dice.choice(forms)


def _entry(
    dice: Random, maker: str, call: tuple[str, str, int], at: datetime | None, content: dict[str, Any]
) -> dict[str, Any]:  # fmt: skip
    """Write one entry of a call (method, address, status); a browser's carries headers and cookies, the companion's neither."""
    method, url, status = call
    request: dict[str, Any] = {"method": method, "url": url}
    unchanged = status == 200 and "text" in content and method == "GET" and dice.random() < 0.05
    response: dict[str, Any] = {
        "status": 304 if unchanged and content["text"] else status,
        "content": content,
    }
    entry: dict[str, Any] = {"request": request, "response": response}
    written = _time(dice, maker, at)
    if written is not None:
        entry["startedDateTime"] = written
    if maker == "companion":
        return entry
    secrets = [{"name": "mc-session", "value": "SECRET"}]
    request |= {
        "httpVersion": "HTTP/2",
        "headers": secrets * dice.randrange(3),
        "cookies": secrets * dice.randrange(2),
    }
    response |= {
        "headers": [{"name": "set-cookie", "value": "SECRET"}],
        "cookies": [],
        "redirectURL": "",
    }
    entry |= {"cache": {}, "timings": {}, "time": 120}
    if maker == "chrome":
        entry |= {"_initiator": {"type": "script", "url": "SECRET"}, "_resourceType": "xhr"}
    return dict(dice.sample(list(entry.items()), len(entry)))


def _time(dice: Random, maker: str, at: datetime | None) -> str | None:
    if at is None:
        return dice.choice(NO_TIMES)
    if maker == "firefox":
        return at.astimezone(ZONE).isoformat(timespec="milliseconds")
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _preflight(dice: Random, maker: str, url: str, at: datetime | None) -> dict[str, Any]:
    content = dice.choice(({}, {"size": 0, "mimeType": "x-unknown"}, {"text": ""}))
    return _entry(dice, maker, ("OPTIONS", url, dice.choice((200, 204))), at, content)


def _foreign(dice: Random, maker: str, at: datetime | None) -> dict[str, Any]:
    url, mime, text = dice.choice(FOREIGN)
    return _entry(dice, maker, ("GET", url, 200), at, {"mimeType": mime, "text": text})
