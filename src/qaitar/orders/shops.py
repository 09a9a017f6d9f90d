"""Which store a marketplace's shop number belongs to: one decision for exports, recordings of the cabinet and the Shop API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID


class StoreLike(Protocol):
    """What the decision reads of a store; `external_id` is its number at the marketplace, '' while nobody has entered it."""

    @property
    def pk(self) -> UUID:
        """Give the store's id."""
        ...

    @property
    def merchant_id(self) -> UUID:
        """Give whose store it is."""
        ...

    @property
    def channel(self) -> str:
        """Name the marketplace."""
        ...

    @property
    def name(self) -> str:
        """Name the store."""
        ...

    @property
    def external_id(self) -> str:
        """Give the marketplace's number."""
        ...


AnyStore = TypeVar("AnyStore", bound=StoreLike)


@dataclass(frozen=True, slots=True)
class ForeignShop:
    """Data of a shop that is none of the merchant's stores; both numbers are for the sentence a person reads."""

    number: str
    store_name: str
    store_number: str


def store_for_shop(
    number: str, chosen: AnyStore, stores: Iterable[AnyStore]
) -> AnyStore | ForeignShop:
    """Decide which store data with this shop number belong to, when a person or a program named the store `chosen`.

    Without a number the choice stands.  With one: the chosen store if the number is its own; else the merchant's other store
    on the same channel that has it; else, if the chosen store has no number yet, the chosen store; else nobody's.
    `stores` may hold stores of other merchants: they are never answered.
    """
    if number in {"", chosen.external_id}:
        return chosen
    owners = [
        store
        for store in stores
        if (store.merchant_id, store.channel) == (chosen.merchant_id, chosen.channel)
        and store.external_id == number
    ]
    if owners:
        return min(owners, key=lambda store: store.pk)
    if not chosen.external_id:
        return chosen
    return ForeignShop(number, chosen.name, chosen.external_id)
