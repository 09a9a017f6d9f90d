"""Every event reaches every endpoint that wants it, signed, once by its id, however the receiver behaves."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from uuid_utils.compat import uuid7

from qaitar.flows import webhooks_send
from qaitar.flows.webhook_events import PUBLISHED_VALUES, TYPES, Line, event_body, event_type
from qaitar.flows.webhooks_send import Round, webhooks_run
from qaitar.foundation.models import JournalEntry, WebhookDelivery, WebhookEndpoint
from qaitar.foundation.webhooks.endpoints import (
    EndpointRefused,
    EndpointRequest,
    endpoint_create,
    endpoint_rotate,
    ping_plan,
    url_refusal,
)
from qaitar.foundation.webhooks.signing import WAITS_S, Check, check
from qaitar.kernel.ids import ids_from, new_id
from qaitar.kernel.roles import Role
from qaitar.returns.services.evidence import NewProof, evidence_add
from qaitar.returns.services.notes import request_note
from qaitar.returns.services.perform_act import request_act
from qaitar.returns.vocabulary import Act, EvidenceKind
from qaitar.sandbox.serving import Dropped, Serving
from tests.factories.accounts import NOW, Shop, actor, make_person, make_shop, open_walls
from tests.factories.returns import make_case, make_file

SECRET_NOTE = "she said: call +77017654321"


@dataclass
class Receiver:
    """A merchant's program: keeps what it got, answers what it is told to."""

    statuses: list[int] = field(default_factory=list)  # 200 when empty; 0 cuts the connection
    headers: list[tuple[str, str]] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    in_transaction: list[bool] = field(default_factory=list)

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        headers = {n: environ.get("HTTP_" + n.upper().replace("-", "_"), "") for n in names}
        self.got.append((headers, body))
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 0:
            raise Dropped
        start_response(f"{status} X", [("Content-Length", "2"), *self.headers])
        return [b"ok"]

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.got]


@dataclass
class Stage:
    """A shop with an endpoint listening on this machine."""

    shop: Shop
    person: Any
    receiver: Receiver
    endpoint: WebhookEndpoint
    secret: str
    url: str

    def send_round(self, now: datetime = NOW) -> Round:
        return webhooks_run(self.shop.id, now)

    def deliveries(self) -> list[tuple[str, str, int]]:
        with transaction.atomic():
            open_walls(self.shop.id)
            rows = WebhookDelivery.objects.exclude(state="SKIPPED").order_by("place")
            return list(rows.values_list("type", "state", "attempts"))


@pytest.fixture
def stage(committed: None, settings: Any) -> Any:
    settings.QAITAR_ENCRYPTION_KEY = "a-key-of-tests-that-is-long-enough-to-be-one"
    settings.QAITAR_PRIVATE_HOSTS = ["127.0.0.1"]
    receiver = Receiver()
    with Serving(receiver) as serving:
        with transaction.atomic():
            shop = make_shop()
            person = make_person("aigerim", (shop.id, Role.OPERATOR))
            open_walls(shop.id)
            url = f"{serving.url}/hooks?from=qaitar"
            endpoint, secret = endpoint_create(
                merchant_id=shop.id, wanted=EndpointRequest(url), now=NOW
            )
        yield Stage(shop, person, receiver, endpoint, secret, url)


def play(stage: Stage, number: str = "700000001-1") -> UUID:
    """File, note with a phone, ask, add a proof."""
    with transaction.atomic():
        by = actor(stage.person, stage.shop.id)
        case = make_case(stage.shop, by, number)
        request_note(
            request_id=case.pk,
            values={"customer_phone": "+77017654321", "customer_name": "Оксана Тайная"},
            by=by,
            now=NOW,
            why=SECRET_NOTE,
        )
        request_act(request_id=case.pk, act=Act.ASK_CUSTOMER, by=by, now=NOW)
        proof = NewProof(make_file(stage.shop.id), EvidenceKind.PHOTO_GOODS)
        evidence_add(request_id=case.pk, proofs=[proof], by=by, now=NOW)
    return case.pk


def test_events_arrive_signed_in_order_and_without_personal_data(stage: Stage) -> None:
    case_id = play(stage)
    done = stage.send_round()
    assert (done.planned, done.delivered, done.failed, done.gave_up) == (4, 4, 0, 0)
    assert stage.receiver.types == [
        "return.created",
        "return.changed",
        "return.stage_changed",
        "return.evidence_added",
    ]
    for headers, body in stage.receiver.got:
        assert check([stage.secret], headers, body, now=NOW) is Check.GENUINE
        text = body.decode()
        assert "7017654321" not in text
        assert "Тайная" not in text
        assert "Оксана" not in text
        assert SECRET_NOTE not in text
        assert len(body) < 20_000
    assert len({headers["webhook-id"] for headers, _ in stage.receiver.got}) == 4
    moved = json.loads(stage.receiver.got[2][1])
    assert moved["data"]["request"] == {
        "id": str(case_id),
        "merchant": str(stage.shop.id),
        "store": str(stage.shop.store.pk),
        "number": "700000001-1",
        "order": "700000001",
        "attempt": 1,
    }
    assert moved["timestamp"] == NOW.isoformat()
    assert moved["data"]["before"]["stage"] == "NEW"
    assert moved["data"]["after"]["stage"] == "WAITING_CUSTOMER"
    assert moved["data"]["by"] == {"role": "OPERATOR", "channel": "web"}


def test_a_second_round_sends_nothing_again(stage: Stage) -> None:
    play(stage)
    stage.send_round()
    again = stage.send_round(NOW + timedelta(hours=1))
    assert again == Round()
    assert len(stage.receiver.got) == 4


def test_what_was_there_before_the_endpoint_is_not_reported(committed: None, stage: Stage) -> None:
    with transaction.atomic():
        by = actor(stage.person, stage.shop.id)
        make_case(stage.shop, by, "700000009-1")
        late, _secret = endpoint_create(
            merchant_id=stage.shop.id, wanted=EndpointRequest(stage.url + "&late"), now=NOW
        )
    stage.send_round()
    with transaction.atomic():
        open_walls(stage.shop.id)
        assert WebhookDelivery.objects.filter(endpoint_id=late.pk).count() == 0
        assert WebhookDelivery.objects.filter(endpoint_id=stage.endpoint.pk).count() == 1


def ids_of_a_clock(shift: timedelta) -> Any:
    """Make ids as a machine whose clock is off by `shift` would."""
    moved_ms = int(shift.total_seconds() * 1000)
    return ids_from(lambda: UUID(int=uuid7().int + (moved_ms << 80)))


def test_a_line_written_while_the_clock_was_hours_back_is_delivered(stage: Stage) -> None:
    play(stage)
    stage.send_round()
    with ids_of_a_clock(-timedelta(hours=3)), transaction.atomic():
        open_walls(stage.shop.id)
        make_case(stage.shop, actor(stage.person, stage.shop.id), "700000002-1")
    assert stage.send_round(NOW - timedelta(hours=3)).delivered == 1
    assert stage.send_round().delivered == 0  # the clock is right again
    assert stage.receiver.types[-1] == "return.created"
    ids = [headers["webhook-id"] for headers, _ in stage.receiver.got]
    assert len(ids) == len(set(ids)) == 5


def test_two_machines_minutes_apart_deliver_every_event_once_and_in_order(stage: Stage) -> None:
    by = actor(stage.person, stage.shop.id)
    for number in range(1, 9):
        ahead = timedelta(minutes=15) if number % 2 else timedelta()
        with ids_of_a_clock(ahead), transaction.atomic():
            open_walls(stage.shop.id)
            make_case(stage.shop, by, f"70000001{number}-1")
        assert stage.send_round(NOW + ahead).delivered == 1
    ids = [headers["webhook-id"] for headers, _ in stage.receiver.got]
    assert len(ids) == len(set(ids)) == 8
    numbers = [json.loads(body)["data"]["request"]["number"] for _, body in stage.receiver.got]
    assert numbers == [f"70000001{number}-1" for number in range(1, 9)]


def test_a_delivery_is_planned_in_the_transaction_that_writes_the_line(stage: Stage) -> None:
    with transaction.atomic():
        open_walls(stage.shop.id)
        make_case(stage.shop, actor(stage.person, stage.shop.id))
        entry = JournalEntry.objects.get()
        planned = WebhookDelivery.objects.values_list("entry_id", "place", "state", "body")
        assert list(planned) == [(entry.pk, entry.place, "PLANNED", "")]
        transaction.set_rollback(True)
    with transaction.atomic():
        open_walls(stage.shop.id)
        assert WebhookDelivery.objects.count() == 0


def test_an_endpoint_gets_only_the_types_it_requested_for(stage: Stage) -> None:
    with transaction.atomic():
        open_walls(stage.shop.id)
        WebhookEndpoint.objects.update(types=["return.evidence_added"])
    play(stage)
    assert stage.send_round().planned == 1
    assert stage.receiver.types == ["return.evidence_added"]


@pytest.mark.parametrize("bad", [500, 302, 429, 404, 0])
def test_a_failed_message_is_tried_again_by_the_plan_with_the_same_id_and_body(
    stage: Stage, bad: int
) -> None:
    stage.receiver.statuses = [bad]
    with transaction.atomic():
        make_case(stage.shop, actor(stage.person, stage.shop.id))
    first = stage.send_round()
    assert (first.delivered, first.failed) == (0, 1)
    assert stage.send_round(NOW + timedelta(seconds=4)) == Round()
    assert stage.send_round(NOW + timedelta(seconds=6)).delivered == 1
    (one, two) = stage.receiver.got
    assert one[0]["webhook-id"] == two[0]["webhook-id"]
    assert one[1] == two[1]
    assert one[0]["webhook-timestamp"] != two[0]["webhook-timestamp"]
    assert stage.deliveries() == [("return.created", "DELIVERED", 2)]


def test_the_receivers_own_wish_lengthens_the_wait(stage: Stage) -> None:
    stage.receiver.statuses, stage.receiver.headers = [429], [("Retry-After", "3600")]
    with transaction.atomic():
        make_case(stage.shop, actor(stage.person, stage.shop.id))
    stage.send_round()
    stage.receiver.headers = []
    assert stage.send_round(NOW + timedelta(seconds=3590)).delivered == 0
    assert stage.send_round(NOW + timedelta(seconds=3600 * 1.1)).delivered == 1


def test_after_ten_tries_it_is_given_up_and_that_is_seen(stage: Stage) -> None:
    stage.receiver.statuses = [500] * 20
    with transaction.atomic():
        make_case(stage.shop, actor(stage.person, stage.shop.id))
    now, rounds = NOW, []
    for wait in (*WAITS_S, 90_000, 90_000):
        now += timedelta(seconds=wait * 1.2 + 1)
        rounds.append(stage.send_round(now))
    assert len(stage.receiver.got) == len(WAITS_S) == 10
    assert sum(each.gave_up for each in rounds) == 1
    assert stage.deliveries() == [("return.created", "GAVE_UP", 10)]
    with transaction.atomic():
        open_walls(stage.shop.id)
        row = WebhookDelivery.objects.get()
        assert (row.last_status, row.last_detail) == (500, "HTTP 500 ok")
        assert row.settled_at is not None


def test_a_receiver_that_is_gone_is_switched_off(stage: Stage) -> None:
    stage.receiver.statuses = [410]
    play(stage)
    stage.send_round()
    assert stage.send_round(NOW + timedelta(days=1)) == Round()
    with transaction.atomic():
        open_walls(stage.shop.id)
        endpoint = WebhookEndpoint.objects.get()
        assert (endpoint.enabled, endpoint.disabled_reason) == (
            False,
            "HTTP 410: the receiver is gone",
        )
    assert len(stage.receiver.got) == 1


def test_a_failing_endpoint_does_not_hold_up_another(stage: Stage) -> None:
    other = Receiver()
    with Serving(other) as serving:
        with transaction.atomic():
            open_walls(stage.shop.id)
            endpoint_create(merchant_id=stage.shop.id, wanted=EndpointRequest(serving.url), now=NOW)
        stage.receiver.statuses = [500] * 9
        play(stage)
        done = stage.send_round()
    assert (done.delivered, done.failed) == (4, 1)
    assert len(other.got) == 4
    assert len(stage.receiver.got) == 1


def test_two_senders_at_once_send_each_message_once(stage: Stage) -> None:
    for n in range(1, 6):
        play(stage, f"70000000{n}-1")

    def send_round() -> Round:
        try:
            return stage.send_round()
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        rounds = [each.result() for each in [pool.submit(send_round) for _ in range(3)]]
    assert sum(each.delivered for each in rounds) == 20
    ids = [headers["webhook-id"] for headers, _ in stage.receiver.got]
    assert len(ids) == len(set(ids)) == 20


def test_nothing_is_sent_with_a_transaction_open(stage: Stage, monkeypatch: Any) -> None:
    seen: list[bool] = []
    real = webhooks_send.deliver

    def watched(*given: Any, **named: Any) -> Any:
        seen.append(connection.in_atomic_block)
        return real(*given, **named)

    monkeypatch.setattr(webhooks_send, "deliver", watched)
    play(stage)
    stage.send_round()
    assert seen == [False] * 4
    with transaction.atomic(), pytest.raises(AssertionError, match="no network"):
        webhooks_run(stage.shop.id, NOW)


def test_while_a_secret_is_replaced_both_sign(stage: Stage) -> None:
    with transaction.atomic():
        open_walls(stage.shop.id)
        fresh = endpoint_rotate(WebhookEndpoint.objects.get(), NOW)
        make_case(stage.shop, actor(stage.person, stage.shop.id))
    stage.send_round()
    ((headers, body),) = stage.receiver.got
    for secret in (fresh, stage.secret):
        assert check([secret], headers, body, now=NOW) is Check.GENUINE
    later = NOW + timedelta(hours=24, seconds=1)
    with transaction.atomic():
        open_walls(stage.shop.id)
        ping_plan(WebhookEndpoint.objects.get(), later)
    stage.send_round(later)
    headers, body = stage.receiver.got[-1]
    assert json.loads(body)["type"] == "ping"
    assert check([fresh], headers, body, now=later) is Check.GENUINE
    assert check([stage.secret], headers, body, now=later) is Check.FORGED


def test_a_secret_that_cannot_be_opened_stops_the_message_and_says_so(
    stage: Stage, settings: Any
) -> None:
    settings.QAITAR_ENCRYPTION_KEY = "another-key-that-is-long-enough-to-be-one"
    with transaction.atomic():
        make_case(stage.shop, actor(stage.person, stage.shop.id))
    assert stage.send_round().failed == 1
    assert stage.receiver.got == []
    with transaction.atomic():
        open_walls(stage.shop.id)
        assert "secret cannot be used" in WebhookDelivery.objects.get().last_detail


def test_an_address_that_became_private_is_not_called(stage: Stage, settings: Any) -> None:
    settings.QAITAR_PRIVATE_HOSTS = []
    with transaction.atomic():
        make_case(stage.shop, actor(stage.person, stage.shop.id))
    assert stage.send_round().failed == 1
    assert stage.receiver.got == []
    with transaction.atomic():
        open_walls(stage.shop.id)
        detail = WebhookDelivery.objects.get().last_detail
    assert detail.startswith("the address may not be called: ")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.kz/q",
        "https://127.0.0.1/",
        "https://10.0.0.5/",
        "https://[::1]/",
        "https://localhost/",
        "https://user:pass@hooks.example.kz/",
        "ftp://hooks.example.kz/",
        "https://169.254.169.254/latest/meta-data/",
        "https://hooks.example.kz/" + "x" * 500,
        "nonsense",
    ],
)
def test_such_an_address_cannot_become_an_endpoint(db_walls: None, settings: Any, url: str) -> None:
    settings.QAITAR_PRIVATE_HOSTS = []
    shop = make_shop()
    assert url_refusal(url)
    with pytest.raises(EndpointRefused):
        endpoint_create(merchant_id=shop.id, wanted=EndpointRequest(url), now=NOW)
    assert WebhookEndpoint.objects.count() == 0


def test_a_message_never_outgrows_its_limit() -> None:
    effects = [{"id": str(new_id()), "kind": "WRITE_REGISTER", "reference": "9" * 200}] * 500
    reported = dict.fromkeys(PUBLISHED_VALUES, "x" * 60)
    line = Line(
        "EFFECT_DONE",
        NOW,
        2**31 - 1,
        "SYSTEM",
        "job",
        reported,
        {**reported, "effects": effects},
        {},
    )
    body = json.loads(event_body("effect.settled", line))
    assert len(body["data"]["effects"]) == 30


@pytest.mark.parametrize(
    ("act", "after", "kind"),
    [
        ("CREATE", {"stage": "NEW"}, "return.created"),
        ("GRANT_REFUND", {"stage": "REFUND_GRANTED"}, "return.stage_changed"),
        ("NOTE", {"control_at": "x"}, "return.control_date_moved"),
        ("NOTE", {"quality": "PROPER"}, "return.changed"),
        ("GUARD_REMIND", {}, "return.control_date_near"),
        ("GUARD_MISSED", {}, "return.control_date_missed"),
        ("PROOF", {"pending_press": ""}, "return.press_proved"),
        ("CONFIRM_EVIDENCE", {}, "return.evidence_confirmed"),
        ("WITHDRAW_EVIDENCE", {}, "return.evidence_withdrawn"),
        ("EFFECT_DONE", {"state": "DONE"}, "effect.settled"),
        ("EFFECT_PLANNED", {"state": "PLANNED"}, None),
    ],
)
def test_every_line_has_its_name_outside(act: str, after: dict[str, str], kind: str | None) -> None:
    assert event_type(act, after) == kind
    assert kind is None or kind in TYPES
