"""From an empty installation to the first case: the first merchant with its store, then on to connections and import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from qaitar.foundation.access import enter_as_user
from qaitar.foundation.clock import utc_now
from qaitar.foundation.models import Connection, Merchant, User
from qaitar.foundation.people import merchant_create, role_set
from qaitar.kernel.roles import Role
from qaitar.orders.models import ImportRun, Store
from qaitar.orders.services.stores import StoreEntry, store_create
from qaitar.web.console.answers import see_other
from qaitar.web.console.office_door import managed, told
from qaitar.web.console.screen import MANAGERS, Visit
from qaitar.web.console.store_forms import ACTIONS
from qaitar.web.console.views_model_office import FirstRun, FirstRunStep

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from qaitar.foundation.access import Principal

COUNTRIES: Final = (("KZ", _("Kazakhstan, tenge")), ("RU", _("Russia, roubles")))
CURRENCIES: Final = {"KZ": "KZT", "RU": "RUB"}
ZONES: Final = {"KZ": "Asia/Almaty", "RU": "Europe/Moscow"}


class MerchantForm(forms.Form):
    """A merchant and its first store: the rest has safe defaults and is changed later."""

    merchant = forms.CharField(
        label=_("Company"), max_length=200, help_text=_("As in contracts: ТОО «…» or ИП …")
    )
    country = forms.ChoiceField(label=_("Country and currency"), choices=COUNTRIES)
    store = forms.CharField(
        label=_("Store"), max_length=120, help_text=_("One account on Kaspi; more may follow.")
    )
    default_action = forms.ChoiceField(
        label=_("When a control date is about to pass and nobody has decided"),
        choices=[(action.value, text) for action, text in ACTIONS.items()],
        widget=forms.RadioSelect,
        initial="CALL_DUTY",
    )


@require_http_methods(["GET", "POST"])
def first_run(request: HttpRequest) -> HttpResponse:
    """Lead a superuser without a merchant, or any owner, through the first steps; others see that they may not."""
    user: Any = request.user
    if not user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    who = enter_as_user(int(user.pk))
    if who is None:
        return redirect_to_login(request.get_full_path())
    translation.activate(who.language)
    if not (who.may(MANAGERS) or user.is_superuser):
        return render(request, "console/errors/403.html", status=403)
    visit = Visit(request, who, utc_now())
    given = request.POST if request.method == "POST" else None
    if given is not None and not _may_open(user, who):
        return render(request, "console/errors/403.html", status=403)
    form = MerchantForm(given)
    if given is not None and form.is_valid():
        store = _made(who, form.cleaned_data, visit.now)
        told(
            visit,
            _now("“%(name)s” is open. Now join it to its systems, or import its orders.")
            % {"name": store.name},
        )
        return see_other(f"{reverse('console:connections')}#store-{store.pk}")
    context = {"first": _road(visit), "form": form if _may_open(user, who) else None}
    status = 422 if form.errors else 200
    return render(request, "console/first_run.html", context, status=status)


def _may_open(user: Any, who: Principal) -> bool:
    """A superuser opens merchants, and so does an owner; an administrator of a merchant does not."""
    return bool(user.is_superuser) or who.may(frozenset({Role.OWNER}))


def _made(who: Principal, data: dict[str, Any], now: datetime) -> Store:
    country = data["country"]
    merchant = merchant_create(
        name=data["merchant"].strip(), now=now, country=country, currency=CURRENCIES[country]
    )
    user = User.objects.get(pk=who.user_id)
    role_set(user=user, merchant_id=merchant.pk, role=Role.OWNER, now=now)
    seen = enter_as_user(who.user_id)
    assert seen is not None, "the person has just been read"
    entry = StoreEntry(
        name=data["store"], zone=ZONES[country], default_action=data["default_action"]
    )
    by = seen.actor_at(merchant.pk)
    return store_create(merchant_id=merchant.pk, entry=entry, by=by, now=now)


def _road(visit: Visit) -> FirstRun:
    """Tell which steps are done: each is seen from what is there, nothing is remembered."""
    mine = managed(visit)
    done = (
        Merchant.objects.filter(pk__in=mine).exists()
        and Store.objects.filter(merchant_id__in=mine).exists(),
        Connection.objects.filter(merchant_id__in=mine).exists(),
        ImportRun.objects.filter(merchant_id__in=mine, state="DONE").exists(),
        len(mine) > 0 and _others(mine),
    )
    told_of = (
        (
            _now("Your company and store"),
            _now("Two names and what to do when a date runs out."),
            "#open",
        ),
        (
            _now("Connections"),
            _now("Kaspi's token first. Each is checked at once; a failure says what to do."),
            reverse("console:connections"),
        ),
        (
            _now("First import"),
            _now("Orders from the cabinet's XLSX export; a file may be sent twice."),
            reverse("console:imports"),
        ),
        (
            _now("People and roles"),
            _now("Operators, a senior, an accountant."),
            reverse("console:people"),
        ),
    )
    current = next((at for at, each in enumerate(done) if not each), len(done))
    steps = tuple(
        FirstRunStep(title=title, text=text, url=url, done=done[at], current=at == current)
        for at, (title, text, url) in enumerate(told_of)
    )
    return FirstRun(steps=steps)


def _others(merchants: tuple[Any, ...]) -> bool:
    return User.objects.filter(memberships__merchant_id__in=merchants).distinct().count() > 1
