"""Pictures in an archive: the companion writes down their SHA-256 only, a browser's own recording may hold them whole."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qaitar.contracts.marketplace import ReturnReading
from qaitar.transport.lenient import record, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NUMBER = re.compile(r"[0-9]{1,20}-[0-9]{1,4}\Z")
_SHA256 = re.compile(r"sha256:([0-9a-f]{64})\Z")


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known of a picture: its digest, and whose it is if the recording says so."""

    sha256: str
    number: str = ""


def picture_of(entry: Mapping[str, Any]) -> Picture | None:
    """Read a recorded picture; None when it is none, or not whole."""
    response = record(entry.get("response")) or {}
    content = record(response.get("content")) or {}
    if response.get("status") not in {200, None}:
        return None
    number = text(entry.get("comment")) or ""
    whose = number if _NUMBER.match(number) else ""
    if digest := _SHA256.match(text(content.get("comment")) or ""):
        return Picture(digest[1], whose)
    held = content.get("text")
    is_picture = (text(content.get("mimeType")) or "").startswith("image/")
    if not is_picture or content.get("encoding") != "base64" or not isinstance(held, str):
        return None
    try:
        body = base64.b64decode(held, validate=True)
    except (binascii.Error, ValueError):
        return None
    return Picture(hashlib.sha256(body).hexdigest(), whose) if body else None


def with_digests(
    readings: Sequence[ReturnReading], pictures: Mapping[str, Picture]
) -> tuple[ReturnReading, ...]:
    """Lay the digests beside the requests they belong to: by the request named with the picture, else by its address.

    Where only pictures of a request came, a reading tells its number and them, nothing else.
    """
    if not pictures:
        return tuple(readings)
    named: dict[str, dict[str, str]] = defaultdict(dict)
    for url, picture in pictures.items():
        if picture.number:
            named[picture.number][url] = picture.sha256
    in_recording = [
        replace(reading, image_digests=own or None)
        for reading in readings
        for own in [_own(reading, pictures, named.pop(reading.number, {}))]
    ]
    alone = [ReturnReading(number=number, image_digests=own) for number, own in named.items()]
    return (*in_recording, *alone)


def _own(
    reading: ReturnReading, pictures: Mapping[str, Picture], named: Mapping[str, str]
) -> dict[str, str]:
    by_address = {url: pictures[url].sha256 for url in reading.image_urls or () if url in pictures}
    return {**by_address, **named}
