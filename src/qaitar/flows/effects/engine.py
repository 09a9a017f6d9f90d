"""Makes planned effects happen exactly once: claim and commit, call with no transaction open, settle.

    PLANNED → SENDING → DONE | REFUSED | MISCONFIGURED | UNKNOWN | PLANNED again (surely not executed)
    UNKNOWN → DONE (found by our marker) | PLANNED (missing twice, a minute apart, same marker) | UNKNOWN

An effect found in SENDING whose worker is gone may have happened: it becomes UNKNOWN and is looked up, never repeated.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import structlog
from django.db import connection as database

from qaitar.contracts.outcome import Busy, Done, Misconfigured, Missing, Refused, Unknown
from qaitar.flows.clients import ClientCache, connection_of
from qaitar.flows.effects.attach_evidence import WAITS_ON as WAITS_FOR_ORDER
from qaitar.flows.effects.attach_evidence import AttachEvidence
from qaitar.flows.effects.comment_ticket import WAITS_ON as WAITS_FOR_TICKET
from qaitar.flows.effects.comment_ticket import CommentTicket
from qaitar.flows.effects.create_return_order import CreateReturnOrder, trouble_words
from qaitar.flows.effects.erp_number import TICKETS, erp_number_learn
from qaitar.flows.effects.handler import HandlerResult, NothingToDo, NotPossible, Waiting
from qaitar.flows.effects.open_ticket import OpenTicket
from qaitar.flows.effects.settlement import (
    SETTLED_AT_ONCE,
    EffectUpdate,
    backoff,
    erp_number_note,
    settle,
    settle_all,
)
from qaitar.flows.effects.write_register import KIND as REGISTER
from qaitar.flows.effects.write_register import registers_write
from qaitar.flows.locks import session_lock
from qaitar.flows.practising import practice_settle
from qaitar.flows.refusals import refused_alike
from qaitar.foundation.connections.systems import (
    ConnectionBroken,
    ConnectionMissing,
    State,
    connection_resume,
    health_note,
)
from qaitar.foundation.models import EffectState, PlannedEffect
from qaitar.foundation.ops.clock import running_s
from qaitar.foundation.ops.crashpoints import crashpoint
from qaitar.foundation.ops.jobs import job_defer, within_walls
from qaitar.foundation.ops.waiting import release_waiting
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import Case, case_load
from qaitar.returns.services.case_change import RUN_TASK
from qaitar.returns.vocabulary import Effect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qaitar.flows.effects.handler import EffectHandler, NotReady
    from qaitar.foundation.models import Connection

BATCH: Final = 200
IN_A_MOMENT_S: Final = 5
NOT_CONNECTED: Final = "No such system is connected: do it by hand."
BUDGET_S: Final = 60.0
"""A run gives its place to other jobs after this; what is left goes on in a new job."""
CLAIM_HOLDS: Final = timedelta(minutes=2)
"""A claim older than this whose session is gone belongs to a dead worker."""
LOOK_AGAIN: Final = timedelta(seconds=60)
"""How long two look-ups that find nothing have to be apart before an effect is sent again."""

HANDLERS: Final[Mapping[Effect, EffectHandler[Any]]] = {
    Effect.OPEN_TICKET: OpenTicket(),
    Effect.ASK_SERVICE_CENTRE: OpenTicket(),
    Effect.ASK_REOPEN: OpenTicket(),
    Effect.CREATE_RETURN_ORDER: CreateReturnOrder(),
    Effect.ATTACH_EVIDENCE: AttachEvidence(),
    Effect.TICKET_COMMENT: CommentTicket(),
}
_RANK: Final = {kind.value: rank for rank, kind in enumerate(HANDLERS)}
UNLOCKS: Final = {
    Effect.OPEN_TICKET.value: WAITS_FOR_TICKET,
    Effect.CREATE_RETURN_ORDER.value: WAITS_FOR_ORDER,
}
_OPEN: Final = (EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN)
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class RunResult:
    """What one run came to: effects looked at, how many ended in each state, how many others they released; `left` when time ran out."""

    looked: int = 0
    woken: int = 0
    states: Counter[str] = field(default_factory=Counter)
    left: bool = False


@dataclass(frozen=True, slots=True)
class _ClaimedEffect:
    """An effect that is ours to act on: claimed for sending, or due for a look-up."""

    effect: PlannedEffect
    case: Case
    connection: Connection
    ready: Any

    @property
    def sends(self) -> bool:
        return self.effect.state == EffectState.SENDING


def effects_run(merchant_id: UUID, now: datetime) -> RunResult:
    """Make a merchant's due effects happen, the register's last.  Safe beside itself and after any crash."""
    assert not database.in_atomic_block, "no network inside a transaction"
    result = RunResult()
    seen: set[UUID] = set()
    until = running_s() + BUDGET_S
    _absorb(merchant_id)
    kinds = _kinds_due(merchant_id, now)
    if kinds and practice_settle(merchant_id, now, result.states):
        return result
    if kinds & _RANK.keys():
        _settle_unconnected(merchant_id, now, result)
    with ExitStack() as stack:
        clients = ClientCache(stack)
        more = bool(kinds & _RANK.keys())
        while more and (due := _due(merchant_id, now, seen)):
            woken = result.woken
            for effect_id, kind in due:
                if running_s() > until:
                    result.left = True
                    break
                seen.add(effect_id)
                result.looked += 1
                _step(merchant_id, (effect_id, kind), clients, now, result)
            more = not result.left and (len(due) == BATCH or result.woken > woken)
        if REGISTER in kinds:
            result.states.update(registers_write(merchant_id, clients, now))
    if result.left:
        with within_walls(merchant_id):
            job_defer(RUN_TASK, queue="effects", merchant_id=str(merchant_id))
    return result


_ABSORB: Final = """
DELETE FROM procrastinate_jobs WHERE id IN (SELECT id FROM procrastinate_jobs WHERE queue_name = 'effects'
  AND status = 'todo' AND task_name = %s AND args = %s::jsonb FOR UPDATE SKIP LOCKED)
"""


def _absorb(merchant_id: UUID) -> None:
    """Delete this merchant's other queued runs: this one processes their effects.

    A run's row commits with its effects, so an effect whose row is not seen here keeps the row that will serve it.
    """
    with database.cursor() as cursor:
        cursor.execute(_ABSORB, [RUN_TASK, json.dumps({"merchant_id": str(merchant_id)})])


def _kinds_due(merchant_id: UUID, now: datetime) -> set[str]:
    """Tell the kinds of which something is due: of none in most rounds of a quiet shop.

    What becomes due after this look was either released by this run or has a run's row of its own.
    """
    with within_walls(merchant_id):
        due = PlannedEffect.objects.filter(
            merchant_id=merchant_id, state__in=_OPEN, next_at__lte=now
        )
        return set(due.order_by().values_list("kind", flat=True).distinct())


def _settle_unconnected(merchant_id: UUID, now: datetime, result: RunResult) -> None:
    """Settle, many at a time, the due effects no connected system can make happen: a person has to do them."""
    verdict = EffectUpdate(EffectState.NOT_CONNECTED, NOT_CONNECTED)
    after = UUID(int=0)
    while True:
        with within_walls(merchant_id):
            due = PlannedEffect.objects.select_for_update(skip_locked=True).filter(
                merchant_id=merchant_id,
                state=EffectState.PLANNED,
                next_at__lte=now,
                kind__in=_RANK,
                pk__gt=after,
            )
            rows = list(due.order_by("pk")[:SETTLED_AT_ONCE])
            lonely = _without_connection(rows)
            settled = settle_all([(effect, verdict) for effect in lonely], now)
        result.looked += len(settled)
        result.states.update(EffectState(effect.state).value for effect in settled)
        if len(rows) < SETTLED_AT_ONCE:
            return
        after = rows[-1].pk


def _without_connection(effects: Sequence[PlannedEffect]) -> list[PlannedEffect]:
    """Choose the effects whose store has no connection of the kind they need."""
    stores = dict(
        ReturnRequest.objects.filter(pk__in={effect.subject_id for effect in effects}).values_list(
            "pk", "store_id"
        )
    )
    served: dict[tuple[str, UUID], bool] = {}
    found = []
    for effect in effects:
        store_id = stores.get(effect.subject_id)
        if store_id is None:
            continue
        wanted = (HANDLERS[Effect(effect.kind)].contract, store_id)
        if wanted not in served:
            served[wanted] = connection_of(*wanted) is not None
        if not served[wanted]:
            found.append(effect)
    return found


def _due(merchant_id: UUID, now: datetime, seen: set[UUID]) -> list[tuple[UUID, str]]:
    """List due effects, what others wait for first: tickets before comments, the order before its files."""
    with within_walls(merchant_id):
        rows = (
            PlannedEffect.objects.filter(
                merchant_id=merchant_id, state__in=_OPEN, next_at__lte=now, kind__in=_RANK
            )
            .exclude(pk__in=seen)
            .order_by("next_at", "pk")[:BATCH]
        )
        ordered = sorted(rows, key=lambda row: (row.created_at, _RANK[row.kind], row.pk))
    return [(row.pk, row.kind) for row in ordered]


def _step(
    merchant_id: UUID,
    which: tuple[UUID, str],
    clients: ClientCache,
    now: datetime,
    result: RunResult,
) -> None:
    """Bring one effect one step on; whatever goes wrong with it stops no other effect."""
    effect_id, kind = which
    try:
        with session_lock(f"effect {effect_id}") as mine:
            if not mine:
                return
            crashpoint(f"E1.{kind}")
            if kind in TICKETS:
                erp_number_learn(merchant_id, effect_id, clients, now)
            claimed = _claim_if_ready(merchant_id, effect_id, now, result)
            if claimed is None:
                return
            crashpoint(f"E3.{kind}")
            answer = _call(claimed, clients, now)
            crashpoint(f"E4.{kind}")
            with within_walls(merchant_id):
                _settle(claimed, answer, now, result)
                crashpoint(f"E5.{kind}")
            crashpoint(f"E6.{kind}")
    except Exception:  # noqa: BLE001  one effect's trouble, ours or its data's, must not stop the others
        _log.exception("an effect could not be brought on", effect=str(effect_id), kind=kind)
        _put_off(merchant_id, effect_id, now)


def _put_off(merchant_id: UUID, effect_id: UUID, now: datetime) -> None:
    """After an error of our own, look again later; what was being sent stays SENDING and will be looked up."""
    with within_walls(merchant_id):
        effect = PlannedEffect.objects.filter(pk=effect_id, state__in=_OPEN).first()
        if effect is not None:
            later = now + max(backoff(effect_id, effect.attempts), CLAIM_HOLDS)
            PlannedEffect.objects.filter(pk=effect_id, state=effect.state).update(
                next_at=later, detail="An error in the program; it is in the log."
            )


def _claim_if_ready(
    merchant_id: UUID, effect_id: UUID, now: datetime, result: RunResult
) -> _ClaimedEffect | None:
    """Claim one effect in one transaction, or settle it at once where nothing can be sent."""
    with within_walls(merchant_id):
        effect = (
            PlannedEffect.objects.select_for_update(skip_locked=True)
            .filter(pk=effect_id, state__in=_OPEN, next_at__lte=now)
            .first()
        )
        case = case_load(effect.subject_id) if effect else None
        if effect is None or case is None:
            return None
        if effect.state == EffectState.SENDING:
            # Its worker's session is gone, or the lock were not ours.
            detail = "The program stopped while this was being sent: it is looked up."
            settle(effect, EffectUpdate(EffectState.UNKNOWN, detail), now)
        claimed = _prepared(effect, case, now)
        if isinstance(claimed, EffectUpdate):
            settle(effect, claimed, now)
            result.states[claimed.state.value] += 1
            return None
        _claim(claimed.effect, now)
        crashpoint(f"E2.{effect.kind}")
        return claimed


def _prepared(effect: PlannedEffect, case: Case, now: datetime) -> _ClaimedEffect | EffectUpdate:
    story = HANDLERS[Effect(effect.kind)]
    unknown = effect.state == EffectState.UNKNOWN
    connection = connection_of(story.contract, case.request.store_id)
    if connection is None:
        if unknown:
            return _later(
                effect, now, "The connection is gone; reconnect it so that this can be looked up."
            )
        return EffectUpdate(EffectState.NOT_CONNECTED, NOT_CONNECTED)
    if connection.health == State.MISCONFIGURED:
        if unknown:
            return _later(effect, now, connection.health_detail)
        return EffectUpdate(
            EffectState.MISCONFIGURED,
            connection.health_detail,
            payload={"connection": str(connection.pk)},
        )
    ready = story.prepare(effect, case, now)
    if isinstance(ready, Waiting) and ready.on in UNLOCKS.values():
        ready = _surely_waits(story, ready, effect, case, now)
    if isinstance(ready, Waiting | NothingToDo | NotPossible):
        return _not_ready(effect, ready, now)
    return _ClaimedEffect(effect, case, connection, ready)


def _surely_waits(
    story: EffectHandler[Any], ready: Waiting, effect: PlannedEffect, case: Case, now: datetime
) -> Any:
    """Look again while holding what is awaited: whoever settles it meanwhile wakes only those who wait by then.

    What another worker holds just now is not waited for, as it may be waking us: it is looked at again in a moment.
    """
    kinds = [kind for kind, on in UNLOCKS.items() if on == ready.on]
    awaited = PlannedEffect.objects.filter(subject_id=effect.subject_id, kind__in=kinds)
    held = awaited.select_for_update(skip_locked=True).values_list("pk", flat=True)
    if len(held) < awaited.count():
        return Waiting(ready.on, ready.detail, IN_A_MOMENT_S)
    return story.prepare(effect, case, now)


def _not_ready(effect: PlannedEffect, ready: NotReady, now: datetime) -> EffectUpdate:
    if isinstance(ready, NothingToDo):
        return EffectUpdate(EffectState.DONE, ready.detail)
    if effect.state == EffectState.UNKNOWN:
        return _later(effect, now, ready.detail)
    if isinstance(ready, NotPossible):
        return EffectUpdate(EffectState.REFUSED, ready.detail)
    later = now + timedelta(seconds=ready.seconds)
    return EffectUpdate(
        EffectState.PLANNED,
        ready.detail,
        next_at=later,
        payload={"waits": ready.on},
        journalled=False,
    )


def _later(
    effect: PlannedEffect, now: datetime, detail: str, more: Mapping[str, Any] | None = None
) -> EffectUpdate:
    """Ask again later; nothing new is known, so the journal gets no line."""
    looks = effect.payload.get("looks", 0) + 1
    payload = {**(more or {}), "looks": looks}
    next_at = now + backoff(effect.pk, looks)
    return EffectUpdate(
        EffectState(effect.state), detail, next_at=next_at, payload=payload, journalled=False
    )


def _claim(effect: PlannedEffect, now: datetime) -> None:
    """Write down, before the socket opens, that this may be happening; a look-up only takes its turn."""
    held = PlannedEffect.objects.filter(pk=effect.pk, state=effect.state)
    if effect.state == EffectState.UNKNOWN:
        held.update(next_at=now + CLAIM_HOLDS)
        return
    claimed = held.update(
        state=EffectState.SENDING,
        attempts=effect.attempts + 1,
        sending_at=now,
        next_at=now + CLAIM_HOLDS,
    )
    assert claimed == 1, "a locked effect cannot have moved"
    effect.state, effect.attempts = EffectState.SENDING, effect.attempts + 1


def _call(claimed: _ClaimedEffect, clients: ClientCache, now: datetime) -> HandlerResult:  # noqa: ARG001  the moment is the caller's
    """Speak with the outside system.  Whatever is raised after the first byte may have left counts as unknown."""
    assert not database.in_atomic_block, "no network inside a transaction"
    story = HANDLERS[Effect(claimed.effect.kind)]
    try:
        client = clients.of(claimed.connection)
    except ConnectionBroken as broken:
        return HandlerResult(Misconfigured(broken.what, broken.how))
    except ConnectionMissing as missing:
        return HandlerResult(
            Misconfigured(f"The system {missing} is no longer known.", "Connect another.")
        )
    try:
        return (
            story.send(client, claimed.ready)
            if claimed.sends
            else story.find(client, claimed.ready)
        )
    except Exception as error:  # noqa: BLE001  a connector's bug must not lose what it has sent
        _log.exception(
            "a connector failed", kind=claimed.effect.kind, effect=str(claimed.effect.pk)
        )
        return HandlerResult(
            Unknown(f"An error in the program ({type(error).__name__}); it is in the log.")
        )


def _settle(
    claimed: _ClaimedEffect, answer: HandlerResult, now: datetime, result: RunResult
) -> None:
    effect = claimed.effect
    verdict = _sent(claimed, answer, now) if claimed.sends else _looked_up(claimed, answer, now)
    if answer.erp_order:
        erp_number_note(claimed.case.request, answer.erp_order)
    if isinstance(answer.outcome, Misconfigured) and answer.outcome.whole:
        words = f"{answer.outcome.what} {answer.outcome.how}"
        health_note(claimed.connection.pk, State.MISCONFIGURED, words, now)
    verdicts = refused_alike(effect, verdict, claimed.connection.pk)
    if effect not in settle_all(verdicts, now):
        return
    verdict = verdicts[0][1]
    result.states[verdict.state.value] += 1
    if verdict.state is EffectState.DONE and effect.payload.get("stopped_by"):
        connection_resume(claimed.connection)
    if verdict.state is EffectState.DONE and effect.kind in UNLOCKS:
        result.woken += release_waiting(UNLOCKS[effect.kind], now, subject_id=effect.subject_id)


def _sent(claimed: _ClaimedEffect, answer: HandlerResult, now: datetime) -> EffectUpdate:
    effect, payload = claimed.effect, _payload_of(answer)
    match answer.outcome:
        case Done(reference, address, detail):
            return EffectUpdate(EffectState.DONE, detail, reference, address, payload=payload)
        case Refused(reason):
            return EffectUpdate(EffectState.REFUSED, reason, payload=payload)
        case Misconfigured(what, how):
            payload["connection"] = str(claimed.connection.pk)
            return EffectUpdate(EffectState.MISCONFIGURED, f"{what} {how}", payload=payload)
        case Busy(detail, retry_after_s):
            wait = backoff(effect.pk, effect.attempts, at_least_s=retry_after_s)
            return EffectUpdate(
                EffectState.PLANNED, detail, next_at=now + wait, payload=payload, journalled=False
            )
        case Unknown(detail):
            payload |= {"looks": 0, "missing_at": None}
            return EffectUpdate(
                EffectState.UNKNOWN, detail, next_at=now + LOOK_AGAIN, payload=payload
            )
        case Missing():
            raise AssertionError("sending is never answered by Missing")


def _looked_up(claimed: _ClaimedEffect, answer: HandlerResult, now: datetime) -> EffectUpdate:
    effect, payload = claimed.effect, _payload_of(answer)
    match answer.outcome:
        case Done(reference, address, detail):
            return EffectUpdate(EffectState.DONE, detail, reference, address, payload=payload)
        case Missing():
            return _missing(effect, payload, now)
        case Misconfigured() | Refused() | Busy() | Unknown() as trouble:
            return _later(effect, now, trouble_words(trouble), payload)


def _missing(effect: PlannedEffect, payload: dict[str, Any], now: datetime) -> EffectUpdate:
    """Believe that nothing happened only when two looks a minute apart say so; then send again, same marker."""
    first = effect.payload.get("missing_at")
    if first is not None and now - datetime.fromisoformat(first) >= LOOK_AGAIN:
        payload |= {"missing_at": None, "looks": 0}
        detail = "Looked up twice and not there: it is sent again."
        return EffectUpdate(EffectState.PLANNED, detail, payload=payload)
    payload["missing_at"] = first or now.isoformat()
    detail = "Looked up and not there; looked up once more before it is sent again."
    return EffectUpdate(
        EffectState.UNKNOWN, detail, next_at=now + LOOK_AGAIN, payload=payload, journalled=False
    )


def _payload_of(answer: HandlerResult) -> dict[str, Any]:
    payload = dict(answer.payload)
    if answer.erp_order:
        payload["erp_order"] = answer.erp_order
    return payload
