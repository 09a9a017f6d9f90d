"""What a card tells of the cabinet beyond its section: the buyer's pictures there, fields that could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadField:
    """A field of the cabinet's answer that could not be read: what stood there and why."""

    field: str
    came: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSeen:
    """A picture of the buyer's: its place in the cabinet, the beginning of its digest, when it was first seen."""

    url: str  # empty: not an address to follow
    digest: str
    seen_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedValue:
    """What the marketplace has replaced in a request since it was filed."""

    field: str
    before: str
    after: str
    seen_at: datetime | None
