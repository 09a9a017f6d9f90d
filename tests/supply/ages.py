"""How old the locked releases are, as the package index says (Simple API in JSON, PEP 691 and 700)."""

from __future__ import annotations

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pip._internal.models.index import PyPI

from tests.supply.pins import Pin

if TYPE_CHECKING:
    from collections.abc import Iterable

ACCEPT: Final = "application/vnd.pypi.simple.v1+json"
SECONDS_MAX: Final = 10
QUESTIONS_AT_ONCE: Final = 4


def released(page: dict[str, Any], pin: Pin) -> datetime | None:
    """Find when a version was released: the first of its files; None where the page does not say."""
    stem = pin.name.replace("-", "_")
    starts = {f"{name}-{pin.version}" for name in (stem, pin.name, pin.name.replace("-", "."))}
    times = [
        datetime.fromisoformat(each["upload-time"])
        for each in page.get("files", [])
        if "upload-time" in each
        and any(
            each["filename"].lower().startswith((f"{start}-", f"{start}.tar", f"{start}.zip"))
            for start in starts
        )
    ]
    return min(times, default=None)


def ages(pins: Iterable[Pin], now: datetime) -> dict[Pin, int | None]:
    """Return the days since each release; None where no index answers."""
    listed = list(pins)

    def days(pin: Pin) -> int | None:
        moment = released(_page(pin.name), pin)
        return None if moment is None else (now - moment.astimezone(UTC)).days

    with ThreadPoolExecutor(QUESTIONS_AT_ONCE) as asking:
        return dict(zip(listed, asking.map(days, listed), strict=True))


def _page(name: str) -> dict[str, Any]:
    requested = urllib.request.Request(f"{PyPI.simple_url}/{name}/", headers={"Accept": ACCEPT})
    try:
        with urllib.request.urlopen(requested, timeout=SECONDS_MAX) as answer:
            page: dict[str, Any] = json.load(answer)
            return page
    except (OSError, ValueError):
        return {}
