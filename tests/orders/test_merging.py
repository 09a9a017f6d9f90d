"""Orders come in by file and by API, once and again, and nothing is erased, doubled or lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from qaitar.contracts.marketplace import (
    CustomerRecord,
    LineRecord,
    RowRejected,
    TenderKind,
    TenderRecord,
)
from qaitar.lab.bench.ingest import sample_orders
from qaitar.orders.errors import MergeBusy
from qaitar.orders.import_sql import LOCK
from qaitar.orders.models import Customer, Order, OrderLine, Tender
from qaitar.orders.services.merging import Counts, Merged, orders_merge
from tests.factories.accounts import NOW, make_shop, open_walls
from tests.factories.orders import DAY, MOMENT, api_order, file_order

if TYPE_CHECKING:
    from qaitar.contracts.marketplace import OrderRecord
    from qaitar.runtime.addresses import DatabaseAddresses
    from tests.factories.accounts import Shop

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def shop(db_walls: None) -> Shop:
    return make_shop()


def merge(shop: Shop, *records: OrderRecord | RowRejected, now: datetime = NOW) -> Merged:
    return orders_merge(store=shop.store, records=records, now=now)


def versions() -> list[tuple[str, str, str]]:
    """Where every row of the four tables stands on disk: a row that was written again has moved."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text, id::text, ctid::text FROM orders_order UNION ALL"
            " SELECT tableoid::regclass::text, id::text, ctid::text FROM orders_orderline UNION ALL"
            " SELECT tableoid::regclass::text, id::text, ctid::text FROM orders_tender UNION ALL"
            " SELECT tableoid::regclass::text, id::text, ctid::text FROM orders_customer ORDER BY 1, 2"
        )
        return cursor.fetchall()


def test_an_order_of_a_file_is_stored_whole(shop: Shop) -> None:
    assert merge(shop, file_order()).rows == Counts(created=1)
    order = Order.objects.get()
    assert (order.code, order.store_id, order.merchant_id) == ("300000001", shop.store.pk, shop.id)
    assert (order.ordered_at, order.status, order.state) == (DAY, "COMPLETED", "ARCHIVE")
    assert order.status_changed_on == date(2025, 7, 31)
    assert (order.total_minor, order.currency, order.customer_id) == (11_999_000, "KZT", None)
    assert (order.created_at, order.updated_at) == (NOW, NOW)
    line = OrderLine.objects.get()
    assert (line.order_id, line.offer_code, line.quantity_milli) == (order.pk, "SKU-1", 1000)
    assert (line.price_minor, line.total_minor, line.imei_required) == (
        11_999_000,
        11_999_000,
        None,
    )
    assert line.key == "SKU-1|Смартфон Әлем 8/256"
    tender = Tender.objects.get()
    assert (tender.kind, tender.amount_minor, tender.term_months) == ("CARD", 11_999_000, None)


def test_all_that_is_reported_of_an_order_its_goods_and_its_paying_is_stored(shop: Shop) -> None:
    order: dict[str, Any] = {
        "external_id": "kaspi-7",
        "state": "ARCHIVE",
        "status": "CANCELLED",
        "status_changed_on": date(2025, 8, 1),
        "payment_mode": "PAY_WITH_CREDIT",
        "total_minor": 11,
        "currency": "RUB",
        "delivery_mode": "DELIVERY_PICKUP",
        "delivery_cost_minor": 12,
        "delivery_cost_seller_minor": 13,
        "address": "Абая 1",
        "pickup_point": "PP1",
        "waybill_number": "W-7",
        "waybill_url": "https://example.kz/w7",
        "planned_delivery_at": MOMENT + timedelta(days=1),
        "courier_handed_at": MOMENT + timedelta(days=2),
        "delivered_at": MOMENT + timedelta(days=3),
        "returned_to_warehouse": True,
        "cancellation_reason": "BUYER",
    }
    line: dict[str, Any] = {
        "number": 4,
        "offer_code": "SKU-4",
        "name": "Плед",
        "category_code": "Master - Plaids",
        "category_title": "Пледы",
        "quantity_milli": 2500,
        "unit_type": "PIECE",
        "price_minor": 14,
        "total_minor": 15,
        "imei_required": False,
    }
    paid: dict[str, Any] = {"kind": TenderKind.CREDIT, "amount_minor": 16, "term_months": 24}
    merge(
        shop,
        replace(
            api_order(),
            **order,
            created_at=MOMENT,
            lines=(LineRecord(external_id="line-7", **line),),
            tenders=(TenderRecord(**paid),),
        ),
    )
    (stored,) = Order.objects.values(*order, "ordered_at", "code", "erp_number")
    assert stored == order | {"ordered_at": MOMENT, "code": "300000001", "erp_number": ""}
    (stored,) = OrderLine.objects.values(*line, "key")
    assert stored == line | {"key": "line-7"}
    (stored,) = Tender.objects.values(*paid)
    assert stored == paid


@pytest.mark.parametrize("record", [file_order(), api_order()])
def test_the_same_again_touches_no_row(shop: Shop, record: OrderRecord) -> None:
    merge(shop, record)
    before = versions()
    with CaptureQueriesContext(connection) as requested:
        again = merge(shop, record, now=LATER)
    # Its turn, the temporary tables, the digest: nothing that is stored has to be read.
    assert len(requested) == 3
    assert again.rows == Counts(unchanged=1)
    assert again.touched == []
    assert versions() == before


@pytest.mark.parametrize("first_by_file", [True, False])
def test_both_ways_make_one_order_and_the_second_round_changes_nothing(
    shop: Shop, first_by_file: bool
) -> None:
    ways = [file_order(), api_order()]
    first, second = ways if first_by_file else reversed(ways)
    assert merge(shop, first).rows == Counts(created=1)
    assert merge(shop, second, now=LATER).rows == Counts(updated=1)
    order, line = Order.objects.get(), OrderLine.objects.get()
    assert (order.external_id, order.ordered_at) == ("id-300000001", MOMENT)
    assert order.address == "г. Алматы, пр. Абая, 10"
    assert (order.pickup_point, order.status_changed_on) == ("30000000_PP1", date(2025, 7, 31))
    assert (line.key, line.name) == ("line-300000001", "Смартфон Alem 8/256 чёрный")
    assert Tender.objects.count() == 1
    before = versions()
    for record in (first, second, first, second):
        assert merge(shop, record, now=LATER + timedelta(days=1)).rows == Counts(unchanged=1)
    assert versions() == before


def test_a_line_keeps_its_own_id_when_the_api_names_it(shop: Shop) -> None:
    merge(shop, file_order())
    own = OrderLine.objects.get().pk
    merge(shop, api_order())
    assert OrderLine.objects.get().pk == own


def test_lines_are_matched_by_offer_code_then_name_then_place(shop: Shop) -> None:
    lines = (
        LineRecord(offer_code="B", name="Чехол", total_minor=200),
        LineRecord(name="Стекло", total_minor=300),
        LineRecord(offer_code="old", name="Кабель", total_minor=400),
    )
    merge(shop, file_order(lines=lines, row_numbers=(2, 3, 4)))
    ids = dict(OrderLine.objects.values_list("total_minor", "pk"))
    reported = (
        LineRecord(external_id="3", offer_code="new", name="Кабель USB-C", total_minor=400),
        LineRecord(external_id="2", offer_code="G", name="Стекло", total_minor=300),
        LineRecord(external_id="1", offer_code="B", name="Чехол чёрный", total_minor=200),
    )
    assert merge(shop, api_order(lines=reported)).rows == Counts(updated=1)
    stored = {line.key: (line.pk, line.total_minor) for line in OrderLine.objects.all()}
    assert stored == {"1": (ids[200], 200), "2": (ids[300], 300), "3": (ids[400], 400)}


def test_a_file_adds_no_line_to_lines_the_marketplace_has_reported(shop: Shop) -> None:
    merge(shop, api_order())
    extra = (*file_order().lines, LineRecord(offer_code="X", name="Лишнее"))
    merge(shop, file_order(lines=extra, row_numbers=(2, 3)))
    assert OrderLine.objects.count() == 1


def test_a_new_line_of_the_api_is_added_next_to_the_known_ones(shop: Shop) -> None:
    merge(shop, api_order())
    second = LineRecord(external_id="line-2", offer_code="SKU-1", name="Второй")
    assert merge(shop, api_order(lines=(*api_order().lines, second))).rows == Counts(updated=1)
    assert set(OrderLine.objects.values_list("key", flat=True)) == {"line-300000001", "line-2"}


def test_two_equal_lines_of_one_order_are_two_lines(shop: Shop) -> None:
    line = LineRecord(offer_code="A", name="Чай", quantity_milli=1000)
    record = file_order(lines=(line, replace(line, quantity_milli=2000)), row_numbers=(2, 3))
    assert merge(shop, record).rows == Counts(created=2)
    assert sorted(OrderLine.objects.values_list("quantity_milli", flat=True)) == [1000, 2000]
    changed = replace(record, total_minor=1)
    assert merge(shop, changed).rows == Counts(updated=2)
    assert sorted(OrderLine.objects.values_list("quantity_milli", flat=True)) == [1000, 2000]


def test_what_a_source_does_not_know_stays(shop: Shop) -> None:
    merge(shop, api_order())
    bare = api_order(
        customer=None, lines=None, tenders=None, waybill_number=None, address=None, total_minor=None
    )
    assert merge(shop, bare, now=LATER).rows == Counts(unchanged=1)
    order = Order.objects.get()
    assert (order.waybill_number, order.total_minor) == ("W-1", 11_999_000)
    assert (order.updated_at, Customer.objects.count()) == (NOW, 1)
    assert (OrderLine.objects.count(), Tender.objects.count()) == (1, 1)


def test_an_unknown_status_is_stored_as_it_came(shop: Shop) -> None:
    merge(shop, file_order(status="Ждёт луны", state=None))
    assert (Order.objects.get().status, Order.objects.get().state) == ("Ждёт луны", "")


def test_a_day_of_change_stands_only_next_to_its_own_status(shop: Shop) -> None:
    merge(shop, file_order(status="ACCEPTED_BY_MERCHANT", delivered_at=None))
    merge(shop, api_order())
    assert Order.objects.get().status_changed_on is None
    merge(shop, file_order(status="ACCEPTED_BY_MERCHANT", delivered_at=None, address="x"))
    assert (Order.objects.get().status, Order.objects.get().status_changed_on) == (
        "COMPLETED",
        None,
    )


def test_an_older_file_fills_gaps_but_turns_nothing_back(shop: Shop) -> None:
    merge(shop, file_order(status="RETURNED", status_changed_on=date(2025, 8, 20), address=None))
    older = file_order(status="COMPLETED")
    assert merge(shop, older, now=LATER).rows == Counts(updated=1)
    order = Order.objects.get()
    assert (order.status, order.status_changed_on) == ("RETURNED", date(2025, 8, 20))
    assert order.address == "Алматы, Абая 10"


def test_an_older_file_neither_renames_goods_nor_replaces_a_way_of_paying(shop: Shop) -> None:
    (line,) = file_order().lines
    card = TenderRecord(kind=TenderKind.CARD, amount_minor=11_999_000)
    credit = TenderRecord(kind=TenderKind.CREDIT, amount_minor=11_999_000, term_months=12)
    newer = {"status_changed_on": date(2025, 8, 20), "tenders": (card,)}
    merge(shop, file_order(lines=(replace(line, category_title=None),), **newer))
    older = file_order(lines=(replace(line, name="Иначе"),), tenders=(credit,))
    assert merge(shop, older, now=LATER).rows == Counts(updated=1)
    stored = OrderLine.objects.get()
    assert (stored.name, stored.category_title) == ("Смартфон Әлем 8/256", "Смартфоны")
    assert list(Tender.objects.values_list("kind", "term_months")) == [("CARD", None)]


def test_a_later_file_tells_a_new_status_of_an_order_known_by_api(shop: Shop) -> None:
    merge(shop, api_order())
    later = file_order(status="RETURNED", status_changed_on=(NOW + timedelta(days=3)).date())
    assert merge(shop, later, now=NOW + timedelta(days=4)).rows == Counts(updated=1)
    order = Order.objects.get()
    assert (order.status, order.address) == ("RETURNED", "г. Алматы, пр. Абая, 10")


def test_another_main_way_of_paying_replaces_the_first_and_bonuses_stay(shop: Shop) -> None:
    merge(shop, api_order())
    Tender.objects.create(
        merchant_id=shop.id, order_id=Order.objects.get().pk, kind="BONUS", amount_minor=5
    )
    credit = TenderRecord(kind=TenderKind.CREDIT, amount_minor=11_999_000, term_months=12)
    assert merge(shop, api_order(tenders=(credit,))).rows == Counts(updated=1)
    stored = sorted(Tender.objects.values_list("kind", "amount_minor", "term_months"))
    assert stored == [("BONUS", 5, None), ("CREDIT", 11_999_000, 12)]


def test_one_customer_of_several_orders_is_one_and_the_phone_has_one_shape(shop: Shop) -> None:
    masked = CustomerRecord(
        external_id="NzAxMjM0NTY3OA", name="Оксана П.", phone_raw="+0(000)-000-00-00"
    )
    merged = merge(shop, api_order("1"), api_order("2"), api_order("3", customer=masked))
    assert merged.rows == Counts(created=3)
    customer = Customer.objects.get()
    assert (customer.name, customer.phone) == ("Оксана П.", "+77012345678")
    assert set(Order.objects.values_list("customer_id", flat=True)) == {customer.pk}


def test_an_order_learns_its_customer_later_and_follows_another_one(shop: Shop) -> None:
    merge(shop, file_order())
    assert Order.objects.get().customer_id is None
    merge(shop, api_order(), now=LATER)
    assert Order.objects.get().customer_id == Customer.objects.get().pk
    other = CustomerRecord(external_id="B", name="Әсем Н.")
    assert merge(shop, api_order(customer=other), now=LATER).rows == Counts(updated=1)
    assert Order.objects.get().customer_id == Customer.objects.get(external_id="B").pk
    assert merge(shop, api_order(customer=None), now=LATER).rows.read == 1
    assert Order.objects.get().customer_id == Customer.objects.get(external_id="B").pk


def test_a_customer_without_an_id_is_known_by_phone_or_by_the_order(shop: Shop) -> None:
    by_phone = CustomerRecord(name="Оксана", phone_raw="87012345678")
    by_order = CustomerRecord(name="Тимур")
    merge(shop, api_order("1", customer=by_phone), api_order("2", customer=by_order))
    known = dict(Customer.objects.values_list("external_id", "phone"))
    assert known == {"phone:+77012345678": "+77012345678", "order:2": ""}


def test_a_faulty_order_is_rejected_row_by_row_and_stops_nobody(shop: Shop) -> None:
    bad = file_order("300000002", address="a\x00", row_numbers=(3, 4), raw={"x": "a\x00"})
    refused = RowRejected(row_number=9, reason_code="bad_date", reason="Not a date.")
    merged = merge(shop, file_order(), bad, refused, file_order("300000003", row_numbers=(5,)))
    assert merged.rows == Counts(created=2, rejected=3)
    assert merged.rows.read == 5
    assert [(r.row_number, r.reason_code) for r in merged.rejected] == [
        (3, "control_characters"),
        (4, "control_characters"),
        (9, "bad_date"),
    ]
    assert set(Order.objects.values_list("code", flat=True)) == {"300000001", "300000003"}


@pytest.mark.parametrize(
    "text",
    ["a\nb", "\\N", "\\.", "x\r\ny", "tab\there", "'; DROP TABLE orders_order; --", "𝔸🙂 \\x41"],
)
def test_odd_texts_come_back_as_they_were(shop: Shop, text: str) -> None:
    line = LineRecord(offer_code=text, name=text)
    merge(shop, api_order(address=text, lines=(line,), customer=CustomerRecord(name=text)))
    assert Order.objects.get().address == text
    assert (OrderLine.objects.get().name, OrderLine.objects.get().offer_code) == (text, text)
    assert Customer.objects.get().name == text
    changed = api_order(address=text + "!", lines=(line,), customer=CustomerRecord(name=text))
    assert merge(shop, changed).rows == Counts(updated=1)
    assert Order.objects.get().address == text + "!"


def test_the_same_code_twice_in_one_stream_is_created_and_then_updated(shop: Shop) -> None:
    merged = merge(shop, api_order(), api_order(status="RETURNED"))
    assert merged.rows == Counts(created=1, updated=1)
    assert Order.objects.get().status == "RETURNED"


def test_two_merchants_hold_the_same_order_number_and_see_only_their_own(db_walls: None) -> None:
    alma, nan = make_shop("Алма"), make_shop("Нан")
    open_walls(alma.id)
    assert merge(alma, api_order(address="у Алмы")).rows == Counts(created=1)
    open_walls(nan.id)
    assert Order.objects.count() == 0
    assert merge(nan, api_order(address="у Нана")).rows == Counts(created=1)
    assert [order.address for order in Order.objects.all()] == ["у Нана"]
    assert Customer.objects.get().merchant_id == nan.id
    open_walls(alma.id)
    assert [order.address for order in Order.objects.all()] == ["у Алмы"]
    open_walls()
    assert (Order.objects.count(), Customer.objects.count(), OrderLine.objects.count()) == (0, 0, 0)


def test_two_stores_of_one_merchant_hold_the_same_order_number(shop: Shop) -> None:
    second = type(shop.store).objects.create(merchant_id=shop.id, name="Второй", created_at=NOW)
    merge(shop, api_order())
    assert orders_merge(store=second, records=[api_order()], now=NOW).rows == Counts(created=1)
    assert (Order.objects.count(), Customer.objects.count()) == (2, 1)


def test_twenty_thousand_orders_again_touch_nothing(shop: Shop) -> None:
    now = datetime(2026, 5, 14, tzinfo=UTC)
    first = orders_merge(store=shop.store, records=sample_orders(20_000, seed=3, now=now), now=now)
    assert first.orders == Counts(created=20_000)
    assert (OrderLine.objects.count(), Tender.objects.count()) == (20_000, 20_000)
    before = versions()
    again = orders_merge(store=shop.store, records=sample_orders(20_000, seed=3, now=now), now=now)
    assert again.orders == Counts(unchanged=20_000)
    assert versions() == before


def test_a_failing_source_leaves_nothing_inside_after_rollback(shop: Shop) -> None:
    def broken() -> object:
        yield from sample_orders(6_000, seed=1, now=NOW)
        raise OSError("the file ended")

    with pytest.raises(OSError, match="the file ended"):
        orders_merge(store=shop.store, records=broken(), now=NOW)  # type: ignore[arg-type]  # a generator that breaks
    assert merge(shop, file_order("999999999")).rows == Counts(created=1)


def test_a_refused_order_is_reported_with_its_reason_and_what_was_read(shop: Shop) -> None:
    bad = file_order("300000002", status="s" * 61, row_numbers=(3,), raw={"Статус": "s"})
    rowless = api_order("1" * 41)
    merged = merge(shop, bad, api_order(), rowless)
    assert merged.rejected == [
        RowRejected(
            row_number=3,
            reason_code="too_long",
            reason="«status» is longer than 60 characters.",
            raw={"Статус": "s"},
        ),
        RowRejected(
            row_number=0,
            reason_code="too_long",
            reason="The order number is longer than 40 characters.",
            raw=rowless.raw,
        ),
    ]
    assert (merged.rows, merged.orders) == (Counts(created=1, rejected=2),) * 2


def test_outcomes_of_several_merges_add_up(shop: Shop) -> None:
    whole = Merged()
    twice = file_order("300000002", row_numbers=(3, 4))
    bad = file_order("")
    for records in ((api_order(), twice), (api_order(status="RETURNED"), twice), (bad,), (bad,)):
        whole.add(merge(shop, *records))
    assert whole.rows == Counts(created=3, updated=1, unchanged=2, rejected=2)
    assert whole.orders == Counts(created=2, updated=1, unchanged=1, rejected=2)
    assert (whole.rows.read, whole.orders.read) == (8, 6)
    assert whole.touched == ["300000001", "300000002", "300000001"]
    assert [each.reason_code for each in whole.rejected] == ["no_code"] * 2


def test_an_order_is_written_again_only_when_something_stored_has_changed(shop: Shop) -> None:
    merge(shop, api_order())
    answer = bytes(Order.objects.get().digest)
    assert (len(answer), answer[:16]) == (32, bytes(16))
    merge(shop, file_order())
    both = bytes(Order.objects.get().digest)
    assert both[16:] == answer[16:]
    other = file_order(address="Алматы, Сатпаева 1", row_numbers=(2, 3))
    assert merge(shop, other, now=LATER).rows == Counts(unchanged=2)
    stored = Order.objects.get()
    assert (stored.updated_at, bytes(stored.digest)[16:]) == (NOW, answer[16:])
    assert bytes(stored.digest)[:16] not in {both[:16], bytes(16)}
    assert merge(shop, api_order(status="RETURNED"), now=LATER).touched == ["300000001"]
    assert Order.objects.get().updated_at == LATER


def test_one_way_of_paying_of_a_kind_is_stored_the_first_reported(shop: Shop) -> None:
    reported = tuple(
        TenderRecord(kind=kind, amount_minor=amount)
        for kind, amount in ((TenderKind.CARD, 1), (TenderKind.BONUS, 2), (TenderKind.CARD, 3))
    )
    merge(shop, api_order(tenders=reported))
    assert sorted(Tender.objects.values_list("kind", "amount_minor")) == [("BONUS", 2), ("CARD", 1)]


@pytest.mark.parametrize(
    ("reported", "key", "name", "phone"),
    [
        (CustomerRecord(external_id="k1", name="Оксана"), "k1", "Оксана", ""),
        (
            CustomerRecord(first_name="Оксана", last_name="Петрова"),
            "order:300000001",
            "Оксана Петрова",
            "",
        ),
        (CustomerRecord(last_name="Петрова"), "order:300000001", "Петрова", ""),
        (CustomerRecord(phone_raw="8 701 234-56-78"), "phone:+77012345678", "", "+77012345678"),
        (CustomerRecord(phone_raw="none"), "phone:none", "", ""),
    ],
)
def test_a_customer_is_stored_under_the_surest_name(
    shop: Shop, reported: CustomerRecord, key: str, name: str, phone: str
) -> None:
    merge(shop, api_order(customer=reported))
    stored = Customer.objects.get()
    assert (stored.external_id, stored.name, stored.phone) == (key, name, phone)
    assert Order.objects.get().customer_id == stored.pk
    merge(shop, api_order("300000002", customer=CustomerRecord()))
    assert Order.objects.get(code="300000002").customer_id is None


def test_what_a_customer_is_not_reported_of_stays(shop: Shop) -> None:
    whole = CustomerRecord(external_id="k1", name="Оксана", phone_raw="87012345678")
    merge(shop, api_order(customer=whole))
    other = CustomerRecord(external_id="k1", phone_raw="87770000000")
    assert merge(shop, api_order(customer=other)).rows == Counts(updated=1)
    assert Customer.objects.values_list("name", "phone").get() == ("Оксана", "+77770000000")
    merge(shop, api_order(customer=CustomerRecord(external_id="k1", name="Оксана П.")))
    assert Customer.objects.values_list("name", "phone").get() == ("Оксана П.", "+77770000000")


def test_a_merge_waits_for_the_turn_of_its_own_merchant_and_for_no_others(
    shop: Shop, database: DatabaseAddresses
) -> None:
    foreign = make_shop("Чужой")
    open_walls(shop.id)
    with psycopg.connect(database.app_dsn) as elsewhere, connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '100ms'")
        elsewhere.execute(LOCK, [str(shop.id)])
        with pytest.raises(MergeBusy), transaction.atomic():
            merge(shop, api_order())
        assert not Order.objects.exists()
        elsewhere.rollback()
        elsewhere.execute(LOCK, [str(foreign.id)])
        assert merge(shop, api_order()).rows == Counts(created=1)
