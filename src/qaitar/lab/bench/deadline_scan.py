"""`bench sweep`: what a look of the deadline guard costs where a few hundred dates are due among a million open requests."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import psutil
from django.db import connection, transaction

from qaitar.flows.sweep_deadlines import merchant_sweep
from qaitar.foundation.tenancy.walls import SETTING, as_setting, see
from qaitar.lab.bench.database import point
from qaitar.lab.bench.dataset import Shape, world_ground
from qaitar.lab.bench.machine import calibration_seconds, this_machine
from qaitar.lab.bench.plans import listening
from qaitar.lab.bench.report import BenchReport, Goal, Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.lab.bench.database import BenchDatabase
    from qaitar.lab.bench.dataset import BenchWorld
    from qaitar.runtime.addresses import DatabaseAddresses

SIZES: Final = (10_000, 1_000_000)
DUE: Final = 300
ROUNDS: Final = 7
GROWTH_MAX: Final = 1.3
STATEMENTS_MAX: Final = 8
MEMORY_GROWTH_MAX: Final = 1.1
STAGES: Final = ("NEW",)

_WAIT: Final = """
UPDATE returns_returnrequest SET guard_next_at = %(now)s::timestamptz + interval '40 days'
WHERE guard_next_at <= %(now)s::timestamptz + interval '1 day'
"""
# One in five each: reminded a day and eight hours before, raised four hours and one hour before, and missed.
_DUE: Final = """
WITH chosen AS (
  SELECT id, row_number() OVER () AS n FROM (
    SELECT id FROM returns_returnrequest WHERE merchant_id = %(merchant)s AND stage = ANY(%(stages)s)
      AND guard_next_at > %(now)s::timestamptz + interval '1 day' ORDER BY id LIMIT %(due)s) AS found
), dated AS (
  SELECT id, %(now)s::timestamptz + (ARRAY[1380, 420, 210, 45, -60])[1 + n %% 5] * interval '1 minute' AS at FROM chosen
)
UPDATE returns_returnrequest r SET control_at = d.at, marketplace_due_at = d.at, marketplace_due_section = section, alerts_sent = '{}',
  alert_level = '', guard_next_at = %(now)s::timestamptz - interval '1 minute'
FROM dated d WHERE r.id = d.id
"""
_BARE_FIND: Final = """
SELECT id FROM returns_returnrequest WHERE merchant_id = %(merchant)s AND guard_next_at <= %(now)s AND stage <> 'CLOSED'
ORDER BY guard_next_at, id LIMIT %(due)s
"""
_BARE_UPDATE: Final = """
UPDATE returns_returnrequest SET guard_next_at = %(now)s::timestamptz + interval '20 days', alerts_sent = '{}',
  alert_level = 'REMIND', version = version + 1, journal_seq = journal_seq + 1 WHERE id = ANY(%(ids)s)
"""
_BARE_INSERT: Final = """
INSERT INTO foundation_journalentry (id, merchant_id, subject_kind, subject_id, seq, at, actor_id, actor_name, actor_role,
  channel, act, before, after, why, request_ref, prev_hash, hash)
SELECT gen_random_uuid(), merchant_id, 'returnrequest', id, journal_seq, %(now)s, NULL, 'Bench', 'SYSTEM', 'guard',
  'GUARD_REMIND', '{}', '{}', '', '', journal_head, journal_head
FROM returns_returnrequest WHERE id = ANY(%(ids)s)
"""


@dataclass(slots=True)
class _Shop:
    """A shop of one size, what each round took, and what a look asks."""

    count: int
    ground: BenchDatabase
    world: BenchWorld
    bare: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    statements: int = 0
    scans: list[str] = field(default_factory=list)

    @property
    def merchant(self) -> UUID:
        """The merchant whose dates are looked at."""
        return self.world.merchants[0]


def bench_sweep(
    shop: DatabaseAddresses,
    now: datetime,
    *,
    sizes: Sequence[int] = SIZES,
    due: int = DUE,
    rounds: int = ROUNDS,
) -> BenchReport:
    """Measure looks with `due` dates due and with none, the sizes by turns, beside the same rows in plain SQL."""
    report = BenchReport("sweep", this_machine(now).as_json())
    shops = [_shop(shop, count, now) for count in sizes]
    memory: list[float] = []
    for number in range(rounds):
        report.calibration_seconds.append(calibration_seconds())
        for each in shops if number % 2 == 0 else reversed(shops):
            point(each.ground.addresses)
            _round(each, due, now)
        memory.append(psutil.Process().memory_info().rss / 2**20)
    for each in shops:
        point(each.ground.addresses)
        _make_due(each, due, now)
        with listening() as asking:
            merchant_sweep(each.merchant, now)
        each.statements, each.scans = len(asking.statements), asking.scans()
    point(shop)
    _tell(report, shops, due, memory)
    return report


def _shop(shop: DatabaseAddresses, count: int, now: datetime) -> _Shop:
    """Make a shop in which every request is open and none is due."""
    ground, world = world_ground(
        shop, f"sweep_{count}", Shape(count, open_of_five=5, stages=STAGES), now
    )
    with ground.owner() as owner:
        owner.execute("SELECT set_config(%s, %s, false)", [SETTING, as_setting(world.merchants)])
        owner.execute(_WAIT, {"now": now})
        owner.execute("VACUUM (ANALYZE) returns_returnrequest")
    return _Shop(count, ground, world)


def _make_due(shop: _Shop, due: int, now: datetime) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        see(shop.world.merchants)
        parameters: dict[str, Any] = {
            "merchant": shop.merchant,
            "now": now,
            "due": due,
            "stages": list(STAGES),
        }
        cursor.execute(_DUE, parameters)
        assert cursor.rowcount == due, "the shop is too small"


def _round(shop: _Shop, due: int, now: datetime) -> None:
    """Let the same number of dates be due for the bare statements, for the guard, and none for the guard."""
    _make_due(shop, due, now)
    shop.bare.append(_bare(shop, due, now))
    _make_due(shop, due, now)
    started = time.perf_counter()
    swept = merchant_sweep(shop.merchant, now)
    shop.ours.append(time.perf_counter() - started)
    assert (swept.looked, swept.missed) == (due, due // 5), swept
    started = time.perf_counter()
    swept = merchant_sweep(shop.merchant, now)
    shop.idle.append(time.perf_counter() - started)
    assert swept.looked == 0, swept


def _bare(shop: _Shop, due: int, now: datetime) -> float:
    """Time finding the due rows, one UPDATE and one INSERT of them, behind the same walls."""
    parameters: dict[str, Any] = {"merchant": shop.merchant, "now": now, "due": due}
    started = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        see(shop.world.merchants)
        cursor.execute(_BARE_FIND, parameters)
        parameters["ids"] = [row[0] for row in cursor.fetchall()]
        assert len(parameters["ids"]) == due
        cursor.execute(_BARE_UPDATE, parameters)
        cursor.execute(_BARE_INSERT, parameters)
    return time.perf_counter() - started


def _tell(report: BenchReport, shops: Sequence[_Shop], due: int, memory: Sequence[float]) -> None:
    rows = [
        [
            f"{each.count:,} open",
            *(median(took) * 1000 for took in (each.bare, each.ours, each.idle)),
            median(each.ours) / median(each.bare),
            due / median(each.ours),
            each.statements,
        ]
        for each in shops
    ]
    columns = ["shop", "plain SQL, ms", "a look, ms", "a look, none due, ms", "x", "dates a second", "statements"]  # fmt: skip
    report.tables["sweep"] = Table(f"{due:,} dates due at once", columns, rows)
    report.goals = [
        Goal("statements of a look", max(each.statements for each in shops), "at most", STATEMENTS_MAX),
        Goal("readings of a big table end to end", sum(len(each.scans) for each in shops), "at most", 0),
        Goal("memory at the end against the first round", memory[-1] / memory[0], "at most", MEMORY_GROWTH_MAX, "x"),
    ]  # fmt: skip
    if len(shops) > 1:
        small, big = shops[0], shops[-1]
        for name, of in (("a look", "ours"), ("a look with none due", "idle")):
            grown = median(getattr(big, of)) / median(getattr(small, of))
            title = f"growth of {name} from {small.count:,} to {big.count:,}"
            report.goals.insert(0, Goal(title, grown, "at most", GROWTH_MAX, "x"))
    report.notes += sorted({scan for each in shops for scan in each.scans})
