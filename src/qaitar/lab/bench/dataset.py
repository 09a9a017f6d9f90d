"""Makes a shop of ten thousand or a million requests in a bench database, and knows it again when it is there already."""

from __future__ import annotations

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import psycopg
from django.db import transaction
from psycopg import sql

from qaitar.foundation.identity.access import token_create
from qaitar.foundation.identity.people import merchant_create, person_create, role_set
from qaitar.foundation.models import Membership, Merchant, User
from qaitar.foundation.tenancy.walls import SETTING, as_setting, see
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.lab.bench import dataset_sql
from qaitar.lab.bench.database import ground_open
from qaitar.orders.models import Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from qaitar.lab.bench.database import BenchDatabase
    from qaitar.runtime.addresses import DatabaseAddresses

MERCHANTS: Final = 3
STORES_EACH: Final = 4
USERNAME: Final = "bench"
STAGES: Final = (
    *("NEW",) * 6,
    *("WAITING_CUSTOMER",) * 5,
    "WAITING_APPROVAL",
    *("IN_DELIVERY",) * 4,
    *("ARRIVED",) * 2,
    "REFUND_GRANTED",
    "DISPUTED",
)
FIRST_NAMES: Final = (
    "Әсем",
    "Айгерім",
    "Дәулет",
    "Оксана",
    "Тимур",
    "Нұрлан",
    "Гүлнәр",
    "Сергей",
    "Марина",
    "Ерлан",
    "Жанна",
    "Алия",
    "Бауыржан",
    "Дина",
    "Игорь",
    "Камила",
    "Мадина",
    "Наталья",
    "Олжас",
    "Полина",
    "Рустам",
    "Сәуле",
    "Татьяна",
    "Ұлан",
    "Шолпан",
    "Юлия",
    "Ярослав",
    "Аружан",
    "Болат",
    "Ғалым",
)
LAST_NAMES: Final = (
    "Ахметова",
    "Иванов",
    "Сейтқали",
    "Петрова",
    "Ким",
    "Оспанов",
    "Жұмабаева",
    "Смирнов",
    "Нұрпейіс",
    "Ли",
    "Қасым",
    "Тлеуова",
    "Попов",
    "Сүлейменов",
    "Мұрат",
    "Волкова",
    "Есенов",
    "Рахимова",
    "Цой",
    "Байжан",
    "Дүйсен",
    "Козлов",
    "Ермекова",
    "Сапар",
    "Новиков",
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What kind of shop to make: how many requests, how many of five are open, at which stages the open ones stand."""

    count: int
    open_of_five: int = 1
    stages: tuple[str, ...] = STAGES

    def fingerprint(self) -> str:
        """Tell worlds apart: the shape and everything the maker does.

        >>> Shape(10).fingerprint() == Shape(10).fingerprint(), Shape(10).fingerprint() == Shape(11).fingerprint()
        (True, False)
        """
        hands = [s for hand in dataset_sql.HANDS for _, statements in hand for s in statements]
        description = repr(
            (self, MERCHANTS, STORES_EACH, FIRST_NAMES, LAST_NAMES, dataset_sql.ROWS, hands)
        )
        return f"world {self.count} {hashlib.sha256(description.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class BenchWorld:
    """A made shop: how many requests, who works there, and how long making it took (0: it was there)."""

    count: int
    user_id: int
    merchants: tuple[UUID, ...]
    seconds: float


def world_ground(
    shop: DatabaseAddresses, suffix: str, shape: Shape, now: datetime, *, fresh: bool = False
) -> tuple[BenchDatabase, BenchWorld]:
    """Open the bench database that holds the world of this shape: kept from an earlier run, or made now."""
    ground = ground_open(shop, suffix, fresh=fresh)
    if ground.note() == shape.fingerprint():
        return ground, _known(shape)
    if not ground.made:  # another shape, or the making was broken off
        ground = ground_open(shop, suffix, fresh=True)
    return ground, world_make(ground, shape, now)


def _known(shape: Shape) -> BenchWorld:
    user = User.objects.get(username=USERNAME)
    held = Membership.objects.filter(user=user).order_by("merchant_id")
    return BenchWorld(shape.count, user.pk, tuple(held.values_list("merchant_id", flat=True)), 0.0)


def world_make(ground: BenchDatabase, shape: Shape, now: datetime) -> BenchWorld:
    """Make requests with orders, keys, journal, proofs and counters in an empty bench database."""
    started = time.perf_counter()
    user, stores = people_and_stores(now, MERCHANTS, STORES_EACH)
    parameters: dict[str, Any] = {
        "count": shape.count,
        "open_of_five": shape.open_of_five,
        "now": now,
        "stores": [store.pk for store in stores],
        "merchants": [store.merchant_id for store in stores],
        "store_names": [store.name for store in stores],
        "stages": list(shape.stages),
        "first_names": list(FIRST_NAMES),
        "last_names": list(LAST_NAMES),
        "user": user.pk,
        "user_name": str(user),
    }
    merchants = tuple(sorted({store.merchant_id for store in stores}))
    _fill(ground, merchants, parameters)
    ground.note_set(shape.fingerprint())
    return BenchWorld(shape.count, user.pk, merchants, time.perf_counter() - started)


def people_and_stores(now: datetime, merchants: int, stores: int) -> tuple[User, list[Store]]:
    """Make merchants with stores, and one senior who works at all of them."""
    made: list[Store] = []
    with transaction.atomic():
        user = person_create(
            username=USERNAME, name="Bench Operator", email="bench@example.com", password=""
        )
        for number in range(merchants):
            merchant = merchant_create(name=f"Bench {number + 1}", now=now)
            role_set(user=user, merchant_id=merchant.pk, role=Role.SENIOR, now=now)
            made += [_store(merchant, place + 1, now) for place in range(stores)]
    return user, made


def _store(merchant: Merchant, number: int, now: datetime) -> Store:
    name = f"{merchant.name} / {number}"
    return Store.objects.create(
        id=new_id(), merchant_id=merchant.pk, name=name, channel="KASPI", created_at=now
    )


def token_for(
    user_id: int,
    merchants: Sequence[UUID],
    now: datetime,
    *,
    scopes: Sequence[str] = ("read", "write"),
) -> str:
    """Give the bench's person a token for this run."""
    with transaction.atomic():
        see(merchants)
        user = User.objects.get(pk=user_id)
        return token_create(user=user, name="bench", scopes=tuple(scopes), now=now)


def _fill(ground: BenchDatabase, merchants: Sequence[UUID], parameters: Mapping[str, Any]) -> None:
    with ground.owner() as owner:
        _open(owner, merchants)
        indexes = _Indexes(owner)
        indexes.drop()
        owner.execute(dataset_sql.ROWS, parameters)
        owner.execute("ANALYZE bench_row")
    with ThreadPoolExecutor(len(dataset_sql.HANDS)) as pool:
        for done in [
            pool.submit(_hand, ground, merchants, hand, parameters) for hand in dataset_sql.HANDS
        ]:
            done.result()
        for done in [pool.submit(indexes.build, ground) for _ in dataset_sql.HANDS]:
            done.result()
    with ground.owner() as owner:
        owner.execute("DROP TABLE bench_row")
        for table in dataset_sql.TABLES:
            owner.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))
        owner.execute("CHECKPOINT") if _may_checkpoint(owner) else None


def _may_checkpoint(owner: psycopg.Connection[tuple[object, ...]]) -> bool:
    row = owner.execute("SELECT pg_has_role(current_user, 'pg_checkpoint', 'MEMBER')").fetchone()
    return bool(row and row[0])


def _open(owner: psycopg.Connection[tuple[object, ...]], merchants: Sequence[UUID]) -> None:
    owner.execute("SELECT set_config(%s, %s, false)", [SETTING, as_setting(merchants)])
    owner.execute("SET maintenance_work_mem = '512MB'")
    owner.execute("SET work_mem = '128MB'")


def _hand(
    ground: BenchDatabase,
    merchants: Sequence[UUID],
    tables: Sequence[tuple[str, Sequence[str]]],
    parameters: Mapping[str, Any],
) -> None:
    with ground.owner() as owner:
        _open(owner, merchants)
        for _, statements in tables:
            for statement in statements:
                owner.execute(statement, parameters)


class _Indexes:
    """The indexes of the filled tables: taken away before filling and built again after it, many times as fast."""

    def __init__(self, owner: psycopg.Connection[tuple[object, ...]]) -> None:
        self._owner = owner
        self._lock = threading.Lock()
        tables = list(dataset_sql.TABLES)
        constraints = owner.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid::regclass::text = ANY(%s) AND contype IN ('p', 'u') ORDER BY 1, 2",
            [tables],
        ).fetchall()
        self._constraints = [(str(t), str(name), str(text)) for t, name, text in constraints]
        plain = owner.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)"
            " AND indexname <> ALL(%s) ORDER BY tablename, indexname",
            [tables, [name for _, name, _ in self._constraints]],
        ).fetchall()
        self._plain = [(str(name), str(text)) for name, text in plain]
        self._work: list[str] = []

    def drop(self) -> None:
        """Take them away."""
        for table, name, _ in self._constraints:
            self._run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _ in self._plain:
            self._run(f"DROP INDEX {name}")
        self._work = [text for _, text in self._plain]
        self._work += [f"ALTER TABLE {t} ADD CONSTRAINT {n} {d}" for t, n, d in self._constraints]

    def _run(self, statement: str) -> None:
        self._owner.execute(statement.encode())  # made of the catalogue's own names

    def build(self, ground: BenchDatabase) -> None:
        """Build what is left to build until nothing is; several hands may call this at once."""
        with ground.owner() as owner:
            _open(owner, ())
            while True:
                with self._lock:
                    if not self._work:
                        return
                    statement = self._work.pop()
                owner.execute(statement.encode())
