"""A data folder of its own for each test; no server outlives its test."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING

import psutil
import pytest

from qaitar.runtime.folder import DataFolder
from qaitar.runtime.postgres import EmbeddedPostgres
from tests.runtime.programs import server_processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    """Give an empty data folder."""
    made = DataFolder(tmp_path / "data")
    yield made
    if made.postgres.joinpath("data").exists():
        for process in server_processes(made):
            with contextlib.suppress(psutil.Error):
                process.kill()


@pytest.fixture(scope="session")
def once_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a data folder whose database has been made and stopped; to be copied, not used."""
    folder = DataFolder(tmp_path_factory.mktemp("template") / "data")
    with EmbeddedPostgres(folder):
        pass
    return folder.path


@pytest.fixture
def used_folder(folder: DataFolder, once_made: Path) -> DataFolder:
    """Give a data folder in which a server has run before: a copy, which is quicker than making it."""
    subprocess.run(["cp", "-a", f"{once_made}/.", folder.path], check=True)
    return folder
