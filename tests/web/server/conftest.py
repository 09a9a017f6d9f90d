"""One running web process for all tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from tests.factories.emptied import empty_database
from tests.web.server.site import Site, site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qaitar.runtime.addresses import DatabaseAddresses


@pytest.fixture(scope="module")
def served(
    django_db_setup: None,
    django_db_blocker: Any,
    database: DatabaseAddresses,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    with django_db_blocker.unblock(), site(database, tmp_path_factory.mktemp("site")) as running:
        yield running
        for each in connections.all(initialized_only=True):
            each.close()
    empty_database(database.owner_dsn)
