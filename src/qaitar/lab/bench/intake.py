"""`bench intake`: how fast what the cabinet showed is taken, and how fast the job worker reads it, beside the bare statements."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from qaitar.foundation.models import RawIntake
from qaitar.foundation.ops.jobs import job_defer
from qaitar.foundation.tenancy.walls import see
from qaitar.lab.bench.database import ground_drop, ground_open
from qaitar.lab.bench.dataset import people_and_stores, token_for
from qaitar.lab.bench.machine import calibration_seconds, this_machine
from qaitar.lab.bench.report import BenchReport, Goal, Table, percentile
from qaitar.sandbox.kaspi import refunds_api
from qaitar.sandbox.kaspi.ledger import BuyerClaim, KaspiLedger, SoldOrder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from qaitar.orders.models import Store
    from qaitar.runtime.addresses import DatabaseAddresses

BODIES: Final = 300
A_BODY: Final = 10  # requests of one page of the cabinet's list
JOBS: Final = 2_000
ROUNDS: Final = 3
TAKE_SHARE_MIN: Final = 0.05
JOBS_SHARE_MIN: Final = 0.10
IDLE_TASK: Final = (
    "qaitar.flows.tasks.cabinets_poll"  # a merchant none of whose cabinets is read directly
)
_ACCEPTED: Final = 202
_CABINET: Final = "30000001"
_SITE: Final = "https://kaspi.kz"
_BARE_TAKE: Final = """
INSERT INTO foundation_rawintake (id, merchant_id, source, store_id, digest, body, content_type, received_at, received_from,
  state, report, stored_digest, left_out) VALUES (gen_random_uuid(), %s, 'bench', %s, md5(random()::text), %s, 'application/json',
  now(), '', 'NEW', '{}', '', '{}')
"""
_WORKED: Final = """
SELECT count(*) FILTER (WHERE type = 'succeeded'), extract(epoch FROM max(at) - min(at))::float FROM procrastinate_events
WHERE job_id > %s AND type IN ('started', 'succeeded')
"""
_MADE: Final = (
    "SELECT count(*), count(DISTINCT number) FROM returns_returnrequest WHERE store_id = %s"
)
_BARE_FETCH: Final = "SELECT id FROM procrastinate_fetch_job_v2(ARRAY['bench']::varchar[], %s)"
_BARE_FINISH: Final = "SELECT procrastinate_finish_job_v1(%s, 'succeeded', false)"


@dataclass(slots=True)
class _Round:
    """What one round came to: seconds of each call, and things a second."""

    takes: list[float] = field(default_factory=list)
    bare_takes: float = 0.0
    read: float = 0.0
    jobs: float = 0.0
    bare_jobs: float = 0.0


def bench_intake(
    shop: DatabaseAddresses,
    now: datetime,
    *,
    bodies: int = BODIES,
    jobs: int = JOBS,
    rounds: int = ROUNDS,
) -> BenchReport:
    """Hand pages of a cabinet over and let the worker read them, each round in a store of its own; then jobs with nothing to do."""
    report = BenchReport("intake", this_machine(now).as_json())
    ground = ground_open(shop, "intake", fresh=True)
    found: list[_Round] = []
    try:
        user, stores = people_and_stores(now, 1, rounds)
        token = token_for(user.pk, [stores[0].merchant_id], now, scopes=("intake",))
        for number, store in enumerate(stores):
            report.calibration_seconds.append(calibration_seconds())
            pages = pages_made(bodies, 100_000_000 * (number + 1), now)
            found.append(_round(store, token, pages, jobs))
    finally:
        ground_drop(shop, ground)
    _tell(report, found, bodies, jobs)
    return report


def pages_made(bodies: int, first_code: int, now: datetime) -> list[bytes]:
    """Let a cabinet show so many pages of new requests, as its own answers to its lists."""
    ledger = KaspiLedger()
    filed = now - timedelta(days=1)
    for number in range(first_code, first_code + bodies * A_BODY):
        ledger.add_order(
            SoldOrder(
                code=str(number),
                created=filed,
                state="ARCHIVE",
                status="COMPLETED",
                completed=filed,
                merchant_id=_CABINET,
            )
        )
        ledger.file_return(str(number), BuyerClaim(), control=now + timedelta(days=2), at=filed)
    queries = ({"tab": "NEW", "p": str(page), "s": str(A_BODY)} for page in range(bodies))
    path = "/load-refunds-by-tab"
    answers = [refunds_api.answer(ledger, _CABINET, path, query, _SITE) for query in queries]
    return [json.dumps(body, ensure_ascii=False).encode() for _, body in answers]


def _round(store: Store, token: str, pages: Sequence[bytes], jobs: int) -> _Round:
    done = _Round()
    started = time.perf_counter()
    for page in pages:
        with transaction.atomic(), connection.cursor() as cursor:
            see([store.merchant_id])
            cursor.execute(_BARE_TAKE, [store.merchant_id, store.pk, page])
    done.bare_takes = len(pages) / (time.perf_counter() - started)
    done.takes = _take(store, token, pages)
    _, seconds = _work()
    done.read = len(pages) * A_BODY / seconds
    _check(store, len(pages))
    done.bare_jobs = jobs / _bare_jobs(store, jobs)
    _defer(store, jobs, queue="polls")
    worked, seconds = _work()
    assert worked >= jobs, f"{worked} of {jobs} jobs were done"
    done.jobs = worked / seconds
    return done


def _take(store: Store, token: str, pages: Sequence[bytes]) -> list[float]:
    """Hand every page over through the whole stack, as the companion does; seconds of each call."""
    host = settings.ALLOWED_HOSTS[0].lstrip(".*") or "localhost"
    client = Client(SERVER_NAME=host, headers={"Authorization": f"Bearer {token}"})
    address = reverse("api:intake_cabinet", args=[store.pk])
    took: list[float] = []
    for page in pages:
        started = time.perf_counter()
        answer = client.post(
            address, page, content_type="application/json", secure=settings.SECURE_SSL_REDIRECT
        )
        took.append(time.perf_counter() - started)
        assert answer.status_code == _ACCEPTED, answer.content.decode()[:500]
    return took


def _work() -> tuple[int, float]:
    """Let a job worker, a process of its own, do what waits: how many jobs, and seconds from the first one's start to the last one's end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(min(id), 0) - 1 FROM procrastinate_jobs WHERE status = 'todo'"
        )
        (before,) = cursor.fetchone()
        subprocess.run(
            [sys.executable, "-m", "qaitar.cli.main", "worker", "--once"],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        cursor.execute(_WORKED, [before])
        jobs, seconds = cursor.fetchone()
    return int(jobs), float(seconds)


def _check(store: Store, pages: int) -> None:
    """Hold what was read to what was handed over: every page read, every request made once, no bytes lost."""
    with transaction.atomic():
        see([store.merchant_id])
        bodies_read = RawIntake.objects.filter(store_id=store.pk).exclude(source="bench")
        assert list(bodies_read.values_list("state", flat=True)) == ["READ"] * pages
        with connection.cursor() as cursor:
            cursor.execute(_MADE, [store.pk])
            assert cursor.fetchone() == (pages * A_BODY, pages * A_BODY)


def _defer(store: Store, count: int, queue: str) -> None:
    with transaction.atomic():
        for _ in range(count):
            job_defer(IDLE_TASK, queue=queue, merchant_id=str(store.merchant_id))


def _bare_jobs(store: Store, count: int) -> float:
    """Take and finish jobs with the library's own two statements and nothing between; seconds."""
    _defer(store, count, queue="bench")
    with connection.cursor() as cursor:
        cursor.execute("SELECT worker_id FROM procrastinate_register_worker_v1()")
        (worker,) = cursor.fetchone()
        started = time.perf_counter()
        for _ in range(count):
            cursor.execute(_BARE_FETCH, [worker])
            (job,) = cursor.fetchone()
            cursor.execute(_BARE_FINISH, [job])
        return time.perf_counter() - started


def _tell(report: BenchReport, found: Sequence[_Round], bodies: int, jobs: int) -> None:
    takes = [seconds * 1000 for each in found for seconds in each.takes]
    taking = [len(each.takes) / sum(each.takes) for each in found]
    report.tables["take"] = Table(
        f"{bodies:,} pages of {A_BODY} requests handed over, each round",
        ["", "a second", "p50, ms", "p95, ms", "p99, ms"],
        [
            ["the body in plain SQL", median(each.bare_takes for each in found), "", "", ""],
            ["taken, over the API", median(taking), *(percentile(takes, p) for p in (0.5, 0.95, 0.99))],
        ],
    )  # fmt: skip
    report.tables["jobs"] = Table(
        f"The worker: {bodies:,} pages to read, then {jobs:,} jobs with nothing to do",
        ["", *(f"round {n + 1}" for n in range(len(found))), "median a second"],
        [
            [title, *rates, median(rates)]
            for title, rates in (
                ("jobs taken and finished in plain SQL", [each.bare_jobs for each in found]),
                ("jobs done", [each.jobs for each in found]),
                ("requests read", [each.read for each in found]),
            )
        ],
    )
    shares: dict[str, tuple[list[Any], list[Any], float]] = {
        "pages taken against the body in plain SQL": (taking, [e.bare_takes for e in found], TAKE_SHARE_MIN),
        "jobs done against plain SQL": ([e.jobs for e in found], [e.bare_jobs for e in found], JOBS_SHARE_MIN),
    }  # fmt: skip
    report.goals = [
        Goal(name, median(ours) / median(bare), "at least", least)
        for name, (ours, bare, least) in shares.items()
    ]
