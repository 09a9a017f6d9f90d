"""Gathers what letters may tell of a case: the case itself, its order, the store's and the merchant's mailboxes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qaitar.kernel.zones import local_date
from qaitar.orders.models import Order
from qaitar.returns.casework import judge_case
from qaitar.returns.letters import LetterFacts, refusal_text
from qaitar.returns.vocabulary import EvidenceKind, RefusalReason

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.foundation.models import PlannedEffect
    from qaitar.returns.selectors import Case

_PHOTOS = frozenset({EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING})


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
    """Gather a letter's facts; the deadline it names is the day of the control date, where the store is."""
    request, store = case.request, case.store
    judged = judge_case(case, now)
    zone = judged.clock.calendar.zone
    centres = (store.get("merchant_settings") or {}).get("service_centres", [])
    return LetterFacts(
        request_number=request.number,
        erp_order=erp_order_of(case, effect),
        marketplace_order=request.order_code,
        customer_name=request.customer_name,
        customer_phone=request.customer_phone,
        product_name=request.product_name,
        serial=request.unit_value,
        reason_text=request.reason_text,
        customer_words=request.customer_words,
        deadline=local_date(request.control_at, zone) if request.control_at else None,
        planned_arrival=request.planned_arrival_on,
        support_mailbox=store.get("mailbox") or store.get("merchant_mailbox") or "",
        service_centres=tuple(str(each) for each in centres),
        photos_missing=bool(judged.verdict.missing & _PHOTOS),
        act_needed=judged.verdict.damage_reported == "LATER",
    )


def with_refusal(facts: LetterFacts, reason: str, language: str) -> LetterFacts:
    """Add the text of a refusal to the facts, when one was given."""
    if not reason:
        return facts
    return replace(facts, refusal_text=refusal_text(RefusalReason(reason), facts, language))
