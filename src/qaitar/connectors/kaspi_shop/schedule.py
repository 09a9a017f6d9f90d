"""When to read which orders: windows no longer than Kaspi allows, and which orders may still change.  Pure."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from qaitar.connectors.kaspi_shop import facts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from qaitar.contracts.marketplace import OrderRecord

_MS = timedelta(milliseconds=1)


def windows(now: datetime, back_to: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Walk back from `now` to `back_to` in windows of at most 14 days, newest first, both ends inclusive.

    Kaspi compares milliseconds, so each window ends one millisecond before the one read before it: no gap, no overlap.

    >>> from datetime import datetime
    >>> now = datetime(2026, 3, 20, tzinfo=UTC)
    >>> [(a.day, b.day) for a, b in windows(now, now - timedelta(days=16))]
    [(6, 20), (4, 5)]
    """
    end, first = _to_ms(now), _to_ms(back_to)
    while end >= first:
        start = max(first, end - facts.WINDOW_MAX)
        yield start, end
        end = start - _MS


def _to_ms(moment: datetime) -> datetime:
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def still_changes(order: OrderRecord, now: datetime) -> bool:
    """Tell whether Kaspi may still change this order, so that it has to be read again.

    Cancelled and returned orders do not; issued ones do while a return is possible; all others, statuses never seen
    included, until half a year after their creation.  An order without any date is always read again.
    """
    if order.status in facts.FINAL_STATUSES:
        return False
    if order.status == facts.COMPLETED:
        since = order.delivered_at or order.planned_delivery_at or order.created_at
        return since is None or now < since + facts.WATCH_AFTER_ISSUE
    return order.created_at is None or now < order.created_at + facts.WATCH_OPEN
