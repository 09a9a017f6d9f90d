"""`bench presses`: how long the server takes over one decision pressed at the console, on a small shop and a big one by turns."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse

from qaitar.foundation.tenancy.walls import see
from qaitar.lab.bench.console_pages import desk_client
from qaitar.lab.bench.database import point
from qaitar.lab.bench.dataset import Shape, world_ground
from qaitar.lab.bench.machine import calibration_seconds, this_machine
from qaitar.lab.bench.plans import listening
from qaitar.lab.bench.report import BenchReport, Goal, Table, percentile
from qaitar.returns.vocabulary import Act, RefusalReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import LiteralString
    from uuid import UUID

    from django.test import Client

    from qaitar.lab.bench.database import BenchDatabase
    from qaitar.lab.bench.dataset import BenchWorld
    from qaitar.lab.bench.page_cache import Warmth
    from qaitar.lab.bench.plans import Asking
    from qaitar.runtime.addresses import DatabaseAddresses

SIZES: Final = (10_000, 1_000_000)
ROUNDS: Final = 6
PRESSES: Final = 8
WARM_UP: Final = 2
P95_MAX_MS: Final = 100.0
GROWTH_MAX: Final = 1.3
NEAR: Final = timedelta(hours=20)
"""So near to its date a request nobody answered may be refused for that."""
_OK: Final = 200
OPENED: Final = "open a case nobody has read yet"
BARE: Final = "bare UPDATE + INSERT, committed"
_WAITING: Final = "SELECT id FROM returns_returnrequest WHERE version = 1 AND {where} ORDER BY id DESC LIMIT %(most)s"
_BARE_UPDATE: Final = "UPDATE returns_returnrequest SET guard_next_at = guard_next_at WHERE id = %s"
_BARE_INSERT: Final = """
INSERT INTO foundation_searchkey (id, merchant_id, subject_id, key)
SELECT gen_random_uuid(), merchant_id, id, 'bench' FROM returns_returnrequest WHERE id = %s
"""


@dataclass(frozen=True, slots=True)
class Press:
    """A button, the cases it is pressed on (`where` is SQL), and what the page sends with it."""

    title: str
    act: Act
    where: LiteralString
    sent: Mapping[str, str] = field(default_factory=dict)


# No two of them are pressed on the same cases.
BUTTONS: Final = (
    Press("ask the customer", Act.ASK_CUSTOMER, "stage = 'NEW'"),
    Press(
        "refuse",
        Act.REFUSE,
        "stage = 'WAITING_CUSTOMER' AND control_at <= %(near)s",
        {"reason": RefusalReason.NO_ANSWER.value},
    ),
    Press(
        "note the arrival", Act.NOTE_ARRIVAL, "stage = 'IN_DELIVERY'", {"arrived_where": "POINT"}
    ),
    Press(
        "grant the refund",
        Act.GRANT_REFUND,
        "stage = 'ARRIVED' AND quality IN ('PROPER', 'DIFFERENT_GOODS')",
    ),
)


@dataclass(slots=True)
class _Desk:
    """A person at work in a shop of one size, the cases left to press on, and what each press took."""

    count: int
    ground: BenchDatabase
    world: BenchWorld
    client: Client
    left: dict[str, list[UUID]] = field(default_factory=dict)
    took: dict[str, list[float]] = field(default_factory=dict)
    queries: dict[str, Asking] = field(default_factory=dict)

    def p50(self, title: str) -> float:
        """Give the middle time of a press in milliseconds."""
        return percentile(self.took[title], 0.50)


def bench_presses(
    shop: DatabaseAddresses,
    now: datetime,
    *,
    sizes: Sequence[int] = SIZES,
    rounds: int = ROUNDS,
    presses: int = PRESSES,
    warmth: Warmth | None = None,
) -> BenchReport:
    """Press every button at every size, the sizes by turns; then listen to the statements of one more press of each.

    Args:
        shop: the server to measure on.
        now: the moment of the run.
        sizes: how many requests each shop has.
        rounds: how often each shop gets its turn.
        presses: how many of each button in a turn.
        warmth: whether the shops' files are to lie in memory when it begins; as they happen to when not told.
    """
    report = BenchReport("presses", this_machine(now).as_json())
    buttons = BUTTONS
    needed = rounds * (presses + WARM_UP) + 1
    desks = [_desk(shop, count, now, buttons, needed) for count in sizes]
    if warmth:
        report.notes.append(warmth.settle([desk.ground for desk in desks]))
    for number in range(rounds):
        report.calibration_seconds.append(calibration_seconds())
        for desk in desks if number % 2 == 0 else reversed(desks):
            _work(desk, buttons, presses)
    for desk in desks:
        point(desk.ground.addresses)
        for button in buttons:
            with listening() as asking:
                _press(desk, button)
            desk.queries[button.title] = asking
    point(shop)
    _tell(report, desks, buttons)
    return report


def _desk(
    shop: DatabaseAddresses, count: int, now: datetime, buttons: Sequence[Press], needed: int
) -> _Desk:
    """Open the shop of `bench console`, or make it anew when earlier runs have pressed it empty."""
    for fresh in (False, True):
        ground, world = world_ground(shop, f"console_{count}", Shape(count), now, fresh=fresh)
        left = {button.title: _waiting(world, button, needed, now) for button in buttons}
        if min(map(len, left.values())) == needed:
            return _Desk(count, ground, world, desk_client(world), left)
    raise AssertionError(f"a shop of {count} has too few cases to press on")


def _waiting(world: BenchWorld, button: Press, most: int, now: datetime) -> list[UUID]:
    with transaction.atomic(), connection.cursor() as cursor:
        see(world.merchants)
        cursor.execute(_WAITING.format(where=button.where), {"near": now + NEAR, "most": most})
        return [pk for (pk,) in cursor.fetchall()]


def _work(desk: _Desk, buttons: Sequence[Press], presses: int) -> None:
    """Press every button some times on a warm connection, the buttons by turns; nobody presses on what they have not seen."""
    point(desk.ground.addresses)
    for number in range(-WARM_UP, presses):
        took = [(BARE, _bare(desk))]
        for button in buttons:
            took += [(OPENED, _open(desk, button)), (button.title, _press(desk, button))]
        if number >= 0:
            for title, seconds in took:
                desk.took.setdefault(title, []).append(seconds * 1000)


def _open(desk: _Desk, button: Press) -> float:
    """Open the case the button is about to be pressed on, and give the seconds."""
    started = time.perf_counter()
    answer = desk.client.get(
        reverse("console:case", args=[desk.left[button.title][-1]]),
        secure=settings.SECURE_SSL_REDIRECT,
    )
    seconds = time.perf_counter() - started
    assert answer.status_code == _OK, answer.status_code
    return seconds


def _press(desk: _Desk, button: Press) -> float:
    """Press one button on one case, as the console does, and give the seconds; anything but the done act ends the bench."""
    pk = desk.left[button.title].pop()
    sent = {"act": button.act.value, "version": "1", **button.sent}
    started = time.perf_counter()
    answer = desk.client.post(
        reverse("console:act", args=[pk]),
        sent,
        headers={"HX-Request": "true"},
        secure=settings.SECURE_SSL_REDIRECT,
    )
    seconds = time.perf_counter() - started
    assert answer.status_code == _OK, (
        f"{button.title}: {answer.status_code} {answer.content.decode()[:2000]}"
    )
    return seconds


def _bare(desk: _Desk) -> float:
    """Time the least a decision could cost: one row changed and one added behind the walls, with a commit."""
    pk = next(iter(desk.left.values()))[0]  # pressed on last of all
    started = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        see(desk.world.merchants)
        cursor.execute(_BARE_UPDATE, [pk])
        cursor.execute(_BARE_INSERT, [pk])
    return time.perf_counter() - started


def _tell(report: BenchReport, desks: Sequence[_Desk], buttons: Sequence[Press]) -> None:
    for desk in desks:
        report.tables[f"ms at {desk.count}"] = _times(desk)
    big = desks[-1]
    slowest = max(buttons, key=lambda each: percentile(big.took[each.title], 0.95))
    scans = [
        f"{button.title}: {scan}"
        for desk in desks
        for button in buttons
        for scan in desk.queries[button.title].scans()
    ]
    report.goals = [
        Goal(
            f"slowest press's p95 at {big.count:,}: {slowest.title}",
            percentile(big.took[slowest.title], 0.95),
            "at most",
            P95_MAX_MS,
            " ms",
        ),
        Goal("readings of a big table end to end", len(scans), "at most", 0),
    ]
    if len(desks) > 1:
        titles = [OPENED, *(button.title for button in buttons)]
        grown = {title: big.p50(title) / desks[0].p50(title) for title in titles}
        worst = max(grown, key=lambda title: grown[title])
        name = f"growth from {desks[0].count:,} to {big.count:,}, the most: {worst}"
        report.goals.insert(1, Goal(name, grown[worst], "at most", GROWTH_MAX, "x"))
    report.notes += sorted(set(scans))
    report.notes.append(
        "A press is the whole answer: the act, its journal, its effects, the commit, and the next case's card drawn."
    )
    report.notes.append(
        "Before each press its case is opened, as a person has it before them; that time stands in a row of its own."
    )


def _times(desk: _Desk) -> Table:
    rows: list[list[object]] = []
    for title, took in desk.took.items():
        queries = desk.queries.get(title)
        statements: object = len(queries.statements) if queries else ""
        rows.append(
            [title, len(took), *(percentile(took, p) for p in (0.5, 0.95, 0.99)), statements]
        )
    columns = ["press", "times", "p50", "p95", "p99", "statements"]
    return Table(f"{desk.count:,} requests, ms", columns, rows)
