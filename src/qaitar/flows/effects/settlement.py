"""Writing down what became of an effect: its state and one line in the journal of its case, in one short transaction."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.db import transaction

from qaitar.foundation.identity.actors import system_actor
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.transition import Change, Held, move
from qaitar.foundation.models import EffectState, PlannedEffect
from qaitar.foundation.ops.prepared_statements import prepared_cursor
from qaitar.orders.models import Order
from qaitar.returns.models import ReturnRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor

SETTLED_AT_ONCE: Final = 40
"""Effects of one transaction: their cases are locked until it ends, and people act on those cases meanwhile."""
BACKOFF_FIRST_S: Final = 30
BACKOFF_MAX_S: Final = 3_600
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class EffectUpdate:
    """What an effect comes to: the new state, what people may read, when to look again."""

    state: EffectState
    detail: str = ""
    reference: str = ""
    address: str = ""
    next_at: datetime | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    journalled: bool = True  # whether the case's journal hears of it


def backoff(effect_id: UUID, attempts: int, *, at_least_s: int = 0) -> timedelta:
    """Choose how long to wait after the n-th try: doubling up to an hour, spread by a quarter so that no crowd returns.

    >>> from uuid import UUID
    >>> backoff(UUID(int=0), 1) < backoff(UUID(int=0), 3) < backoff(UUID(int=0), 30) <= timedelta(seconds=4500)
    True
    """
    base = min(BACKOFF_FIRST_S * 2 ** min(max(attempts, 1) - 1, 10), BACKOFF_MAX_S)
    spread = zlib.crc32(effect_id.bytes + attempts.to_bytes(4, "big")) % 1000 / 4000
    return timedelta(seconds=max(base * (1 + spread), at_least_s))


def settle(
    effect: PlannedEffect, verdict: EffectUpdate, now: datetime, *, by: Actor | None = None
) -> bool:
    """Write one effect's verdict if nobody else has settled it since it was read; tell whether it was written.

    Runs in the caller's transaction, behind the merchant's walls.
    """
    return bool(settle_all([(effect, verdict)], now, by=by))


def settle_all(
    verdicts: Iterable[tuple[PlannedEffect, EffectUpdate]],
    now: datetime,
    *,
    by: Actor | None = None,
) -> list[PlannedEffect]:
    """Write several effects' verdicts; each case hears of all of its own in one journal line a state.

    An effect is written only if its state and number of tries are still those read.
    """
    assert transaction.get_connection().in_atomic_block, "settling is one transaction"
    written = _write(list(verdicts), now)
    lines: dict[tuple[UUID, EffectState], list[tuple[PlannedEffect, EffectUpdate]]] = defaultdict(
        list
    )
    for effect, verdict in written:
        if verdict.journalled and not _stopped_as_before(effect, verdict):
            lines[effect.subject_id, verdict.state].append((effect, verdict))
    actor = by or system_actor("job")
    _journal(
        [(case_id, _line(state, each, actor, now)) for (case_id, state), each in lines.items()]
    )
    for effect, verdict in written:
        effect.state = verdict.state
    return [effect for effect, _ in written]


def _stopped_as_before(effect: PlannedEffect, verdict: EffectUpdate) -> bool:
    """Return whether the program tried again by itself and met the very reason the journal knows already."""
    return (
        verdict.state is EffectState.MISCONFIGURED
        and effect.payload.get("stopped_by") == verdict.detail
    )


# what was read of an effect has to hold still: its state and its number of tries
_WRITE: Final = """
UPDATE foundation_plannedeffect e SET state = u.state, detail = u.detail, next_at = u.next_at, settled_at = u.settled_at,
  payload = u.payload, reference = COALESCE(u.reference, e.reference), address = COALESCE(u.address, e.address)
FROM json_to_recordset(%s::json) AS u(id uuid, was text, attempts int, state text, detail text, next_at timestamptz,
  settled_at timestamptz, payload jsonb, reference text, address text)
WHERE e.id = u.id AND e.state = u.was AND e.attempts = u.attempts RETURNING e.id
"""
_STILL_OPEN: Final = frozenset({EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN})


def _write(
    verdicts: list[tuple[PlannedEffect, EffectUpdate]], now: datetime
) -> list[tuple[PlannedEffect, EffectUpdate]]:
    """Write all in one statement; give those that were written."""
    if not verdicts:
        return []
    records = [_record(effect, verdict, now) for effect, verdict in verdicts]
    with prepared_cursor() as cursor:
        cursor.execute(_WRITE, [json.dumps(records, ensure_ascii=False)])
        done = {row[0] for row in cursor.fetchall()}
    return [(effect, verdict) for effect, verdict in verdicts if effect.pk in done]


def _record(effect: PlannedEffect, verdict: EffectUpdate, now: datetime) -> dict[str, Any]:
    return {
        "id": str(effect.pk),
        "was": str(effect.state),
        "attempts": effect.attempts,
        "state": verdict.state.value,
        "detail": verdict.detail,
        "next_at": (verdict.next_at or now).isoformat(),
        "settled_at": None if verdict.state in _STILL_OPEN else now.isoformat(),
        "payload": {**effect.payload, **verdict.payload},
        "reference": verdict.reference[:200] if verdict.reference else None,
        "address": verdict.address if verdict.reference else None,
    }


def _line(
    state: EffectState,
    group: list[tuple[PlannedEffect, EffectUpdate]],
    actor: Actor,
    now: datetime,
) -> JournalLine:
    after = [
        {
            "id": str(effect.pk),
            "kind": effect.kind,
            "reference": verdict.reference or effect.reference,
        }
        for effect, verdict in group
    ]
    before = [{"id": str(effect.pk), "state": str(effect.state)} for effect, _ in group]
    why = " ".join(dict.fromkeys(verdict.detail for _, verdict in group if verdict.detail))
    return JournalLine(
        act=f"EFFECT_{state.value}",
        at=now,
        by=actor,
        before={"effects": before},
        after={"state": state.value, "effects": after},
        why=why,
        why_quotes=True,  # what the system outside answered
    )


def _journal(lines: list[tuple[UUID, JournalLine]]) -> None:
    """Add lines to the journals of cases; chains hold because the cases are locked for the length of the transaction.

    Two statements for any number of cases; a second line of one case takes another round.
    """
    while lines:
        first = dict(reversed(lines))
        lines = [(case_id, line) for case_id, line in lines if first[case_id] is not line]
        cases = ReturnRequest.objects.select_for_update(no_key=True).order_by("pk")
        known = cases.filter(pk__in=first).values_list(
            "pk", "merchant_id", "version", "journal_seq", "journal_head"
        )
        changes = [
            Change(Held(pk, merchant_id, version, seq, bytes(head)), {}, first[pk])
            for pk, merchant_id, version, seq, head in known
        ]
        moved = move(ReturnRequest, changes)
        assert len(moved) == len(first), "a locked case cannot have moved"


def erp_number_note(case: ReturnRequest, number: str) -> None:
    """Keep the sale's number in the accounting system on the order, if it has none yet."""
    if number and case.order_id is not None:
        Order.objects.filter(pk=case.order_id, erp_number="").update(erp_number=number[:60])
