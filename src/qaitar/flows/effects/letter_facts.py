"""What letters sent outside need beside the case: the sale's number, the language, the refusal as it was given."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qaitar.foundation.journal.personal_values import ERASED, UNREADABLE, lines_open
from qaitar.foundation.models import JournalEntry
from qaitar.orders.models import Order
from qaitar.returns.rules.case_evaluation import evaluate_case
from qaitar.returns.texts.letter_facts import letter_facts as facts_of_case
from qaitar.returns.texts.letters import LetterFacts, refusal_text
from qaitar.returns.vocabulary import RefusalReason

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.foundation.models import PlannedEffect
    from qaitar.returns.reads.cases import Case


def language_of(case: Case) -> str:
    """Tell the language the merchant's letters are written in."""
    return str(case.store.get("language") or "ru")


def erp_order_of(case: Case, effect: PlannedEffect) -> str:
    """Tell the sale's number in the accounting system, as far as we know it."""
    learnt = effect.payload.get("erp_order", "")
    if learnt or case.request.order_id is None:
        return str(learnt)
    known = Order.objects.filter(pk=case.request.order_id).values_list("erp_number", flat=True)
    return known.first() or ""


def letter_facts(case: Case, effect: PlannedEffect, now: datetime) -> LetterFacts:
    """Gather a letter's facts as the card does; the deadline it names is the day of the control date."""
    return facts_of_case(case, evaluate_case(case, now), erp_order=erp_order_of(case, effect))


def with_refusal(
    facts: LetterFacts, reason: str, language: str, effect: PlannedEffect
) -> LetterFacts:
    """Add the text of a refusal, when there was one: what the person saw and edited, else the text of the reason."""
    if not reason:
        return facts
    text = _text_given(effect) or refusal_text(RefusalReason(reason), facts, language)
    return replace(facts, refusal_text=text)


def _text_given(effect: PlannedEffect) -> str:
    """Read from the journal the text for the marketplace as it stood at the step that planned this effect.

    The case itself forgets it once the marketplace shows the refusal, and an effect may be sent later than that.
    """
    steps = JournalEntry.objects.filter(
        subject_id=effect.subject_id, seq__lte=effect.ordinal, after__has_key="pending_text"
    )
    last = steps.order_by("-seq").first()
    if last is None:
        return ""
    lines_open([last])
    text = str(last.after.get("pending_text") or "")
    return "" if text in {ERASED, UNREADABLE} else text
