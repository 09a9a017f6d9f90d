"""A cut of `bench console`: on twenty thousand requests no page asks much, and no plan reads a big table end to end."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from django.db import connection, transaction
from django.test import override_settings

from qaitar.foundation.journal.lines import first_break
from qaitar.foundation.models import JournalEntry
from qaitar.foundation.records.models import SearchKey
from qaitar.foundation.tenancy.walls import see
from qaitar.lab.bench.console import STATEMENTS_MAX
from qaitar.lab.bench.console_pages import PageAsks, desk_client, page_asks, pages_of
from qaitar.lab.bench.database import ground_drop
from qaitar.lab.bench.dataset import Shape, world_ground
from qaitar.lab.bench.plans import Asking, listening
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.queue import LATE_COUNTED_MAX, PAGE_ROWS, stage_counts

if TYPE_CHECKING:
    from qaitar.lab.bench.dataset import BenchWorld
    from qaitar.runtime.addresses import DatabaseAddresses

COUNT = 20_000
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
PAGES = {
    "queue, first page": PAGE_ROWS,
    "queue, second page": PAGE_ROWS,
    "queue, one stage": PAGE_ROWS,
    "queue, one store": PAGE_ROWS,
    "card": 1,
    "search: number": 1,
    "search: phone": 1,
    "search: one name": 50,
    "search: both names": 2,
    "search: phone's last four": 1,
}
"""Every page, and how many cases it shows at least on the made shop."""


@dataclass
class Seen:
    """What was measured on the made shop before it was taken away again."""

    pages: dict[str, PageAsks]
    unkeyed: Asking
    counted: dict[str, int]
    stored: dict[str, int]
    broken: int
    keyless: int


@pytest.fixture(scope="module")
def seen(
    django_db_setup: None,
    django_db_blocker: Any,
    database: DatabaseAddresses,
    tmp_path_factory: pytest.TempPathFactory,
) -> Seen:
    folder = override_settings(
        STATIC_ROOT=tmp_path_factory.mktemp("static"), WHITENOISE_USE_FINDERS=False
    )
    with django_db_blocker.unblock(), mock.patch.dict(os.environ), folder:
        ground, world = world_ground(database, "plans", Shape(COUNT), NOW)
        try:
            client = desk_client(world)
            pages = {page.title: page_asks(client, page) for page in pages_of(world)}
            return _looked_at(world, pages)
        finally:
            ground_drop(database, ground)


def _looked_at(world: BenchWorld, pages: dict[str, PageAsks]) -> Seen:
    with transaction.atomic():
        see(world.merchants)
        with listening() as unkeyed, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM returns_returnrequest WHERE amount_minor = 1")
        stages = ReturnRequest.objects.values_list("stage", flat=True)
        stored = {stage: list(stages).count(stage) for stage in set(stages)}
        sample = ReturnRequest.objects.order_by("number").values_list("pk", flat=True)[::400]
        chains = [JournalEntry.objects.filter(subject_id=pk).order_by("seq") for pk in sample]
        broken = sum(first_break(chain) is not None for chain in chains)
        keyed = SearchKey.objects.values("subject_id")
        return Seen(
            pages=pages,
            unkeyed=unkeyed,
            counted={str(s): n for s, n in stage_counts(world.merchants).items() if n},
            stored=stored,
            broken=broken,
            keyless=ReturnRequest.objects.exclude(pk__in=keyed).count(),
        )


def test_every_page_is_looked_at(seen: Seen) -> None:
    assert set(seen.pages) == set(PAGES)


@pytest.mark.parametrize("title", PAGES)
def test_a_page_asks_little_and_reads_no_big_table_end_to_end(seen: Seen, title: str) -> None:
    asks = seen.pages[title]
    assert list(asks.scans) == []
    assert 4 <= asks.statements <= STATEMENTS_MAX  # session, person, walls and the page itself
    assert asks.cases >= PAGES[title]


def test_a_scan_is_seen_when_there_is_one(seen: Seen) -> None:
    """Guard of the test above: a listener that sees nothing would pass every page."""
    assert seen.unkeyed.scans() == ["Seq Scan on returns_returnrequest"]


def test_the_made_shop_is_one_the_program_would_accept(seen: Seen) -> None:
    assert sum(seen.stored.values()) == COUNT
    assert seen.counted == seen.stored
    assert seen.stored["NEW"] > LATE_COUNTED_MAX
    assert (seen.broken, seen.keyless) == (0, 0)
