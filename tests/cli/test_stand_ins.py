"""`qaitar stand-ins` serves what is kept, keeps what happens, and lists its systems on one page."""

from __future__ import annotations

import random
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
from django.db import connection

from qaitar.cli.stand_ins import let_shop_look, live, opened_world
from qaitar.demo.shop import shop_open
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.ops.jobs import within_walls
from qaitar.sandbox import snapshot
from qaitar.sandbox.shelf import GRIEVANCES, claim_of
from qaitar.sandbox.world import sold_order

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses


def test_what_happens_is_stored_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / snapshot.PLACE
    world = opened_world(path)
    account = world.outside.usedesk.account
    stop = threading.Event()
    with world.outside.serve() as at:
        thread = threading.Thread(target=live, args=(world, path, stop), kwargs={"lively": False})
        thread.start()
        form = {"subject": "Возврат", "message": "Просим фото", "additional_id": "m-1"}
        token = {"api_token": world.outside.keys.usedesk_token}
        reply = httpx.post(f"{at.usedesk}/create/ticket", json={**form, **token}, timeout=5)
        assert reply.json()["status"] == "success"
        stop.set()
        thread.join(timeout=20)
    assert not thread.is_alive()
    again = opened_world(path)
    assert [t.fields["additional_id"] for t in again.outside.usedesk.account.tickets.values()] == [
        "m-1"
    ]
    assert again.outside.account_json == world.outside.account_json
    assert again.born == world.born
    more = again.outside.usedesk.account.create_ticket(form, ())
    assert more["ticket_id"] > max(account.tickets)


def test_the_first_page_leads_to_all_four(tmp_path: Path) -> None:
    world = opened_world(tmp_path / "none.json")
    with world.outside.serve() as at:
        page = httpx.get(f"{at.kaspi}/", timeout=5)
        assert page.status_code == 200
        for address in (f"{at.kaspi}/mc/", f"{at.kaspi}/onec", f"{at.usedesk}/", f"{at.sheets}/"):
            assert f'href="{address}"' in page.text
            assert httpx.get(address, timeout=5).status_code == 200
        assert "Документов нет" in httpx.get(f"{at.kaspi}/onec", timeout=5).text


def waiting_jobs() -> list[tuple[str, str]]:
    """List the jobs that wait, with their merchants."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args->>'merchant_id' FROM procrastinate_jobs ORDER BY 1")
        return list(cursor.fetchall())


def test_a_change_lets_the_demo_shop_look_once(installation: DatabaseAddresses) -> None:
    with within_walls():
        shop_open("Не показ", (), settings={}, now=utc_now())
    let_shop_look()
    assert waiting_jobs() == []
    with within_walls():
        demo = shop_open("Показ", (), settings={"demo": True}, now=utc_now())
    let_shop_look()
    let_shop_look()
    assert waiting_jobs() == [
        ("qaitar.flows.tasks.cabinets_poll", str(demo.merchant_id)),
        ("qaitar.flows.tasks.orders_poll", str(demo.merchant_id)),
    ]


def test_a_press_in_the_cabinet_is_a_change(tmp_path: Path) -> None:
    world = opened_world(tmp_path / "none.json")
    stop = threading.Event()
    reported: list[int] = []

    def changed() -> None:
        reported.append(1)
        stop.set()

    order = sold_order(720_000_000, random.Random(1), utc_now())
    world.outside.sell(order)
    claim = claim_of(order.goods[0], GRIEVANCES[0], seed=1)
    thread = threading.Thread(
        target=live,
        args=(world, tmp_path / "kept.json", stop),
        kwargs={"lively": False, "changed": changed},
    )
    thread.start()
    for _ in range(200):  # it has looked once
        if (tmp_path / "kept.json").exists():
            break
        time.sleep(0.05)
    world.outside.kaspi.file_return(order.code, claim, control=utc_now() + timedelta(days=2))
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert reported == [1]
