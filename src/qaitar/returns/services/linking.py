"""A case opened before its order was known learns the order when that comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import connection

from qaitar.foundation.records.search import search_keys
from qaitar.orders.line_matching import Sought
from qaitar.returns.reads.cases import cases_load
from qaitar.returns.services.intake import (
    OrderFrame,
    about,
    amount_minor_of,
    frames_load,
    received_day,
)
from qaitar.returns.services.notes import case_note
from qaitar.returns.services.searchable import case_keys_add

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.foundation.identity.actors import Actor
    from qaitar.returns.models import ReturnRequest

LINKED_MAX: Final = 500  # at once; the next import or poll takes the rest

_UNLINKED = """
SELECT r.id FROM returns_returnrequest r
JOIN orders_order o ON o.store_id = r.store_id AND o.code = r.order_code
WHERE r.merchant_id = %s AND r.store_id = %s AND r.order_id IS NULL AND r.stage <> 'CLOSED'
LIMIT %s
"""


def requests_link(*, merchant_id: UUID, store_id: UUID, by: Actor, now: datetime) -> int:
    """Tie a store's open cases to orders that came in after them, filling only what nobody has told yet.

    Returns how many were tied; run again, it ties nothing twice.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UNLINKED, [merchant_id, store_id, LINKED_MAX])
        ids = [row[0] for row in cursor.fetchall()]
    if not ids:
        return 0
    cases = cases_load(ids)
    frames = frames_load([(store_id, c.request.order_code, c.request.product_sku) for c in cases])
    for place, case in enumerate(cases):
        _, frame = frames[place]
        values = _learnt(case.request, frame)
        case_note(case=case, values=values, act="LINK_ORDER", by=by, now=now)
        case_keys_add(case.request, _keys(frame))
    return len(cases)


def _learnt(request: ReturnRequest, frame: OrderFrame) -> dict[str, Any]:
    """Give the columns an order fills: always the tie, the rest only where it is empty."""
    frame = about(
        frame,
        Sought(
            code=request.product_sku,
            name=request.product_name,
            amount_minor=request.amount_minor,
            quantity_milli=request.quantity_milli,
        ),
    )
    order, line, customer = frame.order, frame.line, frame.customer
    values: dict[str, Any] = {
        "order_id": UUID(order["id"]),
        "line_id": UUID(line["id"]) if line else None,
    }
    of_order = amount_minor_of(frame, request.quantity_milli)
    offered = {
        "product_name": line.get("name") or "",
        "category_title": line.get("category_title") or "",
        "customer_name": customer.get("name") or "",
        "customer_phone": customer.get("phone") or "",
        "unit_value": frame.unit,
        "amount_minor": of_order,
        "received_on": received_day(order, line),
    }
    fresh = {name: value for name, value in offered.items() if value and not getattr(request, name)}
    return values | fresh | _amount_confirmed(request, of_order)


def _amount_confirmed(request: ReturnRequest, of_order: int | None) -> dict[str, Any]:
    """Judge an amount entered by hand by the order's, now that it is known: lower than that, the limit looks at the order's."""
    if of_order is None or not request.amount_by_hand:
        return {}
    peak = max(of_order, request.amount_peak_minor or 0)
    return {"amount_by_hand": False, "amount_peak_minor": peak}


def _keys(frame: OrderFrame) -> list[str]:
    customer = frame.customer
    return search_keys(
        frame.units, phones=[customer.get("phone") or ""], names=[customer.get("name") or ""]
    )
