"""Changing the encryption key: everything sealed in the database is sealed again under the first key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import transaction

from qaitar.foundation.connections.secrets import NotOpened, is_sealed, resealed
from qaitar.foundation.connections.systems import place_of
from qaitar.foundation.identity.second_factors import data_resealed
from qaitar.foundation.journal.personal_models import PersonalKey
from qaitar.foundation.journal.personal_values import place_of_key
from qaitar.foundation.models import Connection, MerchantKey, WebhookEndpoint
from qaitar.foundation.tenancy.walls import see
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
    personal_keys: int = 0
    not_opened: list[str] = field(default_factory=list)


def secrets_reseal(*, dry_run: bool = False) -> Resealed:
    """Seal secrets and keys of personal values under the first key, one merchant or page a transaction.

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
        done.personal_keys += _pages_reseal(_PERSONAL_KEYS, merchant_id, done, dry_run=dry_run)
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


@dataclass(frozen=True, slots=True)
class _Column:
    """A column whose rows are too many or too large to be held at once."""

    model: type[PersonalKey]
    name: str
    place: Callable[[UUID], str]


_PERSONAL_KEYS: Final = _Column(PersonalKey, "sealed", place_of_key)
_PAGE: Final = 100


def _pages_reseal(column: _Column, merchant_id: UUID, done: Resealed, *, dry_run: bool) -> int:
    """Seal one column of one merchant again, a page a transaction, so that nobody waits for the whole."""
    changed, last = 0, UUID(int=0)
    while True:
        with transaction.atomic():
            see([merchant_id])
            rows = column.model.objects.filter(pk__gt=last).select_for_update().order_by("pk")
            page = list(rows.values_list("pk", column.name)[:_PAGE])
            for row_id, sealed in page:
                changed += _cell_reseal(column, row_id, bytes(sealed), done, dry_run=dry_run)
        if len(page) < _PAGE:
            return changed
        last = page[-1][0]


def _cell_reseal(
    column: _Column, row_id: UUID, sealed: bytes, done: Resealed, *, dry_run: bool
) -> bool:
    if not is_sealed(sealed):
        return False
    try:
        fresh = resealed(sealed, place=column.place(row_id))
    except NotOpened:
        done.not_opened.append(column.place(row_id))
        return False
    if fresh is None:
        return False
    if not dry_run:
        column.model.objects.filter(pk=row_id).update(**{column.name: fresh})
    return True


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
