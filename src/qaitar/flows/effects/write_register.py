"""Step 2 and after: the register's rows, one writer a spreadsheet, all pending changes in one batch, one row a request.

Writing a row again is always safe, because rows are looked up by key first; so nothing here is found, only written
again, and never sooner than `SETTLE_S` after an answer was lost, while that request may still be under way.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from django.db import connection as database
from django.db.models import F

from qaitar.contracts.outcome import Busy, Misconfigured, Refused, Unknown
from qaitar.contracts.register import SETTLE_S, Written
from qaitar.flows.clients import connection_of
from qaitar.flows.effects.letter_facts import language_of
from qaitar.flows.effects.register_rows import register_rows
from qaitar.flows.effects.settlement import SETTLED_AT_ONCE, EffectUpdate, backoff, settle_all
from qaitar.flows.locks import session_lock
from qaitar.flows.refusals import refused_alike
from qaitar.foundation.connections.systems import (
    ConnectionBroken,
    ConnectionMissing,
    State,
    connector_of,
    health_note,
)
from qaitar.foundation.models import Connection, EffectState, PlannedEffect
from qaitar.foundation.ops.crashpoints import crashpoint
from qaitar.foundation.ops.jobs import within_walls
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import cases_load
from qaitar.returns.vocabulary import Effect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from qaitar.contracts.register import RegisterOutcome, RegisterRow
    from qaitar.flows.clients import ClientCache

KIND: Final = Effect.WRITE_REGISTER.value
BATCH: Final = 2_000
SETTLES_IN: Final = timedelta(seconds=SETTLE_S)
DISTURBED_ROUNDS: Final = 3
_OPEN: Final = (EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Batch:
    """The claimed effects, and the rows their cases need."""

    effects: tuple[PlannedEffect, ...]
    rows: tuple[RegisterRow, ...]


def registers_write(merchant_id: UUID, clients: ClientCache, now: datetime) -> Counter[str]:
    """Bring a merchant's registers up to date with every pending change; counts how many ended in each state."""
    assert not database.in_atomic_block, "no network inside a transaction"
    counts: Counter[str] = Counter()
    with within_walls(merchant_id):
        groups = _due_by_connection(merchant_id, now)
    counts.update(_unwritable(merchant_id, groups, now))
    for connection, stores in groups.values():
        if connection is None or connection.health == State.MISCONFIGURED:
            continue
        try:
            with session_lock(_lock_name(connection)) as mine:
                if mine:
                    counts.update(_write(merchant_id, connection, stores, clients, now))
        except Exception:  # noqa: BLE001  one register's trouble must not stop another
            _log.exception("a register could not be written", connection=str(connection.pk))
            with within_walls(merchant_id):
                _open_effects(stores).filter(next_at__lte=now).update(next_at=now + SETTLES_IN)
    return counts


def _lock_name(connection: Connection) -> str:
    known = connector_of(connection.system)
    return (
        f"register {connection.system} {connection.settings.get(known.one_writer, connection.pk)}"
    )


def _open_effects(stores: Sequence[UUID]) -> QuerySet[PlannedEffect]:
    cases = ReturnRequest.objects.filter(store_id__in=stores).values("pk")
    return PlannedEffect.objects.filter(kind=KIND, state__in=_OPEN, subject_id__in=cases)


def _due_by_connection(
    merchant_id: UUID, now: datetime
) -> dict[UUID | None, tuple[Connection | None, list[UUID]]]:
    due = PlannedEffect.objects.filter(
        merchant_id=merchant_id, kind=KIND, state__in=_OPEN, next_at__lte=now
    ).values("subject_id")
    stores = ReturnRequest.objects.filter(pk__in=due).values_list("store_id", flat=True).distinct()
    groups: dict[UUID | None, tuple[Connection | None, list[UUID]]] = {}
    for store_id in sorted(stores):
        connection = connection_of("register", store_id)
        key = connection.pk if connection else None
        groups.setdefault(key, (connection, []))[1].append(store_id)
    return groups


def _unwritable(
    merchant_id: UUID,
    groups: Mapping[UUID | None, tuple[Connection | None, list[UUID]]],
    now: datetime,
) -> Counter[str]:
    """Settle what has no register to go to, or one whose settings are wrong; few at a time, so that cases are not held long."""
    counts: Counter[str] = Counter()
    for connection, stores in groups.values():
        if connection is None:
            verdict = EffectUpdate(
                EffectState.NOT_CONNECTED, "No register is connected: write the line by hand."
            )
        elif connection.health == State.MISCONFIGURED:
            verdict = EffectUpdate(
                EffectState.MISCONFIGURED,
                connection.health_detail,
                payload={"connection": str(connection.pk)},
            )
        else:
            continue
        for _ in range(BATCH // SETTLED_AT_ONCE):
            with within_walls(merchant_id):
                due = _open_effects(stores).filter(next_at__lte=now)
                due = due.select_for_update(skip_locked=True, of=("self",)).order_by("pk")
                effects = list(due[:SETTLED_AT_ONCE])
                written = settle_all([(effect, verdict) for effect in effects], now)
            counts[verdict.state.value] += len(written)
            if len(effects) < SETTLED_AT_ONCE:
                break
    return counts


def _write(
    merchant_id: UUID,
    connection: Connection,
    stores: list[UUID],
    clients: ClientCache,
    now: datetime,
) -> Counter[str]:
    crashpoint(f"E1.{KIND}")
    with within_walls(merchant_id):
        batch = _claimed(connection, stores, now)
        crashpoint(f"E2.{KIND}")
    if batch is None:
        return Counter()
    crashpoint(f"E3.{KIND}")
    outcome, disturbed = _called(merchant_id, connection, batch.rows, clients)
    crashpoint(f"E4.{KIND}")
    with within_walls(merchant_id):
        counts = _settled(connection, batch, outcome, disturbed, now)
        crashpoint(f"E5.{KIND}")
    crashpoint(f"E6.{KIND}")
    return counts


def _claimed(connection: Connection, stores: list[UUID], now: datetime) -> _Batch | None:
    """Claim every pending effect of this register; None while a lost request may still be under way.

    The lock is ours, so whatever stands in SENDING was left by a worker that is gone.
    """
    effects = list(
        _open_effects(stores).select_for_update(of=("self",)).order_by("created_at", "pk")[:BATCH]
    )
    lost = [e.sending_at for e in effects if e.state != EffectState.PLANNED and e.sending_at]
    if lost and now - max(lost) < SETTLES_IN:
        PlannedEffect.objects.filter(pk__in=[e.pk for e in effects], next_at__lte=now).update(
            next_at=max(lost) + SETTLES_IN
        )
        return None
    if not effects:
        return None
    PlannedEffect.objects.filter(pk__in=[effect.pk for effect in effects]).update(
        state=EffectState.SENDING,
        attempts=F("attempts") + 1,
        sending_at=now,
        next_at=now + SETTLES_IN,
    )
    for effect in effects:
        effect.state, effect.attempts = EffectState.SENDING, effect.attempts + 1
    disturbed = {key for effect in effects for key in effect.payload.get("disturbed", ())}
    ids = {effect.subject_id for effect in effects}
    ids |= set(
        ReturnRequest.objects.filter(store_id__in=stores, number__in=disturbed).values_list(
            "pk", flat=True
        )
    )
    return _Batch(tuple(effects), _rows(connection, sorted(ids)))


def _rows(connection: Connection, ids: Sequence[UUID]) -> tuple[RegisterRow, ...]:
    cases = sorted(cases_load(ids), key=lambda case: (case.request.filed_at, case.request.number))
    if not cases:
        return ()
    columns = connection.settings.get("columns", {})
    return tuple(register_rows(cases, columns, language_of(cases[0])))


def _called(
    merchant_id: UUID, connection: Connection, rows: tuple[RegisterRow, ...], clients: ClientCache
) -> tuple[RegisterOutcome, tuple[str, ...]]:
    """Write the rows, and those of other cases that people's moving rows about has hit in that second."""
    assert not database.in_atomic_block, "no network inside a transaction"
    try:
        client = clients.of(connection)
    except ConnectionBroken as broken:
        return Misconfigured(broken.what, broken.how), ()
    except ConnectionMissing as missing:
        return Misconfigured(f"The system {missing} is no longer known.", "Connect another."), ()
    try:
        outcome: RegisterOutcome = client.write(rows)
        whole, rounds = outcome, 0
        while isinstance(outcome, Written) and outcome.disturbed:
            hit, rounds = outcome.disturbed, rounds + 1
            if rounds > DISTURBED_ROUNDS:
                return Unknown("People keep moving rows while they are written."), hit
            with within_walls(merchant_id):
                again = _rows(connection, _ids_of(merchant_id, hit))
            outcome = client.write(again)
            if not isinstance(outcome, Written):
                return Unknown(f"Rows were disturbed and could not be mended: {outcome}"), hit
    except Exception as error:  # noqa: BLE001  a connector's bug must not lose what it has sent
        _log.exception("a connector failed", kind=KIND, connection=str(connection.pk))
        return Unknown(f"An error in the program ({type(error).__name__}); it is in the log."), ()
    return whole, ()


def _ids_of(merchant_id: UUID, numbers: Sequence[str]) -> list[UUID]:
    known = ReturnRequest.objects.filter(merchant_id=merchant_id, number__in=numbers)
    return sorted(known.values_list("pk", flat=True))


def _settled(
    connection: Connection,
    batch: _Batch,
    outcome: RegisterOutcome,
    disturbed: tuple[str, ...],
    now: datetime,
) -> Counter[str]:
    keys = dict(
        ReturnRequest.objects.filter(pk__in={e.subject_id for e in batch.effects}).values_list(
            "pk", "number"
        )
    )
    if isinstance(outcome, Misconfigured) and outcome.whole:
        words = f"{outcome.what} {outcome.how}"
        health_note(connection.pk, State.MISCONFIGURED, words, now)
    verdicts = [
        (effect, _verdict(connection, effect, keys[effect.subject_id], outcome, disturbed, now))
        for effect in batch.effects
    ]
    verdicts = [
        row for effect, verdict in verdicts for row in refused_alike(effect, verdict, connection.pk)
    ]
    return Counter(str(effect.state) for effect in settle_all(verdicts, now))


def _verdict(
    connection: Connection,
    effect: PlannedEffect,
    key: str,
    outcome: RegisterOutcome,
    disturbed: tuple[str, ...],
    now: datetime,
) -> EffectUpdate:
    if isinstance(outcome, Written):
        outcome = outcome.refused.get(key, outcome)
    match outcome:
        case Written():
            rows = outcome.duplicates.get(key, ())
            text = (
                f"It stands in rows {', '.join(map(str, rows))}; only the first is kept up."
                if rows
                else ""
            )
            page = connector_of(connection.system).page.format(**connection.settings)
            return EffectUpdate(EffectState.DONE, text, key, page, payload={"disturbed": []})
        case Refused(reason):
            return EffectUpdate(EffectState.REFUSED, reason)
        case Misconfigured(what, how):
            payload = {"connection": str(connection.pk)}
            return EffectUpdate(EffectState.MISCONFIGURED, f"{what} {how}", payload=payload)
        case Busy(detail, retry_after_s):
            wait = backoff(connection.pk, effect.attempts, at_least_s=retry_after_s)
            return EffectUpdate(EffectState.PLANNED, detail, next_at=now + wait, journalled=False)
        case Unknown(detail):
            payload_hit = {"disturbed": list(disturbed)} if disturbed else {}
            return EffectUpdate(
                EffectState.UNKNOWN, detail, next_at=now + SETTLES_IN, payload=payload_hit
            )
