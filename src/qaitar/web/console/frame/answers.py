"""The shapes of answers all console pages share: see the result elsewhere, a part or a whole page."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.http import HttpResponseRedirect

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def see_other(url: str) -> HttpResponse:
    """Send the browser to look at the result with GET, so that reloading repeats nothing (303)."""
    return HttpResponseRedirect(url, status=HTTPStatus.SEE_OTHER)


def is_partial(request: HttpRequest) -> bool:
    """Tell whether HTMX asks for a part of a page, and not for a whole one it lost."""
    htmx: Any = getattr(request, "htmx", None)
    return bool(htmx) and not htmx.history_restore_request


def typed(text: str, most: int) -> str:
    r"""Take what a person typed: no more than `most` characters, no NUL, which the database cannot hold.

    >>> typed(" a\x00b ", 10)
    'ab'
    """
    return text.replace("\x00", "").strip()[:most]
