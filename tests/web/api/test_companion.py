"""The companion's token: made from a code once, ended at once, and good for nothing but the cabinet."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override

from qaitar.foundation.identity.companions import code_create, companion_of, companion_revoke
from qaitar.foundation.models import CabinetWatch, Companion, JournalEntry, RawIntake
from qaitar.foundation.ops.clock import frozen_at
from qaitar.returns.mirror.companion_view import cases_missed
from qaitar.returns.models import ReturnRequest
from qaitar.web.console.settings.companion import gap_sentences
from tests.factories.accounts import NOW, actor, make_token, open_walls
from tests.factories.returns import make_case, take
from tests.web.api.callers import Program
from tests.web.api.conftest import Cast
from tests.web.api.test_matrix import MATRIX, PUBLIC, known
from tests.web.api.world import random_ids
from tests.web.url_matrix import addresses

OPENED = {
    ("POST", "api/v1/companion/contact"),
    ("POST", "api/v1/companion/unpair"),
    ("POST", "api/v1/companion/shown"),
    ("POST", "api/v1/companion/missing"),
    ("POST", "api/v1/intake/cabinet/<uuidstr:store_id>"),
    ("GET", "api/v1/intake/<uuidstr:intake_id>"),
}


def paired(cast: Cast) -> Program:
    code = code_create(user=cast.people["aigerim"], now=NOW)
    answer = Program(code).post("/companion/pair", {"browser": "Chrome"})
    assert answer.status_code == 201
    return Program(answer.json()["token"])


@pytest.fixture(autouse=True)
def clock() -> Any:
    with frozen_at(NOW):
        yield


def test_a_code_pairs_one_browser_and_tells_what_to_read(cast: Cast) -> None:
    code = code_create(user=cast.people["aigerim"], now=NOW)
    first = Program(code).post("/companion/pair", {"browser": "Chrome на кассе"})
    again = Program(code).post("/companion/pair", {"browser": "Chrome"})
    assert (first.status_code, again.status_code) == (201, 401)
    assert first.json()["person"] == "Aigerim"
    assert first.json()["language"] == "ru"
    assert first.json()["stores"] == [
        {"id": str(cast.shop.store.pk), "name": cast.shop.store.name, "external_id": ""}
    ]
    row = Companion.objects.get()
    assert (row.browser, row.user, row.session) == (
        "Chrome на кассе",
        cast.people["aigerim"],
        "AWAY",
    )


def test_a_code_ends_after_ten_minutes_and_when_another_is_made(cast: Cast) -> None:
    old = code_create(user=cast.people["aigerim"], now=NOW)
    new = code_create(user=cast.people["aigerim"], now=NOW)
    assert Program(old).post("/companion/pair", {"browser": "x"}).status_code == 401
    with frozen_at(NOW + timedelta(minutes=10)):
        assert Program(new).post("/companion/pair", {"browser": "x"}).status_code == 401
    assert Companion.objects.count() == 0


def test_the_token_opens_six_calls_of_all_the_program_has(cast: Cast) -> None:
    """Every address of the API by every method it takes, and every address of the console."""
    program = paired(cast)
    row = companion_of(program.token)
    assert row is not None
    open_walls(cast.shop.id)
    case = make_case(cast.shop, actor(cast.people["aigerim"], cast.shop.id))
    before = ReturnRequest.objects.values().get(pk=case.pk)
    let_in = set()
    routes = sorted(MATRIX, key=lambda route: route.endswith("/unpair"))  # it ends the token
    for route in routes:
        tries = MATRIX[route]
        ids = random_ids() | {"request_id": str(case.pk), "store_id": str(cast.shop.store.pk)}
        for each in tries:
            path = known(route).path(**ids)
            body = each.body(ids) if each.body else None
            answer = (
                program.ask(each.method, path, body)
                if each.form is None
                else program.upload(path.removeprefix("/api/v1"), each.form(ids))
            )
            if answer.status_code != 403:
                let_in.add((each.method, route))
    assert let_in == OPENED
    program = paired(cast)
    headers = {"Authorization": f"Bearer {program.token}"}
    nobody, tried = Client(), 0
    for address in addresses(""):
        if address.route.startswith("api/"):
            continue
        names = re.findall(r"<(?:\w+:)?(\w+)>", address.route)
        values = {name: 1 if name == "user_id" else str(case.pk) for name in names}
        values |= {"system": "usedesk"} if "system" in values else {}
        for method in ("get", "post", "delete"):
            answer = getattr(program.client, method)(address.path(**values), headers=headers)
            without = getattr(nobody, method)(address.path(**values))
            assert answer.status_code == without.status_code, (address.route, method)
            if address.name.startswith("console:"):
                assert answer.status_code in {302, 404, 405}, (address.route, answer.status_code)
            tried += 1
    assert tried > 300
    assert PUBLIC
    open_walls(cast.shop.id)
    assert ReturnRequest.objects.values().get(pk=case.pk) == before


def test_a_companion_switched_off_is_turned_away_at_once(cast: Cast) -> None:
    program = paired(cast)
    path = f"/intake/cabinet/{cast.shop.store.pk}"
    assert program.post(path, {"a": 1}).status_code == 202
    row = companion_of(program.token)
    assert row is not None
    open_walls(cast.shop.id)
    assert CabinetWatch.objects.count() == 1
    companion_revoke(row, now=NOW)
    assert program.post(path, {"a": 2}).status_code == 401
    assert program.post("/companion/contact", {"session": "OPEN"}).status_code == 401
    open_walls(cast.shop.id)
    assert RawIntake.objects.count() == 1
    assert CabinetWatch.objects.count() == 0


def test_what_is_handed_over_counts_as_seen_and_an_ended_session_is_noted(cast: Cast) -> None:
    program, store = paired(cast), str(cast.shop.store.pk)
    program.post(f"/intake/cabinet/{store}", {"a": 1})
    later = NOW + timedelta(hours=1)
    with frozen_at(later):
        stated = {"session": "ENDED", "stores": [store, str(cast.other.store.pk), "nonsense"]}
        assert program.post("/companion/contact", stated).status_code == 200
    open_walls(cast.shop.id, cast.other.id)
    watch = CabinetWatch.objects.get()
    assert (watch.store_id, watch.seen_at, watch.session, watch.session_at) == (
        cast.shop.store.pk,
        NOW,
        "ENDED",
        later,
    )
    with frozen_at(later + timedelta(hours=1)):
        program.post(f"/intake/cabinet/{store}", {"a": 2})
    open_walls(cast.shop.id)
    watch.refresh_from_db()
    assert (watch.session, watch.seen_at) == ("OPEN", later + timedelta(hours=1))
    assert program.post("/companion/contact", {"session": "SLEEPING"}).status_code == 422


def test_a_reading_by_a_saved_file_watches_nothing(cast: Cast) -> None:
    cast.companion.post(f"/intake/cabinet/{cast.shop.store.pk}", {"a": 1})
    open_walls(cast.shop.id)
    assert CabinetWatch.objects.count() == 0


def test_displayed_tells_the_stage_and_what_is_left_to_press(cast: Cast) -> None:
    program = paired(cast)
    by = actor(cast.people["aigerim"], cast.shop.id)
    case = make_case(cast.shop, by)
    take(case, by)
    make_case(cast.shop, by, "700000002-1")
    requested = {"numbers": ["700000001-1", "700000002-1", "700000009-1", "\u2603"]}
    waiting, plain = program.post("/companion/shown", requested).json()["items"]
    assert waiting["number"] == "700000001-1"
    assert (waiting["stage"], waiting["path"]) == ("IN_DELIVERY", f"/returns/{case.pk}")
    assert waiting["to_press"]["button"] == "Получить товар на проверку"
    assert waiting["to_press"]["decided_by"] == "Aigerim"
    assert [file["name"] for file in waiting["to_press"]["files"]] == [
        "PHOTO_GOODS.jpg",
        "PHOTO_PACKAGING.jpg",
    ]
    assert (plain["stage"], plain["to_press"]) == ("NEW", None)
    assert Program(make_token(cast.people["timur"], "companion")).post(
        "/companion/shown", requested
    ).json() == {"items": []}
    many = {"numbers": [f"{n}-1" for n in range(101)]}
    assert program.post("/companion/shown", many).status_code == 422


def journal(cast: Cast) -> list[tuple[str, str, Any, Any]]:
    open_walls(cast.shop.id)
    rows = JournalEntry.objects.filter(subject_kind="companion").order_by("at", "id")
    return [(row.act, row.actor_name, row.before, row.after) for row in rows]


def test_pairing_stops_and_the_end_are_journalled_each_once(cast: Cast) -> None:
    program, store = paired(cast), str(cast.shop.store.pk)
    who = {"browser": "Chrome", "person": str(cast.people["aigerim"])}
    assert journal(cast) == [("COMPANION_PAIR", "Aigerim", {}, who)]
    path = f"/intake/cabinet/{store}"
    program.post(path, {"a": 1})
    stated = ["OPEN", "CHANGED", "CHANGED", "AWAY", "ENDED", "ENDED", "OPEN"]
    for minute, session in enumerate(stated, start=1):
        with frozen_at(NOW + timedelta(minutes=minute)):
            if session == "CHANGED":
                program.post(path, {"a": minute})  # strange answers are handed over all the same
            program.post("/companion/contact", {"session": session, "stores": [store]})
    with frozen_at(NOW + timedelta(hours=1)):
        assert program.post("/companion/unpair", None).status_code == 200
    assert journal(cast)[1:] == [
        ("CABINET_SESSION", "Aigerim", {"session": "OPEN"}, {"session": "CHANGED"}),
        ("CABINET_SESSION", "Aigerim", {"session": "CHANGED"}, {"session": "ENDED"}),
        ("CABINET_SESSION", "Aigerim", {"session": "ENDED"}, {"session": "OPEN"}),
        ("COMPANION_END", "Aigerim", {}, who),
    ]
    open_walls(cast.other.id)
    assert not JournalEntry.objects.filter(subject_kind="companion").exists()


def test_unpaired_in_the_browser_its_token_opens_nothing_here(cast: Cast) -> None:
    program = paired(cast)
    assert program.post("/companion/unpair", None).status_code == 200
    assert program.post("/companion/contact", {"session": "OPEN"}).status_code == 401
    assert program.post(f"/intake/cabinet/{cast.shop.store.pk}", {"a": 1}).status_code == 401
    open_walls(cast.shop.id)
    assert RawIntake.objects.count() == 0


def contact(program: Program, store: str, read: int | None, **more: Any) -> None:
    stated: dict[str, Any] = {"session": "OPEN", "stores": [store], **more}
    if read is not None:
        stated["lists"] = [{"store": store, "tab": "NEW", "expected": 23, "read": read}]
    assert program.post("/companion/contact", stated).status_code == 200


def test_a_list_shorter_than_its_count_is_changed_until_a_whole_reading_fits(cast: Cast) -> None:
    """«23 ожидалось, 15 прочитано» is never an open cabinet; a look at one request in between proves nothing."""
    program, store = paired(cast), str(cast.shop.store.pk)
    program.post(f"/intake/cabinet/{store}", {"a": 1})
    short = {"lists": [{"tab": "NEW", "expected": 23, "read": 15}], "numbers": []}
    seen = []
    for read in (15, None, 23):
        contact(program, store, read)
        open_walls(cast.shop.id)
        watch = CabinetWatch.objects.get()
        seen.append((watch.session, watch.not_whole, Companion.objects.get().session))
    assert seen == [("CHANGED", short, "CHANGED"), ("CHANGED", short, "OPEN"), ("OPEN", {}, "OPEN")]
    assert [line[2:] for line in journal(cast)[1:]] == [
        ({"session": "OPEN", "not_whole": {}}, {"session": "CHANGED", "not_whole": short}),
        ({"session": "CHANGED", "not_whole": short}, {"session": "OPEN", "not_whole": {}}),
    ]


def test_numbers_in_a_form_never_seen_are_stored_and_more_than_expected_is_no_gap(
    cast: Cast,
) -> None:
    program, store = paired(cast), str(cast.shop.store.pk)
    program.post(f"/intake/cabinet/{store}", {"a": 1})
    contact(program, store, 24, odd_numbers=[{"store": store, "number": "700000002/1"}])
    open_walls(cast.shop.id)
    watch = CabinetWatch.objects.get()
    assert (watch.session, watch.not_whole) == (
        "CHANGED",
        {"lists": [], "numbers": ["700000002/1"]},
    )
    with override("en"):
        assert gap_sentences(watch.not_whole) == (
            "Numbers of requests in a form not known: 700000002/1.",
        )
        lists = [
            {"tab": "EXPERTISE", "expected": 4, "read": 0},
            {"tab": "NEW", "expected": 23, "read": 15},
        ]
        assert gap_sentences({"lists": lists}) == (
            "EXPERTISE: 4 expected, 0 read.", "New: 23 expected, 15 read."
        )  # fmt: skip
    contact(program, store, 24)
    watch.refresh_from_db()
    assert (watch.session, watch.not_whole) == ("OPEN", {})


def test_what_left_the_open_sections_is_named_the_longest_unseen_first(cast: Cast) -> None:
    program, store = paired(cast), str(cast.shop.store.pk)
    by = actor(cast.people["aigerim"], cast.shop.id)
    reported = {1: "NEW", 2: "ON_DELIVERY", 3: "CLOSED", 4: "NEW", 5: "NEW"}
    for n, section in reported.items():
        case = make_case(cast.shop, by, f"70000000{n}-1")
        known = {
            "section": {"ON_DELIVERY": "IN_DELIVERY"}.get(section, section),
            "external_id": f"{n:024x}" if n != 5 else "",
            "section_seen_at": NOW - timedelta(hours=n),
        }
        ReturnRequest.objects.filter(pk=case.pk).update(**known)
    requested = {"store": store, "seen": ["700000004-1", "700000099-1"]}
    assert program.post("/companion/missing", requested).json() == {
        "items": [
            {"number": "700000002-1", "refund_id": f"{2:024x}"},
            {"number": "700000001-1", "refund_id": f"{1:024x}"},
        ],
        "left": 0,
    }
    open_walls(cast.shop.id)
    missed, left = cases_missed(cast.shop.store.pk, [], most=1)
    assert ([each.number for each in missed], left) == (["700000004-1"], 2)
    stranger = Program(make_token(cast.people["timur"], "companion"))
    assert stranger.post("/companion/missing", requested).status_code == 404


def test_a_cabinet_without_an_answer_is_a_state_of_its_own_with_its_since(cast: Cast) -> None:
    """Never read yet it is watched from then on; said again, its beginning stays; what is read ends it."""
    program, store = paired(cast), str(cast.shop.store.pk)
    stated = {"session": "NO_ANSWER", "stores": [store, str(cast.other.store.pk)]}
    seen = []
    for minute, more in ((0, stated), (10, stated), (20, {"session": "OPEN", "stores": [store]})):
        with frozen_at(NOW + timedelta(minutes=minute)):
            if minute == 20:
                program.post(f"/intake/cabinet/{store}", {"a": 1})
            reported = program.post("/companion/contact", more)
            assert reported.json()["now"] == (NOW + timedelta(minutes=minute)).isoformat()
        open_walls(cast.shop.id, cast.other.id)
        watch = CabinetWatch.objects.get()
        seen.append(
            (watch.store_id == cast.shop.store.pk, watch.session, watch.session_at, watch.seen_at)
        )
    later = NOW + timedelta(minutes=20)
    assert seen == [
        (True, "NO_ANSWER", NOW, None), (True, "NO_ANSWER", NOW, None), (True, "OPEN", later, later)
    ]  # fmt: skip
    assert journal(cast)[1:] == [
        ("CABINET_SESSION", "Aigerim", {}, {"session": "NO_ANSWER"}),
        ("CABINET_SESSION", "Aigerim", {"session": "NO_ANSWER"}, {"session": "OPEN"}),
    ]


def test_details_that_fail_are_stored_by_number_until_they_come(cast: Cast) -> None:
    program, store = paired(cast), str(cast.shop.store.pk)
    program.post(f"/intake/cabinet/{store}", {"a": 1})
    one = {
        "store": store,
        "number": "700000001-1",
        "why": "HTTP_500",
        "since": "2026-11-30T09:00:00Z",
    }
    stored = {"number": "700000001-1", "why": "HTTP_500", "since": "2026-11-30T09:00:00+00:00"}
    stated: tuple[list[dict[str, Any]] | None, ...] = (
        [one | {"tries": 1}],
        [one | {"tries": 2}],
        None,
        [],
    )
    seen = []
    for failed in stated:
        more = {} if failed is None else {"failed": failed}
        body = {"session": "OPEN", "stores": [store], **more}
        assert program.post("/companion/contact", body).status_code == 200
        open_walls(cast.shop.id)
        seen.append(CabinetWatch.objects.get().failed)
    assert seen == [[stored | {"tries": 1}], [stored | {"tries": 2}], [stored | {"tries": 2}], []]
    assert [line for line in journal(cast) if line[0] == "CABINET_DETAILS"] == [
        ("CABINET_DETAILS", "Aigerim", {"failed": []}, {"failed": ["700000001-1"]}),
        ("CABINET_DETAILS", "Aigerim", {"failed": ["700000001-1"]}, {"failed": []}),
    ]
    bad = {"session": "OPEN", "stores": [store], "failed": [one | {"tries": 1, "why": "<b>"}]}
    assert program.post("/companion/contact", bad).status_code == 422
    open_walls(cast.shop.id)
    assert CabinetWatch.objects.get().failed == []
