"""Reads orders from the marketplace: new ones, those that may still change, and single ones a return is waiting for.

Where reading stands is kept with the connection and saved with each page, so that a run cut short goes on where it was.
No call to the marketplace is made inside a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import connection as database

from qaitar.contracts.marketplace import OrderPage, OrderRecord, RowRejected, Unread
from qaitar.contracts.outcome import Busy, Misconfigured, Missing, Refused, Unknown
from qaitar.flows.order_shops import FOREIGN_SHOP, records_by_store
from qaitar.foundation.connections.systems import (
    ConnectionBroken,
    State,
    health_message,
    health_note,
    opened_client,
    systems_with,
)
from qaitar.foundation.identity.actors import system_actor
from qaitar.foundation.models import Connection
from qaitar.foundation.ops.jobs import within_walls
from qaitar.orders.models import Store
from qaitar.orders.selectors import codes_with_lines, order_ids_by_code, orders_since
from qaitar.orders.services.imports import ImportOrigin, ImportOutcome, import_write
from qaitar.orders.services.merging import Merged, orders_merge
from qaitar.orders.services.stores import stores_of
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.linking import requests_link
from qaitar.returns.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qaitar.contracts.marketplace import OrderSource
    from qaitar.orders.models import Order

CONTRACT: Final = "marketplace.orders"
PAGES_MAX: Final = 60  # of a run
CODES_MAX: Final = 30  # single orders of a run
HISTORY: Final = timedelta(days=180)  # how far back the first reading goes
OVERLAP: Final = timedelta(hours=1)  # orders may show up late
AGAIN_AFTER: Final = timedelta(hours=6)  # between readings of what may still change
ASK_MISSING_AGAIN: Final = timedelta(days=1)
MISSING_MAX: Final = 500

Trouble = Misconfigured | Refused | Busy | Unknown
_Sorted = dict[UUID, list[OrderRecord | RowRejected]]


@dataclass(slots=True)
class PollPlace:
    """Where reading stands.  `todo` holds windows still to be read, each with the state and page to go on with."""

    fresh_to: datetime | None = None
    swept_at: datetime | None = None
    todo: list[tuple[datetime, datetime, int, int]] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, stored: dict[str, Any]) -> PollPlace:
        """Read the place back from a connection's cursor; an empty one is the very beginning."""
        return cls(
            fresh_to=_moment(stored.get("fresh_to")),
            swept_at=_moment(stored.get("swept_at")),
            todo=[
                (datetime.fromisoformat(start), datetime.fromisoformat(end), state, page)
                for start, end, state, page in stored.get("todo", [])
            ],
            missing=dict(stored.get("missing", {})),
        )

    def written(self) -> dict[str, Any]:
        """Write the place as JSON."""
        return {
            "fresh_to": self.fresh_to.isoformat() if self.fresh_to else None,
            "swept_at": self.swept_at.isoformat() if self.swept_at else None,
            "todo": [
                [start.isoformat(), end.isoformat(), state, page]
                for start, end, state, page in self.todo
            ],
            "missing": self.missing,
        }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@dataclass(slots=True)
class Polled:
    """What a run came to: what was merged, how many calls for pages, and what stopped it, if anything did.

    `without_lines` counts orders whose lines could not be read, `unread` those of which a value could not; `foreign` are
    the refusals of orders of another shop.
    """

    merged: Merged = field(default_factory=Merged)
    pages: int = 0
    without_lines: int = 0
    unread: int = 0
    foreign: list[str] = field(default_factory=list)
    trouble: Trouble | None = None


def orders_poll(merchant_id: UUID, now: datetime) -> int:
    """Read orders over every connection of a merchant that can; returns how many orders were seen."""
    assert not database.in_atomic_block, "no network inside a transaction"
    with within_walls(merchant_id):
        rows = list(
            Connection.objects.filter(
                merchant_id=merchant_id,
                system__in=systems_with(CONTRACT),
                enabled=True,
                store_id__isnull=False,
            ).exclude(health=State.MISCONFIGURED)
        )
    seen = 0
    for row in rows:
        try:
            with opened_client(row) as source:
                seen += connection_poll(row, source, now).merged.orders.read
        except ConnectionBroken as broken:
            with within_walls(merchant_id):
                health_note(row.pk, *health_message(Misconfigured(broken.what, broken.how)), now)
    return seen


def connection_poll(
    row: Connection, source: OrderSource, now: datetime, *, pages_max: int = PAGES_MAX
) -> Polled:
    """Read orders over one connection of a store, at most `pages_max` pages, and note its health."""
    assert not database.in_atomic_block, "no network inside a transaction"
    with within_walls(row.merchant_id):
        row = Connection.objects.get(pk=row.pk)
        assert row.store_id is not None, "orders belong to a store"
        stores = {store.pk: store for store in stores_of([row.merchant_id])}
    store = stores[row.store_id]
    if not store.external_id:  # the number the shop is asked by is its own
        store.external_id = str(row.settings.get("merchant_uid") or "").strip()
    run = _Run(store, row, source, now, PollPlace.read(row.cursor), stores)
    run.plan()
    run.read_windows(pages_max)
    if run.polled.trouble is None:
        run.read_wanted()
    run.finish()
    return run.polled


@dataclass(slots=True)
class _Run:
    """One run over one connection."""

    store: Store
    row: Connection
    source: OrderSource
    now: datetime
    place: PollPlace
    stores: dict[UUID, Store]
    polled: Polled = field(default_factory=Polled)
    merged_of: dict[UUID, Merged] = field(default_factory=dict)

    def plan(self) -> None:
        """Put windows on the list: what is new since the last run first, then, from time to time, what may still change."""
        place, now = self.place, self.now
        first_time = place.fresh_to is None
        since = now - HISTORY if place.fresh_to is None else place.fresh_to - OVERLAP
        fresh = [(start, end, 0, 0) for start, end in self.source.windows(now, since)]
        place.todo = [*fresh, *place.todo]
        place.fresh_to = now
        if first_time:
            place.swept_at = now
        elif len(place.todo) == len(fresh) and now - (place.swept_at or since) >= AGAIN_AFTER:
            place.todo += [(start, end, 0, 0) for start, end in self._changing(since)]
            place.swept_at = now

    def _changing(self, before: datetime) -> Iterable[tuple[datetime, datetime]]:
        """Give the older windows that hold an order which may still change."""
        with within_walls(self.store.merchant_id):
            orders = orders_since(self.store.pk, before - HISTORY)
        made = sorted(
            order.ordered_at
            for order in orders
            if order.ordered_at and self.source.still_changes(_as_record(order), self.now)
        )
        if not made or made[0] >= before:
            return
        for start, end in self.source.windows(before, made[0]):
            if any(start <= moment <= end for moment in made):
                yield start, end

    def read_windows(self, pages_max: int) -> None:
        """Read page after page until the list is empty, the run is long enough or something goes wrong."""
        states = self.source.states
        while self.place.todo and self.polled.pages < pages_max:
            start, end, state, page = self.place.todo[0]
            answer = self.source.list_window(start, end, state=states[state], page=page)
            self.polled.pages += 1
            if not isinstance(answer, OrderPage):
                self._stopped(answer)
                return
            records = self._with_lines(self._by_store([*answer.orders, *answer.rejected]))
            if self.polled.trouble is not None:  # the page is read again, with its lines
                self._merge(records)
                return
            if page + 1 < answer.page_count:
                self.place.todo[0] = (start, end, state, page + 1)
            elif state + 1 < len(states):
                self.place.todo[0] = (start, end, state + 1, 0)
            else:
                del self.place.todo[0]
            self._merge(records)

    def _stopped(self, trouble: Trouble) -> None:
        """Note what went wrong; a window whose answer cannot be read lets the others go first next time."""
        self.polled.trouble = trouble
        if isinstance(trouble, Unknown | Refused):
            self.place.todo.append(self.place.todo.pop(0))

    def _by_store(self, records: Sequence[OrderRecord | RowRejected]) -> _Sorted:
        """Sort what was read by the merchant's stores, and note what of it is of another shop or could not be read."""
        found = records_by_store(records, self.store, list(self.stores.values()))
        for record in (each for records in found.values() for each in records):
            if isinstance(record, OrderRecord):
                self.polled.unread += bool(record.unread)
            elif record.reason_code == FOREIGN_SHOP:
                self.polled.foreign.append(record.reason)
        return found

    def _with_lines(self, found: _Sorted) -> _Sorted:
        """Ask for the lines of orders that came without and are not kept with them."""
        return {store_id: self._lined(store_id, records) for store_id, records in found.items()}

    def _lined(
        self, store_id: UUID, records: Sequence[OrderRecord | RowRejected]
    ) -> list[OrderRecord | RowRejected]:
        bare = [r.code for r in records if isinstance(r, OrderRecord) and r.lines is None]
        if not bare:
            return list(records)
        with within_walls(self.store.merchant_id):
            lined = codes_with_lines(store_id, bare)
        return [
            self._requested(r)
            if isinstance(r, OrderRecord) and r.lines is None and r.code not in lined
            else r
            for r in records
        ]

    def _requested(self, record: OrderRecord) -> OrderRecord:
        """Add an order's lines.  An order whose lines cannot be read is kept without, and told of in the health."""
        if record.external_id is None or self.polled.trouble is not None:
            return record
        lines = self.source.lines(record.external_id)
        if isinstance(lines, tuple):
            return replace(record, lines=lines)
        if isinstance(lines, Busy | Misconfigured):
            self.polled.trouble = lines
            return record
        self.polled.without_lines += 1
        why = lines.detail if isinstance(lines, Unknown) else lines.reason
        return replace(record, unread=(*record.unread, Unread("entries", "unread", why)))

    def read_wanted(self) -> None:
        """Ask for single orders that open returns name and nobody has read, however old they are."""
        for code in self._wanted():
            answer = self.source.by_code(code)
            if isinstance(answer, OrderRecord):
                self.place.missing.pop(code, None)
                found = self._by_store([answer])
                if not any(isinstance(each, OrderRecord) for each in found.get(self.store.pk, ())):
                    self.place.missing[code] = self.now.isoformat()  # it is not of this store
                self._merge(found)
            elif isinstance(answer, Missing):
                self.place.missing[code] = self.now.isoformat()
            elif not isinstance(answer, Refused):
                self.polled.trouble = answer
                return

    def _wanted(self) -> list[str]:
        read_lately = {
            code
            for code, at in self.place.missing.items()
            if self.now - datetime.fromisoformat(at) < ASK_MISSING_AGAIN
        }
        with within_walls(self.store.merchant_id):
            named = ReturnRequest.objects.filter(store_id=self.store.pk, order_id=None)
            codes = set(
                named.exclude(stage=Stage.CLOSED)
                .exclude(order_code__in=read_lately)
                .order_by("-pk")
                .values_list("order_code", flat=True)[: CODES_MAX * 10]
            )
            known = order_ids_by_code(self.store.pk, codes)
        return sorted(codes - known.keys())[:CODES_MAX]

    def _merge(self, found: _Sorted) -> None:
        """Merge what was read, each store's own, and save where reading stands, together."""
        with within_walls(self.store.merchant_id):
            merged_of = {
                store_id: self._merge_store(self.stores[store_id], records)
                for store_id, records in found.items()
            }
            self._save_place()
        for store_id, merged in merged_of.items():
            self.merged_of.setdefault(store_id, Merged()).add(merged)
            self.polled.merged.add(merged)

    def _merge_store(self, store: Store, records: Sequence[OrderRecord | RowRejected]) -> Merged:
        merged = orders_merge(store=store, records=records, now=self.now)
        for record in records:
            if isinstance(record, OrderRecord):
                merged.mention(record)
        by = system_actor("import")
        requests_link(merchant_id=store.merchant_id, store_id=store.pk, by=by, now=self.now)
        return merged

    def _save_place(self) -> None:
        newest = sorted(self.place.missing.items(), key=lambda each: each[1])[-MISSING_MAX:]
        self.place.missing = dict(newest)
        Connection.objects.filter(pk=self.row.pk).update(cursor=self.place.written())

    def finish(self) -> None:
        """Note health, place, and what came in for each store if anything did."""
        state, detail = self._health()
        with within_walls(self.store.merchant_id):
            self._save_place()
            health_note(self.row.pk, state, detail, self.now)
            for store_id, merged in self.merged_of.items():
                if merged.touched or merged.rejected:
                    import_write(
                        store=self.stores[store_id],
                        origin=ImportOrigin("API", self.row.name),
                        outcome=ImportOutcome(merged),
                        by_name="Qaitar",
                        now=self.now,
                    )

    def _health(self) -> tuple[State, str]:
        polled = self.polled
        if polled.trouble is not None:
            return health_message(polled.trouble)
        sentences = []
        if polled.foreign:
            sentences += [
                f"Orders of another shop, refused: {len(polled.foreign)}.",
                polled.foreign[0],
            ]
        if polled.without_lines:
            sentences.append(f"Orders whose lines could not be read: {polled.without_lines}.")
        if polled.unread:
            sentences.append(f"Orders with a value that could not be read: {polled.unread}.")
        return (State.REFUSED if polled.foreign else State.HEALTHY), " ".join(sentences)


def _as_record(order: Order) -> OrderRecord:
    return OrderRecord(
        code=order.code,
        status=order.status or None,
        created_at=order.ordered_at,
        planned_delivery_at=order.planned_delivery_at,
        delivered_at=order.delivered_at,
    )
