"""Where events are sent: endpoints made, their signing secrets shown once, sealed, replaced without a gap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings

from qaitar.foundation.connections.secrets import seal_fields, unseal_fields
from qaitar.foundation.models import WebhookDelivery, WebhookEndpoint
from qaitar.foundation.webhooks.signing import new_secret
from qaitar.kernel.ids import new_id
from qaitar.transport.addresses import Forbidden, resolve_public

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

URL_CHARS_MAX: Final = 500
ENDPOINTS_MAX: Final = 20  # of one merchant
BOTH_SECRETS_FOR: Final = timedelta(hours=24)
PING: Final = "ping"
_ASSUMED_PUBLIC: Final = "8.8.8.8"


class EndpointRefused(Exception):
    """The address cannot be an endpoint: `code` of the address guard, or TOO_MANY."""

    def __init__(self, code: str) -> None:
        """Carry the code."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class EndpointRequest:
    """What an endpoint is to be; no types means all of them."""

    url: str
    description: str = ""
    types: tuple[str, ...] = ()


def url_refusal(url: str) -> str:
    """Say by a code why an address may not be called, as far as can be told without asking any name server; '' if it may.

    Each sending looks the name up and judges the real address again.
    """
    if len(url) > URL_CHARS_MAX:
        return "bad_url"
    judged = resolve_public(
        url,
        allow_hosts=settings.QAITAR_PRIVATE_HOSTS,
        resolver=lambda _host, _port: [_ASSUMED_PUBLIC],
    )
    return judged.code.value if isinstance(judged, Forbidden) else ""


def endpoint_create(
    *, merchant_id: UUID, wanted: EndpointRequest, now: datetime
) -> tuple[WebhookEndpoint, str]:
    """Make an endpoint and its secret, which is shown this once; events from here on are sent to it.

    Raises:
        EndpointRefused: the address may not be called, or the merchant has enough endpoints.
        NoKey: the installation has no encryption key.
    """
    if code := url_refusal(wanted.url):
        raise EndpointRefused(code)
    if WebhookEndpoint.objects.filter(merchant_id=merchant_id).count() >= ENDPOINTS_MAX:
        raise EndpointRefused("TOO_MANY")
    secret, key = new_secret(), new_id()
    row = WebhookEndpoint.objects.create(
        id=key,
        merchant_id=merchant_id,
        url=wanted.url,
        description=wanted.description,
        types=list(wanted.types),
        secrets=seal_fields({"current": secret}, place=_place(key)),
        created_at=now,
    )
    return row, secret


def place_of_endpoint(endpoint: WebhookEndpoint) -> str:
    """Name the row its secrets are sealed for."""
    return _place(endpoint.pk)


def _place(endpoint_id: UUID) -> str:
    return f"webhook {endpoint_id}"


def endpoint_rotate(endpoint: WebhookEndpoint, now: datetime) -> str:
    """Give an endpoint a new secret and return it, this once; for a day both sign, so that nothing is lost.

    Raises:
        NoKey, NotOpened: as opening sealed secrets does.
    """
    secrets = unseal_fields(bytes(endpoint.secrets), place=place_of_endpoint(endpoint))
    secret = new_secret()
    fields = {
        "current": secret,
        "previous": secrets["current"],
        "previous_until": (now + BOTH_SECRETS_FOR).isoformat(),
    }
    endpoint.secrets = seal_fields(fields, place=place_of_endpoint(endpoint))
    endpoint.save(update_fields=["secrets"])
    return secret


def signing_secrets(endpoint: WebhookEndpoint, now: datetime) -> Sequence[str]:
    """Return the secrets to sign with now, the current one first.  Errors as `endpoint_rotate`."""
    secrets = unseal_fields(bytes(endpoint.secrets), place=place_of_endpoint(endpoint))
    until = secrets.get("previous_until")
    if until and now < datetime.fromisoformat(until):
        return (secrets["current"], secrets["previous"])
    return (secrets["current"],)


def ping_plan(endpoint: WebhookEndpoint, now: datetime) -> WebhookDelivery:
    """Plan a test message to an endpoint; it goes the way every event goes."""
    key = new_id()
    body = (
        f'{{"type":"{PING}","timestamp":"{now.isoformat()}","data":{{"endpoint":"{endpoint.pk}"}}}}'
    )
    return WebhookDelivery.objects.create(
        id=key,
        merchant_id=endpoint.merchant_id,
        endpoint_id=endpoint.pk,
        entry_id=key,
        type=PING,
        body=body,
        next_at=now,
        created_at=now,
    )
