"""One kettle comes back once: whatever the marketplace accepts and whoever acts at the same moment."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from qaitar.contracts.erp import ErpLine
from qaitar.flows.effects.create_return_order import ReturnOrderReady, returned_line
from qaitar.foundation.ops.jobs import within_walls
from qaitar.kernel.ids import new_id
from qaitar.orders.models import Order, OrderLine
from qaitar.returns.errors import ActBlocked
from qaitar.returns.models import ReturnRequest
from qaitar.returns.vocabulary import Act, Stage
from tests.factories.accounts import NOW
from tests.flows.test_effects_together import in_threads

if TYPE_CHECKING:
    from tests.flows.bench import Bench


def sold_here(bench: Bench) -> None:
    """The order of one smartphone is known here, too."""
    with within_walls(bench.shop.id):
        order = Order.objects.create(
            id=new_id(),
            merchant_id=bench.shop.id,
            store_id=bench.shop.store.pk,
            code="700000001",
            digest=b"",
            created_at=NOW,
            updated_at=NOW,
        )
        OrderLine.objects.create(
            id=new_id(),
            merchant_id=bench.shop.id,
            order_id=order.pk,
            key="1",
            name="Смартфон",
            own_name="Смартфон чёрный",
            quantity_milli=1000,
            total_minor=12_999_000,
        )


def both_accepted(bench: Bench) -> None:
    bench.take(bench.file("700000001-1"))
    second = bench.file("700000001-2")
    bench.act(second, Act.NOTE_ACCEPTED, planned_on=date(2026, 5, 20))
    bench.run_effects()
    assert bench.executed()["documents"] == 1
    effects = bench.effects(kind="CREATE_RETURN_ORDER")
    states = {effect.subject_id: (effect.state, effect.detail) for effect in effects}
    state, detail = states[second.pk]
    assert state != "DONE"
    assert detail.startswith(
        "More would come back than was sold: 700000001-1 brings it back already."
    )


def test_the_accounting_systems_own_sale_allows_no_second_return_order(bench: Bench) -> None:
    both_accepted(bench)


def test_an_order_known_here_allows_no_second_return_order(bench: Bench) -> None:
    sold_here(bench)
    both_accepted(bench)


def test_two_people_taking_one_thing_at_the_same_moment_take_it_once(bench: Bench) -> None:
    sold_here(bench)
    cases = [bench.file(f"700000001-{attempt}") for attempt in (1, 2)]
    for case in cases:
        bench.prove(case)
    waiting = list(cases)

    def take() -> None:
        bench.act(waiting.pop(), Act.TAKE_FOR_INSPECTION, planned_on=date(2026, 5, 20))

    raised = in_threads(take, 2)
    assert len(raised) == 1
    assert isinstance(raised[0], ActBlocked)
    assert raised[0].blocked.code == "MORE_THAN_SOLD"
    with within_walls(bench.shop.id):
        stages = sorted(ReturnRequest.objects.values_list("stage", flat=True))
    assert stages == [Stage.IN_DELIVERY, Stage.NEW]
    assert len(bench.effects(kind="CREATE_RETURN_ORDER")) == 1


def test_the_line_of_the_sale_is_found_by_the_sellers_own_name() -> None:
    kettle, iron = (
        ErpLine(name, "p", name, 1000, 100, 100) for name in ("Чайник Vitek", "Утюг Vitek")
    )
    requested = ReturnOrderReady(
        "m", "7-1", "7", NOW, date(2026, 5, 14), date(2026, 5, 20), "", "Утюг паровой", 100, 1000,
        names=("утюг  vitek", "Утюг паровой"),
    )  # fmt: skip
    assert returned_line([kettle, iron], requested) is iron
