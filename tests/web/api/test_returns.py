"""The queue, filing by hand, the card, acts, notes and the journal, as a program meets them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qaitar.foundation.models import JournalEntry, PlannedEffect
from qaitar.foundation.ops.clock import frozen_at
from qaitar.kernel.roles import Role
from qaitar.orders.models import OrderLine
from qaitar.returns.models import ReturnRequest
from qaitar.returns.vocabulary import Stage
from tests.factories.accounts import NOW, make_person, make_token, open_walls
from tests.returns.test_claims import IRON, KETTLE, sell
from tests.web.api.callers import Program
from tests.web.api.conftest import Cast
from tests.web.api.world import make_order


@pytest.fixture(autouse=True)
def clock() -> Any:
    with frozen_at(NOW):
        yield


def file(cast: Cast, number: str = "700000001-1", **reported: Any) -> dict[str, Any]:
    body = {"store": str(cast.shop.store.pk), "number": number, "reason_code": "SIZE_MISMATCH"}
    answer = cast.operator.post("/returns", {**body, **reported})
    assert answer.status_code == 201, answer.content
    return answer.json()


def act(program: Program, case: dict[str, Any], name: str, **details: Any) -> Any:
    return program.post(f"/returns/{case['id']}/acts", {"act": name, **details})


def stored(cast: Cast) -> list[tuple[str, str, int]]:
    open_walls(cast.shop.id)
    return list(ReturnRequest.objects.order_by("number").values_list("number", "stage", "version"))


def test_a_sum_is_accepted_in_every_form_json_has_for_a_whole_number(cast: Cast) -> None:
    store = str(cast.shop.store.pk)
    for place, written in enumerate(("1299990000", "1.29999E9", "1299990000.0", "1.29999e+9"), 1):
        body = f'{{"store": "{store}", "number": "1000000001-{place}", "amount_minor": {written}}}'
        answer = cast.operator.post("/returns", raw=body.encode())
        assert answer.status_code == 201, answer.content
        assert answer.json()["amount"] == {"minor": 1_299_990_000, "currency": "KZT"}
    refused = f'{{"store": "{store}", "number": "1000000001-9", "amount_minor": 12.5}}'
    answer = cast.operator.post("/returns", raw=refused.encode())
    assert answer.status_code == 422
    assert "amount_minor" in str(answer.json())
    assert len(stored(cast)) == 4


# --- filing ---------------------------------------------------------------------------------------------------------


def test_store_and_number_are_enough_the_order_fills_in_the_rest(cast: Cast) -> None:
    order = make_order(cast.shop)
    row = cast.operator.post(
        "/returns", {"store": str(cast.shop.store.pk), "number": "700000001-2"}
    ).json()
    assert (row["order"], row["attempt"], row["product"]) == ("700000001", 2, "Кроссовки")
    assert row["amount"] == {"minor": 1_299_000, "currency": "KZT"}
    assert row["stage"] == "NEW"
    assert row["control"]["rule"] == "REACTION_DEFAULT"
    assert row["control"]["rule_text"] == "Time to react to a new request"
    open_walls(cast.shop.id)
    assert ReturnRequest.objects.get().order_id == order.pk
    assert ReturnRequest.objects.get().source == "API"


def test_what_cannot_become_a_case_is_reported_and_opens_nothing(cast: Cast) -> None:
    file(cast)
    store = str(cast.shop.store.pk)
    for body, code in (
        ({"store": store, "number": "700000001-1"}, "NUMBER_TAKEN"),
        ({"store": store, "number": "what"}, "NUMBER_UNREADABLE"),
        ({"store": str(uuid4()), "number": "700000002-1"}, "STORE_UNKNOWN"),
        ({"store": str(cast.other.store.pk), "number": "700000002-1"}, "STORE_UNKNOWN"),
        ({"store": store, "number": "700000002-1", "customer_phone": "call me"}, "NOT_A_PHONE"),
        (
            {"store": store, "number": "700000002-1", "filed_at": "2026-05-14T06:00:01Z"},
            "IN_THE_FUTURE",
        ),
    ):
        answer = cast.operator.post("/returns", body)
        assert (answer.status_code, answer.json()["code"]) == (422, code), code
        assert answer.json()["errors"][0]["pointer"].startswith("#/")
    assert stored(cast) == [("700000001-1", "NEW", 1)]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ACCOUNTANT, Role.CLERK])
def test_who_may_not_file_opens_nothing(cast: Cast, role: Role) -> None:
    program = Program(make_token(make_person("someone", (cast.shop.id, role))))
    answer = program.post("/returns", {"store": str(cast.shop.store.pk), "number": "700000001-1"})
    assert (answer.status_code, answer.json()["code"]) == (403, "ROLE_NOT_ALLOWED")
    assert stored(cast) == []
    assert JournalEntry.objects.count() == 0


# --- the queue ------------------------------------------------------------------------------------------------------


def statements(queries: CaptureQueriesContext) -> int:
    """Count statements; the savepoints are the test's own."""
    return sum("SAVEPOINT" not in (query["sql"] or "") for query in queries.captured_queries)


def numbers(answer: Any) -> list[str]:
    return [row["number"] for row in answer.json()["items"]]


def test_the_queue_is_walked_by_the_time_left_each_case_once(cast: Cast) -> None:
    moments = {
        f"70000000{n}-1": (NOW + timedelta(hours=(7 * n) % 11 + 1)).isoformat() for n in range(1, 8)
    }
    for number, displayed in moments.items():
        file(cast, number, marketplace_due_at=displayed)
    wanted = sorted(moments, key=lambda number: moments[number])
    seen: list[str] = []
    cursor = ""
    for _page in range(4):
        with CaptureQueriesContext(connection) as queries:
            answer = cast.operator.get(f"/returns?limit=2{cursor}")
        assert statements(queries) == 3
        seen += numbers(answer)
        following = answer.json()["next"]
        cursor = f"&cursor={following.replace('+', '%2B')}" if following else ""
    assert seen == wanted
    assert following is None


def test_filters_narrow_the_queue(cast: Cast) -> None:
    first = file(
        cast, "700000001-1", marketplace_due_at="2026-05-15T06:00:00Z", customer_name="Оксана П."
    )
    second = file(cast, "700000002-1", marketplace_due_at="2026-05-16T06:00:00Z")
    act(cast.operator, second, "NOTE_WITHDRAWN")
    third = file(cast, "700000001-2", marketplace_due_at="2026-05-18T06:00:00Z")
    act(cast.operator, third, "ASK_CUSTOMER")
    requested = {
        "": ["700000001-1", "700000001-2"],
        "stage=NEW": ["700000001-1"],
        "stage=WAITING_CUSTOMER": ["700000001-2"],
        "stage=CLOSED": ["700000002-1"],
        "due_before=2026-05-16T00:00:00Z": ["700000001-1"],
        f"store={cast.shop.store.pk}": ["700000001-1", "700000001-2"],
        f"store={cast.other.store.pk}": [],
        "order=700000001": ["700000001-1", "700000001-2"],
        "order=700000001&stage=NEW": ["700000001-1"],
        "q=Оксана": ["700000001-1"],
        "q=700000002": ["700000002-1"],
        "q=nobody": [],
        "q=%21": [],
    }
    for query, found in requested.items():
        assert numbers(cast.operator.get(f"/returns?{query}")) == found, query
    assert first["stage_text"] == "New"


# --- the card -------------------------------------------------------------------------------------------------------


def test_the_card_tells_facts_verdict_acts_proofs_effects_and_mirror(cast: Cast) -> None:
    earlier = file(cast, "700000001-1")
    act(cast.operator, earlier, "NOTE_WITHDRAWN")
    case = file(
        cast,
        "700000001-2",
        customer_phone="8 701 123 45 67",
        marketplace_due_at="2026-05-20T06:00:00Z",
    )
    act(cast.operator, case, "ASK_CUSTOMER")
    with CaptureQueriesContext(connection) as queries:
        card = cast.operator.get(f"/returns/{case['id']}").json()
    assert statements(queries) == 3
    assert card["facts"]["customer_phone"] == "+77011234567"
    assert card["facts"]["customer_contacted"] is True
    assert card["control"] == {
        "at": "2026-05-20T06:00:00+00:00",
        "rule": "MARKETPLACE_DATE",
        "rule_text": "Date shown by the marketplace",
        "source": "kaspi.request.planned_date",
        "source_text": "the date shown in the request",
        "overdue": False,
        "alert_level": "",
    }
    assert card["verdict"]["answer"] == "UNSURE"
    assert card["verdict"]["missing"] == ["PHOTO_GOODS", "PHOTO_PACKAGING"]
    missing = next(g for g in card["verdict"]["grounds"] if g["code"] == "EVIDENCE_MISSING")
    assert missing["text"] == "Still needed: Photo of the goods, Photo of the packaging."
    assert missing["source"] == {"kind": "PROCEDURE", "place": "6", "text": "Procedure, step 6"}
    assert [attempt["number"] for attempt in card["attempts"]] == ["700000001-1", "700000001-2"]
    assert card["attempts"][0]["outcome"] == "WITHDRAWN"
    assert [(e["kind"], e["state"]) for e in card["effects"]] == [
        ("OPEN_TICKET", "PLANNED"),
        ("WRITE_REGISTER", "PLANNED"),
    ]
    assert card["mirror"]["section"] == ""
    assert card["mirror"]["differs"] is False


def test_every_act_says_what_it_will_do_or_why_not(cast: Cast) -> None:
    case = file(cast)
    offers = {o["act"]: o for o in cast.operator.get(f"/returns/{case['id']}").json()["acts"]}
    ask = offers["ASK_CUSTOMER"]
    assert (ask["allowed"], ask["recommended"], ask["step"]) == (True, True, "1-2")
    assert [will["effect"] for will in ask["will"]] == ["OPEN_TICKET", "WRITE_REGISTER"]
    assert ask["will"][0]["text"] == "A ticket goes to the call centre: the customer is asked."
    take = offers["TAKE_FOR_INSPECTION"]
    assert (take["allowed"], take["will"]) == (False, [])
    assert take["why_not"] == {
        "code": "EVIDENCE_MISSING",
        "text": "Still needed: Photo of the goods, Photo of the packaging.",
        "params": {"missing": "PHOTO_GOODS,PHOTO_PACKAGING"},
    }
    assert offers["REFUSE"]["reasons"] == []
    assert sum(offer["recommended"] for offer in offers.values()) == 1


def test_a_card_shows_the_acts_of_the_callers_role(cast: Cast) -> None:
    case = file(cast)
    offers = cast.viewer.get(f"/returns/{case['id']}").json()["acts"]
    assert {offer["allowed"] for offer in offers} == {False}
    assert {offer["why_not"]["code"] for offer in offers} == {"ROLE_NOT_ALLOWED"}


# --- acts -----------------------------------------------------------------------------------------------------------


def test_a_refused_act_says_why_and_changes_nothing(cast: Cast) -> None:
    case = file(cast)
    for program, name, details, status, code in (
        (cast.operator, "TAKE_FOR_INSPECTION", {}, 409, "EVIDENCE_MISSING"),
        (cast.operator, "REFUSE", {"reason": "NO_ANSWER"}, 409, "NO_GROUND_FOR_REFUSAL"),
        (cast.operator, "GRANT_REFUND", {}, 409, "NO_SUCH_STEP"),
        (cast.viewer, "ASK_CUSTOMER", {}, 403, "ROLE_NOT_ALLOWED"),
        (cast.operator, "ASK_CUSTOMER", {"version": 7}, 409, "CASE_CHANGED"),
    ):
        answer = act(program, case, name, **details)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    stated = act(cast.operator, case, "TAKE_FOR_INSPECTION").json()
    assert stated["step"] == "3b-6"
    assert stated["params"] == {"missing": "PHOTO_GOODS,PHOTO_PACKAGING"}
    assert stated["detail"] == "Still needed: Photo of the goods, Photo of the packaging."
    assert stored(cast) == [("700000001-1", "NEW", 1)]
    assert PlannedEffect.objects.count() == 0
    assert JournalEntry.objects.count() == 1


def test_an_act_answers_with_the_case_as_it_stands_now(cast: Cast) -> None:
    case = file(cast)
    done = act(cast.operator, case, "ASK_CUSTOMER", version=1, why="photos are missing").json()
    assert (done["stage"], done["version"], done["act"], done["step"]) == (
        "WAITING_CUSTOMER",
        2,
        "ASK_CUSTOMER",
        "1-2",
    )
    assert [will["effect"] for will in done["will"]] == ["OPEN_TICKET", "WRITE_REGISTER"]
    late = act(cast.operator, case, "NOTE_WITHDRAWN", version=1)
    assert late.status_code == 409
    assert late.json()["params"] == {"who": "Aigerim", "act": "ASK_CUSTOMER"}
    assert late.json()["detail"] == (
        "Aigerim acted on this request in between: Ask the customer. Read it again."
    )


def test_a_bulk_act_is_previewed_done_and_reported(cast: Cast) -> None:
    good = [file(cast, f"70000000{n}-1") for n in (1, 2)]
    unclear = file(cast, "700000003-1", reason_code="")
    gone = str(uuid4())
    ids = [case["id"] for case in (*good, unclear)] + [gone, good[0]["id"]]
    body = {"ids": ids, "act": "ASK_CUSTOMER"}
    preview = cast.operator.post("/returns/acts", {**body, "preview": True}).json()
    assert [stage for _, stage, _ in stored(cast)] == ["NEW"] * 3
    done = cast.operator.post("/returns/acts", body).json()
    for reported in (preview, done):
        assert sorted(each["number"] for each in reported["done"]) == ["700000001-1", "700000002-1"]
        assert {each["step"] for each in reported["done"]} == {"1-2"}
        assert [will["effect"] for will in reported["done"][0]["will"]] == [
            "OPEN_TICKET",
            "WRITE_REGISTER",
        ]
        assert [(e["number"], e["why_not"]["code"]) for e in reported["refused"]] == [
            ("700000003-1", "QUALITY_UNKNOWN")
        ]
        assert reported["missing"] == [gone]
    assert (preview["preview"], done["preview"]) == (True, False)
    assert stored(cast) == [
        ("700000001-1", "WAITING_CUSTOMER", 2),
        ("700000002-1", "WAITING_CUSTOMER", 2),
        ("700000003-1", "NEW", 1),
    ]


# --- notes and journal ----------------------------------------------------------------------------------------------


def test_noted_facts_move_the_control_date_and_stand_in_the_journal(cast: Cast) -> None:
    case = file(cast)
    row = cast.operator.post(
        f"/returns/{case['id']}/notes",
        {
            "quality": "DEFECTIVE",
            "inspection": {"unused": False, "warranty_until": "2027-01-01"},
            "marketplace_due_at": "2026-05-21T06:00:00Z",
            "marketplace_due_section": "NEW",
            "assignee": "me",
            "why": "the customer called",
        },
    ).json()
    assert (row["quality"], row["assignee"], row["version"]) == ("DEFECTIVE", "Aigerim", 2)
    assert row["control"]["at"] == "2026-05-21T06:00:00+00:00"
    more = cast.operator.post(
        f"/returns/{case['id']}/notes", {"inspection": {"unused": None, "complete": True}}
    )
    assert more.status_code == 200
    open_walls(cast.shop.id)
    assert ReturnRequest.objects.get().inspection == {
        "complete": True,
        "warranty_until": "2027-01-01",
    }
    lines = cast.operator.get(f"/returns/{case['id']}/journal").json()["items"]
    assert [(line["seq"], line["act"], line["text"]) for line in lines] == [
        (1, "CREATE", "Request opened"),
        (2, "NOTE", "Facts noted"),
        (3, "NOTE", "Facts noted"),
    ]
    assert lines[1]["why"] == "the customer called"
    assert lines[1]["after"]["quality"] == "DEFECTIVE"
    assert lines[1]["who"] == "Aigerim"


def test_the_line_that_comes_back_is_noted_with_what_follows_from_it(cast: Cast) -> None:
    sell(cast.shop, KETTLE, IRON, code="700000001")
    iron = str(OrderLine.objects.get(offer_code="I-1").pk)
    case = file(cast)
    notes = f"/returns/{case['id']}/notes"
    refused = cast.viewer.post(notes, {"line": iron})
    assert (refused.status_code, refused.json()["code"]) == (403, "ROLE_NOT_ALLOWED")
    unknown = cast.operator.post(notes, {"line": case["id"]})
    assert (unknown.status_code, unknown.json()["code"]) == (409, "LINE_UNKNOWN")
    open_walls(cast.shop.id)
    assert JournalEntry.objects.filter(act="NOTE").count() == 0
    row = cast.operator.post(notes, {"line": iron}).json()
    assert (row["product"], row["amount"]["minor"]) == ("Утюг", 700_000)
    facts = cast.operator.get(f"/returns/{case['id']}").json()["facts"]
    assert (facts["line"], facts["product_sku"]) == (iron, "I-1")
    row = cast.operator.post(notes, {"line": iron, "amount_minor": 650_000}).json()
    assert row["amount"]["minor"] == 650_000


def test_a_note_that_does_not_hold_together_changes_nothing(cast: Cast) -> None:
    case = file(cast)
    for body, code in (
        ({"marketplace_due_at": "2026-05-21T06:00:00Z"}, "SECTION_NEEDED"),
        ({"marketplace_due_section": "NEW"}, "SECTION_NEEDED"),
        ({"quality": None}, "NOT_VALID"),
        ({"customer_phone": "x"}, "NOT_A_PHONE"),
        ({"inspection": {"colour": "red"}}, "NOT_VALID"),
        ({"stage": "CLOSED"}, "NOT_VALID"),
    ):
        answer = cast.operator.post(f"/returns/{case['id']}/notes", body)
        assert (answer.status_code, answer.json()["code"]) == (422, code), body
    refused = cast.viewer.post(f"/returns/{case['id']}/notes", {"quality": "PROPER"})
    assert (refused.status_code, refused.json()["code"]) == (403, "ROLE_NOT_ALLOWED")
    act(cast.operator, case, "NOTE_WITHDRAWN")
    closed = cast.operator.post(f"/returns/{case['id']}/notes", {"quality": "DEFECTIVE"})
    assert (closed.status_code, closed.json()["code"]) == (409, "CASE_CLOSED")
    assert stored(cast) == [("700000001-1", Stage.CLOSED.value, 2)]


def test_the_journal_is_walked_and_its_hashes_chain(cast: Cast) -> None:
    case = file(cast)
    for name in ("ASK_CUSTOMER", "SEND_FOR_APPROVAL"):
        assert act(cast.operator, case, name).status_code == 200
    path = f"/returns/{case['id']}/journal"
    first = cast.operator.get(f"{path}?limit=2").json()
    rest = cast.operator.get(f"{path}?limit=2&after={first['next']}").json()
    assert [line["seq"] for line in (*first["items"], *rest["items"])] == [1, 2, 3]
    assert (first["next"], rest["next"]) == (2, None)
    assert cast.operator.get(f"{path}?after=3").json() == {"items": [], "next": None}
    open_walls(cast.shop.id)
    stored = JournalEntry.objects.order_by("seq")
    assert [line["hash"] for line in first["items"]] == [bytes(e.hash).hex() for e in stored[:2]]
    assert first["items"][0]["at"] == datetime(2026, 5, 14, 6, 0, tzinfo=UTC).isoformat()
