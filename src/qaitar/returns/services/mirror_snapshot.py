"""What of a cabinet's answer is kept beside the columns: steps, pictures with their digests, what could not be read and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qaitar.contracts.marketplace import ReturnReading
from qaitar.returns.mirror.proofs import Ending, ending_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

Mirror = dict[str, Any]
PICTURES_MAX: Final = 100
UNREAD_MAX: Final = 40


def first_snapshot(reading: ReturnReading, seen_at: datetime) -> Mirror:
    """Keep what the first look at a request tells."""
    item = {"item": reading.item_print} if reading.item_print is not None else {}
    values = _displayed(reading)
    if (
        reading.reason_origin_code
    ):  # filed with the buyer's own reason: the marketplace's follows as a change
        values = {name: value for name, value in values.items() if not name.startswith("reason")}
    return _with_marks({}, {**_extras(reading), **item, "shown": values}, reading, seen_at)


def next_snapshot(mirror: Mapping[str, Any], reading: ReturnReading, seen_at: datetime) -> Mirror:
    """Lay another look over what is kept: what it does not tell stays, what it reads well is no longer marked unread."""
    if reading.item_print is not None:
        mirror = {**mirror, "item": reading.item_print}
    tells_extras = (
        reading.steps is not None or reading.image_urls is not None or bool(reading.reject_text)
    )
    extras = {k: v for k, v in _extras(reading).items() if v} if tells_extras else {}
    return _with_marks(mirror, extras, reading, seen_at)


CHANGES_MAX: Final = 20
REPLACEABLE: Final = ("reason_code", "reason_text", "amount_minor", "quantity_milli")
"""What the marketplace may replace after a request was filed, as columns of the request and fields of a reading."""


def replaced(
    known: Mapping[str, Any], mirror: Mapping[str, Any], reading: ReturnReading
) -> dict[str, Any]:
    """Give the values the marketplace now shows otherwise than before, by column.

    What it showed before is kept in the mirror, so that a value a person has noted since is not taken for the marketplace's;
    `known` are the request's own columns, which stand in where nothing was kept yet.
    """
    before = {name: known[name] for name in REPLACEABLE} | dict(mirror.get("shown", {}))
    return {name: value for name, value in _displayed(reading).items() if value != before[name]}


def _displayed(reading: ReturnReading) -> dict[str, Any]:
    """Give what a reading shows of these values, cut to their columns; a quantity of nothing is not told."""
    values: dict[str, Any] = {
        "reason_code": reading.reason_code and reading.reason_code[:60],
        "reason_text": reading.reason_text and reading.reason_text[:300],
        "amount_minor": reading.amount_minor,
        "quantity_milli": reading.quantity_milli or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def with_changes(
    mirror: Mirror, before: Mapping[str, Any], reading: ReturnReading, seen_at: datetime
) -> Mirror:
    """Note beside the columns what the marketplace shows now, and each replaced value with what stood there.

    `before` are the columns that change, with their old values.  A reason that had been replaced before it was first seen here is noted
    with the buyer's own, which the marketplace tells beside it.
    """
    displayed = _displayed(reading)
    lines = [
        {
            "name": name,
            "before": before[name],
            "after": displayed[name],
            "seen_at": seen_at.isoformat(),
        }
        for name in REPLACEABLE
        if before.get(name) not in {None, ""} and name != "reason_text"
    ]
    known = list(mirror.get("changes", ()))
    origin = reading.reason_origin_code
    if origin and not any(line["name"] == "reason_code" for line in (*known, *lines)):
        lines.append(
            {
                "name": "reason_code",
                "before": origin,
                "after": reading.reason_code,
                "seen_at": seen_at.isoformat(),
            }
        )
    for line in lines:
        if line["name"] == "reason_code":
            line["before_text"] = before.get("reason_text") or reading.reason_origin_text or ""
            line["after_text"] = reading.reason_text or ""
    result = {**mirror, "shown": {**mirror.get("shown", {}), **displayed}}
    return {**result, "changes": [*known, *lines][-CHANGES_MAX:]} if known or lines else result


def with_gaps_filled(mirror: Mirror, reading: ReturnReading, seen_at: datetime) -> Mirror:
    """Take from an older look what no look has shown yet: photos with their digests, tracking, way of delivery."""
    extras = {
        "images": list(reading.image_urls or ()),
        "tracking": reading.tracking_url or "",
        "delivery": reading.delivery_type or "",
    }
    filled = {name: value for name, value in extras.items() if value and not mirror.get(name)}
    pictures = _pictures(mirror.get("pictures", ()), reading, seen_at)
    return {**mirror, **filled, **({"pictures": pictures} if pictures else {})}


def without_words(mirror: Mapping[str, Any]) -> Mirror:
    """Return what is kept beside the columns without anything a person could be known by.

    Codes, sums, steps and moments stay; texts, links and values that could not be read go.
    """
    texts = ("before_text", "after_text", "reason_text")
    result = {name: value for name, value in mirror.items() if name in _WITHOUT_WORDS}
    if "shown" in mirror:
        result["shown"] = {k: v for k, v in mirror["shown"].items() if k not in texts}
    if "changes" in mirror:
        result["changes"] = [
            {k: v for k, v in line.items() if k not in texts} for line in mirror["changes"]
        ]
    return result


_WITHOUT_WORDS: Final = ("steps", "item", "delivery", "refused")


def only_pictures(reading: ReturnReading) -> bool:
    """Tell whether a reading tells nothing of a request but its pictures: it opens no case."""
    digests = reading.image_digests
    return digests is not None and reading == ReturnReading(
        number=reading.number, image_digests=digests
    )


def _extras(reading: ReturnReading) -> Mirror:
    """Keep what the card shows beside the columns: steps, photos, tracking, the refusal's words."""
    steps = [
        {"type": s.step_type, "title": s.title, "stage": s.stage, "status": s.step_status}
        for s in reading.steps or ()
    ]
    section = reading.section.value if reading.section else ""
    ending = ending_of(section, reading.status_text or "", reading.reject_text or "")
    return {
        "steps": steps,
        "images": list(reading.image_urls or ()),
        "tracking": reading.tracking_url or "",
        "delivery": reading.delivery_type or "",
        "reject": (reading.reject_text or "")[:2000],
        "hint": (reading.hint_text or "")[:1000],
        "refused": ending is Ending.REFUSED,
    }


def _with_marks(
    before: Mapping[str, Any], extras: Mapping[str, Any], reading: ReturnReading, seen_at: datetime
) -> Mirror:
    marks = {
        "pictures": _pictures(before.get("pictures", ()), reading, seen_at),
        "unread": _unread(before.get("unread", ()), reading),
    }
    result = {**before, **extras}
    for name, value in marks.items():
        if value:
            result[name] = value
        else:
            result.pop(name, None)
    return result


def _pictures(
    known: Sequence[Mapping[str, str]], reading: ReturnReading, seen_at: datetime
) -> list[Mapping[str, str]]:
    """Add pictures never seen, told apart by their digest: the same one under another address is no news."""
    pictures = list(known)
    digests = {one["sha256"] for one in pictures}
    for url, sha256 in (reading.image_digests or {}).items():
        if sha256 not in digests and len(pictures) < PICTURES_MAX:
            digests.add(sha256)
            pictures.append({"sha256": sha256, "url": url[:1000], "seen_at": seen_at.isoformat()})
    return pictures


def _unread(known: Sequence[Sequence[str]], reading: ReturnReading) -> list[Sequence[str]]:
    """Replace what was said of fields this look tells of; what it does not tell of stays said."""
    now = [[one.name, one.why, one.came] for one in reading.unread]
    about = set(reading.raw or ()) | {name for name, _why, _came in now}
    still = [one for one in known if one[0].partition(".")[0].partition("[")[0] not in about]
    return [*still, *now][:UNREAD_MAX]
