"""`qaitar stand-ins` serves what is kept, keeps what happens, and lists its systems on one page."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import httpx

from qaitar.cli.stand_ins import live, opened_world
from qaitar.sandbox import snapshot

if TYPE_CHECKING:
    from pathlib import Path


def test_what_happens_is_kept_and_goes_on(tmp_path: Path) -> None:
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
