"""Makes the story of a case: journal lines in words, earlier filings, what happens outside.  No reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qaitar.contracts.marketplace import Section
from qaitar.flows.effects.manual import BY_HAND_FROM
from qaitar.foundation.journal.personal_values import ERASED, UNREADABLE
from qaitar.foundation.models import EffectState
from qaitar.kernel.roles import Role
from qaitar.returns.reads.cases import filing_of
from qaitar.returns.rules.claims import same_item, times_filed
from qaitar.returns.texts.sentences import guard_note, journal_act_label
from qaitar.returns.texts.words import word_for
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
from qaitar.web.console.case.records import AttemptStory, EffectLine, Progress, TimelineEntry, Tone
from qaitar.web.console.labels.days import written
from qaitar.web.console.outside.translation import translate_note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from enum import Enum

    from django.utils.functional import Promise

    from qaitar.foundation.models import JournalEntry
    from qaitar.returns.models import ReturnRequest
    from qaitar.web.console.case.card_reads import CaseHistory

_CODES: Final[Mapping[str, type[Enum]]] = {
    "stage": Stage,
    "quality": Quality,
    "section": Section,
    "refusal_reason": RefusalReason,
    "outcome": Outcome,
    "pending_press": Effect,
    "control_rule": ControlRule,
}
FIELDS: Final[Mapping[str, Promise]] = {
    "quality": gettext_lazy("Quality class"),
    "section": gettext_lazy("Section of the cabinet"),
    "status_text": gettext_lazy("Status in the cabinet"),
    "assignee_name": gettext_lazy("Assignee"),
    "control_at": gettext_lazy("Control date"),
    "marketplace_due_at": gettext_lazy("Date shown by the marketplace"),
    "planned_arrival_on": gettext_lazy("Planned arrival"),
    "received_on": gettext_lazy("Received by the customer"),
    "customer_answered": gettext_lazy("Customer answered"),
    "goods_checked": gettext_lazy("Goods checked"),
    "goods_handed_over": gettext_lazy("Goods handed over"),
    "refusal_reason": gettext_lazy("Reason"),
    "approval": gettext_lazy("Approval"),
    "deputy_of": gettext_lazy("In place of"),
    "inspection": gettext_lazy("Marks"),
    "customer_phone": gettext_lazy("Phone"),
    "customer_name": gettext_lazy("Customer"),
    "product_name": gettext_lazy("Product"),
    "product_sku": gettext_lazy("Article"),
    "amount_minor": gettext_lazy("Amount"),
    "quantity_milli": gettext_lazy("Quantity"),
    "withdraw_minor": gettext_lazy("Withdrawn by the marketplace"),
    "reason_text": gettext_lazy("Reason"),
    "category_title": gettext_lazy("Category"),
    "unit_value": gettext_lazy("Unit"),
    "outcome": gettext_lazy("Outcome"),
}
_REPLACED: Final = frozenset(
    {
        "amount_minor",
        "quantity_milli",
        "withdraw_minor",
        "reason_text",
        "quality",
        "product_name",
        "product_sku",
    }
)
"""Shown with what stood there before: the marketplace or a person has replaced it."""
_PARTS: Final[Mapping[str, tuple[int, int | None]]] = {
    "amount_minor": (2, 2),
    "withdraw_minor": (2, 2),
    "quantity_milli": (3, None),
}
"""Numbers kept in small parts: how many decimal digits they have, how many are always shown."""
_HIDDEN: Final = frozenset({"customer_phone"})
_NOT_READABLE: Final = {
    ERASED: gettext_lazy("erased"),
    UNREADABLE: gettext_lazy("sealed under another key"),
}
_DECISIVE: Final = frozenset(
    {
        Act.TAKE_FOR_INSPECTION,
        Act.REFUSE,
        Act.GRANT_REFUND,
        Act.NOTE_DISPUTE,
        Act.NOTE_WITHDRAWN,
        Act.NOTE_ACCEPTED,
        Act.ASK_CUSTOMER,
    }
)
_LOUD: Final[Mapping[str, tuple[str, Tone]]] = {
    "CREATE": ("inbox", Tone.NEUTRAL),
    "MIRROR": ("refresh", Tone.NEUTRAL),
    "PROOF": ("check", Tone.OK),
    "PROOF_BY_HAND": ("check", Tone.OK),
    "COMMENT": ("note", Tone.NEUTRAL),
    "ADD_EVIDENCE": ("image", Tone.NEUTRAL),
    "CONFIRM_EVIDENCE": ("stamp", Tone.NEUTRAL),
    "WITHDRAW_EVIDENCE": ("trash", Tone.WARN),
    "GUARD_REMIND": ("alarm", Tone.INFO),
    "GUARD_ESCALATE": ("alarm", Tone.WARN),
    "GUARD_MISSED": ("warning", Tone.DANGER),
    Act.REFUSE.value: ("x", Tone.WARN),
    Act.TAKE_FOR_INSPECTION.value: ("truck", Tone.INFO),
    Act.GRANT_REFUND.value: ("check", Tone.OK),
    Act.NOTE_ARRIVAL.value: ("box", Tone.INFO),
    Act.ASK_CUSTOMER.value: ("phone", Tone.INFO),
    Act.SEND_FOR_APPROVAL.value: ("stamp", Tone.INFO),
    Act.NOTE_DISPUTE.value: ("scale", Tone.WARN),
}


def timeline_entry(entry: JournalEntry) -> TimelineEntry:
    """Say one journal line in words; what the program did by itself is marked."""
    icon, tone = _LOUD.get(entry.act, ("dot", Tone.NEUTRAL))
    moved = "stage" in entry.after and entry.act != "CREATE"
    why = _why(entry)
    details = () if entry.act == "CREATE" else _changes(entry)
    return TimelineEntry(
        at=entry.at,
        who=entry.actor_name,
        text=_text(entry) + ("; " + "; ".join(details) if details else ""),
        icon=icon,
        tone=tone,
        before=field_value("stage", entry.before.get("stage")) if moved else "",
        after=field_value("stage", entry.after["stage"]) if moved else "",
        why=why,
        by_program=entry.actor_role == Role.SYSTEM,
    )


_CONFIRMED_LINE: Final = re.compile(
    r"(.*): signature (True|False), stamp (True|False)\Z", re.DOTALL
)
_EVIDENCE_LINE: Final = re.compile(r"\b([A-Z_]+): (.+?) \([0-9a-f]{12}\)")


def _why(entry: JournalEntry) -> str:
    """Say why; the guard's and the proofs' own shorthand becomes words."""
    if entry.act.startswith("GUARD_"):
        return guard_note(entry.why)
    if entry.act == "ADD_EVIDENCE":
        return _EVIDENCE_LINE.sub(lambda m: f"{_proof_word(m[1])}: {m[2]}", entry.why)
    if entry.act == "CONFIRM_EVIDENCE" and (seen := _CONFIRMED_LINE.match(entry.why)):
        return _("%(file)s: signature — %(signature)s, stamp — %(stamp)s") % {
            "file": seen[1],
            "signature": _("yes") if seen[2] == "True" else _("no"),
            "stamp": _("yes") if seen[3] == "True" else _("no"),
        }
    return translate_note(entry.why) if entry.act.startswith("EFFECT_") else entry.why


def _proof_word(code: str) -> str:
    return str(word_for(EvidenceKind(code))) if code in EvidenceKind.__members__ else code


def _text(entry: JournalEntry) -> str:
    """Say what a line tells of; a line about outside effects names them and how they stand."""
    state = entry.act.removeprefix("EFFECT_")
    if state == entry.act or state not in EffectState.values:
        return journal_act_label(entry.act)
    kinds = [each["kind"] for each in entry.after.get("effects", ())]
    named = ", ".join(str(word_for(Effect(k))) for k in kinds if k in Effect.__members__)
    return f"{named or journal_act_label('EFFECT')}: {_STATE_WORDS[EffectState(state)]}"


_STATE_WORDS: Final[Mapping[EffectState, Promise]] = {
    EffectState.PLANNED: pgettext_lazy("effect state", "planned"),
    EffectState.SENDING: pgettext_lazy("effect state", "being sent"),
    EffectState.DONE: pgettext_lazy("effect state", "done"),
    EffectState.UNKNOWN: pgettext_lazy(
        "effect state", "no answer came; looking whether it happened"
    ),
    EffectState.REFUSED: pgettext_lazy("effect state", "refused by the other system"),
    EffectState.MISCONFIGURED: pgettext_lazy(
        "effect state", "a setting of the connection is wrong"
    ),
    EffectState.NOT_CONNECTED: pgettext_lazy(
        "effect state", "no such system is connected: do it by hand"
    ),
    EffectState.BY_HAND: pgettext_lazy("effect state", "done by hand"),
    EffectState.CANCELLED: pgettext_lazy("effect state", "no longer wanted"),
}


def _changes(entry: JournalEntry) -> tuple[str, ...]:
    lines = []
    for name, label in FIELDS.items():
        if name not in entry.after:
            continue
        value = "•••" if name in _HIDDEN else field_value(name, entry.after[name])
        if name in _REPLACED and entry.before.get(name) not in {None, ""}:
            value = f"{field_value(name, entry.before[name])} → {value}"
        lines.append(f"{label}: {value}")
    return tuple(lines)


def field_value(name: str, value: Any) -> str:
    """Say a value of the journal: codes in words, moments in the reader's zone, nothing as a dash."""
    if value in {None, ""} if not isinstance(value, dict | list) else not value:
        return "—"
    if name in _CODES:
        kind = _CODES[name]
        return str(word_for(kind(value))) if value in {each.value for each in kind} else str(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return ", ".join(
            f"{mark_word(key)}: {field_value('', each)}" for key, each in value.items()
        )
    if name in _PARTS and isinstance(value, int):
        digits, always = _PARTS[name]
        number = Decimal(value).scaleb(-digits)
        return formats.number_format(number if always else number.normalize(), decimal_pos=always)
    return _moment(value) if isinstance(value, str) else str(value)


def _moment(text: str) -> str:
    if words := GOODS_WORDS.get(text) or _NOT_READABLE.get(text):
        return str(words)
    try:
        moment = parse_datetime(text) if "T" in text else None
        day = parse_date(text) if moment is None else None
    except ValueError:
        return text
    if moment is not None and moment.tzinfo is not None:
        return written(timezone.localtime(moment), "j M Y, H:i")
    return written(day, "j M Y") if day else text


MARK_WORDS: Final[Mapping[str, Promise]] = {
    "unused": gettext_lazy("look kept"),
    "complete": gettext_lazy("complete"),
    "packaging": gettext_lazy("packaging kept"),
    "defect_confirmed": gettext_lazy("defect confirmed"),
    "reason_untrue": gettext_lazy("stated reason untrue"),
    "unit": gettext_lazy("unit"),
    "warranty_until": gettext_lazy("warranty until"),
}
GOODS_WORDS: Final[Mapping[str, Promise]] = {
    "UNCHECKED": gettext_lazy("not checked"),
    "UNKNOWN": gettext_lazy("not known"),
    "SAME": gettext_lazy("the one sold"),
    "DIFFERENT": gettext_lazy("another one"),
    "NONE": gettext_lazy("not asked"),
    "REQUESTED": gettext_lazy("asked for"),
    "GIVEN": gettext_lazy("given"),
    "DECLINED": gettext_lazy("declined"),
}


def mark_word(name: str) -> str:
    """Say the name of a mark; an unknown one is shown itself."""
    return str(MARK_WORDS.get(name, name))


# --- earlier filings --------------------------------------------------------------------------------


def attempt_stories(story: CaseHistory, here: ReturnRequest) -> tuple[AttemptStory, ...]:
    """Tell each filing of the order in a line: which filing of its item it is, what was decided, by whom, why."""
    filings = [filing_of(each) for each in story.attempts]
    several = any(same_item(one, other) is False for one in filings for other in filings)
    return tuple(
        AttemptStory(
            attempt=times_filed(own, filings),
            number=each.number,
            item=each.product_name if several else "",
            url=reverse("console:case", args=[each.pk]),
            filed_at=each.filed_at,
            stage=Stage(each.stage),
            summary=_summary(each, story.entries),
            current=each.pk == here.pk,
        )
        for each, own in zip(story.attempts, filings, strict=True)
    )


def _summary(request: ReturnRequest, entries: Sequence[JournalEntry]) -> str:
    parts = []
    if request.outcome:
        parts.append(str(word_for(Outcome(request.outcome))))
    if request.refusal_reason:
        parts.append(str(word_for(RefusalReason(request.refusal_reason))))
    decided = next((e for e in entries if e.subject_id == request.pk and e.act in _DECISIVE), None)
    if decided is not None:
        when = written(timezone.localtime(decided.at), "j M")
        parts.append(f"{journal_act_label(decided.act)} — {decided.actor_name}, {when}")
    if not parts:
        parts.append(_("Nothing decided yet"))
    return ". ".join(parts)


# --- what happens outside ---------------------------------------------------------------------------

_PROGRESS: Final[Mapping[str, Progress]] = {
    EffectState.PLANNED: Progress.PLANNED,
    EffectState.SENDING: Progress.RUNNING,
    EffectState.UNKNOWN: Progress.RUNNING,
    EffectState.DONE: Progress.DONE,
    EffectState.BY_HAND: Progress.DONE,
    EffectState.CANCELLED: Progress.DONE,
    EffectState.REFUSED: Progress.FAILED,
    EffectState.MISCONFIGURED: Progress.FAILED,
    EffectState.NOT_CONNECTED: Progress.PERSON,
}
MOVING: Final = frozenset({EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideLine(EffectLine):
    """An outside effect with what a person may do about it; an empty address: nothing."""

    by_hand_url: str = ""


def effect_lines(effects: Sequence[Mapping[str, Any]], *, may: bool) -> tuple[OutsideLine, ...]:
    """Tell how far each outside effect of a case is, the latest first."""
    return tuple(_effect_line(each, may=may) for each in effects)


def _effect_line(effect: Mapping[str, Any], *, may: bool) -> OutsideLine:
    state = effect["state"]
    stuck = may and state in BY_HAND_FROM
    return OutsideLine(
        effect=Effect(effect["kind"]),
        progress=_PROGRESS[state],
        detail=effect["reference"] or translate_note(effect["detail"]) or _state_text(state),
        url=effect["address"] if str(effect["address"]).startswith(("http://", "https://")) else "",
        retry_url=reverse("console:effect_again", args=[effect["id"]]) if stuck else "",
        by_hand_url=reverse("console:effect_by_hand", args=[effect["id"]]) if stuck else "",
    )


def _state_text(state: str) -> str:
    """Say a state where the picture of it does not say enough."""
    plain = {EffectState.PLANNED, EffectState.SENDING, EffectState.DONE}
    return "" if state in plain else str(_STATE_WORDS[EffectState(state)])
