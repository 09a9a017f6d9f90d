"""What is new, asked every few seconds by open pages: answered in two cheap statements, or by 304."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import connection
from django.http import HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from qaitar.returns.reads.queue import QueueFilter, late_count, stage_counts
from qaitar.returns.vocabulary import Stage
from qaitar.web.console.case.card_reads import news_mark
from qaitar.web.console.case.page import case_context
from qaitar.web.console.frame.auth import PageRequest, found_or_404, screen
from qaitar.web.console.queue.filters import queue_wanted, requested_merchants, wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANGED_MAX: Final = 50
_CACHE_POLICY: Final = "private, no-cache"  # asked again each time, by its tag
PLACE_DIGITS_MAX: Final = 18  # of a bigint
_LATEST: Final = """
SELECT max(q.place) FROM unnest(%(merchants)s::uuid[]) AS m(id) CROSS JOIN LATERAL (
  SELECT j.place FROM foundation_journalentry j WHERE j.merchant_id = m.id ORDER BY j.place DESC LIMIT 1) q
"""
_CHANGED: Final = """
SELECT DISTINCT ON (r.id) r.id, r.number, r.stage, r.control_at, r.store_id, r.assignee_id, r.pending_press
FROM unnest(%(merchants)s::uuid[]) AS m(id) CROSS JOIN LATERAL (
  SELECT j.subject_id FROM foundation_journalentry j WHERE j.merchant_id = m.id AND j.place > %(after)s
  ORDER BY j.place DESC LIMIT %(most)s) q
JOIN returns_returnrequest r ON r.id = q.subject_id LIMIT %(most)s
"""


def news_cursor(merchants: Sequence[UUID]) -> str:
    """Return the place of the newest journal line of these merchants, up to which a page is true; empty where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, {"merchants": list(merchants)})
        row = cursor.fetchone()
    return str(row[0]) if row and row[0] is not None else ""


@require_GET
@screen()
def live(visit: PageRequest) -> HttpResponse:
    """Tell counts and the requests changed since `after`; 304 while nothing happened."""
    part = queue_wanted(visit.request.GET)
    merchants = requested_merchants(part, visit.who)
    cursor = news_cursor(merchants)
    minute = int(visit.now.timestamp()) // 60  # lateness comes without a journal line
    tag = (
        f'"{hashlib.blake2s(f"{merchants}{cursor}{minute}".encode(), digest_size=12).hexdigest()}"'
    )
    if visit.request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag, "Cache-Control": _CACHE_POLICY})
    counts = stage_counts(merchants)
    body = {
        "cursor": cursor,
        "counts": {stage.value: n for stage, n in counts.items()},
        "late": late_count(merchants, visit.now),
        "changed": _changed(
            merchants,
            visit.request.GET.get("after", ""),
            cursor,
            wanted(part, visit.who, visit.now),
        ),
    }
    return JsonResponse(body, headers={"ETag": tag, "Cache-Control": _CACHE_POLICY})


def _changed(
    merchants: Sequence[UUID], after: str, cursor: str, part: QueueFilter
) -> list[dict[str, str | bool]]:
    if not (after.isascii() and after.isdigit() and len(after) <= PLACE_DIGITS_MAX):
        return []
    if after == cursor:
        return []
    with connection.cursor() as rows:
        rows.execute(
            _CHANGED, {"merchants": list(merchants), "after": int(after), "most": CHANGED_MAX}
        )
        return [
            {
                "id": str(pk),
                "number": number,
                "stage": stage,
                "due": due.isoformat() if due else "",
                "url": reverse("console:case", args=[pk]),
                "fits": part.takes(
                    stage=Stage(stage), store_id=store, assignee_id=to, waits=bool(proof), due=due
                ),
            }
            for pk, number, stage, due, store, to, proof in rows.fetchall()
        ]


@require_GET
@screen()
def case_live(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Bring an open card up to date: nothing while nothing changed, its outside part, or the whole card."""
    now = found_or_404(news_mark(pk))
    seen = visit.request.GET.get("seen", "")
    if seen == now:
        return HttpResponse(status=204)
    context = found_or_404(case_context(visit, pk))
    if seen.partition("-")[0] == now.partition("-")[0]:
        return render(visit.request, "console/case/partials/case_live.html", context)
    whole = render(visit.request, "console/case/partials/case_body.html", context)
    whole["HX-Retarget"] = "#case"
    whole["HX-Reswap"] = "outerHTML"
    return whole
