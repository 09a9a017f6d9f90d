"""Reads what a person saved from the cabinet: any answer of the refunds service, an array of them, or a browser's HAR archive."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from qaitar.connectors.kaspi_cabinet import facts, translate
from qaitar.connectors.kaspi_cabinet.pictures import Picture, picture_of, with_digests
from qaitar.connectors.kaspi_cabinet.unread import came_of
from qaitar.contracts.marketplace import (
    ReturnReading,
    RowRejected,
    SavedAnswers,
    SectionCounts,
    return_overlay,
)
from qaitar.transport.lenient import Unreadable, load, record, records, text, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNT_FIELDS_MAX = 6
_IMAGES_OF = re.compile(r"/refund/([0-9A-Za-z]{1,64})/images/")
_SHAPES = "Neither counts, nor a list, nor a detail of return requests."


@dataclass(slots=True)
class _Pile:
    """What was found so far, in the order met."""

    readings: dict[str, ReturnReading] = field(default_factory=dict)
    problems: list[RowRejected] = field(default_factory=list)
    counts: SectionCounts | None = None
    images: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: dict[str, Picture] = field(default_factory=dict)
    met: int = 0

    def problem(self, code: str, reason: str, raw: dict[str, Any] | None = None) -> None:
        self.problems.append(
            RowRejected(row_number=self.met, reason_code=code, reason=reason, raw=raw)
        )

    def take(self, raw: dict[str, Any], tab: str | None) -> None:
        self.met += 1
        read = translate.reading_from(raw, position=self.met, tab=tab)
        if isinstance(read, RowRejected):
            self.problems.append(read)
            return
        known = self.readings.get(read.number)
        self.readings[read.number] = return_overlay(known, read) if known else read


def read_saved(body: bytes) -> SavedAnswers:
    """Read all a saved body holds; whatever the bytes, it answers and never raises.

    Several readings of one request in a file (list and detail) come out as one, the later laid over the earlier.  Problem codes:
    `too_big`, `not_json`, `doubled_field` (the last value was taken), `unknown_shape`, `no_number`, `har_body`, `har_status`,
    `list_total`.
    """
    pile = _read(body)
    with_images = [
        replace(reading, image_urls=pile.images[reading.refund_id])
        if not reading.image_urls and reading.refund_id in pile.images
        else reading
        for reading in pile.readings.values()
    ]
    readings = with_digests(with_images, pile.pictures)
    return SavedAnswers(readings=readings, problems=tuple(pile.problems), counts=pile.counts)


def read_cabinet(body: bytes) -> tuple[tuple[ReturnReading, ...], tuple[RowRejected, ...]]:
    """Read requests out of a saved body, and what could not be taken of it; see `read_saved`."""
    saved = read_saved(body)
    return saved.readings, saved.problems


def read_counts(body: bytes) -> SectionCounts | None:
    """Read the counts of sections out of the same kinds of body; None when there are none."""
    return _read(body).counts


def _read(body: bytes) -> _Pile:
    pile = _Pile()
    if len(body) > facts.FILE_BYTES_MAX:
        pile.problem("too_big", f"More than {facts.FILE_BYTES_MAX >> 20} MB.")
        return pile
    value = _loaded(body, pile, "not_json")
    har = record((record(value) or {}).get("log"))
    if har is not None:
        for entry in records(har.get("entries")):
            _take_har_entry(entry, pile)
    elif value is not None:
        _take(value, pile, None, facts.DEPTH_MAX)
    return pile


def _loaded(body: bytes, pile: _Pile, code: str) -> Any:
    doubled: list[str] = []
    try:
        value = load(body, doubled=doubled)
    except Unreadable as error:
        pile.problem(code, f"The text is {error}.")
        return None
    if doubled:
        names = ", ".join(sorted(set(doubled)))[:200]
        pile.problem("doubled_field", f"Given twice, the last was taken: «{names}».")
    if value is None:
        pile.problem("unknown_shape", _SHAPES)
    return value


def _take(value: Any, pile: _Pile, tab: str | None, depth: int) -> None:
    """Recognise an answer by its shape; arrays may hold answers, `data` may wrap one."""
    if depth == 0 or not isinstance(value, list | dict):
        pile.problem("unknown_shape", _SHAPES)
    elif isinstance(value, list):
        _take_list(value, pile, tab, depth)
    elif _names_itself(value):
        pile.take(value, tab)
    elif isinstance(value.get("data"), list | dict):
        _take(value["data"], pile, tab, depth - 1)
    else:
        pile.problem("unknown_shape", _SHAPES, value)


def _take_list(items: list[Any], pile: _Pile, tab: str | None, depth: int) -> None:
    if _are_counts(items):
        pile.counts = translate.counts_from(items)
        return
    for item in items:
        if item == []:  # where a request should stand; a whole answer may well be empty
            pile.problem("unknown_shape", _SHAPES)
        else:
            _take(item, pile, tab, depth - 1)


def _are_counts(items: list[Any]) -> bool:
    """One count that reads as such is enough where nothing beside it could be a request."""
    return any(map(_is_count, items)) and not any(
        isinstance(item, dict) and (_names_itself(item) or len(item) > COUNT_FIELDS_MAX)
        for item in items
    )


def _is_count(item: object) -> bool:
    """A count has a tab, a total and little more; a request's detail has both too, among some forty names."""
    if not isinstance(item, dict) or len(item) > COUNT_FIELDS_MAX:
        return False
    return {"tab", "total"} <= item.keys() and not _names_itself(item)


def _names_itself(item: dict[str, Any]) -> bool:
    return "applicationNumber" in item or "refundId" in item


def _take_har_entry(entry: dict[str, Any], pile: _Pile) -> None:
    """Take one recorded call to the refunds service; cookies and headers of the recording are never read."""
    address = text((record(entry.get("request")) or {}).get("url")) or ""
    if facts.REFUNDS_MARK not in address:
        if (picture := picture_of(entry)) is not None:
            pile.pictures[address] = picture
        return
    value = _recorded(entry, pile)
    if value is None:
        return
    of_images = _IMAGES_OF.search(address)
    if of_images is not None:
        pile.images[of_images[1]] = translate.images_from(records(value))
    elif value != []:
        _take(value, pile, _tab_of(address), facts.DEPTH_MAX)
    if facts.LIST_CALL in address and isinstance(value, dict):
        _judge_total(value, pile)


def _recorded(entry: dict[str, Any], pile: _Pile) -> Any:
    """Give the JSON a recorded call was answered with; None when there is none, which is then a problem."""
    response = record(entry.get("response")) or {}
    if response.get("status") not in {200, None}:
        pile.problem("har_status", "A recorded call of the refunds service did not succeed.")
        return None
    body = _har_body(record(response.get("content")) or {})
    if body is None:
        pile.problem("har_body", "A recorded call of the refunds service has no answer in it.")
        return None
    return _loaded(body, pile, "har_body")


def _judge_total(value: dict[str, Any], pile: _Pile) -> None:
    """A list tells how many requests the section holds; without it nobody can tell whether the list is whole."""
    total = whole(value.get("total"))
    if total is None:
        came = came_of(value["total"]) if "total" in value else "–"
        pile.problem("list_total", f"How many requests the section holds is not told: «{came}».")
    elif total and value.get("data") == []:
        pile.problem("list_total", f"The list is empty, the section is said to hold «{total}».")


def _har_body(content: dict[str, Any]) -> bytes | None:
    held = content.get("text")
    if not isinstance(held, str) or not held:
        return None
    if content.get("encoding") != "base64":
        return held.encode("utf-8", "replace")
    try:
        return base64.b64decode(held, validate=True)
    except (binascii.Error, ValueError):
        return None


def _tab_of(address: str) -> str | None:
    try:
        tabs: Sequence[str] = parse_qs(urlsplit(address).query).get("tab", ())
    except ValueError:
        return None
    return tabs[0] if tabs else None
