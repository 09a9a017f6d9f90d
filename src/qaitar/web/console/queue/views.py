"""The queue: its pages, and a person's own views of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from django import forms
from django.contrib import messages
from django.http import JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qaitar.analytics.export_definitions import ListKind
from qaitar.foundation.records.models import SavedView
from qaitar.kernel.ids import new_id
from qaitar.orders.models import Store
from qaitar.returns.reads.queue import (
    COUNTED_MAX,
    QueueSlice,
    counts_bounded,
    late_count,
    queue_slice,
    stage_counts,
)
from qaitar.web.console.frame.answers import is_partial, see_other
from qaitar.web.console.frame.auth import PageRequest, found_or_404, screen
from qaitar.web.console.lists.views import ways_out
from qaitar.web.console.queue.filters import QueueQuery, queue_wanted, requested_merchants, wanted
from qaitar.web.console.queue.live import news_cursor
from qaitar.web.console.queue.present import READY, QueueFacts, more_url, queue_page, store_choices
from qaitar.web.console.queue.row import queue_row

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

STORES_MAX: Final = 500
VIEWS_MAX: Final = 20


@require_GET
@screen()
def queue(visit: PageRequest) -> HttpResponse:
    """Show one page of the queue; a page asked for by key alone comes as bare rows."""
    part = queue_wanted(visit.request.GET)
    merchants = requested_merchants(part, visit.who)
    cases = queue_slice(merchants, wanted(part, visit.who, visit.now))
    if is_partial(visit.request) and part.after:
        return _more_rows(visit, part, cases)
    facts = QueueFacts(
        counts=stage_counts(merchants),
        late=late_count(merchants, visit.now),
        stores=_stores(merchants),
        views=list(
            SavedView.objects.filter(user_id=visit.who.user_id).order_by("name")[:VIEWS_MAX]
        ),
    )
    page = queue_page(part, cases, facts, visit.who, visit.now)
    context = {
        "page": page,
        "stores": store_choices(part, facts),
        "part": part,
        "exports": ways_out(ListKind.QUEUE, part.query()),
        "live_url": reverse("console:live"),
        "live_cursor": news_cursor(merchants),
    }
    name = "partials/queue_list" if is_partial(visit.request) else "queue"
    return render(visit.request, f"console/queue/{name}.html", context)


@require_GET
@screen()
def view_counts(visit: PageRequest) -> HttpResponse:
    """Tell how many stand in each view above the queue, in their order, up to a hundred; asked after the page is there."""
    part = queue_wanted(visit.request.GET)
    own = SavedView.objects.filter(user_id=visit.who.user_id).order_by("name")[:VIEWS_MAX]
    parts = [part.but(**{name: value}) for name, value in READY]
    parts += [queue_wanted(forms_query(view.query)) for view in own]
    counts = counts_bounded(
        [
            (requested_merchants(each, visit.who), wanted(each, visit.who, visit.now))
            for each in parts
        ]
    )
    counted = [f"{n - 1}+" if n >= COUNTED_MAX else str(n) for n in counts]
    return JsonResponse({"counts": counted}, headers={"Cache-Control": "private, no-cache"})


def _more_rows(visit: PageRequest, part: QueueQuery, cases: QueueSlice) -> HttpResponse:
    context = {
        "rows": [queue_row(case, visit.now) for case in cases.cases],
        "more_url": more_url(part, cases, reverse("console:queue")),
        "pick": True,
    }
    return render(visit.request, "console/queue/partials/queue_rows.html", context)


def _stores(merchants: tuple[UUID, ...]) -> list[tuple[str, str]]:
    rows = Store.objects.filter(merchant_id__in=merchants).order_by("name", "id")
    return [(str(pk), name) for pk, name in rows.values_list("pk", "name")[:STORES_MAX]]


class ViewForm(forms.Form):
    """The name of a view to keep; the filter comes along hidden."""

    name = forms.CharField(max_length=60, label=gettext_lazy("Name of the view"))
    query = forms.CharField(max_length=500, widget=forms.HiddenInput)

    def clean_query(self) -> str:
        """Keep only what the queue understands."""
        query = queue_wanted(forms_query(self.cleaned_data["query"])).query()
        if not query:
            raise forms.ValidationError(_("There is no filter to keep."))
        return query


def forms_query(text: str) -> dict[str, str]:
    """Read a query text into names and values; the last of several counts.

    >>> forms_query("stage=NEW&due=late")
    {'stage': 'NEW', 'due': 'late'}
    """
    return dict(parse_qsl(text))


@require_http_methods(["GET", "POST"])
@screen()
def view_new(visit: PageRequest) -> HttpResponse:
    """Keep the present filter of the queue under a name."""
    query = queue_wanted(visit.request.GET).query()
    form = ViewForm(visit.request.POST or None, initial={"query": query})
    if visit.request.method == "POST" and form.is_valid():
        merchant_id = visit.who.merchants[0]
        SavedView.objects.update_or_create(
            user_id=visit.who.user_id,
            merchant_id=merchant_id,
            name=form.cleaned_data["name"],
            defaults={"query": form.cleaned_data["query"]},
            create_defaults={
                "id": new_id(),
                "query": form.cleaned_data["query"],
                "created_at": visit.now,
            },
        )
        messages.success(
            visit.request,
            _("The view “%(name)s” stands above the queue.") % {"name": form.cleaned_data["name"]},
        )
        return see_other(f"{reverse('console:queue')}?{form.cleaned_data['query']}")
    own = SavedView.objects.filter(user_id=visit.who.user_id).order_by("name")
    context = {"form": form, "views": own, "back_url": reverse("console:queue")}
    return render(
        visit.request, "console/queue/view_new.html", context, status=400 if form.errors else 200
    )


@require_POST
@screen()
def view_remove(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Forget one of the person's own views."""
    view = found_or_404(SavedView.objects.filter(pk=pk, user_id=visit.who.user_id).first())
    view.delete()
    messages.success(visit.request, _("The view “%(name)s” is gone.") % {"name": view.name})
    return see_other(reverse("console:view_new"))
