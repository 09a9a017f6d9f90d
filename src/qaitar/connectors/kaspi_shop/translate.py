"""Kaspi's resources → our records.  Pure and total: an odd value becomes None, a resource without its number is rejected."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qaitar.connectors.kaspi_shop import facts, wire
from qaitar.contracts.marketplace import (
    CustomerRecord,
    LineRecord,
    OrderRecord,
    RowRejected,
    TenderKind,
    TenderRecord,
)
from qaitar.transport.lenient import records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ERROR_CHARS_MAX = 200
_TENDERS = {facts.CREDIT_MODE: TenderKind.CREDIT, facts.PREPAID_MODE: TenderKind.CARD}
_LONG_NUMBER = re.compile(r"\d{10,}")
Index = dict[tuple[str, str], wire.Resource]


def plain_id(identifier: str | None) -> str | None:
    """Take base64 padding off an id: Kaspi gives ids with and without it.

    >>> plain_id("NzAwMDAwMDAx=="), plain_id(None)
    ('NzAwMDAwMDAx', None)
    """
    return (identifier or "").rstrip("=") or None


def index_included(included: Iterable[wire.Resource]) -> Index:
    """Arrange side resources by type and id."""
    return {(r.type or "", plain_id(r.id) or ""): r for r in included}


def related_ids(resource: wire.Resource, name: str) -> list[str] | None:
    """Name the ids a resource points to; None when it does not say."""
    relation = resource.relationships.get(name)
    if not isinstance(relation, dict) or not isinstance(relation.get("data"), list | dict):
        return None
    refs = [wire.Resource.model_validate(ref) for ref in records(relation["data"])]
    return [found for ref in refs if (found := plain_id(ref.id)) is not None]


def order_from(came: Any, index: Index, *, position: int = 1) -> OrderRecord | RowRejected:
    """Read one `orders` resource with what came beside it; `position` numbers it in a rejection.

    What is no object at all is an order without a number, and kept as `value`.
    """
    raw: Mapping[str, Any] = came if isinstance(came, dict) else {"value": came}
    resource = wire.Resource.model_validate(raw)
    told = wire.OrderAttributes.model_validate(resource.attributes)
    if told.code is None:
        return RowRejected(
            row_number=position, reason_code="no_code", reason="An order without a number.", raw=raw
        )
    kaspi = told.kaspiDelivery or wire.Delivery()
    return OrderRecord(
        code=told.code,
        external_id=plain_id(resource.id),
        created_at=told.creationDate,
        state=told.state,
        status=told.status,
        planned_delivery_at=told.plannedDeliveryDate,
        payment_mode=told.paymentMode,
        credit_term_months=told.creditTerm,
        total_minor=told.totalPrice,
        currency=facts.CURRENCY,
        delivery_mode=told.deliveryMode,
        is_kaspi_delivery=told.isKaspiDelivery,
        delivery_cost_minor=told.deliveryCost,
        delivery_cost_seller_minor=told.deliveryCostForSeller,
        waybill_number=kaspi.waybillNumber or told.waybillNumber,
        waybill_url=kaspi.waybill or told.waybill,
        assembled=told.assembled,
        courier_planned_at=kaspi.courierTransmissionPlanningDate
        or told.courierTransmissionPlanningDate,
        courier_handed_at=kaspi.courierTransmissionDate or told.courierTransmissionDate,
        returned_to_warehouse=told.returnedToWarehouse
        if kaspi.returnedToWarehouse is None
        else kaspi.returnedToWarehouse,
        pickup_point=told.pickupPointId,
        address=told.deliveryAddress.formattedAddress if told.deliveryAddress else None,
        customer=_customer(told.customer),
        lines=_included_lines(resource, index),
        tenders=_tenders(told),
        cancellation_reason=told.cancellationReason,
        raw=raw,
    )


def _customer(told: wire.Customer | None) -> CustomerRecord | None:
    if told is None:
        return None
    return CustomerRecord(
        external_id=plain_id(told.id),
        name=told.name,
        first_name=told.firstName,
        last_name=told.lastName,
        phone_raw=told.cellPhone,
    )


def _tenders(told: wire.OrderAttributes) -> tuple[TenderRecord, ...] | None:
    """One tender for the whole sum: the API does not tell a bonus part, see the page of this connector."""
    if told.paymentMode is None:
        return None
    kind = _TENDERS.get(told.paymentMode, TenderKind.UNKNOWN)
    term = told.creditTerm if kind is TenderKind.CREDIT else None
    return (TenderRecord(kind=kind, amount_minor=told.totalPrice, term_months=term),)


def _included_lines(order: wire.Resource, index: Index) -> tuple[LineRecord, ...] | None:
    """Lines come whole or not at all: a part of them would read as a smaller order."""
    ids = related_ids(order, "entries")
    if ids is None:
        return None
    entries = [index.get(("orderentries", entry_id)) for entry_id in ids]
    if any(entry is None for entry in entries):
        return None
    return tuple(line_from(entry, index) for entry in entries if entry is not None)


def lines_from(resources: Sequence[Any], index: Index) -> tuple[LineRecord, ...]:
    """Read the answer of `/orders/{id}/entries`."""
    return tuple(line_from(wire.Resource.model_validate(raw), index) for raw in records(resources))


def line_from(entry: wire.Resource, index: Index) -> LineRecord:
    """Read one `orderentries` resource; the card and the seller's product are used when they came beside it."""
    told = wire.EntryAttributes.model_validate(entry.attributes)
    offer, category = told.offer or wire.Offer(), told.category or wire.Category()
    product_id = next(iter(related_ids(entry, "product") or ()), None)
    card = _product(index, "masterproducts", product_id)
    own_id = next(iter(related_ids(entry, "merchantProduct") or ()), None)
    if own_id is None and (product := index.get(("masterproducts", product_id or ""))) is not None:
        own_id = next(iter(related_ids(product, "merchantProduct") or ()), None)
    own = _product(index, "merchantProducts", own_id)
    return LineRecord(
        external_id=plain_id(entry.id),
        number=told.entryNumber,
        offer_code=offer.code,
        product_external_id=product_id,
        product_code=card.code,
        merchant_code=own.code,
        merchant_name=own.name,
        name=offer.name or card.name,
        category_code=category.code,
        category_title=category.title,
        quantity_milli=told.quantity,
        unit_type=told.unitType,
        price_minor=told.basePrice,
        total_minor=told.totalPrice,
        imei_required=told.isImeiRequired if offer.isImeiRequired is None else offer.isImeiRequired,
    )


def _product(index: Index, kind: str, identifier: str | None) -> wire.ProductAttributes:
    """Find a side resource whatever the case of its type name: documents write it in two ways."""
    for name in (kind, kind.lower()):
        if (found := index.get((name, identifier or ""))) is not None:
            return wire.ProductAttributes.model_validate(found.attributes)
    return wire.ProductAttributes()


def error_titles(answer: wire.Answer) -> str:
    """Put the titles of an error answer into one short line, long digit runs (phones) taken out.

    >>> error_titles(wire.Answer.model_validate({"errors": [{"title": "No order for 77010000000"}]}))
    'No order for …'
    """
    joined = "; ".join(error.title for error in answer.errors if error.title)
    return _LONG_NUMBER.sub("…", joined)[:ERROR_CHARS_MAX]
