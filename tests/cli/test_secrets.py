"""`qaitar secrets reseal`: after a change of the encryption key nothing stays under the old one."""

from __future__ import annotations

import argparse
import json
from base64 import b32encode
from typing import TYPE_CHECKING, Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP

from qaitar.cli import secrets as command
from qaitar.foundation.connections.systems import Entered, connection_save, secrets_set
from qaitar.foundation.identity.second_factors import seed_unseal
from qaitar.foundation.models import Connection, WebhookEndpoint
from qaitar.foundation.webhooks.endpoints import EndpointRequest, endpoint_create, signing_secrets
from qaitar.kernel.roles import Role
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.problems import Problem
from tests.factories.accounts import NOW, make_person, make_shop, open_walls

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("db_walls")
OLD, NEW = "o" * 40, "n" * 40
SEED = b32encode(b"planted seed of totp").decode()


def _run(folder: Path, *flags: str) -> int:
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    return command.run(parser.parse_args(["reseal", *flags]), DataFolder(folder))


def _sealed() -> list[Any]:
    return [
        *(
            bytes(each)
            for each in Connection.objects.order_by("pk").values_list("secrets", flat=True)
        ),
        *(bytes(each) for each in WebhookEndpoint.objects.values_list("secrets", flat=True)),
        *Authenticator.objects.values_list("data", flat=True),
    ]


@pytest.fixture
def signing(settings: Any) -> str:
    """Two shops with a connection each, one endpoint, one second factor, all under the old key."""
    settings.QAITAR_ENCRYPTION_KEY = OLD
    shop, other = make_shop("ТОО «Алма»"), make_shop("ИП «Тимур»")
    open_walls(shop.id, other.id)
    for each in (shop, other):
        entered = Entered("usedesk", secrets={"api_token": "t0p-s3cret"})
        connection_save(merchant_id=each.id, entered=entered, now=NOW)
    _row, secret = endpoint_create(
        merchant_id=shop.id, wanted=EndpointRequest("https://example.com/hook"), now=NOW
    )
    TOTP.activate(make_person("saule", (shop.id, Role.OWNER)), SEED)
    return secret


def test_everything_is_sealed_again_and_the_old_key_may_go(
    signing: str, settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shops = list(Connection.objects.values_list("merchant_id", flat=True))
    settings.QAITAR_ENCRYPTION_KEY = f"{NEW},{OLD}"
    before = _sealed()
    none = {"personal_keys": 0, "not_opened": []}
    expected = {"connections": 2, "webhooks": 1, "second_factors": 1, **none}

    assert _run(tmp_path, "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"dry_run": True, **expected}
    open_walls(*shops)
    assert _sealed() == before

    assert _run(tmp_path, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"dry_run": False, **expected}
    assert _run(tmp_path, "--json") == 0
    assert json.loads(capsys.readouterr().out)["connections"] == 0

    settings.QAITAR_ENCRYPTION_KEY = NEW
    open_walls(*shops)
    assert {secrets_set(row) for row in Connection.objects.all()} == {frozenset({"api_token"})}
    assert list(signing_secrets(WebhookEndpoint.objects.get(), NOW)) == [signing]
    assert seed_unseal(Authenticator.objects.get().data["secret"]) == SEED


def test_what_cannot_be_opened_is_named_and_left_and_the_rest_is_done(
    signing: str, settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shops = list(Connection.objects.values_list("merchant_id", flat=True))
    lost = Connection.objects.order_by("pk").first()
    assert lost is not None
    broken = b"\x01" + b"?" * 60
    Connection.objects.filter(pk=lost.pk).update(secrets=broken)
    settings.QAITAR_ENCRYPTION_KEY = f"{NEW},{OLD}"

    assert _run(tmp_path, "--json") == 1
    stated = json.loads(capsys.readouterr().out)
    assert (stated["connections"], stated["webhooks"], stated["second_factors"]) == (1, 1, 1)
    [name] = stated["not_opened"]
    assert str(lost.pk) in name
    open_walls(*shops)
    assert bytes(Connection.objects.get(pk=lost.pk).secrets) == broken
    assert _run(tmp_path) == 1
    assert str(lost.pk) in capsys.readouterr().out


def test_without_a_key_it_says_so(signing: str, settings: Any, tmp_path: Path) -> None:
    settings.QAITAR_ENCRYPTION_KEY = ""
    with pytest.raises(Problem, match="QAITAR_ENCRYPTION_KEY"):
        _run(tmp_path)
