"""What the pages beside the queue and the case need to know, from approvals to webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from qaitar.kernel.roles import Role
from qaitar.returns.vocabulary import Quality, Stage
from qaitar.web.console.case.records import (
    Choice,
    Countdown,
    Empty,
    Fact,
    MoneyCell,
    Notice,
    OfferView,
    QueueRow,
    SectionTab,
    TimelineEntry,
    Tone,
    VerdictView,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """What a search found, request numbers first."""

    query: str
    url: str
    rows: tuple[QueueRow, ...] = ()
    more_url: str = ""
    took_ms: int | None = None
    empty: Empty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRow:
    """One request that waits for a senior, with what the senior may answer."""

    row: QueueRow
    requested_by: str
    requested_at: datetime
    why: str  # mechanical damage within a day, sum above the limit, exception
    verdict: VerdictView
    offers: tuple[OfferView, ...]  # approve, decline
    version: int  # of the request as this page shows it
    purposes: tuple[str, ...] = ()  # what exactly is to be approved
    evidence_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPage:
    """What waits for the reader's approval."""

    rows: tuple[ApprovalRow, ...]
    url: str
    empty: Empty | None = None
    deputies: tuple[DeputyRow, ...] = ()  # of today
    deputies_url: str = ""  # where the reader names one


@dataclass(frozen=True, slots=True, kw_only=True)
class DeputyRow:
    """Somebody who approves in another's place, now or later."""

    deputy: str
    deputy_id: int
    approver: str
    first: date
    last: date
    today: bool
    merchant: str = ""
    end_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRowView:
    """One line of the register of returns, in the order of the sheet's columns."""

    number: str
    url: str
    attempt: int
    filed_on: date
    order: str
    product: str
    customer: str
    reason: str
    quality: Quality
    stage: Stage
    amount: MoneyCell
    store: str
    decided_on: date | None = None
    sheet_state: Tone = Tone.OK  # ok written, warn waiting, danger not written
    sheet_detail: str = ""  # line number or what went wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPage:
    """The register with its filter and ways out."""

    rows: tuple[RegisterRowView, ...]
    url: str
    exports: tuple[Fact, ...]  # label, url
    total: MoneyCell
    count: int
    count_more: bool = False  # there are more lines than were counted
    since: date | None = None
    until: date | None = None
    stores: tuple[Choice, ...] = ()
    stages: tuple[Choice, ...] = ()
    sheet_url: str = ""
    more_url: str = ""
    empty: Empty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRow:
    """One outside system a store is joined to, and how it is."""

    name: str
    kind: str
    url: str
    health: Tone  # neutral: not set up
    sentence: str  # what the last check said, in words
    checked_at: datetime | None = None
    advice: str = ""  # what to do when it is not well
    check_url: str = ""
    state_url: str = ""
    waiting: int = 0  # calls waiting to be made
    checking: bool = False  # a check is under way


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRow:
    """One account on one channel with its connections."""

    name: str
    channel: str
    url: str
    open_requests: int
    connections: tuple[ConnectionRow, ...] = ()
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePage:
    """All stores of the merchant."""

    rows: tuple[StoreRow, ...]
    add_url: str = ""
    empty: Empty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStep:
    """One step of a connection check."""

    label: str
    tone: Tone
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionCheck:
    """What a connection check found and what to do about it."""

    tone: Tone
    sentence: str
    steps: tuple[CheckStep, ...]
    advice: str = ""
    took_ms: int | None = None
    checking: bool = False  # under way: the page asks again


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPage:
    """The form of one connection beside its last check."""

    name: str
    kind: str
    store: str
    back_url: str
    save_url: str
    check_url: str
    state_url: str = ""  # what a page asks while a check is under way
    secret_is_set: bool = False  # a secret is stored; it is never shown again
    check: ConnectionCheck | None = None
    where_to_find: tuple[str, ...] = ()  # steps to get the key in the other system
    docs_url: str = ""
    remove_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    """One person of the merchant."""

    name: str
    email: str
    role: Role
    url: str
    second_factor: bool
    last_seen_at: datetime | None = None
    active: bool = True
    stores: str = ""  # empty: all
    is_self: bool = False
    deputy_of: tuple[DeputyRow, ...] = ()  # in whose place they approve, now or later


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPage:
    """The people of a merchant and the form that invites one."""

    rows: tuple[UserRow, ...]
    invite_url: str = ""
    roles: tuple[Fact, ...] = ()  # label is the role, value says what it may do


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePreviewLine:
    """One open request whose outcome a changed rule would change."""

    number: str
    url: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePreview:
    """What would change among open requests if the rules were saved."""

    checked: int
    lines: tuple[RulePreviewLine, ...]
    changed: int
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePage:
    """The rules of a store; the form comes beside as `form`."""

    store: str
    url: str
    preview_url: str
    stores: tuple[Choice, ...] = ()
    preview: RulePreview | None = None
    changed_at: datetime | None = None
    changed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """One line of a file that could not be taken, with the reason and what stood there."""

    line: int
    field: str
    value: str
    reason: str
    sheet: str = ""  # of a workbook with several


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What a file brought: every line is in exactly one count."""

    file: str
    kind: str
    read: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    rejected_rows: tuple[RejectedRow, ...] = ()
    rejected_url: str = ""  # rejected lines as a file to mend and send again
    result_url: str = ""
    progress: int | None = None  # percent while it runs
    progress_url: str = ""
    finished_at: datetime | None = None
    problem: str = ""  # why nothing could be read
    unread_rows: tuple[
        RejectedRow, ...
    ] = ()  # what was taken without a field that could not be read
    counts: tuple[tuple[str, int], ...] = ()  # what the cabinet says each section holds
    notes: tuple[str, ...] = ()  # what has to be known beside the counts
    remarks: tuple[str, ...] = ()  # where rows went besides the chosen store, which number it got
    row_notes: tuple[str, ...] = ()  # what of taken rows was not taken as it stood
    row_notes_left: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage:
    """The upload form, the last report and the files before."""

    url: str
    kinds: tuple[Choice, ...]
    stores: tuple[Choice, ...] = ()
    report: ImportReport | None = None
    history: tuple[ImportReport, ...] = ()
    error: str = ""
    pasted: str = ""  # what was pasted and not taken: it is not lost


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow:
    """One line of a case journal with its place in the chain."""

    entry: TimelineEntry
    number: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPage:
    """The whole journal of one case."""

    number: str
    case_url: str
    rows: tuple[JournalRow, ...]
    intact: bool
    broken_at: int | None = None
    more_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """One API token; the secret itself is shown once, after it was made."""

    name: str
    prefix: str
    scopes: str
    made_at: datetime
    last_used_at: date | None = None  # the day; finer is not kept
    expires_at: datetime | None = None
    revoke_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPage:
    """API tokens and the form that makes one."""

    rows: tuple[TokenRow, ...]
    url: str
    fresh_secret: str = ""
    docs_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRow:
    """One address our events are sent to."""

    address: str
    events: str
    health: Tone
    sentence: str
    last_at: datetime | None = None
    waiting: int = 0
    url: str = ""
    test_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPage:
    """Outgoing webhooks and the form that adds one."""

    rows: tuple[WebhookRow, ...]
    url: str
    fresh_secret: str = ""
    docs_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRunStep:
    """One step of the first run; one that may be put off has a name, and tells whether it was."""

    title: str
    text: str
    url: str
    done: bool = False
    current: bool = False
    name: str = ""
    skipped: bool = False
    guide_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRun:
    """The road from an empty installation to the first case."""

    steps: tuple[FirstRunStep, ...]
    url: str = ""
    done: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The demo shop as the first steps show it: here or not, and what is wished of it: add, remove, failed."""

    url: str
    present: bool = False
    wish: str = ""
    queue_url: str = ""
    people: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePage:
    """The reader's own page: language, safety of the account, sessions."""

    name: str
    email: str
    email_note: str = ""
    role: Role
    security: tuple[SecurityLine, ...]
    save_url: str
    notice: Notice | None = None
    tabs: tuple[SectionTab, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityLine:
    """One safety feature of the account, its state and where to change it."""

    title: str
    text: str
    url: str
    link: str
    tone: Tone = Tone.NEUTRAL
    icon: str = "shield"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequestPage:
    """The form of a request entered by hand: order number and control date, nothing else."""

    url: str
    back_url: str
    found: tuple[Fact, ...] = ()  # what the order number brought, shown before saving
    existing: tuple[QueueRow, ...] = ()  # earlier attempts of the same order
    countdown: Countdown | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanionRow:
    """A paired browser: whose, what it last said of the cabinet, and when."""

    browser: str
    person: str
    own: bool
    tone: Tone
    sentence: str
    paired_at: datetime
    last_contact_at: datetime
    revoke_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRow:
    """A request whose details the cabinet does not show to the companion; it is asked again by itself."""

    number: str
    why: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRow:
    """A store whose cabinet is read: when last, and after how many hours of silence an alarm is raised."""

    store: str
    seen_at: datetime | None  # None: no companion could read it yet
    tone: Tone
    sentence: str
    hours: int
    choices: tuple[int, ...]
    url: str
    gaps: tuple[str, ...] = ()
    since: datetime | None = None  # since when the cabinet has not been as it should
    failed: tuple[FailedRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanionPage:
    """Pairing, paired browsers, watched stores; `fresh_line` holds address and code and is shown once."""

    code_url: str
    fresh_line: str = ""
    rows: tuple[CompanionRow, ...] = ()
    watches: tuple[WatchRow, ...] = ()
    without_number: tuple[
        str, ...
    ] = ()  # stores no companion can read: their shop's number is not told
