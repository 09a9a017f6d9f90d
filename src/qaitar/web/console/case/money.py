"""Makes the money block of a card: each sum of the sale with the lines it is made of.  No reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qaitar.web.console.case.records import MoneyCell, MoneyLine, MoneyLines
from qaitar.web.console.labels.sale import status_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qaitar.web.console.case.card_reads import OrderDetails
    from qaitar.web.console.case.offers import CaseContext

_TENDERS: Final = {
    "CARD": gettext_lazy("card"),
    "CREDIT": gettext_lazy("credit"),
    "INSTALLMENT": gettext_lazy("instalment"),
    "INSTALMENT": gettext_lazy("instalment"),
    "BONUS": gettext_lazy("bonuses"),
    "BONUSES": gettext_lazy("bonuses"),
}
_PIECE_MILLI: Final = 1_000


def money_of(desk: CaseContext) -> tuple[MoneyLines, ...]:
    """Tell what was paid and how, what the order is made of, what is asked back; what nobody told is left out."""
    request, papers = desk.case.request, desk.papers
    total = papers.order.get("total_minor")
    paid = sum(each["amount_minor"] or 0 for each in papers.tenders)
    sums = (
        (_("Asked back"), request.amount_minor, ()),
        (_("Order total"), total, _order_lines(papers.lines, total)),
        (_("Paid"), paid or None, _tender_lines(papers.tenders)),
        (_("Withdrawn by the marketplace"), request.withdraw_minor, ()),
    )
    found = [
        MoneyLines(
            label=label, cell=MoneyCell(minor=minor, currency=request.currency, lines=tuple(lines))
        )
        for label, minor, lines in sums
        if minor is not None
    ]
    return tuple(found)


def paid_how(papers: OrderDetails) -> str:
    """Say how was paid where the parts are not known; where they are, they stand as lines of what was paid."""
    if any(each["amount_minor"] for each in papers.tenders):
        return ""
    text = "; ".join(_tender_text(each) for each in papers.tenders)
    return text or tender_word(str(papers.order.get("payment_mode") or ""))


def _order_lines(lines: Iterable[Mapping[str, Any]], total: int | None) -> list[MoneyLine]:
    """List the articles; what they do not explain of the total stands in a line of its own.

    Where the price of one is not known, nothing can be said of a rest.
    """
    if total is None:
        return []
    lines = list(lines)
    differ = len({each.get("status") or "" for each in lines}) > 1
    listed = [
        MoneyLine(label=_line_text(each, with_status=differ), minor=each["total_minor"])
        for each in lines
    ]
    known = [each.minor for each in listed if each.minor is not None]
    rest = total - sum(known)
    if known and len(known) == len(listed) and rest:
        listed.append(MoneyLine(label=_("delivery and other"), minor=rest))
    return listed


def _line_text(line: Mapping[str, Any], *, with_status: bool) -> str:
    pieces, part = divmod(line["quantity_milli"], _PIECE_MILLI)
    name = str(line["name"])
    text = name if (pieces, part) == (1, 0) or part else f"{name} × {pieces}"
    status = str(line.get("status") or "")
    return f"{text} ({status_word(status)})" if with_status and status else text


def _tender_lines(tenders: Iterable[Mapping[str, Any]]) -> list[MoneyLine]:
    return [
        MoneyLine(label=_tender_text(each), minor=each["amount_minor"])
        for each in tenders
        if each["amount_minor"]
    ]


def _tender_text(tender: Mapping[str, Any]) -> str:
    text = tender_word(tender["kind"])
    if tender.get("term_months"):
        text += " " + _("%(months)s months") % {"months": tender["term_months"]}
    return text


def tender_word(kind: str) -> str:
    """Say how was paid; an unknown word of a marketplace stands itself.

    >>> tender_word("SOMETHING")
    'SOMETHING'
    """
    return str(_TENDERS.get(kind, kind))
