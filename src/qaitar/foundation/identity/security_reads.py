"""Reads the security journal: one part of it, the newest first, walked by key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import Q

from qaitar.foundation.identity.security_models import SecurityEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    Walls = Callable[[], AbstractContextManager[object]]

PAGE: Final = 100
EXPORT_PAGE: Final = 1_000
EXPORT_MAX: Final = 200_000


@dataclass(frozen=True, slots=True)
class SecurityFilter:
    """Which events: of one person (did or suffered), of one kind, from a moment on, before another; None: all."""

    person: int | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def rows(self, merchants: Sequence[UUID]) -> QuerySet[SecurityEvent]:
        """Give the events at these merchants, the newest first."""
        rows = SecurityEvent.objects.filter(merchant_id__in=merchants)
        if self.person is not None:
            rows = rows.filter(Q(user_id=self.person) | Q(about_id=self.person))
        if self.kind is not None:
            rows = rows.filter(kind=self.kind)
        if self.since is not None:
            rows = rows.filter(at__gte=self.since)
        if self.until is not None:
            rows = rows.filter(at__lt=self.until)
        return rows.order_by("-id")


def security_page(
    merchants: Sequence[UUID], wanted: SecurityFilter, before: UUID | None, size: int = PAGE
) -> tuple[list[SecurityEvent], UUID | None]:
    """Return the page of events older than `before`, and the key the next page begins after, if there is one."""
    rows = wanted.rows(merchants)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: size + 1])
    return found[:size], (found[size - 1].pk if len(found) > size else None)


def security_rows(
    merchants: Sequence[UUID], wanted: SecurityFilter, walls: Walls
) -> Iterator[SecurityEvent]:
    """Yield all events, each page read inside `walls()`."""
    before: UUID | None = None
    while True:
        with walls():
            page, before = security_page(merchants, wanted, before, EXPORT_PAGE)
        yield from page
        if before is None:
            return
