"""The cast at the API: Aigerim the operator, Daulet the senior, an owner, and Timur from another shop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from qaitar.kernel.roles import Role
from tests.factories.accounts import Shop, make_person, make_shop, make_token, open_walls
from tests.web.api.callers import Program

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.foundation.models import User

collect_ignore = ["fuzz_hooks.py"]  # loaded by schemathesis in a process of its own


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    """Files of a test in a folder of its own; no static files are served here."""
    settings.STATIC_ROOT = tmp_path
    settings.WHITENOISE_USE_FINDERS = False
    settings.QAITAR_ENCRYPTION_KEY = "a-key-of-tests-that-is-long-enough-to-be-one"
    stored = {**settings.STORAGES["files"], "OPTIONS": {"location": str(tmp_path / "files")}}
    settings.STORAGES = {**settings.STORAGES, "files": stored}


@dataclass(frozen=True)
class Cast:
    """Two shops and the programs of their people."""

    shop: Shop
    other: Shop
    people: dict[str, User]
    operator: Program
    senior: Program
    owner: Program
    viewer: Program
    reader: Program
    companion: Program
    stranger: Program


def make_cast() -> Cast:
    shop = make_shop()
    other = make_shop("ТОО «Жұлдыз»")
    open_walls(shop.id, other.id)
    roles = {
        "aigerim": Role.OPERATOR,
        "daulet": Role.SENIOR,
        "saule": Role.OWNER,
        "marat": Role.VIEWER,
    }
    people = {name: make_person(name, (shop.id, role)) for name, role in roles.items()}
    people["timur"] = make_person("timur", (other.id, Role.OWNER))
    return Cast(
        shop=shop,
        other=other,
        people=people,
        operator=Program(make_token(people["aigerim"])),
        senior=Program(make_token(people["daulet"])),
        owner=Program(make_token(people["saule"], "read", "write", "admin")),
        viewer=Program(make_token(people["marat"])),
        reader=Program(make_token(people["aigerim"], "read")),
        companion=Program(make_token(people["aigerim"], "intake")),
        stranger=Program(make_token(people["timur"], "read", "write", "intake", "admin")),
    )


@pytest.fixture
def cast(db_walls: None) -> Cast:
    """The cast in a transaction that is rolled back."""
    return make_cast()
