"""People made at the command line: a password there keeps the rules of the pages."""

from __future__ import annotations

import io
from argparse import Namespace
from typing import Any

import pytest

from qaitar.cli import user as command
from qaitar.foundation.models import Membership, User

pytestmark = pytest.mark.django_db
GOOD = "three green kettles"


def run(monkeypatch: Any, action: str, username: str, password: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    options = Namespace(
        action=action,
        username=username,
        name="Нурлан Ким",
        email="",
        merchant="Alma",
        role="OWNER",
        password_stdin=True,
    )
    return command.run(options, None)  # type: ignore[arg-type]  # these actions need no folder


@pytest.mark.parametrize("weak", ["1", "", "password123", "nurlan.kim99"])
def test_a_weak_password_makes_nobody_and_renews_nothing(
    monkeypatch: Any, capsys: pytest.CaptureFixture[str], weak: str
) -> None:
    assert run(monkeypatch, "create", "nurlan.kim", weak) == 2
    assert (User.objects.count(), Membership.objects.count()) == (0, 0)
    assert capsys.readouterr().err.startswith("qaitar: ")
    assert run(monkeypatch, "create", "nurlan.kim", GOOD) == 0
    assert run(monkeypatch, "password", "nurlan.kim", weak) == 2
    assert User.objects.get().check_password(GOOD)
    assert run(monkeypatch, "password", "nurlan.kim", GOOD + "!") == 0
    assert User.objects.get().check_password(GOOD + "!")


def test_a_new_password_for_nobody_says_so(
    monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "password", "nobody", GOOD) == 2
    assert "there is no user nobody" in capsys.readouterr().err
