"""A call made twice happens once, whatever goes wrong on the way back."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qaitar.foundation.models import IdempotencyRecord, JournalEntry
from qaitar.returns.models import ReturnRequest
from qaitar.web.api import gateway
from qaitar.web.api.idempotency import KEY_PATTERN, key_read
from tests.factories.accounts import open_walls
from tests.web.api.callers import BASE, at_once, closed_after, document, new_key
from tests.web.api.conftest import Cast, make_cast
from tests.web.api.world import photo


def filed(cast: Cast, number: str = "700000001-1") -> dict[str, Any]:
    return {"store": str(cast.shop.store.pk), "number": number, "reason_code": "SIZE_MISMATCH"}


@pytest.fixture
def real(committed: None) -> Cast:
    with transaction.atomic():
        return make_cast()


def test_the_same_call_again_gets_the_same_answer_and_does_nothing(cast: Cast) -> None:
    key = new_key()
    first = cast.operator.post("/returns", filed(cast), key=key)
    again = cast.operator.post("/returns", filed(cast), key=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert again["Content-Type"] == first["Content-Type"]
    open_walls(cast.shop.id)
    assert ReturnRequest.objects.count() == JournalEntry.objects.count() == 1


def test_spaces_and_the_order_of_names_do_not_make_another_call(cast: Cast) -> None:
    key, body = new_key(), filed(cast)
    store, number = body["store"], body["number"]
    cast.operator.post("/returns", {"store": store, "number": number}, key=key)
    raw = f'{{ "number":  "{number}",\n "store": "{store}" }}'.encode()
    again = cast.operator.post("/returns", raw=raw, key=key)
    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")


@pytest.mark.parametrize("written", ['"{}"', "{}", ' "{}" '])
def test_the_key_may_be_quoted_or_bare(cast: Cast, written: str) -> None:
    key = new_key()
    cast.operator.post("/returns", filed(cast), key=f'"{key}"')
    again = cast.operator.post("/returns", filed(cast), key=written.format(key))
    assert again["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    "key", ["", "short", "x" * 256, "with space", "ключ-из-букв", '"open-quoted', '"a"b"c"d"e"']
)
def test_an_unreadable_key_is_refused_and_nothing_happens(cast: Cast, key: str) -> None:
    answer = cast.operator.post("/returns", filed(cast), key=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "IDEMPOTENCY_KEY_UNREADABLE")
    open_walls(cast.shop.id)
    assert ReturnRequest.objects.count() == 0


@pytest.fixture
def shape(db_walls: None) -> re.Pattern[str]:
    """How a key looks, as the document says it."""
    call = document()["paths"][f"{BASE}/returns"]["post"]
    return re.compile(call["parameters"][-1]["schema"]["pattern"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # one shape serves all
@given(st.text(st.sampled_from('kK9~!#[] \\"é\x1f'), max_size=24) | st.from_regex(KEY_PATTERN))
def test_the_document_says_which_keys_are_accepted(shape: re.Pattern[str], text: str) -> None:
    """What a program checks by the document beforehand is what is taken; spaces around a header belong to nobody."""
    key = key_read(text)
    assert (key is not None) == (shape.fullmatch(text.strip(" \t")) is not None)
    if key is not None:
        assert re.fullmatch(r"[\x21-\x7e]{8,255}", key)


def test_keys_of_the_shortest_and_longest_length_are_accepted(cast: Cast) -> None:
    for number, key in enumerate(("k" * 8, "k" * 255, '"' + "k" * 255 + '"'), start=1):
        answer = cast.operator.post("/returns", filed(cast, f"70000000{number}-1"), key=key)
        assert answer.status_code == (201 if number < 3 else 422)  # the third is the second's key
    assert IdempotencyRecord.objects.count() == 2


def test_another_call_with_the_key_is_refused(cast: Cast) -> None:
    key = new_key()
    made = cast.operator.post("/returns", filed(cast), key=key).json()
    for path, body in (
        ("/returns", filed(cast, "700000002-1")),
        (f"/returns/{made['id']}/acts", {"act": "ASK_CUSTOMER"}),
    ):
        answer = cast.operator.post(path, body, key=key)
        assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    open_walls(cast.shop.id)
    assert list(ReturnRequest.objects.values_list("number", "stage")) == [("700000001-1", "NEW")]


def test_a_call_that_did_nothing_is_judged_anew(cast: Cast) -> None:
    """A blocked act may be allowed a minute later; the caller needs no new key to find out."""
    made = cast.operator.post("/returns", {**filed(cast), "reason_code": ""}).json()
    key, path = new_key(), f"/returns/{made['id']}/acts"
    no = cast.operator.post(path, {"act": "ASK_CUSTOMER"}, key=key)
    assert (no.status_code, no.json()["code"]) == (409, "QUALITY_UNKNOWN")
    assert IdempotencyRecord.objects.count() == 0
    cast.operator.post(f"/returns/{made['id']}/notes", {"quality": "PROPER"})
    assert cast.operator.post(path, {"act": "ASK_CUSTOMER"}, key=key).status_code == 200


def test_a_stored_answer_needs_the_scope_of_its_call(cast: Cast) -> None:
    key = new_key()
    cast.operator.post("/returns", filed(cast), key=key)
    answer = cast.reader.post("/returns", filed(cast), key=key)
    assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_MISSING")


def test_a_secret_is_given_again_but_never_stored_readable(cast: Cast) -> None:
    key, body = new_key(), {"url": "https://hooks.example.kz/q"}
    first = cast.owner.post("/webhooks", body, key=key)
    again = cast.owner.post("/webhooks", body, key=key)
    secret = first.json()["secret"]
    assert secret.startswith("whsec_")
    assert again.content == first.content
    stored = bytes(IdempotencyRecord.objects.get().body)
    assert secret.encode() not in stored
    assert b"hooks.example.kz" not in stored


def test_a_form_with_another_boundary_is_the_same_call(cast: Cast) -> None:
    made = cast.operator.post("/returns", filed(cast)).json()
    key, path = new_key(), f"/returns/{made['id']}/evidence"
    first = cast.operator.upload(path, {"kind": "PHOTO_GOODS", "file": photo()}, key=key)
    again = cast.operator.upload(path, {"kind": "PHOTO_GOODS", "file": photo()}, key=key)
    other = cast.operator.upload(path, {"kind": "PHOTO_GOODS", "file": photo("blue")}, key=key)
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again["Idempotency-Replayed"] == "true"
    assert len(again.json()["evidence"]) == 1


def test_while_the_first_is_running_the_second_is_reported_to_wait(
    real: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes while the first stands between its work and its commit."""
    inside, go_on = Event(), Event()
    remember = gateway.remember

    def slowly(*given: Any, **named: Any) -> bool:
        stored = remember(*given, **named)
        inside.set()
        assert go_on.wait(20)
        return stored

    monkeypatch.setattr(gateway, "remember", slowly)
    key = new_key()

    def call() -> Any:
        return real.operator.post("/returns", filed(real), key=key)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(closed_after(call))
        assert inside.wait(20)
        second = call()
        go_on.set()
        assert first.result().status_code == 201
    assert (second.status_code, second.json()["code"]) == (409, "STILL_RUNNING")
    assert second["Retry-After"] == "1"
    third = call()
    assert (third.status_code, third["Idempotency-Replayed"]) == (201, "true")


def test_twenty_at_once_with_one_key_open_one_case(real: Cast) -> None:
    key = new_key()

    def call(_number: int) -> Any:
        answer = real.operator.post("/returns", filed(real), key=key)
        return answer.status_code, answer.content, answer.get("Idempotency-Replayed")

    answers = at_once(20, call)
    made = {content for status, content, _ in answers if status == 201}
    assert len(made) == 1
    assert {status for status, _, _ in answers} <= {201, 409}
    assert sum(status == 201 and replayed is None for status, _, replayed in answers) == 1
    with transaction.atomic():
        open_walls(real.shop.id)
        assert ReturnRequest.objects.count() == JournalEntry.objects.count() == 1


def test_a_call_that_looked_just_before_the_first_was_stored_is_answered_from_it(
    real: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look-up sees the state before the first call's commit, and then gets the key after it."""
    key, entered = new_key(), gateway.enter_as_token
    raced: list[Any] = []

    def late(*given: Any, **named: Any) -> Any:
        if raced or named["key"] is None:
            return entered(*given, **named)
        found = entered(*given, **{**named, "key": None})  # as if nothing were stored or held yet
        raced.append(found)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(
                closed_after(lambda: real.operator.post("/returns", filed(real), key=key))
            )
            assert first.result().status_code == 201
        return found

    monkeypatch.setattr(gateway, "enter_as_token", late)
    answer = real.operator.post("/returns", filed(real), key=key)
    assert raced
    assert (answer.status_code, answer["Idempotency-Replayed"]) == (201, "true")
    with transaction.atomic():
        open_walls(real.shop.id)
        assert ReturnRequest.objects.count() == 1


def test_an_error_of_ours_leaves_nothing_and_frees_the_key(
    real: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: Any, **_named: Any) -> Any:
        raise OSError("the disk is full")

    key = new_key()
    monkeypatch.setattr(gateway, "remember", broken)
    with pytest.raises(OSError, match="disk is full"):
        real.operator.post("/returns", filed(real), key=key)
    monkeypatch.undo()
    assert IdempotencyRecord.objects.count() == 0
    with transaction.atomic():
        open_walls(real.shop.id)
        assert ReturnRequest.objects.count() == 0
    assert real.operator.post("/returns", filed(real), key=key).status_code == 201


def test_a_call_during_a_failover_is_reported_to_come_again_and_runs_once(real: Cast) -> None:
    """The server throws everybody out: the call gets 503 with its moment, and the same key goes on from there."""
    key, body = new_key(), filed(real)
    assert document()  # it is read over the same connection
    with connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    away = real.operator.post("/returns", body, key=key)
    assert (away.status_code, away.json()["code"]) == (503, "DATABASE_AWAY")
    assert away["Retry-After"] == "2"
    connection.close()  # what the server does between two calls when one met an error
    answers = [real.operator.post("/returns", body, key=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1]["Idempotency-Replayed"] == "true"
    with transaction.atomic():
        open_walls(real.shop.id)
        assert ReturnRequest.objects.count() == JournalEntry.objects.count() == 1
