"""`bench import`: how fast orders come in, beside COPY of the same rows into bare tables, block by block in the same run."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from django.db import transaction

from qaitar.foundation.tenancy.walls import see
from qaitar.lab.bench.database import ground_drop, ground_open
from qaitar.lab.bench.dataset import people_and_stores
from qaitar.lab.bench.ingest import IngestFigures, ingest_measure
from qaitar.lab.bench.machine import calibration_seconds, this_machine
from qaitar.lab.bench.report import BenchReport, Goal, Table

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.runtime.addresses import DatabaseAddresses

ROWS: Final = 100_000
ROUNDS: Final = 3
FIRST_SHARE_MIN: Final = 0.40
UNCHANGED_SHARE_MIN: Final = 0.50


def bench_import(
    shop: DatabaseAddresses, now: datetime, *, rows: int = ROWS, rounds: int = ROUNDS
) -> BenchReport:
    """Measure an import of `rows` orders and the same import again, each round in a store of its own, taken back at its end."""
    report = BenchReport("import", this_machine(now).as_json())
    ground = ground_open(shop, "import", fresh=True)
    found: list[IngestFigures] = []
    try:
        _, stores = people_and_stores(now, 1, rounds)
        with ground.owner() as owner:
            for store in stores:
                report.calibration_seconds.append(calibration_seconds())
                with transaction.atomic():
                    see([store.merchant_id])
                    found.append(ingest_measure(store=store, count=rows, now=now, owner=owner))
                    transaction.set_rollback(True)
    finally:
        ground_drop(shop, ground)
    _tell(report, found)
    return report


def _tell(report: BenchReport, found: list[IngestFigures]) -> None:
    sides = {
        "COPY into bare tables: orders, lines, payments": [f.copy_all for f in found],
        "COPY into a bare table: orders alone": [f.copy_orders for f in found],
        "import, all new": [f.first for f in found],
        "import, nothing changed": [f.unchanged for f in found],
    }
    rounds = [f"round {number + 1}" for number in range(len(found))]
    report.tables["import"] = Table(
        f"{found[0].orders:,} orders, orders a second",
        ["", *rounds, "median"],
        [[name, *rates, median(rates)] for name, rates in sides.items()],
    )
    first = median(f.first_share for f in found)
    unchanged = median(f.unchanged_share for f in found)
    report.goals = [
        Goal("import of new orders against bare COPY", first, "at least", FIRST_SHARE_MIN),
        Goal(
            "import that changes nothing against bare COPY",
            unchanged,
            "at least",
            UNCHANGED_SHARE_MIN,
        ),
    ]
