"""Hostile strings in every text a program may send: never an error of ours, never anything but the text itself."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from qaitar.foundation.models import JournalEntry
from qaitar.returns.models import ReturnRequest
from tests.factories.accounts import open_walls
from tests.web.api.conftest import Cast
from tests.web.api.world import photo
from tests.web.hostile_strings import (
    COUNT,
    as_json,
    clean,
    hostile_strings,
    share_of,
    writable,
)

STRINGS = hostile_strings()
ACCEPTED = {200, 201, 202, 404, 409, 422}


def test_there_are_six_hundred_and_every_family_is_among_them() -> None:
    assert len(STRINGS) == len(set(STRINGS)) == COUNT == 600
    assert sum(not clean(text) for text in STRINGS) > 10


@pytest.fixture(params=["share", pytest.param("all", marks=pytest.mark.long)])
def strings(request: pytest.FixtureRequest) -> list[str]:
    """What is sent: a share of the strings, another for each test; all of them in `make prove`."""
    return STRINGS if request.param == "all" else share_of(request.node.name)


@pytest.fixture
def case(cast: Cast) -> str:
    body = {"store": str(cast.shop.store.pk), "number": "700000001-1", "quality": "PROPER"}
    return str(cast.operator.post("/returns", body).json()["id"])


def stated(answer: Any) -> int:
    """Fail on an error of ours; answers have been held to the document already."""
    assert answer.status_code in ACCEPTED, answer.content
    return int(answer.status_code)


FILED_TEXTS = {
    "reason_code": 60,
    "reason_text": 300,
    "customer_words": 4000,
    "product_name": 500,
    "product_sku": 120,
    "customer_name": 200,
}
FILED_VALUES = ("number", "store", "filed_at", "quality", "planned_arrival_on", "customer_phone")
NOTED_TEXTS = {
    "customer_words": 4000,
    "customer_name": 200,
    "category_title": 200,
    "product_name": 500,
    "unit_value": 120,
    "why": 4000,
}
NOTED_VALUES = (
    "quality",
    "goods_checked",
    "received_on",
    "marketplace_due_at",
    "marketplace_due_section",
    "assignee",
)


def test_in_every_text_of_a_filing_the_text_is_stored_as_it_is(
    cast: Cast, strings: list[str]
) -> None:
    store, stored = str(cast.shop.store.pk), 0
    for number, text in enumerate(strings):
        texts = {name: text[:limit] for name, limit in FILED_TEXTS.items()}
        body = {"store": store, "quality": "PROPER", "number": f"{800_000_000 + number}-1", **texts}
        answer = cast.operator.post("/returns", raw=as_json(body))
        if stated(answer) == 201:
            stored += 1
            row = answer.json()
            assert (row["product"], row["customer"]) == (text[:500], text[:200])
    assert stored == sum(clean(text) for text in strings)
    for text in strings[:100]:
        if writable(text) and "\0" not in text and text:
            stated(cast.operator.get(f"/returns?q={quote(text[:200])}"))


def test_one_character_over_a_limit_is_refused(cast: Cast) -> None:
    base = {"store": str(cast.shop.store.pk), "number": "700000001-1"}
    for name, limit in FILED_TEXTS.items():
        answer = cast.operator.post("/returns", {**base, name: "x" * (limit + 1)})
        assert answer.json()["errors"][0]["code"] == "string_too_long", name
    open_walls(cast.shop.id)
    assert ReturnRequest.objects.count() == 0


@pytest.mark.parametrize("name", [*FILED_VALUES, "an unknown name"])
def test_in_every_other_field_of_a_filing(cast: Cast, name: str, strings: list[str]) -> None:
    base = {"store": str(cast.shop.store.pk), "number": "700000001-1"}
    stored = [
        text
        for text in strings
        if stated(cast.operator.post("/returns", raw=as_json({**base, name: text}))) == 201
    ]
    right = {"number": "70-1", "customer_phone": ""}
    assert stored == [text for text in strings if text == right.get(name)]


def test_in_every_text_of_a_note(cast: Cast, case: str, strings: list[str]) -> None:
    path = f"/returns/{case}/notes"
    for text in strings:
        texts = {name: text[:limit] for name, limit in NOTED_TEXTS.items()}
        stated(cast.operator.post(path, raw=as_json(texts)))
    last = [text for text in strings if clean(text)][-1]
    card = cast.operator.get(f"/returns/{case}").json()
    assert card["facts"]["customer_words"] == last[:4000]
    after = 0
    while after is not None:
        page = cast.operator.get(f"/returns/{case}/journal?limit=200&after={after}")
        assert stated(page) == 200
        after = page.json()["next"]


@pytest.mark.parametrize("name", NOTED_VALUES)
def test_in_every_other_field_of_a_note(
    cast: Cast, case: str, name: str, strings: list[str]
) -> None:
    for text in strings:
        answer = cast.operator.post(f"/returns/{case}/notes", raw=as_json({name: text}))
        assert answer.status_code == 422
    open_walls(cast.shop.id)
    assert JournalEntry.objects.count() == 1


@pytest.mark.parametrize("name", ["act", "reason", "why", "text", "planned_on", "arrived_where"])
def test_in_every_field_of_an_act(cast: Cast, case: str, name: str, strings: list[str]) -> None:
    acts = {"act": "ASK_CUSTOMER"}
    for text in strings:
        stated(cast.operator.post(f"/returns/{case}/acts", raw=as_json({**acts, name: text})))
    open_walls(cast.shop.id)
    stage = ReturnRequest.objects.get().stage
    assert stage == ("WAITING_CUSTOMER" if name in {"why", "text"} else "NEW")


@pytest.mark.parametrize("name", ["ids", "act", "reason", "why"])
def test_in_every_field_of_a_bulk_act(cast: Cast, case: str, name: str, strings: list[str]) -> None:
    for text in strings:
        body = {"ids": [case], "act": "ASK_CUSTOMER", "preview": True}
        body[name] = [text] if name == "ids" else text
        stated(cast.operator.post("/returns/acts", raw=as_json(body)))
    open_walls(cast.shop.id)
    assert ReturnRequest.objects.get().version == 1


@pytest.mark.parametrize("name", ["q", "order", "stage", "store", "cursor", "due_before", "limit"])
def test_in_every_parameter_of_the_queue(
    cast: Cast, case: str, name: str, strings: list[str]
) -> None:
    for text in filter(writable, strings):
        stated(cast.operator.get(f"/returns?{name}={quote(text)}"))
    assert case


@pytest.mark.parametrize("name", ["code", "store", "cursor", "ordered_before", "an unknown name"])
def test_in_every_parameter_of_the_orders(cast: Cast, name: str, strings: list[str]) -> None:
    for text in filter(writable, strings):
        stated(cast.operator.get(f"/orders?{quote(name)}={quote(text)}"))


@pytest.mark.parametrize("name", ["url", "description", "types", "merchant"])
def test_in_every_field_of_an_endpoint(cast: Cast, name: str, strings: list[str]) -> None:
    made = cast.owner.post("/webhooks", {"url": "https://hooks.example.kz/q"}).json()
    for text in strings:
        value: Any = [text] if name == "types" else text
        if name != "merchant":
            raw = as_json({name: value})
            stated(cast.owner.ask("PATCH", f"/webhooks/{made['id']}", raw=raw))
        else:
            raw = as_json({"url": "https://hooks.example.kz/q", name: value})
            stated(cast.owner.post("/webhooks", raw=raw))
    assert cast.owner.get(f"/webhooks/{made['id']}").status_code == 200


@pytest.mark.parametrize("name", ["kind", "note", "answered", "an unknown name"])
def test_in_every_field_of_a_form(cast: Cast, case: str, name: str, strings: list[str]) -> None:
    """No file is sent, so that only the fields are judged."""
    for text in filter(writable, strings):
        form = {"kind": "PHOTO_GOODS", name: text}
        assert cast.operator.upload(f"/returns/{case}/evidence", form).status_code == 422
    open_walls(cast.shop.id)
    assert JournalEntry.objects.count() == 1


def test_in_the_names_of_files(cast: Cast, case: str, strings: list[str]) -> None:
    """Some of them: each file is really judged and kept."""
    for text in strings[:: max(len(strings) // 30, 2)]:
        file = photo(f"#{abs(hash(text)) % 0xFFFFFF:06x}")
        file.name = text.encode("utf-8", "replace").decode().replace("\0", "").strip()[:200] or "x"
        answer = cast.operator.upload(f"/returns/{case}/evidence", {"kind": "OTHER", "file": file})
        assert stated(answer) in {201, 422}
    for proof in cast.operator.get(f"/returns/{case}").json()["evidence"]:
        name = proof["file_name"]
        assert "/" not in name
        assert "\\" not in name
        assert name.endswith(".png")
        assert cast.operator.get(f"/evidence/{proof['id']}/file")["Content-Disposition"]


def test_as_a_reading_of_the_cabinet(cast: Cast, strings: list[str]) -> None:
    path = f"/intake/cabinet/{cast.shop.store.pk}"
    for text in strings:
        raw = text.encode("utf-8", "surrogatepass")
        assert cast.companion.post(path, raw=raw).status_code == (202 if raw else 422)


def test_as_whole_bodies_and_headers(cast: Cast, strings: list[str]) -> None:
    for text in strings:
        raw = text.encode("utf-8", "surrogatepass")
        assert cast.operator.post("/returns", raw=raw).status_code in {400, 415, 422}
        quoted = json.dumps(text).encode()
        assert cast.operator.post("/returns", raw=quoted).status_code == 422
        if text.isascii() and text.isprintable():
            answer = cast.operator.get("/returns", headers={"Accept-Language": text[:200]})
            assert answer.status_code == 200
            body = {"store": str(cast.shop.store.pk), "number": "x"}
            keyed = cast.operator.post("/returns", body, key=text)
            assert keyed.status_code in {400, 422}
