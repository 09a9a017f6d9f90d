"""Reads which part of the register an address asks for, and writes such addresses."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from qaitar.kernel.zones import ALMATY, as_utc, zone
from qaitar.returns.reads.queue import QueuePlace
from qaitar.returns.reads.register import RegisterFilter
from qaitar.returns.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping


class RegisterQuery:
    """The filter as it stands in the address; what cannot be read is left out, so that no address is an error."""

    def __init__(self, query: Mapping[str, str]) -> None:
        """Read it."""
        self.store = _uuid(query.get("store", ""))
        self.stage = _stage(query.get("stage", ""))
        self.since = _day(query.get("since", ""))
        self.until = _day(query.get("until", ""))
        self.after = QueuePlace.read(query.get("after", ""))

    @property
    def wanted(self) -> RegisterFilter:
        """Give the filter in moments: days are Almaty's, the last one in full."""
        until = self.until + timedelta(days=1) if self.until else None
        return RegisterFilter(
            store_id=self.store,
            stage=self.stage,
            since=_midnight(self.since),
            until=_midnight(until),
        )

    def address(self, path: str, **more: str) -> str:
        """Write the filter into an address."""
        values = {
            "store": self.store,
            "stage": self.stage.value if self.stage else None,
            "since": self.since,
            "until": self.until,
            **more,
        }
        text = urlencode({name: str(value) for name, value in values.items() if value})
        return f"{path}?{text}" if text else path


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _stage(text: str) -> Stage | None:
    return Stage(text) if text in Stage.__members__ else None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None  # noqa: PLR2004  no shop of ours is older


def _midnight(day: date | None) -> datetime | None:
    return as_utc(datetime.combine(day, time(0), tzinfo=zone(ALMATY))) if day else None
