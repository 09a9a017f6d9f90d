"""A reading is laid over what is stored: gaps are filled, nothing is erased, a file never outdoes the marketplace."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from qaitar.contracts.marketplace import (
    CustomerRecord,
    LineRecord,
    OrderRecord,
    TenderKind,
    TenderRecord,
)
from qaitar.orders.import_rows import LINE_AT, ORDER_AT, ImportRow, RowProblem, import_row_of
from qaitar.orders.merge import (
    MergedLine,
    MergedTenders,
    StoredLine,
    StoredTender,
    filled_values,
    lines_merged,
    merged_values,
    only_fills,
    order_merged,
    shows_part,
    sums_in_doubt,
    tenders_merged,
)

FIRST, SECOND, THIRD = "2026-05-01", "2026-05-02", "2026-05-03"


def stored(**values: str) -> list[str]:
    texts = [""] * len(ORDER_AT)
    for name, text in values.items():
        texts[ORDER_AT[name]] = text
    return texts


def reading(*, api: bool = False, **reported: Any) -> ImportRow:
    day = reported.pop("on", None)
    record = OrderRecord(
        code="100",
        external_id="kaspi-1" if api else None,
        status_changed_on=date.fromisoformat(day) if day else None,
        currency="",
        **reported,
    )
    made = import_row_of(record)
    assert isinstance(made, ImportRow)
    return made


def named(texts: list[str]) -> dict[str, str]:
    return {name: texts[at] for name, at in ORDER_AT.items() if texts[at]}


@pytest.mark.parametrize(
    ("reported_on", "values", "fills"),
    [
        (FIRST, {"status_changed_on": SECOND}, True),
        (SECOND, {"status_changed_on": SECOND}, False),
        (THIRD, {"status_changed_on": SECOND}, False),
        (None, {"status_changed_on": SECOND}, False),
        (FIRST, {}, False),
        (THIRD, {"status_changed_on": SECOND, "external_id": "kaspi-1"}, True),
        (None, {"external_id": "kaspi-1"}, True),
    ],
)
def test_a_file_only_fills_where_it_is_older_or_the_marketplace_has_reported(
    reported_on: str | None, values: dict[str, str], fills: bool
) -> None:
    assert only_fills(reading(on=reported_on), stored(**values)) is fills
    assert not only_fills(reading(api=True, on=reported_on), stored(**values))


def test_what_is_reported_replaces_and_what_is_not_reported_stays() -> None:
    values = stored(status="DELIVERED", status_changed_on=SECOND, address="Abay 1", state="ARCHIVE")
    reported = reading(api=True, status="RETURNED", address="Abay 2")
    assert named(order_merged(values, reported, FIRST)) == {
        "external_id": "kaspi-1",
        "status": "RETURNED",
        "address": "Abay 2",
        "state": "ARCHIVE",
    }


def test_a_day_of_change_is_stored_next_to_its_own_status_only() -> None:
    values = stored(status="DELIVERED", status_changed_on=SECOND)
    same = order_merged(values, reading(api=True, status="DELIVERED", on=FIRST), SECOND)
    assert same[ORDER_AT["status_changed_on"]] == FIRST
    silent = order_merged(values, reading(api=True, on=THIRD), SECOND)
    assert silent[ORDER_AT["status_changed_on"]] == SECOND
    bare = stored(status="DELIVERED", external_id="kaspi-1")
    other = order_merged(bare, reading(status="RETURNED", on=FIRST), SECOND)
    assert named(other) == {"status": "DELIVERED", "external_id": "kaspi-1"}


@pytest.mark.parametrize(
    ("changed_on", "seen_on", "later"),
    [
        (THIRD, SECOND, True),
        (SECOND, SECOND, False),
        (THIRD, THIRD, False),
        (FIRST, SECOND, False),
        (FIRST, "", False),
    ],
)
def test_a_file_tells_a_later_status_of_an_order_the_marketplace_has_reported(
    changed_on: str, seen_on: str, later: bool
) -> None:
    values = {
        "external_id": "kaspi-1",
        "status": "DELIVERED",
        "status_changed_on": FIRST,
        "state": "ARCHIVE",
        "address": "Abay 1",
        "delivered_at": "2026-05-01 10:00:00",
    }
    reported = reading(
        on=changed_on,
        state="DELIVERY",
        status="CANCELLED",
        delivered_at=datetime(2026, 5, 3, tzinfo=UTC),
        cancellation_reason="BUYER",
        address="Abay 2",
        pickup_point="PP1",
    )
    status = {
        "state": "DELIVERY",
        "status": "CANCELLED",
        "status_changed_on": changed_on,
        "delivered_at": "2026-05-03 00:00:00+00:00",
    }
    filled_up = {"pickup_point": "PP1", "cancellation_reason": "BUYER"}
    assert named(order_merged(stored(**values), reported, seen_on)) == (
        values | filled_up | (status if later else {})
    )
    reason = stored(**values | {"cancellation_reason": "SHOP"})
    assert named(order_merged(reason, reported, seen_on))["cancellation_reason"] == (
        "BUYER" if later else "SHOP"
    )


def test_rows_of_different_length_are_no_rows_of_one_table() -> None:
    for lay in (filled_values, merged_values):
        with pytest.raises(ValueError, match="argument 2 is shorter"):
            lay(["a", "b"], ["x"])


CARD = StoredTender("t1", ["CARD", "100", ""])
BONUS = StoredTender("t2", ["BONUS", "5", ""])


def paid(*tenders: TenderRecord) -> ImportRow:
    return reading(api=True, tenders=tenders)


@pytest.mark.parametrize("kind", ["CARD", "CREDIT", "UNKNOWN"])
@pytest.mark.parametrize("reported", ["CARD", "CREDIT", "UNKNOWN"])
def test_another_main_way_of_paying_replaces_the_stored_one(kind: str, reported: str) -> None:
    values = [StoredTender("t1", [kind, "100", ""]), BONUS]
    now = paid(TenderRecord(kind=TenderKind(reported), amount_minor=100))
    if kind == reported:
        assert tenders_merged(values, now, fills=False) == MergedTenders((), ())
        return
    assert tenders_merged(values, now, fills=False) == MergedTenders(
        ((None, [reported, "100", ""]),), ("t1",)
    )
    assert tenders_merged(values, now, fills=True) == MergedTenders((), ())


def test_bonuses_replace_nobody_and_gaps_are_filled() -> None:
    bonus = paid(TenderRecord(kind=TenderKind.BONUS, amount_minor=7))
    assert tenders_merged([CARD], bonus, fills=False) == MergedTenders(
        ((None, ["BONUS", "7", ""]),), ()
    )
    assert tenders_merged([CARD], bonus, fills=True) == MergedTenders(
        ((None, ["BONUS", "7", ""]),), ()
    )
    assert tenders_merged([CARD, BONUS], bonus, fills=False) == MergedTenders(
        (("t2", ["BONUS", "7", ""]),), ()
    )
    assert tenders_merged([CARD, BONUS], bonus, fills=True) == MergedTenders((), ())
    term = paid(TenderRecord(kind=TenderKind.CARD, amount_minor=99, term_months=3))
    assert tenders_merged([CARD], term, fills=True) == MergedTenders(
        (("t1", ["CARD", "100", "3"]),), ()
    )
    assert tenders_merged([CARD], term, fills=False) == MergedTenders(
        (("t1", ["CARD", "99", "3"]),), ()
    )


# --- which told line is which stored one ------------------------------------------------------------------------------


def goods(offer: str, name: str, total: int | None = None, line_id: str = "") -> LineRecord:
    return LineRecord(external_id=line_id, offer_code=offer, name=name, total_minor=total)


def has(line_id: str, key: str, offer: str, name: str, total: str = "") -> StoredLine:
    texts = [""] * len(LINE_AT)
    texts[LINE_AT["offer_code"]], texts[LINE_AT["name"]] = offer, name
    texts[LINE_AT["total_minor"]] = total
    return StoredLine(line_id, key, texts)


def reported_lines(*lines: LineRecord, api: bool = False) -> ImportRow:
    return reading(api=api, lines=lines)


def summed(lines: list[MergedLine]) -> list[tuple[str | None, str, str, str, str]]:
    """Id, key, offer, name and sum of each."""
    names = ("offer_code", "name", "total_minor")
    return [(x.id, x.key, *(x.texts[LINE_AT[name]] for name in names)) for x in lines]  # type: ignore[misc]  # three names


API_LINES = [has("a", "line-a", "SKU-1", "Чайник"), has("b", "line-b", "SKU-2", "Чехол")]
FILE_LINES = [
    has("a", "SKU-1|Чайник", "SKU-1", "Чайник"),
    has("b", "SKU-2|Чехол", "SKU-2", "Чехол"),
]


def test_a_line_of_a_file_finds_that_of_the_marketplace_by_offer_then_name_then_place() -> None:
    by_offer = reported_lines(goods("SKU-2", "иначе", 7), goods("SKU-1", "иначе", 5))
    assert summed(lines_merged(API_LINES, by_offer, fills=True)) == [
        ("b", "line-b", "SKU-2", "Чехол", "7"),
        ("a", "line-a", "SKU-1", "Чайник", "5"),
    ]
    by_name = reported_lines(goods("", "Чехол", 7), goods("", "Чайник", 5))
    assert summed(lines_merged(API_LINES, by_name, fills=True)) == [
        ("b", "line-b", "SKU-2", "Чехол", "7"),
        ("a", "line-a", "SKU-1", "Чайник", "5"),
    ]
    by_place = reported_lines(goods("", "", 7), goods("", "", 5))
    assert summed(lines_merged(API_LINES, by_place, fills=True)) == [
        ("a", "line-a", "SKU-1", "Чайник", "7"),
        ("b", "line-b", "SKU-2", "Чехол", "5"),
    ]
    offer_first = reported_lines(goods("SKU-2", "Чайник", 7), goods("SKU-1", "Чехол", 5))
    assert [x.id for x in lines_merged(API_LINES, offer_first, fills=True)] == ["b", "a"]


def test_a_file_adds_no_line_where_the_marketplace_has_reported_its_own() -> None:
    more = reported_lines(goods("SKU-1", ""), goods("SKU-2", ""), goods("SKU-3", "Ремень", 1))
    assert lines_merged(API_LINES, more, fills=True) == []
    assert lines_merged(API_LINES, more, fills=False) == []
    mixed = [API_LINES[0], FILE_LINES[1]]
    assert lines_merged(mixed, more, fills=False) == []
    assert summed(lines_merged(FILE_LINES, more, fills=False)) == [
        (None, "SKU-3|Ремень", "SKU-3", "Ремень", "1")
    ]


def test_a_line_with_an_id_is_known_by_it_alone() -> None:
    ids = reported_lines(
        goods("SKU-9", "Чехол", 7, line_id="line-a"),
        goods("SKU-2", "Чехол", 5, line_id="line-c"),
        api=True,
    )
    assert summed(lines_merged(API_LINES, ids, fills=False)) == [
        ("a", "line-a", "SKU-9", "Чехол", "7"),
        (None, "line-c", "SKU-2", "Чехол", "5"),
    ]


def test_a_line_of_a_file_takes_the_id_that_the_marketplace_tells_later() -> None:
    ids = reported_lines(
        goods("SKU-2", "Чехол", line_id="line-b"),
        goods("SKU-1", "Чайник", line_id="line-a"),
        api=True,
    )
    assert summed(lines_merged(FILE_LINES, ids, fills=False)) == [
        ("b", "line-b", "SKU-2", "Чехол", ""),
        ("a", "line-a", "SKU-1", "Чайник", ""),
    ]


def test_a_file_replaces_the_words_of_a_file_and_only_fills_those_of_the_marketplace() -> None:
    reported = reported_lines(goods("SKU-1", "Чайник электрический", 5))
    assert summed(lines_merged(FILE_LINES[:1], reported, fills=False)) == [
        ("a", "SKU-1|Чайник", "SKU-1", "Чайник электрический", "5")
    ]
    for fills in (True, False):
        assert summed(lines_merged(API_LINES, reported, fills=fills)) == [
            ("a", "line-a", "SKU-1", "Чайник", "5")
        ]
    assert summed(lines_merged(FILE_LINES[:1], reported, fills=True)) == [
        ("a", "SKU-1|Чайник", "SKU-1", "Чайник", "5")
    ]


def test_a_file_with_fewer_lines_than_known_tells_no_sums() -> None:
    """The one row left of a filtered export carries the whole order's sum."""
    reported = reported_lines(goods("SKU-1", "Чайник электрический", 5))
    assert shows_part(FILE_LINES, reported)
    assert not shows_part(FILE_LINES[:1], reported)
    assert not shows_part(API_LINES, reported)
    assert summed(lines_merged(FILE_LINES, reported, fills=False)) == [
        ("a", "SKU-1|Чайник", "SKU-1", "Чайник электрический", "")
    ]
    part = reading(status="RETURNED", on=THIRD, lines=(goods("SKU-1", "Чайник"),))
    values = stored(status="COMPLETED", status_changed_on=FIRST, state="ARCHIVE")
    assert order_merged(values, part, SECOND, is_part=True) == values


def test_a_lines_sum_is_forgotten_when_more_lines_come_to_light() -> None:
    """One row was taken as the whole order; the next export shows a second line, and neither price is known then."""
    first = [has("a", "SKU-1|Чайник", "SKU-1", "Чайник", "500")]
    both = reported_lines(goods("SKU-1", "Чайник"), goods("SKU-2", "Чехол"))
    merged_lines = lines_merged(first, both, fills=False)
    assert summed(sums_in_doubt(first, merged_lines, "500")) == [
        ("a", "SKU-1|Чайник", "SKU-1", "Чайник", ""),
        (None, "SKU-2|Чехол", "SKU-2", "Чехол", ""),
    ]
    shared = reported_lines(goods("SKU-1", "Чайник", 250), goods("SKU-2", "Чехол", 250))
    fine = lines_merged(first, shared, fills=False)
    assert sums_in_doubt(first, fine, "500") == fine
    from_api = [has("a", "line-a", "SKU-1", "Чайник", "500"), API_LINES[1]]
    assert sums_in_doubt(from_api, [], "500") == []
    settled = [has("a", "SKU-1|Чайник", "SKU-1", "Чайник"), FILE_LINES[1]]
    assert sums_in_doubt(settled, lines_merged(settled, both, fills=False), "500") == []


@pytest.mark.parametrize("later_file", ["", SECOND])
@pytest.mark.parametrize(
    ("was", "reported", "becomes"),
    [
        ("RETURNED", "COMPLETED", "RETURNED"),
        ("RETURNED", "ACCEPTED_BY_MERCHANT", "RETURNED"),
        ("CANCELLED", "COMPLETED", "CANCELLED"),
        ("COMPLETED", "CANCELLED", "COMPLETED"),
        ("COMPLETED", "ACCEPTED_BY_MERCHANT", "COMPLETED"),
        ("COMPLETED", "RETURNED", "RETURNED"),
        ("ACCEPTED_BY_MERCHANT", "COMPLETED", "COMPLETED"),
        ("ACCEPTED_BY_MERCHANT", "CANCELLING", "CANCELLING"),
    ],
)
def test_a_file_without_a_later_day_takes_no_final_status_back(
    was: str, reported: str, becomes: str, later_file: str
) -> None:
    values = stored(status=was, status_changed_on=SECOND, address="Abay 1")
    after = named(
        order_merged(values, reading(status=reported, on=later_file, address="Abay 2"), SECOND)
    )
    assert after["status"] == becomes
    held = becomes == was
    assert after.get("status_changed_on", "") == (SECOND if held else later_file)
    assert after["address"] == ("Abay 1" if held else "Abay 2")
    line = [has("a", "SKU-1|Чайник", "SKU-1", "Чайник")]
    line[0].texts[LINE_AT["status"]], line[0].texts[LINE_AT["status_changed_on"]] = was, SECOND
    day = date.fromisoformat(later_file) if later_file else None
    goods_reported = replace(goods("SKU-1", "Чайник"), status=reported, status_changed_on=day)
    merged_line = lines_merged(line, reported_lines(goods_reported), fills=False)
    assert [x.texts[LINE_AT["status"]] for x in merged_line] == ([] if held else [becomes])


def test_a_file_of_a_later_day_may_take_a_final_status_back() -> None:
    values = stored(status="RETURNED", status_changed_on=SECOND)
    after = named(order_merged(values, reading(status="COMPLETED", on=THIRD), SECOND))
    assert (after["status"], after["status_changed_on"]) == ("COMPLETED", THIRD)
    undated = named(
        order_merged(stored(status="RETURNED"), reading(status="COMPLETED", on=FIRST), SECOND)
    )
    assert undated == {"status": "RETURNED"}


def test_equal_lines_stay_as_many_as_they_are_and_get_keys_of_their_own() -> None:
    twice = reported_lines(goods("SKU-1", "Чайник", 5), goods("SKU-1", "Чайник", 5))
    first = lines_merged([], twice, fills=False)
    assert [x.key for x in first] == ["SKU-1|Чайник", "SKU-1|Чайник|2"]
    values = [StoredLine(str(at), x.key, x.texts) for at, x in enumerate(first)]
    assert lines_merged(values, twice, fills=False) == []
    third = reported_lines(*[goods("SKU-1", "Чайник", 5)] * 3)
    assert [(x.id, x.key) for x in lines_merged(values, third, fills=False)] == [
        (None, "SKU-1|Чайник|3")
    ]


# --- how long a text may be ---------------------------------------------------------------------------------------

ORDER_TEXTS = {
    "external_id": 120,
    "state": 40,
    "status": 60,
    "payment_mode": 40,
    "currency": 3,
    "delivery_mode": 40,
    "address": 4000,
    "pickup_point": 120,
    "waybill_number": 60,
    "waybill_url": 2000,
    "cancellation_reason": 300,
}
LINE_TEXTS = {
    "offer_code": 120,
    "name": 500,
    "category_code": 200,
    "category_title": 200,
    "unit_type": 30,
}
CUSTOMER_TEXTS = {
    "external_id": 120,
    "name": 200,
    "first_name": 100,
    "last_name": 100,
    "phone_raw": 60,
}
SUMS = ("total_minor", "delivery_cost_minor", "delivery_cost_seller_minor")


def of_order(name: str, value: Any) -> OrderRecord:
    return replace(OrderRecord(code="100"), **{name: value})


def of_line(name: str, value: Any) -> OrderRecord:
    return OrderRecord(code="100", lines=(replace(LineRecord(), **{name: value}),))


def of_customer(name: str, value: Any) -> OrderRecord:
    return OrderRecord(code="100", customer=replace(CustomerRecord(), **{name: value}))


@pytest.mark.parametrize(
    ("made", "name", "limit"),
    [
        *((of_order, name, limit) for name, limit in ORDER_TEXTS.items()),
        *((of_line, name, limit) for name, limit in LINE_TEXTS.items()),
        *((of_customer, name, limit) for name, limit in CUSTOMER_TEXTS.items()),
        (of_line, "external_id", 155),
    ],
)
def test_a_text_of_full_length_is_stored_and_one_letter_more_is_reported(
    made: Any, name: str, limit: int
) -> None:
    assert isinstance(import_row_of(made(name, "я" * limit)), ImportRow)
    column = {"phone_raw": "phone"}.get(name, name)
    if made is of_line and name == "external_id":
        column = "line_id"
    assert import_row_of(made(name, "я" * (limit + 1))) == RowProblem(
        "too_long", f"«{column}» is longer than {limit} characters."
    )


@pytest.mark.parametrize(
    ("made", "name", "digits", "negative"),
    [
        *((of_order, name, 18, True) for name in SUMS),
        (of_line, "number", 9, False),
        (of_line, "quantity_milli", 18, False),
        (of_line, "price_minor", 18, True),
        (of_line, "total_minor", 18, True),
    ],
)
def test_a_number_that_has_no_room_is_reported(
    made: Any, name: str, digits: int, negative: bool
) -> None:
    no = RowProblem("out_of_range", f"«{name}» is out of range.")
    assert isinstance(import_row_of(made(name, 10**digits - 1)), ImportRow)
    assert import_row_of(made(name, 10**digits)) == no
    below = import_row_of(made(name, -1))
    assert isinstance(below, ImportRow) if negative else below == no


def test_an_order_number_has_forty_letters_at_most() -> None:
    assert isinstance(import_row_of(OrderRecord(code="1" * 40)), ImportRow)
    assert import_row_of(OrderRecord(code="1" * 41)) == RowProblem(
        "too_long", "The order number is longer than 40 characters."
    )
    assert import_row_of(OrderRecord(code="")) == RowProblem("no_code", "The order has no number.")
    assert import_row_of(OrderRecord(code="1\x1f2")) == RowProblem(
        "control_characters", "A text has control or broken characters that no text has."
    )
