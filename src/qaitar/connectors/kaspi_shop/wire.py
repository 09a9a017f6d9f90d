"""The shapes Kaspi's Shop API answers with; names are exactly theirs, every field may be missing or of another type."""
# ruff: noqa: N815  field names are the vendor's own

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from qaitar.transport.lenient import (
    Code,
    Flag,
    Milli,
    Minor,
    MomentMs,
    Text,
    Whole,
    record,
    records,
)


class ShopWire(BaseModel):
    """A shape that never refuses: what is unknown is ignored here and kept in the raw record."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _record_or_empty(value: object) -> dict[str, Any]:
    return record(value) or {}


def _items(value: object) -> list[Any]:
    if isinstance(value, dict):
        return [value]
    return value if isinstance(value, list) else []


class CategoryWire(ShopWire):
    """`category` of an entry."""

    code: Text = None
    title: Text = None


class OfferWire(ShopWire):
    """`offer` of an entry; `code` is the seller's, or Kaspi's own number when the offer was attached to a card."""

    code: Code = None
    name: Text = None
    isImeiRequired: Flag = None


class CustomerWire(ShopWire):
    """`customer` of an order; `id` is base64 of the phone, `cellPhone` has 10 digits without the country code."""

    id: Text = None
    name: Text = None
    cellPhone: Text = None
    firstName: Text = None
    lastName: Text = None


class Address(ShopWire):
    """`deliveryAddress` of an order."""

    formattedAddress: Text = None
    town: Text = None
    streetName: Text = None
    streetNumber: Text = None


class Delivery(ShopWire):
    """`kaspiDelivery` of an order; older documents put the same fields on the order itself."""

    waybill: Text = None
    waybillNumber: Text = None
    courierTransmissionPlanningDate: MomentMs = None
    courierTransmissionDate: MomentMs = None
    returnedToWarehouse: Flag = None


class OrderAttributes(Delivery):
    """`attributes` of an `orders` resource; amounts are tenge, dates epoch milliseconds."""

    code: Code = None
    totalPrice: Minor = None
    paymentMode: Text = None
    creditTerm: Whole = None
    state: Text = None
    status: Text = None
    creationDate: MomentMs = None
    plannedDeliveryDate: MomentMs = None
    completionDate: MomentMs = None
    deliveryMode: Text = None
    isKaspiDelivery: Flag = None
    deliveryCost: Minor = None
    deliveryCostForSeller: Minor = None
    assembled: Flag = None
    pickupPointId: Text = None
    cancellationReason: Text = None
    deliveryAddress: Annotated[Address | None, BeforeValidator(record)] = None
    kaspiDelivery: Annotated[Delivery | None, BeforeValidator(record)] = None
    customer: Annotated[CustomerWire | None, BeforeValidator(record)] = None


class EntryAttributes(ShopWire):
    """`attributes` of an `orderentries` resource."""

    entryNumber: Whole = None
    quantity: Milli = None
    basePrice: Minor = None
    totalPrice: Minor = None
    unitType: Text = None
    isImeiRequired: Flag = None
    category: Annotated[CategoryWire | None, BeforeValidator(record)] = None
    offer: Annotated[OfferWire | None, BeforeValidator(record)] = None


class ProductAttributes(ShopWire):
    """`attributes` of `masterproducts` (Kaspi's card) and `merchantproducts` (the seller's)."""

    code: Code = None
    name: Text = None


class Resource(ShopWire):
    """A JSON:API resource; `attributes` are read later, by type."""

    id: Text = None
    type: Text = None
    attributes: Annotated[dict[str, Any], BeforeValidator(_record_or_empty)] = Field(
        default_factory=dict
    )
    relationships: Annotated[dict[str, Any], BeforeValidator(_record_or_empty)] = Field(
        default_factory=dict
    )


class Meta(ShopWire):
    """`meta` of a list."""

    pageCount: Whole = None
    totalCount: Whole = None


class ErrorItem(ShopWire):
    """One of `errors`; only `title` is promised."""

    title: Text = None


class OrdersAnswer(ShopWire):
    """A whole answer.  `data` keeps all that came, objects or not, so that it can be counted and stored beside what was read."""

    data: Annotated[list[Any], BeforeValidator(_items)] = Field(default_factory=list)
    included: Annotated[list[Resource], BeforeValidator(records)] = Field(default_factory=list)
    errors: Annotated[list[ErrorItem], BeforeValidator(records)] = Field(default_factory=list)
    meta: Annotated[Meta | None, BeforeValidator(record)] = None
