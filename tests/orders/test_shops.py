"""Data of a shop go to the store that has the shop's number, and never into a store of another shop."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from qaitar.kernel.ids import new_id
from qaitar.orders.shops import ForeignShop, store_for_shop

OURS, THEIRS = new_id(), new_id()


@dataclass
class AStore:
    """A store as far as the decision looks."""

    name: str
    external_id: str
    merchant_id: UUID = OURS
    channel: str = "KASPI"
    pk: UUID = field(default_factory=new_id)


HERE = AStore("Чайники", "30000001")
THERE = AStore("Посуда", "30000002")
BARE = AStore("Новый", "")
ALL = [HERE, THERE, BARE, AStore("Чужой", "30000009", merchant_id=THEIRS)]


def test_the_choice_stands_for_its_own_number_and_without_any() -> None:
    assert store_for_shop("", HERE, ALL) is HERE
    assert store_for_shop("30000001", HERE, ALL) is HERE


def test_another_store_of_the_merchant_gets_what_has_its_number() -> None:
    assert store_for_shop("30000002", HERE, ALL) is THERE
    assert store_for_shop("30000002", BARE, ALL) is THERE


def test_an_unknown_number_belongs_to_a_store_without_one_and_else_to_nobody() -> None:
    assert store_for_shop("30000005", BARE, ALL) is BARE
    assert store_for_shop("30000005", HERE, ALL) == ForeignShop("30000005", "Чайники", "30000001")


def test_a_store_of_another_merchant_is_never_answered() -> None:
    assert store_for_shop("30000009", HERE, ALL) == ForeignShop("30000009", "Чайники", "30000001")
    other_channel = AStore("Wildberries", "30000002", channel="WILDBERRIES")
    assert store_for_shop("30000002", HERE, [HERE, other_channel]) == ForeignShop(
        "30000002", "Чайники", "30000001"
    )
