"""What is told to whoever counts: a request and what happened to it, in order.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from qaitar.returns.vocabulary import Outcome, Quality, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class PastLine:
    """One journal line of a request: the act, when, and what it said of stage and control date.

    `stage` is None where the line says nothing of it.  `due_known` tells a control date that changed from one
    the line says nothing of.
    """

    act: str
    at: datetime
    stage: Stage | None = None
    due_known: bool = False
    due_before: datetime | None = None
    due_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One request as it stands now, and its lines from the first on."""

    id: UUID
    store_id: UUID
    filed_at: datetime
    created_at: datetime
    closed_at: datetime | None
    stage: Stage
    outcome: Outcome
    quality: Quality
    reason_code: str = ""
    reason_text: str = ""
    product_sku: str = ""
    product_name: str = ""
    lines: tuple[PastLine, ...] = ()
