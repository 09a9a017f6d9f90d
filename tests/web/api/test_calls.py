"""What every call has in common: who is let in, how much is read, how mistakes are told."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from qaitar.foundation.files.kinds import FACTS
from qaitar.foundation.models import ApiToken
from qaitar.foundation.ops.clock import utc_now
from qaitar.returns.models import ReturnRequest
from qaitar.web.api import me
from tests.factories.accounts import make_token, open_walls
from tests.web.api.callers import BASE, Program, api_title, document
from tests.web.api.conftest import Cast
from tests.web.api.world import make_order


def filed(cast: Cast, **reported: Any) -> dict[str, Any]:
    return {"store": str(cast.shop.store.pk), "number": "700000001-1", **reported}


def nothing_filed(cast: Cast) -> bool:
    open_walls(cast.shop.id)
    return ReturnRequest.objects.count() == 0


def test_me_tells_whose_token_this_is(cast: Cast) -> None:
    reported = cast.reader.get("/me").json()
    assert reported == {
        "user": cast.people["aigerim"].pk,
        "name": "Aigerim",
        "language": "ru",
        "scopes": ["read"],
        "merchants": [{"merchant": str(cast.shop.id), "name": "ТОО «Алма»", "role": "OPERATOR"}],
    }


@pytest.mark.parametrize(
    "sent",
    ["", "Bearer", "Bearer ", "Basic YTpi", "bearer a b", "Bearer tök", "Bearer " + "x" * 201],
)
def test_without_a_valid_token_nobody_is_let_in(cast: Cast, sent: str) -> None:
    answer = Program().ask("GET", "/me", headers={"Authorization": sent} if sent else {})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "TOKEN_UNKNOWN"


def test_a_token_that_was_revoked_or_ran_out_or_whose_person_left_opens_nothing(cast: Cast) -> None:
    person = cast.people["aigerim"]
    ended = {"revoked_at": utc_now(), "expires_at": utc_now() - timedelta(seconds=1)}
    for name, value in ended.items():
        program = Program(make_token(person))
        assert program.get("/me").status_code == 200
        newest = ApiToken.objects.order_by("-pk").first()
        assert newest is not None
        setattr(newest, name, value)
        newest.save()
        assert program.get("/me").status_code == 401, name
    person.is_active = False
    person.save()
    assert cast.operator.get("/me").status_code == 401


def test_a_session_cookie_is_not_a_token(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.people["aigerim"], "django.contrib.auth.backends.ModelBackend")
    assert client.get(f"{BASE}/returns").status_code == 401


def test_an_intake_token_hands_over_and_can_do_nothing_else(cast: Cast) -> None:
    store = cast.shop.store.pk
    assert cast.companion.post(f"/intake/cabinet/{store}", {"x": 1}).status_code == 202
    for path in ("/me", "/returns", "/orders", "/stores", "/webhooks"):
        assert cast.companion.get(path).status_code == 403, path
    assert cast.companion.post("/returns", filed(cast)).status_code == 403
    assert nothing_filed(cast)


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "JSON_UNREADABLE"),
        (b"\xff\xfe", 400, "JSON_UNREADABLE"),
        (b'{"number": NaN}', 400, "JSON_UNREADABLE"),
        (b'{"number": 1, "number": 2}', 400, "JSON_UNREADABLE"),
        (b'{"number": ' + b"9" * 5000 + b"}", 400, "JSON_UNREADABLE"),
        (b'{"number": "\xed\xa0\x80"}', 400, "JSON_UNREADABLE"),
        (b'{"number": "a\x00"}', 400, "JSON_UNREADABLE"),
        (b'{"number": "\\u0000"}', 422, "CHARACTER_REFUSED"),
        (b'{"number": "\\ud800"}', 422, "CHARACTER_REFUSED"),
        (b'{"\\u0000": 1}', 422, "CHARACTER_REFUSED"),
        (b"[" * 33 + b"]" * 33, 422, "JSON_TOO_DEEP"),
        (b"[" * 100_000 + b"]" * 100_000, 422, "JSON_TOO_DEEP"),
        (b"[" * 32 + b"]" * 32, 422, "NOT_VALID"),
        (b"[]", 422, "NOT_VALID"),
        (b"null", 422, "NOT_VALID"),
        (b'"text"', 422, "NOT_VALID"),
        (b"", 422, "NOT_VALID"),
    ],
)
def test_a_body_that_cannot_be_accepted_is_reported_apart(
    cast: Cast, raw: bytes, status: int, code: str
) -> None:
    answer = cast.operator.post("/returns", raw=raw)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert nothing_filed(cast)


def test_a_body_of_256_kib_is_read_and_one_byte_more_is_not(cast: Cast) -> None:
    whole = json.dumps(filed(cast, customer_words="x" * 10)).encode()
    padded = whole + b" " * (256 * 1024 - len(whole))
    assert cast.operator.post("/returns", raw=padded + b" ").status_code == 413
    assert nothing_filed(cast)
    assert cast.operator.post("/returns", raw=padded).status_code == 201


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""]
)
def test_json_has_to_be_sent_as_json(cast: Cast, content_type: str) -> None:
    raw = json.dumps(filed(cast)).encode()
    answer = cast.operator.post("/returns", raw=raw, content_type=content_type)
    assert (answer.status_code, answer.json()["code"]) == (415, "CONTENT_TYPE")
    assert nothing_filed(cast)


def test_every_wrong_value_is_pointed_at(cast: Cast) -> None:
    body = filed(
        cast,
        number=5,
        amount_minor=2**63,
        filed_at="1999-12-31T00:00:00Z",
        quality="SHINY",
        unheard_of=1,
        customer_words="x" * 4001,
    )
    answer = cast.operator.post("/returns", body)
    assert answer.status_code == 422
    assert {error["pointer"]: error["code"] for error in answer.json()["errors"]} == {
        "#/number": "string_type",
        "#/amount_minor": "less_than_equal",
        "#/filed_at": "value_error",
        "#/quality": "enum",
        "#/unheard_of": "extra_forbidden",
        "#/customer_words": "string_too_long",
    }
    assert nothing_filed(cast)


@pytest.mark.parametrize("amount", [-1, 1.5, "100", True, None.__class__])
def test_money_is_whole_minor_units_only(cast: Cast, amount: Any) -> None:
    body = filed(cast, amount_minor=amount if not isinstance(amount, type) else [])
    assert cast.operator.post("/returns", body).status_code == 422
    assert nothing_filed(cast)


def test_a_whole_amount_is_accepted_in_any_form_of_a_number(cast: Cast) -> None:
    """1e3 is an integer to JSON Schema: the same call in another writer's spelling."""
    answer = cast.operator.post("/returns", filed(cast, amount_minor=1e3))
    assert answer.json()["amount"] == {"minor": 1000, "currency": "KZT"}


def test_the_greatest_sum_a_table_holds_is_accepted(cast: Cast) -> None:
    answer = cast.operator.post("/returns", filed(cast, amount_minor=2**63 - 1))
    assert answer.json()["amount"] == {"minor": 2**63 - 1, "currency": "KZT"}


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("colour=red", "colour", "PARAMETER_UNKNOWN"),
        ("stage=NEW&stage=CLOSED", "stage", "PARAMETER_TWICE"),
        ("q=a%00b", "q", "CHARACTER_REFUSED"),
        ("stage=SHINY", "stage", "enum"),
        ("limit=0", "limit", "greater_than_equal"),
        ("limit=101", "limit", "less_than_equal"),
        ("store=7", "store", "uuid_parsing"),
        ("due_before=yesterday", "due_before", "datetime_from_date_parsing"),
        ("due_before=2026-05-14T00:00:00", "due_before", "timezone_aware"),
        ("cursor=nonsense", "cursor", "CURSOR_UNREADABLE"),
        ("cursor=2026-05-14T00:00:00~7", "cursor", "CURSOR_UNREADABLE"),
        (f"cursor=0001-01-01T00:00:00%2B10:00~{UUID(int=7)}", "cursor", "CURSOR_UNREADABLE"),
    ],
)
def test_a_wrong_parameter_is_named(cast: Cast, query: str, parameter: str, code: str) -> None:
    answer = cast.operator.get(f"/returns?{query}")
    assert answer.status_code == 422
    assert [(e["parameter"], e["code"]) for e in answer.json()["errors"]] == [(parameter, code)]


def test_a_clock_no_place_on_earth_has_names_its_moment(cast: Cast) -> None:
    """Twenty hours from Greenwich is a moment to a caller's program; a database takes sixteen at most."""
    far, same = "2026-05-14T20:22:00%2B20:22", "2026-05-14T00:00:00Z"
    reported = filed(cast, filed_at="2026-05-13T20:22:00+20:22")
    case = cast.operator.get(
        f"/returns/{cast.operator.post('/returns', reported).json()['id']}"
    ).json()
    assert case["filed_at"] == "2026-05-13T00:00:00+00:00"
    make_order(cast.shop, "700000009")
    for path in ("/returns?due_before=", "/orders?ordered_before="):
        there, here = cast.operator.get(path + far), cast.operator.get(path + same)
        assert (there.status_code, there.json()) == (200, here.json())
    for path in ("/returns?cursor=", "/orders?cursor="):
        there, here = (cast.operator.get(f"{path}{at}~{UUID(int=7)}") for at in (far, same))
        assert (there.status_code, there.json()) == (200, here.json())


def test_a_call_without_a_body_takes_none(cast: Cast) -> None:
    made = cast.owner.post("/webhooks", {"url": "https://hooks.example.kz/q"}).json()
    path = f"/webhooks/{made['id']}/test"
    assert cast.owner.post(path, {"x": 1}).json()["code"] == "NO_BODY_TAKEN"
    assert cast.owner.post(path, {}).status_code == 202
    assert cast.owner.post(path).status_code == 202


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/returns/7", "/returns/01a1ffe5-d6fc-7578-920c-f81c00dde7ba/x", "/returns/", "/"],
)
def test_an_unknown_address_is_reported_as_a_problem(cast: Cast, path: str) -> None:
    answer = cast.operator.client.get(BASE + path)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_problems_speak_the_callers_language(cast: Cast) -> None:
    """The header decides; without one the language of the token's person does."""
    stated = {}
    for language in ("en", "ru"):
        program = Program(cast.operator.token, language=language)
        stated[language] = program.get("/returns/01a1ffe5-d6fc-7578-920c-f81c00dde7ba").json()
    assert stated["en"]["title"] == "Not found"
    assert stated["ru"]["title"] != stated["en"]["title"]
    headers = {"Authorization": f"Bearer {cast.operator.token}"}
    path = f"{BASE}/returns/01a1ffe5-d6fc-7578-920c-f81c00dde7ba"
    assert cast.operator.client.get(path, headers=headers).json() == stated["ru"]


def test_answers_are_nobodys_to_keep_and_name_their_request(cast: Cast) -> None:
    answer = cast.operator.get("/returns")
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert len(answer["X-Request-Id"]) == 16
    assert answer.cookies == {}


def test_the_document_is_openapi_3_1_and_declares_every_answer(cast: Cast) -> None:
    reported = document()
    assert reported["openapi"] == "3.1.0"
    assert reported["info"]["title"] == api_title() == "Qaitar"
    assert reported["components"]["securitySchemes"]["BearerToken"]["scheme"] == "bearer"
    assert "return.stage_changed" in reported["webhooks"]
    calls = [call for each in reported["paths"].values() for call in each.values()]
    assert len(calls) == len({call["operationId"] for call in calls}) > 20
    for call in calls:
        assert call["security"] == [{"BearerToken": []}], call["operationId"]
        assert call["summary"]
        assert call["description"]
        good = [status for status in call["responses"] if status.startswith("2")]
        assert len(good) == 1
        assert {"401", "403", "422", "500"} < set(call["responses"])
        problem = call["responses"]["401"]["content"]["application/problem+json"]
        assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert references(reported) <= set(reported["components"]["schemas"])


def test_a_stored_file_may_leave_as_any_type_that_is_accepted(cast: Cast) -> None:
    reported = document()["paths"][f"{BASE}/evidence/{{evidence_id}}/file"]["get"]["responses"][
        "200"
    ]
    assert {facts.mime for facts in FACTS.values()} < set(reported["content"])


def references(value: Any) -> set[str]:
    """Every schema the document points to."""
    if isinstance(value, dict):
        found = {value["$ref"].rpartition("/")[2]} if isinstance(value.get("$ref"), str) else set()
        return found.union(*(references(each) for each in value.values()))
    if isinstance(value, list):
        return set().union(*(references(each) for each in value))
    return set()


def test_an_error_of_ours_is_a_problem_that_shows_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: Any, **_named: Any) -> Any:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr(me, "answer", broken)
    client = Client(raise_request_exception=False)
    answer = client.get(f"{BASE}/me", headers={"Authorization": f"Bearer {cast.reader.token}"})
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert b"inside" not in answer.content
