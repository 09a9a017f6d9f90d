"""The Shop API v2 side of the stand-in: lists, entries and their products as JSON:API."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from qaitar.sandbox.kaspi.behaviour import Behaviour
from qaitar.sandbox.kaspi.numbers import tenge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qaitar.sandbox.kaspi.ledger import Goods, KaspiLedger, SoldOrder

BASE = "https://kaspi.kz/shop/api/v2"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RANGE_MAX_MS = 14 * 24 * 3600 * 1000
PAGE_SIZE_MAX = 100
STATES = {"NEW", "SIGN_REQUIRED", "PICKUP", "DELIVERY", "KASPI_DELIVERY", "ARCHIVE"}
DATE_FROM = "filter[orders][creationDate][$ge]"
DATE_TO = "filter[orders][creationDate][$le]"
_ENTRIES = re.compile(r"/orders/([^/]+)/entries\Z")
_USER = re.compile(r"/orders/([^/]+)/user\Z")
_ORDER = re.compile(r"/orders/([^/]+)\Z")
_PRODUCT = re.compile(r"/orderentries/([^/]+)/product\Z")
_OWN = re.compile(r"/masterproducts/([^/]+)/merchantProduct\Z")
Answer = tuple[int, Any]
Query = dict[str, str]


class _Bad(Exception):
    """A question the API refuses with 400; the text is the error's title."""


def encoded(text: str) -> str:
    """Make an id the way Kaspi does: base64 without padding."""
    return base64.b64encode(text.encode()).decode().rstrip("=")


def ms(moment: datetime | None) -> int | None:
    """Milliseconds since 1970, or null."""
    return None if moment is None else (moment - EPOCH) // timedelta(milliseconds=1)


def call_of(path: str) -> str:
    """Name the kind of call, for scripted faults."""
    return "entries" if _ENTRIES.match(path) else "orders"


@dataclass(frozen=True, slots=True)
class ShopQuestion:
    """One GET below the base address, and the moment and switches it is answered under."""

    path: str
    query: Query
    now: datetime
    behaviour: Behaviour = field(default_factory=Behaviour)


def answer(ledger: KaspiLedger, merchant_id: str, question: ShopQuestion) -> Answer:
    """Answer one question about a shop's own orders."""
    own = {code: o for code, o in ledger.orders.items() if o.merchant_id == merchant_id}
    try:
        if question.path == "/orders":
            return 200, _list(own, question)
        found = _single(own, question)
    except _Bad as bad:
        return 400, {"errors": [{"title": str(bad)}]}
    if found is None:
        return 404, {"errors": [{"title": "Resource not found"}]}
    return 200, found


def _single(own: Mapping[str, SoldOrder], question: ShopQuestion) -> Any:
    path = question.path
    by_id = {encoded(code): order for code, order in own.items()}
    if (found := _ENTRIES.match(path)) and (order := by_id.get(found[1].rstrip("="))):
        return _entries(order, question)
    if (found := _USER.match(path)) and (order := by_id.get(found[1].rstrip("="))):
        return {"data": _customer(order)}
    if (found := _ORDER.match(path)) and (order := by_id.get(found[1].rstrip("="))):
        return {"data": _order(order, question.behaviour)}
    lines = [(order, n, line) for order in own.values() for n, line in enumerate(order.goods)]
    if found := _PRODUCT.match(path):
        cards = (
            _card(line) for order, n, line in lines if _entry_id(order, n) == found[1].rstrip("=")
        )
        return next(({"data": card} for card in cards), None)
    if found := _OWN.match(path):
        mine = (_own(line) for _, _, line in lines if encoded(line.card) == found[1].rstrip("="))
        return next(({"data": one} for one in mine), None)
    return None


def _list(own: Mapping[str, SoldOrder], question: ShopQuestion) -> Any:
    query = question.query
    number, size = _whole(query, "page[number]"), _whole(query, "page[size]")
    if not 1 <= size <= PAGE_SIZE_MAX:
        raise _Bad("page[size] must be between 1 and 100")
    code = query.get("filter[orders][code]")
    if code is not None:
        chosen = [order for order in own.values() if order.code == code]
    else:
        chosen = _filtered(own, query, question.now)
    page = chosen[number * size : (number + 1) * size]
    include = query.get("include[orders]", "").split(",")
    included: list[Any] = []
    for order in page:
        if "entries" in include:
            included += [_entry(order, n, line) for n, line in enumerate(order.goods)]
        if "user" in include:
            included.append(_customer(order))
    return {
        "data": [_order(order, question.behaviour) for order in page],
        "included": included,
        "meta": {"pageCount": -(-len(chosen) // size), "totalCount": len(chosen)},
    }


def _filtered(own: Mapping[str, SoldOrder], query: Query, now: datetime) -> list[SoldOrder]:
    if DATE_FROM not in query:
        raise _Bad("Required filter [orders][creationDate][$ge] is empty")
    first, last = _whole(query, DATE_FROM), _whole(query, DATE_TO, ms(now) or 0)
    if last - first > RANGE_MAX_MS:
        raise _Bad("Date range of filter [orders][creationDate] must not exceed 14 days")
    state = query.get("filter[orders][state]")
    if state is not None and state not in STATES:
        raise _Bad("Unknown value of filter [orders][state]")
    status = query.get("filter[orders][status]")
    return [
        order
        for order in sorted(own.values(), key=lambda order: (order.created, order.code))
        if first <= (ms(order.created) or 0) <= last
        and state in {None, order.state}
        and status in {None, order.status}
    ]


def _whole(query: Query, name: str, default: int | None = None) -> int:
    text = query.get(name)
    if text is None and default is not None:
        return default
    if text is None or not text.isascii() or not text.isdigit():
        raise _Bad(f"Required parameter {name} is empty")
    return int(text[:16])


def _entry_id(order: SoldOrder, n: int) -> str:
    return encoded(f"{order.code}##{n}")


def _order(order: SoldOrder, behaviour: Behaviour) -> dict[str, Any]:
    self = f"{BASE}/orders/{encoded(order.code)}"
    entries = [{"id": _entry_id(order, n), "type": "orderentries"} for n in range(len(order.goods))]
    user = {"id": encoded(order.buyer.phone), "type": "customers"}
    return {
        "id": encoded(order.code),
        "type": "orders",
        "attributes": _order_attributes(order, behaviour),
        "relationships": {
            "entries": {"data": entries, "links": {"related": f"{self}/entries"}},
            "user": {"data": user, "links": {"related": f"{self}/user"}},
        },
        "links": {"self": self},
    }


def _order_attributes(order: SoldOrder, behaviour: Behaviour) -> dict[str, Any]:
    attributes = {
        "code": order.code,
        "creationDate": ms(order.created),
        "approvedByBankDate": ms(order.created),
        "plannedDeliveryDate": ms(order.planned_delivery) if behaviour.planned_delivery else None,
        "completionDate": ms(order.completed),
        "totalPrice": tenge(order.total_tiyn),
        "deliveryCost": tenge(order.delivery_cost_tiyn),
        "deliveryCostForSeller": tenge(order.delivery_cost_seller_tiyn),
        "isKaspiDelivery": order.is_kaspi_delivery,
        "preOrder": False,
        "signatureRequired": False,
        "state": order.state,
        "status": order.status,
        "paymentMode": order.payment_mode,
        "creditTerm": order.credit_term,
        "deliveryMode": order.delivery_mode,
        "pickupPointId": f"{order.merchant_id}_PP1",
        "assembled": order.assembled,
        "cancellationReason": order.cancellation_reason,
    }
    return {name: value for name, value in attributes.items() if value is not None} | {
        "deliveryAddress": {"formattedAddress": order.address},
        "customer": _customer_attributes(order),
        "kaspiDelivery": {
            "waybill": f"{BASE}/waybill/{order.waybill_number}" if order.waybill_number else None,
            "waybillNumber": order.waybill_number,
            "courierTransmissionDate": ms(order.courier_handed),
            "courierTransmissionPlanningDate": ms(order.courier_handed),
            "express": False,
            "returnedToWarehouse": order.returned_to_warehouse,
            "firstMileCourier": None,
        },
    }


def _customer_attributes(order: SoldOrder) -> dict[str, Any]:
    return {
        "id": encoded(order.buyer.phone),
        "name": order.buyer.first_name,
        "cellPhone": order.buyer.phone,
        "firstName": order.buyer.first_name,
        "lastName": order.buyer.last_name,
    }


def _customer(order: SoldOrder) -> dict[str, Any]:
    attributes = _customer_attributes(order)
    return {"id": attributes.pop("id"), "type": "customers", "attributes": attributes}


def _entry(order: SoldOrder, n: int, line: Goods) -> dict[str, Any]:
    product = {"data": {"id": encoded(line.card), "type": "masterproducts"}}
    return {
        "id": _entry_id(order, n),
        "type": "orderentries",
        "attributes": {
            "entryNumber": n,
            "quantity": line.quantity,
            "basePrice": tenge(line.price_tiyn),
            "totalPrice": tenge(line.total_tiyn),
            "deliveryCost": tenge(0),
            "unitType": "PIECES",
            "category": {"code": line.category_code, "title": line.category_title},
            "offer": {"code": line.offer_code, "name": line.name, "isImeiRequired": False},
        },
        "relationships": {"product": product},
    }


def _entries(order: SoldOrder, question: ShopQuestion) -> dict[str, Any]:
    """Give one page of an order's lines; without a number the first, without a size as many as a page may hold."""
    query, most = question.query, question.behaviour.entries_page_size
    number, size = _whole(query, "page[number]", 0), _whole(query, "page[size]", most)
    if not 1 <= size <= PAGE_SIZE_MAX:
        raise _Bad("page[size] must be between 1 and 100")
    size = min(size, most)
    page = list(enumerate(order.goods))[number * size : (number + 1) * size]
    include = query.get("include[order.entries]", "").split(",")
    included = [_card(line) for _, line in page] if "product" in include else []
    if included and "merchantProduct" in include:
        included += [_own(line) for _, line in page]
    return {
        "data": [_entry(order, n, line) for n, line in page],
        "included": included,
        "meta": {"pageCount": -(-len(order.goods) // size), "totalCount": len(order.goods)},
    }


def _card(line: Goods) -> dict[str, Any]:
    own = {"data": {"id": encoded(line.offer_code), "type": "merchantProducts"}}
    return {
        "id": encoded(line.card),
        "type": "masterproducts",
        "attributes": {"code": line.card, "name": line.name, "manufacturer": "Qaitar Demo"},
        "relationships": {"merchantProduct": own},
    }


def _own(line: Goods) -> dict[str, Any]:
    return {
        "id": encoded(line.offer_code),
        "type": "merchantProducts",
        "attributes": {"code": line.offer_code, "name": line.name, "manufacturer": "Qaitar Demo"},
    }
