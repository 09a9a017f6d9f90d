"""A data folder of its own for each test; no server outlives its test."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psutil
import pytest

from qaitar.runtime.folder import DataFolder
from tests.runtime.programs import server_processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    made = DataFolder(tmp_path / "data")
    yield made
    if made.postgres.joinpath("data").exists():
        for process in server_processes(made):
            with contextlib.suppress(psutil.Error):
                process.kill()
