"""Finding a request by any number, phone, serial or name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from qaitar.analytics.export_definitions import ListKind
from qaitar.foundation.records.search import find_subjects
from qaitar.returns.reads.cases import cases_load
from qaitar.web.console.case.records import Empty
from qaitar.web.console.frame.answers import is_partial, typed
from qaitar.web.console.frame.auth import EVERYBODY, PageRequest, screen
from qaitar.web.console.lists.views import ways_out
from qaitar.web.console.queue.row import queue_row
from qaitar.web.console.settings.records import SearchPage

if TYPE_CHECKING:
    from django.http import HttpResponse

FOUND_MAX: Final = 50
QUERY_MAX: Final = 200


@require_GET
@screen(EVERYBODY)
def search(visit: PageRequest) -> HttpResponse:
    """Show what begins with each word of the query; a whole request number leads to its card at once."""
    query = typed(visit.request.GET.get("q", ""), QUERY_MAX)
    ids = find_subjects(visit.who.merchants, query, FOUND_MAX) if query else []
    loaded = {case.request.pk: case for case in cases_load(ids)} if ids else {}
    cases = [loaded[pk] for pk in ids if pk in loaded]
    partial = is_partial(visit.request)
    if len(cases) == 1 and cases[0].request.number == query and not partial:
        return redirect("console:case", cases[0].request.pk)
    page = SearchPage(
        query=query,
        url=reverse("console:search"),
        rows=tuple(queue_row(case, visit.now) for case in cases),
        empty=None if cases else _nothing(query),
    )
    exports = ways_out(ListKind.SEARCH, urlencode({"q": query})) if cases else ()
    name = "partials/search_results" if partial else "search"
    return render(visit.request, f"console/queue/{name}.html", {"search": page, "exports": exports})


def _nothing(query: str) -> Empty:
    if not query:
        return Empty(
            title=_("What do you look for?"),
            text=_("Order, request, phone, serial or name: the beginning is enough."),
            icon="search",
        )
    return Empty(
        title=_("Nothing found"),
        text=_("Each word has to begin a number, a phone, a serial or a name of the same request."),
        icon="search",
        url=reverse("console:request_new"),
        link=_("New request"),
    )
