"""The owner is told on every page when backups are missing; nobody else is, and nobody while they are in order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from qaitar.backup.alarm import BackupTrouble, History, trouble_of
from qaitar.backup.models import BackupRun
from qaitar.foundation.models import Merchant
from qaitar.foundation.ops.clock import frozen_at
from qaitar.kernel.roles import Role
from tests.factories.accounts import NOW, make_person, make_shop, open_walls
from tests.web.console.desk import signed_in

if TYPE_CHECKING:
    from django.test import Client

    from tests.factories.accounts import Shop

HOUR = timedelta(hours=1)
DAILY = {"QAITAR_BACKUP_TO": "/backups"}
LATER = NOW + 60 * 24 * HOUR
NEVER = "Копии этой установки ещё ни разу не делали."
OLD = "Последняя удачная копия этой установки слишком старая."
FAILED = "Последняя попытка сделать копию этой установки не удалась."


def history(good_hours: float | None, **more: Any) -> History:
    good_at = None if good_hours is None else NOW - good_hours * HOUR
    return History(NOW - 60 * 24 * HOUR, good_at, **more)


@pytest.mark.parametrize(
    ("environ", "known", "kind"),
    [
        (DAILY, history(48), None),
        (DAILY, history(48.1), BackupTrouble.OLD),
        ({**DAILY, "QAITAR_BACKUP_EVERY_HOURS": "6"}, history(12.1), BackupTrouble.OLD),
        ({}, history(24 * 7), None),
        ({}, history(24 * 7 + 0.1), BackupTrouble.OLD),
        ({}, history(None), BackupTrouble.NEVER),
        (DAILY, history(1, last_try_failed=True), BackupTrouble.FAILED),
        (DAILY, history(1, faults=2), BackupTrouble.FILES_MISSING),
        ({**DAILY, "QAITAR_BACKUP_KEEP": "many"}, history(1), BackupTrouble.BAD_SETTING),
        ({}, History(None), None),  # no merchant yet
        ({}, History(NOW - 24 * 6.9 * HOUR), None),  # too young to miss one
        ({}, History(NOW - 24 * 7 * HOUR), BackupTrouble.NEVER),
        (DAILY, History(NOW - 47 * HOUR, last_try_failed=True), None),
    ],
)
def test_what_is_wrong(environ: dict[str, str], known: History, kind: BackupTrouble | None) -> None:
    found = trouble_of(environ, known, NOW)
    assert found == (None if kind is None else (kind, known.good_at))


def page_at(client: Client, moment: datetime) -> str:
    with frozen_at(moment):
        return client.get("/").content.decode()


@pytest.fixture
def owner(shop: Shop) -> Client:
    return signed_in(make_person("owner", (shop.id, Role.OWNER)))


def made(at: datetime, **reported: Any) -> None:
    values = {"place": "/backups", "scheduled": True, "backup": "b1", "as_of": at, **reported}
    BackupRun.objects.create(started_at=at, finished_at=at, **values)


def test_the_owner_is_reported_with_the_way_to_the_guide(owner: Client, client: Client) -> None:
    assert NEVER not in page_at(owner, NOW + HOUR)
    page = page_at(owner, LATER)
    assert NEVER in page
    assert 'href="/guide/backup"' in page
    assert NEVER not in page_at(client, LATER)  # an operator can do nothing about it

    made(LATER - HOUR)
    assert "Последняя удачная копия" not in page_at(owner, LATER)
    assert OLD in page_at(owner, LATER + 8 * 24 * HOUR)
    made(LATER, backup="", as_of=None, error="disk full")
    page = page_at(owner, LATER + HOUR)
    assert FAILED in page
    assert "disk full" not in page  # the machine's own words stay with `qaitar doctor`


def test_an_administrator_of_another_merchant_sees_no_more_than_the_state(owner: Client) -> None:
    made(LATER - 9 * 24 * HOUR, place="s3://secret-bucket")
    other = make_shop("ТОО «Груша»")
    for role, reported in ((Role.ADMIN, False), (Role.OWNER, True)):
        person = signed_in(make_person(f"other-{role.value.lower()}", (other.id, role)))
        page = page_at(person, LATER)
        assert (OLD in page) == reported
        assert "secret-bucket" not in page


def test_a_demo_shop_alone_misses_no_backup(owner: Client, shop: Shop) -> None:
    """Its history is played: on the day it is made it is already a week old, and nothing in it is lost."""
    open_walls(shop.id)
    Merchant.objects.filter(pk=shop.id).update(settings={"demo": True})
    assert NEVER not in page_at(owner, LATER)
    Merchant.objects.filter(pk=shop.id).update(settings={})
    assert NEVER in page_at(owner, LATER)
