"""When the marketplace gave what is read: which looks are newer than what is known of a request.  Pure."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from qaitar.contracts.marketplace import ReturnReading, return_overlay

if TYPE_CHECKING:
    from datetime import datetime, timedelta


def newer_part(
    reading: ReturnReading, known_at: datetime | None, received_at: datetime
) -> ReturnReading | None:
    """Give of a reading what was not given before `known_at`; None when all of it was.

    A look without a moment counts as given at `taken_at`.

    >>> from datetime import UTC, datetime
    >>> early, late = datetime(2026, 11, 30, 10, tzinfo=UTC), datetime(2026, 11, 30, 11, tzinfo=UTC)
    >>> old = ReturnReading(number="700000001-1", status_text="Новая", seen_at=early)
    >>> both = return_overlay(old, ReturnReading(number="700000001-1", reason_code="WRONG", seen_at=late))
    >>> newer_part(both, late, late).status_text is None, newer_part(old, late, late)
    (True, None)
    """
    looks = reading.earlier or (reading,)
    fresh = [one for one in looks if known_at is None or (one.seen_at or received_at) >= known_at]
    if len(fresh) == len(looks):
        return reading
    if not fresh:
        return None
    merged = reduce(return_overlay, fresh)
    return replace(merged, image_digests=reading.image_digests)


def moved(reading: ReturnReading, by: timedelta, not_after: datetime) -> ReturnReading:
    """Move a reading's moments by what the sender's clock was wrong, none of them later than `not_after`."""
    looks = tuple(moved(one, by, not_after) for one in reading.earlier)
    if reading.seen_at is None:
        return replace(reading, earlier=looks)
    return replace(reading, earlier=looks, seen_at=min(reading.seen_at + by, not_after))
