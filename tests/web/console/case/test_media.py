"""Papers page by page and videos piece by piece; a file sent twice is one proof."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pypdfium2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from qaitar.foundation.files.store import FileStore
from qaitar.foundation.models import JournalEntry, StoredFile
from qaitar.returns.models import Evidence
from qaitar.web.console.case.evidence import PAGES_MAX
from tests.factories.accounts import Shop, open_walls
from tests.factories.returns import make_case
from tests.web.console.case.test_case import photo

if TYPE_CHECKING:
    from django.test import Client

    from qaitar.foundation.identity.actors import Actor
    from qaitar.returns.models import ReturnRequest

pytestmark = pytest.mark.usefixtures("clock")
HTMX = {"HTTP_HX_REQUEST": "true"}


def paper(pages: int) -> SimpleUploadedFile:
    document = pypdfium2.PdfDocument.new()
    for number in range(pages):
        document.new_page(300, 400 if number else 200)
    written = io.BytesIO()
    document.save(written)
    return SimpleUploadedFile("act.pdf", written.getvalue(), "application/pdf")


def accepted(client: Client, case: ReturnRequest, file: SimpleUploadedFile) -> Evidence:
    answer = client.post(f"/returns/{case.pk}/evidence", {"kind": "AUTO", "file": file}, **HTMX)
    assert answer.status_code == 200
    open_walls(case.merchant_id)
    return Evidence.objects.get()


def test_each_page_of_a_paper_is_a_picture(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(shop, by)
    proof = accepted(client, case, paper(3))
    tile = client.get(f"/returns/{case.pk}").context["case"].evidence.tiles[0]
    assert (tile.pages, tile.page_url) == (3, f"/evidence/{proof.pk}/page/1")
    sizes = []
    for number in (1, 2, 3):
        answer = client.get(f"/evidence/{proof.pk}/page/{number}")
        assert answer["Content-Type"] == "image/jpeg"
        assert answer["Cache-Control"] == "private, max-age=86400, immutable"
        sizes.append(Image.open(io.BytesIO(answer.content)).size)
    assert sizes == [(1600, 1067), (1200, 1600), (1200, 1600)]
    assert client.get(f"/evidence/{proof.pk}/page/4").status_code == 404
    assert client.get(f"/evidence/{proof.pk}/page/0").status_code == 404


def test_pages_beyond_the_bound_are_not_drawn(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(shop, by)
    proof = accepted(client, case, paper(PAGES_MAX + 2))
    assert client.get(f"/returns/{case.pk}").context["case"].evidence.tiles[0].pages == PAGES_MAX
    assert client.get(f"/evidence/{proof.pk}/page/{PAGES_MAX}").status_code == 200
    assert client.get(f"/evidence/{proof.pk}/page/{PAGES_MAX + 1}").status_code == 404


def test_a_photo_has_no_pages_and_is_not_played(shop: Shop, by: Actor, client: Client) -> None:
    proof = accepted(client, make_case(shop, by), photo())
    assert client.get(f"/evidence/{proof.pk}/page/1").status_code == 404
    assert client.get(f"/evidence/{proof.pk}/play").status_code == 404


@pytest.mark.parametrize(
    ("requested", "answered"),
    [
        ("", (200, b"0123456789", None)),
        ("bytes=0-", (206, b"0123456789", "bytes 0-9/10")),
        ("bytes=4-6", (206, b"456", "bytes 4-6/10")),
        ("bytes=8-99", (206, b"89", "bytes 8-9/10")),
        ("bytes=99-", (200, b"0123456789", None)),
        ("bytes=6-4", (200, b"0123456789", None)),
        ("bytes=x-y", (200, b"0123456789", None)),
    ],
)
def test_a_video_plays_from_any_place(
    shop: Shop, by: Actor, client: Client, requested: str, answered: tuple[int, bytes, str | None]
) -> None:
    proof = accepted(client, make_case(shop, by), photo())
    stored = FileStore().put(io.BytesIO(b"0123456789"))
    open_walls(shop.id)
    StoredFile.objects.filter(pk=proof.file_id).update(
        sha256=stored.sha256, size=stored.size, mime="video/mp4", name="clip.mp4"
    )
    answer = client.get(
        f"/evidence/{proof.pk}/play", headers={"Range": requested} if requested else {}
    )
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert (answer.status_code, body, answer.get("Content-Range")) == answered
    assert (answer["Content-Type"], answer["Accept-Ranges"]) == ("video/mp4", "bytes")


def test_a_file_sent_again_is_the_same_proof(shop: Shop, by: Actor, client: Client) -> None:
    case = make_case(shop, by)
    first = accepted(client, case, photo())
    assert accepted(client, case, photo()).pk == first.pk
    lines = JournalEntry.objects.filter(subject_id=case.pk, act="ADD_EVIDENCE")
    assert lines.count() == 1


def test_a_photo_sent_again_leaves_no_second_row(shop: Shop, by: Actor, client: Client) -> None:
    case, other = make_case(shop, by), make_case(shop, by, "700000002-1")
    content = photo().read()
    for each in (case, case, other, case):
        file = SimpleUploadedFile("box.jpg", content, "image/jpeg")
        form = {"kind": "PHOTO_GOODS", "file": file}
        assert client.post(f"/returns/{each.pk}/evidence", form, **HTMX).status_code == 200
    open_walls(shop.id)
    assert (StoredFile.objects.count(), Evidence.objects.count()) == (1, 2)
    file = SimpleUploadedFile("other.jpg", content, "image/jpeg")
    client.post(f"/returns/{other.pk}/evidence", {"kind": "PHOTO_PACKAGING", "file": file}, **HTMX)
    open_walls(shop.id)
    assert sorted(StoredFile.objects.values_list("name", flat=True)) == ["box.jpg", "other.jpg"]
