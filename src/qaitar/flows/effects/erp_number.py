"""Learns a sale's number in the accounting system before a ticket that has to name it is written.  Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
from django.db import connection as database

from qaitar.contracts.erp import ErpOrder
from qaitar.flows.clients import connection_of
from qaitar.flows.effects.settlement import erp_number_note
from qaitar.foundation.connections.systems import ConnectionBroken, ConnectionMissing, State
from qaitar.foundation.models import EffectState, PlannedEffect
from qaitar.foundation.ops.jobs import within_walls
from qaitar.orders.models import Order
from qaitar.returns.models import ReturnRequest
from qaitar.returns.vocabulary import Effect

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from qaitar.flows.clients import ClientCache
    from qaitar.foundation.models import Connection

TICKETS: Final = (Effect.OPEN_TICKET.value, Effect.ASK_REOPEN.value)
_log = structlog.get_logger(__name__)


def erp_number_learn(
    merchant_id: UUID, effect_id: UUID, clients: ClientCache, now: datetime
) -> None:
    """Ask the accounting system for the sale's number once, if a ticket about to be opened lacks it.

    Whatever it answers, the ticket goes out: without the number it names the marketplace's code.
    """
    with within_walls(merchant_id):
        wanted = _wanted(effect_id, now)
    if wanted is None:
        return
    case, connection = wanted
    assert not database.in_atomic_block, "no network inside a transaction"
    number = ""
    try:
        found = clients.of(connection).find_order(case.order_code)
        number = found.number if isinstance(found, ErpOrder) else ""
    except (ConnectionBroken, ConnectionMissing) as error:
        _log.warning("the accounting system cannot be asked", why=str(error))
    with within_walls(merchant_id):
        erp_number_note(case, number)
        effect = PlannedEffect.objects.get(pk=effect_id)
        PlannedEffect.objects.filter(pk=effect_id, state=EffectState.PLANNED).update(
            payload={**effect.payload, "erp_order": number}
        )


def _wanted(effect_id: UUID, now: datetime) -> tuple[ReturnRequest, Connection] | None:
    effect = PlannedEffect.objects.filter(
        pk=effect_id, kind__in=TICKETS, state=EffectState.PLANNED, next_at__lte=now
    ).first()
    if effect is None or "erp_order" in effect.payload:
        return None
    case = ReturnRequest.objects.filter(pk=effect.subject_id).first()
    if case is None:
        return None
    known = Order.objects.filter(pk=case.order_id) if case.order_id else Order.objects.none()
    if known.exclude(erp_number="").exists():
        return None
    connection = connection_of("erp", case.store_id)
    if connection is None or connection.health == State.MISCONFIGURED:
        return None
    return case, connection
