"""Taking in what the marketplace's cabinet shows: new cases, moved dates, proofs of presses, endings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from qaitar.kernel.identifiers import UnreadableNumber, request_attempt
from qaitar.kernel.phones import normalise_phone
from qaitar.returns.errors import ActBlocked, BadCase
from qaitar.returns.mirror import acts_shown, ending_of, press_is_proved
from qaitar.returns.models import ReturnRequest
from qaitar.returns.selectors import cases_by_number
from qaitar.returns.services.acting import Details, case_act
from qaitar.returns.services.intake import Filing, requests_create
from qaitar.returns.services.marks import case_note
from qaitar.returns.services.mirror_kept import kept_after, kept_first, only_pictures
from qaitar.returns.vocabulary import Act, Effect, RefusalReason, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.contracts.marketplace import ReturnReading
    from qaitar.foundation.actors import Actor
    from qaitar.returns.selectors import Case

BATCH: Final = 500


@dataclass(slots=True)
class Mirrored:
    """What a batch of readings came to: counts, and the readings that could not be taken with the reason."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Look:
    """One look into a store's cabinet: whose, when it was taken, and when we read it."""

    store_id: UUID
    merchant_id: UUID
    by: Actor
    seen_at: datetime
    now: datetime


def readings_apply(look: Look, readings: Sequence[ReturnReading]) -> Mirrored:
    """Bring one store's cases to what the cabinet showed at `seen_at`; older looks change nothing.

    A second look at the same thing changes nothing.  One bad reading stops nobody else.
    """
    answer = Mirrored(read=len(readings))
    good: dict[str, ReturnReading] = {}
    for reading in readings:
        try:
            request_attempt(reading.number)
        except UnreadableNumber:
            answer.rejected.append((reading.number[:60], "NUMBER_UNREADABLE"))
            continue
        good[reading.number] = reading
    known = {case.request.number: case for case in cases_by_number(look.store_id, list(good))}
    new = [reading for number, reading in good.items() if number not in known]
    fresh = [reading for reading in new if not only_pictures(reading)]
    answer.unchanged += len(new) - len(fresh)
    _create(look, fresh, answer)
    same: list[UUID] = []
    for number, case in known.items():
        last = case.request.section_seen_at
        if last is not None and look.seen_at < last:
            answer.unchanged += 1
            continue
        if _bring(look, case, good[number]):
            answer.updated += 1
        else:
            answer.unchanged += 1
            same.append(case.request.pk)
    ReturnRequest.objects.filter(pk__in=same, section_seen_at__lt=look.seen_at).update(
        section_seen_at=look.seen_at
    )
    return answer


def _create(look: Look, fresh: Sequence[ReturnReading], answer: Mirrored) -> None:
    filings = [filing_of(look.store_id, reading, look.now) for reading in fresh]
    try:
        made = requests_create(filings=filings, actors={look.merchant_id: look.by}, now=look.now)
    except BadCase as bad:
        answer.rejected += [(filing.number, bad.code) for filing in filings]
        return
    answer.created += len(made)
    answer.unchanged += len(filings) - len(made)
    if not made:
        return
    ids = [request.pk for request in made.values()]
    ReturnRequest.objects.filter(pk__in=ids).update(section_seen_at=look.seen_at)
    beyond_new = [fresh[place] for place in made if fresh[place].section not in {None, "NEW"}]
    numbers = [reading.number for reading in beyond_new]
    cases = {case.request.number: case for case in cases_by_number(look.store_id, numbers)}
    for reading in beyond_new:
        _follow(look, cases[reading.number], reading)


def filing_of(store_id: UUID, reading: ReturnReading, now: datetime) -> Filing:
    """Turn a reading of a request we do not have into a filing."""
    return Filing(
        store_id=store_id,
        number=reading.number,
        source="CABINET",
        filed_at=reading.created_at or now,
        reason_code=reading.reason_code or "",
        reason_text=reading.reason_text or "",
        customer_words=reading.comment or "",
        shown_at=reading.planned_at,
        section=reading.section.value if reading.section else "",
        section_raw=(reading.section_raw or "")[:60],
        status_text=reading.status_text or "",
        external_id=(reading.refund_id or "")[:64],
        product_name=reading.product_name or "",
        product_sku=reading.product_sku or "",
        quantity_milli=reading.quantity_milli,
        amount_minor=reading.amount_minor,
        withdraw_minor=reading.total_withdraw_minor,
        customer_name=reading.customer_name or "",
        customer_phone=normalise_phone(reading.customer_phone_raw or "") or "",
        received_on=reading.order_completed_on,
        mirror=kept_first(reading, now),
    )


def _bring(look: Look, case: Case, reading: ReturnReading) -> bool:
    """Write what changed in the mirror, then follow it; tell whether anything changed."""
    request = case.request
    wanted = _mirrored(request, reading, look.seen_at)
    changed = {name: value for name, value in wanted.items() if getattr(request, name) != value}
    if changed:
        values = {**changed, "section_seen_at": look.seen_at}
        case_note(case=case, values=values, act="MIRROR", by=look.by, now=look.now)
    return _follow(look, case, reading) or bool(changed)


def _mirrored(request: ReturnRequest, reading: ReturnReading, seen_at: datetime) -> dict[str, Any]:
    """Give the columns the mirror may write; what this reading does not tell stays as it was."""
    section = reading.section.value if reading.section else request.section
    told: dict[str, Any] = {
        "section": section,
        "section_raw": (reading.section_raw or request.section_raw)[:60],
        "status_text": (reading.status_text or request.status_text)[:300],
        "external_id": (reading.refund_id or request.external_id)[:64],
    }
    if reading.planned_at is not None and reading.planned_at != request.shown_at:
        told |= {"shown_at": reading.planned_at, "shown_section": section}
    elif reading.planned_at is not None and section != request.section:
        told["shown_section"] = section
    told["mirror"] = kept_after(request.mirror, reading, seen_at)
    phone = normalise_phone(reading.customer_phone_raw or "")
    if phone and not request.customer_phone:
        told["customer_phone"] = phone
    if reading.order_completed_on is not None and request.received_on is None:
        told["received_on"] = reading.order_completed_on
    if reading.total_withdraw_minor is not None:
        told["withdraw_minor"] = reading.total_withdraw_minor
    return told


_PROVED: Final[Mapping[str, Any]] = {"proof_of": "", "proof_since": None, "proof_text": ""}


def _follow(look: Look, case: Case, reading: ReturnReading) -> bool:
    """Take the steps the cabinet proves, as the program itself; a step the procedure blocks stays a shown difference."""
    request = case.request
    section = reading.section.value if reading.section else ""
    reject = reading.reject_text or request.mirror.get("reject", "")
    ending = ending_of(section, reading.status_text or request.status_text, reject)
    moved = False
    if (
        press_is_proved(request.proof_of, section, ending)
        and request.proof_of != Effect.PRESS_GRANT
    ):
        case_note(case=case, values=_PROVED, act="PROOF", by=look.by, now=look.now)
        moved = True
    for act in acts_shown(Stage(request.stage), request.proof_of, section, ending):
        reason = _refusal_reason(request) if act is Act.REFUSE else None
        details = Details(reason=reason, why=reject[:500])
        try:
            case_act(case=case, act=act, by=look.by, now=look.now, details=details)
        except ActBlocked:
            return moved
        moved = True
        if act is Act.REFUSE:  # it was pressed there already
            case_note(case=case, values=_PROVED, act="PROOF", by=look.by, now=look.now)
    return moved


def _refusal_reason(request: ReturnRequest) -> RefusalReason:
    """Choose what to write for a refusal pressed in the cabinet itself: what was chosen here before, else 'untrue'."""
    if request.refusal_reason:
        return RefusalReason(request.refusal_reason)
    return RefusalReason.UNTRUE_REASON
