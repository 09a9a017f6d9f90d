"""The number of the thing that was sold, noted on the order block of a case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from qaitar.orders.errors import BadUnit
from qaitar.orders.services.units import VALUE_MAX, UnitKind
from qaitar.returns.reads.cases import case_load
from qaitar.returns.services.units import case_unit_note
from qaitar.web.console.case.answers import acted, guarded, refuse
from qaitar.web.console.case.records import Notice
from qaitar.web.console.case.undo import undo_unit
from qaitar.web.console.frame.answers import typed
from qaitar.web.console.frame.auth import EVERYBODY, PageRequest, found_or_404, screen

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from qaitar.orders.models import Unit

PROBLEMS: Final = {
    "EMPTY": gettext_lazy("Type or scan the number."),
    "TOO_LONG": gettext_lazy("The number is too long."),
    "IMEI_WRONG": gettext_lazy(
        "This is no IMEI: it has fifteen digits, and the last one must fit the others."
    ),
    "LINE_UNKNOWN": gettext_lazy("The order has no such line."),
}


@require_POST
@screen(EVERYBODY)
def unit_add(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Note a serial number, IMEI or marking code on the order of a case."""
    found = found_or_404(case_load(pk))
    kind = visit.request.POST.get("kind", "")
    if kind not in UnitKind.__members__:
        return refuse(visit, pk, _("Choose what kind of number it is."), status=400)
    value = typed(visit.request.POST.get("value", ""), VALUE_MAX + 1)
    by = visit.who.actor_at(found.request.merchant_id)
    noted: list[tuple[Unit, bool]] = []

    def write() -> None:
        with transaction.atomic():
            unit, made = case_unit_note(
                request_id=pk, kind=UnitKind(kind), value=value, by=by, now=visit.now
            )
        noted.append((unit, made))

    try:
        refused = guarded(visit, pk, write)
    except BadUnit as bad:
        return refuse(visit, pk, str(PROBLEMS[bad.code]), status=400)
    if refused is not None:
        return refused
    unit, made = noted[0]
    text = (
        _("Noted: %(number)s. It stands with the order; the journal says who noted it.")
        if made
        else _("%(number)s was noted before; nothing was changed.")
    ) % {"number": unit.value}
    if not made:
        return acted(visit, pk, Notice(text=text))
    back = undo_unit(visit, pk, unit.pk)
    return acted(
        visit, pk, Notice(text=text, undo_url=reverse("console:undo", args=[pk]), undo=back)
    )
