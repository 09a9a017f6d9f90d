"""Kaspi's resources → our records.  Pure and total: an odd value becomes None, a resource without its number is rejected."""

from __future__ import annotations

import base64
import binascii
import json
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
    Unread,
)
from qaitar.transport.lenient import records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ERROR_CHARS_MAX = 200
CAME_CHARS_MAX = 80
_TENDERS = {facts.CREDIT_MODE: TenderKind.CREDIT, facts.PREPAID_MODE: TenderKind.CARD}
_PHONES = re.compile(
    r"\d{11,}|(?<!\d)7\d{9}"
)  # order codes have nine or ten digits and stay readable
_POINT = re.compile(r"[0-9]{3,20}_[A-Za-z0-9-]{1,40}")
_SOLD = frozenset({"quantity", "basePrice", "totalPrice"})
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
    """Name the ids a resource points to; None when it does not say, or not of all."""
    relation = resource.relationships.get(name)
    if not isinstance(relation, dict) or not isinstance(relation.get("data"), list | dict):
        return None
    references = relation["data"] if isinstance(relation["data"], list) else [relation["data"]]
    ids = [plain_id(wire.Resource.model_validate(ref).id) for ref in records(references)]
    known = [found for found in ids if found is not None]
    return known if len(known) == len(references) else None


def point_id(identifier: str | None) -> str | None:
    """Read the id of a point of service, which comes plain or as base64; it names the shop before its underscore.

    >>> point_id("30000001_PP1"), point_id("MzAwMDAwMDFfUFAx"), point_id("Abai")
    ('30000001_PP1', '30000001_PP1', 'Abai')
    """
    if identifier is None or _POINT.fullmatch(identifier):
        return identifier
    try:
        plain = base64.b64decode(identifier + "=" * (-len(identifier) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return identifier
    return plain if _POINT.fullmatch(plain) else identifier


def card_number(product_id: str | None) -> str | None:
    """Read the number of Kaspi's card out of a product's id, base64 of it; refunds name goods by this number.

    >>> card_number("MTM3OTU3MDk3"), card_number("x"), card_number(None)
    ('137957097', None, None)
    """
    try:
        plain = base64.b64decode(
            (product_id or "") + "=" * (-len(product_id or "") % 4), validate=True
        )
    except (binascii.Error, ValueError):
        return None
    return plain.decode() if plain.isdigit() else None


def unread_in(
    raw: Mapping[str, Any], parsed: wire.ShopWire, before: str = ""
) -> tuple[Unread, ...]:
    """Name the fields that came with something in them and could not be read.

    >>> raw = {"totalPrice": "12,3,4", "deliveryCost": None, "status": "NEW"}
    >>> unread_in(raw, wire.OrderAttributes.model_validate(raw))
    (Unread(name='totalPrice', why='unread', came='12,3,4'),)
    """
    return tuple(
        Unread(before + name, "unread", _came(raw[name]))
        for name in type(parsed).model_fields
        if raw.get(name) not in (None, "") and getattr(parsed, name) is None
    )


def _came(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text[:CAME_CHARS_MAX]


def line_fault(line: LineRecord, where: str) -> str:
    """Say why a line cannot be taken: without its quantity or price it would read as another sale; '' where it can.

    >>> line_fault(LineRecord(unread=(Unread("quantity", "unread", "two"),)), "line 3")
    '«quantity» of line 3 is «two»'
    """
    return next(
        (f"«{one.name}» of {where} is «{one.came}»" for one in line.unread if one.name in _SOLD), ""
    )


def order_from(came: Any, index: Index, *, position: int = 1) -> OrderRecord | RowRejected:
    """Read one `orders` resource with what came beside it; `position` numbers it in a rejection.

    What is no object at all is an order without a number, and kept as `value`.
    """
    raw: Mapping[str, Any] = came if isinstance(came, dict) else {"value": came}
    resource = wire.Resource.model_validate(raw)
    attributes = wire.OrderAttributes.model_validate(resource.attributes)
    if attributes.code is None:
        return RowRejected(
            row_number=position, reason_code="no_code", reason="An order without a number.", raw=raw
        )
    kaspi = attributes.kaspiDelivery or wire.Delivery()
    lines, lines_unread = _included_lines(resource, index)
    return OrderRecord(
        code=attributes.code,
        external_id=plain_id(resource.id),
        created_at=attributes.creationDate,
        state=attributes.state,
        status=attributes.status,
        planned_delivery_at=attributes.plannedDeliveryDate,
        delivered_at=None
        if attributes.status in facts.NEVER_RECEIVED
        else attributes.completionDate,
        payment_mode=attributes.paymentMode,
        credit_term_months=attributes.creditTerm,
        total_minor=attributes.totalPrice,
        currency=facts.CURRENCY,
        delivery_mode=attributes.deliveryMode,
        is_kaspi_delivery=attributes.isKaspiDelivery,
        delivery_cost_minor=attributes.deliveryCost,
        delivery_cost_seller_minor=attributes.deliveryCostForSeller,
        waybill_number=kaspi.waybillNumber or attributes.waybillNumber,
        waybill_url=kaspi.waybill or attributes.waybill,
        assembled=attributes.assembled,
        courier_planned_at=kaspi.courierTransmissionPlanningDate
        or attributes.courierTransmissionPlanningDate,
        courier_handed_at=kaspi.courierTransmissionDate or attributes.courierTransmissionDate,
        returned_to_warehouse=attributes.returnedToWarehouse
        if kaspi.returnedToWarehouse is None
        else kaspi.returnedToWarehouse,
        pickup_point=point_id(attributes.pickupPointId),
        address=attributes.deliveryAddress.formattedAddress if attributes.deliveryAddress else None,
        customer=_customer(attributes.customer),
        lines=lines,
        tenders=_tenders(attributes),
        cancellation_reason=attributes.cancellationReason,
        unread=unread_in(resource.attributes, attributes) + lines_unread,
        raw=raw,
    )


def _customer(attributes: wire.CustomerWire | None) -> CustomerRecord | None:
    if attributes is None:
        return None
    return CustomerRecord(
        external_id=plain_id(attributes.id),
        name=attributes.name,
        first_name=attributes.firstName,
        last_name=attributes.lastName,
        phone_raw=attributes.cellPhone,
    )


def _tenders(attributes: wire.OrderAttributes) -> tuple[TenderRecord, ...] | None:
    """One tender for the whole sum: the API does not tell a bonus part, see the page of this connector."""
    if attributes.paymentMode is None:
        return None
    kind = _TENDERS.get(attributes.paymentMode, TenderKind.UNKNOWN)
    term = attributes.creditTerm if kind is TenderKind.CREDIT else None
    return (TenderRecord(kind=kind, amount_minor=attributes.totalPrice, term_months=term),)


def _included_lines(
    order: wire.Resource, index: Index
) -> tuple[tuple[LineRecord, ...] | None, tuple[Unread, ...]]:
    """Give the lines that came beside an order, with what could not be read of them.

    Lines come whole or not at all: a part of them would read as a smaller order.  A hundred and more are read from their
    own list, because a page may have ended there.
    """
    named = list(dict.fromkeys(related_ids(order, "entries") or ()))
    if not 0 < len(named) < facts.PAGE_SIZE_MAX:
        return None, ()
    entries = [index.get(("orderentries", entry_id)) for entry_id in named]
    if any(entry is None for entry in entries):
        return None, ()
    lines = tuple(line_from(entry, index) for entry in entries if entry is not None)
    unread = tuple(
        Unread(f"entries[{place}].{one.name}", one.why, one.came)
        for place, line in enumerate(lines)
        for one in line.unread
    )
    return (None if any(line_fault(line, "") for line in lines) else lines), unread


def lines_from(resources: Iterable[Any], index: Index) -> tuple[LineRecord, ...]:
    """Read one page of `/orders/{id}/entries`; what is no object is left out, so count first."""
    return tuple(
        line_from(wire.Resource.model_validate(raw), index)
        for raw in resources
        if isinstance(raw, dict)
    )


def line_from(entry: wire.Resource, index: Index) -> LineRecord:
    """Read one `orderentries` resource; the card and the seller's product are used when they came beside it."""
    attributes = wire.EntryAttributes.model_validate(entry.attributes)
    offer, category = (
        attributes.offer or wire.OfferWire(),
        attributes.category or wire.CategoryWire(),
    )
    product_id = next(iter(related_ids(entry, "product") or ()), None)
    card = _product(index, "masterproducts", product_id)
    own_id = next(iter(related_ids(entry, "merchantProduct") or ()), None)
    if own_id is None and (product := index.get(("masterproducts", product_id or ""))) is not None:
        own_id = next(iter(related_ids(product, "merchantProduct") or ()), None)
    own = _product(index, "merchantProducts", own_id)
    return LineRecord(
        external_id=plain_id(entry.id),
        number=attributes.entryNumber,
        offer_code=offer.code,
        product_external_id=product_id,
        product_code=card.code or card_number(product_id),
        merchant_code=own.code,
        merchant_name=own.name,
        name=offer.name or card.name,
        category_code=category.code,
        category_title=category.title,
        quantity_milli=attributes.quantity,
        unit_type=attributes.unitType,
        price_minor=attributes.basePrice,
        total_minor=attributes.totalPrice,
        imei_required=attributes.isImeiRequired
        if offer.isImeiRequired is None
        else offer.isImeiRequired,
        unread=unread_in(entry.attributes, attributes),
    )


def _product(index: Index, kind: str, identifier: str | None) -> wire.ProductAttributes:
    """Find a side resource whatever the case of its type name: documents write it in two ways."""
    for name in (kind, kind.lower()):
        if (found := index.get((name, identifier or ""))) is not None:
            return wire.ProductAttributes.model_validate(found.attributes)
    return wire.ProductAttributes()


def error_titles(answer: wire.OrdersAnswer) -> str:
    """Put the titles of an error answer into one short line, long digit runs (phones) taken out.

    >>> error_titles(wire.OrdersAnswer.model_validate({"errors": [{"title": "No order for 77010000000"}]}))
    'No order for …'
    """
    joined = "; ".join(error.title for error in answer.errors if error.title)
    return _PHONES.sub("…", joined)[:ERROR_CHARS_MAX]
