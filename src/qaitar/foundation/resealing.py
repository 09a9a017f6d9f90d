"""Changing the encryption key: everything sealed in the database is sealed again under the first key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from allauth.mfa.models import Authenticator
from django.db import transaction

from qaitar.foundation.connections import place_of
from qaitar.foundation.models import Connection, MerchantKey, WebhookEndpoint
from qaitar.foundation.second_factors import data_resealed
from qaitar.foundation.secrets import NotOpened, resealed
from qaitar.foundation.walls import see
from qaitar.foundation.webhooks.endpoints import place_of_endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet


_Row = TypeVar("_Row", Connection, WebhookEndpoint)


@dataclass(slots=True)
class Resealed:
    """How many rows of each kind were (or would be) sealed again, and which could not be opened, as `kind id`."""

    connections: int = 0
    webhooks: int = 0
    second_factors: int = 0
    not_opened: list[str] = field(default_factory=list)


def secrets_reseal(*, dry_run: bool = False) -> Resealed:
    """Seal connections', webhooks' and second factors' secrets under the first key, one merchant a transaction.

    A row that cannot be opened is named and left as it is.  A second run finds nothing to do.

    Raises:
        NoKey: no usable encryption key is set.
    """
    done = Resealed()
    for merchant_id in MerchantKey.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            see([merchant_id])
            done.connections += _rows_reseal(
                Connection.objects.exclude(secrets=b""), place_of, done, dry_run=dry_run
            )
            done.webhooks += _rows_reseal(
                WebhookEndpoint.objects.all(), place_of_endpoint, done, dry_run=dry_run
            )
    with transaction.atomic():
        done.second_factors = _factors_reseal(done, dry_run=dry_run)
    return done


def _rows_reseal(
    rows: QuerySet[_Row], place: Callable[[_Row], str], done: Resealed, *, dry_run: bool
) -> int:
    changed = 0
    for row in rows.select_for_update().order_by("pk"):
        try:
            fresh = resealed(bytes(row.secrets), place=place(row))
        except NotOpened:
            done.not_opened.append(place(row))
            continue
        if fresh is not None:
            changed += 1
            if not dry_run:
                rows.model.objects.filter(pk=row.pk).update(secrets=fresh)
    return changed


def _factors_reseal(done: Resealed, *, dry_run: bool) -> int:
    changed = 0
    for row in Authenticator.objects.select_for_update().order_by("pk"):
        try:
            fresh = data_resealed(row.data)
        except NotOpened:
            done.not_opened.append(f"second factor {row.pk}")
            continue
        if fresh is not None:
            changed += 1
            if not dry_run:
                Authenticator.objects.filter(pk=row.pk).update(data=fresh)
    return changed
