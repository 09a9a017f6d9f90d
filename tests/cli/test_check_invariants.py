"""`qaitar check-invariants`: words or JSON, exit code 1 when something does not hold, and nothing is written."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import transaction

from qaitar.cli import check_invariants
from qaitar.foundation.ops.clock import utc_now
from qaitar.kernel.roles import Role
from qaitar.runtime.database import APP_VARIABLE, OWNER_VARIABLE
from qaitar.runtime.folder import DataFolder
from tests.factories.accounts import actor, make_person, make_shop, open_walls
from tests.factories.returns import make_case

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses


@pytest.fixture
def requested(committed: DatabaseAddresses, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The command over a database with one case filed just now."""
    monkeypatch.setenv(APP_VARIABLE, committed.app_dsn)
    monkeypatch.setenv(OWNER_VARIABLE, committed.owner_dsn)
    with transaction.atomic():
        shop = make_shop()
        person = make_person("aigerim", (shop.id, Role.OPERATOR))
        by = actor(person, shop.id)
        open_walls(shop.id)
        make_case(shop, by, now=utc_now())
    with psycopg.connect(committed.owner_dsn) as owner:
        owner.execute(
            "SELECT set_config('qaitar.merchants', %s, false)", ["{" + str(shop.id) + "}"]
        )
        owner.execute("UPDATE returns_returnrequest SET guard_next_at = control_at")

    def ask(*flags: str) -> int:
        parser = argparse.ArgumentParser()
        check_invariants.arguments(parser)
        return check_invariants.run(parser.parse_args(flags), DataFolder(tmp_path))

    return ask


def test_a_sound_database_is_reported_so_and_ends_with_zero(
    requested: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert requested() == 0
    assert "Everything holds." in capsys.readouterr().out


def test_a_broken_row_is_named_and_ends_with_one(
    requested: Any, committed: DatabaseAddresses, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(committed.owner_dsn) as owner:
        owner.execute(
            "SELECT set_config('qaitar.merchants', (SELECT array_agg(id)::text FROM foundation_merchantkey), false)"
        )
        owner.execute("UPDATE returns_returnrequest SET approval = 'GIVEN'")
    assert requested("--json", "--no-files", "--no-hashes") == 1
    reported = json.loads(capsys.readouterr().out)
    broken = [each for each in reported["invariants"] if each["broken"]]
    assert reported["ok"] is False
    assert [(each["code"], each["broken"]) for each in broken] == [("S1", 1)]
    assert broken[0]["first"][0]["place"] == "700000001-1"
    assert broken[0]["first"][0]["said"] == "approval is GIVEN, the journal says NONE"
    assert requested("--no-files") == 1
    assert "700000001-1: approval is GIVEN, the journal says NONE" in capsys.readouterr().out
