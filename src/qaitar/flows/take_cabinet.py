"""Readings of the marketplace's cabinet: kept byte for byte before anybody is told "taken", read by a job later."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.utils.module_loading import import_string

from qaitar.foundation.actors import Actor
from qaitar.foundation.connections import connector_of
from qaitar.foundation.jobs import behind_walls, job_defer
from qaitar.foundation.models import RawIntake
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.orders.models import Store
from qaitar.returns.errors import CaseChanged
from qaitar.returns.services.mirroring import BATCH, Look, Mirrored, readings_apply

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.contracts.marketplace import ReturnReading, SavedAnswers, SectionCounts, Unread

READ_TASK: Final = "qaitar.flows.tasks.cabinet_read"
SOURCE: Final = "kaspi_cabinet"
READER: Final = "kaspi_cabinet_session"  # the registry's entry that knows how to read saved bodies
BODY_BYTES_MAX: Final = 32 * 1024 * 1024
TRIES: Final = 3
TOLD_MAX: Final = 200
_log = structlog.get_logger(__name__)


class BodyRefused(Exception):
    """The body is empty or too large to be kept; nothing was stored."""


class StoreMissing(Exception):
    """These walls hold no such store."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What was taken: where its report will stand, and whether these bytes are here for the first time."""

    id: UUID
    new: bool


def cabinet_take(
    *, store_id: UUID, body: bytes, received_from: str, by: Actor, now: datetime
) -> Intake:
    """Keep a body read from a store's cabinet and leave its reading to a job, all in the caller's transaction.

    The same bytes again are the same intake, looked at once more: the cabinet shows what it showed before.

    Raises:
        StoreMissing: these walls hold no such store.
        BodyRefused: empty, or more than `BODY_BYTES_MAX`.
    """
    if not body or len(body) > BODY_BYTES_MAX:
        raise BodyRefused(f"{len(body)} bytes; 1 to {BODY_BYTES_MAX} are taken")
    store = Store.objects.filter(pk=store_id).first()
    if store is None:
        raise StoreMissing(str(store_id))
    row, new = RawIntake.objects.get_or_create(
        merchant_id=store.merchant_id,
        source=SOURCE,
        store_id=store_id,
        digest=hashlib.sha256(body).hexdigest(),
        defaults={
            "id": new_id(),
            "body": body,
            "content_type": "application/json",
            "received_at": now,
            "received_from": received_from[:200],
        },
    )
    if not new:
        RawIntake.objects.filter(pk=row.pk, received_at__lt=now).update(
            received_at=now, received_from=received_from[:200]
        )
    job_defer(
        READ_TASK,
        merchant_id=str(store.merchant_id),
        intake_id=str(row.pk),
        by={"id": by.user_id, "name": by.name, "role": by.role.value, "channel": by.channel},
    )
    return Intake(row.pk, new)


def cabinet_read(
    merchant_id: UUID, now: datetime, *, intake_id: UUID, by: Actor
) -> dict[str, Any] | None:
    """Read a kept body and bring the store's cases to what it shows; the report is kept on the intake.

    Reading it twice changes nothing.  A body nothing can be read from is set aside with the reason.
    """
    with behind_walls(merchant_id):
        row = RawIntake.objects.filter(pk=intake_id, source=SOURCE).first()
    if row is None or row.store_id is None:
        return None
    reader = import_string(connector_of(READER).reader)
    saved: SavedAnswers = reader(bytes(row.body))
    look = Look(row.store_id, merchant_id, by, row.received_at, now)
    mirrored = readings_take(look, saved.readings)
    report = _report(mirrored, saved)
    state = "READ" if saved.readings or not saved.problems else "QUARANTINED"
    with behind_walls(merchant_id):
        RawIntake.objects.filter(pk=row.pk).update(state=state, report=report, read_at=now)
    return report


def readings_take(look: Look, readings: Sequence[ReturnReading]) -> Mirrored:
    """Apply readings in short transactions; a batch somebody acted in meanwhile is applied again."""
    total = Mirrored()
    for start in range(0, len(readings), BATCH):
        part = readings[start : start + BATCH]
        for left in reversed(range(TRIES)):
            try:
                with behind_walls(look.merchant_id):
                    one = readings_apply(look, part)
                break
            except CaseChanged:
                if not left:
                    raise
        else:  # pragma: no cover  the loop either breaks or raises
            raise AssertionError
        total.read += one.read
        total.created += one.created
        total.updated += one.updated
        total.unchanged += one.unchanged
        total.rejected += one.rejected
    return total


def _report(mirrored: Mirrored, saved: SavedAnswers) -> dict[str, Any]:
    counts = saved.counts
    return {
        "read": mirrored.read,
        "created": mirrored.created,
        "updated": mirrored.updated,
        "unchanged": mirrored.unchanged,
        "rejected": [
            {"number": number, "code": code} for number, code in mirrored.rejected[:TOLD_MAX]
        ],
        "problems": [
            {"row": one.row_number, "code": one.reason_code, "reason": one.reason}
            for one in saved.problems[:TOLD_MAX]
        ],
        "unread": [
            {"number": number, "name": one.name, "why": one.why, "came": one.came}
            for number, one in _unread(saved)[:TOLD_MAX]
        ],
        "counts": {**_by_section(counts), **counts.unknown} if counts else {},
    }


def _unread(saved: SavedAnswers) -> list[tuple[str, Unread]]:
    """List what could not be read, by request; of the counts without one."""
    of_counts = saved.counts.unread if saved.counts else ()
    return [("", one) for one in of_counts] + [
        (reading.number[:60], one) for reading in saved.readings for one in reading.unread
    ]


def _by_section(counts: SectionCounts) -> dict[str, int]:
    return {section.value: total for section, total in counts.totals.items()}


def actor_from(told: dict[str, Any]) -> Actor:
    """Read back who handed the body over, as the job row keeps it."""
    return Actor(told["id"], told["name"], Role(told["role"]), told["channel"])
