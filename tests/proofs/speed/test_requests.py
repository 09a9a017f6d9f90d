"""Receiving bodies outside Django's threads costs at most a fifth of the rate of plain WSGI."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from qaitar.cli.web import command_line
from qaitar.foundation.ops.clock import utc_now
from qaitar.lab.bench.requests import RequestPlan, bench_requests
from tests.proofs.measuring import missed

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses


def test_the_server_answers_as_fast_as_before(
    django_db_setup: None, django_db_blocker: Any, database: DatabaseAddresses, tmp_path: Path
) -> None:
    plain = [sys.executable, "-m", "qaitar.lab.bench.blocking_server"]
    servers = (
        partial(command_line, workers=2),
        lambda host, port: [*plain, host, str(port), "2"],
    )

    def measure() -> Any:
        return bench_requests(database, servers, tmp_path, utc_now(), RequestPlan())

    assert missed(measure, django_db_blocker, tmp_path) == []
