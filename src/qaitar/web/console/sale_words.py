"""The marketplace's own codes of orders in people's words; a code nobody has a word for is shown as it came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import Promise

# Statuses and ways of delivery of the Shop API v2, as its guide explains them.
STATUSES: Final[Mapping[str, Promise]] = {
    "APPROVED_BY_BANK": pgettext_lazy("order", "paid, to be accepted"),
    "ACCEPTED_BY_MERCHANT": pgettext_lazy("order", "accepted by the shop"),
    "COMPLETED": pgettext_lazy("order", "handed to the customer"),
    "CANCELLING": pgettext_lazy("order", "being cancelled"),
    "CANCELLED": pgettext_lazy("order", "cancelled"),
    "KASPI_DELIVERY_RETURN_REQUESTED": pgettext_lazy("order", "cancelled on its way, coming back"),
    "RETURN_ACCEPTED_BY_MERCHANT": pgettext_lazy("order", "decision on the return awaited"),
    "RETURNED": pgettext_lazy("order", "returned"),
}
DELIVERIES: Final[Mapping[str, Promise]] = {
    "DELIVERY_LOCAL": pgettext_lazy("delivery", "in the city"),
    "DELIVERY_PICKUP": pgettext_lazy("delivery", "to a pickup point or locker"),
    "DELIVERY_REGIONAL_PICKUP": pgettext_lazy("delivery", "to a point in the region"),
    "DELIVERY_REGIONAL_TODOOR": pgettext_lazy("delivery", "to the door, between cities"),
    "DELIVERY_POSTOMAT": pgettext_lazy("delivery", "to a locker"),
}


def status_word(code: str) -> str:
    """Say an order's status in words.

    >>> status_word("Выдан")
    'Выдан'
    """
    return str(STATUSES.get(code, code))


def delivery_word(code: str) -> str:
    """Say a way of delivery in words.

    >>> delivery_word("")
    ''
    """
    return str(DELIVERIES.get(code, code))
