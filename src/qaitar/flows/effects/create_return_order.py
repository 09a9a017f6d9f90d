"""Steps 4-5: the return order in the accounting system, written once, with the marketplace's day on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from qaitar.contracts.erp import (
    DoneInPart,
    ErpOrder,
    ReturnLine,
    ReturnOrderDraft,
    Several,
)
from qaitar.contracts.marketplace import Section
from qaitar.contracts.outcome import Busy, Misconfigured, Missing, Refused, Unknown
from qaitar.flows.effects.handler import SOON_S, HandlerResult, NotPossible, Waiting
from qaitar.kernel.zones import local_date
from qaitar.orders.selectors import line_names
from qaitar.returns.deadlines.calendars import store_calendar
from qaitar.returns.services.notes import PLANNED_DAY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from qaitar.contracts.erp import Erp, ErpLine, Written
    from qaitar.contracts.outcome import Done
    from qaitar.flows.effects.handler import NotReady
    from qaitar.foundation.models import PlannedEffect
    from qaitar.returns.models import ReturnRequest
    from qaitar.returns.reads.cases import Case

DATE_AWAITED: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ReturnOrderReady:
    """What a return order needs of ours; the sale itself is read from the accounting system right before."""

    marker: str
    request_number: str
    order_code: str
    created_at: datetime
    created_on: date
    planned_on: date
    reason: str
    product_name: str
    price_minor: int | None
    quantity_milli: int
    names: tuple[str, ...] = ()  # of the line in the marketplace and at the seller
    claimed_milli: int = 0  # what other filings of the same item bring back
    claimed_by: str = ""


class CreateReturnOrder:
    """Writes a return order for the returned line of the sale."""

    contract = "erp"

    def prepare(
        self, effect: PlannedEffect, case: Case, now: datetime
    ) -> ReturnOrderReady | NotReady:
        """Gather the draft; the planned day is the marketplace's, and until it shows one the order waits."""
        request = case.request
        if (found := case.too_much) is not None and case.sold is not None:
            return NotPossible(_exceeds(", ".join(found.numbers)))
        calendar = store_calendar(case.store_text, case.days_text)
        planned = planned_day(request, calendar.zone)
        if planned is None:
            if now - effect.created_at < DATE_AWAITED:
                return Waiting(
                    PLANNED_DAY, "Waits for the planned day from the marketplace.", SOON_S
                )
            return NotPossible(
                "The marketplace shows no planned day: note it in the case, then try again."
            )
        return ReturnOrderReady(
            marker=str(effect.pk),
            request_number=request.number,
            order_code=request.order_code,
            created_at=effect.created_at,
            created_on=local_date(effect.created_at, calendar.zone),
            planned_on=planned,
            reason=request.reason_text or request.reason_code or request.customer_words[:200],
            product_name=request.product_name,
            price_minor=_price(request),
            quantity_milli=request.quantity_milli,
            names=line_names(request.line_id) if request.line_id else (),
            claimed_milli=sum(each.quantity_milli for each in case.claims_before),
            claimed_by=", ".join(each.number for each in case.claims_before),
        )

    def send(self, client: Erp, ready: ReturnOrderReady) -> HandlerResult:
        """Find the sale, choose its line, write the order."""
        sale = found_sale(client, ready.order_code)
        if not isinstance(sale, ErpOrder):
            return HandlerResult(sale)
        line = returned_line(sale.lines, ready)
        if line is None:
            return HandlerResult(
                Refused(
                    f"Order {sale.number} has {len(sale.lines)} lines and none is surely the returned one."
                ),
                erp_order=sale.number,
            )
        if ready.claimed_milli and ready.claimed_milli + ready.quantity_milli > line.quantity_milli:
            return HandlerResult(Refused(_exceeds(ready.claimed_by)), erp_order=sale.number)
        draft = ReturnOrderDraft(
            marker=ready.marker,
            request_number=ready.request_number,
            order=sale,
            created_at=ready.created_at,
            planned_date=ready.planned_on,
            reason=ready.reason,
            lines=(ReturnLine(line.key, ready.quantity_milli, line.price_minor),),
        )
        return HandlerResult(_whole(client.create_return_order(draft)), erp_order=sale.number)

    def find(self, client: Erp, ready: ReturnOrderReady) -> HandlerResult:
        """Look for the return order by its marker, among those of the sale's partner."""
        sale = client.find_order(ready.order_code)
        if not isinstance(sale, ErpOrder):
            return HandlerResult(
                Unknown(f"The order {ready.order_code} is not found, so nothing is sure.")
            )
        found = client.find_return_order(ready.marker, ready.created_on, sale)
        return HandlerResult(found, erp_order=sale.number)


def planned_day(request: ReturnRequest, zone: ZoneInfo) -> date | None:
    """Tell the day the goods are planned to come: the one noted, else the one the marketplace shows in delivery."""
    if request.planned_arrival_on is not None:
        return request.planned_arrival_on
    if (
        request.marketplace_due_at is not None
        and request.marketplace_due_section == Section.IN_DELIVERY
    ):
        return local_date(request.marketplace_due_at, zone)
    return None


def _exceeds(numbers: str) -> str:
    return f"More would come back than was sold: {numbers} brings it back already. No second return order is written."


def _price(request: ReturnRequest) -> int | None:
    if request.amount_minor is None or request.quantity_milli <= 0:
        return None
    return request.amount_minor * 1000 // request.quantity_milli


def found_sale(client: Erp, code: str) -> ErpOrder | Refused | Misconfigured | Busy:
    """Read the sale; nothing was written yet, so what could not be learnt may simply be asked again."""
    match client.find_order(code):
        case ErpOrder() as sale:
            return sale
        case Several(numbers):
            return Refused(f"Several orders carry {code}: {', '.join(numbers)}.")
        case Missing():
            return Refused(f"The accounting system knows no order {code}.")
        case Misconfigured() | Busy() as trouble:
            return trouble
        case Unknown(detail):
            return Busy(detail)


def returned_line(lines: Sequence[ErpLine], ready: ReturnOrderReady) -> ErpLine | None:
    """Choose the line that is returned: the only one, else the only one of one of its names, else of that price."""
    if len(lines) == 1:
        return lines[0]
    names = {" ".join(name.casefold().split()) for name in (ready.product_name, *ready.names)}
    same_name = [line for line in lines if " ".join(line.name.casefold().split()) in names - {""}]
    same_price = [line for line in same_name or lines if line.price_minor == ready.price_minor]
    for chosen in (same_name, same_price):
        if len(chosen) == 1:
            return chosen[0]
    return None


def _whole(written: Written) -> Done | Refused | Misconfigured | Busy | Unknown:
    """Count a document that exists as done; what is wrong with it is said in its detail, for a person."""
    if not isinstance(written, DoneInPart):
        return written
    return replace(written.done, detail=f"{written.done.detail}. {trouble_words(written.problem)}")


def trouble_words(problem: Misconfigured | Refused | Busy | Unknown) -> str:
    """Say a trouble in a sentence."""
    match problem:
        case Misconfigured(what, how):
            return f"{what} {how}"
        case Refused(reason):
            return reason
        case Busy(detail) | Unknown(detail):
            return detail
