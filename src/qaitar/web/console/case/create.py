"""A request entered by hand: number and store are typed, everything else comes from the order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_http_methods

from qaitar.kernel.identifiers import UnreadableNumber, request_attempt
from qaitar.kernel.money import Currency, format_minor
from qaitar.orders.models import Store
from qaitar.returns.errors import BadCase
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import cases_load
from qaitar.returns.rules.reasons import quality_of
from qaitar.returns.services.intake import (
    Filing,
    OrderFrame,
    amount_minor_of,
    frames_load,
    received_day,
    request_create,
)
from qaitar.returns.texts.sentences import bad_case_sentence
from qaitar.returns.texts.words import word_for
from qaitar.web.console.case.lines import line_label
from qaitar.web.console.case.notes_form import amount_field
from qaitar.web.console.case.records import Fact, Tone
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import DECIDERS, PageRequest, screen
from qaitar.web.console.labels.days import written
from qaitar.web.console.labels.sale import cancel_reason_words, status_word
from qaitar.web.console.queue.row import queue_row
from qaitar.web.console.settings.records import NewRequestPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse

    from qaitar.web.console.case.records import QueueRow

STORES_MAX: Final = 500
EXISTING_MAX: Final = 20
_BARE_ORDER: Final = re.compile(r"[0-9]{1,20}")


class NewRequestForm(forms.Form):
    """What is typed: the number; the rest may stay empty."""

    number = forms.CharField(
        max_length=26,
        label=gettext_lazy("Order or request number"),
        help_text=gettext_lazy(
            "As in the cabinet: 704812360-1. Of a bare order number the next attempt is taken."
        ),
        widget=forms.TextInput(
            attrs={"autofocus": True, "inputmode": "numeric", "autocomplete": "off"}
        ),
    )
    store = forms.ChoiceField(label=gettext_lazy("Store"))
    marketplace_due_at = forms.DateTimeField(
        required=False,
        label=gettext_lazy("Control date"),
        help_text=gettext_lazy("The date inside the request, if the cabinet shows one"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = forms.CharField(
        required=False,
        max_length=300,
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("As the cabinet words it; the quality class is read from it"),
    )
    line = forms.UUIDField(
        required=False, widget=forms.Select, label=gettext_lazy("Item that comes back")
    )
    amount = amount_field()
    seen = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)

    def __init__(
        self,
        stores: list[tuple[str, str]],
        *arguments: Any,
        asks_amount: bool = False,
        lines: Sequence[tuple[str, str]] | None = None,
        **named: Any,
    ) -> None:
        """Offer these stores; of a single one nothing is asked.  The amount is asked where the order does not tell it.

        `lines` are the order's lines to choose from; None: their choice is not asked.
        """
        super().__init__(*arguments, **named)
        field = self.fields["store"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = stores
        if len(stores) == 1:
            field.widget = forms.HiddenInput()
            field.initial = stores[0][0]
        if not asks_amount:
            del self.fields["amount"]
        if lines is None:
            del self.fields["line"]
        else:
            self.fields["line"].widget.choices = lines

    def clean_number(self) -> str:
        """Take a request number or a bare order number; spaces and signs around it are dropped."""
        number = str(self.cleaned_data["number"]).strip().lstrip("№#").strip()
        if _BARE_ORDER.fullmatch(number):
            return number
        try:
            request_attempt(number)
        except UnreadableNumber as error:
            bad = BadCase("NUMBER_UNREADABLE", number=number[:60])
            raise forms.ValidationError(bad_case_sentence(bad)) from error
        return number


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """What is known before anything is saved: the number as it will be, the order, earlier filings."""

    number: str
    store_id: UUID
    merchant_id: UUID
    store_name: str
    frame: OrderFrame
    existing: tuple[QueueRow, ...]

    @property
    def mark(self) -> str:
        """Name what was shown, so that saving needs the same to have been seen."""
        return f"{self.store_id}:{self.number}"


@require_http_methods(["GET", "POST"])
@screen(DECIDERS)
def request_new(visit: PageRequest) -> HttpResponse:
    """Show what the number brings; opened only after that was seen."""
    stores = _stores(visit)
    if not stores:
        messages.warning(visit.request, _("There is no store yet: add one first."))
        return see_other(reverse("console:queue"))
    given = visit.request.POST if visit.request.method == "POST" else visit.request.GET
    data = (
        {**given.dict(), "store": given.get("store") or stores[0][0]} if "number" in given else None
    )
    form = NewRequestForm(
        stores, data, asks_amount="amount" in given, lines=() if "line" in given else None
    )
    found: FoundOrder | None = None
    if form.is_bound and form.is_valid():
        found = look_up(visit, form.cleaned_data["number"], UUID(form.cleaned_data["store"]))
        if visit.request.method == "POST" and form.cleaned_data["seen"] == found.mark:
            opened = _open(visit, form, found)
            if opened is not None:
                return opened
        form = _seen_form(stores, form, found)
    return _page(visit, form, found)


def _stores(visit: PageRequest) -> list[tuple[str, str]]:
    may = [m for m in visit.who.merchants if visit.who.roles[m] in DECIDERS]
    rows = Store.objects.filter(merchant_id__in=may).order_by("name", "id")
    return [(str(pk), name) for pk, name in rows.values_list("pk", "name")[:STORES_MAX]]


def look_up(visit: PageRequest, typed_number: str, store_id: UUID) -> FoundOrder:
    """Find the order and the filings before this one; of a bare order number the next attempt is proposed."""
    code = typed_number.partition("-")[0]
    earlier = list(
        ReturnRequest.objects.filter(store_id=store_id, order_code=code)
        .order_by("-attempt", "-id")
        .values_list("pk", "attempt")[:EXISTING_MAX]
    )
    latest = max((attempt for _pk, attempt in earlier), default=0)
    number = typed_number if "-" in typed_number else f"{code}-{latest + 1}"
    store_name, frame = frames_load([(store_id, code, "")])[0]
    cases = cases_load([pk for pk, _attempt in earlier])
    cases.sort(key=lambda case: -case.request.attempt)
    rows = [queue_row(case, visit.now) for case in cases]
    return FoundOrder(number, store_id, frame.merchant_id, store_name, frame, tuple(rows))


def _seen_form(
    stores: list[tuple[str, str]], form: NewRequestForm, found: FoundOrder
) -> NewRequestForm:
    """Give the same form again with the whole number and the mark of what is shown beside it."""
    data = {name: form.data.get(name, "") for name in ("store", "marketplace_due_at", "reason")} | {
        "number": found.number,
        "seen": found.mark,
        "amount": form.data.get("amount", ""),
        "line": form.data.get("line", ""),
    }
    asks_amount = amount_minor_of(found.frame) is None
    again = NewRequestForm(stores, data, asks_amount=asks_amount, lines=_lines(found.frame))
    again.is_valid()
    for name, errors in form.errors.items():
        for error in errors if name in again.fields else ():
            again.add_error(name, error)
    return again


def _lines(frame: OrderFrame) -> list[tuple[str, str]] | None:
    """List the order's lines to choose from; None where nothing has to be chosen."""
    if frame.line or not frame.lines:
        return None
    currency = frame.order.get("currency") or "KZT"
    known = [(each["id"], line_label(each, currency)) for each in frame.lines]
    return [("", _("not known")), *known]


def _open(visit: PageRequest, form: NewRequestForm, found: FoundOrder) -> HttpResponse | None:
    reason, amount = form.cleaned_data["reason"], form.cleaned_data.get("amount")
    filing = Filing(
        store_id=found.store_id,
        number=found.number,
        source="MANUAL",
        filed_at=visit.now,
        reason_text=reason,
        marketplace_due_at=form.cleaned_data["marketplace_due_at"],
        line_id=form.cleaned_data.get("line"),
        amount_minor=None if amount is None else int(amount * 100),
    )
    by = visit.who.actor_at(found.merchant_id)
    try:
        made = request_create(filing=filing, by=by, merchant_id=found.merchant_id, now=visit.now)
    except BadCase as bad:
        form.add_error("line" if bad.code == "LINE_UNKNOWN" else "number", bad_case_sentence(bad))
        return None
    text = _("Request %(number)s is open; everything known of the order is in it.")
    messages.success(visit.request, text % {"number": made.number})
    return see_other(reverse("console:case", args=[made.pk]))


def _page(visit: PageRequest, form: NewRequestForm, found: FoundOrder | None) -> HttpResponse:
    page = NewRequestPage(
        url=reverse("console:request_new"),
        back_url=reverse("console:queue"),
        found=_facts(form, found) if found else (),
        existing=found.existing if found else (),
    )
    wrong = visit.request.method == "POST" and bool(form.errors)
    context = {"page": page, "form": form, "ready": found is not None and not form.errors}
    return render(
        visit.request, "console/case/request_new.html", context, status=400 if wrong else 200
    )


def _facts(form: NewRequestForm, found: FoundOrder) -> tuple[Fact, ...]:
    """Tell what the request will be opened with."""
    frame = found.frame
    quality = quality_of(form.data.get("reason", ""))
    facts = [
        Fact(label=_("Request"), value=found.number),
        Fact(label=_("Store"), value=found.store_name),
        Fact(label=_("Quality class"), value=str(word_for(quality))),
    ]
    if not frame.order:
        hint = _("it will be opened with the number alone; import the order or fill it in later")
        facts.append(
            Fact(label=pgettext("sale", "Order"), value=_("not known"), tone=Tone.WARN, hint=hint)
        )
        return tuple(facts)
    text = (
        (_("Product"), frame.line.get("name")),
        (_("Customer"), frame.customer.get("name")),
        (_("Amount"), _sum(frame)),
        (_("Status"), status_word(_status_of(frame))),
        (_("Cancelled because"), cancel_reason_words(frame.order.get("cancellation_reason") or "")),
        (_("Received by the customer"), written(received_day(frame.order, frame.line), "j M Y")),
        (_("Unit"), frame.unit),
    )
    facts += [Fact(label=label, value=str(value)) for label, value in text if value]
    if amount_minor_of(frame) is None:
        hint = _(
            "the export tells only the sum of the whole order; enter the amount or note it later"
        )
        facts.append(Fact(label=_("Amount"), value=_("not known"), tone=Tone.WARN, hint=hint))
    return tuple(facts)


def _status_of(frame: OrderFrame) -> str:
    return str(frame.line.get("status") or frame.order.get("status") or "")


def _sum(frame: OrderFrame) -> str:
    minor = amount_minor_of(frame)
    if minor is None:
        return ""
    return format_minor(int(minor), Currency(frame.order.get("currency") or "KZT"))
