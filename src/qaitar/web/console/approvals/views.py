"""What waits for a senior: each with who asked, why, the verdict, and the two answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from qaitar.analytics.export_definitions import ListKind
from qaitar.foundation.journal.personal_values import lines_open
from qaitar.foundation.models import JournalEntry
from qaitar.kernel.approvals import Purpose
from qaitar.returns.reads.approvals import approvals_waiting
from qaitar.returns.reads.cases import Case, cases_load
from qaitar.returns.rules.case_approvals import requested_approvals
from qaitar.returns.rules.case_evaluation import evaluate_case
from qaitar.returns.vocabulary import Act
from qaitar.web.console.approvals.deputies import deputy_rows
from qaitar.web.console.case.card_reads import OrderDetails
from qaitar.web.console.case.offers import CaseContext, offers_of
from qaitar.web.console.case.present import verdict_of
from qaitar.web.console.case.records import Empty
from qaitar.web.console.frame.auth import APPROVERS, EVERYBODY, PageRequest, screen
from qaitar.web.console.lists.views import ways_out
from qaitar.web.console.queue.row import queue_row
from qaitar.web.console.settings.records import ApprovalPage, ApprovalRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from django.http import HttpResponse

ROWS_MAX: Final = 100
PURPOSES: Final = {
    Purpose.DAMAGE: gettext_lazy("Damaged goods"),
    Purpose.SUM: gettext_lazy("The sum"),
    Purpose.GOODS_DIFFER: gettext_lazy("Goods that are not what was sold"),
    Purpose.EXCEPTION: gettext_lazy("An exception to the rules"),
}
ANSWERS: Final = frozenset({Act.APPROVE, Act.DECLINE})


@require_GET
@screen(EVERYBODY)
def approvals(visit: PageRequest) -> HttpResponse:
    """List what waits for approval, the least time left first; who may not approve sees why."""
    ids = approvals_waiting(visit.who.merchants, ROWS_MAX)
    loaded = {case.request.pk: case for case in cases_load(ids)}
    cases = [loaded[pk] for pk in ids if pk in loaded]
    requests = _requests(ids)
    page = ApprovalPage(
        rows=tuple(_row(visit, case, requests) for case in cases),
        url=reverse("console:approvals"),
        deputies=tuple(row for row in deputy_rows(visit, visit.who.merchants) if row.today),
        deputies_url=reverse("console:deputies") if visit.who.may(APPROVERS) else "",
        empty=None
        if cases
        else Empty(
            title=_("Nothing waits for approval"),
            text=_("Mechanical damage, sums above the limit and exceptions come here."),
            icon="stamp",
            url=reverse("console:queue"),
            link=_("To the queue"),
        ),
    )
    return render(
        visit.request,
        "console/approvals/approvals.html",
        {"page": page, "exports": ways_out(ListKind.APPROVALS, "")},
    )


def _requests(ids: Sequence[UUID]) -> Mapping[UUID, JournalEntry]:
    """Find the last time approval was asked for each of these cases; one statement, two where somebody typed a comment."""
    sent = JournalEntry.objects.filter(subject_id__in=ids, act=Act.SEND_FOR_APPROVAL.value)
    entries = list(sent.order_by("seq"))
    lines_open(entries)
    return {entry.subject_id: entry for entry in entries}


def _row(visit: PageRequest, case: Case, requests: Mapping[UUID, JournalEntry]) -> ApprovalRow:
    role = visit.who.roles[case.request.merchant_id]
    judged = evaluate_case(case, visit.now, actor_id=visit.who.user_id)
    desk = CaseContext(case, judged, OrderDetails(), role)
    entry = requests.get(case.request.pk)
    return ApprovalRow(
        row=queue_row(case, visit.now),
        requested_by=entry.actor_name if entry else "—",
        requested_at=entry.at if entry else case.request.stage_since,
        why=entry.why if entry and entry.why else _("no comment"),
        verdict=verdict_of(desk),
        offers=tuple(offer for offer in offers_of(desk) if offer.act in ANSWERS),
        version=case.request.version,
        purposes=tuple(str(PURPOSES[each.purpose]) for each in requested_approvals(case)),
        evidence_count=len(case.evidence),
    )
