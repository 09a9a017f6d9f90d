"""A database whose journal was written with other names of values is refused, and left as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from qaitar.backup.manifest import NAMES_CHANGED
from qaitar.cli.environment import migrate
from qaitar.kernel.ids import new_id
from qaitar.runtime.addresses import APP_ROLE
from qaitar.runtime.problems import DatabaseProblem

if TYPE_CHECKING:
    from qaitar.runtime.addresses import DatabaseAddresses

FORGET = "DELETE FROM django_migrations WHERE app || '.' || name = %s RETURNING applied"
REMEMBER = "INSERT INTO django_migrations (app, name, applied) VALUES ('returns', %s, %s)"


def test_a_database_of_other_names_is_refused(committed: DatabaseAddresses) -> None:
    with psycopg.connect(committed.owner_dsn, autocommit=True) as owner:
        columns = owner.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'foundation_merchantkey'"
            " AND is_nullable = 'NO' AND column_default IS NULL AND column_name <> 'id'"
        ).fetchall()
        names = "".join(f", {name}" for (name,) in columns)
        values = ", false" * len(columns)
        applied = owner.execute(FORGET, [NAMES_CHANGED]).fetchone()
        assert applied is not None
        merchant = new_id()
        owner.execute(
            f"INSERT INTO foundation_merchantkey (id{names}) VALUES (%s{values})", [merchant]
        )
        try:
            with pytest.raises(DatabaseProblem, match="earlier version of qaitar"):
                migrate(committed.owner_dsn, APP_ROLE)
            owner.execute("DELETE FROM foundation_merchantkey WHERE id = %s", [merchant])
        finally:
            owner.execute(REMEMBER, [NAMES_CHANGED.removeprefix("returns."), applied[0]])
        assert migrate(committed.owner_dsn, APP_ROLE) is False
