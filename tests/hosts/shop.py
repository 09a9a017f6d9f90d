"""The one shop of the story: a store, its orders, and its helpdesk."""

from __future__ import annotations

from typing import Any

from qaitar.foundation.connections.systems import Entered, connection_save
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.ops.jobs import within_walls
from qaitar.lab.bench.full_case_shop import FIRST_ORDER, shop_make


def run(task: dict[str, Any]) -> dict[str, Any]:
    """Make the shop; tells what its sellers' programs need to know."""
    now = utc_now()
    shop = shop_make(now, task["orders"])
    settings = {"base_url": task["helpdesk"], "pause_s": 0}
    with within_walls(shop.merchant_id):
        entered = Entered("usedesk", settings=settings, secrets={"api_token": task["token"]})
        connection_save(merchant_id=shop.merchant_id, entered=entered, now=now)
    return {
        "merchant": str(shop.merchant_id),
        "store": str(shop.store_id),
        "token": shop.token,
        "first": FIRST_ORDER,
    }
