"""Makes one line of a list out of a case: the same in queue, search, approvals and previews.  No reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from qaitar.contracts.marketplace import Section
from qaitar.returns.mirror.proofs import differs
from qaitar.returns.rules.case_evaluation import evaluate_case
from qaitar.returns.rules.procedure import recommended
from qaitar.returns.texts.sentences import control_source_sentence
from qaitar.returns.vocabulary import ControlRule, Quality, Stage
from qaitar.web.console.case.records import Countdown, MoneyCell, QueueRow

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.returns.models import ReturnRequest
    from qaitar.returns.reads.cases import Case


def countdown_of(request: ReturnRequest, now: datetime) -> Countdown | None:
    """Give the time left of an open case; None once it is closed."""
    if request.control_at is None:
        return None
    return Countdown(
        due=request.control_at,
        now=now,
        rule=ControlRule(request.control_rule),
        source=control_source_sentence(request.control_source),
    )


def section_of(request: ReturnRequest) -> Section:
    """Give the section the cabinet last showed; one nobody has looked at yet counts as new."""
    known = request.section in Section.__members__
    return Section(request.section) if known else Section.NEW


def amount_of(request: ReturnRequest) -> MoneyCell:
    """Give the sum of a case; one that nobody has told is shown as not known."""
    return MoneyCell(minor=request.amount_minor, currency=request.currency)


def queue_row(case: Case, now: datetime) -> QueueRow:
    """Make a list line of a case, with the act the procedure leads to now."""
    request = case.request
    stage = Stage(request.stage)
    closed = stage is Stage.CLOSED
    return QueueRow(
        id=str(request.pk),
        number=request.number,
        attempt=case.times_filed,
        url=reverse("console:case", args=[request.pk]),
        product=request.product_name,
        customer=request.customer_name,
        amount=amount_of(request),
        store=request.store_name,
        quality=Quality(request.quality),
        stage=stage,
        section=section_of(request),
        section_differs=differs(stage, request.pending_press, request.section),
        countdown=countdown_of(request, now),
        next_act=None if closed else recommended(stage, evaluate_case(case, now).facts),
        assignee=request.assignee_name,
        fresh=stage is Stage.NEW and request.journal_seq == 1,
    )
