"""What the marketplace's cabinet showed, handed over by the browser companion: kept byte for byte, then answered."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router

from qaitar.flows.take_cabinet import ReadingRefused, cabinet_take
from qaitar.foundation.identity.access import COMPANION
from qaitar.foundation.identity.actors import require_role
from qaitar.foundation.identity.companions import companion_of, watch_seen
from qaitar.foundation.models import RawIntake
from qaitar.kernel.roles import WORKERS
from qaitar.orders.listing import store_find
from qaitar.web.api.answers import answer, text_of
from qaitar.web.api.operations import Body, Entry, bearer, caller, moment, operation
from qaitar.web.api.problems import invalid, missing
from qaitar.web.api.schemas import At, OutModel, Uuid

router = Router(tags=["intake"])
BODY_MAX_BYTES: Final = 8 * 1024 * 1024  # as much as the web process reads into memory
_BYTES: Final = {"schema": {"type": "string", "format": "binary"}}


class IntakeAccepted(OutModel):
    """What was taken: `new` is false when these bytes were here before."""

    id: Uuid
    new: bool


class IntakeOut(OutModel):
    """How the reading of what was taken went; `report` counts read, created, updated, unchanged and rejected."""

    id: Uuid
    state: str
    received_at: At
    read_at: At | None
    report: dict[str, object]


@router.post(
    "/intake/cabinet/{uuid:store_id}",
    response={202: IntakeAccepted},
    operation_id="intake_cabinet",
    summary="Hand over what the cabinet showed",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {}},
                "application/octet-stream": _BYTES,
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {"file": _BYTES["schema"]},
                    }
                },
            },
        }
    },
)
@operation(Entry("intake", body=Body.RAW, bytes_max=BODY_MAX_BYTES))
def intake_cabinet(request: HttpRequest, store_id: UUID) -> HttpResponse:
    """Keep JSON or HAR read from a store's cabinet and leave its reading to a job; sending it twice changes nothing."""
    store = store_find(store_id)
    if store is None:
        raise missing()
    try:
        intake = cabinet_take(
            store_id=store_id,
            body=_body(request),
            received_from=f"api {request.META.get('REMOTE_ADDR', '')}".strip(),
            by=caller(request).actor_at(store.merchant_id),
            now=moment(request),
        )
    except ReadingRefused:
        raise invalid("#", _("The body is empty."), code="BODY_EMPTY") from None
    if COMPANION in caller(request).scopes and (row := companion_of(bearer(request))):
        watch_seen(
            row,
            store_id=store_id,
            merchant_id=store.merchant_id,
            who=caller(request),
            now=moment(request),
        )
    return answer({"id": str(intake.id), "new": intake.new}, status=202)


def _body(request: HttpRequest) -> bytes:
    if request.content_type != "multipart/form-data":
        return request.body
    files = request.FILES.getlist("file")
    if len(files) != 1:
        raise invalid("#/file", _("Send one file, as “file”."), code="FILES_NUMBER")
    body: bytes = files[0].read()
    return body


@router.get(
    "/intake/{uuid:intake_id}",
    response=IntakeOut,
    operation_id="intake_shown",
    summary="How the reading went",
)
@operation(Entry("intake"))
def intake_get(request: HttpRequest, intake_id: UUID) -> HttpResponse:
    """Tell how the reading of what was handed over went."""
    row = RawIntake.objects.filter(pk=intake_id).defer("body").first()
    if row is None:
        raise missing()
    require_role(caller(request).actor_at(row.merchant_id), WORKERS)
    return answer(
        {
            "id": str(row.pk),
            "state": row.state,
            "received_at": row.received_at.isoformat(),
            "read_at": text_of(row.read_at),
            "report": row.report,
        }
    )
