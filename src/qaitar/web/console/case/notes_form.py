"""Makes the form of what is known of a case besides its stage: what people saw of the goods, dates, who looks after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from qaitar.returns.vocabulary import Quality, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from qaitar.returns.models import ReturnRequest
    from qaitar.web.console.case.offers import CaseContext

YES_NO: Final = (
    ("", pgettext_lazy("mark", "not known")),
    ("yes", pgettext_lazy("mark", "yes")),
    ("no", pgettext_lazy("mark", "no")),
)
UNITS: Final = (
    ("UNKNOWN", pgettext_lazy("mark", "not known")),
    ("SAME", _("the one sold")),
    ("DIFFERENT", _("another one")),
)
CHECKED: Final = (
    ("UNCHECKED", _("not checked")),
    ("SAME", _("the one sold")),
    ("DIFFERENT", _("another one")),
)
TRI: Final = ("unused", "complete", "packaging", "defect_confirmed")
_TRI_LABELS: Final = {
    "unused": _("Look and properties kept"),
    "complete": _("Complete, seals and labels kept"),
    "packaging": _("Packaging kept"),
    "defect_confirmed": _("Defect confirmed"),
}


class _Day(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")  # the element knows no other way of writing a day


class _Moment(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


def amount_field() -> forms.DecimalField:
    """Ask for the sum of what comes back, in tenge, where no source tells it."""
    return forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=2,
        localize=True,
        label=_("Amount of the goods that come back, ₸"),
        help_text=_(
            "The export tells only the sum of the whole order. Look up the price of these goods in the cabinet."
        ),
    )


class CaseNotesForm(forms.Form):
    """What people saw and learnt.  A field that did not come with the form stays as it was."""

    unused = forms.ChoiceField(choices=YES_NO, required=False, label=_TRI_LABELS["unused"])
    complete = forms.ChoiceField(choices=YES_NO, required=False, label=_TRI_LABELS["complete"])
    packaging = forms.ChoiceField(choices=YES_NO, required=False, label=_TRI_LABELS["packaging"])
    defect_confirmed = forms.ChoiceField(
        choices=YES_NO, required=False, label=_TRI_LABELS["defect_confirmed"]
    )
    unit = forms.ChoiceField(choices=UNITS, required=False, label=_("Unit in the photos"))
    reason_untrue = forms.ChoiceField(
        choices=YES_NO[1:], required=False, label=_("There is proof that the reason is not true")
    )
    warranty_until = forms.DateField(required=False, widget=_Day, label=_("Warranty until"))
    customer_answered = forms.ChoiceField(
        choices=YES_NO[1:], required=False, label=_("Customer answered")
    )
    goods_handed_over = forms.ChoiceField(
        choices=YES_NO[1:], required=False, label=_("Customer handed the goods over")
    )
    goods_checked = forms.ChoiceField(choices=CHECKED, required=False, label=_("What came back"))
    received_on = forms.DateField(
        required=False, widget=_Day, label=_("Received by the customer on")
    )
    planned_arrival_on = forms.DateField(
        required=False, widget=_Day, label=_("Planned arrival at our point")
    )
    marketplace_due_at = forms.DateTimeField(
        required=False, widget=_Moment, label=_("Control date shown by the marketplace")
    )
    amount = amount_field()


@dataclass(frozen=True, slots=True)
class KnownPanel:
    """The form with what is known now, and where its buttons post to."""

    url: str
    form: CaseNotesForm
    assign_url: str
    mine: bool
    assignee: str


def known_panel(desk: CaseContext, user_id: int) -> KnownPanel:
    """Make the panel with the fields that matter at this stage and class."""
    request = desk.case.request
    form = CaseNotesForm(initial=_initial(request))
    names = fields_that_matter(Stage(request.stage), Quality(request.quality))
    if request.amount_minor is None:
        names |= {"amount"}
    for name in set(form.fields) - names:
        del form.fields[name]
    return KnownPanel(
        url=reverse("console:note", args=[request.pk]),
        form=form,
        assign_url=reverse("console:assign", args=[request.pk]),
        mine=request.assignee_id == user_id,
        assignee=request.assignee_name,
    )


def fields_that_matter(stage: Stage, quality: Quality) -> frozenset[str]:
    """Name the facts somebody may have to note at a stage for a class of claim.

    >>> sorted(fields_that_matter(Stage.REFUND_GRANTED, Quality.PROPER))
    ['marketplace_due_at']
    """
    if stage is Stage.REFUND_GRANTED:
        return frozenset({"marketplace_due_at"})
    names = {"marketplace_due_at", "received_on", "reason_untrue"}
    if stage in {Stage.NEW, Stage.WAITING_CUSTOMER, Stage.WAITING_APPROVAL}:
        names |= {"customer_answered", "planned_arrival_on"}
    if stage is Stage.IN_DELIVERY:
        names |= {"planned_arrival_on", "goods_handed_over"}
    if stage is Stage.ARRIVED:
        names |= {"goods_checked"}
    by_class = {
        Quality.PROPER: {"unused", "complete", "packaging"},
        Quality.DEFECTIVE: {"defect_confirmed", "warranty_until", "unit"},
        Quality.MECHANICAL_DAMAGE: {"packaging", "unit"},
        Quality.DIFFERENT_GOODS: {"unit"},
    }
    return frozenset(names | by_class.get(quality, set()))


def _initial(request: ReturnRequest) -> dict[str, Any]:
    inspection = request.inspection
    first: dict[str, Any] = {name: _tri(inspection.get(name)) for name in TRI}
    first |= {
        "unit": inspection.get("unit", "UNKNOWN"),
        "reason_untrue": _tri(bool(inspection.get("reason_untrue"))),
        "warranty_until": inspection.get("warranty_until") or None,
        "customer_answered": _tri(request.customer_answered),
        "goods_handed_over": _tri(request.goods_handed_over),
        "goods_checked": request.goods_checked,
        "received_on": request.received_on,
        "planned_arrival_on": request.planned_arrival_on,
        "marketplace_due_at": request.marketplace_due_at,
    }
    return first


def _tri(value: bool | None) -> str:  # noqa: FBT001  it is the value itself
    return {None: "", True: "yes", False: "no"}[value]


_MARKED: Final[Mapping[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(TRI, {"": None, "yes": True, "no": False}.get),
    "unit": lambda value: None if value in {"", "UNKNOWN"} else value,
    "reason_untrue": lambda value: value == "yes" or None,
    "warranty_until": lambda value: value.isoformat() if value else None,
}
"""How a mark is written down; None: not known."""
_COLUMNS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "customer_answered": lambda value: value == "yes",
    "goods_handed_over": lambda value: value == "yes",
    "goods_checked": lambda value: value or "UNCHECKED",
}


def noted_values(
    request: ReturnRequest, cleaned: Mapping[str, Any], sent: frozenset[str]
) -> dict[str, Any]:
    """Turn the fields that were sent into what is to be noted on the case."""
    inspection: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for name in sent - {"amount"}:
        value = cleaned[name]
        if name in _MARKED:
            inspection[name] = _MARKED[name](value)
        else:
            values[name] = _COLUMNS[name](value) if name in _COLUMNS else value
    if "amount" in sent and cleaned["amount"] is not None:
        values["amount_minor"] = int(cleaned["amount"] * 100)
    changed = {
        name: mark for name, mark in inspection.items() if mark != request.inspection.get(name)
    }
    if changed:
        values["inspection"] = changed
    if "marketplace_due_at" in values:
        if _same_minute(values["marketplace_due_at"], request.marketplace_due_at):
            del values["marketplace_due_at"]
        else:
            values["marketplace_due_section"] = ""  # typed in by a person: it speaks about now
    return values


def _same_minute(one: datetime | None, other: datetime | None) -> bool:
    """Compare moments the way the form shows them: it has no seconds."""
    if one is None or other is None:
        return one is other
    return one.replace(second=0, microsecond=0) == other.replace(second=0, microsecond=0)
