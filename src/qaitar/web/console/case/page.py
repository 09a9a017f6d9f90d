"""Loads one case for its page: everything the card shows, in a fixed number of statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from qaitar.kernel.zones import ALMATY, zone
from qaitar.returns.reads.cases import case_load
from qaitar.returns.reads.queue import neighbours
from qaitar.returns.rules.case_evaluation import evaluate_case
from qaitar.web.console.case.card_reads import case_history_load, evidence_load, order_details_load
from qaitar.web.console.case.offers import CaseContext
from qaitar.web.console.case.present import CasePageData, case_card
from qaitar.web.console.queue.filters import opened_from, requested_merchants, wanted

if TYPE_CHECKING:
    from uuid import UUID

    from qaitar.returns.reads.cases import Case
    from qaitar.web.console.case.records import Notice
    from qaitar.web.console.frame.auth import PageRequest


def case_context_of(visit: PageRequest, case: Case) -> CaseContext:
    """Sit this person down at a case: the rules' view of it and the sale's papers; one statement."""
    timezone.activate(zone(case.store.get("zone") or ALMATY))
    judged = evaluate_case(case, visit.now, actor_id=visit.who.user_id)
    role = visit.who.roles[case.request.merchant_id]
    return CaseContext(case, judged, order_details_load(case.request), role)


def case_context(
    visit: PageRequest,
    pk: UUID,
    *,
    notice: Notice | None = None,
    open_act: str = "",
    revealed: bool = False,
) -> dict[str, Any] | None:
    """Give the page's context; None if these walls hold no such case."""
    case = case_load(pk)
    if case is None:
        return None
    desk = case_context_of(visit, case)
    part = opened_from(visit.request)
    merchants = requested_merchants(part, visit.who)
    table = CasePageData(
        desk=desk,
        proofs=evidence_load(pk),
        story=case_history_load(case),
        neighbours=neighbours(merchants, case, wanted(part, visit.who, visit.now)),
        user_id=visit.who.user_id,
        now=visit.now,
        part=part,
    )
    return {"case": case_card(table, notice=notice, revealed=revealed), "open_act": open_act}
