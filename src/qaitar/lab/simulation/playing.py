"""Plays the world hour by hour: customers, staff, the program's own work, outages and deaths; then lets all come to rest."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import connection, transaction

from qaitar.contracts.marketplace import CustomerRecord, LineRecord, OrderRecord
from qaitar.flows.effects.engine import effects_run
from qaitar.flows.housekeeping import stage_counts_sum
from qaitar.flows.invariants.checking import CheckRequest, invariants_check
from qaitar.flows.sweep_deadlines import merchant_sweep
from qaitar.flows.take_cabinet import readings_take
from qaitar.foundation.connections.systems import Entered, connection_save
from qaitar.foundation.identity.actors import Actor, system_actor
from qaitar.foundation.identity.people import merchant_create, person_create, role_set
from qaitar.foundation.journal.personal_values import lines_open
from qaitar.foundation.models import JournalEntry, PlannedEffect
from qaitar.foundation.ops.clock import frozen_at
from qaitar.foundation.ops.jobs import within_walls
from qaitar.kernel.roles import Role
from qaitar.lab.simulation.agenda import Agenda
from qaitar.lab.simulation.ledgers import (
    executed_twice,
    ledgers_differ,
    mirror_differs,
    unsettled,
)
from qaitar.lab.simulation.market import FILED_SHARE, Market
from qaitar.lab.simulation.outside import SimulatedOutside, WorkerDied, play_in
from qaitar.lab.simulation.staff import Staff
from qaitar.lab.simulation.telling import SimulationResults
from qaitar.orders.models import Store
from qaitar.orders.services.merging import orders_merge
from qaitar.returns.services.mirroring import Look
from qaitar.runtime.addresses import APP_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from qaitar.contracts.marketplace import ReturnReading
    from qaitar.lab.simulation.telling import SimulationRequest

BEGIN: Final = datetime(2025, 1, 6, 3, 0, tzinfo=UTC)  # a Monday, 8:00 in Almaty
HOUR: Final = timedelta(hours=1)
STEP: Final = timedelta(minutes=5)
CHECKS: Final = 12  # of a whole world on its way, but not more often than once a day
HANDED_OVER_LATE: Final = 0.5  # the chance of an hour that a page kept back arrives
REST_DAYS: Final = 45
WORKING_HOURS: Final = range(4, 14)  # UTC: 9 to 18 in Almaty
FIRST_CODE: Final = 730_000_000
_LINES_AT_A_TIME: Final = 2_000


class _Ids:
    """Ids that follow from the clock of the world and a counter alone."""

    def __init__(self, world: SimulatedWorld) -> None:
        self.world, self.count = world, 0

    def __call__(self) -> UUID:
        self.count += 1
        ms = int(self.world.now.timestamp() * 1000)
        return UUID(int=ms << 80 | 0x7 << 76 | 0x2 << 62 | self.count)


class SimulatedWorld:
    """One shop, its market, its people and its outside systems, at one moment."""

    def __init__(self, wanted: SimulationRequest) -> None:
        """Be born; nothing is written before `opens`."""
        self.wanted = wanted
        self.now = BEGIN
        self.ids = _Ids(self)
        self.dice = wanted.dice("world")
        self.market = Market(wanted.dice("market"))
        self.outside = SimulatedOutside(wanted.dice("faults"), lambda: self.now, wanted.faults)
        self.results = SimulationResults(wanted)
        self.filings: dict[int, list[str]] = {}
        self.late: list[tuple[datetime, list[ReturnReading]]] = []
        self.newest_rows: dict[str, tuple[datetime, str]] = {}

    def opens(self) -> None:
        """Make the shop, connect it and sell everything that will be sold."""
        play_in(self.outside)
        with transaction.atomic():
            merchant = merchant_create(name="Simulated", now=self.now)
            people = {}
            for role in (Role.OPERATOR, Role.SENIOR):
                name = f"sim-{role.value.lower()}"
                user = person_create(username=name, name=name, email="", password=name * 3)
                role_set(user=user, merchant_id=merchant.pk, role=role, now=self.now)
                people[role] = Actor(user.pk, name, role, "web")
            store = Store.objects.create(
                id=UUID(int=self.wanted.seed + 1),
                merchant_id=merchant.pk,
                name="Simulated",
                created_at=self.now,
            )
            for kind in ("helpdesk", "register", "erp"):
                columns: dict[str, Any] = {}
                connection_save(
                    merchant_id=merchant.pk,
                    entered=Entered(f"simulated_{kind}", settings=columns),
                    now=self.now,
                )
        self.merchant_id, self.store = merchant.pk, store
        self.agenda = Agenda(merchant.pk)
        self.staff = Staff(
            self.wanted.dice("staff"),
            merchant.pk,
            store.pk,
            people,
            self.market.ledger,
        )
        self._sell()

    def _sell(self) -> None:
        records = []
        for number in range(self.wanted.orders):
            at = self.now + timedelta(days=self.dice.uniform(-5, self.wanted.days - 5))
            order = self.market.sell(str(FIRST_CODE + number), at)
            records.append(_record(order))
            if self.dice.random() < FILED_SHARE:
                hour = int((at + timedelta(days=self.dice.uniform(0.2, 16)) - self.now) / HOUR)
                self.filings.setdefault(max(hour, 1), []).append(order.code)
        with within_walls(self.merchant_id):
            orders_merge(store=self.store, records=records, now=self.now)

    def plays(self, owner: Any) -> None:
        """Let the days pass."""
        checked_at, off_until = self.now, self.now
        check_every = timedelta(days=max(1, self.wanted.days // CHECKS))
        for hour in range(1, self.wanted.days * 24):
            self._until(BEGIN + hour * HOUR, running=self.now >= off_until)
            self._outside_world(hour)
            if self.now < off_until:
                continue
            if self.dice.random() < self.wanted.goes_off:
                off_until = self.now + timedelta(hours=self.dice.randint(2, 100))
                self.results.outages += 1
                continue
            self._program()
            self._people(hour)
            if self.now - checked_at > check_every:
                checked_at = self.now
                self._checks(owner, hashes=False)
            if self.results.broken:
                return  # what came after would only follow from it
        self._rests(owner)

    def _until(self, moment: datetime, *, running: bool) -> None:
        """Go on to a moment, stopping where the guard or an effect is due on the way."""
        while running and (due := self.agenda.next_at()) is not None and due < moment:
            self.now = max(self.now + STEP, due)
            if self.now >= moment:
                break
            self._drains()
            self._guards()
        self.now = moment

    def _outside_world(self, hour: int) -> None:
        for code in self.filings.pop(hour, ()):
            self.market.file(code, self.now)
        self.market.moves(self.now)

    def _program(self) -> None:
        """Let the program do its rounds, in any order."""
        rounds = [self._looks, self._guards, self._drains]
        if self.wanted.faults:
            self.dice.shuffle(rounds)
        for each in rounds:
            each()

    def _looks(self) -> None:
        """Look into the cabinet; with faults a page is also handed over a second time, hours late."""
        readings = self.market.readings(self.wanted.faults)
        if self.late and self.dice.random() < HANDED_OVER_LATE:
            seen_at, late = self.late.pop(0)
            self._takes(seen_at, late)
            with within_walls(self.merchant_id):
                late_rows = {each.number: self.newest_rows[each.number] for each in late}
                self.results.broken += [
                    f"{self.now.isoformat()} {e}" for e in mirror_differs(late_rows)
                ]
        self._takes(self.now, readings)
        if readings and self.dice.random() < self.wanted.faults:
            self.late.append((self.now, readings))

    def _takes(self, seen_at: datetime, readings: list[ReturnReading]) -> None:
        if not readings:
            return
        look = Look(self.store.pk, self.merchant_id, system_actor("mirror"), seen_at, self.now)
        with frozen_at(self.now):
            change = readings_take(look, readings)
        if change.created or change.updated:
            self.agenda.written()
        for reading in readings:
            self.staff.due.setdefault(reading.number, self.now)
            if self.newest_rows.get(reading.number, (seen_at, ""))[0] <= seen_at:
                section = reading.section.value if reading.section else ""
                self.newest_rows[reading.number] = (seen_at, section)

    def _guards(self) -> None:
        if not self.agenda.guard_is_due(self.now):
            return
        with frozen_at(self.now):
            merchant_sweep(self.merchant_id, self.now)
        self.agenda.written()

    def _drains(self) -> None:
        if not self.agenda.effects_run_is_due(self.now):
            return
        with frozen_at(self.now):
            try:
                effects_run(self.merchant_id, self.now)
            except WorkerDied:
                self.results.deaths += 1
        self.agenda.written()

    def _people(self, hour: int) -> None:
        if self.now.hour not in WORKING_HOURS or self.now.isoweekday() == 7:  # noqa: PLR2004  Sunday
            return
        numbers = sorted(number for number, at in self.staff.due.items() if at <= self.now)
        if numbers:
            self.staff.works(numbers, self.now)
            self.agenda.written()
        if hour % 24 == 0:
            stage_counts_sum(self.merchant_id)

    def _rests(self, owner: Any) -> None:
        """Stop all faults and let everything under way come to its end; then nothing may differ."""
        self.outside.faults = 0.0
        for _ in range(REST_DAYS * 4):
            self.now += HOUR
            self._guards()
            self._drains()
            with within_walls(self.merchant_id):
                if not unsettled():
                    break
        self._checks(owner, hashes=True)
        if not self.results.broken:
            with within_walls(self.merchant_id):
                self.results.broken += ledgers_differ(self.outside)

    def _checks(self, owner: Any, *, hashes: bool) -> None:
        self._drains()
        self._guards()
        report = invariants_check(
            owner, CheckRequest(self.now, APP_ROLE, hashes=hashes, files=hashes)
        )
        self.results.broken += [
            f"{self.now.isoformat()} {each.code} {each.promises}: {row.place}: {row.fault}"
            for each in report.checked
            for row in each.first
        ]
        with within_walls(self.merchant_id):
            wrong = executed_twice(self.outside) + mirror_differs(self.newest_rows)
        self.results.broken += [f"{self.now.isoformat()} {each}" for each in wrong]

    def sums(self) -> SimulationResults:
        """Count, and take the hash of everything that happened."""
        digest = hashlib.sha256("\n".join(self.staff.events).encode())
        with within_walls(self.merchant_id):
            with connection.cursor() as cursor:
                cursor.execute("SELECT id, number FROM returns_returnrequest")
                numbers = dict(cursor.fetchall())
            lines = JournalEntry.objects.filter(subject_kind="returnrequest")
            for line in _opened(lines.order_by("subject_id", "seq")):
                line_values = [
                    numbers[line.subject_id],
                    line.seq,
                    line.at.isoformat(),
                    line.act,
                    line.before,
                    line.after,
                    line.why,
                ]
                digest.update(json.dumps(line_values, sort_keys=True, ensure_ascii=False).encode())
                self.results.lines += 1
            self.results.effects = PlannedEffect.objects.count()
        self.results.requests = len(numbers)
        self.results.faults = dict(sorted(self.outside.met.items()))
        self.results.transcript = digest.hexdigest()
        return self.results


def _opened(lines: QuerySet[JournalEntry]) -> Iterator[JournalEntry]:
    """Read journal lines some thousands at a time, with what is encrypted in them readable."""
    rows = lines.iterator(chunk_size=_LINES_AT_A_TIME)
    while page := list(islice(rows, _LINES_AT_A_TIME)):
        lines_open(page)
        yield from page


def _record(order: Any) -> OrderRecord:
    goods, buyer = order.goods[0], order.buyer
    return OrderRecord(
        code=order.code,
        created_at=order.created,
        state=order.state,
        status=order.status,
        delivered_at=order.completed,
        total_minor=order.total_tiyn,
        customer=CustomerRecord(
            external_id=buyer.phone, name=buyer.first_name, phone_raw=buyer.phone
        ),
        lines=(
            LineRecord(
                external_id=f"{order.code}-1",
                offer_code=goods.offer_code,
                name=goods.name,
                category_title=goods.category_title,
                quantity_milli=goods.quantity * 1000,
                price_minor=goods.price_tiyn,
                total_minor=goods.total_tiyn,
            ),
        ),
    )
