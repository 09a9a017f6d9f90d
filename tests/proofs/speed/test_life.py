"""Ten thousand lives over the public API: none fails, nothing is lost, memory stays where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qaitar.cli.web import up_line
from qaitar.foundation.ops.clock import utc_now
from qaitar.lab.bench.full_case import LifePlan, bench_life
from tests.proofs.measuring import missed

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from qaitar.runtime.addresses import DatabaseAddresses


def test_whole_lives_over_the_api(
    django_db_setup: None,
    django_db_blocker: Any,
    database: DatabaseAddresses,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QAITAR_DATA", str(tmp_path / "data"))
    (tmp_path / "logs").mkdir()
    found = missed(
        lambda: bench_life(database, up_line, tmp_path / "logs", utc_now(), LifePlan()),
        django_db_blocker,
        tmp_path,
    )
    assert found == []
