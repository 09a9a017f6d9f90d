"""A record becomes texts with a digest, or a sentence why not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qaitar.contracts.marketplace import CustomerRecord, LineRecord, TenderKind, TenderRecord
from qaitar.kernel.phones import normalise_phone
from qaitar.orders.import_rows import (
    LINE_AT,
    ImportRow,
    RowProblem,
    copied,
    import_row_of,
    line_keys,
)
from qaitar.orders.services.merging import _phone
from tests.factories.orders import api_order, file_order


def digest(record: object) -> bytes:
    reading = import_row_of(record)  # type: ignore[arg-type]  # records of the factories
    assert isinstance(reading, ImportRow)
    return reading.digest


def test_the_same_reported_again_has_the_same_digest() -> None:
    assert digest(api_order()) == digest(api_order())
    assert len(digest(api_order())) == 16


@pytest.mark.parametrize(
    "other",
    [
        api_order(status="RETURNED"),
        api_order(total_minor=11_999_001),
        api_order(lines=None),
        api_order(tenders=()),
        api_order(customer=None),
        api_order(customer=replace(api_order().customer, phone_raw="7012345679")),
        api_order(lines=(replace(api_order().lines[0], imei_required=False),)),
        api_order(lines=(replace(api_order().lines[0], external_id="other"),)),
        api_order(lines=api_order().lines * 2),
    ],
)
def test_anything_stored_that_differs_shows_in_the_digest(other: object) -> None:
    assert digest(other) != digest(api_order())


def test_what_is_not_stored_does_not_touch_the_digest() -> None:
    assert digest(api_order(raw={"a": 1}, row_numbers=(7,))) == digest(api_order())


@pytest.mark.parametrize(
    ("record", "code", "stated"),
    [
        (file_order(""), "no_code", "number"),
        (file_order("1" * 41), "too_long", "40"),
        (file_order(address="a" * 4001), "too_long", "«address»"),
        (file_order(status="s" * 61), "too_long", "«status»"),
        (file_order(total_minor=10**18), "out_of_range", "«total_minor»"),
        (file_order(lines=(LineRecord(name="n" * 501),)), "too_long", "«name»"),
        (file_order(lines=(LineRecord(quantity_milli=-1),)), "out_of_range", "«quantity_milli»"),
        (file_order(lines=(LineRecord(number=-1),)), "out_of_range", "«number»"),
        (
            file_order(tenders=(TenderRecord(kind=TenderKind.CREDIT, term_months=99_999),)),
            "out_of_range",
            "«term_months»",
        ),
        (api_order(lines=(LineRecord(external_id="a|b"),)), "control_characters", "characters"),
        (api_order(customer=CustomerRecord(name="n" * 201)), "too_long", "«name»"),
        (file_order(address="a\x00b"), "control_characters", "characters"),
        (file_order(address="a\x1fb"), "control_characters", "characters"),
        (file_order(address="a\x1db"), "control_characters", "characters"),
        (file_order("1\x1e2"), "control_characters", "characters"),
        (file_order(address="half \ud800"), "control_characters", "characters"),
    ],
)
def test_what_cannot_be_stored_is_reported_by_field(record: object, code: str, stated: str) -> None:
    fault = import_row_of(record)  # type: ignore[arg-type]  # records of the factories
    assert isinstance(fault, RowProblem)
    assert fault.code == code
    assert stated in fault.sentence


@pytest.mark.parametrize("text", ["a\nb", "a\\Nb", "a\r", "\\", "\t'\"«", "\\.", "𝔸🙂"])
def test_odd_but_lawful_texts_are_stored(text: str) -> None:
    reading = import_row_of(file_order(address=text))
    assert isinstance(reading, ImportRow)
    assert reading.order[11] == text
    assert reading.plain == (copied(reading.order_row) == reading.order_row)


def test_lines_without_ids_are_named_by_offer_code_and_name() -> None:
    long = LineRecord(offer_code="A", name="я" * 400)
    lines = (LineRecord(name="x"), LineRecord(name="x"), long)
    keys = line_keys(ImportRow(file_order(lines=lines)))
    assert keys[:2] == ["|x", "|x|2"]
    assert keys[2].startswith("A|")
    assert len(keys[2]) == 26


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (LineRecord(merchant_name="Моё"), "Моё"),
        (LineRecord(name="Чайник", merchant_name="Моё"), "Чайник"),
        (LineRecord(name="Чайник"), "Чайник"),
        (LineRecord(name="", merchant_name="Моё"), ""),
        (LineRecord(), ""),
    ],
)
def test_a_line_without_a_name_takes_the_sellers_own(line: LineRecord, name: str) -> None:
    assert ImportRow(file_order(lines=(line,))).lines[0][LINE_AT["name"]] == name


def test_mobile_numbers_are_read_as_the_library_reads_them() -> None:
    for prefix in range(1000):
        for written in (f"{prefix:03d}1234567", f"8{prefix:03d}1234567", f"+7{prefix:03d}1234567"):
            assert _phone(written) == (normalise_phone(written) or ""), written
    assert _phone("+0(000)-000-00-00") == ""
    assert _phone("") == ""
