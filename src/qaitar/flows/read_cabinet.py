"""One direct reading of a cabinet: counts and open sections first, then what left them, then details with what is left of the calls.

Nothing here touches the database: what is known of the store's requests is given, and what was learnt is given back.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from qaitar.contracts.marketplace import (
    ReturnPage,
    ReturnReading,
    Section,
    SectionCounts,
    return_overlay,
)
from qaitar.contracts.outcome import Busy, Misconfigured, Missing, Refused, Unknown
from qaitar.kernel.identifiers import UnreadableNumber, request_attempt
from qaitar.returns.mirror.proofs import Ending, ending_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qaitar.contracts.marketplace import ReturnsReader

PAGES_MAX: Final = 200  # of one section in one reading
CLOSED_PAGES_MAX: Final = 5
CALLS_MAX: Final = 300  # of one reading, open sections excepted: they are always read whole
OPEN_SECTIONS: Final = tuple(section for section in Section if section is not Section.CLOSED)
ASIDE_FIRST: Final = timedelta(minutes=10)
ASIDE_MOST: Final = timedelta(hours=24)
NAMED_MAX: Final = 20
_PRINTED: Final = (
    "section_raw", "status_text", "planned_at", "reason_code", "reason_text", "amount_minor", "quantity_milli", "product_sku",
)  # fmt: skip

Trouble = Misconfigured | Refused | Busy | Unknown


@dataclass(frozen=True, slots=True)
class Aside:
    """A request whose detail failed: how often, and when it is asked for again."""

    refund_id: str
    tries: int
    next_at: datetime

    def again(self, now: datetime) -> Aside:
        """Set it aside once more, twice as long as before, a day at most."""
        pause = min(ASIDE_FIRST * 2**self.tries, ASIDE_MOST)
        return Aside(self.refund_id, self.tries + 1, now + pause)


@dataclass(frozen=True, slots=True)
class KnownRequests:
    """What is known of a store: the digests of requests' last list items by number, and the open requests with their ids there."""

    prints: Callable[[Sequence[str]], Mapping[str, str]]
    open_ids: Mapping[str, str]


@dataclass(slots=True)
class CabinetReading:
    """What one reading brought: requests, what does not fit, what failed, and why it ended early if it did."""

    found: dict[str, ReturnReading] = field(default_factory=dict)
    short: list[tuple[str, int, int]] = field(default_factory=list)
    odd_numbers: list[str] = field(default_factory=list)
    aside: dict[str, Aside] = field(default_factory=dict)
    trouble: Trouble | None = None
    calls: int = 0


def read_cabinet(
    client: ReturnsReader, known: KnownRequests, aside: Mapping[str, Aside], now: datetime
) -> CabinetReading:
    """Read a cabinet; whatever goes wrong, what was read until then is given back."""
    reading = CabinetReading(aside=dict(aside))
    counts = client.counts()
    if not isinstance(counts, SectionCounts):
        reading.trouble = counts
        return reading
    open_seen: list[str] = []
    for tab, expected in _tabs(counts):
        open_seen += _read_list(client, reading, tab, expected, now)
        if reading.trouble is not None:
            return reading
    _check_again(client, reading)
    _details(client, reading, known, open_seen, now)
    gone = [
        (number, each) for number, each in known.open_ids.items() if number not in reading.found
    ]
    for number, refund_id in gone:
        _ask(client, reading, number, refund_id, now)
    closed = _read_list(client, reading, Section.CLOSED, None, now, CLOSED_PAGES_MAX)
    _details(client, reading, known, closed, now)
    _retry(client, reading, now)
    return reading


def _tabs(counts: SectionCounts) -> Iterable[tuple[Section | str, int | None]]:
    """Give the open sections and every other name the counts tell, with how many requests each holds."""
    yield from ((section, counts.totals.get(section)) for section in OPEN_SECTIONS)
    yield from ((tab, total) for tab, total in counts.unknown.items() if total)


def _read_list(
    client: ReturnsReader,
    reading: CabinetReading,
    tab: Section | str,
    expected: int | None,
    now: datetime,
    pages_max: int = PAGES_MAX,
) -> list[str]:
    """Turn the pages of a list until one brings nothing new; notes a list that is shorter than its count."""
    came: list[str] = []
    rejected = 0
    for number in range(pages_max):
        page = _page(client, tab, number)
        if not isinstance(page, ReturnPage):
            reading.trouble = page
            return came
        fresh = [each for each in page.readings if each.number not in came]
        for each in fresh:
            came.append(each.number)
            _note(reading, replace(each, seen_at=now))
        rejected += len(page.rejected)
        if not fresh:
            break
    if expected is not None and len(came) + rejected < expected:
        reading.short.append((str(tab), expected, len(came) + rejected))
    return came


def _page(client: ReturnsReader, tab: Section | str, number: int) -> ReturnPage | Trouble:
    if isinstance(tab, Section):
        return client.list_section(tab, page=number)
    return client.list_tab(tab, page=number)


def _note(reading: CabinetReading, each: ReturnReading) -> None:
    try:
        request_attempt(each.number)
    except UnreadableNumber:
        reading.odd_numbers.append(each.number[:60])
    known = reading.found.get(each.number)
    reading.found[each.number] = return_overlay(known, each) if known else each


def _check_again(client: ReturnsReader, reading: CabinetReading) -> None:
    """Ask for the counts once more where a list came short: a request may have moved between the two calls."""
    if not reading.short:
        return
    counts = client.counts()
    if isinstance(counts, SectionCounts):
        totals = {str(section): total for section, total in counts.totals.items()} | dict(
            counts.unknown
        )
        reading.short = [
            (tab, totals.get(tab, expected), came)
            for tab, expected, came in reading.short
            if came < totals.get(tab, expected)
        ]


def item_print(reading: ReturnReading) -> str:
    """Digest the fields of a list item that are read: a change of others is no change."""
    values: list[Any] = [getattr(reading, name) for name in _PRINTED]
    return hashlib.sha256(json.dumps(values, default=str).encode()).hexdigest()[:16]


def _details(
    client: ReturnsReader,
    reading: CabinetReading,
    known: KnownRequests,
    numbers: Sequence[str],
    now: datetime,
) -> None:
    """Ask for the details of requests that are new or have changed."""
    prints = known.prints(numbers)
    for number in numbers:
        item = reading.found[number]
        written = item_print(item)
        is_known = prints.get(number) == written
        if is_known or not item.refund_id or number in reading.odd_numbers:
            continue
        if number in reading.aside and reading.aside[number].next_at > now:
            _withhold(reading, number)
        elif _ask(client, reading, number, item.refund_id, now):
            reading.found[number] = replace(reading.found[number], item_print=written)
        else:
            _withhold(reading, number)


def _withhold(reading: CabinetReading, number: str) -> None:
    """Leave out a closed request whose detail is not known, unless its list item alone says that it was refunded.

    A list tells no refusal's words, and without them a refusal looks like a request taken back.
    """
    item = reading.found[number]
    section = item.section.value if item.section else ""
    if ending_of(section, item.status_text or "", item.reject_text or "") not in {
        None,
        Ending.REFUNDED,
    }:
        del reading.found[number]


def _ask(
    client: ReturnsReader, reading: CabinetReading, number: str, refund_id: str, now: datetime
) -> bool:
    """Ask for one detail; one that fails is set aside and stops nothing else."""
    waits = reading.aside.get(number)
    if reading.trouble is not None or reading.calls >= CALLS_MAX or (waits and waits.next_at > now):
        return False
    reading.calls += 1
    details = client.details(refund_id, number)
    if isinstance(details, ReturnReading):
        reading.aside.pop(number, None)
        _note(reading, replace(details, seen_at=now))
        return True
    if isinstance(details, Busy):
        reading.trouble = details
        return False
    if isinstance(details, Misconfigured) and _has_ended(client, reading):
        return False
    assert isinstance(details, Misconfigured | Missing | Refused | Unknown)
    reading.aside[number] = (waits or Aside(refund_id, 0, now)).again(now)
    return False


def _has_ended(client: ReturnsReader, reading: CabinetReading) -> bool:
    """Tell whether the session has ended, or only one detail is refused: the counts are asked for."""
    counts = client.counts()
    if isinstance(counts, SectionCounts):
        return False
    reading.trouble = counts
    return True


def _retry(client: ReturnsReader, reading: CabinetReading, now: datetime) -> None:
    """Ask again for what was set aside and is due."""
    for number, each in list(reading.aside.items()):
        if each.next_at <= now:
            _ask(client, reading, number, each.refund_id, now)
