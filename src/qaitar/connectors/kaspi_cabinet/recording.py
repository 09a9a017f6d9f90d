"""Browser recordings (HAR 1.2): the answers of the refunds service in them, and the part of a recording that may be stored.

HAR is described at http://www.softwareishard.com/blog/har-12-spec/.  Chrome and Firefox differ: CORS preflights stand beside the
calls, text may be marked as base64 that is not, a 304 may carry the body the browser had.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from qaitar.connectors.kaspi_cabinet import facts
from qaitar.connectors.kaspi_cabinet.moments import moment
from qaitar.connectors.kaspi_cabinet.pictures import Picture, picture_of
from qaitar.contracts.marketplace import ReducedAnswers
from qaitar.transport.lenient import Unreadable, load, record, records, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

HANDED_AT: Final = "_handedAt"
ROW: Final = "_row"  # an entry's place in the recording that came, where it was another
READABLE: Final = frozenset({200, 304, None})
PREFLIGHT: Final = "OPTIONS"
_PAGE: Final = re.compile(r"not JSON, [0-9]{1,12} bytes\Z")
_SECRET_NAMES: Final = frozenset({"headers", "cookies", "cookie", "set-cookie", "authorization"})


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """One recorded answer of the refunds service.  `row` is its place in the recording, from 1; `shop` its `merchantId`.

    `page` is that of a list; `not_stored` tells of a body that was no data and was left out on storing.
    """

    row: int
    address: str
    call: str
    status: int | None
    seen_at: datetime | None
    body: bytes | None
    shop: str = ""
    tab: str | None = None
    page: str = "0"
    number: str = ""
    not_stored: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """What of a recording is read: answers in the order they were given, pictures by address.

    `has_times` tells whether at least one answer says when it was given.
    """

    answers: tuple[RecordedAnswer, ...]
    pictures: Mapping[str, Picture]
    handed_at: datetime | None
    has_times: bool


def logs_in(value: object) -> list[dict[str, Any]]:
    """Find the recordings in a JSON value: a HAR, a list of them, or entries copied one by one.

    >>> [len(log["entries"]) for log in logs_in({"log": {"entries": [{}]}})]
    [1]
    >>> logs_in([{"applicationNumber": "700000001-1"}])
    []
    """
    if isinstance(value, list):
        return [log for item in value for log in logs_in(item)]
    if not isinstance(value, dict):
        return []
    if (log := record(value.get("log"))) is not None:
        return [log]
    return [{"entries": [value]}] if {"request", "response"} <= value.keys() else []


def recording_of(logs: Sequence[Mapping[str, Any]]) -> Recording:
    """Read the recordings of one body."""
    entries = [entry for log in logs for entry in records(log.get("entries"))]
    answers = [
        answer
        for row, entry in enumerate(entries, start=1)
        if (answer := _answer_of(entry, _row_of(entry, row))) is not None
    ]
    has_times = any(answer.seen_at is not None for answer in answers)
    timed = _filled(answers) if has_times else answers
    if has_times:
        timed = sorted(timed, key=lambda each: (each.seen_at, each.row))
    handed = (moment(text(log.get(HANDED_AT))) for log in logs)
    return Recording(
        answers=tuple(timed),
        pictures={
            address: picture
            for entry in entries
            if not is_refunds(address := address_of(entry))
            and (picture := picture_of(entry)) is not None
        },
        handed_at=next((each for each in handed if each is not None), None),
        has_times=has_times,
    )


def _row_of(entry: Mapping[str, Any], place: int) -> int:
    """Give an entry's place in the recording that came; `place` is where it stands in this one."""
    row = entry.get(ROW)
    return row if isinstance(row, int) and not isinstance(row, bool) and row > 0 else place


def _filled(answers: Sequence[RecordedAnswer]) -> list[RecordedAnswer]:
    """Give an answer without a moment that of the answer before it, the first ones that of the first that has one."""
    last = next(answer.seen_at for answer in answers if answer.seen_at is not None)
    filled = []
    for answer in answers:
        last = answer.seen_at or last
        filled.append(replace(answer, seen_at=last))
    return filled


def address_of(entry: Mapping[str, Any]) -> str:
    """Return the address an entry requested; empty when there is none."""
    return text((record(entry.get("request")) or {}).get("url")) or ""


def is_refunds(address: str) -> bool:
    """Tell whether an address is one of the refunds service's, by its path.

    >>> is_refunds("https://mc.shop.kaspi.kz/refund/api/v1/merchant-cabinet/load-refunds-count?merchantId=1")
    True
    >>> is_refunds("https://stats.example/hit?page=/refund/api/v1")
    False
    """
    try:
        return urlsplit(address).path.startswith(facts.REFUNDS_MARK)
    except ValueError:
        return False


def is_preflight(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry is the question a browser asks before the call itself; its answer is empty by design."""
    method = text((record(entry.get("request")) or {}).get("method")) or ""
    return method.upper() == PREFLIGHT


def _answer_of(entry: Mapping[str, Any], row: int) -> RecordedAnswer | None:
    address = address_of(entry)
    if not is_refunds(address) or is_preflight(entry):
        return None
    response = record(entry.get("response")) or {}
    status = response.get("status")
    content = record(response.get("content")) or {}
    query = _query(address)
    return RecordedAnswer(
        row=row,
        address=address,
        call=urlsplit(address).path.rpartition("/")[2],
        status=status if isinstance(status, int) and not isinstance(status, bool) else None,
        seen_at=moment(text(entry.get("startedDateTime"))),
        body=body_of(content),
        shop=query.get("merchantId", ""),
        tab=query.get("tab"),
        page=query.get("p", "0"),
        number=query.get("code", ""),
        not_stored=_page_note(content),
    )


def _query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def body_of(content: Mapping[str, Any]) -> bytes | None:
    """Give the recorded bytes.  Text wrongly marked as base64 is taken as it stands, base64 of JSON without its mark is decoded.

    >>> body_of({"text": "W10=", "encoding": "base64"}), body_of({"text": "[ ]", "encoding": "base64"}), body_of({})
    (b'[]', b'[ ]', None)
    >>> body_of({"text": "W10="}), body_of({"text": "null"})
    (b'[]', b'null')
    """
    held = content.get("text")
    if not isinstance(held, str) or not held:
        return None
    plain = held.encode("utf-8", "replace")
    if held.lstrip()[:1] in {"[", "{"}:
        return plain
    try:
        decoded = base64.b64decode("".join(held.split()), validate=True)
    except (binascii.Error, ValueError):
        return plain
    marked = content.get("encoding") == "base64"
    return decoded if marked or decoded.lstrip()[:1] in {b"[", b"{"} else plain


def _page_note(content: Mapping[str, Any]) -> str:
    """Give what a stored recording says of a page it left out; empty where it left out none."""
    note = text(content.get("comment")) or ""
    return note if "text" not in content and _PAGE.match(note) else ""


# --- what may be stored -------------------------------------------------------------------------------------------


def reduce_answers(body: bytes) -> ReducedAnswers:
    """Reduce a body to what may be stored; a body that holds nothing else stays byte for byte.

    Of a recording: address, status, moment and content of the refunds service's answers, and digests of the buyers' pictures.  No
    header, cookie, page or script.  Bytes that are no JSON are not stored at all: nobody can tell what is in them.
    """
    try:
        value = load(body)
    except Unreadable:
        return ReducedAnswers(b"", {"not_json": len(body)})
    left_out: Counter[str] = Counter()
    logs = logs_in(value)
    reduced = _reduced(logs, left_out) if logs else _without_secrets(value, left_out)
    same = reduced == value and not left_out
    stored_body = (
        body if same else json.dumps(reduced, ensure_ascii=False, separators=(",", ":")).encode()
    )
    return ReducedAnswers(stored_body, dict(left_out), bool(logs) and _has_times(reduced))


def _has_times(reduced: Any) -> bool:
    return any(
        moment(text(entry.get("startedDateTime"))) is not None
        for log in logs_in(reduced)
        for entry in records(log.get("entries"))
    )


def _reduced(logs: Sequence[Mapping[str, Any]], left_out: Counter[str]) -> dict[str, Any]:
    entries = [entry for log in logs for entry in records(log.get("entries"))]
    reduced = [
        _reduced_entry(entry, left_out) if is_refunds(address_of(entry)) else None
        for entry in entries
    ]
    addresses = set(_addresses(reduced))
    for place, entry in enumerate(entries):
        if not is_refunds(address_of(entry)):
            reduced[place] = _reduced_picture(entry, addresses, left_out)
    stored = [(place, entry) for place, entry in enumerate(reduced, start=1) if entry is not None]
    for now, (place, entry) in enumerate(stored, start=1):
        if (row := _row_of(entries[place - 1], place)) != now:
            entry[ROW] = row
    left_out["header_lines"] = sum(map(_lines, entries))
    for kind in [kind for kind, count in left_out.items() if not count]:
        del left_out[kind]
    log: dict[str, Any] = {
        name: value
        for name in ("version", HANDED_AT)
        if (value := next(filter(None, (text(one.get(name)) for one in logs)), None))
    }
    if maker := text((record(logs[0].get("creator")) or {}).get("name")):
        log["creator"] = {"name": maker}
    return {"log": {**log, "entries": [entry for _, entry in stored]}}


def _lines(entry: Mapping[str, Any]) -> int:
    """Count the header and cookie lines of an entry."""
    sides = [record(entry.get(side)) or {} for side in ("request", "response")]
    return sum(len(records(side.get(name))) for side in sides for name in ("headers", "cookies"))


def _reduced_entry(entry: Mapping[str, Any], left_out: Counter[str]) -> dict[str, Any] | None:
    if is_preflight(entry):
        left_out["preflights"] += 1
        return None
    response = record(entry.get("response")) or {}
    content = record(response.get("content")) or {}
    content_stored = _members(content, "mimeType", "size", "encoding")
    if (body := body_of(content)) is not None:
        if _is_json(body):
            content_stored["text"] = content["text"]
        else:
            left_out["pages"] += 1
            content_stored["comment"] = f"not JSON, {len(body)} bytes"
    elif note := _page_note(content):
        content_stored["comment"] = note
    return _entry(entry, response.get("status"), content_stored)


def _is_json(body: bytes) -> bool:
    try:
        load(body)
    except Unreadable:
        return body.lstrip()[:1] in {b"{", b"["}  # an answer that came cut is still an answer
    return True


def _reduced_picture(
    entry: Mapping[str, Any], addresses: set[str], left_out: Counter[str]
) -> dict[str, Any] | None:
    picture = picture_of(entry)
    if picture is None or not (picture.number or address_of(entry) in addresses):
        left_out["other_answers"] += 1
        return None
    content = record((record(entry.get("response")) or {}).get("content")) or {}
    left_out["pictures"] += "text" in content
    content_stored = _members(content, "mimeType", "size")
    content_stored["comment"] = f"sha256:{picture.sha256}"
    made = _entry(entry, (record(entry.get("response")) or {}).get("status"), content_stored)
    return {"comment": picture.number, **made} if "comment" in entry else made


def _members(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value}


def _entry(entry: Mapping[str, Any], status: object, content: dict[str, Any]) -> dict[str, Any]:
    request = record(entry.get("request")) or {}
    reduced: dict[str, Any] = {}
    if "startedDateTime" in entry:
        reduced["startedDateTime"] = text(entry["startedDateTime"])
    reduced["request"] = {
        name: text(request[name]) for name in ("method", "url") if name in request
    }
    reduced["response"] = {"content": content}
    if isinstance(status, int):
        reduced["response"]["status"] = status
    return reduced


def _addresses(entries: Sequence[Mapping[str, Any] | None]) -> Iterator[str]:
    """Give every address written inside the stored answers: pictures are recognised by them."""
    for entry in entries:
        body = body_of(entry["response"]["content"]) if entry else None
        if body is not None:
            try:
                yield from _texts(load(body))
            except Unreadable:
                continue


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith("http"):
            yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _without_secrets(value: Any, left_out: Counter[str]) -> Any:
    """Leave headers and cookies out of JSON that is neither a recording nor, perhaps, an answer."""
    if isinstance(value, dict):
        secret = [name for name in value if name.lower() in _SECRET_NAMES]
        left_out.update({"header_lines": len(secret)} if secret else {})
        return {
            name: _without_secrets(inner, left_out)
            for name, inner in value.items()
            if name not in secret
        }
    return (
        [_without_secrets(item, left_out) for item in value] if isinstance(value, list) else value
    )
