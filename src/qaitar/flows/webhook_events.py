"""What a line of the journal is called outside, and what of it is told: no phones, no names, no free words.  Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

BODY_BYTES_MAX: Final = 20_000
EFFECTS_MAX: Final = 30

CREATED: Final = "return.created"
STAGE_CHANGED: Final = "return.stage_changed"
DATE_MOVED: Final = "return.control_date_moved"
DATE_NEAR: Final = "return.control_date_near"
DATE_MISSED: Final = "return.control_date_missed"
EVIDENCE_ADDED: Final = "return.evidence_added"
EVIDENCE_CONFIRMED: Final = "return.evidence_confirmed"
EVIDENCE_WITHDRAWN: Final = "return.evidence_withdrawn"
PRESS_PROVED: Final = "return.press_proved"
CHANGED: Final = "return.changed"
EFFECT_SETTLED: Final = "effect.settled"
TYPES: Final = (
    CREATED,
    STAGE_CHANGED,
    DATE_MOVED,
    DATE_NEAR,
    DATE_MISSED,
    EVIDENCE_ADDED,
    EVIDENCE_CONFIRMED,
    EVIDENCE_WITHDRAWN,
    PRESS_PROVED,
    CHANGED,
    EFFECT_SETTLED,
)

_BY_ACT: Final = {
    "CREATE": CREATED,
    "ADD_EVIDENCE": EVIDENCE_ADDED,
    "CONFIRM_EVIDENCE": EVIDENCE_CONFIRMED,
    "WITHDRAW_EVIDENCE": EVIDENCE_WITHDRAWN,
    "GUARD_MISSED": DATE_MISSED,
}
_OPEN_EFFECTS: Final = frozenset({"EFFECT_PLANNED", "EFFECT_SENDING", "EFFECT_UNKNOWN"})

PUBLISHED_VALUES: Final = frozenset(
    {
        "amount_minor",
        "approval",
        "arrived_at",
        "arrived_where",
        "closed_at",
        "control_at",
        "control_rule",
        "control_source",
        "counts_as_quality",
        "customer_answered",
        "customer_contacted",
        "dispute_evidence_sent",
        "disputed_at",
        "goods_checked",
        "goods_handed_over",
        "outcome",
        "planned_arrival_on",
        "pending_press",
        "quality",
        "received_on",
        "refusal_reason",
        "refused_at",
        "reopening_requested_at",
        "section",
        "sent_to_service_centre",
        "marketplace_due_at",
        "source",
        "stage",
        "state",
    }
)
"""What may be told of before and after; whatever else a journal line holds stays inside."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is looked at of a journal line and its case."""

    act: str
    at: datetime
    seq: int
    role: str
    channel: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    request: Mapping[str, str | int]


def event_type(act: str, after: Mapping[str, Any]) -> str | None:
    """Name the event a journal line is outside; None for what only concerns ourselves.

    >>> event_type("TAKE_FOR_INSPECTION", {"stage": "IN_DELIVERY", "control_at": "2026-05-20"})
    'return.stage_changed'
    >>> event_type("EFFECT_UNKNOWN", {"state": "UNKNOWN"}) is None
    True
    """
    if act in _BY_ACT:
        return _BY_ACT[act]
    if act.startswith("EFFECT_"):
        return None if act in _OPEN_EFFECTS else EFFECT_SETTLED
    if act.startswith("GUARD_"):
        return DATE_NEAR
    if "stage" in after:
        return STAGE_CHANGED
    if act == "PROOF":
        return PRESS_PROVED
    return DATE_MOVED if "control_at" in after else CHANGED


def event_body(kind: str, line: Line) -> str:
    """Write the message: type, timestamp, data, within 20 kB, the same bytes for every try."""
    data: dict[str, Any] = {
        "request": dict(line.request),
        "seq": line.seq,
        "act": line.act,
        "by": {"role": line.role, "channel": line.channel},
        "before": _published(line.before),
        "after": _published(line.after),
    }
    effects = line.after.get("effects")
    if isinstance(effects, list):
        data["effects"] = effects[:EFFECTS_MAX]
    body = json.dumps(
        {"type": kind, "timestamp": line.at.isoformat(), "data": data},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    assert len(body.encode()) < BODY_BYTES_MAX, "only short columns are told"
    return body


def _published(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in PUBLISHED_VALUES}
