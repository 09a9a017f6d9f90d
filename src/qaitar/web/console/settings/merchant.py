"""The merchant's own settings: name, requisites, language, time zone, mailbox, service centres for letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from qaitar.foundation.models import Merchant
from qaitar.foundation.tenancy.merchants import MerchantEntry, MerchantProblem, merchant_update
from qaitar.web.console.case.records import Choice
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import MANAGERS, PageRequest, found_or_404, screen
from qaitar.web.console.frame.layout import LANGUAGE_NAMES
from qaitar.web.console.frame.settings_views import (
    managed,
    merchant_chosen,
    merchants_named,
    notify,
)
from qaitar.web.console.settings.store_forms import ZONES

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

PROBLEMS: Final = {
    "NAME_MISSING": _("Give the company a name."),
    "IIN_BIN_WRONG": _("An IIN or BIN has twelve digits, and the last one must fit the others."),
    "INN_WRONG": _("An INN has ten or twelve digits."),
    "LANGUAGE_UNKNOWN": _("This language is not known."),
    "ZONE_UNKNOWN": _("This time zone is not known."),
    "CENTRES_TOO_MANY": _("At most fifty service centres can be kept."),
    "CENTRE_TOO_LONG": _("A line has at most 300 characters."),
}


class MerchantForm(forms.Form):
    """Everything people set about a merchant."""

    name = forms.CharField(label=_("Name"), max_length=200)
    iin_bin = forms.CharField(
        label=_("IIN or BIN"),
        max_length=12,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    support_mailbox = forms.EmailField(
        label=_("Mailbox for customers"),
        required=False,
        help_text=_("Named in letters where a store has none of its own."),
    )
    language = forms.ChoiceField(
        label=_("Language of letters"), choices=list(LANGUAGE_NAMES.items())
    )
    zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=ZONES,
        help_text=_("Reports count days by it; each store has its own for control dates."),
    )
    service_centres = forms.CharField(
        label=_("Service centres"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("One in a line, with address and phone, as customers read them in letters."),
    )

    def entry(self) -> MerchantEntry:
        """Return what was entered."""
        data = self.cleaned_data
        return MerchantEntry(
            name=data["name"],
            iin_bin=data["iin_bin"],
            language=data["language"],
            zone=data["zone"],
            support_mailbox=data["support_mailbox"],
            service_centres=tuple(data["service_centres"].splitlines()),
        )


@require_http_methods(["GET", "POST"])
@screen(MANAGERS)
def merchant(visit: PageRequest) -> HttpResponse:
    """Show and change a merchant's settings."""
    given = visit.request.POST if visit.request.method == "POST" else None
    wanted = visit.request.GET.get("merchant", "")
    merchant_id = merchant_chosen(visit, wanted)
    row = found_or_404(Merchant.objects.filter(pk=merchant_id).first())
    form = MerchantForm(given, initial=_initial(row))
    zone_field = form.fields["zone"]
    if isinstance(zone_field, forms.ChoiceField) and row.zone not in dict(ZONES):
        zone_field.choices = [*ZONES, (row.zone, row.zone)]
    if given is not None and form.is_valid():
        try:
            changed = merchant_update(
                merchant_id=row.pk,
                entry=form.entry(),
                by=visit.who.actor_at(row.pk),
                now=visit.now,
            )
        except MerchantProblem as problem:
            form.add_error(problem.field_name, str(PROBLEMS[problem.code]))
        else:
            notify(
                visit,
                gettext("Saved. Letters and reports written from now on follow it.")
                if changed
                else gettext("Nothing was different, so nothing was changed."),
            )
            return see_other(_address(row.pk))
    context = {"form": form, "row": row, "merchants": _choices(visit, row.pk)}
    status = 422 if form.errors else 200
    return render(visit.request, "console/settings/merchant.html", context, status=status)


def _initial(row: Merchant) -> dict[str, Any]:
    return {
        "name": row.name,
        "iin_bin": row.iin_bin,
        "support_mailbox": row.support_mailbox,
        "language": row.language,
        "zone": row.zone,
        "service_centres": "\n".join(row.settings.get("service_centres", [])),
    }


def _address(merchant_id: UUID) -> str:
    return f"{reverse('console:merchant')}?merchant={merchant_id}"


def _choices(visit: PageRequest, chosen: UUID) -> tuple[Choice, ...]:
    names = merchants_named(managed(visit))
    if len(names) == 1:
        return ()
    return tuple(
        Choice(value=_address(key), label=name, selected=key == chosen)
        for key, name in names.items()
    )
