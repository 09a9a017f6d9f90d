"""Numbers people type and marketplaces send: read when sure, refused when not."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaitar.kernel.identifiers import (
    UnreadableNumber,
    checked_iin_bin,
    checked_imei,
    request_attempt,
)
from qaitar.kernel.ids import new_id
from qaitar.kernel.phones import normalise_phone
from qaitar.kernel.refusal import Refusal


@pytest.mark.parametrize(
    ("number", "order", "attempt"),
    [
        ("700000001-1", "700000001", 1),
        ("700000001-2", "700000001", 2),
        ("700000001-12", "700000001", 12),
    ],
)
def test_a_request_number_tells_order_and_attempt(number: str, order: str, attempt: int) -> None:
    assert request_attempt(number) == (order, attempt)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "700000001",
        "700000001-",
        "-1",
        "700000001-0",
        "700000001-1-R",
        "700000001-1\n",
        " 700000001-1",
        "А1-1",
        "1-١",
        "1-12345",
    ],
)
def test_another_shape_is_not_guessed(number: str) -> None:
    with pytest.raises(UnreadableNumber):
        request_attempt(number)


PUBLIC_BINS = ["131240010479", "090540008881", "971240001315", "940140000385", "150740001357"]


@pytest.mark.parametrize("text", PUBLIC_BINS)
def test_bins_of_public_companies_pass(text: str) -> None:
    assert checked_iin_bin(text) == text


@pytest.mark.parametrize("text", PUBLIC_BINS[:-1])
@pytest.mark.parametrize(
    "place", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11]
)  # the eleventh digit weighs 11, that is nothing
def test_one_wrong_digit_is_caught(text: str, place: int) -> None:
    wrong = text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]
    with pytest.raises(UnreadableNumber, match="check digit"):
        checked_iin_bin(wrong)


@pytest.mark.parametrize("last", "0123456789")
def test_a_number_whose_both_passes_give_ten_is_never_issued(last: str) -> None:
    with pytest.raises(UnreadableNumber, match="check digit"):
        checked_iin_bin(f"90010130080{last}")


@pytest.mark.parametrize(
    "text", ["", "13124001047", "1312400104790", "13124001047٩", "131240010479 ", "abc"]
)
def test_an_iin_is_twelve_digits(text: str) -> None:
    with pytest.raises(UnreadableNumber, match="twelve"):
        checked_iin_bin(text)


@pytest.mark.parametrize(
    "text", ["490154203237518", "49-015420-323751-8", "49 015420 323751 8", "490154/20/323751/8"]
)
def test_an_imei_is_read_with_its_separators(text: str) -> None:
    assert checked_imei(text) == "490154203237518"


@pytest.mark.parametrize("text", ["490154203237517", "490154203237581", "994154203237518"])
def test_an_imei_with_a_typing_error_is_refused(text: str) -> None:
    with pytest.raises(UnreadableNumber, match="check digit"):
        checked_imei(text)


@pytest.mark.parametrize("text", ["", "49015420323751", "4901542032375180", "49015420323751X"])
def test_an_imei_is_fifteen_digits(text: str) -> None:
    with pytest.raises(UnreadableNumber, match="fifteen"):
        checked_imei(text)


@given(st.integers(0, 10**14 - 1))
def test_exactly_one_check_digit_fits_an_imei(body: int) -> None:
    fitting = 0
    for digit in range(10):
        try:
            checked_imei(f"{body:014d}{digit}")
        except UnreadableNumber:
            continue
        fitting += 1
    assert fitting == 1


@pytest.mark.parametrize(
    "raw",
    [
        "7012345678",
        "87012345678",
        "77012345678",
        "+77012345678",
        "8 (701) 234-56-78",
        "+7 701 234 56 78",
        " 8-701-234-56-78 ",
    ],
)
def test_every_partners_way_of_writing_is_one_phone(raw: str) -> None:
    assert normalise_phone(raw) == "+77012345678"


def test_ten_digits_starting_with_7_are_national() -> None:
    assert normalise_phone("7771234567") == "+77771234567"
    assert normalise_phone("7012345678", region="RU") == "+77012345678"


@pytest.mark.parametrize(
    ("raw", "region", "phone"),
    [
        ("9161234567", "RU", "+79161234567"),
        ("8 916 123-45-67", "KZ", "+79161234567"),
        ("+49 30 123456", "KZ", "+4930123456"),
        ("030 123456", "DE", "+4930123456"),
    ],
)
def test_phones_of_neighbours_and_strangers(raw: str, region: str, phone: str) -> None:
    assert normalise_phone(raw, region) == phone


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "+0(000)-000-00-00",
        "0000000000",
        "+7 701 *** ** 78",
        "123",
        "7012345",
        "701234567890123",
        "нет",
        "+",
        "()",
        "97012345678",
        "0112345678",
    ],
)
def test_what_cannot_be_called_is_no_phone(raw: str) -> None:
    assert normalise_phone(raw) is None


@given(st.text(max_size=30))
def test_any_text_gives_a_canonical_phone_or_none(raw: str) -> None:
    phone = normalise_phone(raw)
    assert phone is None or normalise_phone(phone) == phone


def test_new_ids_are_version_7_differ_and_sort_by_time() -> None:
    made = [new_id() for _ in range(1000)]
    assert all(one.version == 7 for one in made)
    assert {type(one) for one in made} == {UUID}
    assert len(set(made)) == 1000
    assert [one.int >> 80 for one in made] == sorted(one.int >> 80 for one in made)


def test_refusals_with_the_same_code_and_facts_are_equal() -> None:
    assert Refusal("ABOVE_LIMIT", {"limit_minor": 1}) == Refusal("ABOVE_LIMIT", {"limit_minor": 1})
    assert Refusal("ABOVE_LIMIT") != Refusal("ABOVE_LIMIT", {"limit_minor": 1})
    assert Refusal("A").params == {}
