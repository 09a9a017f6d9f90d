"""`qaitar simulate`: plays a shop's days from a seed, with faults on purpose; exit code 1 when something broke, with the seed."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from qaitar.foundation.ops import logs
from qaitar.lab.simulation.sellers import simulate
from qaitar.lab.simulation.telling import SimulationRequest, SimulationResults
from qaitar.runtime.database import resolve_database

if TYPE_CHECKING:
    import argparse

    from qaitar.runtime.folder import DataFolder


ORDERS_A_SELLER: Final = 10_000


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("--seed", type=int, default=1, help="the same seed plays the same world")
    parser.add_argument(
        "--worlds",
        type=int,
        default=1,
        help="so many in a row, of this seed and those after it; one that breaks is the last",
    )
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument(
        "--faults", type=float, default=0.0, help="share of outside calls that go wrong"
    )
    parser.add_argument(
        "--sellers",
        type=int,
        help=f"how many sellers share the orders, played side by side (default: one for every {ORDERS_A_SELLER})",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(options: argparse.Namespace, folder: DataFolder) -> int:
    """Play in databases of its own beside the shop's, one world after the other."""
    if options.worlds < 1:
        print("qaitar: --worlds takes 1 or more.")
        return 2
    shop = resolve_database(folder, os.environ)
    sellers = options.sellers or max(1, options.orders // ORDERS_A_SELLER)
    played: list[dict[str, Any]] = []
    with (folder.logs / "simulate.log").open("a", encoding="utf-8") as stream:
        logs.configure(stream=stream)
        try:
            for seed in range(options.seed, options.seed + options.worlds):
                wanted = SimulationRequest(
                    seed, options.days, options.orders, options.faults, sellers
                )
                began = monotonic()
                outcome = simulate(shop, wanted)
                seconds = monotonic() - began
                if not options.json:
                    _tell(outcome, seconds)
                played.append(
                    {"ok": not outcome.broken, "seconds": round(seconds, 1), **asdict(outcome)}
                )
                if outcome.broken:
                    break
        finally:
            logs.configure()
    if options.json:
        document = played[0] if options.worlds == 1 else {"worlds": played}
        print(json.dumps(document, ensure_ascii=False, indent=2))
    return 0 if all(each["ok"] for each in played) else 1


def _tell(outcome: SimulationResults, seconds: float) -> None:
    for each in outcome.broken:
        print(f"BROKEN: {each}")
    print(
        f"{outcome.requests} requests, {outcome.lines} journal lines, {outcome.effects} effects outside,"
        f" {outcome.outages} outages, {outcome.deaths} deaths of the worker, faults {outcome.faults}; {seconds:.0f} s"
    )
    print(f"transcript {outcome.transcript}")
    word = "Everything held." if not outcome.broken else f"{len(outcome.broken)} things broke."
    print(f"{word} Seed {outcome.wanted.seed}.", flush=True)
