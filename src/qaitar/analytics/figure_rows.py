"""Turns a request's standing into its stored row, and a stored row back into what it adds to which day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qaitar.analytics.case_figures import CasePace, CaseStanding, Counting, Ruling, Timeliness
from qaitar.analytics.measures import Mark, marks_of
from qaitar.analytics.models import CaseFigure
from qaitar.returns.vocabulary import Outcome

if TYPE_CHECKING:
    from uuid import UUID

    from qaitar.returns.reads.case_history import Past

KEY_CHARS_MAX: Final = 120


def figure_of(merchant_id: UUID, past: Past, standing: CaseStanding) -> CaseFigure:
    """Make the row of a request."""
    return CaseFigure(
        id=past.id,
        merchant_id=merchant_id,
        store_id=past.store_id,
        filed_on=standing.filed_on,
        answer=standing.answer.value,
        answer_s=standing.answer_s,
        taking=standing.taking.how.value,
        taking_on=standing.taking.on,
        final=standing.final.how.value,
        final_on=standing.final.on,
        closed_on=standing.closed_on,
        closed_s=standing.closed_s,
        pace=standing.pace.value,
        outcome=standing.outcome.value,
        quality=standing.quality.value,
        quality_on=standing.quality_on,
        reason=(past.reason_code or past.reason_text)[:KEY_CHARS_MAX],
        product=(past.product_sku or past.product_name)[:KEY_CHARS_MAX],
    )


def marks_of_row(row: CaseFigure) -> tuple[Mark, ...]:
    """Say what a stored row adds to the days' figures: the same that its standing did."""
    return marks_of(
        CaseStanding(
            filed_on=row.filed_on,
            answer=Timeliness(row.answer),
            answer_s=row.answer_s,
            taking=Ruling(Timeliness(row.taking), row.taking_on),
            final=Ruling(Timeliness(row.final), row.final_on),
            closed_on=row.closed_on,
            closed_s=row.closed_s,
            pace=CasePace(row.pace),
            outcome=Outcome(row.outcome),
            quality=Counting(row.quality),
            quality_on=row.quality_on,
        )
    )
