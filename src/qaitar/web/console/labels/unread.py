"""Says in the reader's language which field of the cabinet's answer could not be read and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import Promise

NAMES: Final[Mapping[str, Promise]] = {
    "plannedDate": _("Control date"),
    "tab": _("Section of the cabinet"),
    "refundTab": _("Section of the cabinet"),
    "description": _("Status in the cabinet"),
    "order": _("Order number"),
    "sum": _("Amount"),
    "total": _("Amount"),
    "quantity": _("Quantity"),
    "productName": _("Product"),
    "productSku": _("Product"),
    "refundReason": _("Reason"),
    "reason": _("Reason"),
    "customer": _("Customer"),
    "customerName": _("Customer"),
    "customerPhone": _("Phone"),
    "comment": _("Note"),
    "imageUrls": _("Photos"),
    "createdDate": _("Filed"),
    "orderCompletionDate": _("Received by the customer"),
}
WHY: Final[Mapping[str, Promise]] = {
    "missing": _("The cabinet always told it and does not now."),
    "empty": _("Came empty, which was never seen before."),
    "unread": _("Came in a shape that cannot be read; the raw answer is kept."),
    "not_a_date": _("Is not a date."),
    "unknown_section": _("The cabinet has no section of that name as far as is known."),
}


def field_text(name: str) -> str:
    """Name a field as people know it, with the cabinet's own name beside it."""
    known = NAMES.get(name.partition(".")[0].partition("[")[0])
    return f"{known} ({name})" if known else name


def why_text(why: str) -> str:
    """Say why it could not be read."""
    return str(WHY.get(why, why))
