"""What identifies a customer in orders: found by phone, and emptied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qaitar.orders.models import Customer, Order

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class CustomerRows:
    """The customers of a phone and their orders: ids, names, order numbers."""

    customers: tuple[UUID, ...]
    names: frozenset[str]
    orders: tuple[UUID, ...]
    codes: tuple[str, ...]


def customers_find(merchant_id: UUID, phone: str) -> CustomerRows:
    """Find everybody one merchant knows by a phone, behind the merchant's walls."""
    people = list(Customer.objects.filter(merchant_id=merchant_id, phone=phone))
    ids = [each.pk for each in people]
    orders = list(Order.objects.filter(merchant_id=merchant_id, customer_id__in=ids))
    return CustomerRows(
        tuple(ids),
        frozenset(each.name for each in people),
        tuple(each.pk for each in orders),
        tuple(each.code for each in orders),
    )


def customers_empty(rows: CustomerRows) -> None:
    """Empty name, phone and the channel's id of customers, and the addresses of their orders; sums and dates stay."""
    for pk in rows.customers:
        Customer.objects.filter(pk=pk).update(name="", phone="", external_id=f"erased {pk}")
    Order.objects.filter(pk__in=rows.orders).update(address="")


def phones_known(merchant_id: UUID) -> set[str]:
    """List the phones of a merchant's customers."""
    phones = Customer.objects.filter(merchant_id=merchant_id).values_list("phone", flat=True)
    return {phone for phone in phones.iterator() if phone}
