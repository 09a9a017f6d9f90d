"""One outside system keeps nobody else waiting: deadlines and chores have slots of their own, a merchant has few."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django import app

from qaitar.config.working import CHORES, DEADLINES, SHARED_QUEUES, work
from qaitar.foundation.ops.jobs import job_defer, outside_job
from tests.factories.accounts import make_merchant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "qaitar"
NAME = "tests.slow_system"


def test_every_queue_has_a_worker() -> None:
    """A job on a queue that no group of workers takes from would wait for ever."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    named = set(re.findall(r'queue="([a-z]+)"', sources))
    assert named <= {DEADLINES, CHORES, *SHARED_QUEUES}
    assert {"effects", "deadlines", "chores"} <= named


class Systems:
    """Outside systems as jobs meet them: those of slow merchants answer only when they are let go."""

    def __init__(self) -> None:
        self.slow: set[str] = set()
        self.let_go = threading.Event()
        self.under_way: list[str] = []
        self.most_under_way = 0
        self.ended: list[str] = []
        self._lock = threading.Lock()

    def call(self, merchant_id: UUID, _now: datetime, *, number: int) -> None:
        key = str(merchant_id)
        with self._lock:
            self.under_way.append(key)
            self.most_under_way = max(self.most_under_way, self.under_way.count(key))
        if key in self.slow:
            self.let_go.wait(60)
        with self._lock:
            self.under_way.remove(key)
            self.ended.append(f"{key} {number}")


@pytest.fixture
def systems(monkeypatch: pytest.MonkeyPatch) -> Iterator[Systems]:
    monkeypatch.setattr(app.periodic_registry, "periodic_tasks", {})  # only the jobs of this test
    found = Systems()
    body = outside_job(NAME, queue="effects")(found.call)

    def run(**arguments: Any) -> None:
        try:
            body(**arguments)
        finally:
            connection.close()  # the worker's threads end with this test

    app.task(queue="effects", name=NAME)(run)

    def guard() -> None:
        found.ended.append("guard")

    app.task(queue=DEADLINES, name="tests.guard")(guard)
    yield found
    found.let_go.set()
    for name in (NAME, "tests.guard"):
        app.tasks.pop(name)


def test_one_merchants_slow_systems_stop_neither_the_guard_nor_another_merchant(
    committed: Any, systems: Systems
) -> None:
    with transaction.atomic():
        slow, other = make_merchant(), make_merchant()
        systems.slow = {str(slow.pk)}
        for number in range(8):
            job_defer(NAME, queue="effects", merchant_id=str(slow.pk), number=number)
    waits: dict[str, float] = {}

    def watch() -> None:
        begun = time.monotonic()
        while len(systems.under_way) < 2 and time.monotonic() - begun < 30:
            time.sleep(0.05)
        with transaction.atomic():
            job_defer("tests.guard", queue=DEADLINES)
            job_defer(NAME, queue="effects", merchant_id=str(other.pk), number=1)
        connection.close()
        requested = time.monotonic()
        while len(waits) < 2 and time.monotonic() - requested < 30:
            for name in ("guard", f"{other.pk} 1"):
                if name in systems.ended and name not in waits:
                    waits[name] = time.monotonic() - requested
            time.sleep(0.05)
        systems.let_go.set()
        while len(systems.ended) < 10 and time.monotonic() - requested < 60:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    watcher = threading.Thread(target=watch)
    watcher.start()
    work()
    watcher.join()
    assert set(waits) == {"guard", f"{other.pk} 1"}
    assert max(waits.values()) < 15
    assert systems.most_under_way == 2
    assert sorted(systems.ended) == sorted(
        ["guard", f"{other.pk} 1", *(f"{slow.pk} {number}" for number in range(8))]
    )
