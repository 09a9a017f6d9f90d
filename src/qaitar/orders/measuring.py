"""How fast orders come in, beside what the database can do at best on the same machine in the same minute."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Final

from django.db import connection
from psycopg import sql

from qaitar.contracts.marketplace import LineRecord, OrderRecord, TenderKind, TenderRecord
from qaitar.kernel.almaty import almaty_day, almaty_to_utc
from qaitar.orders.services.merging import orders_merge

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from qaitar.orders.models import Store

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
    """Import a sample twice and copy the same rows bare; the caller's transaction holds the sample and should be rolled back.

    Records are made beforehand, so that merging alone is timed.  `owner` (autocommit) makes and drops the bare tables.
    """
    sample = list(sample_orders(count, seed=1, now=now))
    started = perf_counter()
    first = orders_merge(store=store, records=sample, now=now)
    between = perf_counter()
    again = orders_merge(store=store, records=sample, now=now)
    ended = perf_counter()
    assert first.orders.created == again.orders.unchanged == count, "the store was not empty"
    seconds = [_bare_copy(table, store, owner) for table in TABLES]
    return IngestFigures(
        orders=count,
        first=count / (between - started),
        unchanged=count / (ended - between),
        copy_all=count / sum(seconds),
        copy_orders=count / seconds[0],
    )


def _bare_copy(table: str, store: Store, owner: psycopg.Connection[tuple[object, ...]]) -> float:
    """Copy a table's rows of this merchant into an empty table with the same indexes; seconds."""
    name = sql.Identifier(table)
    bare = sql.Identifier(f"bare_{table}")
    of_merchant = sql.SQL("COPY (SELECT * FROM {} WHERE merchant_id = {}) TO STDOUT").format(
        name, sql.Literal(store.merchant_id)
    )
    with connection.cursor() as cursor, cursor.copy(of_merchant) as copy:
        rows = b"".join(bytes(part) for part in copy)
    owner.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(bare))
    owner.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(bare, name))
    try:
        with owner.cursor() as bare_cursor:
            started = perf_counter()
            with bare_cursor.copy(sql.SQL("COPY {} FROM STDIN").format(bare)) as into:
                into.write(rows)
            return perf_counter() - started
    finally:
        owner.execute(sql.SQL("DROP TABLE {}").format(bare))
