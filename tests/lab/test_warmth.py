"""A bench begins with its files where it says they are: in the machine's memory, or on the disk alone."""

from __future__ import annotations

import argparse
import ctypes
import mmap
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from qaitar.cli import bench
from qaitar.lab.bench.database import BenchDatabase, ground_drop, ground_open
from qaitar.lab.bench.page_cache import CAN_CHILL, chill, warm
from qaitar.runtime.cluster import Cluster
from qaitar.runtime.folder import DataFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses

FILLED = "CREATE TABLE filler AS SELECT g, repeat('x', 500) AS x FROM generate_series(1, 40000) g"


@pytest.fixture
def ground(
    django_db_setup: None, django_db_blocker: Any, database: DatabaseAddresses
) -> Iterator[BenchDatabase]:
    """A bench database with a table of some twenty megabytes, more than the server's own buffers care for."""
    with django_db_blocker.unblock():
        made = ground_open(database, "warmth", fresh=True)
        with made.owner() as owner:
            owner.execute(FILLED)
        yield made
        ground_drop(database, made)


def filler(ground: BenchDatabase, data: Path) -> Path:
    with ground.owner() as owner:
        found = owner.execute("SELECT pg_relation_filepath('filler')").fetchone()
    assert found
    return data / str(found[0])


def in_memory(path: Path) -> tuple[int, int]:
    """Count the pages of a file that lie in memory, and all of them, without reading any."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
        pages = -(-len(mapped) // mmap.PAGESIZE)
        reported = (ctypes.c_ubyte * pages)()
        start = ctypes.c_char.from_buffer(mapped)
        where = ctypes.c_void_p(ctypes.addressof(start))
        answer = ctypes.CDLL(None).mincore(where, ctypes.c_size_t(len(mapped)), reported)
        del start  # or the mapping could not be closed
    assert answer == 0
    return sum(each & 1 for each in reported), pages


@pytest.mark.skipif(not CAN_CHILL, reason="only Linux forgets a file on demand")
def test_files_are_forgotten_and_read_again(ground: BenchDatabase, data_folder: DataFolder) -> None:
    data = Cluster(data_folder).data
    path = filler(ground, data)
    mounts = [
        each for each in psutil.disk_partitions(all=True) if str(path).startswith(each.mountpoint)
    ]
    if max(mounts, key=lambda each: len(each.mountpoint)).fstype in {"tmpfs", "ramfs"}:
        pytest.skip("the folder for passing things is memory itself")
    forgotten = chill(ground, data)
    assert forgotten > path.stat().st_size
    cold, pages = in_memory(path)
    assert pages > 4_000
    assert cold < pages / 10
    assert warm(ground, data) == forgotten
    assert in_memory(path) == (pages, pages)


@pytest.mark.parametrize("requested", [["console", "--cold"], ["presses", "--quick", "--cold"]])
def test_the_cold_start_is_offered_where_it_means_something(
    requested: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    bench.arguments(parser)
    assert bench.run(parser.parse_args(requested), DataFolder(tmp_path / "data")) == 2
    assert "--cold goes with `bench presses`" in capsys.readouterr().out
