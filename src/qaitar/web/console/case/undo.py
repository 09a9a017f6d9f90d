"""Taking back what is honest to take back: facts noted and proofs withdrawn, as long as nobody went on from there.

What left the house (a ticket, a press in the cabinet, a letter) is never taken back; those acts ask first instead.
The way back travels with the page, signed for one person and short-lived; nothing is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.core import signing
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Field
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import Case, case_load
from qaitar.returns.services.evidence import evidence_restore
from qaitar.returns.services.notes import loaded_note
from qaitar.returns.services.units import case_unit_remove
from qaitar.web.console.case.answers import acted, guarded, held_to, refuse
from qaitar.web.console.case.records import Notice
from qaitar.web.console.frame.auth import EVERYBODY, PageRequest, found_or_404, screen

if TYPE_CHECKING:
    import json
    from collections.abc import Callable, Mapping

    from django.http import HttpResponse

SECONDS: Final = 600
NOTE, PROOF, UNIT = "note", "proof", "unit"


class _Dates:
    """Signed payloads hold dates; Django's JSON writes them."""

    def dumps(self, obj: Any) -> bytes:
        encoder: json.JSONEncoder = DjangoJSONEncoder(separators=(",", ":"))
        return encoder.encode(obj).encode("latin-1")

    def loads(self, data: bytes) -> Any:
        return signing.JSONSerializer().loads(data)


def _salt(visit: PageRequest) -> str:
    return f"qaitar.undo.{visit.who.user_id}"


def undo_note(visit: PageRequest, before: Mapping[str, Any], after: ReturnRequest) -> str:
    """Sign the way back from a note: the values that stood there before, and the version the note made."""
    values = {name: value for name, value in before.items() if value != getattr(after, name)}
    if not values:
        return ""
    deed = {"what": NOTE, "pk": str(after.pk), "version": after.version, "values": values}
    return signing.dumps(deed, salt=_salt(visit), serializer=_Dates, compress=True)


def undo_withdrawal(visit: PageRequest, case_id: UUID, proof_id: UUID) -> str:
    """Sign the way back from a withdrawn proof."""
    deed = {"what": PROOF, "pk": str(case_id), "proof": str(proof_id)}
    return signing.dumps(deed, salt=_salt(visit), serializer=_Dates)


def undo_unit(visit: PageRequest, case_id: UUID, unit_id: UUID) -> str:
    """Sign the way back from a noted unit."""
    deed = {"what": UNIT, "pk": str(case_id), "unit": str(unit_id)}
    return signing.dumps(deed, salt=_salt(visit), serializer=_Dates)


@require_POST
@screen(EVERYBODY)
def undo(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Put back what stood there before; refused once somebody acted in between, or after ten minutes."""
    found = found_or_404(case_load(pk))
    try:
        deed = signing.loads(
            visit.request.POST.get("undo", ""),
            salt=_salt(visit),
            serializer=_Dates,
            max_age=SECONDS,
        )
    except signing.BadSignature:
        return refuse(visit, pk, _("Too late to undo this. Change it by hand."))
    if deed["pk"] != str(pk):
        return refuse(visit, pk, _("Too late to undo this. Change it by hand."))
    write = _WAYS[deed["what"]](visit, found, deed)
    notice = Notice(text=_("Undone: it stands as it was. The journal keeps both."))
    return guarded(visit, pk, write) or acted(visit, pk, notice)


def _of_note(visit: PageRequest, found: Case, deed: Mapping[str, Any]) -> Callable[[], object]:
    values = {name: _typed(name, value) for name, value in deed["values"].items()}
    if "inspection" in values:  # inspection are added; one that was not there becomes unknown again
        values["inspection"] = {**dict.fromkeys(found.request.inspection), **values["inspection"]}

    def write() -> None:
        held_to(deed["version"], found)
        by = visit.who.actor_at(found.request.merchant_id)
        loaded_note(case=found, values=values, by=by, now=visit.now, why=_("undone"))

    return write


def _typed(name: str, value: object) -> Any:
    """Give a value that went through JSON the type of its column."""
    column = ReturnRequest._meta.get_field(name)
    assert isinstance(column, Field)
    return column.to_python(value)


def _of_proof(visit: PageRequest, found: Case, deed: Mapping[str, Any]) -> Callable[[], object]:
    def write() -> None:
        by = visit.who.actor_at(found.request.merchant_id)
        evidence_restore(evidence_id=UUID(deed["proof"]), by=by, now=visit.now)

    return write


def _of_unit(visit: PageRequest, found: Case, deed: Mapping[str, Any]) -> Callable[[], object]:
    def write() -> None:
        by = visit.who.actor_at(found.request.merchant_id)
        with transaction.atomic():
            case_unit_remove(
                request_id=found.request.pk, unit_id=UUID(deed["unit"]), by=by, now=visit.now
            )

    return write


_WAYS: Final = {NOTE: _of_note, PROOF: _of_proof, UNIT: _of_unit}
