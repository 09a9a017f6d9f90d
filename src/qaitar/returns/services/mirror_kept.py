"""What of a cabinet's answer is kept beside the columns: steps, pictures with their digests, what could not be read and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qaitar.contracts.marketplace import ReturnReading
from qaitar.returns.mirror import Ending, ending_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

Mirror = dict[str, Any]
PICTURES_MAX: Final = 100
UNREAD_MAX: Final = 40


def kept_first(reading: ReturnReading, seen_at: datetime) -> Mirror:
    """Keep what the first look at a request tells."""
    return _with_marks({}, _extras(reading), reading, seen_at)


def kept_after(mirror: Mapping[str, Any], reading: ReturnReading, seen_at: datetime) -> Mirror:
    """Lay another look over what is kept: what it does not tell stays, what it reads well is no longer marked unread."""
    told = reading.steps is not None or reading.image_urls is not None or bool(reading.reject_text)
    extras = {k: v for k, v in _extras(reading).items() if v} if told else {}
    return _with_marks(mirror, extras, reading, seen_at)


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
    kept = {**before, **extras}
    for name, value in marks.items():
        if value:
            kept[name] = value
        else:
            kept.pop(name, None)
    return kept


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
