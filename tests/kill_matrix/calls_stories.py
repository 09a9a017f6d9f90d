"""What programs and people send: requests, acts, approvals, proofs, exports, what the cabinet showed; once, by its key."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from django.db import transaction
from PIL import Image

from qaitar.foundation.files.store import FileStore, Integrity, key_of
from qaitar.foundation.models import StoredFile
from qaitar.returns.models import Evidence, ReturnRequest
from qaitar.returns.vocabulary import Act
from tests.factories.accounts import open_walls
from tests.kill_matrix.intake_stories import export_of, one_import, one_reading, seen_body
from tests.kill_matrix.story import Story, unlike
from tests.kill_matrix.world import Request

if TYPE_CHECKING:
    from tests.kill_matrix.world import World

API: Final = "/api/v1"
_EDGE: Final = "----part-of-a-form"


def _call(world: World, person: str, path: str, body: Any) -> Request:
    token = world.token(person)
    return Request("POST", API + path, json.dumps(body).encode(), key=str(uuid4()), token=token)


def _form(world: World, path: str, fields: dict[str, str], file: tuple[str, bytes, str]) -> Request:
    """Write a form with one file as browsers do."""
    name, content, kind = file
    parts = [
        f'--{_EDGE}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = (
        f'--{_EDGE}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    body = b"".join([*parts, head.encode(), content, f"\r\n--{_EDGE}--\r\n".encode()])
    return Request(
        "POST",
        API + path,
        body,
        kind=f"multipart/form-data; boundary={_EDGE}",
        key=str(uuid4()),
        token=world.token("aigerim"),
    )


def _cases(world: World) -> list[ReturnRequest]:
    with transaction.atomic():
        open_walls(world.shop.id)
        return list(ReturnRequest.objects.order_by("number"))


def _filing_begins(world: World) -> Request:
    filed = {
        "store": str(world.shop.store.pk),
        "number": "700000001-1",
        "reason_code": "SIZE_MISMATCH",
        "product_name": "Кроссовки",
        "amount_minor": world.dice.randint(1, 10**8),
    }
    return _call(world, "aigerim", "/returns", filed)


def _filing_differs(world: World) -> list[str]:
    cases = _cases(world)
    return unlike("cases", [case.number for case in cases], ["700000001-1"]) + [
        each for case in cases for each in unlike("acts", dict(world.acts(case.pk)), {"CREATE": 1})
    ]


def _act_begins(world: World) -> Request:
    world.connect("usedesk")
    case = world.file()
    world.minutes_pass(forget=True)
    return _call(world, "aigerim", f"/returns/{case.pk}/acts", {"act": "ASK_CUSTOMER"})


def _act_differs(world: World) -> list[str]:
    (case,) = _cases(world)
    acts = world.acts(case.pk)
    return [
        *unlike("stage", case.stage, "WAITING_CUSTOMER"),
        *unlike("asked", acts["ASK_CUSTOMER"], 1),
        *unlike("tickets", world.executed()["tickets"], 1),
    ]


def _approval_begins(world: World) -> Request:
    """Aigerim asks, Daulet approves: the second of two people, and only what was asked for."""
    case = world.file()
    world.act(case, Act.ASK_CUSTOMER)
    world.act(case, Act.SEND_FOR_APPROVAL)
    world.minutes_pass(forget=True)
    return _approves(world)


def _approves(world: World) -> Request:
    """Daulet approves what he has read."""
    (case,) = _cases(world)
    requested = {"act": "APPROVE", "version": case.version}
    return _call(world, "daulet", f"/returns/{case.pk}/acts", requested)


def _approval_differs(world: World) -> list[str]:
    (case,) = _cases(world)
    acts = world.acts(case.pk)
    return [
        *unlike("approval", (case.approval, case.stage), ("GIVEN", "WAITING_CUSTOMER")),
        *unlike("pressed", (acts["SEND_FOR_APPROVAL"], acts["APPROVE"]), (1, 1)),
    ]


def _proof_begins(world: World) -> Request:
    case = world.file()
    world.minutes_pass(forget=True)
    stored = io.BytesIO()
    pixels = hashlib.sha384(world.shop.id.bytes).digest()  # no other story keeps the same content
    Image.frombytes("RGB", (8, 2), pixels).save(stored, "PNG")
    file = ("photo.png", stored.getvalue(), "image/png")
    return _form(world, f"/returns/{case.pk}/evidence", {"kind": "PHOTO_GOODS"}, file)


def _proof_differs(world: World) -> list[str]:
    (case,) = _cases(world)
    with transaction.atomic():
        open_walls(world.shop.id)
        proofs = list(Evidence.objects.values_list("kind", "file_sha256"))
        files = list(StoredFile.objects.values_list("sha256", "preview_sha256", "thumb_sha256"))
    wrong = unlike("proofs", [kind for kind, _ in proofs], ["PHOTO_GOODS"])
    wrong += unlike("files", [sha for sha, *_ in files], [sha for _, sha in proofs])
    wrong += unlike("acts", world.acts(case.pk)["ADD_EVIDENCE"], 1)
    store = FileStore()
    for sha256 in {sha for row in files for sha in row}:
        wrong += unlike(f"file {sha256}", store.verify(key_of(sha256)), Integrity.INTACT)
    return wrong


def _displayed_begins(world: World) -> Request:
    world.remembered["body"] = seen_body(world)
    return Request(
        "POST",
        f"{API}/intake/cabinet/{world.shop.store.pk}",
        world.remembered["body"],
        key=str(uuid4()),
        token=world.token("aigerim", "intake"),
    )


def _displayed_differs(world: World) -> list[str]:
    return one_reading(world, world.remembered["body"])


def _export_begins(world: World) -> Request:
    file = ("orders.csv", export_of(world), "text/csv")
    return _form(world, "/orders/import", {"store": str(world.shop.store.pk)}, file)


STORIES: Final = (
    Story("request filed by a program", _filing_begins, _filing_differs, operation="returns_file"),
    Story("act by a program", _act_begins, _act_differs, operation="returns_act"),
    Story("approval", _approval_begins, _approval_differs, operation="returns_act", anew=_approves),
    Story("proof uploaded", _proof_begins, _proof_differs, operation="evidence_add"),
    Story(
        "what the cabinet showed is handed over",
        _displayed_begins,
        _displayed_differs,
        operation="intake_cabinet",
    ),
    Story("export handed over", _export_begins, one_import, operation="orders_import"),
)
