"""One decision pressed at the console stays fast in a big shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qaitar.foundation.ops.clock import utc_now
from qaitar.lab.bench.act_latency import bench_presses
from tests.proofs.measuring import missed

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses


def test_a_decision_stays_fast_in_a_big_shop(
    django_db_setup: None, django_db_blocker: Any, database: DatabaseAddresses, tmp_path: Path
) -> None:
    assert missed(lambda: bench_presses(database, utc_now()), django_db_blocker, tmp_path) == []
