"""Which store each reading of a body belongs to, and the report of what became of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from qaitar.contracts.marketplace import return_overlay
from qaitar.orders.shops import ForeignShop, store_for_shop
from qaitar.returns.mirror.looks import moved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from qaitar.contracts.marketplace import ReturnReading, SavedAnswers, SectionCounts, Unread
    from qaitar.orders.models import Store
    from qaitar.returns.services.mirroring import Mirrored

LINES_MAX: Final = 200
OTHER_SHOP: Final = "OTHER_SHOP"
SHOP_UNCLEAR: Final = "SHOP_UNCLEAR"


@dataclass(frozen=True, slots=True)
class Divided:
    """Readings by the store they belong to, and those of shops that are none of the merchant's stores.

    `refused` holds for each shop's number why and which requests; `chosen` is the store the body was given to.
    """

    chosen: Store
    parts: Sequence[tuple[Store, Sequence[ReturnReading]]]
    refused: Mapping[str, tuple[str, Sequence[str]]]

    def rejected(self) -> list[tuple[str, str]]:
        """List the refused requests with the reason's code."""
        return [
            (number[:60], code) for code, numbers in self.refused.values() for number in numbers
        ]


def divide_by_shop(
    saved: SavedAnswers, chosen: Store, stores: Sequence[Store], received_at: datetime
) -> Divided:
    """Give each reading to the store its shop's number belongs to, its moment by our clock.

    A chosen store without a number takes one shop; of two shops nobody could tell which of them it is.
    """
    off = received_at - saved.handed_at if saved.handed_at else timedelta(0)
    by_shop: dict[str, list[ReturnReading]] = defaultdict(list)
    for reading in saved.readings:
        by_shop[reading.shop].append(moved(reading, off, received_at))
    owners = {shop: store_for_shop(shop, chosen, stores) for shop in by_shop}
    guessed = [
        shop for shop, store in owners.items() if store is chosen and shop != chosen.external_id
    ]
    unclear = set(filter(None, guessed)) if len(list(filter(None, guessed))) > 1 else set()
    parts: dict[Any, tuple[Store, dict[str, ReturnReading]]] = {}
    refused: dict[str, tuple[str, Sequence[str]]] = {}
    for shop, readings in by_shop.items():
        store = owners[shop]
        if isinstance(store, ForeignShop) or shop in unclear:
            code = SHOP_UNCLEAR if shop in unclear else OTHER_SHOP
            refused[shop] = (code, [reading.number for reading in readings])
            continue
        own = parts.setdefault(store.pk, (store, {}))[1]
        for reading in readings:
            known = own.get(reading.number)
            own[reading.number] = return_overlay(known, reading) if known else reading
    return Divided(chosen, [(store, list(own.values())) for store, own in parts.values()], refused)


def reading_report(
    mirrored: Mirrored, saved: SavedAnswers, divided: Divided, left_out: Mapping[str, int]
) -> dict[str, Any]:
    """Write what became of a body: each request in exactly one of created, updated, unchanged and rejected.

    `older` of the unchanged were given before what is known of them; `taken_as_now` says that the body does not tell when its
    answers were given; `shops` names each shop's number met with its store; `lists` the lists that are not whole in this body.
    """
    counts = _own_counts(saved, divided)
    shop_of = {number: shop for shop, (_, numbers) in divided.refused.items() for number in numbers}
    return {
        "read": mirrored.read + sum(len(numbers) for _, numbers in divided.refused.values()),
        "created": mirrored.created,
        "updated": mirrored.updated,
        "unchanged": mirrored.unchanged,
        "older": mirrored.older,
        "store": {"name": divided.chosen.name, "number": divided.chosen.external_id},
        "rejected": [
            {"number": number, "code": code}
            | ({"shop": shop_of[number]} if code in {OTHER_SHOP, SHOP_UNCLEAR} else {})
            for number, code in mirrored.rejected[:LINES_MAX]
        ],
        "rejected_count": len(mirrored.rejected) + len(saved.problems),
        "problems": [
            {"row": one.row_number, "code": one.reason_code, "reason": one.reason}
            for one in saved.problems[:LINES_MAX]
        ],
        "unread": [
            {"number": number, "name": one.name, "why": one.why, "came": one.came}
            for number, one in _unread(saved, counts)[:LINES_MAX]
        ],
        "counts": {**_by_section(counts), **counts.unknown} if counts else {},
        "taken_as_now": bool(saved.readings) and not saved.has_times,
        "shops": _shops(divided),
        "lists": [
            {
                "section": one.section.value if one.section else one.tab,
                "expected": one.expected,
                "read": one.came,
                "shop": one.shop,
            }
            for one in saved.lists
            if one.shop not in divided.refused
        ],
        "left_out": dict(left_out),
    }


def _own_counts(saved: SavedAnswers, divided: Divided) -> SectionCounts | None:
    """Give the counts of the chosen store's shop; those of another shop are not its own."""
    own = divided.chosen.external_id
    if own and own in saved.counts_by_shop:
        return saved.counts_by_shop[own]
    if saved.counts is not None and saved.counts.shop in divided.refused:
        return None
    return saved.counts


def _shops(divided: Divided) -> list[dict[str, Any]]:
    used: Counter[tuple[str, str]] = Counter()
    for store, readings in divided.parts:
        used.update((reading.shop, store.name) for reading in readings if reading.shop)
    refused = {(shop, ""): len(numbers) for shop, (_, numbers) in divided.refused.items()}
    return [
        {"number": shop, "store": store, "requests": count}
        for (shop, store), count in (*used.items(), *refused.items())
    ]


def _unread(saved: SavedAnswers, counts: SectionCounts | None) -> list[tuple[str, Unread]]:
    """List what could not be read, by request; of the counts without one."""
    of_counts = counts.unread if counts else ()
    return [("", one) for one in of_counts] + [
        (reading.number[:60], one) for reading in saved.readings for one in reading.unread
    ]


def _by_section(counts: SectionCounts) -> dict[str, int]:
    return {section.value: total for section, total in counts.totals.items()}
