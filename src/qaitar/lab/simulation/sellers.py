"""Plays a world of one seller or several: each a merchant with its own market, people, outside systems and database.

Sellers share nothing, so they are played side by side by as many processes as there are; what each comes to follows
from the seed and its own number alone, and is added up in the order of the numbers.
"""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from django.db import connections
from django.test import override_settings

from qaitar.kernel.ids import ids_from
from qaitar.lab.bench.database import files_in, ground_copy, ground_drop, ground_open, point
from qaitar.lab.simulation.playing import SimulatedWorld
from qaitar.lab.simulation.telling import together
from qaitar.runtime.processes import DiesWith

if TYPE_CHECKING:
    from qaitar.lab.bench.database import BenchDatabase
    from qaitar.lab.simulation.telling import SimulationRequest, SimulationResults
    from qaitar.runtime.addresses import DatabaseAddresses


def simulate(
    shop: DatabaseAddresses,
    wanted: SimulationRequest,
    *,
    blank: BenchDatabase | None = None,
    processes: int | None = None,
) -> SimulationResults:
    """Play one world in databases of its own, and say what broke; the same seed plays the same world.

    Args:
        shop: the server to play on; nothing of the shop itself is touched.
        wanted: what world.
        blank: an empty migrated ground to copy; without it one is made, which takes some seconds.
        processes: how many sellers are played at a time; as many as there are processors when not told.
    """
    grounds: list[BenchDatabase] = []
    try:
        parts = wanted.parts()
        for part in parts:
            grounds.append(_ground(shop, part, blank or (grounds[0] if grounds else None)))
        played = _play_all(list(zip(parts, grounds, strict=True)), processes or os.cpu_count() or 1)
    finally:
        for ground in grounds:
            ground_drop(shop, ground)
    return together(wanted, played)


def _ground(
    shop: DatabaseAddresses, part: SimulationRequest, like: BenchDatabase | None
) -> BenchDatabase:
    """Make the database of one seller; nothing in it outlives the run, so nothing waits for the disk."""
    suffix = f"world_{part.seed}_{part.seller}"
    if like is None:
        ground = ground_open(shop, suffix, fresh=True)
    else:
        ground = ground_copy(shop, like, suffix)
    ground.hurry()
    return ground


def _play_all(
    parts: list[tuple[SimulationRequest, BenchDatabase]], processes: int
) -> list[SimulationResults]:
    if len(parts) == 1 or processes == 1:
        return [_play(part, ground) for part, ground in parts]
    for each in connections.all(initialized_only=True):
        each.close()  # a fork must not share one
    with ProcessPoolExecutor(
        min(processes, len(parts)),
        mp_context=multiprocessing.get_context("fork"),
        initializer=DiesWith(os.getpid()),
    ) as pool:
        return list(pool.map(_play, *zip(*parts, strict=True)))


def _play(part: SimulationRequest, ground: BenchDatabase) -> SimulationResults:
    """Play one seller's part in its own database."""
    point(ground.addresses)
    world = SimulatedWorld(part)
    with (
        TemporaryDirectory(prefix="qaitar-world-") as files,
        files_in(files),
        override_settings(QAITAR_CONNECTORS="qaitar.lab.simulation.outside.CONNECTORS"),
        ids_from(world.ids),
    ):
        with ground.owner() as owner:
            world.opens()
            world.plays(owner)
        return world.sums()
