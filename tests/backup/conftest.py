"""A small shop with files, and the address of a role that sees every row of it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from qaitar.backup.creation import BackupSource
from qaitar.foundation.files.store import FileStore
from qaitar.foundation.models import StoredFile
from qaitar.foundation.ops.clock import utc_now
from qaitar.kernel.roles import Role
from qaitar.runtime.addresses import make_url, parts_of
from qaitar.runtime.postgres import EmbeddedPostgres
from tests.demo.conftest import installation
from tests.factories.accounts import actor, make_person, make_shop, open_walls
from tests.factories.returns import make_case

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from qaitar.runtime.addresses import DatabaseAddresses
    from qaitar.runtime.folder import DataFolder

__all__ = ["installation"]


class Minutes:
    """A clock that goes on by a minute with each look."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


@dataclass(frozen=True, slots=True)
class SmallShop:
    merchant_id: UUID
    source: BackupSource
    add_file: Callable[[bytes], str]


@pytest.fixture
def shop(installation: DatabaseAddresses, data_folder: DataFolder) -> SmallShop:
    """One case, three files; `add_file` keeps one more and returns its hash."""
    running = EmbeddedPostgres(data_folder).running()
    assert running is not None
    dsn = make_url({**parts_of(running.superuser_dsn), "dbname": "qaitar"})
    store = FileStore()
    with transaction.atomic():
        made = make_shop()
        by = actor(make_person("aigerim", (made.id, Role.OPERATOR)), made.id)
        open_walls(made.id)
        make_case(made, by, now=utc_now())

    def add_file(content: bytes) -> str:
        stored = store.put(io.BytesIO(content))
        with transaction.atomic():
            open_walls(made.id)
            StoredFile.objects.create(
                merchant_id=made.id,
                sha256=stored.sha256,
                size=stored.size,
                name="акт.pdf",
                kind="PDF",
                mime="application/pdf",
                extension="pdf",
                created_at=utc_now(),
                created_by_name="Айгерім",
                origin="web",
            )
        return stored.sha256

    for content in (b"", b"one", b"two" * 500_000):
        add_file(content)
    keys = {"encryption_key": "planted-encryption-key-0123456789ab", "session_key": "s" * 40}
    return SmallShop(made.id, BackupSource(dsn, store, keys, "9.9"), add_file)
