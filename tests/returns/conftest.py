"""A shop and its operator, behind whose walls the rules of returns are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qaitar.kernel.roles import Role
from tests.factories.accounts import Shop, actor, make_person, make_shop

if TYPE_CHECKING:
    from qaitar.foundation.identity.actors import Actor


@pytest.fixture
def shop(db_walls: None) -> Shop:
    return make_shop()


@pytest.fixture
def aigerim(shop: Shop) -> Actor:
    return actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)


@pytest.fixture
def daulet(shop: Shop) -> Actor:
    return actor(make_person("daulet", (shop.id, Role.SENIOR)), shop.id)


@pytest.fixture
def saule(shop: Shop) -> Actor:
    return actor(make_person("saule", (shop.id, Role.SENIOR)), shop.id)
