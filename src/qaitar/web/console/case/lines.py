"""Makes the choice of the order's line a case is about.  No reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from qaitar.kernel.money import Currency, format_minor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qaitar.web.console.case.offers import CaseContext


@dataclass(frozen=True, slots=True)
class LineChoice:
    """One line of the order as a person chooses it."""

    id: str
    label: str
    chosen: bool


def line_choices(desk: CaseContext) -> tuple[LineChoice, ...]:
    """List the order's lines where there is something to choose: several, or one that is not tied to the case yet."""
    request, lines = desk.case.request, desk.papers.lines
    if request.order_id is None or (len(lines) <= 1 and request.line_id is not None):
        return ()
    return tuple(
        LineChoice(
            each["id"], line_label(each, request.currency), UUID(each["id"]) == request.line_id
        )
        for each in lines
    )


def line_label(line: Mapping[str, Any], currency: str) -> str:
    """Say a line in one row: product, pieces, article, sum; what is not known is left out.

    >>> line_label({"name": "Чашка", "offer_code": "C-3", "quantity_milli": 3000, "total_minor": None}, "KZT")
    'Чашка × 3 · C-3'
    """
    quantity = line["quantity_milli"] / 1000
    name = str(line["name"] or line.get("offer_code") or "—")
    parts: Sequence[str] = (
        name if quantity == 1 else f"{name} × {quantity:g}",
        str(line.get("offer_code") or ""),
        format_minor(line["total_minor"], Currency(currency))
        if line["total_minor"] is not None
        else "",
    )
    return " · ".join(part for part in parts if part)
