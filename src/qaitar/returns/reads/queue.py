"""The queue: open cases by time left, walked by key; counters that are maintained, never counted live."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import connection

from qaitar.kernel.zones import as_utc
from qaitar.returns.reads.cases import Case, cases_load
from qaitar.returns.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PAGE_ROWS: Final = 40  # rows are what a page costs; the next ones are one press away
LATE_COUNTED_MAX: Final = 100  # "99+" says enough


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """Where a page of the queue ended: the key of its last row."""

    at: datetime
    id: UUID

    def text(self) -> str:
        """Write the key for an address."""
        return f"{self.at.isoformat()}~{self.id}"

    @classmethod
    def read(cls, text: str) -> QueuePlace | None:
        """Read a key from an address; None if it is not one."""
        at, _, last = text.partition("~")
        try:
            return cls(as_utc(datetime.fromisoformat(at.replace(" ", "+"))), UUID(last))
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFilter:
    """Which part of the queue: open cases by default."""

    stage: Stage | None = None
    store_id: UUID | None = None
    assignee_id: int | None = None
    waiting_for_proof: bool = False
    due_before: datetime | None = None
    after: QueuePlace | None = None

    def takes(
        self,
        *,
        stage: Stage,
        store_id: UUID,
        assignee_id: int | None,
        waits: bool,
        due: datetime | None,
    ) -> bool:
        """Tell whether a case with these values stands in this part of the queue; the same question SQL asks.

        >>> QueueFilter().takes(stage=Stage.CLOSED, store_id=UUID(int=1), assignee_id=None, waits=False, due=None)
        False
        """
        closed = self.stage is Stage.CLOSED
        return (
            (stage is self.stage if self.stage else stage is not Stage.CLOSED)
            and self.store_id in {None, store_id}
            and self.assignee_id in {None, assignee_id}
            and (waits or not self.waiting_for_proof)
            and (closed or self.due_before is None or (due is not None and due < self.due_before))
        )


@dataclass(frozen=True, slots=True)
class QueueSlice:
    """One page: cases in order, and the key of the next page if there is one."""

    cases: tuple[Case, ...]
    next: QueuePlace | None


_SLICE = """
SELECT q.id, q.at FROM {merchants} CROSS JOIN LATERAL (
  SELECT r.id, r.{at} AS at FROM returns_returnrequest r WHERE r.merchant_id = m.id AND {where}
  ORDER BY r.{at} {way}, r.id {way} LIMIT %(limit)s) q
ORDER BY q.at {way}, q.id {way} LIMIT %(limit)s
"""
_EVERY_MERCHANT = "unnest(%(merchants)s::uuid[]) AS m(id)"
# a store is one merchant's: the others are not searched for rows they cannot have
_STORES_MERCHANT = """(SELECT s.merchant_id AS id FROM orders_store s
 WHERE s.id = %(store)s AND s.merchant_id = ANY(%(merchants)s::uuid[])) AS m"""


def _slice_sql(wanted: QueueFilter, where: Sequence[str], *, closed: bool) -> str:
    at, way = ("closed_at", "DESC") if closed else ("control_at", "ASC")
    merchants = _EVERY_MERCHANT if wanted.store_id is None else _STORES_MERCHANT
    return _SLICE.format(at=at, way=way, merchants=merchants, where=" AND ".join(where))


def queue_slice(
    merchants: Sequence[UUID], wanted: QueueFilter, *, limit: int = PAGE_ROWS
) -> QueueSlice:
    """Read one page of the queue in two statements, whatever the size of the table.

    Open cases come by control date, the nearest first; closed ones by the moment they closed, the latest first.
    """
    closed = wanted.stage is Stage.CLOSED
    where, arguments = _conditions(wanted, closed=closed)
    sql = _slice_sql(wanted, where, closed=closed)  # our own words only
    with connection.cursor() as cursor:
        cursor.execute(sql, {**arguments, "merchants": list(merchants), "limit": limit + 1})
        rows = cursor.fetchall()
    ids = [row[0] for row in rows[:limit]]
    loaded = {case.request.pk: case for case in cases_load(ids)} if ids else {}
    following = QueuePlace(rows[limit - 1][1], rows[limit - 1][0]) if len(rows) > limit else None
    return QueueSlice(tuple(loaded[pk] for pk in ids if pk in loaded), following)


def _conditions(wanted: QueueFilter, *, closed: bool) -> tuple[list[str], dict[str, Any]]:
    # without IS NOT NULL, reading the latest closed first would begin with every open one
    where = ["r.stage = 'CLOSED' AND r.closed_at IS NOT NULL" if closed else "r.stage <> 'CLOSED'"]
    arguments: dict[str, Any] = {}
    if wanted.stage is not None and not closed:
        where.append("r.stage = %(stage)s")
        arguments["stage"] = wanted.stage.value
    if wanted.store_id is not None:
        where.append("r.store_id = %(store)s")
        arguments["store"] = wanted.store_id
    if wanted.assignee_id is not None:
        where.append("r.assignee_id = %(assignee)s")
        arguments["assignee"] = wanted.assignee_id
    if wanted.waiting_for_proof:
        where.append("r.pending_press <> ''")
    if wanted.due_before is not None and not closed:
        where.append("r.control_at < %(before)s")
        arguments["before"] = wanted.due_before
    if wanted.after is not None:
        sign, column = ("<", "closed_at") if closed else (">", "control_at")
        where.append(f"(r.{column}, r.id) {sign} (%(after_at)s, %(after_id)s)")
        arguments |= {"after_at": wanted.after.at, "after_id": wanted.after.id}
    return where, arguments


_COUNTS = """
SELECT stage, sum(n)::bigint FROM (
  SELECT stage, count AS n FROM returns_stagecount WHERE merchant_id = ANY(%(merchants)s)
    AND (%(store)s::uuid IS NULL OR store_id = %(store)s)
  UNION ALL
  SELECT stage, delta FROM returns_stagedelta WHERE merchant_id = ANY(%(merchants)s)
    AND (%(store)s::uuid IS NULL OR store_id = %(store)s)
) AS parts GROUP BY stage
"""
_LATE = """
SELECT count(*) FROM (SELECT 1 FROM unnest(%(merchants)s::uuid[]) AS m(id) CROSS JOIN LATERAL (
  SELECT 1 FROM returns_returnrequest r WHERE r.merchant_id = m.id AND r.stage <> 'CLOSED'
  AND r.control_at < %(now)s LIMIT %(most)s) q LIMIT %(most)s) AS late
"""


def stage_counts(merchants: Sequence[UUID], store_id: UUID | None = None) -> Mapping[Stage, int]:
    """Tell how many cases stand at each stage, from maintained counters; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"merchants": list(merchants), "store": store_id})
        found = {Stage(stage): int(n) for stage, n in cursor.fetchall()}
    return {stage: found.get(stage, 0) for stage in Stage}


def late_count(merchants: Sequence[UUID], now: datetime) -> int:
    """Count the cases past their control date, up to `LATE_COUNTED_MAX`; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_LATE, {"merchants": list(merchants), "now": now, "most": LATE_COUNTED_MAX})
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def place_of(case: Case) -> QueuePlace | None:
    """Tell where an open case stands in the queue; None once it is closed."""
    request = case.request
    return QueuePlace(request.control_at, request.pk) if request.control_at is not None else None


COUNTED_MAX: Final = 100
_HOW_MANY = """
(SELECT count(*) FROM (SELECT 1 FROM unnest(%({n}merchants)s::uuid[]) AS m(id) CROSS JOIN LATERAL (
  SELECT 1 FROM returns_returnrequest r WHERE r.merchant_id = m.id AND {where} LIMIT %({n}most)s) q
  LIMIT %({n}most)s) AS c)
"""


def counts_bounded(parts: Sequence[tuple[Sequence[UUID], QueueFilter]]) -> list[int]:
    """Count how many cases stand in each part of the queue, each up to `COUNTED_MAX`; one statement, led by indexes."""
    if not parts:
        return []
    columns: list[str] = []
    arguments: dict[str, Any] = {}
    for number, (merchants, wanted) in enumerate(parts):
        where, own = _conditions(wanted, closed=wanted.stage is Stage.CLOSED)
        own |= {"merchants": list(merchants), "most": COUNTED_MAX}
        name = f"p{number}_"
        condition = " AND ".join(where).replace("%(", f"%({name}")
        columns.append(_HOW_MANY.format(n=name, where=condition))
        arguments |= {f"{name}{key}": value for key, value in own.items()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(columns), arguments)  # our own words only
        return list(cursor.fetchone() or ())


def neighbours(
    merchants: Sequence[UUID], case: Case, wanted: QueueFilter | None = None
) -> tuple[UUID | None, UUID | None]:
    """Find the open cases just before and just after one in a part of the queue; all of it where none is named."""
    here, part = place_of(case), wanted or QueueFilter()
    if here is None or part.stage is Stage.CLOSED:
        return None, None
    after = queue_ids(merchants, replace(part, after=here), 1)
    where, arguments = _conditions(replace(part, after=None), closed=False)
    where.append("(r.control_at, r.id) < (%(here_at)s, %(here_id)s)")
    sql = _SLICE.format(  # our own words only
        at="control_at", way="DESC", merchants=_EVERY_MERCHANT, where=" AND ".join(where)
    )
    arguments |= {"merchants": list(merchants), "limit": 1, "here_at": here.at, "here_id": here.id}
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        before = cursor.fetchone()
    return (before[0] if before else None), (after[0] if after else None)


def following(
    merchants: Sequence[UUID], wanted: QueueFilter, here: QueuePlace | None, *, but: UUID
) -> UUID | None:
    """Find the open case that stands after a place in a part of the queue, `but` one that just moved; one statement."""
    if here is None or wanted.stage is Stage.CLOSED:
        return None
    ids = queue_ids(merchants, replace(wanted, after=here), 2)
    return next((pk for pk in ids if pk != but), None)


def queue_ids(merchants: Sequence[UUID], wanted: QueueFilter, limit: int) -> list[UUID]:
    """Read only the ids of a part of the queue, in order: for a bulk decision or the next case."""
    where, arguments = _conditions(wanted, closed=False)
    sql = _slice_sql(wanted, where, closed=False)  # our own words only
    with connection.cursor() as cursor:
        cursor.execute(sql, {**arguments, "merchants": list(merchants), "limit": limit})
        return [row[0] for row in cursor.fetchall()]


def queue_count(merchants: Sequence[UUID], wanted: QueueFilter, most: int) -> int:
    """Count a part of the queue, up to `most`; one statement."""
    closed = wanted.stage is Stage.CLOSED
    where, arguments = _conditions(wanted, closed=closed)
    sql = f"SELECT count(*) FROM ({_slice_sql(wanted, where, closed=closed)}) q"  # noqa: S608  our own words only
    with connection.cursor() as cursor:
        cursor.execute(sql, {**arguments, "merchants": list(merchants), "limit": most})
        (count,) = cursor.fetchone()
    return int(count)
