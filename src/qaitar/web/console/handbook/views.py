"""The operator's guide inside the console: its cover, its pages, and a search over both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_GET

from qaitar.web.console.frame.auth import PageRequest, found_or_404, screen
from qaitar.web.console.handbook.book import (
    COVER,
    LANGUAGE,
    chapter,
    chapter_names,
    chapter_url,
    find,
)
from qaitar.web.console.labels.terms import TERMS

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_GET
@screen()
def guide(visit: PageRequest) -> HttpResponse:
    """Show the cover with the words explained, or what was found."""
    return _page(visit, COVER)


@require_GET
@screen()
def guide_page(visit: PageRequest, name: str) -> HttpResponse:
    """Show one page of the guide."""
    return _page(visit, name)


def _page(visit: PageRequest, name: str) -> HttpResponse:
    here, query = found_or_404(chapter(name)), visit.request.GET.get("q", "").strip()
    answers = [
        {"found": each, "url": chapter_url(each.section.page, each.section.anchor)}
        for each in find(query)
    ]
    chapters = [
        {"title": page.title, "url": chapter_url(each), "current": each == name and not query}
        for each in chapter_names()
        if (page := chapter(each)) is not None
    ]
    context = {
        "chapter": here,
        "chapters": chapters,
        "query": query,
        "answers": answers,
        "guide_language": LANGUAGE,
        "terms": TERMS.values() if name == COVER and not query else (),
    }
    return render(visit.request, "console/handbook/guide.html", context)
