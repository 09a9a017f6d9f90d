"""What every test of the console stands on: no folder of built static files is needed, files go to a folder of the test.

And whom most of them are about: a shop, Aigerim who works there, and her signed-in browser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qaitar.foundation.ops.clock import frozen_at
from qaitar.kernel.roles import Role
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop
from tests.web.console.desk import signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.test import Client

    from qaitar.foundation.identity.actors import Actor
    from qaitar.foundation.models import User


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


@pytest.fixture
def clock() -> Iterator[None]:
    """The moment of the tests."""
    with frozen_at(NOW):
        yield


@pytest.fixture
def shop(db_walls: None) -> Shop:
    return make_shop()


@pytest.fixture
def aigerim(shop: Shop) -> User:
    return make_person("aigerim", (shop.id, Role.OPERATOR))


@pytest.fixture
def by(shop: Shop, aigerim: User) -> Actor:
    """Aigerim, as the journal names her."""
    return actor(aigerim, shop.id)


@pytest.fixture
def client(aigerim: User) -> Client:
    """Her signed-in browser."""
    return signed_in(aigerim)
