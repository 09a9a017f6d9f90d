"""Two shops with one thing of each kind in each, made by calling the API as their owners."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from qaitar.foundation.identity.access import digest_of
from qaitar.foundation.models import ApiToken, Companion, StoredFile
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.orders.models import Order, OrderLine
from qaitar.returns.models import Evidence
from qaitar.returns.services.evidence import NewProof, evidence_add
from qaitar.returns.vocabulary import EvidenceKind
from tests.factories.accounts import (
    NOW,
    Shop,
    actor,
    make_person,
    make_shop,
    make_token,
    open_walls,
)
from tests.web.api.callers import Program

if TYPE_CHECKING:
    from django.http import HttpResponse


def photo(colour: str = "red") -> SimpleUploadedFile:
    """A small real picture."""
    stored = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(stored, "PNG")
    return SimpleUploadedFile("фото товара.png", stored.getvalue(), "image/png")


@dataclass(frozen=True)
class Side:
    """One shop: its programs by scope and an id of each kind of thing."""

    shop: Shop
    all: Program
    by_scope: dict[str, Program]
    ids: dict[str, str]


def make_side(name: str, username: str) -> Side:
    shop = make_shop(name)
    person = make_person(username, (shop.id, Role.OWNER))
    everything = Program(make_token(person, "read", "write", "intake", "admin"))
    by_scope = {
        scope: Program(make_token(person, scope))
        for scope in ("read", "write", "intake", "admin", "pairing", "companion")
    }
    token = ApiToken.objects.get(digest=digest_of(by_scope["companion"].token))
    reported = {"paired_at": NOW, "last_contact_at": NOW, "session_at": NOW}
    Companion.objects.create(id=new_id(), user=person, token=token, browser="Chrome", **reported)
    ids = {"store_id": str(shop.store.pk), "order_id": str(make_order(shop).pk)}
    made = post(everything, "/returns", {"store": ids["store_id"], "number": "700000001-1"})
    ids["request_id"] = made["id"]
    open_walls(shop.id)
    row = StoredFile.objects.create(
        id=new_id(),
        merchant_id=shop.id,
        sha256="ab" * 32,
        size=10,
        name="акт.pdf",
        kind="pdf",
        mime="application/pdf",
        extension=".pdf",
        created_at=NOW,
        created_by_name=username,
        origin="api",
    )
    proof = NewProof(row, EvidenceKind.TECHNICAL_ACT)
    by = actor(person, shop.id)
    evidence_add(request_id=UUID(made["id"]), proofs=[proof], by=by, now=NOW)
    ids["evidence_id"] = str(Evidence.objects.get(request_id=made["id"]).pk)
    ids["intake_id"] = post(everything, f"/intake/cabinet/{ids['store_id']}", {"a": 1})["id"]
    ids["endpoint_id"] = post(everything, "/webhooks", {"url": "https://hooks.example.kz/q"})["id"]
    return Side(shop, everything, by_scope, ids)


def make_order(shop: Shop, code: str = "700000001") -> Order:
    open_walls(shop.id)
    order = Order.objects.create(
        id=new_id(),
        merchant_id=shop.id,
        store_id=shop.store.pk,
        code=code,
        status="COMPLETED",
        ordered_at=NOW,
        delivered_at=NOW,
        total_minor=1_299_000,
        digest=b"1" * 32,
        created_at=NOW,
        updated_at=NOW,
    )
    OrderLine.objects.create(
        id=new_id(),
        merchant_id=shop.id,
        order_id=order.pk,
        key="1",
        name="Кроссовки",
        offer_code="SKU-1",
        total_minor=1_299_000,
    )
    return order


def post(program: Program, path: str, body: Any) -> dict[str, Any]:
    """Post and expect it to be done."""
    answer: HttpResponse = program.post(path, body)
    assert answer.status_code < 300, answer.content
    return answer.json()


def random_ids() -> dict[str, str]:
    """Ids of nothing."""
    names = ("store_id", "order_id", "request_id", "evidence_id", "intake_id", "endpoint_id")
    return {name: str(uuid4()) for name in names}
