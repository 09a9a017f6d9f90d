"""What the cabinet showed is taken and read at a fair share of what the machine can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qaitar.foundation.ops.clock import utc_now
from qaitar.lab.bench.intake import bench_intake
from tests.proofs.measuring import missed

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses


def test_pages_are_accepted_and_read(
    django_db_setup: None, django_db_blocker: Any, database: DatabaseAddresses, tmp_path: Path
) -> None:
    assert missed(lambda: bench_intake(database, utc_now()), django_db_blocker, tmp_path) == []
