"""Errors of the API as RFC 9457 problem details."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Mapping


def problem(
    status: int, title: str, *, detail: str = "", extra: Mapping[str, Any] | None = None
) -> HttpResponse:
    """Answer with problem+json.  `detail` is fit to show; internals never go in."""
    body = {"type": "about:blank", "title": title, "status": status, **(extra or {})}
    if detail:
        body["detail"] = detail
    return HttpResponse(
        json.dumps(body, ensure_ascii=False), status=status, content_type="application/problem+json"
    )
