"""The corpora whole, through the real doors: nothing crashes, nothing hangs, no process grows, all are accounted for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from qaitar.foundation.models import Connection
from qaitar.foundation.ops.jobs import within_walls
from qaitar.kernel.ids import new_id
from tests.corpora import erp, papers
from tests.corpora.doors import doors
from tests.corpora.exports import exports
from tests.corpora.market import cabinet_bodies, polled, spoiled_shop
from tests.corpora.values import values
from tests.factories.accounts import NOW, make_shop

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses


def test_every_file_and_reading_through_the_running_program(
    committed: DatabaseAddresses, tmp_path: Path
) -> None:
    kinds = {"PDFs": papers.pdfs(), "pictures": papers.pictures(), "archives": papers.archives()}
    with doors(committed, tmp_path) as at:
        ended = {
            name: at.evidence((each.name, each.content) for each in cases)
            for name, cases in kinds.items()
        }
        ended["exports of orders"] = at.orders(exports(values()))
        ended["readings of the cabinet"] = at.cabinet(cabinet_bodies(2_500))
    print()  # noqa: T201  the figures are what a proof is for
    for name, reported in ended.items():
        print(reported.text(name))  # noqa: T201
    print(f"most megabytes by process: {at.weigher.most}")  # noqa: T201
    assert [sum(reported.counted.values()) for reported in ended.values()] == [
        120,
        120,
        80,
        75,
        2_500,
    ]
    assert [(reported.faults, reported.hangs) for reported in ended.values()] == [([], [])] * 5
    assert at.weigher.heavy() == {}


def test_spoiled_answers_of_the_shop_api(committed: DatabaseAddresses) -> None:
    """Two thousand pages and five hundred answers about lines, polled as the worker does."""
    with within_walls():
        shop = make_shop()
        row = Connection.objects.create(
            id=new_id(),
            merchant_id=shop.id,
            system="kaspi_shop",
            store_id=shop.store.pk,
            name="Kaspi",
            created_at=NOW,
        )
    endings, broken = polled(spoiled_shop(2_000, 500), row)
    print(f"\nShop API: 2500 spoiled answers, {dict(endings)}; runs that broke {len(broken)}")  # noqa: T201  the figures are what a proof is for
    assert broken == []
    assert endings["accepted"] > 1_000
    assert endings["Unknown"] > 0


def test_spoiled_answers_of_1c() -> None:
    """Seventy-five answers, each in a walk through everything the connector asks."""
    walks = [erp.walked(number) for number in range(erp.COUNT)]
    outcomes = Counter(outcome for came_to, _ in walks for outcome in came_to)
    print(f"\n1C: {erp.COUNT} spoiled answers, calls came to {dict(outcomes)}")  # noqa: T201  the figures are what a proof is for
    assert sum(met for _, met in walks) > erp.COUNT * 0.9
    assert {"Unknown", "Misconfigured", "Done", "Missing"} <= set(outcomes)
