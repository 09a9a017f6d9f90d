"""`bench life`: one return's whole life over the public API, beside the same rows written in plain SQL in the same run."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import transaction

from qaitar.foundation.tenancy.walls import see
from qaitar.lab.bench import full_case_ceiling
from qaitar.lab.bench.database import BenchDatabase, ground_open, point
from qaitar.lab.bench.full_case_check import faults
from qaitar.lab.bench.full_case_client import ACTS
from qaitar.lab.bench.full_case_shop import FIRST_ORDER, BenchShop, HeldRows, serving, shop_make
from qaitar.lab.bench.machine import calibration_seconds, this_machine
from qaitar.lab.bench.report import BenchReport, Goal, Table, percentile
from qaitar.returns.models import ReturnRequest
from qaitar.runtime.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses

CLIENTS: Final = (1, 4, 8)
LIVES: Final = 10_000
WARM_UP: Final = 60
ROUNDS: Final = 2
BLOCK_SECONDS: Final = 15
PLAIN_SECONDS: Final = 8
SHARE_MIN: Final = 0.08
MEMORY_MAX_MB: Final = 250.0
GROWTH_MAX: Final = 1.05
_MB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class LifePlan:
    """How long to measure: lives in all, seconds of a block of ours and of plain SQL, rounds, numbers of clients."""

    lives: int = LIVES
    block_seconds: float = BLOCK_SECONDS
    plain_seconds: int = PLAIN_SECONDS
    rounds: int = ROUNDS
    clients: Sequence[int] = CLIENTS


@dataclass(slots=True)
class LifeBlock:
    """What a number of clients did in one block."""

    clients: int
    seconds: float = 0.0
    lives: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    again: int = 0
    failed: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Give lives a second: each client's own pace, added up."""
        return len(self.lives) / self.seconds


def bench_life(
    shop: DatabaseAddresses,
    server: Callable[[str, int], list[str]],
    logs: Path,
    now: datetime,
    plan: LifePlan,
) -> BenchReport:
    """Measure lives at each number of clients, by turns with plain SQL, then play the rest and check the database."""
    report = BenchReport("life", this_machine(now).as_json())
    ground = ground_open(shop, "life", fresh=True)
    blocks: dict[int, list[LifeBlock]] = {n: [] for n in plan.clients}
    plain: dict[int, list[float]] = {n: [] for n in plan.clients}
    store = shop_make(now, plan.lives * 2 + 1000)
    player = _Player(store)
    with ExitStack() as stack:
        served = stack.enter_context(serving(server, logs))
        player.port = served.port
        warm = player.play(2, lives=WARM_UP)
        sample = _sample(store, sorted(warm.lives))
        text = _plain_script(ground, sample)
        for number in range(plan.rounds):
            for clients in plan.clients if number % 2 == 0 else reversed(plan.clients):
                report.calibration_seconds.append(calibration_seconds())
                run = number * len(plan.clients) + plan.clients.index(clients)
                at_best = full_case_ceiling.pgbench(
                    ground.addresses.owner_dsn, text, clients, plan.plain_seconds, run=run
                )
                plain[clients].append(at_best.lives_a_second)
                blocks[clients].append(player.play(clients, seconds=plan.block_seconds))
        before = served.memory()
        left = plan.lives - player.lived
        rest = player.play(max(plan.clients), lives=left) if left > 0 else None
        after = served.memory()
    played = [warm, *(b for each in blocks.values() for b in each), *([rest] if rest else [])]
    _tell(report, blocks, plain)
    _tell_memory(report, before, after)
    found = faults(store.merchant_id, player.lived, sample)
    point(shop)
    _tell_faults(report, played, found, player.lived)
    return report


class _Player:
    """Plays lives with clients that are processes of their own."""

    def __init__(self, store: BenchShop) -> None:
        self.store = store
        self.port = 0
        self.lived = 0
        self._number = FIRST_ORDER

    def play(self, clients: int, *, lives: int = 0, seconds: float = 0.0) -> LifeBlock:
        """Play so many lives, or for so many seconds."""
        each = -(-lives // clients) if lives else 4_000
        numbers = [self._number + place * each for place in range(clients)]
        self._number += clients * each
        tasks = [self._task(first, first + each, seconds) for first in numbers]
        if lives:
            tasks[-1]["last"] = numbers[0] + lives
        seen = _run(tasks)
        block = LifeBlock(clients)
        for result in seen:
            block.lives += result["lives"]
            block.calls += result["calls"]
            block.again += result["again"]
            block.failed += result["failed"]
        block.seconds = max(sum(result["lives"]) for result in seen) or seconds
        self.lived += len(block.lives)
        return block

    def _task(self, first: int, last: int, seconds: float) -> dict[str, Any]:
        return {
            "host": LOOPBACK,
            "port": self.port,
            "token": self.store.token,
            "store": str(self.store.store_id),
            "first": first,
            "last": last,
            "seconds": seconds,
        }


def _run(tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Start a process a task, let them go together, gather what they saw."""
    clients = [
        subprocess.Popen(
            [sys.executable, "-m", "qaitar.lab.bench.full_case_client"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in tasks
    ]
    try:
        for client, task in zip(clients, tasks, strict=True):
            assert client.stdin is not None
            client.stdin.write(json.dumps(task) + "\n")
            client.stdin.flush()
        for client in clients:
            assert client.stdout is not None
            client.stdout.readline()
        for client in clients:
            assert client.stdin is not None
            client.stdin.write("go\n")
            client.stdin.flush()
        return [json.loads(client.communicate()[0]) for client in clients]
    finally:
        for client in clients:
            client.kill()
            client.wait()


def _sample(store: BenchShop, lives: Sequence[float]) -> UUID:
    """Choose one finished life to write the plain script after."""
    assert lives, "no life came to its end while warming up"
    with transaction.atomic():
        see([store.merchant_id])
        row = ReturnRequest.objects.filter(stage="CLOSED").order_by("number").first()
    assert row is not None, "the lives played are in the database"
    return row.pk


def _plain_script(ground: BenchDatabase, sample: UUID) -> str:
    with ground.owner() as owner, transaction.atomic():
        merchant = _merchant_of(owner)
        owner.execute("SELECT set_config('qaitar.merchants', %s, false)", [f"{{{merchant}}}"])
        full_case_ceiling.tables_make(owner)
        return full_case_ceiling.script(owner, sample, ACTS)


def _merchant_of(owner: Any) -> str:
    row = owner.execute("SELECT id FROM foundation_merchantkey").fetchone()
    return str(row[0])


def _tell(
    report: BenchReport, blocks: dict[int, list[LifeBlock]], plain: dict[int, list[float]]
) -> None:
    rows = []
    for clients, done in blocks.items():
        calls = [call * 1000 for block in done for call in block.calls]
        ours, ceiling = median(b.rate for b in done), median(plain[clients])
        shares = [b.rate / p for b, p in zip(done, plain[clients], strict=True)]
        rows.append(
            [
                clients,
                ours,
                *(percentile(calls, share) for share in (0.5, 0.95, 0.99)),
                ceiling,
                median(shares),
            ]
        )
    report.tables["lives"] = Table(
        "One return's whole life: 7 calls, login, walls, idempotency keys, journal and jobs on",
        ["clients", "lives/s", "call p50, ms", "p95", "p99", "plain SQL lives/s", "share"],
        rows,
    )
    top = max(blocks)
    share = next(row[-1] for row in rows if row[0] == top)
    report.goals.append(
        Goal(f"share of plain SQL at {top} clients", float(share), "at least", SHARE_MIN)
    )


def _tell_memory(
    report: BenchReport, before: dict[str, HeldRows], after: dict[str, HeldRows]
) -> None:
    earlier = sum(held.whole for held in before.values())
    together = sum(held.whole for held in after.values())
    rows: list[list[object]] = [
        [name, before[name].whole / _MB, after[name].whole / _MB, after[name].own / _MB]
        for name in before
    ]
    own = sum(held.own for held in after.values())
    rows.append(["together", earlier / _MB, together / _MB, own / _MB])
    report.tables["memory"] = Table(
        "Memory, MB; pages that processes share counted once between them",
        ["process", "before the last stretch", "at the end", "of it nobody else's"],
        rows,
    )
    report.goals += [
        Goal("web and worker together", together / _MB, "at most", MEMORY_MAX_MB, " MB"),
        Goal("growth over the last stretch", together / earlier, "at most", GROWTH_MAX, "x"),
    ]


def _tell_faults(
    report: BenchReport, played: Sequence[LifeBlock], found: dict[str, int], lived: int
) -> None:
    failed = [reason for block in played for reason in block.failed]
    rows: list[list[object]] = [["lives played", lived], ["lives failed", len(failed)]]
    rows.append(["calls tried again after a conflict", sum(block.again for block in played)])
    rows += [[name, count] for name, count in found.items()]
    report.tables["lives in the database"] = Table(
        "The same goods, customer and number series", ["", "count"], rows
    )
    report.goals.append(
        Goal("lives failed or doubled", float(len(failed) + sum(found.values())), "at most", 0.0)
    )
    report.notes += [f"failed: {reason}" for reason in failed[:5]]
