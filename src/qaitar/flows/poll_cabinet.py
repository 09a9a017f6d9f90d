"""Reads the cabinet directly with the seller's own session, read-only; off unless its connection is there and consented."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from django.db import connection as database

from qaitar.contracts.marketplace import ReturnPage, ReturnReading, Section, return_overlay
from qaitar.contracts.outcome import Busy, Misconfigured, Refused, Unknown
from qaitar.flows.take_cabinet import SOURCE, readings_take
from qaitar.foundation.actors import system_actor
from qaitar.foundation.connections import (
    ConnectionBroken,
    State,
    health_note,
    health_told,
    opened_client,
)
from qaitar.foundation.jobs import behind_walls
from qaitar.foundation.models import Connection, RawIntake
from qaitar.kernel.ids import new_id
from qaitar.returns.models import ReturnRequest
from qaitar.returns.services.mirroring import Look

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from qaitar.contracts.marketplace import ReturnsReader

SYSTEM: Final = "kaspi_cabinet_session"
PAGES_MAX: Final = 200  # of ten requests: what one poll looks through in a section
OPEN_SECTIONS: Final = tuple(section for section in Section if section is not Section.CLOSED)
DETAILS_MAX: Final = 100  # asked for one by one: more are read at the next poll
CLOSED_PAGES_MAX: Final = 5  # the newest endings; older ones were seen when they were new


Trouble = Misconfigured | Refused | Busy | Unknown


def cabinets_poll(merchant_id: UUID, now: datetime) -> int:
    """Look through every cabinet of a merchant that may be read directly; returns how many requests were seen."""
    assert not database.in_atomic_block, "no network inside a transaction"
    with behind_walls(merchant_id):
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
    try:
        with opened_client(row) as client:
            readings, trouble = _all_sections(client)
            readings, untold = _with_details(client, row, readings)
    except ConnectionBroken as broken:
        readings, trouble, untold = {}, Misconfigured(broken.what, broken.how), None
    if readings:
        _keep(row, readings, now)
        assert row.store_id is not None
        look = Look(row.store_id, row.merchant_id, system_actor("mirror"), now, now)
        readings_take(look, list(readings.values()))
    with behind_walls(row.merchant_id):
        wrong = trouble or untold
        state, detail = (State.HEALTHY, "") if wrong is None else health_told(wrong)
        health_note(row.pk, state, detail, now)
    return len(readings)


def _all_sections(
    client: ReturnsReader,
) -> tuple[dict[str, ReturnReading], Trouble | None]:
    """Read every page of the open sections and the newest of the closed one, until something goes wrong."""
    found: dict[str, ReturnReading] = {}
    for section in (*OPEN_SECTIONS, Section.CLOSED):
        pages = CLOSED_PAGES_MAX if section is Section.CLOSED else PAGES_MAX
        for number in range(pages):
            page = client.list_section(section, page=number)
            if not isinstance(page, ReturnPage):
                return found, page
            for reading in page.readings:
                known = found.get(reading.number)
                found[reading.number] = return_overlay(known, reading) if known else reading
            if not page.readings:
                break
    return found, None


def _with_details(
    client: ReturnsReader, row: Connection, readings: dict[str, ReturnReading]
) -> tuple[dict[str, ReturnReading], Trouble | None]:
    """Read the details of requests that are new here or stand in another section than they did.

    A list tells neither a refusal's words nor photos nor the day of receipt, and without the words a refusal looks like
    a request taken back.  What cannot be read now is left out: it still differs at the next poll and is read then.
    """
    assert row.store_id is not None, "a cabinet belongs to a store"
    with behind_walls(row.merchant_id):
        ours = ReturnRequest.objects.filter(store_id=row.store_id, number__in=list(readings))
        sections = dict(ours.values_list("number", "section"))
    whole = dict(readings)
    asked = 0
    trouble: Trouble | None = None
    for number, reading in readings.items():
        same = reading.section is not None and sections.get(number) == reading.section.value
        if same or not reading.refund_id:
            continue
        told = None
        if trouble is None and asked < DETAILS_MAX:
            asked += 1
            told = client.details(reading.refund_id, number)
        if isinstance(told, ReturnReading):
            whole[number] = return_overlay(reading, told)
            continue
        del whole[number]
        trouble = trouble or (told if isinstance(told, Trouble) else None)
    return whole, trouble


def _keep(row: Connection, readings: dict[str, ReturnReading], now: datetime) -> None:
    """Keep what was read, as it came, before it is used."""
    raws: list[Any] = [dict(each.raw or {}) for each in readings.values()]
    body = json.dumps(raws, ensure_ascii=False, default=str).encode()
    with behind_walls(row.merchant_id):
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
            },
        )
