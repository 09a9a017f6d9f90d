"""A new case: what is told is kept as it was told, what is not told comes from the order; the number is taken once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from qaitar.contracts.marketplace import ReturnReading, Section
from qaitar.foundation.identity.actors import system_actor
from qaitar.foundation.journal.personal_values import lines_open
from qaitar.foundation.models import JournalEntry
from qaitar.foundation.records.models import SearchKey
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.kernel.zones import ALMATY, MOSCOW
from qaitar.orders.models import Customer, Order, OrderLine, Unit
from qaitar.orders.services.merging import orders_merge
from qaitar.returns.errors import BadCase
from qaitar.returns.models import ReturnRequest, StageDelta
from qaitar.returns.services.intake import (
    TEXT_MAX,
    Filing,
    frames_load,
    received_day,
    request_create,
    requests_create,
)
from qaitar.returns.services.linking import requests_link
from qaitar.returns.vocabulary import Quality
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls
from tests.factories.orders import api_order, file_order
from tests.factories.returns import look, make_filing

if TYPE_CHECKING:
    from qaitar.contracts.marketplace import OrderRecord
    from qaitar.foundation.identity.actors import Actor

FILED = NOW - timedelta(hours=3)
DUE = NOW + timedelta(days=2)
EMPTY: dict[str, Any] = {
    "assignee_id": None,
    "assignee_name": "",
    "amount_peak_minor": None,
    "approval": "NONE",
    "approval_requested_by_id": None,
    "arrived_at": None,
    "arrived_where": "",
    "closed_at": None,
    "counts_as_quality": False,
    "customer_answered": False,
    "customer_contacted": False,
    "dispute_evidence_sent": False,
    "disputed_at": None,
    "alert_level": "",
    "goods_checked": "UNCHECKED",
    "goods_handed_over": False,
    "journal_seq": 1,
    "inspection": {},
    "amount_by_hand": False,
    "outcome": "",
    "pending_press": "",
    "pending_since": None,
    "pending_text": "",
    "refusal_reason": "",
    "refused_at": None,
    "reopening_requested_at": None,
    "sent_to_service_centre": False,
    "stage": "NEW",
    "version": 1,
}


def sold(shop: Shop, record: OrderRecord) -> Order:
    orders_merge(store=shop.store, records=[record], now=NOW)
    return Order.objects.get(code=record.code)


def bare(shop: Shop, number: str = "300000001-1", **reported: Any) -> Filing:
    """A filing that tells nothing but its number."""
    return replace(
        Filing(store_id=shop.store.pk, number=number, source="API", filed_at=FILED), **reported
    )


def stored_values(request: ReturnRequest) -> dict[str, Any]:
    """A case as it is stored, without its id, the journal's hash and what the clock rules decided."""
    stored = ReturnRequest.objects.get(pk=request.pk)
    fields = {f.attname: getattr(stored, f.attname) for f in ReturnRequest._meta.concrete_fields}
    ruled = {"control_at", "control_rule", "control_source", "guard_next_at", "alerts_sent"}
    return {k: v for k, v in fields.items() if k not in ruled | {"id", "journal_head"}}


def test_what_is_not_reported_comes_from_the_order(shop: Shop, aigerim: Actor) -> None:
    order = sold(
        shop,
        api_order(delivered_at=datetime(2025, 7, 30, 9, tzinfo=UTC), currency="RUB", total_minor=1),
    )
    line, customer = OrderLine.objects.get(), Customer.objects.get()
    unit = {"merchant_id": shop.id, "order_id": order.pk, "kind": "SERIAL", "noted_by_name": "A"}
    Unit.objects.create(value="SN-OLD", noted_at=NOW - timedelta(days=1), **unit)
    Unit.objects.create(value="SN-NEW", noted_at=NOW, **unit)
    made = request_create(filing=bare(shop), by=aigerim, merchant_id=shop.id, now=NOW)
    assert stored_values(made) == EMPTY | {
        "merchant_id": shop.id,
        "store_id": shop.store.pk,
        "store_name": shop.store.name,
        "number": "300000001-1",
        "order_code": "300000001",
        "attempt": 1,
        "order_id": order.pk,
        "line_id": line.pk,
        "external_id": "",
        "source": "API",
        "stage_since": NOW,
        "quality": "UNKNOWN",
        "marketplace_due_at": None,
        "marketplace_due_section": "",
        "section": "",
        "section_raw": "",
        "section_seen_at": None,
        "status_text": "",
        "mirror": {},
        "reason_code": "",
        "reason_text": "",
        "customer_words": "",
        "filed_at": FILED,
        "received_on": date(2025, 7, 30),
        "planned_arrival_on": None,
        "product_name": "Смартфон Alem 8/256 чёрный",
        "product_sku": "SKU-1",
        "category_title": "Смартфоны",
        "quantity_milli": 1000,
        "amount_minor": 11_999_000,
        "withdraw_minor": None,
        "currency": "RUB",
        "customer_name": customer.name,
        "customer_phone": "+77012345678",
        "unit_value": "SN-NEW",
        "created_at": NOW,
    }
    assert customer.name == "Оксана П."
    assert set(SearchKey.objects.filter(subject_id=made.pk).values_list("key", flat=True)) == {
        *("300000001-1", "300000001", "sku-1", "sn-new", "sn-old"),
        *("77012345678", "7012345678", "5678"),
        *("оксана", "п", "&оксана п", "&п оксана"),
    }
    (delta,) = StageDelta.objects.all()
    assert (delta.merchant_id, delta.store_id, delta.stage, delta.delta) == (
        *(shop.id, shop.store.pk),
        *("NEW", 1),
    )


def test_what_is_reported_is_stored_and_the_order_does_not_outdo_it(
    shop: Shop, aigerim: Actor
) -> None:
    sold(shop, api_order(delivered_at=datetime(2025, 7, 30, 9, tzinfo=UTC)))
    reported: dict[str, Any] = {
        "external_id": "refund-7",
        "section": "NEW",
        "section_raw": "new_returns",
        "marketplace_due_at": DUE,
        "mirror": {"steps": ["a", "b"]},
        "reason_code": "OTHER",
        "received_on": date(2025, 8, 1),
        "planned_arrival_on": date(2026, 5, 20),
        "product_name": "Чехол",
        "product_sku": "SKU-9",
        "quantity_milli": 2500,
        "amount_minor": 0,
        "withdraw_minor": 700,
        "customer_name": "Әсем Н.",
        "customer_phone": "+77770000000",
        "status_text": "Ждёт",
        "reason_text": "не подошёл размер",
        "customer_words": "Экран разбит",
    }
    filing = bare(shop, "300000001-2", quality=Quality.DIFFERENT_GOODS, **reported)
    made = request_create(filing=filing, by=aigerim, merchant_id=shop.id, now=NOW)
    stored = stored_values(made)
    assert {name: stored[name] for name in reported} == reported
    assert (stored["attempt"], stored["quality"], stored["section_seen_at"]) == (
        *(2, "DIFFERENT_GOODS"),
        NOW,
    )
    assert (stored["marketplace_due_section"], stored["category_title"]) == ("NEW", "Смартфоны")


@pytest.mark.parametrize(
    ("reported", "quality"),
    [
        ({"reason_code": "SIZE_MISMATCH", "reason_text": "не тот товар"}, "PROPER"),
        ({"reason_text": "не тот товар"}, "DIFFERENT_GOODS"),
        ({"customer_words": "Экран разбит"}, "MECHANICAL_DAMAGE"),
        ({}, "UNKNOWN"),
    ],
)
def test_the_kind_of_the_trouble_is_read_from_what_is_reported(
    shop: Shop, aigerim: Actor, reported: dict[str, str], quality: str
) -> None:
    made = request_create(filing=bare(shop, **reported), by=aigerim, merchant_id=shop.id, now=NOW)
    assert stored_values(made)["quality"] == quality


def test_texts_are_cut_where_their_field_ends_and_no_sooner(shop: Shop, aigerim: Actor) -> None:
    places = {
        "status_text": 300,
        "reason_code": 60,
        "reason_text": 300,
        "customer_words": TEXT_MAX,
        "product_name": 500,
        "product_sku": 120,
        "customer_name": 200,
    }
    reported = {name: "ж" * (most + 1) for name, most in places.items()}
    made = request_create(filing=bare(shop, **reported), by=aigerim, merchant_id=shop.id, now=NOW)
    stored = stored_values(made)
    assert {name: len(stored[name]) for name in places} == places
    assert TEXT_MAX == 4000


def test_a_case_without_an_order_is_opened_from_what_is_reported_alone(
    shop: Shop, aigerim: Actor
) -> None:
    made = request_create(filing=bare(shop), by=aigerim, merchant_id=shop.id, now=NOW)
    stored = stored_values(made)
    nothing = ("order_id", "line_id", "amount_minor", "received_on")
    assert [stored[name] for name in nothing] == [None] * 4
    assert (stored["currency"], stored["quantity_milli"]) == ("KZT", 1000)
    texts = ("product_name", "product_sku", "category_title", "customer_name", "customer_phone")
    assert [stored[name] for name in (*texts, "unit_value")] == [""] * 6


def test_an_order_without_lines_gives_its_own_sum(shop: Shop, aigerim: Actor) -> None:
    order = sold(shop, file_order(lines=(), total_minor=500_00))
    made = request_create(filing=bare(shop), by=aigerim, merchant_id=shop.id, now=NOW)
    stored = stored_values(made)
    assert (stored["order_id"], stored["line_id"], stored["amount_minor"]) == (
        order.pk,
        None,
        50_000,
    )


def test_the_line_is_the_one_whose_article_is_reported_and_no_other_is_guessed(
    shop: Shop, aigerim: Actor
) -> None:
    first = api_order().lines[0]
    second = replace(first, external_id="line-2", number=1, offer_code="SKU-2", name="Чехол")
    sold(shop, api_order(lines=(first, second)))
    made = requests_create(
        filings=[
            bare(shop, "300000001-1", product_sku="SKU-2"),
            bare(shop, "300000001-2", product_sku="SKU-7"),
            bare(shop, "300000001-3"),
        ],
        actors={shop.id: aigerim},
        now=NOW,
    )
    assert [made[place].product_name for place in range(3)] == ["Чехол", "", ""]
    assert [made[place].line_id is None for place in range(3)] == [False, True, True]
    assert made[1].amount_minor is None


def test_the_journal_begins_with_what_the_case_looked_like(shop: Shop, aigerim: Actor) -> None:
    filing = make_filing(
        shop, reason_text="Не подошёл размер", section="NEW", marketplace_due_at=DUE
    )
    made = request_create(filing=filing, by=aigerim, merchant_id=shop.id, now=NOW)
    (line,) = JournalEntry.objects.filter(subject_id=made.pk)
    lines_open([line])
    assert (line.act, line.at, line.actor_name, line.before, line.why) == (
        *("CREATE", NOW, "Aigerim"),
        {},
        "",
    )
    assert line.after == {
        "number": "700000001-1",
        "stage": "NEW",
        "section": "NEW",
        "quality": "PROPER",
        "source": "MANUAL",
        "reason_text": "Не подошёл размер",
        "amount_minor": 1_299_000,
        "product_name": "Кроссовки",
        "control_at": DUE.isoformat(),
        "control_rule": "MARKETPLACE_DATE",
        "control_source": made.control_source,
    }
    assert made.control_source
    assert (made.control_at, made.control_rule) == (DUE, "MARKETPLACE_DATE")
    stored = ReturnRequest.objects.get(pk=made.pk)
    assert (
        stored.control_at,
        stored.control_rule,
        stored.control_source,
        stored.guard_next_at,
    ) == (
        *(made.control_at, made.control_rule),
        *(made.control_source, made.guard_next_at),
    )


def test_a_date_that_is_displayed_without_its_section_is_that_of_a_new_request(
    shop: Shop, aigerim: Actor
) -> None:
    made = request_create(
        filing=bare(shop, marketplace_due_at=DUE), by=aigerim, merchant_id=shop.id, now=NOW
    )
    stored = stored_values(made)
    assert (stored["section"], stored["marketplace_due_section"], made.control_at) == (
        "",
        "NEW",
        DUE,
    )


def test_of_several_filings_each_new_one_is_answered_by_its_place(
    shop: Shop, aigerim: Actor
) -> None:
    request_create(filing=bare(shop), by=aigerim, merchant_id=shop.id, now=NOW)
    made = requests_create(
        filings=[bare(shop, "300000001-1"), bare(shop, "300000001-2"), bare(shop, "300000002-1")],
        actors={shop.id: aigerim},
        now=NOW,
    )
    assert {place: request.number for place, request in made.items()} == {
        1: "300000001-2",
        2: "300000002-1",
    }
    assert ReturnRequest.objects.count() == JournalEntry.objects.count() == 3


def test_a_number_is_accepted_once(shop: Shop, aigerim: Actor) -> None:
    request_create(filing=bare(shop), by=aigerim, merchant_id=shop.id, now=NOW)
    with pytest.raises(BadCase) as refused:
        request_create(filing=bare(shop), by=aigerim, merchant_id=shop.id, now=NOW)
    assert (refused.value.code, refused.value.params) == ("NUMBER_TAKEN", {"number": "300000001-1"})
    assert ReturnRequest.objects.count() == JournalEntry.objects.count() == 1


def test_an_unreadable_number_opens_nothing_and_is_reported_in_short(
    shop: Shop, aigerim: Actor
) -> None:
    long = "№" * 100
    with pytest.raises(BadCase) as refused:
        requests_create(filings=[bare(shop), bare(shop, long)], actors={shop.id: aigerim}, now=NOW)
    assert (refused.value.code, refused.value.params) == (
        "NUMBER_UNREADABLE",
        {"number": "№" * 60},
    )
    assert not ReturnRequest.objects.exists()


def test_a_store_inside_other_walls_is_not_known(shop: Shop, aigerim: Actor) -> None:
    foreign = make_shop("Чужой")
    open_walls(shop.id)
    for store_id in (foreign.store.pk, new_id()):
        with pytest.raises(BadCase) as refused:
            requests_create(
                filings=[bare(shop), replace(bare(shop, "300000009-1"), store_id=store_id)],
                actors={shop.id: aigerim},
                now=NOW,
            )
        assert refused.value.code == "STORE_UNKNOWN"
    assert not ReturnRequest.objects.exists()


def test_frames_of_nothing_are_none(shop: Shop) -> None:
    assert frames_load([]) == {}


@pytest.mark.parametrize(
    ("order", "day"),
    [
        ({"status": "COMPLETED", "delivered_at": "2025-07-30T09:00:00+00:00"}, date(2025, 7, 30)),
        ({"status": "Выдан", "status_changed_on": "2025-07-31"}, date(2025, 7, 31)),
        (
            {
                "status": "COMPLETED",
                "delivered_at": "2025-07-30T09:00:00+00:00",
                "status_changed_on": "2025-07-31",
            },
            date(2025, 7, 30),
        ),
        ({"status": "RETURNED", "delivered_at": "2025-07-30T09:00:00+00:00"}, date(2025, 7, 30)),
        ({"status": "RETURNED", "status_changed_on": "2025-07-31"}, None),
        ({"status": "COMPLETED"}, None),
        ({"status": "CANCELLED", "delivered_at": "2025-07-30T09:00:00+00:00"}, None),
        ({"status": "DELIVERY", "status_changed_on": "2025-07-31"}, None),
        ({}, None),
    ],
)
def test_the_day_of_receipt_is_read_from_an_issued_order_only(
    order: dict[str, str], day: date | None
) -> None:
    assert received_day(order) == day


@pytest.mark.parametrize(
    ("at", "day"), [("2025-07-30T18:59:59+00:00", 30), ("2025-07-30T19:00:00+00:00", 31)]
)
def test_a_day_of_receipt_is_the_marketplaces_own(at: str, day: int) -> None:
    assert received_day({"status": "COMPLETED", "delivered_at": at}) == date(2025, 7, day)


@pytest.mark.parametrize("where", [ALMATY, MOSCOW])
def test_an_order_of_an_export_was_received_on_the_day_the_export_tells(
    db_walls: None, where: str
) -> None:
    """Also in a store that keeps the hours of Moscow: there the day of the export begins on the evening before."""
    shop = make_shop(zone=where)
    aigerim = actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)
    sold(shop, file_order())
    made = request_create(filing=bare(shop), by=aigerim, merchant_id=shop.id, now=NOW)
    assert stored_values(made)["received_on"] == date(2025, 7, 31)
    late = look(shop, NOW, ReturnReading(number="300000002-1", section=Section.NEW))
    assert late.created == 1
    sold(shop, file_order("300000002"))
    by = system_actor("import")
    assert requests_link(merchant_id=shop.id, store_id=shop.store.pk, by=by, now=NOW) == 1
    linked = ReturnRequest.objects.get(number="300000002-1")
    assert linked.received_on == date(2025, 7, 31)
