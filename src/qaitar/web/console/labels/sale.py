"""The marketplace's own codes of orders in people's words; a code nobody has a word for is shown as it came."""

from __future__ import annotations

import re
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
    "KASPI_DELIVERY_RETURNED_TO_WAREHOUSE": pgettext_lazy("order", "came back to the warehouse"),
}
# Reasons of a cancelled order: codes of the Shop API, and texts as the cabinet's exports print them.
CANCEL_REASONS: Final[Mapping[str, Promise]] = {
    "BUYER_CANCELLATION_HIMSELF": pgettext_lazy("cancelled", "the customer cancelled"),
    "BUYER_CANCELLATION_BY_COURIER": pgettext_lazy(
        "cancelled", "the customer refused it to the courier"
    ),
    "BUYER_CANCELLATION_BY_MERCHANT": pgettext_lazy(
        "cancelled", "cancelled by the shop at the customer's wish"
    ),
    "BUYER_NO_REPLY": pgettext_lazy("cancelled", "the customer did not answer"),
    "BUYER_NOT_REACHABLE": pgettext_lazy("cancelled", "the customer could not be reached"),
    "MERCHANT_OUT_OF_STOCK": pgettext_lazy("cancelled", "out of stock"),
    "RFO_REJECTED": pgettext_lazy("cancelled", "the bank turned the purchase down"),
    "TIMEOUT_BUYER_SIGNATURE": pgettext_lazy("cancelled", "the customer did not sign in time"),
    "TIMEOUT_BUYER_PICKUP": pgettext_lazy("cancelled", "the customer did not collect in time"),
    "TIMEOUT_MERCHANT_DELIVERY": pgettext_lazy("cancelled", "the shop did not deliver in time"),
    "TECHNICAL_PROBLEM_CANCELLATION": pgettext_lazy("cancelled", "a technical problem"),
    "DELIVERY_PROBLEMS": pgettext_lazy("cancelled", "problems of delivery"),
}
_PRINTED_REASONS: Final[Mapping[str, Promise]] = {
    "клиент не забрал заказ": pgettext_lazy("cancelled", "the customer did not collect the order"),
    "отменен покупателем": CANCEL_REASONS["BUYER_CANCELLATION_HIMSELF"],
}
_CUSTOMERS_OWN: Final[Mapping[str, Promise]] = {
    "передумал покупать": pgettext_lazy("cancelled", "the customer changed their mind"),
    "размер мне не подходит": pgettext_lazy("cancelled", "the size does not fit the customer"),
    "другое": pgettext_lazy("cancelled", "the customer cancelled for another reason"),
    "сроки доставки изменились": pgettext_lazy(
        "cancelled", "the customer cancelled: the delivery date changed"
    ),
    "товар не соответствует описанию/фото": pgettext_lazy(
        "cancelled", "the customer cancelled: not as described or pictured"
    ),
    "не успеваю забрать/получить товар": pgettext_lazy(
        "cancelled", "the customer cannot collect or receive it in time"
    ),
    "продавец попросил отменить": pgettext_lazy(
        "cancelled", "the customer cancelled: the seller asked for it"
    ),
}
_BY_CUSTOMER: Final = re.compile(r"отменен покупателем\s*\((.*)\)")
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


def cancel_reason_words(reason: str) -> str:
    """Say why an order was cancelled, from the API's code or from what an export prints; another reason stands as it came.

    >>> cancel_reason_words("Склад затопило")
    'Склад затопило'
    """
    if reason in CANCEL_REASONS:
        return str(CANCEL_REASONS[reason])
    plain = " ".join(reason.casefold().replace("ё", "е").split())
    if found := _BY_CUSTOMER.fullmatch(plain):
        own = (words for start, words in _CUSTOMERS_OWN.items() if found[1].startswith(start))
        return str(next(own, reason))
    return str(_PRINTED_REASONS.get(plain, reason))


def delivery_word(code: str) -> str:
    """Say a way of delivery in words.

    >>> delivery_word("")
    ''
    """
    return str(DELIVERIES.get(code, code))
