"""Fills a practice shop: each case is led to where it begins through the same services people use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from qaitar.contracts.marketplace import Section
from qaitar.foundation.files.checks import Rejected
from qaitar.foundation.files.keeping import CheckedFile, content_keep, file_note
from qaitar.foundation.identity.actors import Actor, system_actor
from qaitar.foundation.models import EffectState, PlannedEffect
from qaitar.kernel.roles import Role
from qaitar.kernel.zones import ALMATY, local_date, zone
from qaitar.returns.reads.cases import case_load, cases_by_number
from qaitar.returns.services.evidence import NewProof, evidence_add
from qaitar.returns.services.intake import Filing, request_create
from qaitar.returns.services.notes import case_note, request_note
from qaitar.returns.services.perform_act import request_act
from qaitar.returns.vocabulary import Act, Effect, EvidenceKind, Stage
from qaitar.sandbox.pictures import act as act_paper
from qaitar.sandbox.pictures import photo
from qaitar.sandbox.shelf import BUYERS, BY_CODE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from qaitar.training.cases import Drawn

BEFORE_YOU: Final = Actor(None, "Учебный напарник", Role.OPERATOR, "web")
CLERK: Final = Actor(None, "Учебный кладовщик", Role.CLERK, "web")
SENIOR: Final = Actor(None, "Учебный старший", Role.SENIOR, "web")
MIRROR: Final = system_actor("mirror")
PROVED: Final = {"pending_press": "", "pending_since": None, "pending_text": ""}
_PHOTOS: Final = {
    EvidenceKind.PHOTO_GOODS: ("Фото товара", "foto-tovara.jpg", 11),
    EvidenceKind.PHOTO_PACKAGING: ("Упаковка", "foto-upakovki.jpg", 12),
    EvidenceKind.PHOTO_DAMAGE: ("Повреждение", "foto-povrezhdeniya.jpg", 13),
}
_ACTS: Final = {
    EvidenceKind.IRREPARABILITY_ACT: ("Акт НРП № 318", "akt-nrp.pdf"),
    EvidenceKind.TECHNICAL_ACT: ("Акт технического состояния № 77", "akt-ts.pdf"),
}

Papers = dict[EvidenceKind, CheckedFile]


@dataclass(frozen=True, slots=True)
class PracticeShop:
    """A practice shop being filled: its keys, the drawings kept for it, the moment it is filled at."""

    merchant_id: UUID
    store_id: UUID
    papers: Mapping[EvidenceKind, CheckedFile]
    now: datetime


def papers_draw(kinds: Sequence[EvidenceKind] = (*_PHOTOS, *_ACTS)) -> Papers:
    """Draw and keep what customers send, once for all cases; touches no table."""
    return {kind: _stored_drawing(kind) for kind in kinds}


@cache  # judging and drawing each takes its time, and the file store keeps equal content once
def _stored_drawing(kind: EvidenceKind) -> CheckedFile:
    if kind in _PHOTOS:
        title, name, seed = _PHOTOS[kind]
        content = photo(title, seed=seed, damaged=kind is EvidenceKind.PHOTO_DAMAGE)
    else:
        title, name = _ACTS[kind]
        content = act_paper(title, ["Товар осмотрен в АСЦ «Жөндеу»", "Заключение: см. ниже"])
    content_stored = content_keep(content, name)
    assert not isinstance(content_stored, Rejected), (
        f"our own drawing was rejected: {content_stored}"
    )
    return content_stored


def case_fill(shop: PracticeShop, drawn: Drawn) -> None:
    """Make one case and lead it to where its story begins; one that is there already is left alone."""
    if cases_by_number(shop.store_id, [drawn.number]):
        return
    story = drawn.story
    filed = shop.now - timedelta(hours=3)
    if story.begins is Stage.ARRIVED:
        filed -= timedelta(days=3)
    case = request_create(
        filing=_filing(shop, drawn, filed), by=MIRROR, merchant_id=shop.merchant_id, now=filed
    )
    values = {"category_title": BY_CODE[drawn.goods].category_title}
    request_note(request_id=case.pk, values=values, by=MIRROR, now=filed)
    if story.begins is not Stage.NEW:
        question_at = filed + timedelta(minutes=20)
        request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=BEFORE_YOU, now=question_at)
    if story.has:
        papers_add(shop, case.pk, story.has, filed + timedelta(minutes=50))
    if story.begins is Stage.ARRIVED:
        _bring(shop, drawn, case.pk, filed + timedelta(hours=2))
    PlannedEffect.objects.filter(subject_id=case.pk, state=EffectState.PLANNED).update(
        state=EffectState.DONE, settled_at=shop.now
    )  # what colleagues did before is long done


def _filing(shop: PracticeShop, drawn: Drawn, filed: datetime) -> Filing:
    story, goods, buyer = drawn.story, BY_CODE[drawn.goods], BUYERS[drawn.buyer]
    received = filed - timedelta(days=story.bought_days)
    return Filing(
        store_id=shop.store_id,
        number=drawn.number,
        source="CABINET",
        filed_at=filed,
        reason_code=story.code,
        reason_text=story.text,
        customer_words=story.words,
        marketplace_due_at=shop.now + timedelta(minutes=drawn.due_minutes),
        section=Section.NEW.value,
        product_name=goods.name,
        product_sku=goods.offer_code,
        amount_minor=goods.price_tiyn,
        customer_name=f"{buyer.first_name} {buyer.last_name}",
        customer_phone=f"+7{buyer.phone}",
        received_on=local_date(received, zone(ALMATY)),
        planned_arrival_on=local_date(filed + timedelta(days=2), zone(ALMATY)),
    )


def papers_add(
    shop: PracticeShop, request_id: UUID, kinds: Sequence[EvidenceKind], at: datetime
) -> None:
    """Put what the customer sent into a case."""
    proofs = [
        NewProof(
            file_note(
                merchant_id=shop.merchant_id,
                file=shop.papers[kind],
                by=MIRROR,
                origin="practice",
                now=at,
            ),
            kind,
        )
        for kind in kinds
    ]
    evidence_add(request_id=request_id, proofs=proofs, by=MIRROR, now=at)


def _bring(shop: PracticeShop, drawn: Drawn, request_id: UUID, at: datetime) -> None:
    """Take the goods, bring them to our point, let the clerk look, and show the date of the decision."""
    request_act(request_id=request_id, act=Act.TAKE_FOR_INSPECTION, by=BEFORE_YOU, now=at)
    press_see(request_id, at)
    arrived = shop.now - timedelta(hours=2)
    request_act(request_id=request_id, act=Act.NOTE_ARRIVAL, by=MIRROR, now=arrived)
    section_show(
        request_id,
        arrived,
        Section.AWAITING_DECISION,
        marketplace_due_at=shop.now + timedelta(minutes=drawn.due_minutes),
        marketplace_due_section=Section.AWAITING_DECISION.value,
    )
    checked = {"goods_checked": drawn.story.goods_checked}
    request_note(request_id=request_id, values=checked, by=CLERK, now=arrived)


def press_see(request_id: UUID, now: datetime) -> None:
    """Show in the imitated cabinet what was decided here."""
    case = case_load(request_id)
    assert case is not None, "the case was read a moment ago"
    waits_for_take = case.request.pending_press == Effect.PRESS_TAKE
    case_note(case=case, values=PROVED, act="PROOF", by=MIRROR, now=now)
    section_show(request_id, now, Section.IN_DELIVERY if waits_for_take else Section.CLOSED)


def section_show(request_id: UUID, now: datetime, section: Section, **columns: Any) -> None:
    """Let the imitated cabinet show a case in a section, and a date where one is told."""
    case = case_load(request_id)
    assert case is not None, "the case was read a moment ago"
    values = {**columns, "section": section.value, "section_seen_at": now}
    case_note(case=case, values=values, act="MIRROR", by=MIRROR, now=now)
