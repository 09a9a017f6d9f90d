"""From an empty installation to the first case: company and store, then connections, import, people, the first request."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST
from typing_extensions import override

from qaitar.foundation.identity.access import enter_as_user
from qaitar.foundation.identity.people import demo_people, home_begin, merchant_create, role_set
from qaitar.foundation.identity.security_journal import SecurityKind
from qaitar.foundation.models import Merchant, User
from qaitar.foundation.ops.clock import utc_now
from qaitar.kernel.roles import OWNERS, Role
from qaitar.orders.services.stores import StoreEntry, store_create
from qaitar.returns.deadlines.calendars import WEEKDAYS
from qaitar.returns.texts.words import word_for
from qaitar.runtime.demo_request import ADD, AT_HAND, REMOVE, Wish, wish, wished
from qaitar.web.console.case.records import Choice
from qaitar.web.console.frame.answers import is_partial, see_other
from qaitar.web.console.frame.auth import (
    MANAGERS,
    PageRequest,
    found_or_404,
    screen,
    to_second_factor,
)
from qaitar.web.console.frame.settings_views import managed, notify
from qaitar.web.console.settings.records import Demo
from qaitar.web.console.settings.security_notes import visit_note
from qaitar.web.console.settings.store_forms import ACTIONS, USUAL_HOURS, ZONES, hours_read
from qaitar.web.console.setup.first_steps import (
    OPEN,
    demo_mine,
    demo_team,
    first_step_skip,
    first_steps_close,
    first_steps_of,
)

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from qaitar.foundation.identity.access import Principal

COUNTRIES: Final = (("KZ", _("Kazakhstan, tenge")), ("RU", _("Russia, roubles")))
CURRENCIES: Final = {"KZ": "KZT", "RU": "RUB"}
COUNTRY_ZONES: Final = {"KZ": "Asia/Almaty", "RU": "Europe/Moscow"}
HOURS: Final = ("hours", "saturday", "sunday")


class FirstMerchantForm(forms.Form):
    """A merchant and its first store with the hours it works: the rest has safe defaults and is changed later."""

    merchant = forms.CharField(
        label=_("Company"), max_length=200, help_text=_("As in contracts: ТОО «…» or ИП …")
    )
    country = forms.ChoiceField(label=_("Country and currency"), choices=COUNTRIES)
    store = forms.CharField(
        label=_("Store"), max_length=120, help_text=_("One account on Kaspi; more may follow.")
    )
    zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=[("", _("that of the country")), *ZONES],
        required=False,
    )
    hours = forms.CharField(
        label=_("Hours, Monday to Friday"),
        max_length=20,
        initial=USUAL_HOURS,
        help_text=_("Control dates in working days are counted by these hours."),
    )
    saturday = forms.CharField(
        label=_("Saturday"), max_length=20, required=False, help_text=_("Empty: day off")
    )
    sunday = forms.CharField(
        label=_("Sunday"), max_length=20, required=False, help_text=_("Empty: day off")
    )
    default_action = forms.ChoiceField(
        label=_("When a control date is about to pass and nobody has decided"),
        choices=[(action.value, text) for action, text in ACTIONS.items()],
        widget=forms.RadioSelect,
        initial="CALL_DUTY",
    )

    @override
    def clean(self) -> dict[str, Any]:
        """Read the hours."""
        data = super().clean() or {}
        for name in HOURS:
            try:
                data[name] = hours_read(str(data.get(name) or ""))
            except ValidationError as error:
                self.add_error(name, error)
        return data


@require_http_methods(["GET", "POST"])
def first_run(request: HttpRequest) -> HttpResponse:
    """Lead a superuser without a merchant, or any owner, through the first steps; others see that they may not."""
    user: Any = request.user
    who = enter_as_user(int(user.pk)) if user.is_authenticated else None
    if who is None:
        return redirect_to_login(request.get_full_path())
    translation.activate(who.language)
    if who.factor_missing:
        return to_second_factor(request)
    if not (who.may(MANAGERS) or user.is_superuser):
        return render(request, "console/frame/errors/403.html", status=403)
    visit = PageRequest(request, who, utc_now())
    opens = _may_open(user, who)
    if request.method != "POST":
        return _page(visit, FirstMerchantForm() if opens else None)
    if {"skip", "close"} & set(request.POST):
        return _remembered(visit)
    return (
        _changed(visit) if opens else render(request, "console/frame/errors/403.html", status=403)
    )


def _changed(visit: PageRequest) -> HttpResponse:
    return _demo_wished(visit) if "demo" in visit.request.POST else _opened(visit)


def _page(visit: PageRequest, form: FirstMerchantForm | None) -> HttpResponse:
    road = first_steps_of(visit, managed(visit))
    demo = _demo(visit) if form is not None else None
    if is_partial(visit.request):
        return render(visit.request, "console/setup/partials/demo.html", {"demo": demo})
    context = {"first": road, "form": form, "demo": demo, "has_shop": road.steps[1].done}
    status = 422 if form is not None and form.errors else 200
    return render(visit.request, "console/setup/first_run.html", context, status=status)


def _remembered(visit: PageRequest) -> HttpResponse:
    """Keep that a step is put off, or that the list is no longer wanted."""
    merchants = managed(visit)
    if "close" in visit.request.POST:
        first_steps_close(merchants)
        notify(visit, _now("The first steps are closed. Everything in them stays under Settings."))
        return see_other(reverse("console:queue"))
    first_step_skip(merchants, visit.request.POST.get("skip", ""))
    return see_other(reverse("console:first_run"))


def _opened(visit: PageRequest) -> HttpResponse:
    form = FirstMerchantForm(visit.request.POST)
    if not form.is_valid():
        return _page(visit, form)
    store = _made(visit.who, form.cleaned_data, visit.now)
    notify(
        visit,
        _now("“%(name)s” is open. Now join it to its systems, or import its orders.")
        % {"name": store},
    )
    return see_other(reverse("console:first_run"))


# --- the demo shop ----------------------------------------------------------------------------------


def _demo_wished(visit: PageRequest) -> HttpResponse:
    """Leave the wish to whoever runs the processes; the page shows how it goes."""
    demo = visit.request.POST.get("demo", "")
    if AT_HAND in os.environ and demo in {ADD, REMOVE}:
        wish(settings.DATA_DIR, Wish(demo, visit.who.user_id))
    return see_other(f"{reverse('console:first_run')}#demo")


def _demo(visit: PageRequest) -> Demo | None:
    """Tell how the demo shop stands; None where nobody could bring it."""
    if AT_HAND not in os.environ:
        return None
    wanted = wished(settings.DATA_DIR)
    return Demo(
        url=reverse("console:first_run"),
        present=demo_mine(managed(visit)),
        wish=wanted.what if wanted else "",
        queue_url=reverse("console:queue"),
        people=_demo_team(visit),
    )


def _demo_team(visit: PageRequest) -> tuple[Choice, ...]:
    """Name the demo's people the reader may look as."""
    team = demo_team(managed(visit))
    return tuple(
        Choice(
            value=reverse("console:demo_look", args=[user.pk]), label=f"{user}, {word_for(role)}"
        )
        for user, role in team
    )


@require_POST
@screen(MANAGERS)
def demo_look(visit: PageRequest, user_id: int) -> HttpResponse:
    """Sign the reader out, and in as one of the demo's people, who have no passwords beside real data.

    For those who may open merchants and own the demo shop; they come back by signing in again.
    """
    user: Any = visit.request.user
    if not _may_open(user, visit.who):
        return render(visit.request, "console/frame/errors/403.html", status=403)
    team = {each.pk: each for each, _role in demo_team(managed(visit))}
    other = found_or_404(team.get(user_id))
    visit_note(visit, SecurityKind.LOOKED_AS, about=other, person=str(other))
    login(visit.request, other, backend="django.contrib.auth.backends.ModelBackend")
    return see_other(reverse("console:queue"))


def _may_open(user: Any, who: Principal) -> bool:
    """A superuser opens merchants, and so does an owner; not an administrator, nor anybody of a demo shop."""
    if user.is_superuser:
        return True
    owner = who.may(OWNERS)
    return owner and not demo_people().filter(pk=who.user_id).exists()


def _made(who: Principal, data: dict[str, Any], now: datetime) -> str:
    country = data["country"]
    merchant = merchant_create(
        name=data["merchant"].strip(), now=now, country=country, currency=CURRENCIES[country]
    )
    user = User.objects.get(pk=who.user_id)
    role_set(user=user, merchant_id=merchant.pk, role=Role.OWNER, now=now)
    home_begin(user, merchant.pk)
    Merchant.objects.filter(pk=merchant.pk).update(settings={"first_steps": OPEN})
    seen = enter_as_user(who.user_id)
    assert seen is not None, "the person has just been read"
    week = dict.fromkeys(WEEKDAYS, data["hours"])
    entry = StoreEntry(
        name=data["store"],
        zone=data["zone"] or COUNTRY_ZONES[country],
        week={**week, "sat": data["saturday"], "sun": data["sunday"]},
        default_action=data["default_action"],
    )
    by = seen.actor_at(merchant.pk)
    return store_create(merchant_id=merchant.pk, entry=entry, by=by, now=now).name
