"""Reads the cabinet directly with the seller's own session, read-only; off unless its connection is there and consented."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db import connection as database

from qaitar.contracts.outcome import Misconfigured, Unknown
from qaitar.flows.read_cabinet import (
    NAMED_MAX,
    Aside,
    CabinetReading,
    KnownRequests,
    read_cabinet,
)
from qaitar.flows.take_cabinet import SOURCE, readings_take
from qaitar.foundation.connections.systems import (
    ConnectionBroken,
    State,
    health_message,
    health_note,
    opened_client,
)
from qaitar.foundation.identity.actors import system_actor
from qaitar.foundation.models import Connection, RawIntake
from qaitar.foundation.ops.jobs import within_walls
from qaitar.kernel.ids import new_id
from qaitar.returns.mirror.companion_view import cases_missed
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.mirroring import Look

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from qaitar.contracts.marketplace import ReturnReading

SYSTEM: Final = "kaspi_cabinet_session"


def cabinets_poll(merchant_id: UUID, now: datetime) -> int:
    """Look through every cabinet of a merchant that may be read directly; returns how many requests were seen."""
    assert not database.in_atomic_block, "no network inside a transaction"
    with within_walls(merchant_id):
        rows = list(
            Connection.objects.filter(
                merchant_id=merchant_id,
                system=SYSTEM,
                enabled=True,
                store_id__isnull=False,
                settings__consent=True,
            ).exclude(health=State.MISCONFIGURED)
        )
    return sum(_poll(row, now) for row in rows)


def _poll(row: Connection, now: datetime) -> int:
    assert row.store_id is not None, "a cabinet belongs to a store"
    known = _known(row.store_id, row.merchant_id)
    try:
        with opened_client(row) as client:
            reading = read_cabinet(client, known, _aside_of(row), now)
    except ConnectionBroken as broken:
        reading = CabinetReading(
            aside=_aside_of(row), trouble=Misconfigured(broken.what, broken.how)
        )
    readings = reading.found
    if readings:
        _keep(row, readings, now)
        look = Look(row.store_id, row.merchant_id, system_actor("mirror"), now, now)
        readings_take(look, list(readings.values()))
    with within_walls(row.merchant_id):
        state, detail = _health(reading)
        health_note(row.pk, state, detail, now)
        Connection.objects.filter(pk=row.pk).update(
            cursor={**row.cursor, "aside": _written(reading)}
        )
    return len(readings)


def _known(store_id: UUID, merchant_id: UUID) -> KnownRequests:
    """Read what is known of the store's open requests, and give a way to ask for the digests of any."""

    def prints(numbers: Sequence[str]) -> dict[str, str]:
        with within_walls(merchant_id):
            rows = ReturnRequest.objects.filter(store_id=store_id, number__in=list(numbers))
            return dict(rows.filter(mirror__has_key="item").values_list("number", "mirror__item"))

    with within_walls(merchant_id):
        missed, _left = cases_missed(store_id, ())
    return KnownRequests(prints, {each.number: each.refund_id for each in missed})


def _aside_of(row: Connection) -> dict[str, Aside]:
    aside = row.cursor.get("aside", {})
    return {
        number: Aside(each["refund_id"], each["tries"], datetime.fromisoformat(each["next_at"]))
        for number, each in aside.items()
    }


def _written(reading: CabinetReading) -> dict[str, dict[str, Any]]:
    return {
        number: {
            "refund_id": each.refund_id,
            "tries": each.tries,
            "next_at": each.next_at.isoformat(),
        }
        for number, each in reading.aside.items()
    }


def _health(reading: CabinetReading) -> tuple[State, str]:
    """Say how the reading went; one that did not bring everything is no healthy one."""
    if reading.trouble is not None:
        return health_message(reading.trouble)
    sentences = [
        f"Section {tab} is not whole: {expected} expected, {read} read."
        for tab, expected, read in reading.short
    ]
    if reading.odd_numbers:
        numbers = ", ".join(reading.odd_numbers[:NAMED_MAX])
        sentences.append(f"Numbers in a form not known: {numbers}.")
    if reading.aside:
        numbers = ", ".join(sorted(reading.aside)[:NAMED_MAX])
        sentences.append(
            f"Details that cannot be read now and are asked for again later: {numbers}."
        )
    return health_message(Unknown(" ".join(sentences))) if sentences else (State.HEALTHY, "")


def _keep(row: Connection, readings: dict[str, ReturnReading], now: datetime) -> None:
    """Keep what was read, as it came, before it is used."""
    raws: list[Any] = [dict(each.raw or {}) for each in readings.values()]
    body = json.dumps(raws, ensure_ascii=False, default=str).encode()
    with within_walls(row.merchant_id):
        RawIntake.objects.update_or_create(
            merchant_id=row.merchant_id,
            source=SOURCE,
            store_id=row.store_id,
            digest=hashlib.sha256(body).hexdigest(),
            defaults={
                "received_at": now,
                "received_from": "direct reading",
                "state": "READ",
                "read_at": now,
            },
            create_defaults={
                "id": new_id(),
                "body": body,
                "content_type": "application/json",
                "received_at": now,
                "received_from": "direct reading",
                "state": "READ",
                "read_at": now,
                "stored_digest": hashlib.sha256(body).hexdigest(),
            },
        )
