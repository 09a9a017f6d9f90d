"""Reads of what was sold.  Everything here sees the open walls only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models.expressions import RawSQL

from qaitar.orders.models import ImportRejection, Order, OrderLine, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

REJECTIONS_MAX: Final = 1_000

_CUSTOMER = """(SELECT jsonb_build_object('id', c.id, 'name', c.name, 'phone', c.phone, 'language', c.language)::text
 FROM orders_customer c WHERE c.id = orders_order.customer_id)"""
_TENDERS = """(SELECT jsonb_agg(jsonb_build_object('kind', t.kind, 'amount', t.amount_minor, 'term', t.term_months)
 ORDER BY t.kind)::text FROM orders_tender t WHERE t.order_id = orders_order.id)"""


@dataclass(frozen=True, slots=True)
class CardCustomer:
    """The buyer on an order's card."""

    id: str
    name: str
    phone: str
    language: str


@dataclass(frozen=True, slots=True)
class CardTender:
    """One way an order was paid: minor units, months of the credit's term."""

    kind: str
    amount_minor: int | None
    term_months: int | None


@dataclass(frozen=True, slots=True)
class OrderCard:
    """One order with all that belongs to it."""

    order: Order
    customer: CardCustomer | None
    lines: tuple[OrderLine, ...]
    tenders: tuple[CardTender, ...]
    units: tuple[Unit, ...]


def order_ids_by_code(store_id: UUID, codes: Iterable[str]) -> dict[str, UUID]:
    """Find the orders of these numbers; unknown ones are left out."""
    rows = Order.objects.filter(store_id=store_id, code__in=list(codes))
    return dict(rows.values_list("code", "pk"))


def codes_with_lines(store_id: UUID, codes: Iterable[str]) -> set[str]:
    """Tell which of these orders are kept with their lines, so that the lines need not be asked for again."""
    known = order_ids_by_code(store_id, codes)
    lined = set(
        OrderLine.objects.filter(order_id__in=known.values()).values_list("order_id", flat=True)
    )
    return {code for code, order_id in known.items() if order_id in lined}


def orders_since(store_id: UUID, since: datetime) -> list[Order]:
    """List a store's orders made since a moment that are not cancelled or returned, with what tells their changing only."""
    rows = Order.objects.filter(store_id=store_id, ordered_at__gte=since)
    rows = rows.exclude(status__in=("CANCELLED", "RETURNED"))
    return list(rows.only("code", "status", "ordered_at", "planned_delivery_at", "delivered_at"))


def order_card(order_id: UUID) -> OrderCard | None:
    """Load an order with lines, ways of paying, units and customer, in three statements."""
    order = (
        Order.objects.filter(pk=order_id)
        .annotate(  # the texts are constants of this file
            customer_text=RawSQL(_CUSTOMER, ()),  # noqa: S611  a constant of ours, no value in it
            tenders_text=RawSQL(_TENDERS, ()),  # noqa: S611  a constant of ours, no value in it
        )
        .first()
    )
    if order is None:
        return None
    customer = json.loads(order.customer_text) if order.customer_text else None
    return OrderCard(
        order=order,
        customer=CardCustomer(**customer) if customer else None,
        lines=tuple(OrderLine.objects.filter(order_id=order_id).order_by("number", "pk")),
        tenders=tuple(
            CardTender(each["kind"], each["amount"], each["term"])
            for each in json.loads(order.tenders_text or "[]")
        ),
        units=tuple(Unit.objects.filter(order_id=order_id).order_by("noted_at", "pk")),
    )


def line_names(line_id: UUID) -> tuple[str, ...]:
    """Give the seller's own name of a line and the marketplace's, those that are known."""
    found = OrderLine.objects.filter(pk=line_id).values_list("own_name", "name").first() or ()
    return tuple(name for name in found if name)


def unit_values(order_id: UUID) -> tuple[str, ...]:
    """Give the numbers of the units noted on an order."""
    return tuple(Unit.objects.filter(order_id=order_id).values_list("value", flat=True))


def import_rejections(run_id: UUID, *, limit: int = REJECTIONS_MAX) -> list[ImportRejection]:
    """List the rejected rows of an import in the order of its file."""
    rows = ImportRejection.objects.filter(run_id=run_id).order_by("row_number", "pk")
    return list(rows[:limit])
