"""The living shop over the stand-ins: it moves by itself, obeys buttons, and goes on after a restart."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from qaitar.demo.driver import Clock
from qaitar.sandbox import snapshot
from qaitar.sandbox.outside import Outside
from qaitar.sandbox.world import World, WorldPace

if TYPE_CHECKING:
    from pathlib import Path

BORN = datetime(2026, 5, 14, 6, tzinfo=UTC)


def live(world: World, clock: Clock, minutes: int, *, obedient: bool = True) -> list[str]:
    """Let minutes pass, ten seconds a tick; an obedient seller takes, refuses every third, and grants."""
    reported = []
    kaspi = world.outside.kaspi
    for _ in range(minutes * 6):
        clock.passes(seconds=10)
        if happened := world.tick(clock()):
            reported.append(happened)
        for filing in list(kaspi.ledger.filings.values()) if obedient else []:
            if filing.tab == "NEW" and int(filing.order.code) % 3:
                kaspi.press(filing.number, "TAKE")
            elif filing.tab == "NEW":
                kaspi.press(filing.number, "REFUSE", "Не подлежит возврату")
            elif filing.tab == "WAITING_DECISION":
                kaspi.press(filing.number, "GRANT")
    return reported


def test_a_day_of_the_shop_has_every_kind_of_event() -> None:
    clock = Clock(BORN)
    world = World(Outside(clock), seed=3, born=BORN)
    live(world, clock, 6 * 60)
    deeds = Counter(deed.what for deed in world.outside.kaspi.ledger.deeds)
    assert {"FILE", "TAKE", "REFUSE", "ARRIVE", "GRANT", "DISPUTE"} <= set(deeds)
    assert deeds["DISPUTE_FOR_BUYER"] + deeds["DISPUTE_FOR_SELLER"] == deeds["DISPUTE"]
    assert deeds["FILE"] > 50
    assert any(number.endswith("-2") for number in world.outside.kaspi.ledger.filings)


def test_without_a_seller_only_so_many_requests_are_open() -> None:
    clock = Clock(BORN)
    world = World(Outside(clock), seed=5, born=BORN, pace=WorldPace(open_max=16))
    live(world, clock, 6 * 60, obedient=False)
    tabs = Counter(filing.tab for filing in world.outside.kaspi.ledger.filings.values())
    assert sum(tabs[tab] for tab in ("NEW", "ON_DELIVERY", "WAITING_DECISION")) == 16


def test_customers_answer_tickets_once() -> None:
    clock = Clock(BORN)
    world = World(Outside(clock), seed=5, born=BORN)
    account = world.outside.usedesk.account
    clock.passes(seconds=1)
    account.create_ticket({"subject": "Возврат", "message": "Просим фото"}, ())
    live(world, clock, 10, obedient=False)
    (ticket,) = account.tickets.values()
    assert [comment.sender for comment in ticket.comments] == ["user", "client"]


def test_what_came_before_the_world_waits_for_the_seller() -> None:
    clock = Clock(BORN - timedelta(hours=3))
    outside = Outside(clock)
    first = World(outside, seed=3, born=clock())
    live(first, clock, 60, obedient=False)
    before = {number: filing.tab for number, filing in outside.kaspi.ledger.filings.items()}
    clock.moment = BORN
    outside.kaspi.advance()
    later = World(outside, seed=3, born=clock() + timedelta(seconds=1))
    silent = {number: outside.kaspi.ledger.filings[number].tab for number in before}
    live(later, clock, 60, obedient=False)
    assert {number: outside.kaspi.ledger.filings[number].tab for number in before} == silent


def test_a_restart_goes_on_in_step(tmp_path: Path) -> None:
    """The same world, once left alone and once stopped and started in the middle, does the same."""
    clock = Clock(BORN)
    whole = World(Outside(clock), seed=11, born=BORN)
    whole_reported = live(whole, clock, 120)

    clock = Clock(BORN)
    half = World(Outside(clock), seed=11, born=BORN)
    reported = live(half, clock, 60)
    path = tmp_path / snapshot.PLACE
    snapshot.save(path, snapshot.snapshot(half.outside, half.state()))
    loaded = snapshot.load(path, clock)
    assert loaded is not None
    again = World.resumed(*loaded)
    assert reported + live(again, clock, 60) == whole_reported
    assert snapshot.snapshot(again.outside, again.state()) == snapshot.snapshot(
        whole.outside, whole.state()
    )
    assert [each.name for each in path.parent.iterdir()] == ["stand-ins.json"]


@pytest.mark.parametrize("text", ["", "[]", '{"version": 99}', '{"$": "Popen", "args": "id"}'])
def test_a_file_that_is_no_snapshot_is_not_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    assert snapshot.load(path, Clock(BORN)) is None
    assert snapshot.load(tmp_path / "missing.json", Clock(BORN)) is None
