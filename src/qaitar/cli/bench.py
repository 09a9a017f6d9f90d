"""`qaitar bench NAME`: runs one bench in a database of its own and prints its figures; exit code 1 when a goal is missed."""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from qaitar.cli.web import command_line, up_line
from qaitar.foundation.ops import logs
from qaitar.foundation.ops.clock import utc_now
from qaitar.lab.bench.act_latency import bench_presses
from qaitar.lab.bench.bulk import bench_bulk
from qaitar.lab.bench.console import SIZES, bench_console
from qaitar.lab.bench.deadline_scan import bench_sweep
from qaitar.lab.bench.exporting import bench_export
from qaitar.lab.bench.full_case import LifePlan, bench_life
from qaitar.lab.bench.importing import bench_import
from qaitar.lab.bench.intake import bench_intake
from qaitar.lab.bench.page_cache import CAN_CHILL, Warmth
from qaitar.lab.bench.requests import RequestPlan, bench_requests
from qaitar.runtime.cluster import Cluster
from qaitar.runtime.database import resolve_database

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from qaitar.lab.bench.report import BenchReport
    from qaitar.runtime.addresses import DatabaseAddresses
    from qaitar.runtime.folder import DataFolder

    Measure = Callable[[DatabaseAddresses, DataFolder, argparse.Namespace], BenchReport]

SMALLEST: Final = 1_000
_QUICK_SIZES: Final = (2_000, 20_000)
_QUICK_LIFE: Final = LifePlan(lives=400, block_seconds=3, plain_seconds=2, rounds=1)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("name", choices=sorted(BENCHES))
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument(
        "--requests",
        type=int,
        metavar="N",
        help="how much to measure on: requests of the big shop (console, presses, sweep, export), lives, orders (import), decisions (bulk), jobs (intake)",
    )
    parser.add_argument(
        "--cold",
        action="store_true",
        help="presses: begin with the shops' files on the disk alone, as after a start of the machine",
    )
    parser.add_argument(
        "--quick", action="store_true", help="a look in a minute; its figures prove nothing"
    )


def run(options: argparse.Namespace, folder: DataFolder) -> int:
    """Measure and tell it; the log of a run goes to the data folder."""
    if options.requests is not None and options.requests < SMALLEST:
        print(f"qaitar: --requests takes {SMALLEST} or more.")
        return 2
    if options.cold and (options.name != "presses" or options.quick or not CAN_CHILL):
        print("qaitar: --cold goes with `bench presses`, not with --quick, on Linux.")
        return 2
    shop = resolve_database(folder, os.environ)
    if options.cold and not shop.embedded:
        print("qaitar: --cold needs the embedded database: another's files are not in reach.")
        return 2
    with (folder.logs / "bench.log").open("a", encoding="utf-8") as stream:
        logs.configure(stream=stream)
        try:
            report = BENCHES[options.name](shop, folder, options)
        finally:
            logs.configure()
    if options.json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        print(report.text())
    return 0 if report.met else 1


def _sizes(options: argparse.Namespace) -> tuple[int, ...]:
    """Give a small shop and a big one, or the asked one alone where it is no bigger."""
    small, big = SIZES
    most: int = options.requests or big
    return (small, most) if most > small else (most,)


def _sized(bench: Callable[..., BenchReport], **quick: Any) -> Measure:
    """Run a bench on a small shop and a big one; `quick` is what a look in a minute takes instead."""

    def measure(
        shop: DatabaseAddresses,
        folder: DataFolder,  # noqa: ARG001  one signature for all
        options: argparse.Namespace,
    ) -> BenchReport:
        return bench(shop, utc_now(), **(quick if options.quick else {"sizes": _sizes(options)}))

    return measure


def _counted(bench: Callable[..., BenchReport], count: str, **quick: Any) -> Measure:
    """Run a bench on so many things as were asked for (its own number where none), or `quick` as above."""

    def measure(
        shop: DatabaseAddresses,
        folder: DataFolder,  # noqa: ARG001  one signature for all
        options: argparse.Namespace,
    ) -> BenchReport:
        given = {count: options.requests} if options.requests else {}
        return bench(shop, utc_now(), **(quick if options.quick else given))

    return measure


def _presses(
    shop: DatabaseAddresses, folder: DataFolder, options: argparse.Namespace
) -> BenchReport:
    if options.quick:
        return bench_presses(shop, utc_now(), sizes=(5_000, 20_000), rounds=1, presses=3)
    warmth = Warmth(Cluster(folder).data, options.cold) if shop.embedded else None
    return bench_presses(shop, utc_now(), sizes=_sizes(options), warmth=warmth)


def _life(shop: DatabaseAddresses, folder: DataFolder, options: argparse.Namespace) -> BenchReport:
    plan = _QUICK_LIFE if options.quick else LifePlan()
    if options.requests:
        plan = LifePlan(lives=options.requests)
    return bench_life(shop, up_line, folder.logs, utc_now(), plan)


def _plain_line(host: str, port: int) -> list[str]:
    return [sys.executable, "-m", "qaitar.lab.bench.blocking_server", host, str(port), "2"]


def _requests(
    shop: DatabaseAddresses, folder: DataFolder, options: argparse.Namespace
) -> BenchReport:
    plan = RequestPlan(seconds=1, rounds=1) if options.quick else RequestPlan()
    servers = (partial(command_line, workers=2), _plain_line)
    return bench_requests(shop, servers, folder.logs, utc_now(), plan)


BENCHES: Final[dict[str, Measure]] = {
    "console": _sized(bench_console, sizes=_QUICK_SIZES, rounds=2, calls=5),
    "presses": _presses,
    "sweep": _sized(bench_sweep, sizes=_QUICK_SIZES, due=50, rounds=2),
    "export": _sized(bench_export, sizes=_QUICK_SIZES, bare_rows=5_000),
    "import": _counted(bench_import, "rows", rows=5_000, rounds=1),
    "bulk": _counted(bench_bulk, "size", size=500),
    "intake": _counted(bench_intake, "jobs", bodies=30, jobs=200, rounds=1),
    "life": _life,
    "requests": _requests,
}
