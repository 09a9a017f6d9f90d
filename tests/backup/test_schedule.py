"""When the schedule wants a backup, and what doctor says about the last ones."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from qaitar.backup import scheduling
from qaitar.backup.models import BackupRun
from qaitar.backup.places import settings_from
from qaitar.backup.runs import RUNS_MAX, is_due, last_runs, run_begin, run_failed
from qaitar.cli.doctor.backups import backups_found, sealed_found
from qaitar.foundation.connections.secrets import seal_fields
from qaitar.foundation.models import Connection, Merchant, WebhookEndpoint
from qaitar.foundation.ops.clock import utc_now
from tests.factories.accounts import make_shop, open_walls

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

NOW = utc_now()
HOUR = timedelta(hours=1)
DAILY = {"QAITAR_BACKUP_TO": "/backups"}


def made(ago: timedelta, **reported: Any) -> BackupRun:
    values = {
        "place": "/backups",
        "scheduled": True,
        "backup": "b1",
        "as_of": NOW - ago,
        **reported,
    }
    return BackupRun.objects.create(started_at=NOW - ago, finished_at=NOW - ago, **values)


@pytest.mark.parametrize(
    ("environ", "good", "tried", "due"),
    [
        ({}, None, None, False),
        ({**DAILY, "QAITAR_BACKUP_EVERY_HOURS": "0"}, None, None, False),
        (DAILY, None, None, True),
        (DAILY, 23.9, None, False),
        (DAILY, 24, None, True),
        (DAILY, 30, 0.9, False),  # a try failed just now
        (DAILY, 30, 1, True),
        ({**DAILY, "QAITAR_BACKUP_EVERY_HOURS": "6"}, 6, None, True),
    ],
)
@pytest.mark.usefixtures("db_walls")
def test_due(environ: dict[str, str], good: float | None, tried: float | None, due: bool) -> None:
    if good is not None:
        made(good * HOUR)
    if tried is not None:
        made(tried * HOUR, backup="", as_of=None, error="disk full")
    assert is_due(settings_from(environ), last_runs(), NOW) is due


@pytest.mark.usefixtures("db_walls")
def test_it_is_begun_once_in_a_program_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[list[str]] = []

    class Running:
        ended: int | None = None

        def __init__(self, command: list[str], **_: object) -> None:
            begun.append(command)

        def poll(self) -> int | None:
            return Running.ended

    monkeypatch.setattr(scheduling.subprocess, "Popen", Running)
    monkeypatch.setattr(scheduling, "_running", [])
    assert not scheduling.backup_start_when_due(NOW)  # nothing is set
    monkeypatch.setenv("QAITAR_BACKUP_TO", "/backups")
    assert scheduling.backup_start_when_due(NOW)
    assert begun == [[sys.executable, "-m", "qaitar.cli.main", "backup", "--scheduled"]]
    assert not scheduling.backup_start_when_due(NOW)  # it runs
    Running.ended = 2
    run_failed(run_begin("/backups", scheduled=True, now=NOW), "disk full", now=NOW)
    assert not scheduling.backup_start_when_due(NOW + 59 * timedelta(minutes=1))
    assert scheduling.backup_start_when_due(NOW + HOUR)
    monkeypatch.setenv("QAITAR_BACKUP_KEEP", "none")
    assert not scheduling.backup_start_when_due(NOW + 9 * HOUR)
    assert len(begun) == 2


@pytest.mark.usefixtures("db_walls")
def test_old_notes_go() -> None:
    BackupRun.objects.bulk_create(
        BackupRun(place="p", scheduled=True, started_at=NOW - n * HOUR)
        for n in range(1, RUNS_MAX + 5)
    )
    newest = run_begin("p", scheduled=False, now=NOW)
    stored = BackupRun.objects.order_by("started_at")
    assert stored.count() == RUNS_MAX
    assert stored.last() == newest
    assert stored[0].started_at == NOW - (RUNS_MAX - 1) * HOUR


def reported(environ: dict[str, str]) -> list[tuple[str, str]]:
    return [(each.level.value, each.message) for each in backups_found(NOW, environ)]


@pytest.mark.usefixtures("db_walls")
def test_doctor_tells_of_the_last_good_one() -> None:
    assert reported({}) == [("warn", "No backup has been made yet.")]
    assert reported(DAILY) == [("warn", "No backup has been made yet.")]
    made(47 * HOUR)
    stated = "The last good backup is 47 hours old: b1 in /backups."
    assert reported(DAILY) == [("ok", stated)]
    assert reported({}) == [("ok", stated)]
    hourly = {**DAILY, "QAITAR_BACKUP_EVERY_HOURS": "6"}
    assert reported(hourly) == [("problem", f"{stated} One is due every 6 hours.")]
    assert reported({"QAITAR_BACKUP_KEEP": "x"})[0][0] == "problem"
    made(2 * HOUR, backup="", as_of=None, error="disk full")
    assert [level for level, _ in reported(DAILY)] == ["ok", "problem"]
    assert reported(DAILY)[1][1].endswith("failed: disk full")


@pytest.mark.usefixtures("db_walls")
def test_doctor_tells_of_an_old_one_and_of_one_without_files() -> None:
    made(8 * 24 * HOUR)
    assert reported({})[0] == ("warn", "The last good backup is 8 days old: b1 in /backups.")
    made(HOUR, faults=3)
    assert reported({}) == [
        (
            "problem",
            "The last good backup is 1 hours old: b1 in /backups. 3 attached files were missing or damaged.",
        )
    ]


@pytest.mark.usefixtures("db_walls")
def test_doctor_names_shops_whose_secrets_need_a_key_that_is_not_here(
    settings: SettingsWrapper,
) -> None:
    settings.QAITAR_ENCRYPTION_KEY = "a" * 40
    with transaction.atomic():
        shop = make_shop("ТОО «Алма»")
        open_walls(shop.id)
        sealed = seal_fields({"token": "t"}, place="x")
        Connection.objects.create(
            merchant_id=shop.id, system="USEDESK", name="Usedesk", secrets=sealed, created_at=NOW
        )
        WebhookEndpoint.objects.create(
            merchant_id=shop.id, url="https://a.example", secrets=sealed, created_at=NOW
        )
        name = Merchant.objects.get(pk=shop.id).name
    assert [each.level.value for each in sealed_found()] == ["ok"]
    settings.QAITAR_ENCRYPTION_KEY = "b" * 40
    (found,) = sealed_found()
    assert found.level.value == "problem"
    assert f"({name}: 2)" in found.message
    settings.QAITAR_ENCRYPTION_KEY = "b" * 40 + "," + "a" * 40
    assert [each.level.value for each in sealed_found()] == ["ok"]
    settings.QAITAR_ENCRYPTION_KEY = ""
    assert sealed_found() == []
