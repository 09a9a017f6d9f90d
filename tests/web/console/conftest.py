"""What every test of the console stands on: no folder of built static files is needed, files go to a folder of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    """Static files are served from the source tree; uploads land in the test's own folder."""
    settings.STATIC_ROOT = tmp_path
    settings.WHITENOISE_USE_FINDERS = False
    settings.STORAGES = {
        **settings.STORAGES,
        "files": {
            "BACKEND": "qaitar.foundation.files.store.DurableFileStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        },
    }
