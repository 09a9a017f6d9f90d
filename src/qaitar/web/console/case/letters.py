"""Ready texts of a case: what to write to whom, from its facts.  No reads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _

from qaitar.returns.texts.letter_facts import letter_facts
from qaitar.returns.texts.letters import (
    LANGUAGES,
    LetterKind,
    call_centre_letter,
    refusal_text,
    write,
)
from qaitar.returns.vocabulary import EvidenceKind, Quality, RefusalReason, Stage
from qaitar.web.console.case.records import ReadyText

if TYPE_CHECKING:
    from qaitar.returns.reads.cases import Case
    from qaitar.returns.rules.case_evaluation import Evaluation
    from qaitar.returns.texts.letters import LetterFacts
    from qaitar.web.console.case.card_reads import OrderDetails

_BEFORE_TAKING: Final = frozenset({Stage.NEW, Stage.WAITING_CUSTOMER, Stage.WAITING_APPROVAL})


def _facts(case: Case, judged: Evaluation, papers: OrderDetails) -> LetterFacts:
    return letter_facts(case, judged, erp_order=papers.order.get("erp_number") or "")


def language_of(papers: OrderDetails) -> str:
    """Tell the language the merchant's letters are written in."""
    return papers.language if papers.language in LANGUAGES else "ru"


def customer_language(papers: OrderDetails) -> str:
    """Tell the customer's language where it is known, else the merchant's."""
    known = papers.customer.get("language") or ""
    return known if known in LANGUAGES else language_of(papers)


def marketplace_text(
    reason: RefusalReason, case: Case, judged: Evaluation, papers: OrderDetails
) -> str:
    """Write the grounded reason as it goes to the marketplace, in the merchant's language."""
    return refusal_text(reason, _facts(case, judged, papers), language_of(papers))


def ready_texts(case: Case, judged: Evaluation, papers: OrderDetails) -> tuple[ReadyText, ...]:
    """Write the letters that fit the stage: to the call centre, to the customer, to the service centre."""
    request, stage = case.request, Stage(case.request.stage)
    facts = _facts(case, judged, papers)
    language, theirs = language_of(papers), customer_language(papers)
    if request.refusal_reason:
        reason = RefusalReason(request.refusal_reason)
        facts = replace(
            facts, refusal_text=request.pending_text or refusal_text(reason, facts, theirs)
        )
    texts: list[ReadyText] = []
    quality = Quality(request.quality)
    if stage in _BEFORE_TAKING and quality is not Quality.UNKNOWN:
        letter = call_centre_letter(quality, facts, language)
        texts.append(ReadyText(title=_("To the call centre"), text=letter.body, language=language))
    kind = _customer_letter(stage, quality)
    if kind is not None:
        body = write(kind, facts, theirs).body
        texts.append(ReadyText(title=_("To the customer"), text=body, language=theirs))
    if EvidenceKind.TECHNICAL_ACT in judged.facts.lacking and stage is not Stage.CLOSED:
        body = write(LetterKind.TICKET_SERVICE_CENTRE, facts, language).body
        texts.append(ReadyText(title=_("To the service centre"), text=body, language=language))
    return tuple(texts)


def _customer_letter(stage: Stage, quality: Quality) -> LetterKind | None:
    if stage in _BEFORE_TAKING:
        letters = {
            Quality.PROPER: LetterKind.MAIL_PROPER,
            Quality.DEFECTIVE: LetterKind.MAIL_DEFECTIVE,
        }
        return letters.get(quality)
    return {
        Stage.IN_DELIVERY: LetterKind.CUSTOMER_ACCEPTED,
        Stage.REFUSED: LetterKind.CUSTOMER_REFUSED,
        Stage.REFUND_GRANTED: LetterKind.CUSTOMER_REFUNDED,
    }.get(stage)
