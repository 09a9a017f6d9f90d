"""Every outside system of one merchant drips: deadlines are watched, pages answer and other merchants go on as before."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from select import select
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING, Any

from django.db import connection, connections, transaction

from qaitar.foundation.connections.systems import CHECK_TASK
from qaitar.foundation.models import Connection
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.ops.jobs import job_defer, within_walls
from qaitar.kernel.roles import Role
from qaitar.lab.bench.report import percentile
from qaitar.returns.vocabulary import Act
from qaitar.runtime.database import handed_to_program
from tests.factories.accounts import actor, make_person, make_shop, open_walls
from tests.factories.emptied import empty_database
from tests.flows.bench import KEY, Bench
from tests.web.server.site import head, seconds_of, site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses

CASES = 8
MINUTES = 5
GAP_MAX = timedelta(seconds=70)
PAGE_SECONDS_MAX = 0.2
ROUNDS = """
SELECT e.at FROM procrastinate_events e JOIN procrastinate_jobs j ON j.id = e.job_id
WHERE j.task_name = 'qaitar.flows.tasks.deadlines_sweep' AND e.type = 'succeeded' ORDER BY e.at
"""


class DrippingServer(ThreadingTCPServer):
    """Answers every request with the head of a long answer and then a space every two seconds."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Drip)
        self.requests = 0
        self.open = 0
        self.most_open = 0
        self.lock = threading.Lock()


class _Drip(BaseRequestHandler):
    server: DrippingServer

    def handle(self) -> None:
        self.request.recv(65_536)
        with self.server.lock:
            self.server.requests += 1
            self.server.open += 1
            self.server.most_open = max(self.server.most_open, self.server.open)
        try:
            self.request.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
            )
            while not select([self.request], [], [], 2)[0]:  # readable: the program has hung up
                self.request.sendall(b" ")
        except OSError:
            pass
        finally:
            with self.server.lock:
                self.server.open -= 1


@contextmanager
def dripping() -> Iterator[DrippingServer]:
    with DrippingServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def worker(database: DatabaseAddresses, folder: Path) -> Iterator[None]:
    """Run `qaitar worker` as it is run beside the web process."""
    environ = {
        **os.environ,
        **handed_to_program(database),
        "QAITAR_ENCRYPTION_KEY": KEY,
        "QAITAR_SECRET_KEY": "a-session-key-of-tests-that-is-long-enough-to-be-one",
    }
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "qaitar.cli.main", "worker", "--data", str(folder / "data")],
            env=environ,
            stdout=log,
            stderr=log,
        )
        try:
            yield
            assert process.poll() is None, (folder / "worker.log").read_text()[-3000:]
        finally:
            process.terminate()
            process.wait(90)


def make_merchant_bench(stack: ExitStack, name: str) -> Bench:
    with transaction.atomic():
        now = utc_now()
        shop = make_shop(name, now=now)
        person = make_person(f"{name} {now.timestamp()}", (shop.id, Role.OPERATOR), now=now)
        by = actor(person, shop.id)
        open_walls(shop.id)
    return Bench(stack, shop, by, now)


def press_checks(merchant_id: Any) -> None:
    """Press "check" at every connection of the merchant, as the page does."""
    with within_walls(merchant_id):
        for each in Connection.objects.all():
            job_defer(
                CHECK_TASK, queue="checks", merchant_id=str(merchant_id), connection_id=str(each.pk)
            )


def longest_gap(began: datetime, ended: datetime) -> timedelta:
    """Return the longest time between two rounds of the deadline guard, edges included."""
    with connection.cursor() as cursor:
        cursor.execute(ROUNDS)
        rounds = [at.astimezone(UTC) for (at,) in cursor.fetchall()]
    moments = [began, *rounds, ended]
    return max(later - earlier for earlier, later in pairwise(moments))


def wait_for_round(seconds: float = 150) -> datetime:
    """Wait until the guard of a fresh worker has made its first round; return when that was."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(ROUNDS)
            if rows := cursor.fetchall():
                return rows[-1][0].astimezone(UTC)
        time.sleep(1)
    raise AssertionError("the deadline guard never made a round")


@dataclass
class Watched:
    """What was measured while systems dripped: seconds of pages, and of another merchant's tickets."""

    pages: list[float] = field(default_factory=list)
    tickets: list[float] = field(default_factory=list)


def watch(port: int, signed_in: bytes, slow: Bench, other: Bench) -> Watched:
    """Look at the queue's page for some minutes; once a minute a check is pressed and the other merchant asks a customer."""
    seen = Watched()
    for minute in range(MINUTES):
        press_checks(slow.shop.id)
        other.now = utc_now()
        other.act(other.file(f"80000000{minute}-1"), Act.ASK_CUSTOMER)
        requested_at, waiting = time.monotonic(), True
        while time.monotonic() < requested_at + 60:
            seen.pages += seconds_of(port, signed_in, 1)
            states = {each.state for each in other.effects(kind="OPEN_TICKET")}
            if waiting and not {"PLANNED", "SENDING"} & states:
                seen.tickets.append(time.monotonic() - requested_at)
                waiting = False
            time.sleep(0.25)
    return seen


def test_dripping_systems_of_one_merchant_hold_up_nobody(
    django_db_setup: None,
    django_db_blocker: Any,
    database: DatabaseAddresses,
    tmp_path: Path,
    settings: Any,
) -> None:
    settings.QAITAR_ENCRYPTION_KEY = KEY
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        drip = stack.enter_context(dripping())
        served = stack.enter_context(site(database, tmp_path))
        signed_in = head("GET", "/", served.signed_in)
        alone = seconds_of(served.port, signed_in, 100)
        slow = make_merchant_bench(stack, "Slow")
        slow.urls = dict.fromkeys(slow.urls, f"http://127.0.0.1:{drip.server_address[1]}")
        other = make_merchant_bench(stack, "Other")
        stack.enter_context(worker(database, tmp_path))
        began = wait_for_round()
        for each in (slow, other):
            each.connect()
        for number in range(CASES):
            slow.act(slow.file(f"70000000{number}-1"), Act.ASK_CUSTOMER)
        seen = watch(served.port, signed_in, slow, other)
        gap = longest_gap(began, utc_now())
        tickets = other.executed()["tickets"]
        for connected in connections.all(initialized_only=True):
            connected.close()
    empty_database(database.owner_dsn)
    p99 = percentile(seen.pages, 0.99)
    print(  # noqa: T201  a proof's figures
        f"\n{drip.requests} dripping answers, {drip.most_open} at a time; the guard's longest gap {gap.total_seconds():.1f} s;"
        f" queue p99 {p99 * 1000:.1f} ms (alone {percentile(alone, 0.99) * 1000:.1f} ms);"
        f" another merchant's tickets opened after {', '.join(f'{each:.1f}' for each in seen.tickets)} s\n"
    )
    assert drip.requests >= CASES
    assert drip.most_open <= 2
    assert gap <= GAP_MAX
    assert p99 <= PAGE_SECONDS_MAX
    assert tickets == len(seen.tickets) == MINUTES
