"""Connections to outside systems: list, form from the registry, check, switch, remove.  Secrets go in and never come out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qaitar.foundation.connections.secrets import NoKey
from qaitar.foundation.connections.systems import (
    Connector,
    SettingsInvalid,
    connection_check_order,
    connection_save,
    registry,
    secrets_set,
)
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.settings_journal import setting_note
from qaitar.foundation.models import Connection, PlannedEffect
from qaitar.orders.models import Store
from qaitar.orders.services.stores import stores_of
from qaitar.web.console.case.records import Empty
from qaitar.web.console.frame.answers import is_partial, see_other
from qaitar.web.console.frame.auth import MANAGERS, PageRequest, found_or_404, screen
from qaitar.web.console.frame.fresh_sign_in import sensitive
from qaitar.web.console.frame.settings_views import NO_KEY, managed, merchants_named, notify
from qaitar.web.console.settings.connection_forms import ConnectionForm, without_secrets
from qaitar.web.console.settings.present import (
    check_of,
    connection_offer,
    connection_row,
    kind_of,
    where_to_find,
)
from qaitar.web.console.settings.records import ConnectionPage, ConnectionRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpResponse

JOURNAL_KIND = "connection"


@require_GET
@screen(MANAGERS)
def connections(visit: PageRequest) -> HttpResponse:
    """List every system by merchant and store, joined or not."""
    mine = managed(visit)
    names = merchants_named(mine)
    joined = list(Connection.objects.filter(merchant_id__in=mine).order_by("system", "name"))
    waiting = _waiting(mine)
    groups = []
    for merchant_id, name in names.items():
        title = _("%(merchant)s: for all stores") % {"merchant": name}
        groups.append(
            _group(title, f"merchant-{merchant_id}", (merchant_id, None), joined, waiting)
        )
    for store in stores_of(mine):
        title = f"{store.name} · {names[store.merchant_id]}" if len(names) > 1 else store.name
        key = (store.merchant_id, store.pk)
        groups.append(_group(title, f"store-{store.pk}", key, joined, waiting))
    empty = Empty(
        title=_("No stores yet"),
        text=_("Open a store first; then it can be joined to its systems."),
        icon="plug",
        url=reverse("console:store_new"),
        link=_("Add a store"),
    )
    context = {"groups": groups, "empty": empty}
    return render(visit.request, "console/settings/connections.html", context)


def _group(
    title: str,
    anchor: str,
    key: tuple[UUID, UUID | None],
    joined: Sequence[Connection],
    waiting: Mapping[str, int],
) -> dict[str, object]:
    merchant_id, store_id = key
    rows: list[ConnectionRow] = []
    for system, known in registry().items():
        if known.per_store != (store_id is not None):
            continue
        mine = [
            each
            for each in joined
            if (each.merchant_id, each.store_id, each.system) == (merchant_id, store_id, system)
        ]
        rows += [connection_row(each, waiting.get(str(each.pk), 0)) for each in mine]
        if not mine:
            rows.append(connection_offer(system, known, merchant_id, store_id))
    return {"title": title, "anchor": anchor, "connections": rows}


def _waiting(merchants: Sequence[UUID]) -> dict[str, int]:
    """Count the calls that wait for a connection to be mended, by connection."""
    rows = PlannedEffect.objects.filter(merchant_id__in=merchants, state="MISCONFIGURED")
    counted = rows.values_list("payload__connection").annotate(Count("id"))
    return {str(key): int(number) for key, number in counted if key}


# --- the form ---------------------------------------------------------------------------------------


class ConnectionPlace:
    """Which connection a form is about: its system, merchant and store, and the row if it is saved already."""

    def __init__(self, system: str, merchant_id: UUID, store: Store | None) -> None:
        """Find the registry's entry and the row.

        Raises:
            Http404: nobody knows the system, or it is not one of a store (or not one of all stores).
        """
        known = registry().get(system)
        if known is None or known.per_store != (store is not None):
            raise Http404
        self.system, self.known, self.merchant_id, self.store = system, known, merchant_id, store
        self.row = Connection.objects.filter(
            merchant_id=merchant_id, system=system, store_id=self.store_id
        ).first()

    @property
    def store_id(self) -> UUID | None:
        """Name the store, or none when it is for all."""
        return self.store.pk if self.store else None

    @property
    def address(self) -> str:
        """Give the address of its form."""
        if self.row:
            return reverse("console:connection", args=[self.row.pk])
        path = reverse("console:connection_new", args=[self.merchant_id, self.system])
        return f"{path}?store={self.store.pk}" if self.store else path


def _place_new(visit: PageRequest, merchant_id: UUID, system: str) -> ConnectionPlace:
    if merchant_id not in managed(visit):
        raise Http404
    store_id = visit.request.GET.get("store", "")
    store = None
    if store_id:
        try:
            key = UUID(store_id)
        except ValueError as error:
            raise Http404 from error
        store = found_or_404(Store.objects.filter(pk=key, merchant_id=merchant_id).first())
    return ConnectionPlace(system, merchant_id, store)


def _row(visit: PageRequest, connection_id: UUID) -> Connection:
    rows = Connection.objects.filter(pk=connection_id, merchant_id__in=managed(visit))
    return found_or_404(rows.first())


def _place_of(visit: PageRequest, connection_id: UUID) -> ConnectionPlace:
    row = _row(visit, connection_id)
    store = None
    if row.store_id is not None:
        store = found_or_404(Store.objects.filter(pk=row.store_id).first())
    return ConnectionPlace(row.system, row.merchant_id, store)


@require_http_methods(["GET", "POST"])
@screen(MANAGERS)
@sensitive
def connection_new(visit: PageRequest, merchant_id: UUID, system: str) -> HttpResponse:
    """Join a store, or a whole merchant, to a system."""
    place = _place_new(visit, merchant_id, system)
    if visit.request.method != "POST":
        return _form_page(visit, place, ConnectionForm(place.known, place.row))
    return _saved(visit, place)


@require_http_methods(["GET", "POST"])
@screen(MANAGERS)
@sensitive
def connection(visit: PageRequest, connection_id: UUID) -> HttpResponse:
    """Show and change a connection."""
    place = _place_of(visit, connection_id)
    if visit.request.method != "POST":
        return _form_page(visit, place, ConnectionForm(place.known, place.row))
    return _saved(visit, place)


def _saved(visit: PageRequest, place: ConnectionPlace) -> HttpResponse:
    """Save; a check that was asked for is ordered with it, and a job makes it."""
    form = ConnectionForm(place.known, place.row, visit.request.POST)
    if not form.is_valid() or not _save(visit, place, form):
        return _form_page(visit, place, without_secrets(form))
    assert place.row is not None, "a saved connection has a row"
    if visit.request.POST.get("then") == "check" and place.row.enabled:
        connection_check_order(place.row, visit.now)
        notify(
            visit,
            _("Saved. “%(name)s” is being checked; the result appears here.")
            % {"name": place.row.name},
        )
    else:
        notify(visit, _("Saved. What waited for this connection goes on by itself."))
    return see_other(reverse("console:connection", args=[place.row.pk]))


def _save(visit: PageRequest, place: ConnectionPlace, form: ConnectionForm) -> bool:
    entered = form.entered(place.system, place.store_id)
    try:
        with transaction.atomic():
            row = connection_save(merchant_id=place.merchant_id, entered=entered, now=visit.now)
    except SettingsInvalid as invalid:
        form.add_problems(invalid.problems)
        return False
    except NoKey:
        form.add_error(None, str(NO_KEY))
        return False
    place.row = row
    fresh = sorted(name for name, value in (entered.secrets or {}).items() if value.strip())
    _note(visit, row, "CONNECTION_SAVE", {"settings": row.settings, "secrets_replaced": fresh})
    return True


def _note(visit: PageRequest, row: Connection, act: str, after: Mapping[str, Any]) -> None:
    values = {"system": row.system, "name": row.name, "enabled": row.enabled, **after}
    line = JournalLine(act=act, at=visit.now, by=visit.who.actor_at(row.merchant_id), after=values)
    setting_note(merchant_id=row.merchant_id, subject_id=row.pk, kind=JOURNAL_KIND, line=line)


def _form_page(visit: PageRequest, place: ConnectionPlace, form: ConnectionForm) -> HttpResponse:
    row, known = place.row, place.known
    page = ConnectionPage(
        name=row.name if row else str(known.label),
        kind=kind_of(known),
        store=place.store.name if place.store else _("for all stores"),
        back_url=reverse("console:connections"),
        save_url=place.address,
        check_url=reverse("console:connection_check", args=[row.pk]) if row else "",
        state_url=reverse("console:connection_state", args=[row.pk]) if row else "",
        secret_is_set=bool(row and secrets_set(row)),
        check=check_of(row, visit.now) if row else None,
        where_to_find=where_to_find(place.system),
        remove_url=reverse("console:connection_remove", args=[row.pk]) if row else "",
    )
    status = 422 if form.errors else 200
    context = {"page": page, "form": form}
    return render(visit.request, "console/settings/connection.html", context, status=status)


# --- check, remove ----------------------------------------------------------------------------------


@require_POST
@screen(MANAGERS)
def connection_check(visit: PageRequest, connection_id: UUID) -> HttpResponse:
    """Order a check; the part that shows it comes back, or the page it was asked from."""
    row = _row(visit, connection_id)
    if row.enabled:
        connection_check_order(row, visit.now)
    if is_partial(visit.request):
        return _check_part(visit, row)
    return see_other(reverse("console:connection", args=[row.pk]))


@require_GET
@screen(MANAGERS)
def connection_state(visit: PageRequest, connection_id: UUID) -> HttpResponse:
    """Show how a connection and its check stand: the part an open page asks for while a check is under way."""
    return _check_part(visit, _row(visit, connection_id))


def _check_part(visit: PageRequest, row: Connection) -> HttpResponse:
    if getattr(visit.request, "htmx", None) and visit.request.htmx.target == "check":  # type: ignore[attr-defined]  # set by the middleware
        known: Connector | None = registry().get(row.system)
        context: dict[str, Any] = {
            "check": check_of(row, visit.now),
            "page": {
                "check_url": reverse("console:connection_check", args=[row.pk]),
                "state_url": reverse("console:connection_state", args=[row.pk]),
            },
            "known": known,
        }
        return render(visit.request, "console/settings/partials/connection_check.html", context)
    context = {"connection": connection_row(row, now=visit.now)}
    return render(visit.request, "console/settings/partials/connection_tile.html", context)


@require_POST
@screen(MANAGERS)
@sensitive
def connection_remove(visit: PageRequest, connection_id: UUID) -> HttpResponse:
    """Remove a connection together with its secrets."""
    row = _row(visit, connection_id)
    _note(visit, row, "CONNECTION_REMOVE", {})
    Connection.objects.filter(pk=row.pk).delete()
    notify(
        visit,
        _("“%(name)s” is removed with its secrets. What would need it is left to people.")
        % {"name": row.name},
    )
    return see_other(reverse("console:connections"))
