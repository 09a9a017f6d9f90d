"""A million lines of the register become one file in flat memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qaitar.foundation.ops.clock import utc_now
from qaitar.lab.bench.exporting import bench_export
from tests.proofs.measuring import missed

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses


def test_a_million_lines_in_flat_memory(
    django_db_setup: None, django_db_blocker: Any, database: DatabaseAddresses, tmp_path: Path
) -> None:
    assert missed(lambda: bench_export(database, utc_now()), django_db_blocker, tmp_path) == []
