"""What `bench life` stands on: one store, one good, one customer, one series of order numbers; web and worker beside it."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import psutil
from django.db import connection, transaction

from qaitar.foundation.tenancy.walls import see
from qaitar.kernel.ids import new_id
from qaitar.lab.bench.dataset import people_and_stores, token_for
from qaitar.returns.models import MerchantRule
from qaitar.runtime.ports import LOOPBACK, pick_port
from qaitar.runtime.processes import wait_ready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

FIRST_ORDER: Final = 600_000_000
READY_SECONDS: Final = 60.0
END_SECONDS: Final = 15.0

_ORDERS: Final = """
WITH buyer AS (
  INSERT INTO orders_customer (id, merchant_id, channel, external_id, name, phone, language)
  VALUES (%(customer)s, %(merchant)s, 'KASPI', 'customer-1', 'Оксана Петрова', '+77011234567', '') RETURNING id
), sold AS (
  INSERT INTO orders_order (id, merchant_id, store_id, code, external_id, customer_id, ordered_at, state, status,
    status_changed_on, payment_mode, total_minor, currency, delivery_mode, address, pickup_point, waybill_number, waybill_url,
    delivered_at, cancellation_reason, erp_number, digest, created_at, updated_at)
  SELECT gen_random_uuid(), %(merchant)s, %(store)s, (%(first)s + i)::text, '', buyer.id, %(now)s::timestamptz - interval '5 days',
    'ARCHIVE', 'COMPLETED', (%(now)s::timestamptz - interval '2 days')::date, 'PREPAID', 12990000, 'KZT', 'DELIVERY_LOCAL',
    'г. Алматы, улица Абая, д. 1', '', '', '', %(now)s::timestamptz - interval '2 days', '', '', '', %(now)s, %(now)s
  FROM generate_series(0, %(count)s - 1) AS i, buyer RETURNING id
)
INSERT INTO orders_orderline (id, merchant_id, order_id, key, number, offer_code, name, category_code, category_title,
  quantity_milli, unit_type, price_minor, total_minor)
SELECT gen_random_uuid(), %(merchant)s, sold.id, 'SKU-00001|Кроссовки', 0, 'SKU-00001', 'Кроссовки беговые, размер 42', '',
  'Кроссовки', 1000, '', 12990000, 12990000 FROM sold
"""


@dataclass(frozen=True, slots=True)
class BenchShop:
    """The one store all lives are played in."""

    merchant_id: UUID
    store_id: UUID
    user_id: int
    token: str


def shop_make(now: datetime, orders: int) -> BenchShop:
    """Make the store, its orders, and a rule by which goods in good order need no photos before they are taken."""
    user, stores = people_and_stores(now, 1, 1)
    store = stores[0]
    with transaction.atomic(), connection.cursor() as cursor:
        see([store.merchant_id])
        MerchantRule.objects.create(
            id=new_id(),
            merchant_id=store.merchant_id,
            key="EVIDENCE_PROPER",
            value=[],
            valid_from=now.date().replace(year=now.year - 1, day=1),
            by_name="bench",
            created_at=now,
        )
        parameters: dict[str, Any] = {
            "customer": new_id(),
            "merchant": store.merchant_id,
            "store": store.pk,
            "first": FIRST_ORDER,
            "count": orders,
            "now": now,
        }
        cursor.execute(_ORDERS, parameters)
    token = token_for(user.pk, [store.merchant_id], now)
    return BenchShop(store.merchant_id, store.pk, user.pk, token)


@dataclass(frozen=True, slots=True)
class Served:
    """The running program: where it answers and the processes it consists of."""

    port: int
    program: psutil.Process

    def memory(self) -> dict[str, HeldRows]:
        """Measure memory by process; the database is not counted."""
        family = [self.program, *self.program.children(recursive=True)]
        names = self._names()
        return {names.get(each.pid, f"process {each.pid}"): _held(each) for each in family}

    def _names(self) -> dict[int, str]:
        """Tell the parts apart: the server is the one that has forked workers itself."""
        names = {self.program.pid: "what has loaded the program"}
        for part in self.program.children():
            workers = part.children()
            names[part.pid] = "web server" if workers else "job worker"
            names |= {w.pid: f"web worker {n}" for n, w in enumerate(workers, 1)}
        return names


@dataclass(frozen=True, slots=True)
class HeldRows:
    """Bytes a program holds: its own alone (USS), and with pages that processes share counted once between them (PSS)."""

    own: int
    whole: int


def _held(process: psutil.Process) -> HeldRows:
    memory = process.memory_full_info()
    return HeldRows(int(memory.uss), int(getattr(memory, "pss", memory.uss)))


@contextmanager
def serving(server: Callable[[str, int], list[str]], logs: Path) -> Iterator[Served]:
    """Run the web server with two workers and a job worker as `qaitar up` does; all end with the block."""
    port = pick_port()
    environ = dict(os.environ)
    started: list[subprocess.Popen[bytes]] = []
    with (logs / "bench.log").open("ab") as log:
        try:
            program = subprocess.Popen(  # noqa: S603  our own program
                server(LOOPBACK, port),
                env=environ,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
            started.append(program)
            wait_ready(
                f"http://{LOOPBACK}:{port}/readyz",
                READY_SECONDS,
                alive=lambda: started[0].poll() is None,
            )
            yield Served(port, psutil.Process(program.pid))
        finally:
            _end(started)


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    until = time.monotonic() + END_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
