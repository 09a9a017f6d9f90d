"""What a card shows in a few letters, so that an open page can ask whether it still holds.  Pure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


def live_mark(
    version: int, effects: Iterable[Mapping[str, Any]], section_seen_at: datetime | None
) -> str:
    """Write a card's version and what stands outside in a few letters; equal marks mean nothing new to show.

    >>> live_mark(7, [], None)[:2]
    '7-'
    """
    states = sorted(f"{each['id']}{each['state']}{each['attempts']}" for each in effects)
    seen = section_seen_at.isoformat() if section_seen_at else ""
    digest = hashlib.blake2s(f"{states}{seen}".encode(), digest_size=8)
    return f"{version}-{digest.hexdigest()}"
