"""Stores: their list with connections, opening one, changing its week, terms and default action."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Sum
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qaitar.foundation.connections.systems import registry
from qaitar.foundation.models import Connection, Membership
from qaitar.orders.models import Store
from qaitar.orders.services.stores import StoreProblem, store_create, store_update, stores_of
from qaitar.returns.models import StageCount, StageDelta
from qaitar.returns.services.recalculate_deadlines import recount_call_up, store_name_follow
from qaitar.returns.vocabulary import Stage
from qaitar.web.console.case.records import Empty
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import MANAGERS, PageRequest, found_or_404, screen
from qaitar.web.console.frame.settings_views import (
    managed,
    merchant_chosen,
    merchants_named,
    notify,
)
from qaitar.web.console.settings.present import connection_offer, connection_row
from qaitar.web.console.settings.records import ConnectionRow, StorePage, StoreRow
from qaitar.web.console.settings.store_forms import StoreForm, problem_sentence, store_initial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse

PEOPLE_MAX = 300


@require_GET
@screen(MANAGERS)
def stores(visit: PageRequest) -> HttpResponse:
    """List the stores with their connections and how many requests are open."""
    mine = managed(visit)
    names = merchants_named(mine)
    joined = list(Connection.objects.filter(merchant_id__in=mine).order_by("system", "name"))
    still_open = open_requests(mine)
    rows = tuple(
        StoreRow(
            name=_named(store, names) if len(names) > 1 else store.name,
            channel=store.channel.title(),
            url=reverse("console:store", args=[store.pk]),
            open_requests=still_open.get(store.pk, 0),
            connections=store_connections(store, joined),
        )
        for store in stores_of(mine)
    )
    page = StorePage(
        rows=rows,
        add_url=reverse("console:store_new"),
        empty=Empty(
            title=_("No stores yet"),
            text=_(
                "A store is one account on one marketplace, with its own working week and terms."
            ),
            icon="store",
            url=reverse("console:store_new"),
            link=_("Add a store"),
        ),
    )
    return render(visit.request, "console/settings/stores.html", {"page": page})


def _named(store: Store, names: dict[UUID, str]) -> str:
    return f"{store.name} · {names.get(store.merchant_id, '')}"


def open_requests(merchants: Sequence[UUID]) -> dict[UUID, int]:
    """Count the open requests of each store from the maintained counters; two statements for all stores."""
    counts: dict[UUID, int] = {}
    for table, name in ((StageCount, "count"), (StageDelta, "delta")):
        rows = table.objects.filter(merchant_id__in=merchants).exclude(stage=Stage.CLOSED)
        for store_id, number in rows.values_list("store_id").annotate(Sum(name)):
            counts[store_id] = counts.get(store_id, 0) + int(number)
    return counts


def store_connections(store: Store, joined: list[Connection]) -> tuple[ConnectionRow, ...]:
    """Show every system a store may be joined to: its own connection, the merchant's, or that there is none."""
    stores = []
    for system, known in registry().items():
        own = store.pk if known.per_store else None
        row = next(
            (
                each
                for each in joined
                if each.merchant_id == store.merchant_id
                and each.system == system
                and each.store_id in {store.pk, None}
            ),
            None,
        )
        stores.append(
            connection_row(row) if row else connection_offer(system, known, store.merchant_id, own)
        )
    return tuple(stores)


def people_of(merchant_id: UUID) -> list[tuple[int, str]]:
    """List the people who work for a merchant, for choosing one."""
    held = Membership.objects.filter(merchant_id=merchant_id, user__is_active=True)
    rows = held.select_related("user").order_by("user__first_name", "user__username")
    return [(each.user.pk, str(each.user)) for each in rows[:PEOPLE_MAX]]


@require_http_methods(["GET", "POST"])
@screen(MANAGERS)
def store_new(visit: PageRequest) -> HttpResponse:
    """Open a store."""
    names = merchants_named(managed(visit))
    given = visit.request.POST if visit.request.method == "POST" else None
    merchant = (given or visit.request.GET).get("merchant", "")
    merchant_id = merchant_chosen(visit, merchant)
    several = [(str(key), name) for key, name in names.items()] if len(names) > 1 else []
    initial = {**store_initial(None), "merchant": str(merchant_id)}
    people = people_of(merchant_id)
    form = StoreForm(given, initial=initial, people=people, merchants=several)
    if given is not None and form.is_valid():
        try:
            store = store_create(
                merchant_id=merchant_id,
                entry=form.entry(),
                by=visit.who.actor_at(merchant_id),
                now=visit.now,
            )
        except StoreProblem as problem:
            _add_problem(form, problem)
        else:
            notify(
                visit,
                _("The store “%(name)s” is open. Join it to its systems now, or import its orders.")
                % {"name": store.name},
            )
            return see_other(f"{reverse('console:connections')}#store-{store.pk}")
    return _form_page(visit, form, _("New store"))


@require_http_methods(["GET", "POST"])
@screen(MANAGERS)
def store(visit: PageRequest, store_id: UUID) -> HttpResponse:
    """Show and change a store; dates of its open requests are counted anew by a job."""
    row = found_or_404(Store.objects.filter(pk=store_id, merchant_id__in=managed(visit)).first())
    given = visit.request.POST if visit.request.method == "POST" else None
    form = StoreForm(given, initial=store_initial(row), people=people_of(row.merchant_id))
    if given is not None and form.is_valid():
        try:
            changed = _change(visit, row, form)
        except StoreProblem as problem:
            _add_problem(form, problem)
        else:
            notify(
                visit,
                _("Saved. Control dates of open requests are being counted anew.")
                if changed
                else _("Nothing was different, so nothing was changed."),
            )
            return see_other(reverse("console:store", args=[row.pk]))
    return _form_page(visit, form, row.name)


def _change(visit: PageRequest, row: Store, form: StoreForm) -> bool:
    entry = form.entry()
    changed = store_update(
        store_id=row.pk, entry=entry, by=visit.who.actor_at(row.merchant_id), now=visit.now
    )
    if changed:
        store_name_follow(row.pk, entry.name.strip())
        recount_call_up(row.merchant_id)
    return changed


def _add_problem(form: StoreForm, problem: StoreProblem) -> None:
    names = (problem.field_name, f"term_{problem.field_name}")
    field = next((name for name in names if name in form.fields), None)
    form.add_error(field, problem_sentence(problem))


def _form_page(visit: PageRequest, form: StoreForm, title: str) -> HttpResponse:
    context = {"form": form, "title": title, "back_url": reverse("console:stores")}
    status = 422 if form.errors else 200
    return render(visit.request, "console/settings/store.html", context, status=status)
