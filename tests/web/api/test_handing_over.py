"""What comes in besides requests: orders of an export, readings of the cabinet; and where events go out."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from qaitar.foundation.models import RawIntake, WebhookDelivery, WebhookEndpoint
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.orders.models import ImportRun, Order, Store
from tests.factories.accounts import NOW, make_person, make_token, open_walls
from tests.factories.orders import export_csv, export_rows
from tests.web.api.callers import Program
from tests.web.api.conftest import Cast
from tests.web.api.world import make_order

# --- orders ---------------------------------------------------------------------------------------------------------


def test_orders_are_walked_newest_first_and_displayed_whole(cast: Cast) -> None:
    for n in range(1, 6):
        make_order(cast.shop, f"70000000{n}")
    seen: list[str] = []
    cursor = ""
    for _page in range(3):
        answer = cast.operator.get(f"/orders?limit=2{cursor}").json()
        seen += [row["code"] for row in answer["items"]]
        cursor = f"&cursor={(answer['next'] or '').replace('+', '%2B')}"
    assert sorted(seen) == [f"70000000{n}" for n in range(1, 6)]
    assert len(set(seen)) == 5
    assert answer["next"] is None
    found = cast.operator.get("/orders?code=700000003").json()["items"]
    card = cast.operator.get(f"/orders/{found[0]['id']}").json()
    assert card["total"] == {"minor": 1_299_000, "currency": "KZT"}
    assert [line["offer_code"] for line in card["lines"]] == ["SKU-1"]
    assert cast.operator.get("/orders?cursor=x").status_code == 422


def upload(cast: Cast, body: bytes, name: str = "orders.csv") -> Any:
    file = SimpleUploadedFile(name, body)
    return cast.operator.upload("/orders/import", {"store": str(cast.shop.store.pk), "file": file})


def test_an_export_is_accepted_and_reported_row_by_row(cast: Cast) -> None:
    body = export_csv(
        export_rows({"№ заказа": "700000001"}, {"№ заказа": "700000002"}, {"№ заказа": ""})
    )
    first, again = upload(cast, body).json(), upload(cast, body).json()
    counts = ("state", "read", "created", "updated", "unchanged", "rejected")
    assert [first[name] for name in counts] == ["DONE", 3, 2, 0, 0, 1]
    assert [again[name] for name in counts] == ["DONE", 3, 0, 0, 2, 1]
    assert [row["code"] for row in first["rejections"]] == [
        row["code"] for row in again["rejections"]
    ]
    assert len(first["rejections"]) == 1
    open_walls(cast.shop.id)
    assert Order.objects.count() == 2
    assert ImportRun.objects.get(pk=first["id"]).by_name == "Aigerim"


def test_an_export_of_another_shop_is_refused_and_of_another_store_placed(cast: Cast) -> None:
    open_walls(cast.shop.id)
    Store.objects.filter(pk=cast.shop.store.pk).update(external_id="30000001")
    second = Store.objects.create(
        id=new_id(), merchant_id=cast.shop.id, name="Второй", external_id="30000000", created_at=NOW
    )
    placed = upload(cast, export_csv(export_rows({"№ заказа": "700000001"}))).json()
    assert placed["elsewhere"] == [{"store": str(second.pk), "rows": 1}]
    assert (placed["notes"], placed["shop_number_learnt"]) == ([], "")
    foreign = upload(cast, export_csv(export_rows({"Склад передачи КД": "30000009_PP1"}))).json()
    assert (foreign["state"], foreign["read"]) == ("FAILED", 0)
    assert "30000009" in foreign["problem"]
    assert "30000001" in foreign["problem"]
    open_walls(cast.shop.id)
    assert [order.store_id for order in Order.objects.all()] == [second.pk]


def test_what_is_no_export_is_refused_and_leaves_nothing(cast: Cast) -> None:
    for body in (b"a;b\n1;2\n", b"", b"\x89PNG\r\n\x1a\n"):
        answer = upload(cast, body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/file"
    foreign = cast.operator.upload(
        "/orders/import",
        {
            "store": str(cast.other.store.pk),
            "file": SimpleUploadedFile("o.csv", export_csv(export_rows())),
        },
    )
    assert foreign.status_code == 404
    open_walls(cast.shop.id, cast.other.id)
    assert Order.objects.count() == ImportRun.objects.count() == 0


# --- the cabinet ----------------------------------------------------------------------------------------------------


def test_a_reading_is_stored_byte_for_byte_before_it_is_answered(cast: Cast) -> None:
    body = b'{"items": [ ], "odd":\t"\\u0000"}'
    path = f"/intake/cabinet/{cast.shop.store.pk}"
    first = cast.companion.post(path, raw=body)
    again = cast.companion.post(path, raw=body)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    assert (first.json()["new"], again.json()["new"]) == (True, False)
    open_walls(cast.shop.id)
    stored = RawIntake.objects.get()
    assert bytes(stored.body) == body
    assert (stored.source, stored.state, stored.received_from) == (
        "kaspi_cabinet",
        "STORED",
        "api 127.0.0.1",
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), min(args->>'intake_id') FROM procrastinate_jobs")
        assert cursor.fetchone() == (2, str(stored.pk))
    reported = cast.companion.get(f"/intake/{stored.pk}").json()
    assert (reported["state"], reported["read_at"]) == ("STORED", None)


@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", ""])
def test_a_reading_may_come_under_any_type_or_as_a_file(cast: Cast, content_type: str) -> None:
    path = f"/intake/cabinet/{cast.shop.store.pk}"
    assert cast.companion.post(path, raw=b"[1]", content_type=content_type).status_code == 202
    form = cast.companion.upload(path, {"file": SimpleUploadedFile("a.har", b'{"log": 1}')})
    assert form.status_code == 202
    open_walls(cast.shop.id)
    assert {bytes(row.body) for row in RawIntake.objects.all()} == {b"[1]", b'{"log": 1}'}


def test_an_empty_or_too_large_reading_is_refused(cast: Cast) -> None:
    path = f"/intake/cabinet/{cast.shop.store.pk}"
    assert cast.companion.post(path, raw=b"").json()["code"] == "BODY_EMPTY"
    assert cast.companion.upload(path, {"note": "no file"}).json()["code"] == "FILES_NUMBER"
    large = b"x" * (8 * 1024 * 1024 + 1)
    assert cast.companion.post(path, raw=large).status_code == 413
    open_walls(cast.shop.id)
    assert RawIntake.objects.count() == 0


# --- webhooks -------------------------------------------------------------------------------------------------------

URL = "https://hooks.example.kz/qaitar"


def test_an_endpoint_is_made_changed_tested_and_removed(cast: Cast) -> None:
    made = cast.owner.post("/webhooks", {"url": URL, "types": ["return.created"]}).json()
    assert made["secret"].startswith("whsec_")
    one = f"/webhooks/{made['id']}"
    assert "secret" not in cast.owner.get(one).json()
    assert "secret" not in cast.owner.get("/webhooks").json()["items"][0]
    changed = cast.owner.ask("PATCH", one, {"description": "ours", "enabled": False}).json()
    assert (changed["description"], changed["enabled"], changed["types"]) == (
        "ours",
        False,
        ["return.created"],
    )
    fresh = cast.owner.post(f"{one}/rotate").json()["secret"]
    assert fresh != made["secret"]
    ping = cast.owner.post(f"{one}/test").json()
    reported = cast.owner.get(f"{one}/deliveries").json()["items"]
    assert [(each["id"], each["type"], each["state"]) for each in reported] == [
        (ping["id"], "ping", "WAITING")
    ]
    assert cast.owner.get(f"{one}/deliveries?state=GAVE_UP").json()["items"] == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs")
        assert cursor.fetchall() == [("qaitar.flows.tasks.webhooks_run",)]
    assert cast.owner.ask("DELETE", one).status_code == 204
    assert cast.owner.get(one).status_code == 404
    open_walls(cast.shop.id)
    assert WebhookEndpoint.objects.count() == WebhookDelivery.objects.count() == 0


def test_deliveries_are_walked_newest_first(cast: Cast) -> None:
    one = f"/webhooks/{cast.owner.post('/webhooks', {'url': URL}).json()['id']}"
    made = [cast.owner.post(f"{one}/test").json()["id"] for _ in range(3)]
    first = cast.owner.get(f"{one}/deliveries?limit=2").json()
    rest = cast.owner.get(f"{one}/deliveries?limit=2&cursor={first['next']}").json()
    assert [each["id"] for each in (*first["items"], *rest["items"])] == made[::-1]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "http://hooks.example.kz/"}, "URL_REFUSED"),
        ({"url": "https://127.0.0.1/"}, "URL_REFUSED"),
        ({"url": "https://169.254.169.254/"}, "URL_REFUSED"),
        ({"url": URL, "types": ["return.eaten"]}, "TYPE_UNKNOWN"),
        ({"url": ""}, "NOT_VALID"),
    ],
)
def test_a_bad_endpoint_is_refused_and_not_made(cast: Cast, body: Any, code: str) -> None:
    answer = cast.owner.post("/webhooks", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    open_walls(cast.shop.id)
    assert WebhookEndpoint.objects.count() == 0


def test_an_endpoint_cannot_be_moved_to_a_closed_address(cast: Cast) -> None:
    made = cast.owner.post("/webhooks", {"url": URL}).json()
    answer = cast.owner.ask("PATCH", f"/webhooks/{made['id']}", {"url": "https://10.0.0.1/"})
    assert (answer.status_code, answer.json()["code"]) == (422, "URL_REFUSED")
    assert cast.owner.get(f"/webhooks/{made['id']}").json()["url"] == URL


def test_only_owners_and_administrators_manage_endpoints(cast: Cast) -> None:
    made = cast.owner.post("/webhooks", {"url": URL}).json()
    for role in set(Role) - {Role.OWNER, Role.ADMIN, Role.SYSTEM}:
        person = make_person(f"p{role.value}", (cast.shop.id, role))
        program = Program(make_token(person, "admin"))
        assert program.get("/webhooks").status_code == 403
        for method, path, body in (
            ("POST", "/webhooks", {"url": URL}),
            ("PATCH", f"/webhooks/{made['id']}", {"enabled": False}),
            ("DELETE", f"/webhooks/{made['id']}", None),
            ("POST", f"/webhooks/{made['id']}/rotate", None),
            ("POST", f"/webhooks/{made['id']}/test", None),
        ):
            answer = program.ask(method, path, body)
            assert (answer.status_code, answer.json()["code"]) == (403, "ROLE_NOT_ALLOWED")
    open_walls(cast.shop.id)
    assert list(WebhookEndpoint.objects.values_list("enabled", flat=True)) == [True]
    assert WebhookDelivery.objects.count() == 0


def test_somebody_with_two_merchants_says_which(cast: Cast) -> None:
    person = make_person("both", (cast.shop.id, Role.OWNER), (cast.other.id, Role.OWNER))
    program = Program(make_token(person, "admin"))
    assert program.post("/webhooks", {"url": URL}).json()["code"] == "MERCHANT_NEEDED"
    made = program.post("/webhooks", {"url": URL, "merchant": str(cast.other.id)})
    assert made.json()["merchant"] == str(cast.other.id)
    foreign = cast.owner.post("/webhooks", {"url": URL, "merchant": str(cast.other.id)})
    assert foreign.status_code == 404


def test_without_an_encryption_key_no_secret_is_made(cast: Cast, settings: Any) -> None:
    settings.QAITAR_ENCRYPTION_KEY = ""
    answer = cast.owner.post("/webhooks", {"url": URL})
    assert (answer.status_code, answer.json()["code"]) == (503, "NO_ENCRYPTION_KEY")
    open_walls(cast.shop.id)
    assert WebhookEndpoint.objects.count() == 0
