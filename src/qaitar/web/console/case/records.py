"""What each console screen needs to know, as plain frozen records.

Selectors fill these and templates read them; neither side knows the other.  Codes (stage, act, reason)
stay codes here and become words in the template through the `word` filter, so one code has one word
everywhere.  Links are ready paths, so templates know no route names.  Texts are already in the reader's
language.  Times are aware; money is minor units with a currency code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from qaitar.contracts.marketplace import Section
from qaitar.returns.vocabulary import (
    Act,
    ControlRule,
    Effect,
    EvidenceKind,
    Quality,
    RefusalReason,
    Stage,
)
from qaitar.web.console.case.mirror_records import PictureSeen, ReplacedValue, UnreadField


class Tone(StrEnum):
    """How loud a thing is; always shown with an icon and words besides the colour."""

    NEUTRAL = "neutral"
    INFO = "info"
    OK = "ok"
    WARN = "warn"
    DANGER = "danger"


class Progress(StrEnum):
    """How far something promised has come."""

    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    PERSON = "person"  # waits for a person


URGENT_SECONDS = 4 * 3600  # less than this to the control date: red
SOON_SECONDS = 24 * 3600  # less than this: amber


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """Time left to the control date, with the rule that set it."""

    due: datetime
    now: datetime
    rule: ControlRule
    source: str = ""  # where the date was seen, e.g. "request page, read 24 Oct 09:12"

    @property
    def seconds_left(self) -> int:
        """Whole seconds until the control date; negative once it has passed."""
        return int((self.due - self.now).total_seconds())

    @property
    def urgency(self) -> str:
        """One of late, urgent, soon, calm; the same limits the browser counts with."""
        left = self.seconds_left
        if left < 0:
            return "late"
        if left < URGENT_SECONDS:
            return "urgent"
        return "soon" if left < SOON_SECONDS else "calm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option of a select, a radio list or a menu."""

    value: str
    label: str
    hint: str = ""
    selected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody on our side or the customer; the phone is shown masked unless `revealed`."""

    name: str
    phone: str = ""  # E.164
    email: str = ""
    note: str = ""  # role, or language of the customer
    revealed: bool = False
    reveal_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The sentence after an action: what happened and where it can be seen."""

    text: str
    tone: Tone = Tone.OK
    url: str = ""
    link: str = ""
    undo_url: str = ""
    undo: str = ""  # the signed way back
    cabinet_url: str = ""  # where it is pressed, should the browser have kept the window shut


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty:
    """An empty place that says what it means and what to do next."""

    title: str
    text: str
    icon: str = "inbox"
    url: str = ""
    link: str = ""


# --- small things met on many pages -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyLine:
    """One line a sum is made of."""

    label: str
    minor: int | None  # None: not known


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyCell:
    """A sum that opens into its lines."""

    minor: int | None  # None: not known
    currency: str = "KZT"
    lines: tuple[MoneyLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyLines:
    """A named sum of the money block."""

    label: str
    cell: MoneyCell


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A name and a value of the order, unit or money block."""

    label: str
    value: str
    url: str = ""
    copy: bool = False  # offer a copy button
    tone: Tone = Tone.NEUTRAL
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundView:
    """One reason under a verdict with where it comes from."""

    text: str
    source: str = ""  # procedure step, law, store rule
    holds: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictView:
    """What the policy thinks, in one sentence with its grounds."""

    tone: Tone
    sentence: str
    grounds: tuple[GroundView, ...] = ()


# --- the queue --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionTab:
    """A tab of the queue with how many requests it holds and how many are late."""

    label: str
    url: str
    count: int
    late: int = 0
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedViewLink:
    """A remembered filter of the queue."""

    label: str
    url: str
    count: int | None = None
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One request in a list."""

    id: str
    number: str  # as the marketplace shows it, with the attempt at the end
    attempt: int
    url: str
    product: str
    customer: str
    amount: MoneyCell
    store: str
    quality: Quality
    stage: Stage
    section: Section
    section_differs: bool = False  # the marketplace shows something else than our stage expects
    countdown: Countdown | None = None  # None once closed
    next_act: Act | None = None  # the recommended act
    assignee: str = ""
    fresh: bool = False  # not opened by anybody yet


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """The queue: tabs, views, rows and what may be done to many at once."""

    tabs: tuple[SectionTab, ...]
    rows: tuple[QueueRow, ...]
    url: str  # the list itself, for reload
    bulk_url: str
    views: tuple[SavedViewLink, ...] = ()
    bulk_acts: tuple[Act, ...] = ()
    more_url: str = ""  # next page by key
    filters: tuple[Fact, ...] = ()  # filters in force; `url` removes one
    sort_label: str = ""
    empty: Empty | None = None
    error: str = ""
    save_view_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkLine:
    """What a bulk decision would do to one request."""

    row: QueueRow
    allowed: bool
    reason: str = ""  # why not


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkPreview:
    """A bulk decision before it is confirmed."""

    act: Act
    lines: tuple[BulkLine, ...]
    effects: tuple[str, ...]
    action_url: str
    back_url: str
    key: str  # idempotency key of the confirmation
    reasons: tuple[ReasonChoice, ...] = ()

    @property
    def allowed_count(self) -> int:
        """How many of the chosen requests would change."""
        return sum(line.allowed for line in self.lines)


# --- the case card ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStep:
    """One step of the road shown in the head; `state` is done, current or ahead."""

    label: str
    state: str
    number: str = ""  # the operator's step number


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonChoice:
    """A refusal reason with the ready text for the marketplace."""

    reason: RefusalReason
    text: str
    recommended: bool = False
    disabled_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WillDo:
    """One thing a button will do outside, and where it will be seen."""

    effect: Effect | None
    where: str = ""  # Usedesk, sheet name, 1C base
    text: str = ""  # used when there is no effect code


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferView:
    """A button of the card: what it will do, or why it may not be pressed now."""

    act: Act
    url: str
    will_do: tuple[WillDo, ...] = ()
    disabled_reason: str = ""
    recommended: bool = False
    reasons: tuple[ReasonChoice, ...] = ()  # only when a reason must be chosen
    ready_text: str = ""
    asks_comment: bool = False
    step: str = ""  # the operator's step number
    danger: bool = False
    confirm: str = ""  # a question where undo would not be honest
    by_hand: bool = False  # noted by hand only where nobody reads the cabinet: folded away


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceTile:
    """One stored proof."""

    id: str
    kind: EvidenceKind
    name: str
    url: str
    preview_url: str = ""  # small picture; empty: an icon stands instead
    view_url: str = ""  # picture or video shown in place; empty: the file opens in a new tab
    is_pdf: bool = False
    is_video: bool = False
    size_bytes: int = 0
    added_at: datetime | None = None
    added_by: str = ""
    finding: VerdictView | None = None  # stamp found / not found / unsure
    pages: int = 0  # of a PDF; each is shown as a picture
    page_url: str = ""  # the first page's picture; ends in the page's number


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckItem:
    """One proof the procedure wants, and whether it is there."""

    label: str
    present: bool
    required: bool = True
    hint: str = ""  # who gives it, step number


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePanel:
    """The proofs of a case with the checklist and the upload form."""

    tiles: tuple[EvidenceTile, ...]
    checklist: tuple[CheckItem, ...]
    upload_url: str = ""  # empty: the reader may not add
    kinds: tuple[EvidenceKind, ...] = tuple(EvidenceKind)
    keep_act_until: datetime | None = (
        None  # the marketplace may ask for the technical act until then
    )

    @property
    def missing_count(self) -> int:
        """How many required proofs are not there."""
        return sum(item.required and not item.present for item in self.checklist)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStory:
    """How one filing of the same return went."""

    attempt: int
    number: str
    url: str
    filed_at: datetime
    stage: Stage
    summary: str
    current: bool = False
    item: str = ""  # the product, where the order's filings are of several


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorView:
    """Our stage beside the marketplace's section, each with its time."""

    stage: Stage
    stage_at: datetime
    section: Section
    section_at: datetime | None  # None: never seen yet
    source: str  # how it was read
    differs: bool = False
    explanation: str = ""
    refresh_url: str = ""
    unread: tuple[UnreadField, ...] = ()
    pictures: tuple[PictureSeen, ...] = ()
    replaced: tuple[ReplacedValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """A decision recorded here that waits to be pressed and seen in the cabinet."""

    act: Act
    decided_at: datetime
    decided_by: str
    button: str  # the cabinet's own words on the button to press
    cabinet_url: str
    text: str = ""  # ready text to paste
    last_looked_at: datetime | None = None
    check_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectLine:
    """Something that happens outside because of a decision, and how far it is."""

    effect: Effect
    progress: Progress
    where: str = ""
    detail: str = ""  # ticket number, sheet line, what went wrong
    url: str = ""
    retry_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyText:
    """A text made from the facts of the case, ready to send."""

    title: str
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One line of the journal in words."""

    at: datetime
    who: str
    text: str
    icon: str = "dot"
    tone: Tone = Tone.NEUTRAL
    before: str = ""
    after: str = ""
    why: str = ""
    by_program: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCard:
    """Everything one case screen shows."""

    id: str
    number: str
    attempt: int
    version: str  # what the reader saw; a stale one is refused
    url: str
    product: str
    amount: MoneyCell
    store: str
    quality: Quality
    stage: Stage
    section: Section
    customer: Person
    verdict: VerdictView
    offers: tuple[OfferView, ...]
    evidence: EvidencePanel
    mirror: MirrorView
    back_url: str
    countdown: Countdown | None = None
    steps: tuple[StageStep, ...] = ()
    proof: EvidenceView | None = None
    story: tuple[AttemptStory, ...] = ()
    reason: str = ""  # the customer's reason as stated
    customer_text: str = ""  # the customer's own words
    order_facts: tuple[Fact, ...] = ()
    unit_facts: tuple[Fact, ...] = ()
    unit_url: str = (
        ""  # where a number of the sold thing is noted; empty for who may not, or without an order
    )
    money: tuple[MoneyLines, ...] = ()  # sums of the sale, each opening into its lines
    reader: str = ""  # who looks: what they typed is kept in the browser under this name
    effects: tuple[EffectLine, ...] = ()
    texts: tuple[ReadyText, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    timeline_url: str = ""  # the whole journal of the case
    note_url: str = ""  # posts a note; empty: may not
    prev_url: str = ""
    next_url: str = ""
    present: tuple[str, ...] = ()  # others who have this case open
    notice: Notice | None = None
    quality_url: str = ""  # posts another quality class; empty: may not
    qualities: tuple[Quality, ...] = tuple(Quality)
    marketplace_url: str = ""
    live_url: str = ""  # effects and mirror are read again from here while anything is on its way
