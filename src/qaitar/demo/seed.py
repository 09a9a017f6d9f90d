"""Fills an empty installation with a shop to try things in, and takes it away again."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction

from qaitar.analytics.services.counting import figures_count
from qaitar.demo.driver import Clock, Play
from qaitar.demo.shop import LOGINS, Login, shop_address, shop_connect, shop_open
from qaitar.demo.stories import Teller, play_all
from qaitar.foundation.identity.people import role_set
from qaitar.foundation.models import Connection, Membership, Merchant, MerchantKey, User
from qaitar.foundation.ops.clock import frozen_at
from qaitar.foundation.ops.jobs import within_walls
from qaitar.foundation.tenancy.walls import see
from qaitar.kernel.roles import Role
from qaitar.orders.models import Store
from qaitar.sandbox import snapshot
from qaitar.sandbox.outside import Outside, StandInAddresses
from qaitar.sandbox.world import World, sold_order
from qaitar.transport.outgoing import allow_private

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

__all__ = ["LOGINS", "Login", "demo_join", "demo_remove", "demo_seed"]

NAME: Final = "Алма Маркет"
DEMO_NAMES: Final = frozenset(login.username for login in LOGINS)
SEED: Final = 7
OTHER_ORDERS: Final = 36  # sold and kept; with those of the stories some sixty
FIRST_OTHER_CODE: Final = 719_000_001


def demo_seed(*, now: datetime, port: int, folder: Path) -> bool:
    """Make the demo shop, if there is none; returns whether it was made.  A second call changes nothing.

    The stand-ins are served from `port` on while the shop's last days are played through the real services, and what
    they know is left in the data folder for `qaitar stand-ins` to go on with.
    """
    found = demo_merchant()
    if found is not None:
        _readdress(found, StandInAddresses.on(port), now)
        return False
    clock = Clock(now - timedelta(days=7))
    outside = Outside(clock)
    outside.let_account_in()
    allow_private("127.0.0.1")
    with outside.serve(port) as at:
        with transaction.atomic(), frozen_at(clock()):
            opened = shop_open(NAME, LOGINS, settings={"demo": True}, now=clock())
            shop_connect(opened, outside, at, now=clock())
        play = Play(opened, outside, clock)
        _other_orders(outside, now)
        play_all(Teller(play, now))
        clock.moment = now
        play.reads_orders()  # one run reads only so many pages: this one reaches the oldest
        play.looks()
        play.guards()
        play.settles()
    figures_count(
        opened.merchant_id, now
    )  # else the first look at the reports would be a minute too early
    world = World(outside, seed=SEED, born=now)
    snapshot.save(folder / snapshot.PLACE, snapshot.snapshot(outside, world.state()))
    return True


def _readdress(merchant_id: UUID, at: StandInAddresses, now: datetime) -> None:
    """Point the shop at the stand-ins when they are served on other ports than the last time."""
    with within_walls(merchant_id):
        store = Store.objects.filter(merchant_id=merchant_id).earliest("created_at")
        shop_address(merchant_id, store.pk, at, secrets={}, now=now)


def _other_orders(outside: Outside, now: datetime) -> None:
    """Sell things nobody brings back, so far."""
    dice = random.Random(SEED)  # noqa: S311  a play, not a secret
    for number in range(OTHER_ORDERS):
        issued = now - timedelta(days=dice.randint(1, 24), hours=dice.randint(0, 20))
        outside.sell(sold_order(FIRST_OTHER_CODE + number, dice, issued))


def demo_merchant() -> UUID | None:
    """Find the active demo merchant by its mark in the settings."""
    with transaction.atomic():
        see(MerchantKey.objects.filter(active=True).values_list("pk", flat=True))
        found = Merchant.objects.filter(settings__demo=True).first()
    return found.pk if found else None


def demo_join(user_id: int, now: datetime) -> None:
    """Let the person who asked for the demo shop work in it as its owner, beside their own shops."""
    merchant_id = demo_merchant()
    assert merchant_id is not None, "the demo shop has just been made"
    with within_walls(merchant_id):
        role_set(
            user=User.objects.get(pk=user_id), merchant_id=merchant_id, role=Role.OWNER, now=now
        )


def demo_remove(folder: Path) -> bool:
    """Take the demo shop away; returns whether there was one.

    Journals are append-only, so nothing is deleted: the merchant is switched off, its connections too, and nobody has a
    role there any more, which hides all of it.  The demo's own people left without any role are switched off; whoever
    asked for the demo stays.
    """
    merchant_id = demo_merchant()
    if merchant_id is None:
        return False
    with within_walls(merchant_id):
        Connection.objects.filter(merchant_id=merchant_id).update(enabled=False)
        MerchantKey.objects.filter(pk=merchant_id).update(active=False)
        for held in Membership.objects.filter(merchant_id=merchant_id).select_related("user"):
            user = held.user
            held.delete()
            if user.username in DEMO_NAMES and not user.memberships.exists():
                user.is_active = False
                user.save(update_fields=["is_active"])
    (folder / snapshot.PLACE).unlink(missing_ok=True)
    return True
