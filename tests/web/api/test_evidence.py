"""Proofs over the API: checked on entry, kept unchanged, handed out so that a browser never runs them."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from PIL import Image

from qaitar.foundation.files.store import FileStore, key_of
from qaitar.foundation.models import JournalEntry, StoredFile
from qaitar.returns.models import Evidence, ReturnRequest
from qaitar.web.api import evidence as evidence_calls
from tests.factories.accounts import open_walls
from tests.web.api.conftest import Cast
from tests.web.api.world import photo


@pytest.fixture
def case(cast: Cast) -> dict[str, Any]:
    body = {
        "store": str(cast.shop.store.pk),
        "number": "700000001-1",
        "reason_text": "не включается",
    }
    return cast.operator.post("/returns", body).json()


def path(case: dict[str, Any]) -> str:
    return f"/returns/{case['id']}/evidence"


def test_files_are_stored_unchanged_under_their_hash_with_previews(
    cast: Cast, case: dict[str, Any]
) -> None:
    sent = photo()
    content = sent.read()
    sent.seek(0)
    answer = cast.operator.upload(
        path(case), {"kind": "PHOTO_DAMAGE", "note": "угол", "file": [sent, photo("blue")]}
    )
    assert answer.status_code == 201
    proofs = answer.json()["evidence"]
    assert [(p["kind"], p["note"], p["width"], p["height"]) for p in proofs] == [
        ("PHOTO_DAMAGE", "угол", 40, 30)
    ] * 2
    shas = {proof["file_sha256"] for proof in proofs}
    sha256 = hashlib.sha256(content).hexdigest()
    assert sha256 in shas
    assert len(shas) == 2
    with FileStore().open(key_of(sha256)) as stored:
        assert stored.read() == content
    open_walls(cast.shop.id)
    assert ReturnRequest.objects.get().customer_answered is True
    row = StoredFile.objects.get(sha256=sha256)
    assert (row.origin, row.created_by_name, row.name) == (
        "api 127.0.0.1",
        "Aigerim",
        "фото товара.png",
    )
    assert row.thumb_sha256
    assert [line.act for line in JournalEntry.objects.order_by("seq")] == ["CREATE", "ADD_EVIDENCE"]


def test_the_same_picture_twice_in_one_upload_is_one_proof(
    cast: Cast, case: dict[str, Any]
) -> None:
    """A phone's gallery lets people tick a picture twice."""
    sent = {"kind": "PHOTO_DAMAGE", "file": [photo(), photo("blue"), photo()]}
    answer = cast.operator.upload(path(case), sent)
    assert answer.status_code == 201, answer.content
    shas = [proof["file_sha256"] for proof in answer.json()["evidence"]]
    assert len(shas) == len(set(shas)) == 2


def test_no_transaction_is_open_while_a_file_is_judged(
    cast: Cast, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test's own transaction is one savepoint deep; a call's would be deeper."""
    depths: list[int] = []
    real = evidence_calls.content_keep

    def watched(source: Any, name: str) -> Any:
        depths.append(len(connection.savepoint_ids))
        return real(source, name)

    monkeypatch.setattr(evidence_calls, "content_keep", watched)
    cast.operator.upload(path(case), {"kind": "PHOTO_GOODS", "file": photo()})
    assert depths == [len(connection.savepoint_ids)]


def script_named(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"<html><script>alert(1)</script></html>", "image/jpeg")


def bomb() -> SimpleUploadedFile:
    stored = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(stored, "PNG")
    return SimpleUploadedFile("big.png", stored.getvalue(), "image/png")


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (lambda: script_named("photo.jpg"), "markup"),
        (lambda: SimpleUploadedFile("a.pdf", b"MZ" + b"\0" * 200), "executable"),
        (lambda: SimpleUploadedFile("empty.jpg", b""), "empty"),
        (lambda: SimpleUploadedFile("a.png", photo().read()[:50]), "damaged"),
        (bomb, "image_pixels"),
    ],
)
def test_a_harmful_file_is_refused_with_a_sentence_and_leaves_nothing(
    cast: Cast, case: dict[str, Any], settings: Any, file: Any, code: str
) -> None:
    answer = cast.operator.upload(path(case), {"kind": "PHOTO_GOODS", "file": file()})
    assert (answer.status_code, answer.json()["code"]) == (422, "FILE_REFUSED")
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/file/0", code)
    assert error["detail"].endswith((".", "!"))
    open_walls(cast.shop.id)
    assert StoredFile.objects.count() == Evidence.objects.count() == 0
    assert JournalEntry.objects.count() == 1
    folder = Path(settings.STORAGES["files"]["OPTIONS"]["location"])
    assert [each for each in folder.rglob("*") if each.is_file()] == []


def test_a_form_without_files_or_with_unknown_fields_is_refused(
    cast: Cast, case: dict[str, Any]
) -> None:
    assert cast.operator.upload(path(case), {"kind": "PHOTO_GOODS"}).status_code == 422
    too_many = cast.operator.upload(
        path(case), {"kind": "PHOTO_GOODS", "file": [photo() for _ in range(41)]}
    )
    assert too_many.status_code in {413, 422}
    wrong = cast.operator.upload(path(case), {"kind": "SELFIE", "file": photo()})
    assert wrong.status_code == 422
    not_a_form = cast.operator.post(path(case), {"kind": "PHOTO_GOODS"})
    assert (not_a_form.status_code, not_a_form.json()["code"]) == (415, "CONTENT_TYPE")
    broken = cast.operator.post(
        path(case), raw=b"garbage", content_type="multipart/form-data; boundary="
    )
    assert broken.status_code == 400
    open_walls(cast.shop.id)
    assert Evidence.objects.count() == 0


def test_nobody_without_a_role_for_it_adds_a_proof(cast: Cast, case: dict[str, Any]) -> None:
    answer = cast.viewer.upload(path(case), {"kind": "PHOTO_GOODS", "file": photo()})
    assert (answer.status_code, answer.json()["code"]) == (403, "ROLE_NOT_ALLOWED")
    open_walls(cast.shop.id)
    assert Evidence.objects.count() == StoredFile.objects.count() == 0


def test_a_file_leaves_as_an_attachment(cast: Cast, case: dict[str, Any]) -> None:
    sent = photo()
    content = sent.read()
    sent.seek(0)
    added = cast.operator.upload(path(case), {"kind": "PHOTO_GOODS", "file": sent})
    proof = added.json()["evidence"][0]
    answer = cast.reader.get(f"/evidence/{proof['id']}/file")
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == content
    assert answer["Content-Disposition"].startswith("attachment; ")
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Content-Length"] == str(len(content))
    assert answer["ETag"] == f'"{proof["file_sha256"]}"'


def test_an_act_is_confirmed_and_withdrawn_in_the_journal(cast: Cast, case: dict[str, Any]) -> None:
    added = cast.operator.upload(path(case), {"kind": "TECHNICAL_ACT", "file": photo()})
    proof = added.json()["evidence"][0]["id"]
    half = cast.operator.post(f"/evidence/{proof}/confirm", {"signature": True, "stamp": False})
    assert (half.json()["signature_confirmed"], half.json()["stamp_confirmed"]) == (True, False)
    whole = cast.operator.post(f"/evidence/{proof}/confirm", {"signature": True, "stamp": True})
    assert whole.json()["confirmed_by_name"] == "Aigerim"
    refused = cast.viewer.post(f"/evidence/{proof}/withdraw", {"why": "no"})
    assert refused.status_code == 403
    out = cast.operator.post(f"/evidence/{proof}/withdraw", {"why": "wrong case"})
    assert out.json()["withdrawn_at"] is not None
    again = cast.operator.post(f"/evidence/{proof}/withdraw", {"why": "wrong case"})
    assert again.status_code == 404
    assert cast.operator.get(f"/returns/{case['id']}").json()["evidence"] == []
    open_walls(cast.shop.id)
    assert [line.act for line in JournalEntry.objects.order_by("seq")] == [
        "CREATE",
        "ADD_EVIDENCE",
        "CONFIRM_EVIDENCE",
        "CONFIRM_EVIDENCE",
        "WITHDRAW_EVIDENCE",
    ]
