"""Taking in what the marketplace's cabinet shows: new cases, moved dates, proofs of presses, endings."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from qaitar.kernel.identifiers import UnreadableNumber, request_attempt
from qaitar.kernel.phones import normalise_phone
from qaitar.returns.errors import ActBlocked, BadCase, CaseChanged
from qaitar.returns.mirror.looks import newer_part
from qaitar.returns.mirror.proofs import UNDECIDED, acts_proved, ending_of, press_is_proved
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import cases_by_number
from qaitar.returns.rules.reasons import stated_quality
from qaitar.returns.services.intake import Filing, requests_create
from qaitar.returns.services.mirror_snapshot import (
    REPLACEABLE,
    first_snapshot,
    next_snapshot,
    only_pictures,
    replaced,
    with_changes,
    with_gaps_filled,
)
from qaitar.returns.services.notes import case_note
from qaitar.returns.services.perform_act import COUNTED_AS_QUALITY, Details, case_act
from qaitar.returns.vocabulary import Act, Effect, RefusalReason, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.contracts.marketplace import ReturnReading
    from qaitar.foundation.identity.actors import Actor
    from qaitar.returns.reads.cases import Case

BATCH: Final = 500


@dataclass(slots=True)
class Mirrored:
    """What a batch of readings came to: counts, and the readings that could not be taken with the reason."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    older: int = 0  # of the unchanged: given before what is known of the request
    rejected: list[tuple[str, str]] = field(default_factory=list)

    def add(self, other: Mirrored) -> None:
        """Add what another batch came to."""
        for name in ("read", "created", "updated", "unchanged", "older"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.rejected += other.rejected


@dataclass(frozen=True, slots=True)
class Look:
    """One look into a store's cabinet: whose, when it was taken, and when we read it."""

    store_id: UUID
    merchant_id: UUID
    by: Actor
    seen_at: datetime
    now: datetime


def readings_apply(look: Look, readings: Sequence[ReturnReading]) -> Mirrored:
    """Bring one store's cases to what the cabinet showed; what it showed before a newer look changes nothing.

    A reading that does not tell when it was given counts as given at the look's `seen_at`.  A second look at the same thing
    changes nothing.  One bad reading stops nobody else.

    Raises:
        CaseChanged: somebody acted, or filed one of the requests, in between; nothing of this call may be kept.
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
    seen: dict[datetime, list[UUID]] = defaultdict(list)
    for number, case in known.items():
        part = newer_part(good[number], case.request.section_seen_at, look.seen_at)
        if part is None:
            answer.older += 1
            changed = _fill_gaps(look, case, good[number])
        else:
            seen[part.seen_at or look.seen_at].append(case.request.pk)
            changed = _bring(look, case, part)
        answer.updated += changed
        answer.unchanged += not changed
    for seen_at, pks in seen.items():
        ReturnRequest.objects.filter(pk__in=pks, section_seen_at__lt=seen_at).update(
            section_seen_at=seen_at
        )
    return answer


def _create(look: Look, fresh: Sequence[ReturnReading], answer: Mirrored) -> None:
    filings = [filing_of(look.store_id, reading, look.seen_at) for reading in fresh]
    try:
        made = requests_create(filings=filings, actors={look.merchant_id: look.by}, now=look.now)
    except BadCase as bad:
        answer.rejected += [(filing.number, bad.code) for filing in filings]
        return
    if len(made) < len(
        filings
    ):  # somebody filed one of them meanwhile: read again, it is known by then
        raise CaseChanged
    answer.created += len(made)
    follows = [
        reading
        for reading in fresh
        if reading.section not in {None, "NEW"} or reading.reason_origin_code
    ]
    numbers = [reading.number for reading in follows]
    cases = {case.request.number: case for case in cases_by_number(look.store_id, numbers)}
    for reading in follows:
        _bring(look, cases[reading.number], reading)


def _fill_gaps(look: Look, case: Case, reading: ReturnReading) -> bool:
    """Take from an older look only what no newer one has told; tell whether there was any."""
    request = case.request
    phone = normalise_phone(reading.customer_phone_raw or "") or ""
    values_read = {
        "external_id": (reading.refund_id or "")[:64],
        "customer_phone": phone,
        "received_on": reading.order_completed_on,
        "withdraw_minor": reading.total_withdraw_minor,
    }
    values: dict[str, Any] = {
        name: value for name, value in values_read.items() if value and not getattr(request, name)
    }
    mirror = with_gaps_filled(request.mirror, reading, reading.seen_at or look.seen_at)
    if mirror != request.mirror:
        values["mirror"] = mirror
    if values:
        case_note(case=case, values=values, act="MIRROR", by=look.by, now=look.now)
    return bool(values)


def filing_of(store_id: UUID, reading: ReturnReading, received_at: datetime) -> Filing:
    """Turn a reading of a request we do not have into a filing, with the reason the buyer gave.

    `received_at` stands in where the reading does not tell when it was given.
    """
    seen_at = reading.seen_at or received_at
    origin = reading.reason_origin_code
    return Filing(
        store_id=store_id,
        number=reading.number,
        source="CABINET",
        filed_at=reading.created_at or seen_at,
        seen_at=seen_at,
        reason_code=origin or reading.reason_code or "",
        reason_text=(reading.reason_origin_text if origin else reading.reason_text) or "",
        customer_words=reading.comment or "",
        marketplace_due_at=reading.planned_at,
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
        mirror=first_snapshot(reading, seen_at),
    )


def _bring(look: Look, case: Case, reading: ReturnReading) -> bool:
    """Write what changed in the mirror, then follow it; tell whether anything changed."""
    request = case.request
    seen_at = reading.seen_at or look.seen_at
    wanted = _mirrored(request, reading, seen_at)
    changed = {name: value for name, value in wanted.items() if getattr(request, name) != value}
    if changed:
        values = {**changed, "section_seen_at": seen_at}
        case_note(case=case, values=values, act="MIRROR", by=look.by, now=look.now)
    return _follow(look, case, reading) or bool(changed)


def _mirrored(request: ReturnRequest, reading: ReturnReading, seen_at: datetime) -> dict[str, Any]:
    """Give the columns the mirror may write; what this reading does not tell stays as it was."""
    section = reading.section.value if reading.section else request.section
    values_read: dict[str, Any] = {
        "section": section,
        "section_raw": (reading.section_raw or request.section_raw)[:60],
        "status_text": (reading.status_text or request.status_text)[:300],
        "external_id": (reading.refund_id or request.external_id)[:64],
    }
    if reading.planned_at is not None and reading.planned_at != request.marketplace_due_at:
        values_read |= {
            "marketplace_due_at": reading.planned_at,
            "marketplace_due_section": section,
        }
    elif reading.planned_at is not None and section != request.section:
        values_read["marketplace_due_section"] = section
    values_read |= _replaced(request, reading)
    before = {name: getattr(request, name) for name in values_read if name in REPLACEABLE}
    mirror = next_snapshot(request.mirror, reading, seen_at)
    values_read["mirror"] = with_changes(mirror, before, reading, seen_at)
    phone = normalise_phone(reading.customer_phone_raw or "")
    if phone and not request.customer_phone:
        values_read["customer_phone"] = phone
    if reading.order_completed_on is not None and request.received_on is None:
        values_read["received_on"] = reading.order_completed_on
    if reading.total_withdraw_minor is not None:
        values_read["withdraw_minor"] = reading.total_withdraw_minor
    return values_read


def _replaced(request: ReturnRequest, reading: ReturnReading) -> dict[str, Any]:
    """Give the reason, amount and quantity the marketplace has replaced, and what of the quality class follows."""
    known = {name: getattr(request, name) for name in REPLACEABLE}
    values = replaced(known, request.mirror, reading)
    if "reason_code" not in values:
        return values
    by_reason = stated_quality(request.reason_code, request.reason_text, request.customer_words)
    if request.quality != by_reason:  # a person has said otherwise
        return values
    text = values.get("reason_text", request.reason_text)
    quality = stated_quality(values["reason_code"], text, request.customer_words)
    values["quality"] = quality.value
    if request.stage not in UNDECIDED and not request.refusal_reason:
        values["counts_as_quality"] = quality in COUNTED_AS_QUALITY
    return values


_PROVED: Final[Mapping[str, Any]] = {"pending_press": "", "pending_since": None, "pending_text": ""}


def _follow(look: Look, case: Case, reading: ReturnReading) -> bool:
    """Take the steps the cabinet proves, as the program itself; a step the procedure blocks stays a shown difference."""
    request = case.request
    section = reading.section.value if reading.section else ""
    reject = reading.reject_text or request.mirror.get("reject", "")
    ending = ending_of(section, reading.status_text or request.status_text, reject)
    moved = False
    if (
        press_is_proved(request.pending_press, section, ending)
        and request.pending_press != Effect.PRESS_GRANT
    ):
        case_note(case=case, values=_PROVED, act="PROOF", by=look.by, now=look.now)
        moved = True
    for act in acts_proved(Stage(request.stage), request.pending_press, section, ending):
        reason = _refusal_reason(request) if act is Act.REFUSE else None
        details = Details(reason=reason, why=reject[:500], why_quotes=True)
        try:
            case_act(case=case, act=act, by=look.by, now=look.now, details=details)
        except ActBlocked:
            return moved
        moved = True
        if act is Act.REFUSE:  # it was pressed there already
            case_note(case=case, values=_PROVED, act="PROOF", by=look.by, now=look.now)
    return moved


def _refusal_reason(request: ReturnRequest) -> RefusalReason:
    """Choose what to write for a refusal pressed in the cabinet itself: what was chosen here before, else that none was."""
    if request.refusal_reason:
        return RefusalReason(request.refusal_reason)
    return RefusalReason.NOT_GIVEN
