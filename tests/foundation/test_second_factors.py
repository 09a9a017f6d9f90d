"""Seeds of second factors lie sealed; no table of the database holds a secret in the clear."""

from __future__ import annotations

import importlib
import time
from base64 import b32encode, b64encode
from typing import TYPE_CHECKING, Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse

from qaitar.foundation.connections.secrets import NotOpened
from qaitar.foundation.connections.systems import Entered, connection_save
from qaitar.foundation.identity.second_factors import data_opens, seed_seal, seed_unseal
from qaitar.foundation.webhooks.endpoints import EndpointRequest, endpoint_create
from qaitar.kernel.roles import Role
from tests.factories.accounts import NOW, make_person, make_shop, open_walls

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.foundation.models import User

pytestmark = pytest.mark.usefixtures("db_walls")
OLD, NEW = "o" * 40, "n" * 40
SEED = b32encode(b"planted seed of totp").decode()


@pytest.fixture
def key(settings: Any, tmp_path: Path) -> Any:
    settings.QAITAR_ENCRYPTION_KEY = OLD
    settings.STATIC_ROOT, settings.WHITENOISE_USE_FINDERS = tmp_path, False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return settings


@pytest.fixture
def person(key: Any) -> User:
    return make_person("aigerim", (make_shop().id, Role.OPERATOR))


def code_now() -> str:
    return format_hotp_value(hotp_value(SEED, int(time.time()) // 30))


def rows_with(*planted: str) -> list[str]:
    """Name the tables of the database that hold one of the texts: as it is, in hex or in base64."""
    forms = [
        form
        for text in planted
        for form in (text, text.encode().hex(), b64encode(text.encode()).decode().rstrip("="))
    ]
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f'SELECT EXISTS (SELECT FROM "{table}" t WHERE t::text LIKE ANY (%s))',
                [[f"%{form}%" for form in forms]],
            )
            [(here,)] = cursor.fetchall()
            found += [table] if here else []
    return found


def test_no_table_holds_a_planted_secret(key: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    person = make_person("saule", (shop.id, Role.OWNER))
    open_walls(shop.id)
    seed = "planted0recovery0seed"
    monkeypatch.setattr(RecoveryCodes, "generate_seed", lambda *_: seed)
    token = "planted-token-of-the-helpdesk"
    connection_save(
        merchant_id=shop.id, entered=Entered("usedesk", secrets={"api_token": token}), now=NOW
    )
    _row, signing = endpoint_create(
        merchant_id=shop.id, wanted=EndpointRequest("https://example.com/hook"), now=NOW
    )
    TOTP.activate(person, SEED)
    RecoveryCodes.activate(person)
    assert Authenticator.objects.count() == 2
    assert rows_with(token, signing, signing.removeprefix("whsec_"), SEED, seed) == []
    assert "foundation_user" in rows_with("saule")  # the search itself finds what is there


def test_codes_are_accepted_under_sealed_seeds(person: User) -> None:
    TOTP.activate(person, SEED)
    RecoveryCodes.activate(person)
    factor = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert TOTP(factor).validate_code("000000" if code_now() != "000000" else "000001") is False
    assert TOTP(factor).validate_code(code_now()) is True
    codes = RecoveryCodes.activate(person)
    first = codes.get_unused_codes()[0]
    assert codes.validate_code(first) is True
    assert first not in RecoveryCodes.activate(person).get_unused_codes()


@pytest.mark.parametrize("keys", [f"{NEW},{OLD}", NEW])
def test_signing_in_needs_the_key_of_the_seed(person: User, key: Any, keys: str) -> None:
    person.set_password("operator" * 2)
    person.save()
    TOTP.activate(person, SEED)
    key.QAITAR_ENCRYPTION_KEY = keys
    browser = Client()
    browser.post(reverse("account_login"), {"login": "aigerim", "password": "operator" * 2})
    answer = browser.post(reverse("mfa_authenticate"), {"code": code_now()})
    inside = "_auth_user_id" in browser.session
    assert inside is (OLD in keys)
    if not inside:
        assert answer.status_code == 200
        assert "ключ" in answer.content.decode()


def test_rows_stored_before_are_sealed_by_the_migration(person: User) -> None:
    migration = importlib.import_module("qaitar.foundation.migrations.0009_sealed_second_factors")
    for kind, data in (
        ("totp", {"secret": SEED}),
        ("recovery_codes", {"migrated_codes": ["11111111", "22222222"], "used_mask": 0}),
    ):
        Authenticator.objects.create(user=person, type=kind, data=data)
    for _ in range(2):
        with connection.schema_editor(atomic=False) as editor:
            migration.seal_rows(apps, editor)
    assert rows_with(SEED, "11111111", "22222222") == []
    factor = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert seed_unseal(factor.data["secret"]) == SEED
    assert RecoveryCodes.activate(person).get_unused_codes() == ["11111111", "22222222"]


def test_a_seed_in_the_clear_or_altered_does_not_open(key: Any) -> None:
    sealed = seed_seal(SEED)
    for text in (SEED, "", "sealed:", "sealed:???", sealed[:-8] + "AAAAAAA="):
        with pytest.raises(NotOpened):
            seed_unseal(text)
    assert data_opens({"secret": sealed})
    assert not data_opens({"secret": SEED})
    key.QAITAR_ENCRYPTION_KEY = NEW
    assert not data_opens({"secret": sealed})
