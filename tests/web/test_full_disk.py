"""A full disk is told as such, to people and to programs; an error of another kind stays an error of ours."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError
from django.test import Client
from psycopg.errors import DiskFull, DivisionByZero

from qaitar.kernel.roles import Role
from qaitar.web.api import me
from qaitar.web.hooks import health
from tests.factories.accounts import make_person, make_shop, make_token

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.django_db
OWN_DISK = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(autouse=True)
def no_styles(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.WHITENOISE_USE_FINDERS = False


def raising(error: Exception, cause: Exception | None = None) -> Callable[..., None]:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise error from cause

    return fail


FULL = [(OWN_DISK, None), (OperationalError("could not extend file"), DiskFull("no space"))]
OTHER = [(OSError(errno.EACCES, "denied"), None), (OperationalError("x"), DivisionByZero("x"))]


@pytest.mark.parametrize(("error", "cause"), FULL)
def test_a_person_is_reported(
    monkeypatch: pytest.MonkeyPatch, error: Exception, cause: Exception | None
) -> None:
    monkeypatch.setattr(health, "figures", raising(error, cause))
    answer = Client(raise_request_exception=False).get(
        "/metrics", headers={"accept-language": "ru"}
    )
    assert answer.status_code == 507
    page = answer.content.decode()
    assert "На диске сервера нет места" in page
    assert "Программа ошиблась" not in page


@pytest.mark.parametrize(("error", "cause"), FULL)
def test_a_program_is_reported(
    monkeypatch: pytest.MonkeyPatch, error: Exception, cause: Exception | None
) -> None:
    shop = make_shop()
    token = make_token(make_person("saule", (shop.id, Role.OWNER)), "read")
    monkeypatch.setattr(me, "caller", raising(error, cause))
    headers = {"authorization": f"Bearer {token}"}
    answer = Client(raise_request_exception=False).get("/api/v1/me", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (507, "DISK_FULL")
    assert answer.json()["detail"].startswith("На диске сервера нет места")


@pytest.mark.parametrize(("error", "cause"), OTHER)
def test_another_error_is_still_ours(
    monkeypatch: pytest.MonkeyPatch, error: Exception, cause: Exception | None
) -> None:
    monkeypatch.setattr(health, "figures", raising(error, cause))
    answer = Client(raise_request_exception=False).get("/metrics")
    assert answer.status_code == 500
