"""An installation of its own for each play: a key for secrets, a folder for files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

    from qaitar.runtime.addresses import DatabaseAddresses


@pytest.fixture
def installation(
    committed: DatabaseAddresses, settings: SettingsWrapper, tmp_path: Path
) -> DatabaseAddresses:
    """A committed database, an encryption key, and a file store in a folder of the test."""
    settings.QAITAR_ENCRYPTION_KEY = "k" * 40
    files = {**settings.STORAGES["files"], "OPTIONS": {"location": str(tmp_path / "files")}}
    settings.STORAGES = {**settings.STORAGES, "files": files}
    return committed
