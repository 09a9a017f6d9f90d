"""Where a request came from, for the security journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.foundation.identity.security_journal import Origin
from qaitar.foundation.ops.request_log import ADDRESS

if TYPE_CHECKING:
    from django.http import HttpRequest

BROWSER_MAX = 200


def origin_of(request: HttpRequest, channel: str = "web") -> Origin:
    """Return address and browser of a request."""
    return Origin(
        address=str(request.META.get(ADDRESS, "")),
        browser=request.headers.get("User-Agent", "")[:BROWSER_MAX],
        channel=channel,
    )
