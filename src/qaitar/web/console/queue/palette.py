"""What the palette cannot know from the page it is opened on: a person's views of the queue, and requests by any word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from qaitar.foundation.records.models import SavedView
from qaitar.foundation.records.search import find_subjects
from qaitar.returns.models import ReturnRequest
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import Stage
from qaitar.web.console.frame.answers import typed
from qaitar.web.console.frame.auth import EVERYBODY, PageRequest, screen
from qaitar.web.console.queue.filters import QueueQuery
from qaitar.web.console.queue.present import ready_views

if TYPE_CHECKING:
    from django.http import HttpResponse

FOUND_MAX: Final = 8
VIEWS_MAX: Final = 20
QUERY_MAX: Final = 200


@require_GET
@screen(EVERYBODY)
def palette(visit: PageRequest) -> HttpResponse:
    """Give the views of the queue, or what begins with each word of `q`; two statements at most."""
    query = typed(visit.request.GET.get("q", ""), QUERY_MAX)
    found = _found(visit, query) if query else _views(visit)
    return JsonResponse({"found": found}, headers={"Cache-Control": "no-store"})


def _views(visit: PageRequest) -> list[dict[str, str]]:
    home = reverse("console:queue")
    stages = [(str(word_for(stage)), QueueQuery(stage=stage.value).url(home)) for stage in Stage]
    ready = [(view.label, view.url) for view in ready_views(QueueQuery(), home)]
    own = SavedView.objects.filter(user_id=visit.who.user_id).order_by("name")[:VIEWS_MAX]
    saved = [(view.name, f"{home}?{view.query}") for view in own]
    return [{"label": label, "url": url} for label, url in (*saved, *ready, *stages)]


def _found(visit: PageRequest, query: str) -> list[dict[str, str]]:
    ids = find_subjects(visit.who.merchants, query, FOUND_MAX)
    if not ids:
        return []
    rows = ReturnRequest.objects.filter(pk__in=ids).only(
        "number", "product_name", "customer_name", "stage"
    )
    by_id = {row.pk: row for row in rows}
    return [
        {
            "label": by_id[pk].number,
            "note": " · ".join(
                filter(
                    None,
                    (
                        str(word_for(Stage(by_id[pk].stage))),
                        by_id[pk].customer_name,
                        by_id[pk].product_name,
                    ),
                )
            ),
            "url": reverse("console:case", args=[pk]),
        }
        for pk in ids
        if pk in by_id
    ]
