"""What every test stands on: a real PostgreSQL of its own, walls up, the program's role, no way out of the machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from unittest import mock

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connections
from hypothesis import HealthCheck, settings
from psycopg.conninfo import conninfo_to_dict

from qaitar.foundation.tenancy import walls_install
from qaitar.runtime.addresses import APP_ROLE
from qaitar.runtime.database import release_database, resolve_database
from qaitar.runtime.folder import DataFolder
from qaitar.transport.outgoing import allow_private
from tests.factories.emptied import empty_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses

# Stand-ins are served on this machine: the programs that tests start may call them.  In this process webhooks may not.
os.environ.setdefault("QAITAR_PRIVATE_HOSTS", "127.0.0.1")
django_settings.QAITAR_PRIVATE_HOSTS = []

# Every journal line is signed: these tests and the programs they start sign under the same key.
os.environ.setdefault("QAITAR_JOURNAL_KEY", "a journal key of tests that is long enough")
django_settings.QAITAR_JOURNAL_KEY = os.environ["QAITAR_JOURNAL_KEY"]

# What a line tells of a customer is encrypted, and so is what comes in.
django_settings.QAITAR_ENCRYPTION_KEY = "an encryption key of tests that is long enough"

# Programs: looking for examples in them would load the web application, or begin to judge.
collect_ignore = ["kill_matrix", "mutants"]

# The same examples every time, and no test fails for the machine being slow; `make prove` draws new ones.
_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "print_blob": True}
settings.register_profile("same", derandomize=True, **_PATIENT)
settings.register_profile("new", max_examples=500, **_PATIENT)
settings.load_profile("same")

# Rooms whose files take long; side by side they are begun first.
_SLOW = {"lab", "browser", "cli", "demo", "flows"}

_LIBPQ = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}


_own: dict[str, str] = {}
"""Where Django's two connections lead in every test that has not moved them itself."""


def _reported(dsn: str) -> dict[str, str]:
    given = conninfo_to_dict(dsn)
    return {django: str(given.get(libpq) or "") for django, libpq in _LIBPQ.items()}


def _points(alias: str, dsn: str) -> bool:
    return _reported(dsn).items() <= connections[alias].settings_dict.items()


def _point(alias: str, dsn: str) -> None:
    connections.databases[alias].update(_reported(dsn))
    connections[alias].settings_dict.update(_reported(dsn))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Side by side, whoever ends first finds small files to go on with, not one long file in another's hands."""
    if hasattr(config, "workerinput"):
        root = config.rootpath
        items.sort(key=lambda item: item.path.relative_to(root).parts[1] not in _SLOW)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """What a test tells its child processes is not told to those of the next, and Django comes back from a bench's database.

    Around the whole of it, and no fixture: what a fixture of a session or a module sets would stay.
    """
    allow_private(
        "127.0.0.1"
    )  # connectors' calls to stand-ins; what a test of the rule sets is gone again
    with mock.patch.dict(os.environ):
        ended = yield
    for alias, dsn in _own.items():
        if not _points(alias, dsn):
            connections[alias].close()
            _point(alias, dsn)
    return ended


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """The data folder of this test process, with a space and Cyrillic letters in its name."""
    return DataFolder(tmp_path_factory.mktemp("данные qaitar"))


@pytest.fixture(scope="session")
def database(data_folder: DataFolder) -> Iterator[DatabaseAddresses]:
    """An embedded server of this test process."""
    yield resolve_database(data_folder, {})
    for each in connections.all(initialized_only=True):
        each.close()
    release_database(data_folder)


@pytest.fixture(scope="session")
def django_db_setup(database: DatabaseAddresses, django_db_blocker: Any) -> None:
    """Migrate as the owner, put the walls up, and let the tests in as the program's role."""
    with django_db_blocker.unblock():
        _own.update(default=database.app_dsn, owner=database.owner_dsn)
        for alias, dsn in _own.items():
            _point(alias, dsn)
        call_command("migrate", database="owner", verbosity=0)
        with psycopg.connect(database.owner_dsn) as owner:
            walls_install.install(owner, app_role=APP_ROLE)
        connections["owner"].close()


@pytest.fixture
def db_walls(db: None) -> None:
    """The database as the program sees it, rolled back after the test; walls are closed until opened."""


@pytest.fixture(scope="session")
def _practice_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("practice")


@pytest.fixture
def practice_files(settings: Any, _practice_folder: Path) -> None:
    """One file store for every practice of this process: the program draws its papers once a process."""
    stored = {**settings.STORAGES["files"], "OPTIONS": {"location": str(_practice_folder)}}
    settings.STORAGES = {**settings.STORAGES, "files": stored}


@pytest.fixture
def committed(
    django_db_setup: None, django_db_blocker: Any, database: DatabaseAddresses
) -> Iterator[DatabaseAddresses]:
    """The database with real commits (several connections, threads, jobs); emptied afterwards."""
    with django_db_blocker.unblock():
        yield database
        for each in connections.all(initialized_only=True):
            each.close()
    empty_database(database.owner_dsn)
