"""Days off: the state's table with its source, and the merchant's own days that stand above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django import forms
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from qaitar.foundation.models import Merchant
from qaitar.kernel.public_holidays import (
    FIVE_DAY_REST,
    SIX_DAY_REST,
    public_holidays,
    working_weekends,
)
from qaitar.kernel.zones import ALMATY, local_date, zone
from qaitar.returns.deadlines.calendars import YEARS
from qaitar.returns.models import DayOff
from qaitar.returns.services.days_off import day_remove, day_set, days_of
from qaitar.returns.services.recalculate_deadlines import recount_call_up
from qaitar.web.console.case.records import Choice
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import MANAGERS, PageRequest, found_or_404, screen
from qaitar.web.console.frame.settings_views import (
    managed,
    merchant_chosen,
    merchants_named,
    notify,
)
from qaitar.web.console.settings.present import holiday_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from django.http import HttpResponse

    from qaitar.kernel.public_holidays import Country

_SOURCES: Final = {"KZ": _("Law of Kazakhstan on holidays"), "RU": _("Labour Code of Russia")}


class DayForm(forms.Form):
    """A day the merchant's calendar differs on."""

    day = forms.DateField(
        label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    off = forms.ChoiceField(
        label=_("What it is"), choices=[("1", _("a day off")), ("0", _("a working day"))]
    )
    source = forms.CharField(
        label=_("Why"), max_length=200, help_text=_("A decree with its number, or your own order")
    )

    def clean_day(self) -> date:
        """Take days of the years the program counts with."""
        day: date = self.cleaned_data["day"]
        if day.year not in YEARS:
            raise forms.ValidationError(
                _now("A day from %(first)d to %(last)d is expected.")
                % {"first": YEARS[0], "last": YEARS[-1]}
            )
        return day


def _year(text: str, usual: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and int(text) in YEARS else usual


@require_http_methods(["GET", "POST"])
@screen(MANAGERS)
def calendar(visit: PageRequest) -> HttpResponse:
    """Show a year of days off and take a day that differs."""
    merchant_id = merchant_chosen(visit, visit.request.GET.get("merchant", ""))
    today = local_date(visit.now, zone(ALMATY))
    year = _year(visit.request.GET.get("year", "")[:4], today.year)
    given = visit.request.POST if visit.request.method == "POST" else None
    form = DayForm(given)
    if given is not None and form.is_valid():
        data = form.cleaned_data
        day_set(
            merchant_id=merchant_id,
            day=data["day"],
            off=data["off"] == "1",
            source=data["source"],
            by=visit.who.actor_at(merchant_id),
            now=visit.now,
        )
        recount_call_up(merchant_id)
        notify(
            visit, _now("The day is noted. Control dates of open requests are being counted anew.")
        )
        return see_other(_address(merchant_id, data["day"].year))
    return _page(visit, merchant_id, year, form)


def _address(merchant_id: UUID, year: int) -> str:
    return f"{reverse('console:calendar')}?merchant={merchant_id}&year={year}"


def _page(visit: PageRequest, merchant_id: UUID, year: int, form: DayForm) -> HttpResponse:
    names = merchants_named(managed(visit))
    merchant = Merchant.objects.get(pk=merchant_id)
    country: Country = "RU" if merchant.country == "RU" else "KZ"
    own = days_of(merchant_id, year)
    context = {
        "year": year,
        "years": [
            Choice(value=_address(merchant_id, each), label=str(each), selected=each == year)
            for each in range(max(YEARS[0], year - 1), min(YEARS[-1], year + 1) + 1)
        ],
        "merchants": [
            Choice(value=_address(key, year), label=name, selected=key == merchant_id)
            for key, name in names.items()
        ]
        if len(names) > 1
        else [],
        "days": _days(country, year, own),
        "source": _SOURCES[country],
        "form": form,
        "form_url": _address(merchant_id, year),
    }
    status = 422 if form.errors else 200
    return render(visit.request, "console/settings/calendar.html", context, status=status)


def _days(country: Country, year: int, own: Sequence[DayOff]) -> list[dict[str, Any]]:
    """Put the state's days and the merchant's own ones into one list, in order of day."""
    mine = {row.day: row for row in own}
    state = _of_the_state(country, year)
    days = []
    for day in sorted(set(mine) | set(state)):
        off, name = state.get(day, (False, ""))
        row = mine.get(day)
        days.append(
            {
                "day": day,
                "name": name,
                "off": row.off if row else off,
                "own": row is not None,
                "source": row.source if row else "",
                "remove_url": reverse("console:calendar_remove", args=[row.pk]) if row else "",
            }
        )
    return days


def _of_the_state(country: Country, year: int) -> dict[date, tuple[bool, str]]:
    """Name the state's days of a year and whether they are off; one that only one working week has says which."""
    five, six = (_of_a_week(country, year, rest) for rest in (FIVE_DAY_REST, SIX_DAY_REST))
    return {
        day: (off, _for_weeks(name, five=day in five, six=day in six))
        for day, (off, name) in (six | five).items()
    }


def _for_weeks(name: str, *, five: bool, six: bool) -> str:
    if five and six:
        return name
    words = _now("%(name)s (five-day week)") if five else _now("%(name)s (six-day week)")
    return words % {"name": name}


def _of_a_week(country: Country, year: int, rest: frozenset[int]) -> dict[date, tuple[bool, str]]:
    days = public_holidays(country, year, rest).items()
    worked = working_weekends(country, year, rest)
    return {day: (True, holiday_name(code)) for day, code in days} | {
        day: (False, _now("Working weekend")) for day in worked
    }


@require_POST
@screen(MANAGERS)
def calendar_remove(visit: PageRequest, day_id: UUID) -> HttpResponse:
    """Take an own day away; the state's table holds again."""
    row = found_or_404(DayOff.objects.filter(pk=day_id, merchant_id__in=managed(visit)).first())
    day_remove(day_id=row.pk, by=visit.who.actor_at(row.merchant_id), now=visit.now)
    recount_call_up(row.merchant_id)
    notify(
        visit,
        _now("The day follows the state's table again. Control dates are being counted anew."),
    )
    return see_other(_address(row.merchant_id, row.day.year))
