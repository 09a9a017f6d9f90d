"""Which store each order of an answer goes to, by the shop's number at its pickup point; what is of a foreign shop is refused."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from qaitar.contracts.marketplace import OrderRecord, RowRejected
from qaitar.kernel.identifiers import shop_number
from qaitar.orders.shops import ForeignShop, store_for_shop

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from qaitar.orders.models import Store

FOREIGN_SHOP = "foreign_shop"


def records_by_store(
    records: Iterable[OrderRecord | RowRejected], chosen: Store, stores: Sequence[Store]
) -> dict[UUID, list[OrderRecord | RowRejected]]:
    """Sort what was read for the store `chosen` by the merchant's stores; nothing is left out.

    What has no shop number, and what was rejected before, stays with the chosen store.  An order of a shop that is none of
    the merchant's becomes a rejection there, naming both shops.
    """
    found: dict[UUID, list[OrderRecord | RowRejected]] = defaultdict(list)
    for record in records:
        number = shop_number(record.pickup_point or "") if isinstance(record, OrderRecord) else ""
        owner = store_for_shop(number, chosen, stores)
        if isinstance(owner, ForeignShop):
            assert isinstance(record, OrderRecord), "only an order has a shop's number"
            found[chosen.pk].append(foreign(record, owner))
        else:
            found[owner.pk].append(record)
    return dict(found)


def foreign(record: OrderRecord, shop: ForeignShop) -> RowRejected:
    """Refuse an order of another shop by name, with both numbers."""
    return RowRejected(
        row_number=0,
        reason_code=FOREIGN_SHOP,
        reason=(
            f"Order {record.code} belongs to the shop {shop.number};"
            f" the store {shop.store_name} is the shop {shop.store_number}."
        ),
        raw=record.raw,
    )
