"""Two hundred ways to write a forbidden address, in every field that names an address to call or a proxy: nothing connects.

The fields are those of the registry: a new one is tried without being added here.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Final

import httpcore
import pytest
from django.db import transaction

from qaitar.foundation.connections.systems import (
    Entered,
    SettingKind,
    SettingsInvalid,
    connection_save,
    connection_test,
    registry,
)
from qaitar.foundation.models import Connection, WebhookEndpoint
from qaitar.foundation.webhooks.endpoints import EndpointRefused, EndpointRequest, endpoint_create
from qaitar.transport import outgoing
from tests.factories.accounts import NOW, make_merchant, open_walls
from tests.transport.test_addresses import TRICKS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

FIELDS: Final = [
    (system, setting.name)
    for system, known in registry().items()
    for setting in known.settings
    if setting.kind is SettingKind.URL
]
PROXIES: Final = [
    (system, setting.name)
    for system, known in registry().items()
    for setting in known.settings
    if "proxy" in setting.name
]
# A fragment is never sent, and what a form takes away around an address is none of it.
ADDRESSES: Final = [url for url in TRICKS if url and url == url.strip() and "#" not in url]
CALLED: Final = [each for each in FIELDS if each[0] != "google_sheets"]  # it needs a real key file
PLAIN: Final = {
    "merchant_id": "M1",
    "spreadsheet_id": "1",
    "base_url": "https://host.example.com/ut",
    "user": "u",
    "consent": True,
}


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Collect every address somebody tries to connect to, as on a machine whose operator lists nothing."""
    seen: list[Any] = []

    def connect(*given: Any, **_named: Any) -> Any:
        seen.append(given[1:])
        raise httpcore.ConnectError("no network here")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    monkeypatch.setattr(socket, "create_connection", connect)
    before = outgoing.private_hosts()
    outgoing.set_policy([])
    yield seen
    outgoing.set_policy(before)


@pytest.fixture
def merchant(db_walls: None, settings: Any) -> UUID:
    settings.QAITAR_ENCRYPTION_KEY = "a-key-of-tests-that-is-long-enough-to-be-one"
    settings.QAITAR_PRIVATE_HOSTS = []
    return make_merchant().pk


def entered(system: str, **settings: Any) -> Entered:
    """Fill the form of a system, with these settings instead of plain ones."""
    known = registry()[system]
    plain = {each.name: PLAIN[each.name] for each in known.settings if each.name in PLAIN}
    secrets = {each.name: "secret" for each in known.secrets}
    return Entered(system, settings={**plain, **settings}, secrets=secrets)


def test_there_are_enough_of_each() -> None:
    assert len(set(ADDRESSES)) >= 200
    assert len(FIELDS) >= 6
    assert len(PROXIES) >= 3
    assert {system for system, _ in FIELDS} == set(registry())


@pytest.mark.parametrize(("system", "name"), [*FIELDS, *PROXIES])
def test_none_of_them_is_saved(
    merchant: UUID, connected: list[Any], system: str, name: str
) -> None:
    for url in ADDRESSES:
        with pytest.raises(SettingsInvalid) as refused:
            connection_save(merchant_id=merchant, entered=entered(system, **{name: url}), now=NOW)
        assert set(refused.value.problems) == {name}, url
    assert Connection.objects.count() == 0
    assert connected == []


def test_none_of_them_becomes_an_endpoint(merchant: UUID, connected: list[Any]) -> None:
    for url in ADDRESSES:
        with pytest.raises(EndpointRefused):
            endpoint_create(merchant_id=merchant, wanted=EndpointRequest(url), now=NOW)
    assert WebhookEndpoint.objects.count() == 0
    assert connected == []


def call_each(system: str, name: str, addresses: list[str]) -> None:
    """Put each address into the row of a connection, past every check of forms, and have the connection tried."""
    with transaction.atomic():
        merchant = make_merchant().pk
        open_walls(merchant)
        row = connection_save(merchant_id=merchant, entered=entered(system), now=NOW)
    plain = dict(row.settings)
    for url in addresses:
        with transaction.atomic():
            open_walls(merchant)
            Connection.objects.filter(pk=row.pk).update(settings={**plain, name: url})
        connection_test(merchant_id=merchant, connection_id=row.pk, now=NOW, resume=False)


@pytest.mark.slow
@pytest.mark.parametrize(("system", "name"), CALLED)
def test_one_that_stands_in_a_row_all_the_same_is_not_called(
    committed: Any, settings: Any, connected: list[Any], system: str, name: str
) -> None:
    """As a restored or altered database might hold it; `make prove` tries all of them."""
    settings.QAITAR_ENCRYPTION_KEY = "a-key-of-tests-that-is-long-enough-to-be-one"
    call_each(system, name, ADDRESSES[::20])
    assert connected == []


def test_a_public_address_is_connected_to(
    committed: Any, settings: Any, connected: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watch sees a call that is allowed: what is empty above is not empty for want of looking."""
    settings.QAITAR_ENCRYPTION_KEY = "a-key-of-tests-that-is-long-enough-to-be-one"
    monkeypatch.setattr(outgoing, "system_resolver", lambda _host, _port: ["93.184.215.14"])
    with transaction.atomic():
        merchant = make_merchant().pk
        open_walls(merchant)
        row = connection_save(merchant_id=merchant, entered=entered("onec"), now=NOW)
    connection_test(merchant_id=merchant, connection_id=row.pk, now=NOW, resume=False)
    assert [each[0] for each in connected] == ["93.184.215.14"]
