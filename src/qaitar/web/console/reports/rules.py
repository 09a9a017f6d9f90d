"""How figures are counted: what the marketplace publishes, what it does not, and the merchant's own choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods
from typing_extensions import override

from qaitar.analytics.rules import FigureRules, OrdersBase, QualityDay
from qaitar.analytics.services.counting_rules import figure_rules_of, figure_rules_set
from qaitar.web.console.case.records import Choice
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import MANAGERS, PageRequest, screen
from qaitar.web.console.frame.settings_views import (
    managed,
    merchant_chosen,
    merchants_named,
    notify,
)

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

_TENTHS: Final = 10  # limits are typed in percent with one decimal and kept in thousandths
_STEP: Final = {"step": "0.1"}


class FigureRulesForm(forms.Form):
    """The rules of counting a merchant may set."""

    answer_hours = forms.IntegerField(
        label=_("Hours to the first reaction"),
        min_value=1,
        max_value=240,
        help_text=_("Hours of the clock from filing, nights and days off among them."),
    )
    gate_percent = forms.DecimalField(
        label=_("Limit of quality returns, %"),
        min_value=0.1,
        max_value=99,
        decimal_places=1,
        widget=forms.NumberInput(attrs=_STEP),
        help_text=_("Kaspi: less than 2 %. Published."),
    )
    good_percent = forms.DecimalField(
        label=_("Good up to, %"),
        min_value=0,
        max_value=99,
        decimal_places=1,
        widget=forms.NumberInput(attrs=_STEP),
        help_text=_("Kaspi: 1 %. From here on the program warns."),
    )
    window_days = forms.IntegerField(
        label=_("Days of the limit"),
        min_value=1,
        max_value=90,
        help_text=_("Kaspi: 30 days. Published."),
    )
    damage_counts = forms.BooleanField(
        label=_("Mechanical damage counts as a quality return"),
        required=False,
        help_text=_("Kaspi names a defect and other goods; about damage it says nothing."),
    )
    quality_day = forms.ChoiceField(
        label=_("A quality return counts on"),
        choices=[
            (QualityDay.FILED.value, _("the day it was filed")),
            (QualityDay.CLOSED.value, _("the day it was closed")),
        ],
        help_text=_("Not published. The day of filing warns earlier."),
    )
    orders_base = forms.ChoiceField(
        label=_("The share is taken of"),
        choices=[
            (OrdersBase.ISSUED.value, _("orders handed out in these days")),
            (OrdersBase.PLACED.value, _("orders placed in these days")),
        ],
        help_text=_("Not published. Orders handed out are fewer, so the share is stricter."),
    )

    @override
    def clean(self) -> dict[str, Any]:
        """Hold the good share below the limit."""
        data: dict[str, Any] = super().clean() or {}
        good, limit = data.get("good_percent"), data.get("gate_percent")
        if good is not None and limit is not None and good > limit:
            self.add_error("good_percent", _now("Not above the limit."))
        return data

    def rules(self) -> FigureRules:
        """Give the rules that were typed."""
        data = self.cleaned_data
        return FigureRules(
            answer_hours=data["answer_hours"],
            gate_permille=int(data["gate_percent"] * _TENTHS),
            good_permille=int(data["good_percent"] * _TENTHS),
            window_days=data["window_days"],
            damage_counts=data["damage_counts"],
            quality_day=QualityDay(data["quality_day"]),
            orders_base=OrdersBase(data["orders_base"]),
        )


def _typed(rules: FigureRules) -> dict[str, Any]:
    values = rules.as_values()
    for percent, permille in (("gate_percent", "gate_permille"), ("good_percent", "good_permille")):
        whole, rest = divmod(values[permille], _TENTHS)
        values[percent] = f"{whole}.{rest}"
    return values


@require_http_methods(["GET", "POST"])
@screen(MANAGERS)
def report_rules(visit: PageRequest) -> HttpResponse:
    """Show and take the rules of counting of one merchant."""
    merchant_id = merchant_chosen(visit, visit.request.GET.get("merchant", ""))
    given = visit.request.POST if visit.request.method == "POST" else None
    form = FigureRulesForm(given, initial=_typed(figure_rules_of(merchant_id)))
    if given is not None and form.is_valid():
        changed = figure_rules_set(
            merchant_id=merchant_id,
            rules=form.rules(),
            by=visit.who.actor_at(merchant_id),
            now=visit.now,
        )
        text = _now("Kept. The figures are counted this way from the next minute on.")
        notify(visit, text if changed else _now("Nothing was changed."))
        return see_other(_address(merchant_id))
    names = merchants_named(managed(visit))
    context = {
        "form": form,
        "form_url": _address(merchant_id),
        "back_url": reverse("console:reports"),
        "merchants": [
            Choice(value=_address(key), label=name, selected=key == merchant_id)
            for key, name in names.items()
        ]
        if len(names) > 1
        else [],
    }
    status = 422 if form.errors else 200
    return render(visit.request, "console/reports/report_rules.html", context, status=status)


def _address(merchant_id: UUID) -> str:
    return f"{reverse('console:report_rules')}?merchant={merchant_id}"
