"""`qaitar doctor` finds what is wrong and says what to do; a healthy installation gives it nothing to say."""

from __future__ import annotations

import argparse
import json
from datetime import timedelta, timezone
from importlib.metadata import version
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.conf import settings as django_settings

from qaitar.cli.doctor import command as doctor
from qaitar.cli.doctor import system as doctor_system
from qaitar.cli.doctor.findings import Level
from qaitar.cli.doctor.system import (
    clock_found,
    database_found,
    disk_found,
    files_found,
    settings_found,
)
from qaitar.cli.doctor.work import jobs_found, merchant_found, work_found
from qaitar.demo.driver import Clock
from qaitar.demo.shop import LOGINS, shop_connect, shop_open
from qaitar.foundation.models import Connection
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.ops.jobs import job_defer, within_walls
from qaitar.kernel.roles import Role
from qaitar.returns.services.intake import Filing, request_create
from qaitar.runtime.folder import DataFolder
from qaitar.sandbox.outside import Outside

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

    from qaitar.cli.doctor.findings import Finding
    from qaitar.demo.shop import Opened
    from qaitar.runtime.addresses import DatabaseAddresses

KEY = "k" * 40


def bad(found: list[Finding]) -> list[tuple[str, str]]:
    """Name what is not well, by area and level."""
    return [(each.area, each.level.value) for each in found if each.level is not Level.OK]


@pytest.fixture
def opened(installation: DatabaseAddresses) -> Opened:
    now = utc_now()
    with within_walls():
        return shop_open("Лавка", LOGINS, settings={}, now=now)


def test_a_healthy_ground_is_found_healthy(installation: DatabaseAddresses, tmp_path: Path) -> None:
    found = database_found(installation.app_dsn)
    assert [each.area for each in found] == ["database", "migrations", "walls", "journal"]
    assert bad(found) == []
    assert bad(clock_found(utc_now())) == []
    assert bad(files_found(tmp_path)) == []
    assert all(each.do == "" for each in found)


def test_a_missing_wall_is_found(installation: DatabaseAddresses) -> None:
    with psycopg.connect(installation.owner_dsn, autocommit=True) as owner:
        owner.execute("ALTER TABLE orders_customer NO FORCE ROW LEVEL SECURITY")
        owner.execute("GRANT UPDATE ON foundation_journalentry TO qaitar_app")
        try:
            found = database_found(installation.app_dsn)
        finally:
            owner.execute("ALTER TABLE orders_customer FORCE ROW LEVEL SECURITY")
            owner.execute("REVOKE UPDATE ON foundation_journalentry FROM qaitar_app")
    assert bad(found) == [("walls", "problem"), ("journal", "problem")]
    assert any("orders_customer" in each.message for each in found)


def test_a_role_that_can_look_over_the_walls_is_found(installation: DatabaseAddresses) -> None:
    found = database_found(installation.owner_dsn)
    assert bad(found) == [("database", "problem")]
    assert "owns the database" in found[0].message


@pytest.mark.parametrize(
    ("key", "secret", "hosts", "expected"),
    [
        (KEY, "s" * 40, ["localhost"], []),
        ("", "s" * 40, ["localhost"], [("settings", "problem")]),
        ("short," + KEY, "s" * 40, ["localhost"], [("settings", "problem")]),
        (KEY, "only-for-tools-that-serve-nobody", ["localhost"], [("settings", "problem")]),
        (KEY, "s" * 40, ["localhost", "returns.example.kz"], [("settings", "warn")]),
        (KEY, "s" * 40, ["127.0.0.1", "[::1]"], [("settings", "warn")]),
    ],
)
def test_settings(
    settings: SettingsWrapper,
    key: str,
    secret: str,
    hosts: list[str],
    expected: list[tuple[str, str]],
) -> None:
    settings.QAITAR_ENCRYPTION_KEY = key
    settings.SECRET_KEY = secret
    settings.ALLOWED_HOSTS = hosts
    assert bad(settings_found()) == expected


@pytest.mark.parametrize(("left", "level"), [(10, "problem"), (10**9, "warn"), (10**11, "ok")])
def test_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, left: int, level: str) -> None:
    monkeypatch.setattr("qaitar.cli.doctor.system.free_bytes", lambda _: left)
    (found,) = disk_found(tmp_path)
    assert found.level.value == level


def test_a_folder_that_cannot_be_written_is_found(tmp_path: Path) -> None:
    found = files_found(tmp_path / "missing")
    assert bad(found) == [("files", "problem")]


def test_zone_data_is_the_one_the_program_counts_by(
    installation: DatabaseAddresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    stated = clock_found(utc_now())[0].message
    assert stated == f"Zone data (tzdata {version('tzdata')}) knows that Almaty is at UTC+5."
    monkeypatch.setattr(doctor_system, "zone", lambda _name: timezone(timedelta(hours=6)))
    old = clock_found(utc_now())
    assert bad(old) == [("clock", "problem")]
    assert "6:00:00" in old[0].message


def test_a_clock_that_is_wrong_is_found(installation: DatabaseAddresses) -> None:
    found = clock_found(utc_now() - timedelta(minutes=2))
    assert bad(found) == [("clock", "warn")]
    assert "differ by 120 s" in found[-1].message


def test_waiting_jobs_without_a_worker_are_a_problem(opened: Opened) -> None:
    now = utc_now()
    assert bad(jobs_found(now)) == [("worker", "warn")]
    with within_walls(opened.merchant_id):
        job_defer("qaitar.flows.tasks.effects_run", merchant_id=str(opened.merchant_id))
    assert bad(jobs_found(now)) == [("worker", "warn")]
    assert bad(jobs_found(now + timedelta(minutes=10))) == [("worker", "problem")]


def test_a_date_the_guard_did_not_see_is_a_problem(opened: Opened) -> None:
    now = utc_now()
    filing = Filing(
        store_id=opened.store_id,
        number="700000001-1",
        source="MANUAL",
        filed_at=now - timedelta(days=3),
        marketplace_due_at=now - timedelta(hours=1),
    )
    with within_walls(opened.merchant_id):
        by = opened.people[Role.OPERATOR]
        request_create(
            filing=filing, by=by, merchant_id=opened.merchant_id, now=now - timedelta(days=2)
        )
    found = merchant_found(opened.merchant_id, now, ask=False)
    assert bad(found) == [("control dates", "problem")]
    assert "700000001-1" in found[0].message


def test_connections_are_requested_and_what_they_say_is_reported(opened: Opened) -> None:
    clock = Clock(utc_now())
    outside = Outside(clock)
    outside.let_account_in()
    with outside.serve() as at:
        with within_walls(opened.merchant_id):
            shop_connect(opened, outside, at, now=clock())
        found = merchant_found(opened.merchant_id, clock(), ask=True)
        assert bad(found) == []
        assert sum(each.area == "connections" for each in found) == 5
        outside.kaspi.shops[0].token = "another-one"
        found = merchant_found(opened.merchant_id, clock(), ask=True)
    assert bad(found) == [("connections", "problem")]
    assert any("did not accept the token" in each.message for each in found)
    found = merchant_found(opened.merchant_id, clock(), ask=False)
    assert bad(found) == [("connections", "problem")]
    found = merchant_found(opened.merchant_id, clock(), ask=True)  # the stand-ins are gone
    assert {level for _, level in bad(found)} <= {"warn", "problem"}
    assert len(bad(found)) == 5
    with within_walls(opened.merchant_id):
        Connection.objects.update(enabled=False)
    assert bad(merchant_found(opened.merchant_id, clock(), ask=True)) == []


def test_the_command_tells_all_and_ends_with_1_only_on_a_problem(
    installation: DatabaseAddresses,
    settings: SettingsWrapper,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings.SECRET_KEY = "s" * 40
    settings.ALLOWED_HOSTS = ["localhost"]
    monkeypatch.setenv("QAITAR_DB_APP_DSN", installation.app_dsn)
    folder = DataFolder(tmp_path / "data")
    options = argparse.Namespace(json=True, saved=True)
    assert doctor.run(options, folder) == 0
    reported = json.loads(capsys.readouterr().out)
    assert reported["ok"] is True
    warned = [each["area"] for each in reported["findings"] if each["level"] != "ok"]
    assert set(warned) <= {"worker", "merchants", "disk", "backup"}
    assert "merchants" in warned

    settings.QAITAR_ENCRYPTION_KEY = ""
    assert doctor.run(argparse.Namespace(json=False, saved=True), folder) == 1
    lines = capsys.readouterr().out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("problem settings"))
    assert lines[at + 1].strip().startswith("→ Set QAITAR_ENCRYPTION_KEY")
    assert django_settings.QAITAR_ENCRYPTION_KEY == ""


def test_an_empty_installation_is_reported_to_make_a_merchant(
    installation: DatabaseAddresses,
) -> None:
    assert bad(work_found(utc_now(), ask=True)) == [("worker", "warn"), ("merchants", "warn")]
