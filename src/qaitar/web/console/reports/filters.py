"""Reads which report an address asks for, and writes such addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from qaitar.analytics.periods import PRESETS, Period, requested_period
from qaitar.analytics.selectors import Scope
from qaitar.foundation.models import Merchant
from qaitar.kernel.zones import ALMATY, local_date, zone
from qaitar.web.console.frame.answers import typed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

KEY_CHARS_MAX = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """A report as an address names it; what makes no sense counts as not said."""

    period: str = ""
    first: date | None = None
    last: date | None = None
    merchant: UUID | None = None
    store: UUID | None = None

    def query(self, **more: object) -> str:
        """Write the query of an address, with more or other values; None leaves one out."""
        values: dict[str, object] = {
            "period": self.period or None,
            "first": self.first,
            "last": self.last,
            "merchant": self.merchant,
            "store": self.store,
            **more,
        }
        return urlencode({name: str(value) for name, value in values.items() if value is not None})

    def url(self, path: str, **more: object) -> str:
        """Write a whole address."""
        query = self.query(**more)
        return f"{path}?{query}" if query else path


def requested_report(query: Mapping[str, str]) -> ReportRequest:
    """Read an address.

    >>> requested_report({"period": "7", "store": "nonsense", "first": "yesterday"}).query()
    'period=7'
    """
    period = query.get("period", "")
    return ReportRequest(
        period=period if period in PRESETS else "",
        first=day_read(query.get("first", "")),
        last=day_read(query.get("last", "")),
        merchant=uuid_read(query.get("merchant", "")),
        store=uuid_read(query.get("store", "")),
    )


def day_read(text: str) -> date | None:
    """Read a day of an address; None if it is not one of this age."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None  # noqa: PLR2004  no shop of ours is older


def uuid_read(text: str) -> UUID | None:
    """Read an id of an address; None if it is not one."""
    try:
        return UUID(text)
    except ValueError:
        return None


def key_read(query: Mapping[str, str], name: str) -> str | None:
    """Read a product or a reason of an address: none said is another thing than an empty one."""
    return typed(query[name], KEY_CHARS_MAX) if name in query else None


@dataclass(frozen=True, slots=True)
class ReportScope:
    """What every report stands on: whose figures, their names, the day it is there, and the period."""

    scope: Scope
    names: Mapping[UUID, str]
    zone_name: str
    today: date
    period: Period

    @property
    def where(self) -> ZoneInfo:
        """Give the zone whose days these are."""
        return zone(self.zone_name)


def ground_of(report: ReportRequest, merchants: Sequence[UUID], now: datetime) -> ReportScope:
    """Find the merchants asked for among one's own, their names and their zone; one statement.

    Several merchants together are shown by the days of the first of them; each is counted by its own.
    """
    rows = Merchant.objects.filter(pk__in=merchants).order_by("name", "pk")
    known = {
        pk: (name, zone_name) for pk, name, zone_name in rows.values_list("pk", "name", "zone")
    }
    chosen = tuple(pk for pk in known if report.merchant in {None, pk})
    zone_name = known[chosen[0]][1] if chosen else ALMATY
    today = local_date(now, zone(zone_name))
    return ReportScope(
        scope=Scope(chosen, report.store),
        names={pk: name for pk, (name, _zone) in known.items()},
        zone_name=zone_name,
        today=today,
        period=requested_period(report.period, today, report.first, report.last),
    )
