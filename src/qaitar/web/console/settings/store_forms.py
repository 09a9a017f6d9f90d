"""The form of a store: working week, exceptions, terms, what happens when a date runs out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from qaitar.kernel.zones import ALMATY
from qaitar.orders.services.stores import TERM_MAX, StoreEntry, StoreProblem, hours_checked
from qaitar.returns.deadlines.calendars import CLOCK_KEYS, WEEKDAYS
from qaitar.returns.deadlines.control_dates import ClockSettings
from qaitar.returns.rules.guards import CHOOSABLE
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import DefaultAction, RefusalReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qaitar.orders.models import Store

USUAL: Final = ClockSettings()
USUAL_HOURS: Final = "09:00-18:00"
LEAD_USUAL: Final = 30  # minutes
_HOURS: Final = re.compile(r"(\d{2}:\d{2})\s*[-–—]\s*(\d{2}:\d{2})")
_EXCEPTION: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\s+(\S.*))?")
DAYS: Final = {
    "mon": _("Monday"),
    "tue": _("Tuesday"),
    "wed": _("Wednesday"),
    "thu": _("Thursday"),
    "fri": _("Friday"),
    "sat": _("Saturday"),
    "sun": _("Sunday"),
}
TERMS: Final = {
    "reaction_working_days": _("Days to react to a new request (working)"),
    "decision_working_days": _("Days to decide once the goods are with the seller (working)"),
    "point_calendar_days": _("Days to decide at the acceptance point (calendar)"),
    "refile_calendar_days": _("Days the customer has to file again (calendar)"),
    "dispute_working_days": _("Days to answer a dispute (working)"),
    "act_retention_days": _("Days an act is kept (calendar)"),
    "proof_hours": _("Hours until a decision must be seen in the cabinet (opening hours)"),
    "arrival_grace_days": _("Days of patience after the planned arrival (calendar)"),
}
ZONES: Final = (
    ("Asia/Almaty", _("Kazakhstan (Almaty, UTC+5)")),
    ("Europe/Moscow", _("Moscow (UTC+3)")),
    ("Asia/Yekaterinburg", _("Yekaterinburg (UTC+5)")),
    ("Asia/Omsk", _("Omsk (UTC+6)")),
    ("Asia/Novosibirsk", _("Novosibirsk (UTC+7)")),
    ("Asia/Vladivostok", _("Vladivostok (UTC+10)")),
)

ACTIONS: Final = {
    DefaultAction.CALL_DUTY: _(
        "Call the person on duty: the program raises the alarm and decides nothing. The marketplace may then"
        " decide for the customer."
    ),
    DefaultAction.REFUSE: _(
        "Refuse: shortly before the date the request is refused, but only if there is a true reason; otherwise"
        " the person on duty is called."
    ),
    DefaultAction.ACCEPT: _(
        "Accept: shortly before the date the goods are taken for inspection, or the refund is granted where the"
        " goods have come. Nobody loses rating, money may be lost."
    ),
}
PROBLEMS: Final = {
    "NAME_MISSING": _("Give the store a name."),
    "NAME_TAKEN": _("There is a store of this name already."),
    "CHANNEL_UNKNOWN": _("This channel is not known."),
    "ZONE_UNKNOWN": _("This time zone is not known."),
    "WEEK_EMPTY": _("At least one day of the week must be worked."),
    "HOURS_WRONG": _("Hours are written 09:00-18:00, closing after opening."),
    "DAY_WRONG": _("A day is written 2026-12-31."),
    "TOO_MANY": _("That are more exceptions than a store can have (400)."),
    "TERM_WRONG": _("A term is a whole number from 0 to 366."),
    "ADDRESS_WRONG": _("An address like https://kaspi.kz/mc/ is expected."),
}


def problem_sentence(problem: StoreProblem) -> str:
    """Say why a store cannot be kept as entered."""
    return str(PROBLEMS[problem.code])


def zone_text(name: str) -> str:
    """Say a time zone as the form of a store does; one it does not offer is shown by its own name."""
    return str(dict(ZONES).get(name, name))


class StoreForm(forms.Form):
    """Everything people set about a store."""

    name = forms.CharField(label=_("Name"), max_length=120)
    external_id = forms.CharField(
        label=_("Shop number in the marketplace"), max_length=64, required=False
    )
    zone = forms.ChoiceField(label=_("Time zone"), choices=ZONES)
    cabinet_url = forms.CharField(
        label=_("Address of the cabinet"),
        max_length=300,
        required=False,
        help_text=_("Where the buttons of a decision lead. Empty: Kaspi's usual page of returns."),
    )
    support_mailbox = forms.EmailField(label=_("Mailbox for customers"), required=False)
    default_action = forms.ChoiceField(
        label=_("When a control date is about to pass and nobody has decided"),
        choices=[(action.value, text) for action, text in ACTIONS.items()],
        widget=forms.RadioSelect,
    )
    default_reason = forms.ChoiceField(
        label=_("Reason, if it refuses by itself"),
        choices=[
            (reason.value, word_for(reason)) for reason in RefusalReason if reason in CHOOSABLE
        ],
        help_text=_("Taken only where it is true for the request; otherwise another true one."),
    )
    lead_minutes = forms.IntegerField(
        label=_("Minutes before the date at which it acts"), min_value=1, max_value=1440
    )
    acts_on_guessed_dates = forms.BooleanField(
        label=_("Also act on dates the program has counted itself"),
        required=False,
        help_text=_(
            "Off: it acts only on dates the marketplace shows, and calls people for the others."
        ),
    )
    duty_user_id = forms.TypedChoiceField(
        label=_("Person on duty"), coerce=int, empty_value=None, required=False
    )
    exceptions = forms.CharField(
        label=_("Days that differ from the week"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_("One a line: 2026-12-31 is a day off, 2026-12-26 10:00-15:00 is worked."),
    )

    def __init__(
        self,
        *args: Any,
        people: Sequence[tuple[int, str]] = (),
        merchants: Sequence[tuple[str, str]] = (),
        **kwargs: Any,
    ) -> None:
        """Add the days of the week, the terms, the people who may be on duty, and the merchant where there are several."""
        super().__init__(*args, **kwargs)
        if merchants:
            self.fields["merchant"] = forms.ChoiceField(label=_("Merchant"), choices=merchants)
            self.order_fields(["merchant"])
        duty = self.fields["duty_user_id"]
        assert isinstance(duty, forms.TypedChoiceField)
        duty.choices = [("", _("nobody in particular")), *people]
        for day in WEEKDAYS:
            self.fields[f"day_{day}"] = forms.CharField(
                label=DAYS[day],
                required=False,
                max_length=20,
                widget=forms.TextInput(attrs={"placeholder": _("day off")}),
            )
        for key in CLOCK_KEYS:
            self.fields[f"term_{key}"] = forms.IntegerField(
                label=TERMS[key], min_value=0, max_value=TERM_MAX
            )

    @property
    def main_fields(self) -> list[forms.BoundField]:
        """Give the fields outside the week and the terms."""
        return [each for each in self if not each.name.startswith(("day_", "term_"))]

    @property
    def day_fields(self) -> list[forms.BoundField]:
        """Give the days of the week."""
        return [each for each in self if each.name.startswith("day_")]

    @property
    def term_fields(self) -> list[forms.BoundField]:
        """Give the lengths of terms."""
        return [each for each in self if each.name.startswith("term_")]

    @override
    def clean(self) -> dict[str, Any]:
        """Read the hours of each day and the exceptions."""
        data = super().clean() or {}
        for day in WEEKDAYS:
            self._clean_day(data, day)
        try:
            data["exceptions"] = exceptions_read(str(data.get("exceptions", "")))
        except ValidationError as error:
            self.add_error("exceptions", error)
        return data

    def _clean_day(self, data: dict[str, Any], day: str) -> None:
        try:
            data[f"day_{day}"] = hours_read(str(data.get(f"day_{day}") or ""))
        except ValidationError as error:
            self.add_error(f"day_{day}", error)

    def entry(self) -> StoreEntry:
        """Give the store as entered; only after `is_valid`."""
        data = self.cleaned_data
        clocks: dict[str, int | bool] = {
            key: data[f"term_{key}"]
            for key in CLOCK_KEYS
            if data[f"term_{key}"] != getattr(USUAL, key)
        }
        if data["lead_minutes"] != LEAD_USUAL:
            clocks["lead_minutes"] = data["lead_minutes"]
        if data["acts_on_guessed_dates"]:
            clocks["acts_on_guessed_dates"] = True
        return StoreEntry(
            name=data["name"],
            external_id=data["external_id"],
            zone=data["zone"],
            week={day: data[f"day_{day}"] for day in WEEKDAYS},
            exceptions=data["exceptions"],
            clocks=clocks,
            default_action=data["default_action"],
            default_reason=data["default_reason"],
            duty_user_id=data["duty_user_id"],
            cabinet_url=data["cabinet_url"],
            support_mailbox=data["support_mailbox"],
        )


def hours_read(text: str) -> list[str] | None:
    """Read `09:00-18:00`; nothing is a day off.

    >>> hours_read("09:00 – 18:00"), hours_read(" ")
    (['09:00', '18:00'], None)
    """
    if not text.strip():
        return None
    found = _HOURS.fullmatch(text.strip())
    try:
        return hours_checked([found[1], found[2]] if found else ["", ""], "week")
    except StoreProblem as problem:
        raise ValidationError(problem_sentence(problem)) from problem


def exceptions_read(text: str) -> dict[str, list[str] | None]:
    r"""Read one exceptional day a line; a day alone is off.

    >>> exceptions_read("2026-12-31\n2026-12-26 10:00-15:00")
    {'2026-12-31': None, '2026-12-26': ['10:00', '15:00']}
    """
    days: dict[str, list[str] | None] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        found = _EXCEPTION.fullmatch(line.strip())
        if found is None:
            raise ValidationError(
                gettext("Line %(number)d: a day is written 2026-12-31.") % {"number": number}
            )
        days[found[1]] = hours_read(found[2] or "")
    return days


def exceptions_text(days: Mapping[str, list[str] | None]) -> str:
    """Write exceptional days as the form takes them."""
    return "\n".join(
        f"{day} {hours[0]}-{hours[1]}" if hours else day for day, hours in sorted(days.items())
    )


def store_initial(store: Store | None) -> dict[str, Any]:
    """Give what the form shows at first: the store as it is, or the usual one."""
    week = store.week if store and store.week else None
    clocks = store.clocks if store else {}
    usual = {day: USUAL_HOURS if at < 5 else "" for at, day in enumerate(WEEKDAYS)}  # noqa: PLR2004  Monday to Friday
    fields = {
        **{
            f"day_{day}": usual[day] if week is None else _hours_text(week.get(day))
            for day in WEEKDAYS
        },
        **{f"term_{key}": clocks.get(key, getattr(USUAL, key)) for key in CLOCK_KEYS},
        "lead_minutes": clocks.get("lead_minutes", LEAD_USUAL),
        "acts_on_guessed_dates": clocks.get("acts_on_guessed_dates", False),
    }
    if store is None:
        return {
            **fields,
            "default_action": DefaultAction.CALL_DUTY.value,
            "default_reason": RefusalReason.NO_ANSWER.value,
            "zone": ALMATY,
        }
    return {
        **fields,
        "name": store.name,
        "external_id": store.external_id,
        "zone": store.zone,
        "cabinet_url": store.cabinet_url,
        "support_mailbox": store.support_mailbox,
        "default_action": store.default_action,
        "default_reason": store.default_reason,
        "duty_user_id": store.duty_user_id,
        "exceptions": exceptions_text(store.exceptions or {}),
    }


def _hours_text(hours: list[str] | None) -> str:
    return f"{hours[0]}-{hours[1]}" if hours else ""
