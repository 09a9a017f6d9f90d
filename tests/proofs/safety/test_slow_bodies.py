"""Two hundred slow bodies at every address of the program, one address after another: nobody else notices.

Nor does anybody when all of them are given up in the same second.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.db import connections

from qaitar.lab.bench.report import percentile
from tests.factories.emptied import empty_database
from tests.web.server.site import (
    BODY_SECONDS,
    SlowBodies,
    ask,
    body_addresses,
    head,
    seconds_of,
    site,
)

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses

SLOW = 200
PROBES = 5
GIVEN_UP_SECONDS = 8
SECONDS_MAX = 0.2


def test_two_hundred_slow_bodies_at_every_address(
    django_db_setup: None, django_db_blocker: Any, database: DatabaseAddresses, tmp_path: Path
) -> None:
    alive: list[float] = []
    queue: list[float] = []
    with django_db_blocker.unblock(), site(database, tmp_path) as served:
        signed_in = head("GET", "/", served.signed_in)
        paths = body_addresses()
        for _ in range(10):
            ask(served.port, signed_in)
        for path in paths:
            slow = SlowBodies(served.port, [head("POST", path, length=60_000)] * SLOW)
            alive += seconds_of(served.port, head("GET", "/healthz"), PROBES)
            queue += seconds_of(served.port, signed_in, PROBES)
            slow.close()
        bare = seconds_of(served.port, signed_in, 200)
        given_up: list[float] = []
        slow = SlowBodies(served.port, [head("POST", "/accounts/login/", length=60_000)] * SLOW)
        began = time.monotonic()
        while time.monotonic() < began + BODY_SECONDS + GIVEN_UP_SECONDS:
            given_up += seconds_of(served.port, signed_in, 1)
        assert set(slow.statuses()) == {408}
        slow.close()
        assert served.files_open() == []
        for each in connections.all(initialized_only=True):
            each.close()
    empty_database(database.owner_dsn)
    seen = {"/healthz": alive, "queue": queue, "queue while all are given up": given_up}
    tails = {name: percentile(seconds, 0.99) for name, seconds in seen.items()}
    figures = ", ".join(f"{name} p99 {seconds * 1000:.1f} ms" for name, seconds in tails.items())
    figures += f"; the queue alone p99 {percentile(bare, 0.99) * 1000:.1f} ms"
    print(f"\n{len(paths)} addresses, {SLOW} slow bodies at each: {figures}\n")  # noqa: T201  a proof's figures
    assert max(tails.values()) <= SECONDS_MAX
