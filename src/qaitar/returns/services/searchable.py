"""Adds and removes search words of cases that are already open: what becomes known later is found as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.foundation.records.models import SearchKey
from qaitar.foundation.records.search import search_keys
from qaitar.kernel.ids import new_id
from qaitar.orders.selectors import unit_values
from qaitar.returns.models import ReturnRequest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID


def case_keys_add(request: ReturnRequest, keys: Iterable[str]) -> None:
    """Let a case be found by these keys too; a key it has already is not added twice."""
    known = set(SearchKey.objects.filter(subject_id=request.pk).values_list("key", flat=True))
    SearchKey.objects.bulk_create(
        SearchKey(id=new_id(), merchant_id=request.merchant_id, subject_id=request.pk, key=key)
        for key in keys
        if key not in known
    )


def unit_keys_add(order_id: UUID, value: str) -> None:
    """Let every case of an order be found by the number of a unit noted on it."""
    for request in ReturnRequest.objects.filter(order_id=order_id):
        case_keys_add(request, search_keys([value]))


def unit_keys_remove(order_id: UUID, value: str) -> None:
    """Stop finding an order's cases by a unit removed from it, where nothing else of them has the same word."""
    removed, units = search_keys([value]), unit_values(order_id)
    for request in ReturnRequest.objects.filter(order_id=order_id):
        own = search_keys(
            [request.number, request.order_code, request.product_sku, request.unit_value, *units],
            phones=[request.customer_phone],
            names=[request.customer_name],
        )
        gone = set(removed) - set(own)
        SearchKey.objects.filter(subject_id=request.pk, key__in=gone).delete()
