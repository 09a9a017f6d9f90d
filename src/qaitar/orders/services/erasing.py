"""What identifies a customer in orders: found by phone, and emptied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import connection

from qaitar.orders.models import Customer, ImportRejection, Order

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

_PHONE_DIGITS: Final = 10  # without the country's code, however it was written
_REJECTED: Final = """
SELECT id FROM orders_importrejection WHERE merchant_id = %(merchant)s AND raw <> '{}'::jsonb
  AND (regexp_replace(raw::text, '[^0-9]', '', 'g') LIKE '%%' || %(digits)s || '%%'
       OR EXISTS (SELECT FROM jsonb_each_text(CASE jsonb_typeof(raw) WHEN 'object' THEN raw ELSE '{}' END) AS cell WHERE cell.value = ANY(%(codes)s)))
"""


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


def rejections_empty(merchant_id: UUID, phone: str, codes: Sequence[str], *, dry_run: bool) -> int:
    """Empty refused rows of imports that hold a phone or one of these order numbers; returns how many.

    Row number and the reason's code stay.
    """
    values: dict[str, UUID | str | list[str]] = {
        "merchant": merchant_id,
        "digits": phone[-_PHONE_DIGITS:],
        "codes": list(codes),
    }
    with connection.cursor() as cursor:
        cursor.execute(_REJECTED, values)
        found = [row[0] for row in cursor.fetchall()]
    if not dry_run:
        ImportRejection.objects.filter(pk__in=found).update(raw={}, reason="")
    return len(found)
