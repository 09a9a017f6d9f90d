"""Merging what sources tell about orders into what is kept: the one way orders come in, by file, by API or by hand."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable

from qaitar.contracts.marketplace import OrderRecord, RowNote, RowRejected
from qaitar.kernel.almaty import almaty_day
from qaitar.kernel.ids import new_id_text
from qaitar.kernel.phones import normalise_phone
from qaitar.orders import import_sql
from qaitar.orders.background import Background
from qaitar.orders.errors import MergeBusy
from qaitar.orders.import_rows import (
    DIGEST_BYTES,
    FIELD,
    ORDER_AT,
    ImportRow,
    RowProblem,
    copied,
    import_row_of,
    line_keys,
)
from qaitar.orders.merge import (
    StoredLine,
    StoredTender,
    lines_merged,
    only_fills,
    order_merged,
    shows_part,
    sums_in_doubt,
    tenders_merged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    import psycopg

    from qaitar.orders.models import Store

BATCH: Final = 5_000
_NO_DIGEST: Final = bytes(DIGEST_BYTES)
# Mobile numbers of Kazakhstan by their first three digits; a test holds this to the library, which is fifty times slower.
_MOBILE: Final = re.compile(r"(?:\+?7|8)?(7(?:0[0-25-8]|47|6[0-4]|7[15-8]|85)[0-9]{7})\Z")
_UPSERTS: Final = (import_sql.UPSERT_ORDERS, import_sql.UPSERT_LINES, import_sql.UPSERT_TENDERS)
_INSERTS: Final = (import_sql.INSERT_ORDERS, import_sql.INSERT_LINES, import_sql.INSERT_TENDERS)


@dataclass(slots=True)
class Counts:
    """What became of what was read; read = created + updated + unchanged + rejected."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0

    @property
    def read(self) -> int:
        """Add up everything that was read."""
        return self.created + self.updated + self.unchanged + self.rejected

    def add(self, other: Counts) -> None:
        """Add the counts of another merge."""
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.rejected += other.rejected


@dataclass(slots=True)
class Merged:
    """The outcome of a merge.  `rows` counts rows of a file (an answer of an API is one row), `orders` counts orders.

    `notes` tell what of taken rows was not taken as it stands.  `touched` are the codes of orders that were created or updated.
    """

    rows: Counts = field(default_factory=Counts)
    orders: Counts = field(default_factory=Counts)
    rejected: list[RowRejected] = field(default_factory=list)
    notes: list[RowNote] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)

    def count(self, record: OrderRecord, outcome: str) -> None:
        """Note what became of one order and of its rows."""
        rows = len(record.row_numbers) or 1
        setattr(self.rows, outcome, getattr(self.rows, outcome) + rows)
        setattr(self.orders, outcome, getattr(self.orders, outcome) + 1)
        if record.notes:
            self.notes += (replace(note, sheet=record.sheet) for note in record.notes)
        if outcome in {"created", "updated"}:
            self.touched.append(record.code)

    def add(self, other: Merged) -> None:
        """Add the outcome of another merge."""
        self.rows.add(other.rows)
        self.orders.add(other.orders)
        self.rejected += other.rejected
        self.notes += other.notes
        self.touched += other.touched

    def refuse(self, record: OrderRecord, fault: RowProblem) -> None:
        """Reject every row of an order for one reason."""
        self.orders.rejected += 1
        for number, raw in record.raw_rows():
            self.refuse_row(
                RowRejected(
                    row_number=number,
                    reason_code=fault.code,
                    reason=fault.sentence,
                    raw=raw,
                    sheet=record.sheet,
                )
            )

    def mention(self, record: OrderRecord) -> None:
        """Name what of an order now written could not be read; the order itself is counted already."""
        if record.code not in self.touched:
            return
        for one in record.unread:
            reason = (
                f"Order {record.code} was taken without «{one.name}»: {one.came} cannot be read."
            )
            self.rejected.append(
                RowRejected(row_number=0, reason_code="value_unread", reason=reason, raw=record.raw)
            )

    def refuse_row(self, rejected: RowRejected) -> None:
        """Keep a rejection that the reader or the merge has made."""
        self.rows.rejected += 1
        self.rejected.append(rejected)


@dataclass(slots=True)
class _Person:
    """A customer as they will be kept."""

    id: str
    name: str
    phone: str
    changed: bool


@dataclass(slots=True)
class _Batch:
    """Rows waiting to be copied."""

    orders: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    tenders: list[str] = field(default_factory=list)
    gone_tenders: list[str] = field(default_factory=list)
    has_stored: bool = False


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is stored of an order besides its own row, and its total as it will be."""

    lines: list[StoredLine]
    tenders: list[StoredTender]
    total: str


def orders_merge(
    *, store: Store, records: Iterable[OrderRecord | RowRejected], now: datetime
) -> Merged:
    """Merge orders of one store, in the caller's transaction behind the merchant's walls; tell what became of each.

    Readers' rejections may stand among the records and are passed through.  Merging never erases, and merging the same
    again touches no row.  A record that cannot be kept is rejected whole, and the others are not stopped by it.

    Raises:
        MergeBusy: another merge of this merchant did not end in time; nothing was written.
    """
    assert connection.in_atomic_block, "walls hold for a transaction: open one first"
    merged = Merged()
    _prepare(store)
    batch: dict[str, ImportRow] = {}
    with Background() as background:
        for record in records:
            reading = _sound(record, merged)
            if reading is None:
                continue
            if len(batch) >= BATCH or reading.code in batch:
                background.start(_merge_batch(store, batch, now, merged, background))
                batch = {}
            batch[reading.code] = reading
        _merge_batch(store, batch, now, merged, background)()
    return merged


def _sound(record: OrderRecord | RowRejected, merged: Merged) -> ImportRow | None:
    if isinstance(record, RowRejected):
        merged.refuse_row(record)
        return None
    reading = import_row_of(record)
    if isinstance(reading, RowProblem):
        merged.refuse(record, reading)
        return None
    return reading


def _prepare(store: Store) -> None:
    """Take the merchant's turn and make the temporary tables, once for each connection."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(import_sql.LOCK, [str(store.merchant_id)])
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise MergeBusy from error
            raise
        cursor.execute(import_sql.CREATE)


def _merge_batch(
    store: Store,
    batch: dict[str, ImportRow],
    now: datetime,
    merged: Merged,
    background: Background,
) -> Callable[[], None]:
    """Compare a batch with what is stored, count, and give back the writing that remains to be done."""
    background.settle()
    known = {
        code: (id_, bytes(digest))
        for code, id_, digest in _rows(import_sql.KNOWN_ORDERS, list(batch), store)
    }
    fresh: list[ImportRow] = []
    other: list[tuple[ImportRow, str, bytes]] = []
    for code, reading in batch.items():
        if code not in known:
            fresh.append(reading)
            continue
        id_, digest = known[code]
        half = digest[:DIGEST_BYTES] if reading.from_file else digest[DIGEST_BYTES:]
        if half == reading.digest:
            merged.count(reading.record, "unchanged")
        else:
            other.append((reading, id_, digest))
    if not fresh and not other:
        return _nothing
    people = _people(store, [*fresh, *(reading for reading, _, _ in other)])
    rows = _Batch()
    for reading in fresh:
        _add_fresh(rows, reading, people, str(now))
        merged.count(reading.record, "created")
    if other:
        rows.has_stored = True
        _add_others(rows, other, people, now, merged)
    return _writing(store, rows, people, now)


def _nothing() -> None:
    """Write nothing: the batch changed nothing."""


def _rows(sql: str, wanted: Sequence[str], store: Store | None = None) -> list[tuple[Any, ...]]:
    arguments: dict[str, Any] = {"wanted": FIELD.join(wanted)}
    if store is not None:
        arguments |= {
            "store": store.pk,
            "merchant": store.merchant_id,
            "channel": store.channel,
        }
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _digest_text(reading: ImportRow, before: bytes) -> str:
    """Put the reading's digest into its half: the first is a file's, the second the marketplace's answer's."""
    file = before[:DIGEST_BYTES] or _NO_DIGEST
    answer = before[DIGEST_BYTES:] or _NO_DIGEST
    whole = reading.digest + answer if reading.from_file else file + reading.digest
    return "\\\\x" + whole.hex()


def _add_fresh(rows: _Batch, reading: ImportRow, people: dict[str, _Person], now: str) -> None:
    order_id = new_id_text()
    customer = people[key].id if (key := _person_key(reading)) else ""
    digest = _digest_text(reading, b"")
    safe: Callable[[str], str] = str if reading.plain else copied
    order = safe(reading.order_row)
    rows.orders.append(
        f"{order_id}{FIELD}{reading.code}{FIELD}{customer}{FIELD}{digest}{FIELD}{now}{FIELD}{order}"
    )
    for key, row in zip(line_keys(reading), reading.line_rows, strict=True):
        value = row.partition(FIELD)[2]
        rows.lines.append(safe(f"{new_id_text()}{FIELD}{order_id}{FIELD}{key}{FIELD}{value}"))
    kinds: set[str] = set()
    for row in reading.tender_rows:
        kind = row.partition(FIELD)[0]
        if kind not in kinds:
            kinds.add(kind)
            rows.tenders.append(f"{new_id_text()}{FIELD}{order_id}{FIELD}{row}")


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _add_others(
    rows: _Batch,
    others: Sequence[tuple[ImportRow, str, bytes]],
    people: dict[str, _Person],
    now: datetime,
    merged: Merged,
) -> None:
    """Lay readings over stored orders, and queue what differs."""
    ids = [id_ for _, id_, _ in others]
    orders = {str(row[0]): row for row in _rows(import_sql.STORED_ORDERS, ids)}
    lines: dict[str, list[StoredLine]] = defaultdict(list)
    for row in _rows(import_sql.STORED_LINES, ids):
        lines[str(row[0])].append(StoredLine(str(row[1]), row[2], [_text(v) for v in row[3:]]))
    tenders: dict[str, list[StoredTender]] = defaultdict(list)
    for row in _rows(import_sql.STORED_TENDERS, ids):
        tenders[str(row[0])].append(StoredTender(str(row[1]), [_text(v) for v in row[2:]]))
    for reading, id_, digest in others:
        _, customer, updated_at, *values = orders[id_]
        before = [_text(value) for value in values]
        is_part = shows_part(lines[id_], reading)
        after = order_merged(before, reading, almaty_day(updated_at).isoformat(), is_part=is_part)
        parts = _Parts(lines[id_], tenders[id_], after[ORDER_AT["total_minor"]])
        changed = _add_parts(rows, reading, id_, parts, fills=only_fills(reading, before))
        person = people[key] if (key := _person_key(reading)) else None
        owner = person.id if person else _text(customer)
        changed |= after != before or owner != _text(customer)
        changed |= person is not None and person.changed
        stamp = str(now if changed else updated_at)
        head = (id_, reading.code, owner, _digest_text(reading, digest), stamp)
        rows.orders.append(FIELD.join(head) + FIELD + copied(FIELD.join(after)))
        merged.count(reading.record, "updated" if changed else "unchanged")


def _add_parts(
    rows: _Batch,
    reading: ImportRow,
    order_id: str,
    stored: _Parts,
    *,
    fills: bool,
) -> bool:
    """Queue the lines and tenders that differ; tell whether any did."""
    merged_lines = lines_merged(stored.lines, reading, fills=fills)
    lines = sums_in_doubt(stored.lines, merged_lines, stored.total)
    for line in lines:
        head = (line.id or new_id_text(), order_id, line.key)
        rows.lines.append(copied(FIELD.join((*head, *line.texts))))
    tenders = tenders_merged(stored.tenders, reading, fills=fills)
    for id_, texts in tenders.written:
        rows.tenders.append(copied(FIELD.join((id_ or new_id_text(), order_id, *texts))))
    rows.gone_tenders.extend(tenders.gone)
    return bool(lines or tenders.written or tenders.gone)


def _person_key(reading: ImportRow) -> str:
    """Name the customer: the channel's id, else the phone, else the order they are known by; '' when nobody is told."""
    if not reading.customer_row:
        return ""
    external_id, name, first, last, phone = reading.customer_row.split(FIELD)
    if not (external_id or phone or name or first or last):
        return ""
    return external_id or (f"phone:{_phone(phone) or phone}" if phone else f"order:{reading.code}")


def _phone(raw: str) -> str:
    found = _MOBILE.match(raw)
    if found is not None:
        return "+7" + found[1]
    return (normalise_phone(raw) or "") if raw else ""


def _people(store: Store, readings: Sequence[ImportRow]) -> dict[str, _Person]:
    """Find or make the customers these readings name; what a reading does not tell stays as it is."""
    named = [(key, r.customer) for r in readings if r.customer and (key := _person_key(r))]
    if not named:
        return {}
    keys = list({key for key, _ in named})
    people = {
        external_id: _Person(str(id_), name, phone, changed=False)
        for external_id, id_, name, phone in _rows(import_sql.STORED_CUSTOMERS, keys, store)
    }
    for key, value in named:
        person = people.get(key)
        if person is None:
            person = people[key] = _Person(new_id_text(), "", "", changed=True)
        name = value[1] or f"{value[2]} {value[3]}".strip() or person.name
        phone = _phone(value[4]) or person.phone
        if (name, phone) != (person.name, person.phone):
            person.name, person.phone, person.changed = name, phone, True
    return people


def _writing(
    store: Store, rows: _Batch, people: dict[str, _Person], now: datetime
) -> Callable[[], None]:
    """Give the work that copies the queued rows and upserts them, one statement a table.

    It uses the driver's own cursor, because it may run in another thread than the one that owns Django's connection.
    """
    persons = [
        copied(FIELD.join((person.id, key, person.name, person.phone)))
        for key, person in people.items()
        if person.changed
    ]
    arguments = {
        "merchant": store.merchant_id,
        "store": store.pk,
        "channel": store.channel,
        "now": now,
    }
    orders_sql, lines_sql, tenders_sql = _UPSERTS if rows.has_stored else _INSERTS
    steps = (
        (persons, import_sql.COPY_CUSTOMERS, import_sql.UPSERT_CUSTOMERS),
        (rows.orders, import_sql.COPY_ORDERS, orders_sql),
        (rows.lines, import_sql.COPY_LINES, lines_sql),
        (rows.tenders, import_sql.COPY_TENDERS, tenders_sql),
    )
    driver, wrap_errors = connection.connection, connection.wrap_database_errors
    return partial(_write, driver, wrap_errors, steps, arguments, rows.gone_tenders)


def _write(
    driver: psycopg.Connection[Any],
    wrap_errors: AbstractContextManager[None],
    steps: Sequence[tuple[list[str], str, str]],
    arguments: Mapping[str, Any],
    gone_tenders: list[str],
) -> None:
    with wrap_errors, driver.cursor() as cursor:
        cursor.execute(import_sql.EMPTY)
        for texts, copy_sql, upsert_sql in steps:
            if texts:
                with cursor.copy(copy_sql) as copy:
                    copy.write("\n".join(texts) + "\n")
                cursor.execute(upsert_sql, arguments)
        if gone_tenders:
            cursor.execute(import_sql.DELETE_TENDERS, [gone_tenders])
