"""Finding a case: by any number or word of a name, in any order; two words of one name cost the same in any shop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qaitar.foundation.records.search import KEY_MAX, find_subjects, search_keys
from qaitar.kernel.roles import Role
from tests.factories.accounts import actor, make_person, make_shop, open_walls
from tests.factories.returns import make_case

if TYPE_CHECKING:
    from uuid import UUID

    from tests.factories.accounts import Shop

PEOPLE = {
    "700000001-1": ("Шолпан Ли", "+77011110001"),
    "700000002-1": ("Ли Шолпан", "+77011110002"),
    "700000003-1": ("Шолпан Лимонова", "+77011110003"),
    "700000004-1": ("Шолпанова Айгерим", "+77011110004"),
    "700000005-1": ("Айгерим Қанатқызы Шолпанова", "+77011110005"),
    "700000006-1": ("Серик Ли", "+77011110006"),
}


@pytest.fixture
def shop(db_walls: None) -> Shop:
    return make_shop()


@pytest.fixture
def cases(shop: Shop) -> dict[UUID, str]:
    by = actor(make_person("aigerim", (shop.id, Role.OPERATOR)), shop.id)
    made = {}
    for number, (name, phone) in PEOPLE.items():
        case = make_case(shop, by, number, customer_name=name, customer_phone=phone)
        made[case.pk] = number.partition("-")[0][-1]
    return made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("шолпан", "12345"),  # also who is called Шолпанова
        ("ШОЛПАН ЛИ", "123"),  # the last word may be unfinished
        ("ли шолпан", "12"),  # somebody is called exactly so: nobody else is meant
        ("лим шолпан", "3"),
        ("шолпан лимон", "3"),
        ("айгерим шолпанова", "45"),
        ("қанатқызы айгерим", "5"),
        ("айгерим қанатқызы шолпанова", "5"),
        (
            "шолп айг",
            "45",
        ),  # beginnings only: no pair is called so, the words are looked up one by one
        ("шолпан 0001", "1"),  # a number and a name
        ("700000006 ли", "6"),
        ("серик шолпан", ""),
        ("&шолпан", "12345"),  # a sign is no word
        ("", ""),
        ("&", ""),
    ],
)
def test_words_find_whoever_has_them_all(
    shop: Shop, cases: dict[UUID, str], query: str, found: str
) -> None:
    """Each word has to begin a number, a phone or a word of a name of the same case; newest first."""
    numbers = [cases[pk] for pk in find_subjects([shop.id], query, 50)]
    assert numbers == sorted(found, reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        "+77011110004", "87011110004", "7011110004", "8 (701) 111-00-04", "8-701-111-00-04", "8\u2011701\u2011111\u201100\u201104",
        "\u202d+7\u00a0701\u2009111\u200900\u200904\u202c", "тел 8.701.111.00.04", "0004", "Айгерим 8 701 111 00 04",
    ],
)  # fmt: skip
def test_a_phone_is_found_in_any_writing_and_by_its_last_four_digits(
    shop: Shop, cases: dict[UUID, str], query: str
) -> None:
    assert [cases[pk] for pk in find_subjects([shop.id], query, 50)] == ["4"]


def test_a_limit_cuts_the_oldest(shop: Shop, cases: dict[UUID, str]) -> None:
    """Of more than are shown, the newest are."""
    assert [cases[pk] for pk in find_subjects([shop.id], "шолпан", 2)] == ["5", "4"]
    assert len(find_subjects([shop.id], "айгерим шолпанова", 1)) == 1


def test_another_shop_finds_nothing(shop: Shop, cases: dict[UUID, str]) -> None:
    """The walls hold whoever asks."""
    stranger = make_shop("Timur's shop")
    open_walls(stranger.id)
    assert find_subjects([shop.id, stranger.id], "шолпан ли", 50) == []


def test_pairs_stay_within_a_name_and_a_key() -> None:
    """At most six pairs of a name; words of two names never stand together; a key is never longer than its column."""
    keys = search_keys([], names=["а б в г", "д"])
    pairs = [key for key in keys if key.startswith("&")]
    assert pairs == ["&а б", "&а в", "&б а", "&б в", "&в а", "&в б"]
    assert max(len(key) for key in search_keys([], names=["ы" * 90 + " " + "э" * 90])) == KEY_MAX
