"""Sets which line of its order a case is about: chosen by a person, where it is not known or was found wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from qaitar.foundation.records.search import search_keys
from qaitar.orders.line_matching import share_of
from qaitar.returns.errors import ActBlocked
from qaitar.returns.rules.procedure import Blocked
from qaitar.returns.services.intake import frames_load, received_day
from qaitar.returns.services.notes import NOTERS, loaded_note
from qaitar.returns.services.searchable import case_keys_add

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from qaitar.foundation.identity.actors import Actor
    from qaitar.returns.models import ReturnRequest
    from qaitar.returns.reads.cases import Case
    from qaitar.returns.services.intake import OrderFrame

LINE_COLUMNS: Final = (
    "line_id",
    "product_name",
    "product_sku",
    "category_title",
    "quantity_milli",
    "amount_minor",
    "received_on",
)
"""What choosing a line may write: columns of the request."""


def line_note(
    *,
    case: Case,
    line_id: UUID,
    by: Actor,
    now: datetime,
    values: Mapping[str, Any] | None = None,
    why: str = "",
) -> ReturnRequest:
    """Set the order's line of a case; product and amount are copied from the line where it has them.

    `values` are other facts to note in the same change; they win over what the line has.  Choosing the line already set
    changes nothing.  Runs behind the merchant's walls.

    Raises:
        ActBlocked: the role may not, the case is closed, its order is not known (ORDER_UNKNOWN) or has no such line
            (LINE_UNKNOWN); nothing was changed.
        CaseChanged: somebody acted in between.
    """
    if by.role not in NOTERS:
        raise ActBlocked(Blocked("ROLE_NOT_ALLOWED", {"role": by.role.value}))
    from_line = {} if line_id == case.request.line_id else _line_values(case.request, line_id)
    noted = loaded_note(
        case=case,
        values={**from_line, **(values or {})},
        by=by,
        now=now,
        why=why,
        of_order=from_line.get("amount_minor"),
    )
    if from_line:
        case_keys_add(noted, search_keys([noted.product_sku]))
    return noted


def _line_values(request: ReturnRequest, line_id: UUID) -> dict[str, Any]:
    frame = _frame(request)
    if request.order_id is None or not frame.order:
        raise ActBlocked(Blocked("ORDER_UNKNOWN"))
    by_id = {UUID(line["id"]): line for line in frame.lines}
    if line_id not in by_id:
        raise ActBlocked(Blocked("LINE_UNKNOWN"))
    line, former = by_id[line_id], by_id.get(request.line_id) if request.line_id else None
    quantity = min(request.quantity_milli, line["quantity_milli"])
    return {
        "line_id": line_id,
        "product_name": (line.get("name") or request.product_name)[:500],
        "product_sku": (line.get("offer_code") or ("" if former else request.product_sku))[:120],
        "category_title": line.get("category_title") or ("" if former else request.category_title),
        "quantity_milli": quantity,
        "amount_minor": _amount(request, former, share_of(line, quantity)),
        "received_on": _received(request, frame.order, former, line),
    }


def _frame(request: ReturnRequest) -> OrderFrame:
    found = frames_load([(request.store_id, request.order_code, "")])
    _, frame = found[0]
    return frame


def _amount(
    request: ReturnRequest, former: Mapping[str, Any] | None, share: int | None
) -> int | None:
    """Give the line's share; where it is not known, an amount that came from the former line does not stay."""
    if share is not None:
        return share
    from_former = former and share_of(former, request.quantity_milli) == request.amount_minor
    return None if from_former else request.amount_minor


def _received(
    request: ReturnRequest,
    order: Mapping[str, Any],
    former: Mapping[str, Any] | None,
    line: Mapping[str, Any],
) -> Any:
    """Keep a day noted by a person or the marketplace; one read from the former line or the order is read again."""
    read_before = received_day(order, former or {})
    if request.received_on not in {None, read_before}:
        return request.received_on
    return received_day(order, line) or request.received_on
