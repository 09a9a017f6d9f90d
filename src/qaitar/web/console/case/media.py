"""Proofs looked at in place: pages of a PDF as pictures drawn by us, videos played piece by piece."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse
from django.views.decorators.http import require_GET

from qaitar.foundation.files.previews import MIME as PREVIEW_MIME
from qaitar.foundation.files.previews import NoPreview, draw_page
from qaitar.foundation.files.store import download_headers
from qaitar.web.console.case.evidence import PAGES_MAX
from qaitar.web.console.case.files import file_of, opened
from qaitar.web.console.frame.auth import EVERYBODY, PageRequest, note_roles, screen

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

CACHE_SECONDS: Final = 86_400
PIECE_BYTES: Final = 1024 * 1024
_RANGE: Final = re.compile(r"bytes=(\d{1,15})-(\d{1,15})?\Z")


@require_GET
@transaction.non_atomic_requests
def page(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Show one page of a PDF as a picture.

    Drawing takes its time, so no transaction stands open meanwhile: ask, then draw.
    """
    with transaction.atomic():
        response: HttpResponse = _page_wanted(request, pk, number)
    sha256 = response.get("X-Content", "")
    if not sha256:
        return response
    with opened(sha256) as stream:
        drawn = draw_page(stream.read(), number)
    if isinstance(drawn, NoPreview):
        raise Http404(drawn.reason)
    answer = HttpResponse(drawn, content_type=PREVIEW_MIME)
    answer["Cache-Control"] = f"private, max-age={CACHE_SECONDS}, immutable"
    return answer


note_roles(page, EVERYBODY)  # its part is a screen


@screen(EVERYBODY)
def _page_wanted(visit: PageRequest, pk: UUID, number: int) -> HttpResponse:  # noqa: ARG001  the door's signature
    """Tell which content the page is drawn from, behind the walls."""
    file = file_of(pk)
    if file.mime != "application/pdf" or not 1 <= number <= min(file.pages or 0, PAGES_MAX):
        raise Http404
    return HttpResponse(headers={"X-Content": file.sha256})


@require_GET
@screen(EVERYBODY)
def play(visit: PageRequest, pk: UUID) -> HttpResponseBase:
    """Hand out a video to be played in the page, from any place in it."""
    file = file_of(pk)
    if not file.mime.startswith("video/"):
        raise Http404
    stream = opened(file.sha256)
    first, last = _piece(visit.request.headers.get("Range", ""), file.size)
    if first is None:
        answer: HttpResponseBase = FileResponse(stream)
    else:
        stream.seek(first)
        with stream:
            answer = HttpResponse(stream.read(last - first + 1), status=HTTPStatus.PARTIAL_CONTENT)
        answer["Content-Range"] = f"bytes {first}-{last}/{file.size}"
    for header, value in download_headers(file.name, file.mime).items():
        answer[header] = value
    answer["Accept-Ranges"] = "bytes"
    answer["Cache-Control"] = f"private, max-age={CACHE_SECONDS}, immutable"
    return answer


def _piece(header: str, size: int) -> tuple[int | None, int]:
    """Read which bytes are asked for, at most a piece at a time; None: all of them.

    >>> _piece("bytes=0-", 10), _piece("bytes=4-99", 10), _piece("", 10), _piece("bytes=10-", 10)
    ((0, 9), (4, 9), (None, 9), (None, 9))
    """
    found = _RANGE.match(header)
    if found is None or int(found[1]) >= size:
        return None, size - 1
    first = int(found[1])
    last = int(found[2]) if found[2] else size - 1
    if last < first:
        return None, size - 1
    return first, min(last, size - 1, first + PIECE_BYTES - 1)
