"""Compares what the reader of the cabinet makes of a recording with what its maker says, as it came and as it is stored."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from qaitar.connectors.kaspi_cabinet.recording import reduce_answers
from qaitar.connectors.kaspi_cabinet.saved import read_saved
from qaitar.kernel.identifiers import UnreadableNumber, request_attempt

if TYPE_CHECKING:
    from qaitar.contracts.marketplace import ReturnReading, SavedAnswers, SectionCounts
    from tests.corpora.cabinet_recordings import Expected, Made

TABS = {"AWAITING_DECISION": "WAITING_DECISION", "IN_DELIVERY": "ON_DELIVERY"}


def differences(made: Made) -> list[str]:
    """Name every difference; empty when all is as the maker says."""
    stored = reduce_answers(made.body)
    found = [f"read: {one}" for one in _of(read_saved(made.body), made.expected)]
    found += [f"stored: {one}" for one in _of(read_saved(stored.body), made.expected)]
    if dict(stored.left_out) != made.expected.left_out:
        found.append(f"left out {dict(stored.left_out)}, not {made.expected.left_out}")
    if made.secret.encode() in stored.body:
        found.append("a secret is stored")
    if reduce_answers(stored.body).body != stored.body:
        found.append("storing again changes what is stored")
    return found


def _of(saved: SavedAnswers, expected: Expected) -> list[str]:
    found = _requests(saved, expected)
    found += _problems(saved, expected)
    lists = {(one.shop, one.tab, one.expected, one.came) for one in saved.lists}
    if len(lists) != len(saved.lists) or lists != expected.lists:
        found.append(f"lists {sorted(lists ^ expected.lists)}")
    counts = {shop: _totals(one) for shop, one in saved.counts_by_shop.items()}
    if counts != expected.counts:
        found.append(f"counts {counts}, not {expected.counts}")
    if (saved.has_times, saved.handed_at) != (expected.has_times, expected.handed_at):
        found.append(f"times {saved.has_times} {saved.handed_at}")
    return found


def _requests(saved: SavedAnswers, expected: Expected) -> list[str]:
    times = Counter((one.shop, one.number) for one in saved.readings)
    found = [f"{key} comes {count} times" for key, count in times.items() if count != 1]
    if times.keys() != expected.requests.keys():
        found.append(f"requests {sorted(times.keys() ^ expected.requests.keys())}")
    for reading in saved.readings:
        for name, wanted in expected.requests.get((reading.shop, reading.number), {}).items():
            came = getattr(reading, name)
            if came != wanted:
                found.append(f"{reading.number} {name} is {came!r}, not {wanted!r}")
    refused = {(one.shop, one.number) for one in saved.readings if _is_unreadable(one)}
    if refused != expected.refused_numbers:
        found.append(f"refused numbers {sorted(refused ^ expected.refused_numbers)}")
    unread = {
        (one.shop, one.number, field.name, field.why)
        for one in saved.readings
        for field in one.unread
    }
    if unread != expected.unread:
        found.append(f"unread {sorted(unread ^ expected.unread)}")
    return found


def _problems(saved: SavedAnswers, expected: Expected) -> list[str]:
    """Each problem is one expected at this place with this code, and its reason says what the maker did."""
    wanted = sorted(expected.problems)
    came = sorted((one.row_number, one.reason_code, one.reason) for one in saved.problems)
    if [each[:2] for each in came] != [each[:2] for each in wanted]:
        left = Counter(each[:2] for each in came)
        left.subtract(each[:2] for each in wanted)
        return [f"problems { {key: n for key, n in left.items() if n} }"]
    return [
        f"{one[2]!r} does not say {two[2]!r}"
        for one, two in zip(came, wanted, strict=True)
        if two[2] not in one[2]
    ]


def _totals(counts: SectionCounts) -> dict[str, int]:
    known = {TABS.get(one.value, one.value): total for one, total in counts.totals.items()}
    return known | dict(counts.unknown)


def _is_unreadable(reading: ReturnReading) -> bool:
    try:
        request_attempt(reading.number)
    except UnreadableNumber:
        return True
    return False
