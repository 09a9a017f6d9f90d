"""Outgoing webhooks: where events are sent, their secrets, a test message, and what became of deliveries."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from django.db.models import Q, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field

from qaitar.flows.housekeeping import WEBHOOKS_TASK
from qaitar.flows.webhook_events import TYPES
from qaitar.foundation.connections.secrets import NoKey, NotOpened
from qaitar.foundation.identity.actors import RoleNotAllowed
from qaitar.foundation.models import WebhookDelivery, WebhookEndpoint
from qaitar.foundation.ops.jobs import job_defer
from qaitar.foundation.webhooks.endpoints import (
    EndpointRefused,
    EndpointRequest,
    endpoint_create,
    endpoint_rotate,
    ping_plan,
    url_refusal,
)
from qaitar.kernel.roles import MANAGERS
from qaitar.returns.errors import ActBlocked
from qaitar.returns.rules.procedure import Blocked
from qaitar.web.api.answers import answer, text_of
from qaitar.web.api.operations import Body, Entry, caller, moment, operation
from qaitar.web.api.problems import Turned, invalid, missing
from qaitar.web.api.schemas import At, Flag, InModel, Name, OutModel, Uuid

router = Router(tags=["webhooks"])
ADMIN: Final = Entry("admin")
EventType = Annotated[str, Field(json_schema_extra={"enum": list(TYPES)})]
Types = Annotated[list[EventType], Field(max_length=len(TYPES))]
Url = Annotated[str, Field(min_length=1, max_length=500)]


class EndpointWanted(InModel):
    """A new endpoint; no types means all of them.  `merchant` may be left out by somebody who serves one."""

    url: Url
    merchant: UUID | None = None
    description: Name = ""
    types: Types = Field(default_factory=list)


class EndpointChanged(InModel):
    """What is to be another; what is left out stays."""

    url: Url = ""
    description: Name = ""
    types: Types = Field(default_factory=list)
    enabled: Flag = True


class EndpointOut(OutModel):
    """An endpoint; its secret is never shown again."""

    id: Uuid
    merchant: Uuid
    url: str
    description: str
    types: list[str]
    enabled: bool
    disabled_reason: str
    created_at: At


class EndpointMade(EndpointOut):
    """An endpoint with its secret, shown this once."""

    secret: str


class Endpoints(OutModel):
    """All endpoints the caller may see."""

    items: list[EndpointOut]


class Planned(OutModel):
    """A message on its way."""

    id: Uuid
    type: str


class DeliveriesQuery(InModel):
    """Which deliveries of an endpoint: the newest first."""

    state: Literal["WAITING", "DELIVERED", "GAVE_UP"] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: UUID | None = None


class DeliveryOut(OutModel):
    """One event on its way to one endpoint; `id` is the `webhook-id` of all its tries."""

    id: Uuid
    type: str
    state: str
    attempts: int
    next_at: At
    last_status: int | None
    last_detail: str
    created_at: At
    settled_at: At | None


class Deliveries(OutModel):
    """A page of deliveries; `next` is the cursor of the following one, null at the end."""

    items: list[DeliveryOut]
    next: Uuid | None


def _serialized(row: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "merchant": str(row.merchant_id),
        "url": row.url,
        "description": row.description,
        "types": row.types,
        "enabled": row.enabled,
        "disabled_reason": row.disabled_reason,
        "created_at": row.created_at.isoformat(),
    }


def _managed(request: HttpRequest, merchant_id: UUID) -> None:
    """Let owners and administrators go on, at this merchant.

    Raises:
        Turned: 404, nobody's merchant.
        ActBlocked: another role.
    """
    principal = caller(request)
    if merchant_id not in principal.roles:
        raise missing()
    role = principal.roles[merchant_id]
    if role not in MANAGERS:
        raise ActBlocked(Blocked("ROLE_NOT_ALLOWED", {"role": role.value}))


def _endpoint(request: HttpRequest, endpoint_id: UUID) -> WebhookEndpoint:
    row = WebhookEndpoint.objects.filter(pk=endpoint_id).first()
    if row is None:
        raise missing()
    _managed(request, row.merchant_id)
    return row


def _types(types: list[str]) -> tuple[str, ...]:
    for number, each in enumerate(types):
        if each not in TYPES:
            detail = _("There is no such event.")
            raise invalid(f"#/types/{number}", detail, code="TYPE_UNKNOWN")
    return tuple(dict.fromkeys(types))


def _url_refused(code: str) -> Turned:
    detail = _("This address may not be called: HTTPS and public addresses only (%(code)s).")
    return invalid("#/url", detail % {"code": code}, code="URL_REFUSED")


def _no_key() -> Turned:
    detail = _("Secrets cannot be sealed: QAITAR_ENCRYPTION_KEY is not set or was changed.")
    return Turned(503, "NO_ENCRYPTION_KEY", detail)


@router.get("/webhooks", response=Endpoints, operation_id="webhooks_list", summary="Endpoints")
@operation(ADMIN)
def webhooks_list(request: HttpRequest) -> HttpResponse:
    """List the endpoints of the merchants the caller manages."""
    principal = caller(request)
    mine = [merchant for merchant in principal.merchants if principal.roles[merchant] in MANAGERS]
    if not mine and principal.roles:
        raise RoleNotAllowed(next(iter(principal.roles.values())))
    rows = WebhookEndpoint.objects.filter(merchant_id__in=mine).order_by("pk")
    return answer({"items": [_serialized(row) for row in rows]})


@router.post(
    "/webhooks",
    response={201: EndpointMade},
    operation_id="webhooks_create",
    summary="Make an endpoint",
)
@operation(Entry("admin", body=Body.JSON, secret=True))
def webhooks_create(request: HttpRequest, body: EndpointWanted) -> HttpResponse:
    """Make an endpoint; its secret is in this answer and nowhere after it."""
    principal = caller(request)
    if body.merchant is None and len(principal.merchants) != 1:
        raise invalid("#/merchant", _("Say which merchant's events."), code="MERCHANT_NEEDED")
    merchant_id = body.merchant or principal.merchants[0]
    _managed(request, merchant_id)
    wanted = EndpointRequest(body.url, body.description, _types(body.types))
    try:
        row, secret = endpoint_create(merchant_id=merchant_id, wanted=wanted, now=moment(request))
    except EndpointRefused as no:
        if no.code == "TOO_MANY":
            raise invalid("#", _("There are enough endpoints."), code="TOO_MANY") from None
        raise _url_refused(no.code) from None
    except NoKey:
        raise _no_key() from None
    return answer({**_serialized(row), "secret": secret}, status=201)


@router.get(
    "/webhooks/{uuid:endpoint_id}",
    response=EndpointOut,
    operation_id="webhooks_get",
    summary="An endpoint",
)
@operation(ADMIN)
def webhooks_get(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Show an endpoint without its secret."""
    return answer(_serialized(_endpoint(request, endpoint_id)))


@router.patch(
    "/webhooks/{uuid:endpoint_id}",
    response=EndpointOut,
    operation_id="webhooks_change",
    summary="Change an endpoint",
)
@operation(Entry("admin", body=Body.JSON))
def webhooks_change(request: HttpRequest, endpoint_id: UUID, body: EndpointChanged) -> HttpResponse:
    """Change an endpoint; enabling one that was switched off sends it what it missed."""
    row = _endpoint(request, endpoint_id)
    given = body.model_dump(exclude_unset=True)
    if "types" in given:
        given["types"] = list(_types(given["types"]))
    if "url" in given and (code := url_refusal(given["url"])):
        raise _url_refused(code)
    for name, value in given.items():
        setattr(row, name, value)
    if row.enabled:
        row.disabled_reason = ""
    if given:
        row.save(update_fields=[*given, "disabled_reason"])
    return answer(_serialized(row))


@router.delete(
    "/webhooks/{uuid:endpoint_id}",
    response={204: None},
    operation_id="webhooks_delete",
    summary="Remove an endpoint",
)
@operation(ADMIN)
def webhooks_delete(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Remove an endpoint and what was on its way to it."""
    row = _endpoint(request, endpoint_id)
    WebhookDelivery.objects.filter(endpoint_id=row.pk).delete()
    row.delete()
    return HttpResponse(status=204)


@router.post(
    "/webhooks/{uuid:endpoint_id}/rotate",
    response=EndpointMade,
    operation_id="webhooks_rotate",
    summary="Give a new secret",
)
@operation(Entry("admin", secret=True))
def webhooks_rotate(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Give an endpoint a new secret, shown this once; for a day messages are signed with both."""
    row = _endpoint(request, endpoint_id)
    try:
        secret = endpoint_rotate(row, moment(request))
    except (NoKey, NotOpened):
        raise _no_key() from None
    return answer({**_serialized(row), "secret": secret})


@router.post(
    "/webhooks/{uuid:endpoint_id}/test",
    response={202: Planned},
    operation_id="webhooks_test",
    summary="Send a test message",
)
@operation(ADMIN)
def webhooks_test(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Plan a message of type `ping`; what became of it stands among the deliveries."""
    endpoint = _endpoint(request, endpoint_id)
    delivery = ping_plan(endpoint, moment(request))
    job_defer(
        WEBHOOKS_TASK,
        queue="webhooks",
        only_one=f"webhooks {endpoint.merchant_id}",
        merchant_id=str(endpoint.merchant_id),
    )
    return answer({"id": str(delivery.pk), "type": delivery.type}, status=202)


@router.get(
    "/webhooks/{uuid:endpoint_id}/deliveries",
    response=Deliveries,
    operation_id="webhooks_deliveries",
    summary="Deliveries of an endpoint",
)
@operation(ADMIN)
def webhooks_deliveries(
    request: HttpRequest, endpoint_id: UUID, query: Query[DeliveriesQuery]
) -> HttpResponse:
    """List what was sent, waits, or was given up, with the last answer of the receiver."""
    endpoint = _endpoint(request, endpoint_id)
    wanted = Q(endpoint_id=endpoint.pk)
    wanted &= Q(state=query.state) if query.state else ~Q(state__in=["PLANNED", "SKIPPED"])
    if query.cursor:
        last = WebhookDelivery.objects.filter(endpoint_id=endpoint.pk, pk=query.cursor)
        wanted &= Q(place__lt=Subquery(last.values("place")))
    found = list(WebhookDelivery.objects.filter(wanted).order_by("-place")[: query.limit + 1])
    page = found[: query.limit]
    following = str(page[-1].pk) if len(found) > query.limit else None
    return answer({"items": [_delivery(row) for row in page], "next": following})


def _delivery(row: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "type": row.type,
        "state": row.state,
        "attempts": row.attempts,
        "next_at": row.next_at.isoformat(),
        "last_status": row.last_status,
        "last_detail": row.last_detail,
        "created_at": row.created_at.isoformat(),
        "settled_at": text_of(row.settled_at),
    }
