"""Every address of queue and case, tried by nobody, by a stranger and by the wrong method; hostile strings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from qaitar.foundation.models import EffectState, JournalEntry, PlannedEffect, StoredFile
from qaitar.foundation.records.models import SavedView
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.returns.models import Evidence, ReturnRequest
from qaitar.returns.services.perform_act import request_act
from qaitar.returns.vocabulary import Act, EvidenceKind
from qaitar.web.console import urls
from qaitar.web.console.settings import urls as urls_office
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls
from tests.factories.returns import add_proofs, make_case
from tests.web.console.desk import signed_in
from tests.web.hostile_strings import hostile_strings, share_of
from tests.web.url_matrix import Address, addresses

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.usefixtures("clock", "db_walls")


@dataclass(frozen=True)
class Try:
    """How an address is tried: the method, what it is about (None: the person's own), what the owner gets."""

    method: str
    about: str | None = None
    form: dict[str, str] = field(default_factory=dict)
    own: tuple[int, ...] = (200,)
    named: dict[str, str] = field(default_factory=dict)
    """What an address names that belongs to nobody."""


MATRIX: dict[str, Try] = {
    "queue": Try("GET"),
    "live": Try("GET"),
    "view_new": Try("GET"),
    "view_remove": Try("POST", "view", own=(303,)),
    "bulk_preview": Try("POST", form={"act": "ASK_CUSTOMER", "everything": "1"}),
    "bulk": Try("POST", form={"act": "ASK_CUSTOMER", "key": "k1", "ids": ""}, own=(303,)),
    "view_counts": Try("GET"),
    "palette": Try("GET"),
    "search": Try("GET"),
    "approvals": Try("GET"),
    "design": Try("GET"),
    "language": Try("POST", form={"language": "ru", "next": "/"}, own=(303,)),
    "first_owner": Try("GET", own=(302,)),
    "guide": Try("GET"),
    "guide_page": Try("GET", named={"name": "queue"}),
    "request_new": Try("GET"),
    "case": Try("GET", "request"),
    "case_live": Try("GET", "request"),
    "act": Try("POST", "request", {"act": "NOTE_WITHDRAWN", "version": "3"}, own=(303,)),
    "quality": Try("POST", "request", {"quality": "DEFECTIVE", "version": "3"}, own=(303,)),
    "note": Try("POST", "request", {"customer_answered": "no", "version": "3"}, own=(303,)),
    "assign": Try("POST", "request", {"to": "me", "version": "3"}, own=(303,)),
    "comment": Try("POST", "request", {"note": "слова"}, own=(303,)),
    "line": Try("POST", "request", {"line": "0192f0c0-0000-7000-8000-000000000001"}, own=(409,)),
    "unit_add": Try("POST", "request", {"kind": "SERIAL", "value": "A1"}, own=(303, 409)),
    "seen": Try("POST", "request", {"version": "3"}, own=(409,)),
    "look": Try("POST", "request", own=(303,)),
    "phone": Try("POST", "request"),
    "journal": Try("GET", "request"),
    "present": Try("POST", "request"),
    "undo": Try("POST", "request", {"undo": "x"}, own=(409,)),
    "evidence_add": Try("POST", "request", {"kind": "AUTO"}, own=(400,)),
    "evidence_file": Try("GET", "evidence", own=(404,)),  # the row has no bytes in these tests
    "evidence_view": Try("GET", "evidence", own=(404,)),
    "evidence_thumb": Try("GET", "evidence", own=(404,)),
    "evidence_page": Try("GET", "evidence", own=(404,)),
    "evidence_play": Try("GET", "evidence", own=(404,)),
    "evidence_confirm": Try("POST", "evidence", {"signature": "1"}, own=(303,)),
    "evidence_withdraw": Try("POST", "evidence", {"why": "не то"}, own=(303,)),
    "effect_again": Try("POST", "effect", own=(303,)),
    "effect_by_hand": Try("POST", "effect", {"reference": "1"}, own=(303,)),
}
TEXTS: dict[str, tuple[str, str]] = {
    "queue": ("GET", "due"),
    "search": ("GET", "q"),
    "palette": ("GET", "q"),
    "view_counts": ("GET", "due"),
    "live": ("GET", "after"),
    "view_new": ("POST", "name"),
    "bulk_preview": ("POST", "ids"),
    "bulk": ("POST", "key"),
    "language": ("POST", "next"),
    "guide": ("GET", "q"),
    "guide_page": ("GET", "q"),
    "request_new": ("POST", "number"),
    "act": ("POST", "comment"),
    "note": ("POST", "received_on"),
    "comment": ("POST", "note"),
    "line": ("POST", "line"),
    "unit_add": ("POST", "value"),
    "undo": ("POST", "undo"),
    "quality": ("POST", "quality"),
    "evidence_withdraw": ("POST", "why"),
    "effect_by_hand": ("POST", "reference"),
}


@dataclass(frozen=True)
class Side:
    """A shop with one of everything the console has an address for."""

    shop: Shop
    client: Client
    ids: dict[str, Any]


def make_side(name: str, person: str) -> Side:
    shop = make_shop(name)
    owner = make_person(person, (shop.id, Role.OWNER))
    by = actor(owner, shop.id)
    case = make_case(shop, by)
    add_proofs(case, by, EvidenceKind.TECHNICAL_ACT)
    request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=by, now=NOW)
    PlannedEffect.objects.filter(kind="OPEN_TICKET").update(state=EffectState.NOT_CONNECTED)
    view = SavedView.objects.create(
        id=new_id(), user=owner, merchant_id=shop.id, name="Мой", query="due=late", created_at=NOW
    )
    ids = {
        "request": case.pk,
        "evidence": Evidence.objects.get().pk,
        "effect": PlannedEffect.objects.get(kind="OPEN_TICKET").pk,
        "view": view.pk,
    }
    return Side(shop, signed_in(owner), ids)


@pytest.fixture
def ours() -> Side:
    return make_side("ТОО «Алма»", "saule")


@pytest.fixture
def theirs(ours: Side) -> Side:
    return make_side("ТОО «Жұлдыз»", "timur")


def mine() -> dict[str, Address]:
    """The addresses of queue and case by name; the office has its own matrix."""
    office = {each.name for each in urls_office.urlpatterns}
    found = {
        a.name.removeprefix("console:"): a for a in addresses("") if a.name.startswith("console:")
    }
    return {name: address for name, address in found.items() if name not in office}


def path(name: str, ids: dict[str, Any]) -> str:
    each = MATRIX[name]
    return mine()[name].path(**({"pk": ids[each.about], "number": 1} if each.about else each.named))


def ask(client: Client, name: str, ids: dict[str, Any], **form: str) -> Any:
    each = MATRIX[name]
    send = client.get if each.method == "GET" else client.post
    return send(path(name, ids), {**each.form, **form})


def everything(side: Side) -> tuple[Any, ...]:
    """All that a press could have changed behind a side's walls."""
    open_walls(side.shop.id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        jobs = cursor.fetchone()
    models = (ReturnRequest, Evidence, PlannedEffect, SavedView)
    rows = [list(model.objects.order_by("pk").values()) for model in models]
    return rows, JournalEntry.objects.count(), StoredFile.objects.count(), jobs


def test_every_address_of_queue_and_case_has_an_entry() -> None:
    assert set(mine()) == set(MATRIX)
    assert len(MATRIX) == len(urls.urlpatterns) - 1  # the last one is the office


@pytest.mark.parametrize("name", MATRIX)
def test_the_owner_is_let_in_and_nobody_else(ours: Side, name: str) -> None:
    before = everything(ours)
    requested = ask(Client(), name, ours.ids)
    assert (requested.status_code, requested["Location"].split("?")[0]) == (302, "/accounts/login/")
    assert everything(ours) == before
    assert ask(ours.client, name, ours.ids).status_code in MATRIX[name].own


@pytest.mark.parametrize("name", MATRIX)
def test_a_strangers_thing_is_as_good_as_missing(ours: Side, theirs: Side, name: str) -> None:
    before = everything(theirs)
    answer = ask(ours.client, name, theirs.ids)
    if MATRIX[name].about is None:
        assert b"timur" not in answer.content
        assert str(theirs.shop.id) not in answer.content.decode()
        assert str(theirs.ids["request"]) not in answer.content.decode()
    else:
        missing = ask(ours.client, name, dict.fromkeys(theirs.ids, uuid4()))
        assert (answer.status_code, missing.status_code) == (404, 404)
        assert len(answer.content) == len(missing.content)
    assert everything(theirs) == before


@pytest.mark.parametrize(
    "name", [n for n, each in MATRIX.items() if n not in {"request_new", "view_new", "first_owner"}]
)
def test_the_other_method_is_not_allowed(ours: Side, name: str) -> None:
    other = ours.client.post if MATRIX[name].method == "GET" else ours.client.get
    answer = other(path(name, ours.ids))
    assert answer.status_code == 405
    assert answer.headers["Allow"]
    assert b"<h1>" in answer.content


def test_who_has_to_sign_in_again_comes_back_to_the_page_they_pressed_on(ours: Side) -> None:
    """A press has no page of its own; a part of a page takes the whole page along; another site's page is no way back."""
    stranger, address = Client(), path("comment", ours.ids)
    card = f"http://testserver{path('case', ours.ids)}?stage=NEW"
    pressed = stranger.post(address, {"note": "x"}, headers={"referer": card})
    login = "/accounts/login/?next="
    assert pressed["Location"] == f"{login}{path('case', ours.ids)}%3Fstage%3DNEW"
    elsewhere = stranger.post(address, {"note": "x"}, headers={"referer": "https://evil.kz/a"})
    assert elsewhere["Location"] == f"{login}/"
    part = stranger.get(path("queue", {}), headers={"hx-request": "true", "referer": card})
    assert (part.status_code, part["HX-Redirect"]) == (401, pressed["Location"])
    assert part.content == b""


@pytest.mark.parametrize("share", [True, pytest.param(False, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", TEXTS)
def test_hostile_strings_are_answered_and_never_run(ours: Side, name: str, share: bool) -> None:
    method, field_name = TEXTS[name]
    ours.client.raise_request_exception = False
    for text in share_of(name) if share else hostile_strings():
        address = path(name, ours.ids)
        sent = urlencode(
            {
                k: v.encode("utf-8", "surrogatepass")
                for k, v in ({**MATRIX[name].form, field_name: text}).items()
            }
        )
        if method == "GET":
            answer = ours.client.get(f"{address}?{sent}")
        else:
            answer = ours.client.post(address, sent, "application/x-www-form-urlencoded")
        assert answer.status_code < 500, text
        if len(text) > 6 and "<" in text and answer.get("Content-Type", "").startswith("text/html"):
            assert text.encode("utf-8", "ignore") not in answer.content, text
    card = ours.client.get(path("case", ours.ids)).content
    assert b"<script>alert" not in card
    assert b"<img src=x" not in card


def test_pages_forbid_scripts_from_elsewhere(ours: Side) -> None:
    for name in ("queue", "case", "search", "request_new"):
        policy = ask(ours.client, name, ours.ids)["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
