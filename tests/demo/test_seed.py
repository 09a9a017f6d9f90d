"""The demo shop: made once, every kind of request in it, and taken away again so that nobody sees it."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth import authenticate

from qaitar.demo.checking import chains_found, ledgers_found
from qaitar.demo.driver import Clock, Play
from qaitar.demo.seed import LOGINS, demo_merchant, demo_remove, demo_seed
from qaitar.demo.shop import Opened, shop_open
from qaitar.foundation.connections.secrets import unseal_fields
from qaitar.foundation.connections.systems import place_of
from qaitar.foundation.identity.access import enter_as_user
from qaitar.foundation.models import (
    Connection,
    EffectState,
    JournalEntry,
    Membership,
    Merchant,
    MerchantKey,
    PlannedEffect,
    User,
)
from qaitar.foundation.ops.jobs import within_walls
from qaitar.orders.models import GoodsGroupMapping, Order, Store
from qaitar.returns.models import Evidence, ReturnRequest
from qaitar.returns.vocabulary import Stage
from qaitar.sandbox import snapshot

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from qaitar.runtime.addresses import DatabaseAddresses

NOW = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
COUNTED = (ReturnRequest, Order, Evidence, PlannedEffect, JournalEntry, Connection)


def free_ports(count: int) -> int:
    """Find the first of some free ports side by side."""
    for first in range(21_000, 29_000, 10):
        with ExitStack() as stack:
            try:
                for number in range(count):
                    probe = stack.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", first + number))
            except OSError:
                continue
            return first
    raise AssertionError("no free ports")


def figures(merchant_id: UUID) -> dict[str, int]:
    """Count everything a demo consists of."""
    with within_walls(merchant_id):
        counted = {each.__name__: each.objects.count() for each in COUNTED}
    return counted | {"User": User.objects.count(), "MerchantKey": MerchantKey.objects.count()}


def test_the_demo_shop_is_made_once_and_is_whole(
    installation: DatabaseAddresses, tmp_path: Path
) -> None:
    """Somebody starts the program for the first time, and again the next day on other ports."""
    port = free_ports(4)
    assert demo_seed(now=NOW, port=port, folder=tmp_path) is True
    merchant_id = demo_merchant()
    assert merchant_id is not None
    with within_walls(merchant_id):
        requests = list(ReturnRequest.objects.all())
        store = Store.objects.get()
        assert Merchant.objects.get().settings["demo"] is True
        assert Order.objects.count() == 63
        assert GoodsGroupMapping.objects.exclude(reviewed_at=None).count() == 6
        assert not PlannedEffect.objects.exclude(state=EffectState.DONE).exists()
        secrets = unseal_fields(
            (row := Connection.objects.get(system="usedesk")).secrets, place=place_of(row)
        )
    assert {each.stage for each in requests} == set(Stage)
    assert len(requests) == 28
    due = sorted(each.control_at - NOW for each in requests if each.control_at)
    assert due[0] < timedelta(0) < due[1] < timedelta(hours=3)
    assert due[-1] > timedelta(days=5)
    assert secrets == {"api_token": "stand-in-usedesk-token"}
    assert store.cabinet_url == f"http://127.0.0.1:{port}/mc/"

    before = figures(merchant_id)
    assert demo_seed(now=NOW + timedelta(days=1), port=port, folder=tmp_path) is False
    assert figures(merchant_id) == before

    moved = free_ports(4) + 1_000
    assert demo_seed(now=NOW + timedelta(days=1), port=moved, folder=tmp_path) is False
    assert figures(merchant_id) == before
    with within_walls(merchant_id):
        addresses = {row.settings.get("base_url", "") for row in Connection.objects.all()}
        assert Connection.objects.get(system="usedesk").secrets
    assert f"http://127.0.0.1:{moved}/shop/api/v2" in addresses
    assert not any(str(port) in address for address in addresses)

    _nothing_doubled(merchant_id, store.pk, tmp_path, requests)
    _accepted_away(merchant_id, tmp_path, before)


def _nothing_doubled(
    merchant_id: UUID, store_id: UUID, folder: Path, requests: list[ReturnRequest]
) -> None:
    """What the stand-ins were left with agrees with the database, thing by thing."""
    clock = Clock(NOW)
    loaded = snapshot.load(folder / snapshot.PLACE, clock)
    assert loaded is not None
    outside, extra = loaded
    assert extra["born"] == NOW
    play = Play(Opened(merchant_id, store_id, {}), outside, clock)
    assert ledgers_found(play, [each.number for each in requests]) == []
    assert chains_found(play) == []
    assert len(outside.kaspi.ledger.orders) == 63
    assert {f.number for f in outside.kaspi.ledger.filings.values()} == {
        each.number for each in requests
    }


def _accepted_away(merchant_id: UUID, folder: Path, before: dict[str, int]) -> None:
    """Five people could sign in; afterwards none can, nothing of the demo is seen, and no line is lost."""
    for login in LOGINS:
        person = authenticate(None, username=login.username, password=login.password)
        assert person is not None
        principal = enter_as_user(person.pk)
        assert principal is not None
        assert dict(principal.roles) == {merchant_id: login.role}
    assert demo_remove(folder) is True
    assert demo_merchant() is None
    assert Membership.objects.count() == 0
    assert not (folder / snapshot.PLACE).exists()
    for login in LOGINS:
        assert authenticate(None, username=login.username, password=login.password) is None
    assert figures(merchant_id) == before
    with within_walls(merchant_id):
        assert not Connection.objects.filter(enabled=True).exists()
    assert demo_remove(folder) is False
    _made_again()


def _made_again() -> None:
    """A demo made after that lets its people in again; somebody else's account of that name stays shut."""
    marina = User.objects.get(username="marina")
    marina.set_password("somebody else's")
    marina.save()
    with within_walls():
        shop_open("Алма Маркет", LOGINS, settings={"demo": True}, now=NOW)
    active = set(User.objects.filter(is_active=True).values_list("username", flat=True))
    assert active == {login.username for login in LOGINS} - {"marina"}
