"""`bench requests`: what receiving bodies outside Django's threads costs, beside the same program served as plain WSGI."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from qaitar.lab.bench.database import ground_open, point
from qaitar.lab.bench.full_case_shop import serving, shop_make
from qaitar.lab.bench.machine import calibration_seconds, this_machine
from qaitar.lab.bench.report import BenchReport, Goal, Table, percentile
from qaitar.runtime.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from qaitar.lab.bench.full_case_shop import BenchShop, Served
    from qaitar.runtime.addresses import DatabaseAddresses

    Command = Callable[[str, int], list[str]]

SHARE_MIN: Final = 0.8
WARM_UP_SECONDS: Final = 1.0
OURS, PLAIN = "server", "plain WSGI"


@dataclass(frozen=True, slots=True)
class RequestPlan:
    """How long to measure: seconds of a block, rounds, open connections."""

    seconds: float = 6.0
    rounds: int = 4
    connections: int = 8


@dataclass(frozen=True, slots=True)
class RequestBlock:
    """What one block came to: seconds of each answer, and of the server's processors."""

    seconds: list[float]
    processor_seconds: float


@dataclass(frozen=True, slots=True)
class RequestBenchWanted:
    """One request that is sent again and again, and the status of its answer."""

    title: str
    text: str
    status: int


def bench_requests(
    shop: DatabaseAddresses,
    servers: tuple[Command, Command],
    logs: Path,
    now: datetime,
    plan: RequestPlan,
) -> BenchReport:
    """Send each request to both servers by turns; the server's rate is to be at least 0.8 of that of plain WSGI."""
    report = BenchReport("requests", this_machine(now).as_json())
    ground_open(shop, "requests", fresh=True)
    wanted = _wanted(shop_make(now, 10))
    seen: dict[tuple[str, str], list[RequestBlock]] = {}
    with ExitStack() as stack:
        served = {
            name: stack.enter_context(serving(command, logs))
            for name, command in zip((OURS, PLAIN), servers, strict=True)
        }
        for each in wanted:
            for server in served.values():
                _play(each, server, plan, WARM_UP_SECONDS)
        for number in range(plan.rounds):
            report.calibration_seconds.append(calibration_seconds())
            for each in wanted:
                for name in sorted(served, reverse=number % 2 == 1):
                    block = _play(each, served[name], plan, plan.seconds)
                    seen.setdefault((each.title, name), []).append(block)
    point(shop)
    _tell(report, [each.title for each in wanted], seen, plan)
    return report


def _wanted(store: BenchShop) -> list[RequestBenchWanted]:
    token = f"Authorization: Bearer {store.token}\r\n"
    call = json.dumps({"store": str(store.store_id), "number": "not a number"})
    made = f"{token}Content-Type: application/json\r\nContent-Length: {len(call)}\r\n"
    return [
        RequestBenchWanted("address that is not there", _text("GET", "/api/v1/nothing"), 404),
        RequestBenchWanted("call that reads", _text("GET", "/api/v1/me", token), 200),
        RequestBenchWanted(
            "call with a body, refused", _text("POST", "/api/v1/returns", made, call), 422
        ),
        RequestBenchWanted("sign-in page", _text("GET", "/accounts/login/"), 200),
    ]


def _text(method: str, path: str, headers: str = "", body: str = "") -> str:
    return f"{method} {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\n{headers}\r\n{body}"


def _play(
    wanted: RequestBenchWanted, served: Served, plan: RequestPlan, seconds: float
) -> RequestBlock:
    task = {
        "host": LOOPBACK,
        "port": served.port,
        "request": wanted.text,
        "status": wanted.status,
        "seconds": seconds,
        "connections": plan.connections,
    }
    before = _processor_seconds(served)
    done = subprocess.run(
        [sys.executable, "-m", "qaitar.lab.bench.request_client"],
        input=json.dumps(task).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return RequestBlock(json.loads(done.stdout), _processor_seconds(served) - before)


def _processor_seconds(served: Served) -> float:
    """Add up what the server's processes have used so far; the database is not counted."""
    times = [
        each.cpu_times() for each in (served.program, *served.program.children(recursive=True))
    ]
    return sum(each.user + each.system for each in times)


def _tell(
    report: BenchReport,
    titles: Sequence[str],
    seen: dict[tuple[str, str], list[RequestBlock]],
    plan: RequestPlan,
) -> None:
    rows: list[list[object]] = []
    for title in titles:
        rates, tails, costs = {}, {}, {}
        for name in (OURS, PLAIN):
            blocks = seen[title, name]
            rates[name] = median(len(block.seconds) / plan.seconds for block in blocks)
            tails[name] = percentile([each for block in blocks for each in block.seconds], 0.99)
            answers = sum(len(block.seconds) for block in blocks)
            costs[name] = sum(block.processor_seconds for block in blocks) / answers
        share = rates[OURS] / rates[PLAIN]
        both = [
            round(figure[name] * 1000, 2) for figure in (costs, tails) for name in (OURS, PLAIN)
        ]
        rows.append([title, round(rates[OURS]), round(rates[PLAIN]), round(share, 2), *both])
        report.goals.append(Goal(f"{title}: share of plain WSGI", share, "at least", SHARE_MIN))
    columns = ["request", "a second", f"{PLAIN}, a second", "share"]
    columns += ["processor, ms", f"{PLAIN}, ms", "p99, ms", f"{PLAIN}, p99"]
    report.tables["requests"] = Table("Requests answered", columns, rows)
