"""Ready texts of a case: what to write to whom, from its facts.  No reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _

from qaitar.kernel.zones import local_date
from qaitar.returns.letters import (
    LANGUAGES,
    LetterFacts,
    LetterKind,
    call_centre_letter,
    refusal_text,
    write,
)
from qaitar.returns.vocabulary import EvidenceKind, Quality, RefusalReason, Stage
from qaitar.web.console.views_model import ReadyText

if TYPE_CHECKING:
    from qaitar.returns.casework import Judged
    from qaitar.returns.selectors import Case
    from qaitar.web.console.card_reads import Papers

_PHOTOS: Final = frozenset({EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING})
_BEFORE_TAKING: Final = frozenset({Stage.NEW, Stage.WAITING_CUSTOMER, Stage.WAITING_APPROVAL})


def letter_facts(case: Case, judged: Judged, papers: Papers) -> LetterFacts:
    """Gather what letters may tell of a case; days are those of the store."""
    request, store = case.request, case.store
    where = judged.clock.calendar.zone
    centres = (store.get("merchant_settings") or {}).get("service_centres", [])
    grounds = {ground.code: ground.params for ground in judged.verdict.grounds}
    passed = grounds.get("WINDOW_PASSED", {}).get("last_day")
    return LetterFacts(
        request_number=request.number,
        erp_order=papers.order.get("erp_number") or "",
        marketplace_order=request.order_code,
        customer_name=request.customer_name,
        customer_phone=request.customer_phone,
        product_name=request.product_name,
        serial=request.unit_value,
        reason_text=request.reason_text,
        customer_words=request.customer_words,
        deadline=local_date(request.control_at, where) if request.control_at else None,
        planned_arrival=request.planned_arrival_on,
        last_day=date.fromisoformat(str(passed)) if passed else None,
        support_mailbox=store.get("mailbox") or store.get("merchant_mailbox") or "",
        service_centres=tuple(str(each) for each in centres),
        photos_missing=bool(judged.verdict.missing & _PHOTOS),
        act_needed=judged.verdict.damage_reported == "LATER",
    )


def language_of(papers: Papers) -> str:
    """Tell the language the merchant's letters are written in."""
    return papers.language if papers.language in LANGUAGES else "ru"


def customer_language(papers: Papers) -> str:
    """Tell the customer's language where it is known, else the merchant's."""
    known = papers.customer.get("language") or ""
    return known if known in LANGUAGES else language_of(papers)


def marketplace_text(reason: RefusalReason, case: Case, judged: Judged, papers: Papers) -> str:
    """Write the grounded reason as it goes to the marketplace, in the merchant's language."""
    return refusal_text(reason, letter_facts(case, judged, papers), language_of(papers))


def ready_texts(case: Case, judged: Judged, papers: Papers) -> tuple[ReadyText, ...]:
    """Write the letters that fit the stage: to the call centre, to the customer, to the service centre."""
    request, stage = case.request, Stage(case.request.stage)
    facts = letter_facts(case, judged, papers)
    language, theirs = language_of(papers), customer_language(papers)
    if request.refusal_reason:
        reason = RefusalReason(request.refusal_reason)
        facts = replace(
            facts, refusal_text=request.proof_text or refusal_text(reason, facts, theirs)
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
        Stage.IN_DELIVERY: LetterKind.CUSTOMER_TAKEN,
        Stage.REFUSED: LetterKind.CUSTOMER_REFUSED,
        Stage.REFUND_GRANTED: LetterKind.CUSTOMER_REFUNDED,
    }.get(stage)
