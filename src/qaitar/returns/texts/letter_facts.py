"""Gathers the facts of a letter from an evaluated case, for the card and for what is sent outside alike.  No reads."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from qaitar.kernel.zones import local_date
from qaitar.returns.texts.letters import LetterFacts
from qaitar.returns.vocabulary import EvidenceKind

if TYPE_CHECKING:
    from qaitar.returns.reads.cases import Case
    from qaitar.returns.rules.case_evaluation import Evaluation

_PHOTOS: Final = frozenset({EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING})


def letter_facts(case: Case, judged: Evaluation, *, erp_order: str) -> LetterFacts:
    """Gather what letters may say of a case; days are those of the store.

    `erp_order` is the sale's number in the accounting system, empty when it is not known.
    """
    request, store = case.request, case.store
    zone = judged.clock.calendar.zone
    centres = (store.get("merchant_settings") or {}).get("service_centres", [])
    grounds = {ground.code: ground.params for ground in judged.verdict.grounds}
    passed = grounds.get("WINDOW_PASSED", {}).get("last_day")
    return LetterFacts(
        request_number=request.number,
        erp_order=erp_order,
        marketplace_order=request.order_code,
        customer_name=request.customer_name,
        customer_phone=request.customer_phone,
        product_name=request.product_name,
        serial=request.unit_value,
        reason_text=request.reason_text,
        customer_words=request.customer_words,
        deadline=local_date(request.control_at, zone) if request.control_at else None,
        planned_arrival=request.planned_arrival_on,
        last_day=date.fromisoformat(str(passed)) if passed else None,
        support_mailbox=store.get("mailbox") or store.get("merchant_mailbox") or "",
        service_centres=tuple(str(each) for each in centres),
        photos_missing=bool(judged.verdict.missing & _PHOTOS),
        act_needed=judged.verdict.damage_reported == "LATER",
    )
