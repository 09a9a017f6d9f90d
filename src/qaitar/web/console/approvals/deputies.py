"""Deputies of approvers: who may decide approvals in whose place, from which day to which; named and ended here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django import forms
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from qaitar.foundation.approvals.deputies import (
    DAYS_MAX,
    DeputyProblem,
    colleagues,
    deputies_current,
    deputy_create,
    deputy_end,
    merchant_days,
)
from qaitar.foundation.approvals.models import ApprovalDeputy
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import APPROVERS, MANAGERS, PageRequest, found_or_404, screen
from qaitar.web.console.frame.settings_views import managed, merchants_named, notify
from qaitar.web.console.settings.records import DeputyRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse

PROBLEMS: Final = {
    "DEPUTY_UNKNOWN": _("This person does not work on requests here."),
    "DEPUTY_YOURSELF": _("Choose another person."),
    "DAYS_REVERSED": _("The last day is before the first."),
    "DAYS_PAST": _("These days are over."),
    "DAYS_TOO_MANY": _("A deputy is named for a year at most."),
    "DEPUTY_OVERLAP": _("You have a deputy on some of these days. End that first."),
}
assert DAYS_MAX == 366  # noqa: PLR2004  the sentence above says a year


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget)


class DeputyForm(forms.Form):
    """Who approves in the reader's place, from when, until when."""

    deputy = forms.ChoiceField()
    first = _day(_("First day"))
    last = _day(_("Last day, included"))

    def __init__(self, *args: Any, people: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        """Offer these colleagues, each as `merchant:person`."""
        super().__init__(*args, **kwargs)
        self.fields["deputy"] = forms.ChoiceField(label=_("Deputy"), choices=list(people))

    def chosen(self) -> tuple[UUID, int]:
        """Give the merchant and the person chosen."""
        merchant, _colon, person = self.cleaned_data["deputy"].partition(":")
        return UUID(merchant), int(person)


@require_http_methods(["GET", "POST"])
@screen(APPROVERS)
def deputies(visit: PageRequest) -> HttpResponse:
    """List the deputies of the reader's merchants, and take a new one of the reader's own."""
    given = visit.request.POST if visit.request.method == "POST" else None
    people = _people(visit)
    form = DeputyForm(given, people=people)
    if given is not None and form.is_valid():
        merchant_id, person = form.chosen()
        try:
            row = deputy_create(
                merchant_id=merchant_id,
                deputy_id=person,
                days=(form.cleaned_data["first"], form.cleaned_data["last"]),
                by=visit.who.actor_at(merchant_id),
                now=visit.now,
            )
        except DeputyProblem as problem:
            form.add_error(None, str(PROBLEMS[str(problem)]))
        else:
            notify(
                visit,
                _("%(name)s approves in your place on these days.") % {"name": row.deputy_name},
            )
            return see_other(reverse("console:deputies"))
    context = {
        "rows": deputy_rows(visit, managed(visit, APPROVERS)),
        "form": form if people else None,
    }
    status = 422 if form.errors else 200
    return render(visit.request, "console/approvals/deputies.html", context, status=status)


@require_POST
@screen(APPROVERS)
def deputy_end_view(visit: PageRequest, deputy_id: UUID) -> HttpResponse:
    """End a deputy's right: the reader's own, or anybody's for who manages people."""
    row = ApprovalDeputy.objects.filter(
        pk=deputy_id, merchant_id__in=managed(visit, APPROVERS)
    ).first()
    row = found_or_404(row)
    deputy_end(row_id=row.pk, by=visit.who.actor_at(row.merchant_id), now=visit.now)
    notify(visit, _("%(name)s no longer approves in this place.") % {"name": row.deputy_name})
    return see_other(reverse("console:deputies"))


def deputy_rows(visit: PageRequest, merchants: Sequence[UUID]) -> tuple[DeputyRow, ...]:
    """Give the deputies of now and of coming days; the reader may end their own, a manager all."""
    rows = deputies_current(merchants, visit.now)
    if not rows:
        return ()
    names, today = merchants_named(merchants), merchant_days(merchants, visit.now)
    return tuple(
        DeputyRow(
            deputy=row.deputy_name,
            deputy_id=row.deputy_id,
            approver=row.approver_name,
            first=row.starts_on,
            last=row.ends_on,
            today=row.starts_on <= today[row.merchant_id],
            merchant=names[row.merchant_id] if len(names) > 1 else "",
            end_url=reverse("console:deputy_end", args=[row.pk]) if _may_end(visit, row) else "",
        )
        for row in rows
    )


def _may_end(visit: PageRequest, row: ApprovalDeputy) -> bool:
    role = visit.who.roles.get(row.merchant_id)
    return role in MANAGERS or (role in APPROVERS and row.approver_id == visit.who.user_id)


def _people(visit: PageRequest) -> list[tuple[str, str]]:
    names = merchants_named(managed(visit, APPROVERS))
    return [
        (f"{key}:{person.pk}", f"{person} ({name})" if len(names) > 1 else str(person))
        for key, name in names.items()
        for person in colleagues(key, visit.who.user_id)
    ]
