"""The backup drill, cut small: a shop in which people work is backed up, restored elsewhere, and nothing is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.backup.drilling import drilled

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses
    from qaitar.runtime.folder import DataFolder


def test_what_was_acknowledged_before_the_moment_is_there(
    django_db_setup: None,
    django_db_blocker: Any,
    database: DatabaseAddresses,
    data_folder: DataFolder,
    tmp_path: Path,
) -> None:
    with django_db_blocker.unblock():
        found = drilled(database, data_folder, tmp_path, requests=1_000, files=20)
    assert found.missing == []
    assert found.rows_differ == {}
    assert found.broken == {}
    assert found.acknowledged_before > found.acknowledged_meanwhile > 0
    assert found.acknowledged_after > 0
    assert found.well
