"""A look of the deadline guard costs what is due, however big the shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qaitar.foundation.ops.clock import utc_now
from qaitar.lab.bench.deadline_scan import bench_sweep
from tests.proofs.measuring import missed

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses


def test_a_look_costs_what_is_due(
    django_db_setup: None, django_db_blocker: Any, database: DatabaseAddresses, tmp_path: Path
) -> None:
    assert missed(lambda: bench_sweep(database, utc_now()), django_db_blocker, tmp_path) == []
