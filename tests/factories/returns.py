"""Cases made by walking the services, never by writing a stage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qaitar.foundation.identity.actors import system_actor
from qaitar.foundation.models import StoredFile
from qaitar.kernel.ids import new_id
from qaitar.returns.services.evidence import NewProof, evidence_add
from qaitar.returns.services.intake import Filing, request_create
from qaitar.returns.services.mirroring import Look, Mirrored, readings_apply
from qaitar.returns.services.perform_act import Details, request_act
from qaitar.returns.vocabulary import Act, EvidenceKind
from tests.factories.accounts import NOW

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from qaitar.contracts.marketplace import ReturnReading
    from qaitar.foundation.identity.actors import Actor
    from qaitar.returns.models import ReturnRequest
    from tests.factories.accounts import Shop


def make_filing(shop: Shop, number: str = "700000001-1", **reported: object) -> Filing:
    """A filing as an operator types it, good order, size does not fit."""
    plain = Filing(
        store_id=shop.store.pk,
        number=number,
        source="MANUAL",
        filed_at=NOW,
        reason_code="SIZE_MISMATCH",
        product_name="Кроссовки",
        amount_minor=1_299_000,
        customer_name="Оксана П.",
        customer_phone="+77011234567",
    )
    return replace(plain, **reported)  # type: ignore[arg-type]  # fields of the same dataclass


def make_case(
    shop: Shop, by: Actor, number: str = "700000001-1", *, now: datetime = NOW, **reported: object
) -> ReturnRequest:
    """A new case."""
    filing = make_filing(shop, number, **{"filed_at": now, **reported})
    return request_create(filing=filing, by=by, merchant_id=shop.id, now=now)


def make_file(merchant_id: UUID, name: str = "photo.jpg", *, now: datetime = NOW) -> StoredFile:
    """A stored file's row (its bytes are not needed by the rules)."""
    file_id = new_id()
    return StoredFile.objects.create(
        id=file_id,
        merchant_id=merchant_id,
        sha256=file_id.hex * 2,
        size=1000,
        name=name,
        kind="PHOTO",
        mime="image/jpeg",
        extension="jpg",
        created_at=now,
        created_by_name="Aigerim",
        origin="web",
    )


def add_proofs(
    case: ReturnRequest, by: Actor, *kinds: EvidenceKind, now: datetime = NOW
) -> ReturnRequest:
    """Add one proof of each kind."""
    proofs = [
        NewProof(make_file(case.merchant_id, f"{kind.value}.jpg", now=now), kind) for kind in kinds
    ]
    return evidence_add(request_id=case.pk, proofs=proofs, by=by, now=now)


def look(shop: Shop, now: datetime, *readings: ReturnReading) -> Mirrored:
    """The marketplace's cabinet is read at `now`."""
    seen = Look(shop.store.pk, shop.id, system_actor("mirror"), now, now)
    return readings_apply(seen, readings)


def take(case: ReturnRequest, by: Actor, *, now: datetime = NOW) -> ReturnRequest:
    """Bring a case in good order to the goods being on their way."""
    add_proofs(case, by, EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING, now=now)
    done = request_act(request_id=case.pk, act=Act.TAKE_FOR_INSPECTION, by=by, now=now)
    return done.request


def arrive(case: ReturnRequest, by: Actor, *, now: datetime = NOW) -> ReturnRequest:
    """Let the goods arrive at the acceptance point."""
    details = Details(arrived_where="POINT")
    return request_act(
        request_id=case.pk, act=Act.NOTE_ARRIVAL, by=by, now=now, details=details
    ).request
