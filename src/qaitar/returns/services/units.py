"""Noting on a case which physical thing was sold: the unit stands on the order, the journal of the case says who noted it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.foundation.journal.transition import move
from qaitar.orders.services.units import UnitKind, unit_note, unit_remove
from qaitar.returns.errors import ActBlocked, CaseChanged, CaseMissing
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import case_load
from qaitar.returns.rules.procedure import Blocked
from qaitar.returns.services.case_change import change_of
from qaitar.returns.services.notes import NOTERS
from qaitar.returns.services.searchable import unit_keys_add, unit_keys_remove

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor
    from qaitar.orders.models import Unit
    from qaitar.returns.reads.cases import Case


def case_unit_note(
    *, request_id: UUID, kind: UnitKind, value: str, by: Actor, now: datetime
) -> tuple[Unit, bool]:
    """Note a unit of the case's order; return it, and whether it is new.  One already noted changes nothing.

    Every case of the order is found by its number from then on.

    Runs in the caller's transaction, behind the merchant's walls.

    Raises:
        CaseMissing: these walls hold no such case.
        ActBlocked: the role may not, or the case's order is not known; nothing was noted.
        qaitar.orders.errors.BadUnit: the number cannot be one of this kind; nothing was noted.
        CaseChanged: somebody acted in between; the caller's transaction has to be rolled back.
    """
    case = _case(request_id, by)
    order_id = case.request.order_id
    if order_id is None:
        raise ActBlocked(Blocked("ORDER_UNKNOWN"))
    unit, made = unit_note(order_id=order_id, kind=kind, value=value, by=by, now=now)
    if made:
        unit_keys_add(order_id, unit.value)
        _journal(case, "UNIT_NOTE", f"{unit.kind}: {unit.value}", by, now)
    return unit, made


def case_unit_remove(*, request_id: UUID, unit_id: UUID, by: Actor, now: datetime) -> bool:
    """Remove a unit noted by mistake; tell whether it was still there.  Errors as `case_unit_note`."""
    case = _case(request_id, by)
    order_id = case.request.order_id
    unit = unit_remove(order_id=order_id, unit_id=unit_id) if order_id else None
    if order_id is None or unit is None:
        return False
    unit_keys_remove(order_id, unit.value)
    _journal(case, "UNIT_REMOVE", f"{unit.kind}: {unit.value}", by, now)
    return True


def _case(request_id: UUID, by: Actor) -> Case:
    case = case_load(request_id)
    if case is None:
        raise CaseMissing(str(request_id))
    if by.role not in NOTERS:
        raise ActBlocked(Blocked("ROLE_NOT_ALLOWED", {"role": by.role.value}))
    return case


def _journal(case: Case, act: str, why: str, by: Actor, now: datetime) -> None:
    request = case.request
    same = {"customer_answered": request.customer_answered}
    if not move(ReturnRequest, [change_of(request, same, act, by, now, why=why)]):
        raise CaseChanged
