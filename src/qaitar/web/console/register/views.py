"""The register of returns: every request of ours, filtered, walked by key, taken away as XLSX or CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from qaitar.analytics.export_definitions import ListKind
from qaitar.orders.services.stores import stores_of
from qaitar.returns.reads.register import register_slice, register_sum, sheet_lines
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import Stage
from qaitar.web.console.case.records import Choice, Empty, MoneyCell
from qaitar.web.console.frame.answers import is_partial
from qaitar.web.console.frame.auth import PageRequest, screen
from qaitar.web.console.lists.views import ways_out
from qaitar.web.console.register.filters import RegisterQuery
from qaitar.web.console.settings.present import register_row
from qaitar.web.console.settings.records import RegisterPage

if TYPE_CHECKING:
    pass

EXPORT_AT_ONCE_MAX: Final = 5_000  # more lines are made into a file by a job


@require_GET
@screen()
def register(visit: PageRequest) -> HttpResponse:
    """Show one page of the register; a page asked for by key alone comes as bare rows."""
    query = RegisterQuery(visit.request.GET)
    merchants = visit.who.merchants
    page = register_slice(merchants, query.wanted, query.after)
    lines = sheet_lines([row.pk for row in page.rows])
    rows = tuple(register_row(row, lines.get(row.pk)) for row in page.rows)
    path = reverse("console:register")
    more = query.address(path, after=page.next.text()) if page.next else ""
    if is_partial(visit.request) and query.after:
        context: dict[str, Any] = {"rows": rows, "more_url": more}
        return render(visit.request, "console/register/partials/register_rows.html", context)
    answer = _page(visit, query, rows, more)
    return render(visit.request, "console/register/register.html", {"page": answer})


def _page(
    visit: PageRequest, query: RegisterQuery, rows: tuple[Any, ...], more: str
) -> RegisterPage:
    path = reverse("console:register")
    summed = register_sum(visit.who.merchants, query.wanted)
    exports = ways_out(ListKind.REGISTER, query.address("")[1:])
    filtered = query.address(path) != path
    return RegisterPage(
        rows=rows,
        url=path,
        exports=exports if rows else (),
        total=MoneyCell(minor=summed.minor, currency=summed.currency),
        count=summed.count,
        count_more=summed.more,
        since=query.since,
        until=query.until,
        stores=_stores(visit, query),
        stages=_stages(query),
        more_url=more,
        empty=None if rows else _empty(path, filtered=filtered),
    )


def _stores(visit: PageRequest, query: RegisterQuery) -> tuple[Choice, ...]:
    known = stores_of(visit.who.merchants)
    every = Choice(value="", label=_("all stores"), selected=query.store is None)
    return (
        every,
        *(
            Choice(value=str(store.pk), label=store.name, selected=store.pk == query.store)
            for store in known
        ),
    )


def _stages(query: RegisterQuery) -> tuple[Choice, ...]:
    every = Choice(value="", label=_("all stages"), selected=query.stage is None)
    return (
        every,
        *(
            Choice(value=stage.value, label=str(word_for(stage)), selected=stage is query.stage)
            for stage in Stage
        ),
    )


def _empty(path: str, *, filtered: bool) -> Empty:
    if filtered:
        return Empty(
            title=_("Nothing was filed in this part"),
            text=_("Widen the period or take the filter away."),
            icon="filter",
            url=path,
            link=_("Show the whole register"),
        )
    return Empty(
        title=_("The register is empty"),
        text=_("Every request that comes in gets its line here by itself."),
        icon="table",
        url=reverse("console:request_new"),
        link=_("Enter a request"),
    )
