"""Stores: the accounts on sales channels that requests and orders belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from qaitar.orders.listing import stores_of
from qaitar.returns.vocabulary import DefaultAction, RefusalReason
from qaitar.web.api.answers import answer
from qaitar.web.api.operations import Entry, caller, operation
from qaitar.web.api.schemas import OutModel, Uuid

if TYPE_CHECKING:
    from qaitar.orders.models import Store

router = Router(tags=["stores"])


class StoreOut(OutModel):
    """A store: its channel, its week, and what happens by itself when a control date runs out."""

    id: Uuid
    merchant: Uuid
    name: str
    channel: str
    external_id: str
    zone: str
    week: dict[str, Any]
    default_action: DefaultAction
    default_reason: RefusalReason
    cabinet_url: str


class Stores(OutModel):
    """All stores the caller may see."""

    items: list[StoreOut]


@router.get("/stores", response=Stores, operation_id="stores_list", summary="Stores")
@operation(Entry("read"))
def stores_list(request: HttpRequest) -> HttpResponse:
    """List the stores of the caller's merchants by name."""
    stores = stores_of(caller(request).merchants)
    return answer({"items": [_serialized(store) for store in stores]})


def _serialized(store: Store) -> dict[str, Any]:
    return {
        "id": str(store.pk),
        "merchant": str(store.merchant_id),
        "name": store.name,
        "channel": store.channel,
        "external_id": store.external_id,
        "zone": store.zone,
        "week": store.week,
        "default_action": store.default_action,
        "default_reason": store.default_reason,
        "cabinet_url": store.cabinet_url,
    }
