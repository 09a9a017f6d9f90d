"""Secrets at rest open only with their key and in their place; saved ones are never shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from qaitar.foundation.connections.secrets import NoKey, NotOpened, resealed, seal, unseal
from qaitar.foundation.connections.systems import (
    ConnectionBroken,
    ConnectionMissing,
    Entered,
    SettingsInvalid,
    client_for,
    connection_save,
    registry,
    secrets_set,
    systems_with,
)
from qaitar.foundation.models import Connection
from tests.factories.accounts import NOW, make_merchant

if TYPE_CHECKING:
    from uuid import UUID

OLD, NEW = "o" * 40, "n" * 40


@pytest.fixture
def key(settings: Any) -> Any:
    settings.QAITAR_ENCRYPTION_KEY = OLD
    return settings


def test_what_is_sealed_opens_and_never_looks_the_same_twice(key: Any) -> None:
    one, two = seal(b"token", place="a"), seal(b"token", place="a")
    assert one != two
    assert b"token" not in one
    assert unseal(one, place="a") == unseal(two, place="a") == b"token"


@pytest.mark.parametrize("place", [0, 1, 9, 25, -1])
def test_one_altered_byte_anywhere_is_noticed(key: Any, place: int) -> None:
    sealed = bytearray(seal(b"token", place="a"))
    sealed[place] ^= 1
    with pytest.raises(NotOpened):
        unseal(bytes(sealed), place="a")


def test_a_secret_moved_to_another_row_does_not_open(key: Any) -> None:
    with pytest.raises(NotOpened):
        unseal(seal(b"token", place="connection 1"), place="connection 2")


def test_keys_are_changed_by_putting_the_new_one_first(key: Any) -> None:
    sealed = seal(b"token", place="a")
    key.QAITAR_ENCRYPTION_KEY = f"{NEW},{OLD}"
    fresh = resealed(sealed, place="a")
    assert fresh is not None
    assert resealed(fresh, place="a") is None
    key.QAITAR_ENCRYPTION_KEY = NEW
    assert unseal(fresh, place="a") == b"token"
    with pytest.raises(NotOpened):
        unseal(sealed, place="a")


@pytest.mark.parametrize("given", ["", " , ", "short", f"{OLD},short"])
def test_without_a_good_key_nothing_is_sealed(settings: Any, given: str) -> None:
    settings.QAITAR_ENCRYPTION_KEY = given
    with pytest.raises(NoKey):
        seal(b"token", place="a")


@pytest.fixture
def merchant(db_walls: None, key: Any) -> UUID:
    return make_merchant().pk


def save(merchant: UUID, system: str = "usedesk", **reported: Any) -> Connection:
    return connection_save(merchant_id=merchant, entered=Entered(system, **reported), now=NOW)


def test_a_blank_secret_keeps_the_saved_one_and_no_plain_text_is_in_the_row(
    merchant: UUID,
) -> None:
    saved = save(merchant, secrets={"api_token": "t0p-s3cret"})
    again = save(merchant, settings={"group_id": "7"}, secrets={"api_token": "  "})
    assert saved.pk == again.pk
    assert (again.settings["group_id"], secrets_set(again)) == ("7", frozenset({"api_token"}))
    with client_for(again) as client:
        assert client._settings.api_token == "t0p-s3cret"
    with connection.cursor() as cursor:
        cursor.execute("SELECT c::text, encode(secrets, 'escape') FROM foundation_connection c")
        assert "t0p-s3cret" not in str(cursor.fetchall())
    assert Connection.objects.count() == 1


def test_saving_makes_the_health_unknown_and_calls_up_what_waited_once(merchant: UUID) -> None:
    row = save(merchant, secrets={"api_token": "a"})
    Connection.objects.filter(pk=row.pk).update(health="MISCONFIGURED", health_detail="wrong")
    save(merchant, secrets={"api_token": "b"})
    assert list(Connection.objects.values_list("health", "health_detail")) == [("UNTESTED", "")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args->>'connection_id' FROM procrastinate_jobs")
        assert cursor.fetchall() == [("qaitar.flows.tasks.connection_mended", str(row.pk))]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"settings": {"base_url": "ftp://x"}}, "base_url"),
    ({"settings": {"base_url": "https://u:p@host"}}, "base_url"),
    ({"settings": {"base_url": "https://[bad"}}, "base_url"),
    ({"settings": {"encoding": "xml"}}, "encoding"),
    ({"settings": {"pause_s": "-1"}}, "pause_s"),
    ({"settings": {"pause_s": "nan"}}, "pause_s"),
    ({"settings": {"pause_s": True}}, "pause_s"),
    ({"settings": {"group_id": "1\n2"}}, "group_id"),
    ({"settings": {"ticket_page": "javascript:alert(1)//{id}"}}, "ticket_page"),
    ({"settings": {"ticket_page": "data:text/html,{id}"}}, "ticket_page"),
    ({"settings": {"group_id": ["1"]}}, "group_id"),
    ({"settings": {"surprise": "1"}}, "surprise"),
    ({"secrets": {"surprise": "1", "api_token": "t"}}, "surprise"),
    ({"secrets": {"api_token": "x" * 20_001}}, "api_token"),
    ({"secrets": {}}, "api_token"),
]


@pytest.mark.parametrize(("reported", "field"), BAD)
def test_a_wrong_field_is_named_and_nothing_is_saved(
    merchant: UUID, reported: dict[str, Any], field: str
) -> None:
    reported.setdefault("secrets", {"api_token": "t"})
    with pytest.raises(SettingsInvalid) as no:
        save(merchant, **reported)
    assert set(no.value.problems) == {field}
    assert all(no.value.problems.values())
    assert Connection.objects.count() == 0


def test_a_json_setting_may_come_as_text(merchant: UUID) -> None:
    row = save(
        merchant,
        "google_sheets",
        settings={"spreadsheet_id": "1", "columns": '{"order": "Заказ"}'},
        secrets={"service_account_json": "{}"},
    )
    assert row.settings["columns"] == {"order": "Заказ"}


def test_an_unknown_system_is_refused(merchant: UUID) -> None:
    with pytest.raises(ConnectionMissing):
        save(merchant, "fax")
    assert Connection.objects.count() == 0


def test_a_client_that_cannot_be_made_says_what_and_how(merchant: UUID, key: Any) -> None:
    row = save(
        merchant,
        "google_sheets",
        settings={"spreadsheet_id": "1"},
        secrets={"service_account_json": "not json"},
    )
    with pytest.raises(ConnectionBroken) as no:
        client_for(row)
    assert "service account" in no.value.what
    assert "correct" in no.value.how
    key.QAITAR_ENCRYPTION_KEY = NEW
    with pytest.raises(ConnectionBroken) as lost:
        client_for(row)
    assert "encryption key" in lost.value.how
    assert secrets_set(row) == frozenset()


def test_every_system_of_the_registry_makes_a_client_of_its_defaults(merchant: UUID) -> None:
    made = {
        "merchant_id": "M1",
        "spreadsheet_id": "1",
        "base_url": "https://host.example.com/ut",
        "user": "u",
    }
    for name, known in registry().items():
        settings = {s.name: made[s.name] for s in known.settings if s.required and s.name in made}
        if name == "google_sheets":
            continue  # needs a real key file; the flows' tests make it
        secrets = {s.name: "secret" for s in known.secrets}
        row = save(merchant, name, settings=settings, secrets=secrets)
        with client_for(row) as client:
            assert hasattr(client, "health"), name
    assert systems_with("helpdesk") == ("usedesk",)
