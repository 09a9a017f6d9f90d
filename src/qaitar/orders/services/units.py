"""Noting which physical thing was sold: serial number, IMEI, marking code."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from qaitar.kernel.identifiers import UnreadableNumber, checked_imei
from qaitar.kernel.ids import new_id
from qaitar.orders.errors import BadUnit, OrderMissing
from qaitar.orders.models import Order, OrderLine, Unit

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor

VALUE_MAX: Final = 120


class UnitKind(StrEnum):
    """What kind of number names the thing."""

    SERIAL = "SERIAL"
    IMEI = "IMEI"
    MARKING = "MARKING"


def unit_note(
    *,
    order_id: UUID,
    kind: UnitKind,
    value: str,
    by: Actor,
    now: datetime,
    line_id: UUID | None = None,
) -> tuple[Unit, bool]:
    """Note a unit of an order and tell whether it is new; the same unit again is the one already noted.

    Raises:
        OrderMissing: these walls hold no such order.
        BadUnit: EMPTY, TOO_LONG, IMEI_WRONG (not fifteen digits, or the check digit), LINE_UNKNOWN; nothing was noted.
    """
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise OrderMissing(str(order_id))
    if line_id is not None and not OrderLine.objects.filter(pk=line_id, order_id=order_id).exists():
        raise BadUnit("LINE_UNKNOWN")
    return Unit.objects.get_or_create(
        order_id=order_id,
        kind=kind.value,
        value=_checked(kind, value),
        defaults={
            "id": new_id(),
            "merchant_id": order.merchant_id,
            "line_id": line_id,
            "noted_at": now,
            "noted_by_name": by.name,
        },
    )


def unit_remove(*, order_id: UUID, unit_id: UUID) -> Unit | None:
    """Remove a unit noted by mistake and return it; None when these walls hold no such unit of this order."""
    unit = Unit.objects.select_for_update().filter(pk=unit_id, order_id=order_id).first()
    if unit is not None:
        Unit.objects.filter(pk=unit.pk).delete()
    return unit


def _checked(kind: UnitKind, value: str) -> str:
    # A marking code keeps its group separators; scanners send them and the code is not valid without.
    text = "".join(
        c for c in value if c.isprintable() or (kind is UnitKind.MARKING and c == "\x1d")
    )
    text = text.strip(" ")
    if not text:
        raise BadUnit("EMPTY")
    if len(text) > VALUE_MAX:
        raise BadUnit("TOO_LONG", limit=VALUE_MAX)
    if kind is not UnitKind.IMEI:
        return text
    try:
        return checked_imei(text)
    except UnreadableNumber as error:
        raise BadUnit("IMEI_WRONG") from error
