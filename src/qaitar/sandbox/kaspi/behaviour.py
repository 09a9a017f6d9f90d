"""Switches of one stand-in: what no capture settles, or what a bad day at Kaspi changes.  Defaults are what was captured."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class ClosedOrder(StrEnum):
    """How the closed list is sorted.  Of 322 closed requests on 26 August the captured row was filed on 2 May."""

    OLDEST_FIRST = "OLDEST_FIRST"  # by the day of filing
    NEWEST_FIRST = "NEWEST_FIRST"
    BY_ID = "BY_ID"  # by refund id: no order a reader could use


class Total(StrEnum):
    """What `total` of a list counts."""

    ALL_PAGES = "ALL_PAGES"
    THIS_PAGE = "THIS_PAGE"


class DetailShape(StrEnum):
    """Which fields a detail carries."""

    CAPTURED = "CAPTURED"  # its own: no tab, reason, plannedDate, customer, sum, description
    WITH_LIST_FIELDS = (
        "WITH_LIST_FIELDS"  # the list item's fields and productName besides; never captured
    )


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """How this stand-in answers; every field may be changed while it is served.

    `page_size`: rows on a page of a list of requests, whatever `s` asks for; None = as asked.
    `number_separator`: stands between order and attempt in application numbers the refunds service writes and accepts.
    `extra_tabs`: further sections of the counts and their titles, `{"EXPERTISE": "Экспертиза"}`; `move` puts requests there.
    `cors_on_errors`: answers of 300 and above carry the headers that let a page of the cabinet read them.
    `gateway`: 401, 302 or 500, given to every call of the refunds service by a gateway before it, without those headers.
    `planned_delivery`: orders of the Shop API carry `plannedDeliveryDate` where the order has one.
    `entries_page_size`: most lines one answer about an order's lines holds, whatever is asked for.
    `exponent`: numbers of ten million and more are written as 1.29999E7.
    """

    detail_shape: DetailShape = DetailShape.CAPTURED
    closed_order: ClosedOrder = ClosedOrder.OLDEST_FIRST
    total: Total = Total.ALL_PAGES
    page_size: int | None = None
    number_separator: str = "-"
    extra_tabs: dict[str, str] = field(default_factory=dict)
    cors_on_errors: bool = True
    gateway: int | None = None
    planned_delivery: bool = True
    entries_page_size: int = 100
    exponent: bool = True
