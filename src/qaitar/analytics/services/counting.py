"""Counting: what changed since the last time is counted again, case by case, and the days' figures follow by the difference.

The journal's feed names the requests with new lines (`foundation/journal/feed.py`); they are counted in the transaction
that takes their notes, so none is lost and counting one twice changes nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import connection

from qaitar.analytics.case_figures import standing_of
from qaitar.analytics.figure_rows import figure_of, marks_of_row
from qaitar.analytics.measures import ORDERS_ISSUED, ORDERS_PLACED
from qaitar.analytics.models import CaseFigure, DayFigure, FigureState
from qaitar.analytics.rules import rules_read
from qaitar.analytics.services.summing import days_sum_anew
from qaitar.foundation.journal.feed import take_unread_subjects
from qaitar.foundation.models import Merchant
from qaitar.foundation.ops.jobs import for_each_merchant, within_walls
from qaitar.kernel.ids import new_id
from qaitar.kernel.zones import local_date, zone
from qaitar.orders.issued import orders_by_day
from qaitar.returns.reads.case_history_queries import pasts_of, requests_walk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from qaitar.analytics.rules import FigureRules

BATCH: Final = 1_000  # cases counted in one transaction
NOTES: Final = 5_000  # notes of changed requests taken in one transaction
ROUNDS_MAX: Final = 60  # transactions a merchant a run, so that others get their turn
READER: Final = "figures"  # our name in settings.QAITAR_JOURNAL_READERS
ORDERS_EACH_S: Final = 15 * 60
ORDERS_BACK_DAYS: Final = (
    150  # orders placed since then are counted again: none is on its way for longer
)
ORDERS_DAYS: Final = 45  # into the figures of so many last days
EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)  # no order is older
FIRST: Final = UUID(int=0)
_WRITTEN: Final = tuple(
    field.attname for field in CaseFigure._meta.concrete_fields if field.attname != "id"
)


@dataclass(frozen=True, slots=True)
class Way:
    """How a merchant's figures are counted now."""

    rules: FigureRules
    where: ZoneInfo
    digest: str


@dataclass(slots=True)
class _Difference:
    """What the days' figures change by."""

    counts: Counter[tuple[UUID, date, str]] = field(default_factory=Counter)
    seconds: Counter[tuple[UUID, date, str]] = field(default_factory=Counter)
    reasons: Counter[tuple[UUID, date, str, str]] = field(default_factory=Counter)
    samples: dict[tuple[UUID, date, str, str], UUID] = field(default_factory=dict)

    def add(self, row: CaseFigure, sign: int) -> None:
        """Take a case's part in, or out of, every figure it is in."""
        for mark in marks_of_row(row):
            key = (row.store_id, mark.day, mark.measure)
            self.counts[key] += sign
            self.seconds[key] += sign * mark.seconds
        reason = (row.store_id, row.filed_on, row.product, row.reason)
        self.reasons[reason] += sign
        self.samples.setdefault(reason, row.pk)


def way_of(merchant_id: UUID, state: FigureState) -> Way:
    """Read how a merchant's figures are to be counted: their rules and their zone."""
    rules = rules_read(state.rules)
    name = Merchant.objects.values_list("zone", flat=True).get(pk=merchant_id)
    return Way(rules, zone(name), rules.digest(name))


def figures_count(merchant_id: UUID, now: datetime) -> int:
    """Bring one merchant's figures up to date; returns how many cases changed.

    A new merchant, and one whose rules or zone changed, is counted through from the first request on, over as many runs as
    it takes; until it is done the figures are partly the old ones, and the pages say so.
    """
    changed = 0
    for _ in range(ROUNDS_MAX):
        with within_walls(merchant_id):
            state = _state_held(merchant_id)
            if state is None:
                return changed
            way = way_of(merchant_id, state)
            if state.digest != way.digest:
                _start_anew(state, way)
            if state.walk_after is not None:
                changed += _walk(state, way)
                continue
            some, last = _follow(state, way)
            changed += some
            if last:
                _orders(state, way, now)
                state.counted_at = now
            state.save()
            if last:
                return changed
    return changed


def figures_count_all(now: datetime) -> int:
    """Do so for every merchant; returns how many merchants failed."""
    return for_each_merchant("figures", lambda merchant_id: figures_count(merchant_id, now))


def figures_rebuild(merchant_id: UUID) -> None:
    """Have a merchant's figures counted through from the first request on, by the next runs."""
    with within_walls(merchant_id):
        state = _state_held(merchant_id)
        if state is not None:
            _start_anew(state, way_of(merchant_id, state))


def figures_rebuild_all() -> int:
    """Do so for every merchant; returns how many failed."""
    return for_each_merchant("figures anew", figures_rebuild)


def _state_held(merchant_id: UUID) -> FigureState | None:
    """Hold the merchant's counting for this transaction; None while another worker counts."""
    FigureState.objects.bulk_create(
        [FigureState(id=new_id(), merchant_id=merchant_id)], ignore_conflicts=True
    )
    rows = FigureState.objects.filter(merchant_id=merchant_id)
    return rows.select_for_update(skip_locked=True).first()


def _start_anew(state: FigureState, way: Way) -> None:
    state.digest, state.walk_after, state.walked = way.digest, FIRST, 0
    state.orders_at = None
    state.save()


def _walk(state: FigureState, way: Way) -> int:
    assert state.walk_after is not None, "only while counting anew"
    ids = requests_walk(state.merchant_id, state.walk_after, BATCH)
    changed = _recount(state.merchant_id, ids, way)
    state.walked += len(ids)
    state.walk_after = ids[-1] if len(ids) == BATCH else None
    if state.walk_after is None:
        days_sum_anew(state.merchant_id)
    state.save()
    return changed


def _follow(state: FigureState, way: Way) -> tuple[int, bool]:
    """Count the requests with new journal lines; returns how many figures changed, and whether nothing is left unread."""
    ids = take_unread_subjects(state.merchant_id, READER, NOTES)
    changed = 0
    for start in range(0, len(ids), BATCH):
        changed += _recount(state.merchant_id, ids[start : start + BATCH], way)
    return changed, not ids


def _recount(merchant_id: UUID, ids: Sequence[UUID], way: Way) -> int:
    """Count these cases and write what differs; sums by day change by the difference."""
    known = CaseFigure.objects.in_bulk(ids) if ids else {}
    fresh: list[CaseFigure] = []
    difference = _Difference()
    for past in pasts_of(merchant_id, ids) if ids else []:
        row = figure_of(merchant_id, past, standing_of(past, way.rules, way.where))
        old = known.get(past.id)
        if old is not None and all(getattr(old, n) == getattr(row, n) for n in _WRITTEN):
            continue
        if old is not None:
            difference.add(old, -1)
        difference.add(row, 1)
        fresh.append(row)
    if fresh:
        CaseFigure.objects.bulk_create(
            fresh, update_conflicts=True, unique_fields=["id"], update_fields=list(_WRITTEN)
        )
        _write_days(merchant_id, difference)
        _write_reasons(merchant_id, difference)
    return len(fresh)


_DAYS: Final = """
INSERT INTO analytics_dayfigure AS f (id, merchant_id, store_id, day, measure, count, seconds)
SELECT gen_random_uuid(), %(merchant)s, u.* FROM unnest(%(stores)s::uuid[], %(days)s::date[], %(measures)s::text[],
  %(counts)s::bigint[], %(seconds)s::bigint[]) AS u
ON CONFLICT (merchant_id, day, measure, store_id)
DO UPDATE SET count = f.count + EXCLUDED.count, seconds = f.seconds + EXCLUDED.seconds
"""
_REASONS: Final = """
INSERT INTO analytics_reasonfigure AS f (id, merchant_id, store_id, day, product, reason, count, sample_id)
SELECT gen_random_uuid(), %(merchant)s, u.* FROM unnest(%(stores)s::uuid[], %(days)s::date[], %(products)s::text[],
  %(reasons)s::text[], %(counts)s::bigint[], %(samples)s::uuid[]) AS u
ON CONFLICT (merchant_id, day, product, reason, store_id) DO UPDATE SET count = f.count + EXCLUDED.count
"""


def _write_days(merchant_id: UUID, difference: _Difference) -> None:
    keys = sorted(
        key for key in difference.counts if difference.counts[key] or difference.seconds[key]
    )
    parameters = {
        "merchant": merchant_id,
        "stores": [key[0] for key in keys],
        "days": [key[1] for key in keys],
        "measures": [key[2] for key in keys],
        "counts": [difference.counts[key] for key in keys],
        "seconds": [difference.seconds[key] for key in keys],
    }
    _run(_DAYS, parameters)


def _write_reasons(merchant_id: UUID, difference: _Difference) -> None:
    keys = sorted(key for key, count in difference.reasons.items() if count)
    parameters = {
        "merchant": merchant_id,
        "stores": [key[0] for key in keys],
        "days": [key[1] for key in keys],
        "products": [key[2] for key in keys],
        "reasons": [key[3] for key in keys],
        "counts": [difference.reasons[key] for key in keys],
        "samples": [difference.samples[key] for key in keys],
    }
    _run(_REASONS, parameters)


def _run(sql: str, parameters: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def _orders(state: FigureState, way: Way, now: datetime) -> None:
    """Count the orders of the last days again, each quarter of an hour; all of them after counting anew."""
    first = state.orders_at is None
    if state.orders_at is not None and (now - state.orders_at).total_seconds() < ORDERS_EACH_S:
        return
    back = timedelta(days=ORDERS_BACK_DAYS)
    since = EVER if first else now - back
    day = EVER.date() if first else local_date(now, way.where) - timedelta(days=ORDERS_DAYS)
    measures = (ORDERS_ISSUED, ORDERS_PLACED)
    held = DayFigure.objects.filter(merchant_id=state.merchant_id, measure__in=measures)
    held.filter(day__gte=day).delete()
    DayFigure.objects.bulk_create(
        DayFigure(
            id=new_id(),
            merchant_id=state.merchant_id,
            store_id=each.store_id,
            day=each.day,
            measure=f"orders.{each.what}",
            count=each.count,
        )
        for each in orders_by_day(state.merchant_id, str(way.where), since)
        if each.day >= day
    )
    state.orders_at = now
