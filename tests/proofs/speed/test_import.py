"""A hundred thousand orders come in at a known part of the speed of bare COPY."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qaitar.foundation.ops.clock import utc_now
from qaitar.lab.bench.importing import bench_import
from tests.proofs.measuring import missed

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses


def test_orders_come_in_at_the_speed_of_the_database(
    django_db_setup: None, django_db_blocker: Any, database: DatabaseAddresses, tmp_path: Path
) -> None:
    assert missed(lambda: bench_import(database, utc_now()), django_db_blocker, tmp_path) == []
