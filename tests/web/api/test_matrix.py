"""Two merchants at every address: nobody sees, moves or even notices what belongs to the other.

A new address without an entry here fails the suite.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection

from qaitar.foundation.models import JournalEntry, RawIntake, WebhookDelivery, WebhookEndpoint
from qaitar.kernel.roles import Role
from qaitar.orders.models import ImportRun
from qaitar.returns.models import Evidence, ReturnRequest
from tests.factories.accounts import make_person, make_token, open_walls
from tests.web.api.callers import BASE, Program
from tests.web.api.world import Side, make_side, photo, random_ids
from tests.web.url_matrix import METHODS, Address, addresses, stale, uncovered

UNDER = "api/v1/"
Ids = dict[str, str]


@dataclass(frozen=True)
class Try:
    """One call of one address: its scope, what is sent (made from ids), what the owner gets."""

    method: str
    scope: str
    body: Callable[[Ids], Any] | None = None
    form: Callable[[Ids], dict[str, Any]] | None = None
    own: int = 200
    body_ids: bool = False  # the ids stand in the body, not in the address


PUBLIC = frozenset({"api/v1/openapi.json", "api/v1/"})
ACT = {"act": "ASK_CUSTOMER"}


MATRIX: dict[str, tuple[Try, ...]] = {
    "api/v1/returns": (
        Try("GET", "read"),
        Try(
            "POST",
            "write",
            lambda ids: {"store": ids["store_id"], "number": "700000002-1"},
            own=201,
            body_ids=True,
        ),
    ),
    "api/v1/returns/<uuidstr:request_id>": (Try("GET", "read"),),
    "api/v1/returns/<uuidstr:request_id>/journal": (Try("GET", "read"),),
    "api/v1/returns/<uuidstr:request_id>/acts": (
        Try("POST", "write", lambda _: {"act": "NOTE_WITHDRAWN"}),
    ),
    "api/v1/returns/acts": (
        Try("POST", "write", lambda ids: {"ids": [ids["request_id"]], **ACT}, body_ids=True),
    ),
    "api/v1/returns/<uuidstr:request_id>/notes": (
        Try("POST", "write", lambda _: {"inspection": {"unused": True}}),  # what every noter may
    ),
    "api/v1/returns/<uuidstr:request_id>/evidence": (
        Try(
            "POST",
            "write",
            form=lambda _: {"kind": "PHOTO_GOODS", "file": photo("blue")},
            own=201,
        ),
    ),
    "api/v1/evidence/<uuidstr:evidence_id>/confirm": (
        Try("POST", "write", lambda _: {"signature": True, "stamp": True}),
    ),
    "api/v1/evidence/<uuidstr:evidence_id>/withdraw": (
        Try("POST", "write", lambda _: {"why": "wrong case"}),
    ),
    "api/v1/evidence/<uuidstr:evidence_id>/file": (Try("GET", "read"),),
    "api/v1/orders": (Try("GET", "read"),),
    "api/v1/orders/<uuidstr:order_id>": (Try("GET", "read"),),
    "api/v1/orders/import": (
        Try("POST", "write", form=lambda ids: {"store": ids["store_id"], "file": photo()}, own=422),
    ),
    "api/v1/stores": (Try("GET", "read"),),
    "api/v1/intake/cabinet/<uuidstr:store_id>": (
        Try("POST", "intake", lambda _: {"b": 2}, own=202),
    ),
    "api/v1/intake/<uuidstr:intake_id>": (Try("GET", "intake"),),
    "api/v1/companion/pair": (Try("POST", "pairing", lambda _: {"browser": "Chrome"}, own=201),),
    "api/v1/companion/contact": (Try("POST", "companion", lambda _: {"session": "OPEN"}),),
    "api/v1/companion/unpair": (Try("POST", "companion"),),
    "api/v1/companion/shown": (Try("POST", "companion", lambda _: {"numbers": ["700000001-1"]}),),
    "api/v1/companion/missing": (
        Try("POST", "companion", lambda ids: {"store": ids["store_id"], "seen": []}),
    ),
    "api/v1/webhooks": (
        Try("GET", "admin"),
        Try("POST", "admin", lambda _: {"url": "https://hooks.example.kz/other"}, own=201),
    ),
    "api/v1/webhooks/<uuidstr:endpoint_id>": (
        Try("GET", "admin"),
        Try("PATCH", "admin", lambda _: {"description": "ours"}),
        Try("DELETE", "admin", own=204),
    ),
    "api/v1/webhooks/<uuidstr:endpoint_id>/rotate": (Try("POST", "admin"),),
    "api/v1/webhooks/<uuidstr:endpoint_id>/test": (Try("POST", "admin", own=202),),
    "api/v1/webhooks/<uuidstr:endpoint_id>/deliveries": (Try("GET", "admin"),),
    "api/v1/me": (Try("GET", "read"),),
}


def known(route: str) -> Address:
    return next(address for address in addresses(UNDER) if address.route == route)


def every_try() -> Iterator[Any]:
    for route, tries in MATRIX.items():
        for each in tries:
            yield pytest.param(route, each, id=f"{each.method} /{route}")


def call(program: Program, route: str, each: Try, ids: Ids) -> Any:
    path = known(route).path(**ids).removeprefix(BASE)
    if each.form is not None:
        return program.upload(path, each.form(ids))
    body = each.body(ids) if each.body else None
    return program.ask(each.method, path, body)


def everything(side: Side) -> dict[str, Any]:
    """All that a call could have changed behind a side's walls."""
    open_walls(side.shop.id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        jobs = cursor.fetchone()
    return {
        "requests": list(ReturnRequest.objects.order_by("pk").values()),
        "journal": JournalEntry.objects.count(),
        "evidence": list(Evidence.objects.order_by("pk").values()),
        "endpoints": list(WebhookEndpoint.objects.order_by("pk").values()),
        "deliveries": WebhookDelivery.objects.count(),
        "intakes": RawIntake.objects.count(),
        "imports": ImportRun.objects.count(),
        "jobs": jobs,
    }


@pytest.fixture
def ours(db_walls: None) -> Side:
    return make_side("ТОО «Алма»", "saule")


@pytest.fixture
def theirs(ours: Side) -> Side:
    return make_side("ТОО «Жұлдыз»", "timur")


def test_every_address_of_the_api_has_an_entry() -> None:
    assert uncovered(UNDER, {*MATRIX, *PUBLIC}) == []
    assert stale(UNDER, MATRIX) == []
    assert len(addresses(UNDER)) > 20


@pytest.mark.parametrize("route", MATRIX)
def test_a_method_that_is_not_listed_is_not_allowed(db_walls: None, route: str) -> None:
    path = known(route).path(**random_ids()).removeprefix(BASE)
    accepted = {each.method for each in MATRIX[route]}
    for method in set(METHODS) - accepted:
        answer = Program("qtr_any_token").ask(method, path)
        assert answer.status_code == 405, method
        assert set(answer["Allow"].split(", ")) == accepted


@pytest.mark.parametrize(("route", "each"), list(every_try()))
def test_the_owner_is_let_in_and_nobody_without_token_or_scope(
    ours: Side, route: str, each: Try
) -> None:
    before = everything(ours)
    for token in ("", "qtr_unknown", "not a token"):
        answer = call(Program(token), route, each, ours.ids)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Bearer"
    for scope, program in ours.by_scope.items():
        if scope != each.scope:
            answer = call(program, route, each, ours.ids)
            assert answer.status_code == 403, scope
            assert answer.json()["code"] == "SCOPE_MISSING"
    assert everything(ours) == before
    assert call(ours.by_scope[each.scope], route, each, ours.ids).status_code == each.own


@pytest.mark.parametrize(
    ("route", "each"), [p for p in every_try() if "<" in p.values[0] or p.values[1].body_ids]
)
def test_a_strangers_thing_looks_exactly_like_a_missing_one(
    ours: Side, theirs: Side, route: str, each: Try
) -> None:
    before = everything(ours)
    stranger = call(theirs.all, route, each, ours.ids)
    missing = call(theirs.all, route, each, random_ids())
    assert stranger.status_code == missing.status_code
    if not each.body_ids:
        assert stranger.status_code == 404
    elif each.method == "POST" and "acts" in route:
        assert stranger.json()["done"] == stranger.json()["refused"] == []
        assert stranger.json()["missing"] == [ours.ids["request_id"]]
    else:
        assert stranger.json()["code"] == "STORE_UNKNOWN"
    if stranger.status_code >= 400:
        assert stranger.content == missing.content
    assert everything(ours) == before


@pytest.mark.parametrize("route", [route for route in MATRIX if "<" not in route])
def test_lists_hold_nothing_of_the_other(ours: Side, theirs: Side, route: str) -> None:
    tries = [each for each in MATRIX[route] if each.method == "GET"]
    for each in tries:
        answer = call(theirs.all, route, each, theirs.ids)
        assert answer.status_code == 200
        stated = json.dumps(answer.json())
        for name, value in ours.ids.items():
            assert value not in stated, name
        assert str(ours.shop.id) not in stated


@pytest.mark.parametrize(
    "query",
    [
        "returns?store={store_id}",
        "returns?q=700000001",
        "returns?order=700000001",
        "returns?stage=NEW&store={store_id}",
        "orders?store={store_id}",
        "orders?code=700000001",
    ],
)
def test_filters_and_search_reach_no_further(ours: Side, theirs: Side, query: str) -> None:
    requested = query.format(**ours.ids)
    assert len(ours.all.get(f"/{requested}").json()["items"]) == 1
    found = theirs.all.get(f"/{requested}").json()["items"]
    assert {row["merchant"] for row in found} <= {str(theirs.shop.id)}
    assert ours.ids["request_id"] not in json.dumps(found)


def test_a_key_of_another_person_is_another_key(ours: Side, theirs: Side) -> None:
    body = {"store": ours.ids["store_id"], "number": "700000003-1"}
    assert ours.all.post("/returns", body, key="one-key-for-two").status_code == 201
    answer = theirs.all.post("/returns", body, key="one-key-for-two")
    assert answer.status_code == 422
    assert answer.json()["code"] == "STORE_UNKNOWN"
    assert "Idempotency-Replayed" not in answer


def test_somebody_in_two_shops_acts_in_each_by_their_role_there(ours: Side, theirs: Side) -> None:
    """Foreign merchants of one person stay apart: a viewer's role is not lifted by another shop's."""
    person = make_person("dana", (ours.shop.id, Role.VIEWER), (theirs.shop.id, Role.OPERATOR))
    program = Program(make_token(person))
    seen = {row["id"] for row in program.get("/returns").json()["items"]}
    assert seen == {ours.ids["request_id"], theirs.ids["request_id"]}
    body = {"store": ours.ids["store_id"], "number": "700000009-1"}
    assert program.post("/returns", body).status_code == 403
    assert program.post("/returns", {**body, "store": theirs.ids["store_id"]}).status_code == 201
