"""What the register says of a case: one row a request, current values, in the merchant's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from qaitar.contracts.register import RegisterRow
from qaitar.foundation.models import PlannedEffect
from qaitar.kernel.zones import local_date
from qaitar.returns.deadlines.calendars import store_calendar
from qaitar.returns.vocabulary import Effect, Outcome, Quality, RefusalReason, Stage

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from django.utils.functional import _StrPromise

    from qaitar.contracts.register import Cell
    from qaitar.returns.reads.cases import Case

_QUALITIES: Final[Mapping[str, _StrPromise]] = {
    Quality.UNKNOWN.value: _("not chosen"),
    Quality.PROPER.value: _("proper quality"),
    Quality.DEFECTIVE.value: _("defective"),
    Quality.MECHANICAL_DAMAGE.value: _("mechanical damage"),
    Quality.DIFFERENT_GOODS.value: _("not what was ordered"),
    Quality.NOT_RECEIVED.value: _("not received"),
}
_STAGES: Final[Mapping[str, _StrPromise]] = {
    Stage.NEW.value: _("new"),
    Stage.WAITING_CUSTOMER.value: _("waiting for the customer"),
    Stage.WAITING_APPROVAL.value: _("waiting for approval"),
    Stage.IN_DELIVERY.value: _("in delivery"),
    Stage.ARRIVED.value: _("arrived"),
    Stage.REFUND_GRANTED.value: _("refund granted"),
    Stage.REFUSED.value: _("refused"),
    Stage.DISPUTED.value: _("disputed"),
    Stage.CLOSED.value: _("closed"),
}
_REASONS: Final[Mapping[str, _StrPromise]] = {
    RefusalReason.NO_ANSWER.value: _("nobody answered in time"),
    RefusalReason.SENT_FOR_ACT.value: _("sent for an act"),
    RefusalReason.NOT_RETURNABLE.value: _("not returnable by law"),
    RefusalReason.WINDOW_PASSED.value: _("the time to return has passed"),
    RefusalReason.USED_OR_INCOMPLETE.value: _("used or incomplete"),
    RefusalReason.DAMAGE_BY_CUSTOMER.value: _("damaged by the customer"),
    RefusalReason.DIFFERENT_GOODS_CAME.value: _("other goods came back"),
    RefusalReason.DEFECT_NOT_CONFIRMED.value: _("the defect is not confirmed"),
    RefusalReason.UNTRUE_REASON.value: _("the reason given is not true"),
    RefusalReason.NOT_GIVEN.value: _("no reason given"),
}
_OUTCOMES: Final[Mapping[str, _StrPromise]] = {
    Outcome.REFUNDED.value: _("refunded"),
    Outcome.REFUSED.value: _("refused"),
    Outcome.WITHDRAWN.value: _("withdrawn by the customer"),
    Outcome.NEVER_ARRIVED.value: _("never arrived"),
    Outcome.DISPUTE_WON.value: _("dispute won"),
    Outcome.DISPUTE_LOST.value: _("dispute lost"),
    Outcome.MARKETPLACE_REFUNDED.value: _("refunded by the marketplace"),
}


def register_rows(
    cases: Sequence[Case], columns: Collection[str], language: str
) -> list[RegisterRow]:
    """Write the rows of these cases, only the columns the connection has headings for."""
    references = _references([case.request.pk for case in cases])
    with translation.override(language):
        return [_row(case, references.get(case.request.pk, {}), columns) for case in cases]


def _references(case_ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    """Collect the numbers of tickets and return orders, the latest of each."""
    kinds = [Effect.OPEN_TICKET.value, Effect.CREATE_RETURN_ORDER.value]
    rows = PlannedEffect.objects.filter(subject_id__in=case_ids, kind__in=kinds).exclude(
        reference=""
    )
    found: dict[UUID, dict[str, str]] = {}
    for row in rows.order_by("ordinal"):
        order = row.kind == Effect.CREATE_RETURN_ORDER
        number = row.detail.partition(". ")[0] if order and row.detail else row.reference
        found.setdefault(row.subject_id, {})[row.kind] = number
    return found


def _row(case: Case, references: Mapping[str, str], columns: Collection[str]) -> RegisterRow:
    request = case.request
    zone = store_calendar(case.store_text, case.days_text).zone

    def day(moment: datetime | None) -> str | None:
        return _day(local_date(moment, zone)) if moment else None

    cells: dict[str, Cell] = {
        "order": request.order_code,
        "filed": day(request.filed_at),
        "product": request.product_name,
        "customer": request.customer_name,
        "phone": request.customer_phone,
        "quality": str(_QUALITIES[request.quality]),
        "reason": request.reason_text or request.reason_code,
        "stage": str(_STAGES[request.stage]),
        "control": day(request.control_at),
        "refusal": str(_REASONS.get(request.refusal_reason, "")) or None,
        "erp_return": references.get(Effect.CREATE_RETURN_ORDER.value),
        "ticket": references.get(Effect.OPEN_TICKET.value),
        "outcome": str(_OUTCOMES.get(request.outcome, "")) or None,
        "closed": day(request.closed_at),
        "amount": _amount(request.amount_minor),
    }
    return RegisterRow(request.number, {name: cells[name] for name in cells if name in columns})


def _day(day: date) -> str:
    return day.strftime("%d.%m.%Y")


def _amount(minor: int | None) -> Cell:
    """Write money as a number a spreadsheet adds up, or as text where it has tiyn.

    >>> _amount(1_299_000), _amount(1_299_050), _amount(None)
    (12990, '12990.50', None)
    """
    if minor is None:
        return None
    whole, rest = divmod(minor, 100)
    return whole if rest == 0 else f"{whole}.{rest:02d}"
