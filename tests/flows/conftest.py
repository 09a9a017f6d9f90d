"""Fixtures of the flows: a bench with everything connected or nothing, on a database with real commits."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.bench import KEY, Bench, make_bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bare(committed: Any, settings: Any, tmp_path: Path) -> Iterator[Bench]:
    """A shop with no system connected."""
    settings.QAITAR_ENCRYPTION_KEY = KEY
    files = {**settings.STORAGES["files"], "OPTIONS": {"location": str(tmp_path / "files")}}
    settings.STORAGES = {**settings.STORAGES, "files": files}
    with ExitStack() as stack:
        yield make_bench(stack)


@pytest.fixture
def bench(bare: Bench) -> Bench:
    """A shop with helpdesk, register and 1C connected."""
    bare.connect()
    return bare
