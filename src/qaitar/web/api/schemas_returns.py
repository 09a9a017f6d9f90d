"""Shapes of return requests: what is filed, noted and asked for, and the card that is shown."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from qaitar.contracts.marketplace import Section
from qaitar.returns.deadlines.control_dates import ArrivalPlace
from qaitar.returns.vocabulary import (
    Act,
    ControlRule,
    Effect,
    EvidenceKind,
    Outcome,
    Quality,
    RefusalReason,
    Stage,
)
from qaitar.web.api.schemas import (
    At,
    Day,
    Flag,
    InModel,
    Line,
    Minor,
    Moment,
    MoneyOut,
    Name,
    On,
    OutModel,
    Short,
    Uuid,
    Version,
    Words,
)

BULK_MAX: Final = 5_000
PAGE_MAX: Final = 100

# --- in -------------------------------------------------------------------------------------------------------------


class ReturnsQuery(InModel):
    """Which requests: open ones by the time left unless told otherwise.

    `q` finds by number, phone, serial or name; `order` by the order's code.  Both give at most one page.
    """

    stage: Stage | None = None
    store: UUID | None = None
    due_before: Moment | None = None
    order: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    q: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50
    cursor: Annotated[str, Field(max_length=100)] | None = None


class ReturnIn(InModel):
    """A request filed by hand: store and number are enough, the order fills in the rest.

    `number` is `<order>-<attempt>`.  `marketplace_due_at` is the date the marketplace shows in the request.
    """

    store: UUID
    number: Short
    filed_at: Moment | None = None
    reason_code: Short = ""
    reason_text: Annotated[str, Field(max_length=300)] = ""
    customer_words: Words = ""
    quality: Quality | None = None
    marketplace_due_at: Moment | None = None
    planned_arrival_on: Day | None = None
    product_name: Line = ""
    product_sku: Annotated[str, Field(max_length=120)] = ""
    quantity_milli: Annotated[int, Field(strict=True, ge=1, le=10**12)] | None = None
    amount_minor: Minor | None = None
    customer_name: Name = ""
    customer_phone: Annotated[str, Field(max_length=40)] = ""


class ActIn(InModel):
    """One act and what belongs to it; `version` holds the act to the card it was decided on."""

    act: Act
    reason: RefusalReason | None = None
    why: Words = ""
    text: Words = ""
    planned_on: Day | None = None
    arrived_where: ArrivalPlace | None = None
    version: Version | None = None


class BulkIn(InModel):
    """One act on many requests; with `preview` nothing is done and the answer tells what would be."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=BULK_MAX)]
    act: Act
    reason: RefusalReason | None = None
    why: Words = ""
    text: Words = ""
    planned_on: Day | None = None
    arrived_where: ArrivalPlace | None = None
    preview: Flag = False


class Inspection(InModel):
    """What people saw on the goods; null is unknown again."""

    unused: Flag | None = None
    complete: Flag | None = None
    packaging: Flag | None = None
    defect_confirmed: Flag | None = None
    reason_untrue: Flag | None = None
    unit: Literal["UNKNOWN", "SAME", "DIFFERENT"] | None = None
    warranty_until: Day | None = None


class NotesIn(InModel):
    """Facts to write down; what is left out stays as it is.  `marketplace_due_at` comes with the section it was shown for.

    `line` is the order's line that comes back: product and amount follow it, unless they are told beside it.
    """

    quality: Quality = Quality.UNKNOWN
    inspection: Inspection = Inspection()
    customer_answered: Flag = False
    goods_checked: Literal["UNCHECKED", "SAME", "DIFFERENT"] = "UNCHECKED"
    goods_handed_over: Flag = False
    received_on: Day | None = None
    planned_arrival_on: Day | None = None
    marketplace_due_at: Moment | None = None
    marketplace_due_section: Section = Section.NEW
    assignee: Literal["me"] | None = None
    customer_words: Words = ""
    customer_name: Name = ""
    customer_phone: Annotated[str, Field(max_length=40)] = ""
    category_title: Name = ""
    amount_minor: Minor | None = None
    product_name: Line = ""
    unit_value: Annotated[str, Field(max_length=120)] = ""
    line: UUID | None = None
    why: Words = ""


class JournalQuery(InModel):
    """Which part of the journal: after `after`, the oldest first."""

    after: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class ProofForm(InModel):
    """What the files of the form show; `answered` notes that the customer has answered."""

    kind: EvidenceKind
    note: Line = ""
    answered: bool = True


class ConfirmationIn(InModel):
    """What is seen on an act of a service centre."""

    signature: Flag
    stamp: Flag


class WithdrawalIn(InModel):
    """Why a proof is taken out."""

    why: Annotated[str, Field(min_length=1, max_length=500)]


# --- out ------------------------------------------------------------------------------------------------------------


class Control(OutModel):
    """The one next date that must not pass, the rule behind it and where it comes from."""

    at: At
    rule: ControlRule
    rule_text: str
    source: str
    source_text: str
    overdue: bool
    alert_level: str


class ReturnOut(OutModel):
    """A request as lists show it."""

    id: Uuid
    merchant: Uuid
    store: Uuid
    store_name: str
    number: str
    order: str
    attempt: int
    stage: Stage
    stage_text: str
    outcome: Outcome
    quality: Quality
    section: Section | Literal[""]
    section_differs: bool
    waiting_for_proof: Effect | Literal[""]
    control: Control | None
    product: str
    amount: MoneyOut
    asks: list[Literal["AMOUNT"]]
    customer: str
    assignee: str
    filed_at: At
    version: int


class ReturnsPageOut(OutModel):
    """A page of requests; `next` is the cursor of the following one, null at the end."""

    items: list[ReturnOut]
    next: str | None


class SourceOut(OutModel):
    """Who says so and where it stands."""

    kind: str
    place: str
    text: str


class GroundOut(OutModel):
    """One finding of the policy with its source and where it leads."""

    code: str
    text: str
    leads_to: str
    refusal: RefusalReason | None
    source: SourceOut


class VerdictOut(OutModel):
    """What the policy advises and every ground of it, the weightiest first."""

    answer: str
    text: str
    approval_needed: bool
    missing: list[EvidenceKind]
    grounds: list[GroundOut]


class Will(OutModel):
    """One thing an act sets in motion."""

    effect: Effect
    text: str


class WhyNot(OutModel):
    """Why an act may not be done now."""

    code: str
    text: str
    params: dict[str, str | int]


class ReasonOut(OutModel):
    """A reason for refusal that is true now."""

    reason: RefusalReason
    text: str


class OfferOut(OutModel):
    """One act: what doing it would set in motion, or why it may not be done."""

    act: Act
    text: str
    step: str
    allowed: bool
    recommended: bool
    irreversible: bool
    will: list[Will]
    why_not: WhyNot | None
    reasons: list[ReasonOut]


class EvidenceOut(OutModel):
    """A proof: what, who, when, from where, and the two confirmations of step 6."""

    id: Uuid
    kind: EvidenceKind
    file_name: str
    file_sha256: str
    size: int
    mime: str
    width: int | None
    height: int | None
    pages: int | None
    note: str
    signature_confirmed: bool
    stamp_confirmed: bool
    confirmed_by_name: str
    confirmed_at: At | None
    added_by_name: str
    added_at: At
    origin: str


class EffectOut(OutModel):
    """Something that has to happen outside, and how it stands."""

    id: Uuid
    kind: Effect
    text: str
    step: str
    ordinal: int
    state: str
    reference: str
    address: str
    detail: str
    attempts: int
    created_at: At
    next_at: At
    settled_at: At | None


class AttemptOut(OutModel):
    """One filing of the same order."""

    id: Uuid
    number: str
    attempt: int
    stage: Stage
    outcome: Outcome
    quality: Quality
    refusal_reason: str
    reason_text: str
    filed_at: At
    closed_at: At | None


class MirrorOut(OutModel):
    """What the marketplace last showed; `differs` when it is not what our stage means."""

    section: Section | Literal[""]
    section_raw: str
    status_text: str
    marketplace_due_at: At | None
    seen_at: At | None
    differs: bool
    details: dict[str, Any]


class FactsOut(OutModel):
    """What is known of the case beside its stage."""

    source: str
    external_id: str
    reason_code: str
    reason_text: str
    refusal_reason: str
    customer_words: str
    customer_name: str
    customer_phone: str
    customer_contacted: bool
    customer_answered: bool
    sent_to_service_centre: bool
    inspection: dict[str, Any]
    goods_handed_over: bool
    goods_checked: str
    dispute_evidence_sent: bool
    approval: str
    line: Uuid | None
    product_sku: str
    category_title: str
    quantity_milli: int
    withdraw_minor: int | None
    unit_value: str
    received_on: On | None
    planned_arrival_on: On | None
    arrived_at: At | None
    arrived_where: str
    refused_at: At | None
    disputed_at: At | None
    closed_at: At | None
    pending_since: At | None
    pending_text: str
    stage_since: At
    created_at: At
    counts_as_quality: bool


class CardOut(ReturnOut):
    """A whole case: facts, verdict with sources, acts, proofs, effects, mirror and earlier filings."""

    facts: FactsOut
    verdict: VerdictOut
    acts: list[OfferOut]
    evidence: list[EvidenceOut]
    effects: list[EffectOut]
    mirror: MirrorOut
    attempts: list[AttemptOut]


class ActDoneOut(ReturnOut):
    """What an act did: the request as it stands now, and what is on its way outside."""

    act: Act
    step: str
    will: list[Will]


class BulkDone(OutModel):
    """One request of a bulk act that was done, or would be."""

    id: Uuid
    number: str
    step: str
    will: list[Will]


class BulkRefused(OutModel):
    """One request of a bulk act that was left as it is, with the reason."""

    id: Uuid
    number: str
    why_not: WhyNot


class BulkOut(OutModel):
    """What became of a bulk act; `missing` are ids that are not there."""

    preview: bool
    done: list[BulkDone]
    refused: list[BulkRefused]
    missing: list[Uuid]


class JournalLineOut(OutModel):
    """One line of a case's journal; `hash` covers the line before it."""

    seq: int
    at: At
    act: str
    text: str
    who: str
    role: str
    channel: str
    before: dict[str, Any]
    after: dict[str, Any]
    why: str
    hash: str


class JournalPageOut(OutModel):
    """A part of a journal; `next` is what to give as `after`, null at the end."""

    items: list[JournalLineOut]
    next: int | None


class EvidenceAnswer(OutModel):
    """The proofs of a case after a change."""

    id: Uuid
    number: str
    version: int
    evidence: list[EvidenceOut]


class EvidenceState(BaseModel):
    """One proof after a confirmation or a withdrawal."""

    model_config = ConfigDict(extra="forbid")
    id: Uuid
    request: Uuid
    kind: EvidenceKind
    signature_confirmed: bool
    stamp_confirmed: bool
    confirmed_by_name: str
    confirmed_at: At | None
    withdrawn_at: At | None
