"""`bench console`: how long the server takes over a page, on a small shop and a big one by turns, and what each page asks."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from django.db import connection
from django.urls import reverse

from qaitar.lab.bench.console_pages import desk_client, page_asks, page_get, pages_of
from qaitar.lab.bench.database import point
from qaitar.lab.bench.dataset import Shape, world_ground
from qaitar.lab.bench.machine import calibration_seconds, this_machine
from qaitar.lab.bench.report import BenchReport, Goal, Table, percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from django.test import Client

    from qaitar.lab.bench.console_pages import BenchPage, PageAsks
    from qaitar.lab.bench.database import BenchDatabase
    from qaitar.runtime.addresses import DatabaseAddresses

SIZES: Final = (10_000, 1_000_000)
ROUNDS: Final = 10
CALLS_A_ROUND: Final = 20
WARM_UP: Final = 3
P95_MAX_MS: Final = 50.0
GROWTH_MAX: Final = 1.3
STATEMENTS_MAX: Final = 12
_BARE: Final = "bare SELECT 1"
_EMPTY: Final = "no page at all (/healthz)"


@dataclass(slots=True)
class _Desk:
    """A person at work in a shop of one size."""

    count: int
    ground: BenchDatabase
    client: Client
    pages: list[BenchPage]
    made_seconds: float
    took: dict[str, list[float]] = field(default_factory=dict)
    asks: dict[str, PageAsks] = field(default_factory=dict)

    def p50(self, title: str) -> float:
        """Give the middle time of a page in milliseconds."""
        return percentile(self.took[title], 0.50)


def bench_console(
    shop: DatabaseAddresses,
    now: datetime,
    *,
    sizes: Sequence[int] = SIZES,
    rounds: int = ROUNDS,
    calls: int = CALLS_A_ROUND,
) -> BenchReport:
    """Measure every page at every size, the sizes by turns, each page `rounds` x `calls` times; then listen to its statements."""
    report = BenchReport("console", this_machine(now).as_json())
    desks = [_desk(shop, count, now) for count in sizes]
    for number in range(rounds):
        report.calibration_seconds.append(calibration_seconds())
        for desk in desks if number % 2 == 0 else reversed(desks):
            _work(desk, number * calls, calls)
    for desk in desks:
        point(desk.ground.addresses)
        desk.asks = {page.title: page_asks(desk.client, page) for page in desk.pages}
    point(shop)
    _tell(report, desks)
    return report


def _desk(shop: DatabaseAddresses, count: int, now: datetime) -> _Desk:
    ground, world = world_ground(shop, f"console_{count}", Shape(count), now)
    return _Desk(count, ground, desk_client(world), pages_of(world), world.seconds)


def _work(desk: _Desk, first: int, calls: int) -> None:
    """Ask every page some times on a warm connection, the pages by turns."""
    point(desk.ground.addresses)
    tasks = list(_tasks(desk))
    for number in range(-WARM_UP, calls):
        for title, task in tasks:
            started = time.perf_counter()
            task(first + number)
            seconds = time.perf_counter() - started
            if number >= 0:
                desk.took.setdefault(title, []).append(seconds * 1000)


def _tasks(desk: _Desk) -> Iterator[tuple[str, Callable[[int], object]]]:
    yield _BARE, _select_one
    yield _EMPTY, lambda _: page_get(desk.client, reverse("healthz"))
    for page in desk.pages:
        yield page.title, _asking(desk.client, page.urls)


def _asking(client: Client, urls: Sequence[str]) -> Callable[[int], object]:
    return lambda number: page_get(client, urls[number % len(urls)])


def _select_one(_: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def _tell(report: BenchReport, desks: Sequence[_Desk]) -> None:
    for desk in desks:
        report.tables[f"ms at {desk.count}"] = _times(desk)
    if len(desks) > 1:
        report.tables["growth"] = _growth(desks[0], desks[-1])
    big = desks[-1]
    slowest = max(big.pages, key=lambda page: percentile(big.took[page.title], 0.95))
    asks = [(page, desk.asks[page.title]) for desk in desks for page in desk.pages]
    most, most_queries = max(asks, key=lambda each: each[1].statements)
    report.goals = [
        Goal(
            f"slowest page's p95 at {big.count:,}: {slowest.title}",
            percentile(big.took[slowest.title], 0.95),
            "at most",
            P95_MAX_MS,
            " ms",
        ),
        Goal(
            f"statements of a page, the most: {most.title}",
            most_queries.statements,
            "at most",
            STATEMENTS_MAX,
        ),
        Goal(
            "readings of a big table end to end", sum(len(a.scans) for _, a in asks), "at most", 0
        ),
    ]
    if len(desks) > 1:
        report.goals.insert(1, _growth_goal(desks[0], big))
    for page, each in asks:
        report.notes += [f"{page.title}: {scan}" for scan in each.scans]
    made = ", ".join(f"{d.count:,} in {d.made_seconds:.0f} s" for d in desks if d.made_seconds)
    report.notes.append(f"Shops made: {made}." if made else "Shops reused from an earlier run.")
    report.notes.append(
        "Times are the server's: the whole stack in one process, database included, no browser and no socket."
    )


def _times(desk: _Desk) -> Table:
    rows: list[list[object]] = []
    for title, took in desk.took.items():
        asks = desk.asks.get(title)
        figures: list[object] = (
            [asks.statements, asks.cases, len(asks.scans)] if asks else ["", "", ""]
        )
        rows.append(
            [title, len(took), *(percentile(took, p) for p in (0.50, 0.95, 0.99)), *figures]
        )
    return Table(
        f"{desk.count:,} requests, ms",
        ["page", "calls", "p50", "p95", "p99", "statements", "cases shown", "scans"],
        rows,
    )


def _growth(small: _Desk, big: _Desk) -> Table:
    rows: list[list[object]] = [
        [
            page.title,
            small.p50(page.title),
            big.p50(page.title),
            big.p50(page.title) / small.p50(page.title),
            "" if page.alike else "shows more cases: not compared",
        ]
        for page in small.pages
    ]
    sizes = [f"{desk.count:,}, p50 ms" for desk in (small, big)]
    return Table("Growth with the size of the shop", ["page", *sizes, "x", " "], rows)


def _growth_goal(small: _Desk, big: _Desk) -> Goal:
    grown = {p.title: big.p50(p.title) / small.p50(p.title) for p in small.pages if p.alike}
    worst = max(grown, key=lambda title: grown[title])
    name = f"growth from {small.count:,} to {big.count:,}, the most: {worst}"
    return Goal(name, grown[worst], "at most", GROWTH_MAX, "x")
