"""Writes an answer as JSON once, without passing it through schemas; tests hold answers to the declared shapes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse

from qaitar.web.api.idempotency import JSON

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID


def answer(value: Any, *, status: int = 200) -> HttpResponse:
    """Answer with JSON that nobody between us may keep."""
    response = HttpResponse(
        json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        status=status,
        content_type=JSON,
    )
    response["Cache-Control"] = "private, no-store"
    return response


def text_of(value: date | UUID | None) -> str | None:
    """Write a day, moment or id as text.

    >>> from datetime import date
    >>> text_of(date(2026, 5, 14)), text_of(None)
    ('2026-05-14', None)
    """
    if value is None:
        return None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
