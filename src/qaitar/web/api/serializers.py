"""Writes cases as the API shows them.  No reads, no writes; words in the language of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qaitar.kernel.phones import phone_masked
from qaitar.kernel.roles import SEE_PHONES
from qaitar.returns.mirror.proofs import differs
from qaitar.returns.rules.case_evaluation import evaluate_case
from qaitar.returns.rules.procedure import (
    Advanced,
    Blocked,
    allowed_acts,
    recommended,
    refusal_reasons,
)
from qaitar.returns.texts.sentences import (
    act_label,
    blocked_sentence,
    control_rule_label,
    control_source_sentence,
    ground_sentence,
    journal_act_label,
    source_sentence,
    will_do_sentence,
)
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import Act, Effect, Stage
from qaitar.web.api.answers import text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor
    from qaitar.foundation.models import JournalEntry
    from qaitar.returns.models import Evidence, ReturnRequest
    from qaitar.returns.reads.card import CaseRelated
    from qaitar.returns.reads.cases import Case
    from qaitar.returns.rules.case_evaluation import Evaluation
    from qaitar.returns.rules.policy import PolicyVerdict
    from qaitar.returns.rules.procedure import Offer

Json = dict[str, Any]


def serialize_row(request: ReturnRequest, now: datetime) -> Json:
    """Write a request as lists show it."""
    stage = Stage(request.stage)
    return {
        "id": str(request.pk),
        "merchant": str(request.merchant_id),
        "store": str(request.store_id),
        "store_name": request.store_name,
        "number": request.number,
        "order": request.order_code,
        "attempt": request.attempt,
        "stage": request.stage,
        "stage_text": str(word_for(stage)),
        "outcome": request.outcome,
        "quality": request.quality,
        "section": request.section,
        "section_differs": differs(stage, request.pending_press, request.section),
        "waiting_for_proof": request.pending_press,
        "control": serialize_control(request, now),
        "product": request.product_name,
        "amount": {"minor": request.amount_minor, "currency": request.currency},
        "asks": ["AMOUNT"] if request.amount_minor is None and stage is not Stage.CLOSED else [],
        "customer": request.customer_name,
        "assignee": request.assignee_name,
        "filed_at": request.filed_at.isoformat(),
        "version": request.version,
    }


def serialize_control(request: ReturnRequest, now: datetime) -> Json | None:
    """Write the control date with its rule and source; None for a closed case."""
    if request.control_at is None:
        return None
    return {
        "at": request.control_at.isoformat(),
        "rule": request.control_rule,
        "rule_text": control_rule_label(request.control_rule),
        "source": request.control_source,
        "source_text": control_source_sentence(request.control_source),
        "overdue": now > request.control_at,
        "alert_level": request.alert_level,
    }


def serialize_card(case: Case, related: CaseRelated, by: Actor, now: datetime) -> Json:
    """Write a whole case as `by` sees it: facts, verdict, acts, proofs, effects, mirror and earlier filings."""
    request = case.request
    judged = evaluate_case(case, now, actor_id=by.user_id)
    return {
        **serialize_row(request, now),
        "facts": _facts(request) if by.role in SEE_PHONES else phone_masked(_facts(request)),
        "verdict": _verdict(judged.verdict),
        "acts": _offers(request, judged, by),
        "evidence": list(related.evidence),
        "effects": [
            {**each, "text": str(word_for(Effect(each["kind"])))} for each in related.effects
        ],
        "mirror": _mirror(request),
        "attempts": list(related.attempts),
    }


_PLAIN: Final = (
    "source",
    "external_id",
    "reason_code",
    "reason_text",
    "refusal_reason",
    "customer_words",
    "customer_name",
    "customer_phone",
    "customer_contacted",
    "customer_answered",
    "sent_to_service_centre",
    "inspection",
    "goods_handed_over",
    "goods_checked",
    "dispute_evidence_sent",
    "approval",
    "product_sku",
    "category_title",
    "quantity_milli",
    "withdraw_minor",
    "unit_value",
    "arrived_where",
    "pending_text",
    "counts_as_quality",
)
_DATED: Final = (
    "received_on",
    "planned_arrival_on",
    "arrived_at",
    "refused_at",
    "disputed_at",
    "closed_at",
    "pending_since",
    "stage_since",
    "created_at",
)


def _facts(request: ReturnRequest) -> Json:
    plain: Json = {name: getattr(request, name) for name in _PLAIN}
    plain["line"] = str(request.line_id) if request.line_id else None
    return plain | {name: text_of(getattr(request, name)) for name in _DATED}


def _mirror(request: ReturnRequest) -> Json:
    return {
        "section": request.section,
        "section_raw": request.section_raw,
        "status_text": request.status_text,
        "marketplace_due_at": text_of(request.marketplace_due_at),
        "seen_at": text_of(request.section_seen_at),
        "differs": differs(Stage(request.stage), request.pending_press, request.section),
        "details": request.mirror,
    }


def _verdict(verdict: PolicyVerdict) -> Json:
    grounds = [
        {
            "code": ground.code,
            "text": ground_sentence(ground),
            "leads_to": ground.leads_to.name,
            "refusal": ground.refusal.value if ground.refusal else None,
            "source": {
                "kind": ground.source.kind.value,
                "place": ground.source.place,
                "text": source_sentence(ground.source),
            },
        }
        for ground in verdict.grounds
    ]
    return {
        "answer": verdict.answer.name,
        "text": str(word_for(verdict.answer)),
        "approval_needed": verdict.approval_needed,
        "missing": sorted(verdict.missing),
        "grounds": grounds,
    }


def _offers(request: ReturnRequest, judged: Evaluation, by: Actor) -> list[Json]:
    stage = Stage(request.stage)
    best = recommended(stage, judged.facts)
    reasons = [
        {"reason": reason.value, "text": str(word_for(reason))}
        for reason in refusal_reasons(stage, judged.facts)
    ]
    return [
        _offer(offer, best, reasons if offer.act is Act.REFUSE else [])
        for offer in allowed_acts(stage, judged.facts, by.role)
    ]


def _offer(offer: Offer, best: Act | None, reasons: list[Json]) -> Json:
    answer = offer.answer
    may = isinstance(answer, Advanced)
    return {
        "act": offer.act.value,
        "text": act_label(offer.act),
        "step": answer.step.number if isinstance(answer, Advanced) else answer.step_number,
        "allowed": may,
        "recommended": may and offer.act is best,
        "irreversible": isinstance(answer, Advanced) and answer.step.irreversible,
        "will": serialize_effects(answer.effects) if isinstance(answer, Advanced) else [],
        "why_not": serialize_blocked(answer) if isinstance(answer, Blocked) else None,
        "reasons": reasons,
    }


def serialize_effects(effects: Iterable[Effect]) -> list[Json]:
    """Write what an act sets in motion."""
    return [{"effect": effect.value, "text": will_do_sentence(effect)} for effect in effects]


def serialize_blocked(blocked: Blocked) -> Json:
    """Write why an act may not be done."""
    return {
        "code": blocked.code,
        "text": blocked_sentence(blocked),
        "params": dict(blocked.params),
    }


def serialize_journal_line(entry: JournalEntry, masked: Collection[UUID] = frozenset()) -> Json:
    """Write a line of a journal; phones of the merchants in `masked` are masked."""
    before, after = entry.before, entry.after
    if entry.merchant_id in masked:
        before, after = phone_masked(before), phone_masked(after)
    return {
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "act": entry.act,
        "text": journal_act_label(entry.act),
        "who": entry.actor_name,
        "role": entry.actor_role,
        "channel": entry.channel,
        "before": before,
        "after": after,
        "why": entry.why,
        "hash": bytes(entry.hash).hex(),
    }


def serialize_evidence(proof: Evidence) -> Json:
    """Write one proof after a confirmation or a withdrawal."""
    return {
        "id": str(proof.pk),
        "request": str(proof.request_id),
        "kind": proof.kind,
        "signature_confirmed": proof.signature_confirmed,
        "stamp_confirmed": proof.stamp_confirmed,
        "confirmed_by_name": proof.confirmed_by_name,
        "confirmed_at": text_of(proof.confirmed_at),
        "withdrawn_at": text_of(proof.withdrawn_at),
    }
