"""Readings of the marketplace's cabinet: what may be stored of them is stored before it is acknowledged, and read by a job later."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.db import transaction
from django.utils.module_loading import import_string

from qaitar.flows.cabinet_report import divide_by_shop, reading_report
from qaitar.foundation.connections.systems import connector_of
from qaitar.foundation.identity.actors import Actor, require_role
from qaitar.foundation.models import RawIntake
from qaitar.foundation.ops.jobs import job_defer, within_walls
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import WORKERS, Role
from qaitar.orders.models import Store
from qaitar.returns.errors import CaseChanged
from qaitar.returns.services.mirroring import BATCH, Look, Mirrored, readings_apply

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.contracts.marketplace import ReducedAnswers, ReturnReading, SavedAnswers

READ_TASK: Final = "qaitar.flows.tasks.cabinet_read"
SOURCE: Final = "kaspi_cabinet"
READER: Final = "kaspi_cabinet_session"  # the registry's entry that knows how to read saved bodies
BODY_BYTES_MAX: Final = 32 * 1024 * 1024
TRIES: Final = 3
_log = structlog.get_logger(__name__)


class ReadingRefused(Exception):
    """The body is empty or too large to be kept; nothing was stored."""


class IntakeStoreMissing(Exception):
    """These walls hold no such store."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What was taken: where its report will stand, and whether these bytes are here for the first time."""

    id: UUID
    new: bool


def cabinet_take(
    *, store_id: UUID, body: bytes, received_from: str, by: Actor, now: datetime
) -> Intake:
    """Store what may be stored of a body read from a store's cabinet and leave its reading to a job, in the caller's transaction.

    Of a browser's recording only the answers of the refunds service are stored.  The same bytes again are the same intake: without
    moments in them they are looked at once more, with moments they tell nothing new.

    Raises:
        RoleNotAllowed: the role may not; nothing was written.
        StoreMissing: these walls hold no such store.
        BodyRefused: empty, or more than `BODY_BYTES_MAX`.
    """
    require_role(by, WORKERS)
    store, content = _checked(store_id, body)
    row, new = RawIntake.objects.get_or_create(
        merchant_id=store.merchant_id,
        source=SOURCE,
        store_id=store_id,
        digest=hashlib.sha256(body).hexdigest(),
        defaults={
            "id": new_id(),
            "body": content.body,
            "stored_digest": hashlib.sha256(content.body).hexdigest(),
            "left_out": content.left_out,
            "content_type": "application/json",
            "received_at": now,
            "received_from": received_from[:200],
        },
    )
    if not new and not content.has_times:
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


def _checked(store_id: UUID, body: bytes) -> tuple[Store, ReducedAnswers]:
    """Find the store and reduce the body to what may be stored; raises as `cabinet_take`."""
    if not body or len(body) > BODY_BYTES_MAX:
        raise ReadingRefused(f"{len(body)} bytes; 1 to {BODY_BYTES_MAX} are taken")
    store = Store.objects.filter(pk=store_id).first()
    if store is None:
        raise IntakeStoreMissing(str(store_id))
    content: ReducedAnswers = import_string(connector_of(READER).keeper)(body)
    return store, content


def cabinet_read(
    merchant_id: UUID, now: datetime, *, intake_id: UUID, by: Actor
) -> dict[str, Any] | None:
    """Read a stored body and bring the stores' cases to what it shows; the report is kept on the intake.

    Reading it twice changes nothing.  A body nothing can be read from is set aside with the reason.
    """
    with within_walls(merchant_id):
        row = RawIntake.objects.filter(pk=intake_id, source=SOURCE).first()
        stores = list(Store.objects.filter(merchant_id=merchant_id))
    chosen = next((each for each in stores if row is not None and each.pk == row.store_id), None)
    if row is None or chosen is None:
        return None
    saved: SavedAnswers = import_string(connector_of(READER).reader)(bytes(row.body))
    divided = divide_by_shop(saved, chosen, stores, row.received_at)
    mirrored = Mirrored(rejected=divided.rejected())
    for store, readings in divided.parts:
        look = Look(store.pk, merchant_id, by, row.received_at, now)
        mirrored.add(readings_take(look, readings))
    report = reading_report(mirrored, saved, divided, row.left_out)
    state = "READ" if saved.readings or not saved.problems else "QUARANTINED"
    with within_walls(merchant_id):
        RawIntake.objects.filter(pk=row.pk).update(state=state, report=report, read_at=now)
    return report


def cabinet_look(*, store_id: UUID, body: bytes, by: Actor, now: datetime) -> dict[str, Any]:
    """Tell what a body would change, changing and storing nothing; the report is that of `cabinet_read`.

    In the caller's transaction.  Raises as `cabinet_take`.

    Raises:
        RoleNotAllowed: the role may not; nothing was written.
    """
    require_role(by, WORKERS)
    chosen, content = _checked(store_id, body)
    stores = list(Store.objects.filter(merchant_id=chosen.merchant_id))
    saved: SavedAnswers = import_string(connector_of(READER).reader)(content.body)
    divided = divide_by_shop(saved, chosen, stores, now)
    mirrored = Mirrored(rejected=divided.rejected())
    with transaction.atomic():
        for store, readings in divided.parts:
            look = Look(store.pk, chosen.merchant_id, by, now, now)
            mirrored.add(readings_apply(look, readings))
        transaction.set_rollback(True)
    return reading_report(mirrored, saved, divided, content.left_out)


def readings_take(look: Look, readings: Sequence[ReturnReading]) -> Mirrored:
    """Apply readings in short transactions; a batch somebody acted in meanwhile is applied again."""
    total = Mirrored()
    for start in range(0, len(readings), BATCH):
        part = readings[start : start + BATCH]
        for left in reversed(range(TRIES)):
            try:
                with within_walls(look.merchant_id):
                    one = readings_apply(look, part)
                break
            except CaseChanged:
                if not left:
                    raise
        else:  # pragma: no cover  the loop either breaks or raises
            raise AssertionError
        total.add(one)
    return total


def actor_from(stored: dict[str, Any]) -> Actor:
    """Read back who handed the body over, as the job row keeps it."""
    return Actor(stored["id"], stored["name"], Role(stored["role"]), stored["channel"])


def stored_reduce() -> int | None:
    """Reduce one body stored before bodies were reduced; gives how many bytes were removed, None when none is left.

    In the caller's transaction, behind one merchant's walls.  The SHA-256 of what came stays as it is.
    """
    rows = RawIntake.objects.select_for_update(skip_locked=True)
    row = rows.filter(source=SOURCE, stored_digest="").order_by("pk").first()
    if row is None:
        return None
    body = bytes(row.body)
    content: ReducedAnswers = import_string(connector_of(READER).keeper)(body)
    RawIntake.objects.filter(pk=row.pk).update(
        body=content.body,
        stored_digest=hashlib.sha256(content.body).hexdigest(),
        left_out=content.left_out,
    )
    return len(body) - len(content.body)
