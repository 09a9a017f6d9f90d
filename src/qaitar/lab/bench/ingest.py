"""How fast orders come in, beside what the database can do at best on the same machine in the same minute."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import connection
from psycopg import sql

from qaitar.contracts.marketplace import LineRecord, OrderRecord, TenderKind, TenderRecord
from qaitar.kernel.almaty import almaty_day, almaty_to_utc
from qaitar.orders.services.merging import orders_merge

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from qaitar.orders.models import Store

BLOCK: Final = 20_000
TABLES: Final = ("orders_order", "orders_orderline", "orders_tender")
_GOODS: Final = 3_000
_SPAN_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class IngestFigures:
    """Rows a second, higher is better.  An order of the sample is one row of an export: one line, one way of paying.

    `copy_all` is the ceiling: the rows that the import left in all three tables, written by COPY from ready text into empty
    tables with the same indexes.  `copy_orders` is the same for the table of orders alone.
    """

    orders: int
    first: float
    unchanged: float
    copy_all: float
    copy_orders: float

    @property
    def first_share(self) -> float:
        """Give the first import as a part of the ceiling."""
        return self.first / self.copy_all

    @property
    def unchanged_share(self) -> float:
        """Give the import that changes nothing as a part of the ceiling."""
        return self.unchanged / self.copy_all


def sample_orders(count: int, *, seed: int, now: datetime) -> Iterator[OrderRecord]:
    """Make orders as an export tells them: the same seed gives the same orders."""
    dice = random.Random(seed)  # noqa: S311  a sample, no secret
    starts: dict[date, datetime] = {}
    for place in range(count):
        price = dice.randrange(1_000, 500_000) * 100
        good = dice.randrange(_GOODS)
        day = almaty_day(now) - timedelta(days=dice.randrange(_SPAN_DAYS))
        created_at = starts.setdefault(day, almaty_to_utc(datetime.combine(day, time.min)))
        yield OrderRecord(
            code=str(300_000_000 + place),
            created_at=created_at,
            dates_are_days=True,
            state="ARCHIVE",
            status="COMPLETED",
            status_changed_on=day,
            delivered_at=created_at,
            payment_mode="PREPAID",
            total_minor=price,
            delivery_mode="DELIVERY_LOCAL",
            delivery_cost_minor=99_500,
            delivery_cost_seller_minor=145_500,
            pickup_point="30000000_PP1",
            address=f"г. Алматы, улица Абая, д. {good}, кв. {place % 100}",
            lines=(
                LineRecord(
                    offer_code=f"SKU-{good:05d}",
                    name=f"Смартфон образец {good} 8 ГБ/256 ГБ чёрный",
                    category_title="Смартфоны",
                    quantity_milli=1000,
                    price_minor=price,
                    total_minor=price,
                ),
            ),
            tenders=(TenderRecord(kind=TenderKind.CARD, amount_minor=price),),
            row_numbers=(place + 2,),
        )


def ingest_measure(
    *, store: Store, count: int, now: datetime, owner: psycopg.Connection[tuple[object, ...]]
) -> IngestFigures:
    """Import a sample twice and copy the same rows bare, by turns in blocks, so that all meet the same weather.

    The caller's transaction holds the sample and should be rolled back.  Records are made beforehand, so that merging alone
    is timed.  `owner` (autocommit) makes the bare tables and drops them.
    """
    sample = list(sample_orders(count, seed=1, now=now))
    took = dict.fromkeys(("first", "unchanged", *TABLES), 0.0)
    after = dict.fromkeys(TABLES, UUID(int=0))
    for table in TABLES:
        bare = sql.Identifier(f"bare_{table}")
        owner.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(bare))
        owner.execute(
            sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(bare, sql.Identifier(table))
        )
    for start in range(0, count, BLOCK):
        block = sample[start : start + BLOCK]
        started = perf_counter()
        first = orders_merge(store=store, records=block, now=now)
        between = perf_counter()
        again = orders_merge(store=store, records=block, now=now)
        took["unchanged"] += perf_counter() - between
        took["first"] += between - started
        assert first.orders.created == again.orders.unchanged == len(block), "the store was in use"
        for table in TABLES:
            seconds, after[table] = _bare_copy(table, after[table], owner)
            took[table] += seconds
    for table in TABLES:
        owner.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(f"bare_{table}")))
    return IngestFigures(
        orders=count,
        first=count / took["first"],
        unchanged=count / took["unchanged"],
        copy_all=count / sum(took[table] for table in TABLES),
        copy_orders=count / took[TABLES[0]],
    )


def _bare_copy(
    table: str, after: UUID, owner: psycopg.Connection[tuple[object, ...]]
) -> tuple[float, UUID]:
    """Copy a table's rows with ids above `after` into its bare twin; seconds, and the highest id."""
    name = sql.Identifier(table)
    fresh = sql.SQL("COPY (SELECT * FROM {} WHERE id > {}) TO STDOUT").format(
        name, sql.Literal(after)
    )
    with connection.cursor() as cursor:
        with cursor.copy(fresh) as copy:
            rows = b"".join(bytes(part) for part in copy)
        cursor.execute(sql.SQL("SELECT id FROM {} ORDER BY id DESC LIMIT 1").format(name))
        highest: UUID = cursor.fetchone()[0]
    statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(f"bare_{table}"))
    with owner.cursor() as bare_cursor:
        started = perf_counter()
        with bare_cursor.copy(statement) as into:
            into.write(rows)
        return perf_counter() - started, highest
