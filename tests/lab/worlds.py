"""Worlds to play in: an empty ground made once, of which every world gets a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qaitar.lab.bench.database import ground_drop, ground_open, point
from qaitar.lab.simulation.sellers import simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qaitar.lab.bench.database import BenchDatabase
    from qaitar.lab.simulation.telling import SimulationRequest, SimulationResults
    from qaitar.runtime.addresses import DatabaseAddresses


@pytest.fixture(scope="session")
def blank(
    django_db_setup: None, django_db_blocker: Any, database: DatabaseAddresses
) -> Iterator[BenchDatabase]:
    """A migrated ground with nothing on it."""
    with django_db_blocker.unblock():
        ground = ground_open(database, "blank", fresh=True)
        point(database)
        yield ground
        ground_drop(database, ground)


@pytest.fixture
def play(
    blank: BenchDatabase, database: DatabaseAddresses, django_db_blocker: Any, settings: Any
) -> Iterator[Callable[..., SimulationResults]]:
    """Play a world on a copy of the empty ground."""
    settings.QAITAR_ENCRYPTION_KEY = "k" * 40

    def played(wanted: SimulationRequest, **how: Any) -> SimulationResults:
        return simulate(database, wanted, blank=blank, **how)

    with django_db_blocker.unblock():
        yield played
