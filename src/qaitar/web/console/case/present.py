"""Makes the case card from a loaded case, its papers, proofs and story.  No reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qaitar.kernel.almaty import almaty_day
from qaitar.kernel.roles import WORKERS as BY_HAND_ROLES
from qaitar.returns.rules.policy import PolicyAnswer
from qaitar.returns.services.notes import NOTERS
from qaitar.returns.texts.sentences import ground_sentence, source_sentence
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import Outcome, Quality, Stage
from qaitar.web.console.case.evidence import evidence_panel
from qaitar.web.console.case.letters import ready_texts
from qaitar.web.console.case.lines import LineChoice, line_choices
from qaitar.web.console.case.mirror import mirror_of
from qaitar.web.console.case.money import money_of, paid_how
from qaitar.web.console.case.notes_form import KnownPanel, known_panel
from qaitar.web.console.case.offers import CaseContext, cabinet_url, offers_of, pending_press
from qaitar.web.console.case.records import (
    CaseCard,
    Fact,
    GroundView,
    Notice,
    Person,
    StageStep,
    Tone,
    VerdictView,
)
from qaitar.web.console.case.timeline import MOVING, attempt_stories, effect_lines, timeline_entry
from qaitar.web.console.case.version_tag import live_mark
from qaitar.web.console.labels.days import written
from qaitar.web.console.labels.sale import cancel_reason_words, delivery_word, status_word
from qaitar.web.console.queue.filters import QueueQuery
from qaitar.web.console.queue.row import amount_of, countdown_of, section_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.web.console.case.card_reads import CaseHistory, OrderDetails, ProofFile

TIMELINE_MAX: Final = 30
LIVE_SECONDS: Final = 4
QUIET_SECONDS: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Card(CaseCard):
    """The card with what its page alone needs: the form of what is known, how often to look for news."""

    known: KnownPanel | None = None
    live_seconds: int = LIVE_SECONDS
    seen_url: str = ""  # posts "I saw it in the cabinet"; empty: may not, or nothing waits
    never_seen: bool = False
    line_url: str = ""  # posts the chosen line of the order; empty: may not, or nothing to choose
    lines: tuple[LineChoice, ...] = ()

    @property
    def line_known(self) -> bool:
        """Tell whether the line of the order is known."""
        return any(each.chosen for each in self.lines)


@dataclass(frozen=True, slots=True)
class CasePageData:
    """Everything read for one card."""

    desk: CaseContext
    proofs: Sequence[ProofFile]
    story: CaseHistory
    neighbours: tuple[UUID | None, UUID | None]
    user_id: int
    now: datetime
    part: QueueQuery = QueueQuery()  # noqa: RUF009  a frozen record


def case_card(table: CasePageData, *, notice: Notice | None = None, revealed: bool = False) -> Card:
    """Make the whole card of one case for one person at one moment."""
    desk, now = table.desk, table.now
    case, request = desk.case, desk.case.request
    stage, notes = Stage(request.stage), desk.role in NOTERS
    before, after = table.neighbours
    still_open = stage is not Stage.CLOSED
    own = [e for e in table.story.entries if e.subject_id == request.pk][:TIMELINE_MAX]
    return Card(
        id=str(request.pk),
        number=request.number,
        attempt=case.times_filed,
        version=str(request.version),
        url=reverse("console:case", args=[request.pk]),
        product=request.product_name,
        amount=amount_of(request),
        store=request.store_name,
        quality=Quality(request.quality),
        stage=stage,
        section=section_of(request),
        customer=customer_of(desk, revealed=revealed),
        verdict=verdict_of(desk),
        offers=offers_of(desk) if still_open else (),
        evidence=evidence_panel(desk, table.proofs),
        mirror=mirror_of(desk),
        back_url=table.part.url(reverse("console:queue")),
        countdown=countdown_of(request, now),
        steps=stage_steps(stage, Outcome(request.outcome)),
        proof=pending_press(case, table.story.entries),
        story=attempt_stories(table.story, request),
        reason=request.reason_text or request.reason_code,
        customer_text=request.customer_words,
        order_facts=order_facts(desk),
        unit_facts=_unit_facts(desk.papers),
        unit_url=reverse("console:unit_add", args=[request.pk])
        if notes and request.order_id is not None
        else "",
        money=money_of(desk),
        reader=str(table.user_id),
        effects=effect_lines(desk.papers.effects, may=desk.role in BY_HAND_ROLES),
        texts=ready_texts(case, desk.judged, desk.papers) if notes else (),  # they name the phone
        timeline=tuple(timeline_entry(entry) for entry in own),
        timeline_url=reverse("console:journal", args=[request.pk]),
        note_url=reverse("console:comment", args=[request.pk]) if notes else "",
        prev_url=case_url(before, table.part) if before else "",
        next_url=case_url(after, table.part) if after else "",
        notice=notice,
        quality_url=reverse("console:quality", args=[request.pk]) if notes and still_open else "",
        qualities=tuple(each for each in Quality if each is not Quality.UNKNOWN),
        marketplace_url=cabinet_url(case),
        live_url=_live_url(desk) if still_open or _is_moving(desk.papers) else "",
        known=known_panel(desk, table.user_id) if notes and still_open else None,
        live_seconds=LIVE_SECONDS
        if request.pending_press or _is_moving(desk.papers)
        else QUIET_SECONDS,
        seen_url=_seen_url(desk),
        never_seen=request.section_seen_at is None,
        lines=(choices := line_choices(desk) if notes and still_open else ()),
        line_url=reverse("console:line", args=[request.pk]) if choices else "",
    )


def case_url(pk: UUID, part: QueueQuery) -> str:
    """Give a case's address that remembers from which part of the queue it is opened."""
    return part.url(reverse("console:case", args=[pk]))


def _seen_url(desk: CaseContext) -> str:
    """A refund seen by a person is noted as done by its own button; the other presses are noted here."""
    request = desk.case.request
    waits = request.pending_press in {"PRESS_TAKE", "PRESS_REFUSE"}
    return reverse("console:seen", args=[request.pk]) if waits and desk.role in NOTERS else ""


def _is_moving(papers: OrderDetails) -> bool:
    return any(each["state"] in MOVING for each in papers.effects)


def _live_url(desk: CaseContext) -> str:
    request = desk.case.request
    mark = live_mark(request.version, desk.papers.effects, request.section_seen_at)
    return f"{reverse('console:case_live', args=[request.pk])}?seen={mark}"


def customer_of(desk: CaseContext, *, revealed: bool) -> Person:
    """Show the customer; the whole phone only to those who work on the case, and when asked for."""
    request = desk.case.request
    speaks = desk.papers.customer.get("language") or ""
    note = {"kk": _("speaks Kazakh"), "ru": _("speaks Russian")}.get(speaks, "")
    may = bool(request.customer_phone) and desk.role in NOTERS
    return Person(
        name=request.customer_name or _("Name not shown by the marketplace"),
        phone=request.customer_phone,
        note=note,
        revealed=revealed and may,
        reveal_url=reverse("console:phone", args=[request.pk]) if may and not revealed else "",
    )


# --- verdict ----------------------------------------------------------------------------------------

_TONES: Final[Mapping[PolicyAnswer, Tone]] = {
    PolicyAnswer.ALLOWED: Tone.OK,
    PolicyAnswer.MUST_TAKE_FOR_CHECK: Tone.INFO,
    PolicyAnswer.UNSURE: Tone.WARN,
    PolicyAnswer.NEEDS_APPROVAL: Tone.WARN,
    PolicyAnswer.REFUSABLE: Tone.DANGER,
}


def verdict_of(desk: CaseContext) -> VerdictView:
    """Say what the policy thinks, with every ground and its source; of a closed case, how it ended."""
    request, advice = desk.case.request, desk.judged.verdict
    if request.outcome:
        text = _("Closed: %(outcome)s.") % {"outcome": word_for(Outcome(request.outcome))}
        return VerdictView(tone=Tone.NEUTRAL, sentence=text)
    grounds = tuple(
        GroundView(
            text=ground_sentence(ground),
            source=source_sentence(ground.source),
            holds=ground.leads_to <= PolicyAnswer.MUST_TAKE_FOR_CHECK,
        )
        for ground in advice.grounds
    )
    return VerdictView(
        tone=_TONES[advice.answer], sentence=f"{word_for(advice.answer)}.", grounds=grounds
    )


# --- the road ---------------------------------------------------------------------------------------

_STEP_NUMBERS: Final[Mapping[Stage, str]] = {
    Stage.NEW: "0",
    Stage.WAITING_CUSTOMER: "1–2",
    Stage.WAITING_APPROVAL: "1x",
    Stage.IN_DELIVERY: "3–6",
    Stage.ARRIVED: "7",
    Stage.REFUND_GRANTED: "8",
    Stage.REFUSED: "3",
    Stage.DISPUTED: "D",
    Stage.CLOSED: "9",
}
_MAIN: Final = (
    Stage.NEW,
    Stage.WAITING_CUSTOMER,
    Stage.IN_DELIVERY,
    Stage.ARRIVED,
    Stage.REFUND_GRANTED,
    Stage.CLOSED,
)
_APPROVED: Final = (Stage.NEW, Stage.WAITING_APPROVAL, *_MAIN[2:])
_REFUSED: Final = (Stage.NEW, Stage.WAITING_CUSTOMER, Stage.REFUSED, Stage.CLOSED)
_DISPUTED: Final = (Stage.NEW, Stage.WAITING_CUSTOMER, Stage.DISPUTED, Stage.CLOSED)
_ENDED: Final[Mapping[Outcome, tuple[Stage, ...]]] = {
    Outcome.REFUSED: _REFUSED,
    Outcome.DISPUTE_WON: _DISPUTED,
    Outcome.DISPUTE_LOST: _DISPUTED,
}
_ROADS: Final[Mapping[Stage, tuple[Stage, ...]]] = {
    Stage.WAITING_APPROVAL: _APPROVED,
    Stage.REFUSED: _REFUSED,
    Stage.DISPUTED: _DISPUTED,
}


def stage_steps(stage: Stage, outcome: Outcome) -> tuple[StageStep, ...]:
    """Draw the road of a request with the operator's step numbers, up to where it stands."""
    stages = _ENDED.get(outcome) or _ROADS.get(stage) or _MAIN
    here = stages.index(stage)
    return tuple(
        StageStep(
            label=str(word_for(each)),
            state="done" if n < here else "current" if n == here else "ahead",
            number=_STEP_NUMBERS[each],
        )
        for n, each in enumerate(stages)
    )


# --- order and unit ---------------------------------------------------------------------------------


def order_facts(desk: CaseContext) -> tuple[Fact, ...]:
    """Tell what is known of the sale; what nobody told is left out."""
    request, order = desk.case.request, desk.papers.order
    facts = [Fact(label=pgettext("sale", "Order"), value=request.order_code, copy=True)]
    text = (
        (_("In the accounting system"), order.get("erp_number") or ""),
        (_("Status"), status_word(order.get("status") or "")),
        (_("Cancelled because"), cancel_reason_words(order.get("cancellation_reason") or "")),
        (_("Ordered"), _day(order.get("ordered_at"))),
        (_("Received by the customer"), _date(request.received_on)),
        (_("Paid"), paid_how(desk.papers)),
        (_("Planned arrival"), _date(request.planned_arrival_on)),
        (_("Delivery"), delivery_word(order.get("delivery_mode") or "")),
        (_("Category"), request.category_title),
    )
    facts += [Fact(label=label, value=value) for label, value in text if value]
    if not order:
        facts.append(
            Fact(
                label=_("Sale"),
                value=_("not imported yet"),
                tone=Tone.WARN,
                hint=_("what is known comes from the request itself"),
            )
        )
    return tuple(facts)


def _unit_facts(papers: OrderDetails) -> tuple[Fact, ...]:
    kinds = {"SERIAL": _("Serial"), "IMEI": "IMEI", "MARKING": _("Marking code")}
    return tuple(
        Fact(label=str(kinds.get(unit["kind"], unit["kind"])), value=unit["value"], copy=True)
        for unit in papers.units
    )


def _date(day: Any) -> str:
    return written(day, "j M Y") if day else ""


def _day(text: Any) -> str:
    if not text:
        return ""
    moment = parse_datetime(str(text))
    return _date(almaty_day(moment)) if moment else ""
