"""Connections and webhooks: secrets go in and never come out, checks tell what is wrong, no transaction waits outside."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import pytest
from django.db import connection, transaction
from django.urls import reverse

from qaitar.flows import tasks
from qaitar.foundation.connections.secrets import unseal_fields
from qaitar.foundation.connections.systems import CHECK_LOST_AFTER, CHECK_TASK, client_for, place_of
from qaitar.foundation.models import (
    Connection,
    JournalEntry,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from qaitar.foundation.ops.clock import frozen_at
from qaitar.foundation.webhooks.endpoints import signing_secrets
from qaitar.kernel.roles import Role
from qaitar.sandbox.kaspi.app import KaspiSite, KaspiStandIn
from qaitar.sandbox.serving import Serving
from tests.factories.accounts import NOW
from tests.web.console.desk import words_of
from tests.web.console.office import Office, fields_of, make_office, secret_of

SECRET = "kaspi-token-ЖЖЖ-that-nobody-sees-again"


@pytest.fixture
def office(db: None, settings: Any) -> Office:
    made = make_office(settings)
    User.objects.update(language="en")
    return made


@pytest.fixture(autouse=True)
def moment() -> Any:
    with frozen_at(NOW):
        yield


def kaspi(office: Office) -> str:
    path = reverse("console:connection_new", args=[office.shop.id, "kaspi_shop"])
    return f"{path}?store={office.shop.store.pk}"


# --- connections ------------------------------------------------------------------------------------


def test_a_connection_is_saved_sealed_and_its_secret_is_never_displayed(office: Office) -> None:
    """Saule pastes the token; no page of hers, good or bad, ever holds it again."""
    browser, path = office.owner, kaspi(office)
    form = {**fields_of(browser.get(path)), "secret_token": SECRET}
    answer = browser.post(path, form)
    office.look()
    row = Connection.objects.get()
    assert (answer.status_code, answer["Location"]) == (
        303,
        reverse("console:connection", args=[row.pk]),
    )
    assert (row.system, row.store_id, row.enabled, row.health) == (
        "kaspi_shop",
        office.shop.store.pk,
        True,
        "UNTESTED",
    )
    assert unseal_fields(row.secrets, place=place_of(row)) == {"token": SECRET}
    assert SECRET.encode() not in bytes(row.secrets)
    pages = [answer["Location"], reverse("console:connections"), reverse("console:stores"), path]
    for each in pages:
        assert SECRET not in browser.get(each).content.decode()
    stored = browser.get(answer["Location"])
    assert "A secret is kept encrypted" in words_of(stored)
    bad = browser.post(
        answer["Location"],
        {**fields_of(stored), "setting_base_url": "ftp://x", "secret_token": SECRET},
    )
    assert bad.status_code == 422
    assert SECRET not in bad.content.decode()
    office.look()
    entry = JournalEntry.objects.get(subject_kind="connection")
    assert entry.after["secrets_replaced"] == ["token"]
    assert SECRET not in str(entry.after)


def test_an_empty_secret_keeps_the_old_one_and_a_new_one_replaces_it(office: Office) -> None:
    browser = office.owner
    answer = browser.post(
        kaspi(office), {**fields_of(browser.get(kaspi(office))), "secret_token": SECRET}
    )
    page = answer["Location"]
    browser.post(page, {**fields_of(browser.get(page)), "name": "Kaspi, main"})
    office.look()
    row = Connection.objects.get()
    assert row.name == "Kaspi, main"
    assert unseal_fields(row.secrets, place=place_of(row)) == {"token": SECRET}
    browser.post(page, {**fields_of(browser.get(page)), "secret_token": "another-token-entirely"})
    office.look()
    row.refresh_from_db()
    assert unseal_fields(row.secrets, place=place_of(row)) == {"token": "another-token-entirely"}


@pytest.mark.parametrize(
    ("reported", "sentence"),
    [
        ({}, "Fill this in."),
        ({"secret_token": SECRET, "setting_base_url": "kaspi"}, "An address like"),
        ({"secret_token": SECRET, "setting_merchant_uid": "a\nb"}, "without line breaks"),
        (
            {"secret_token": SECRET, "setting_proxy": "http://u:p@10.0.0.5:3128"},
            "Select a valid choice",
        ),
        ({"secret_token": SECRET, "setting_base_url": "http://kaspi.kz"}, "Only https://"),
        (
            {"secret_token": SECRET, "setting_base_url": "https://10.1.2.3"},
            "not on the public internet",
        ),
        (
            {"secret_token": SECRET, "setting_base_url": "https://u:p@kaspi.kz"},
            "there are fields for them",
        ),
    ],
)
def test_a_wrong_connection_is_reported_at_its_field_and_not_stored(
    office: Office, reported: dict[str, str], sentence: str
) -> None:
    browser, path = office.owner, kaspi(office)
    answer = browser.post(path, {**fields_of(browser.get(path)), **reported})
    assert answer.status_code == 422
    assert sentence in words_of(answer)
    office.look()
    assert (Connection.objects.count(), JournalEntry.objects.count()) == (0, 0)


def test_a_system_stands_where_it_belongs(office: Office) -> None:
    """A shop's own system wants a store, a merchant's wants none, and nobody joins another's store."""
    browser = office.owner
    mine, theirs = office.shop, office.other

    def status(system: str, store: str = "", merchant: Any = mine.id) -> int:
        path = reverse("console:connection_new", args=[merchant, system])
        return int(browser.get(f"{path}?store={store}").status_code)

    assert status("kaspi_shop", str(mine.store.pk)) == 200
    assert status("usedesk") == 200
    assert status("kaspi_shop") == 404
    assert status("usedesk", str(mine.store.pk)) == 404
    assert status("nobody_knows") == 404
    assert status("kaspi_shop", str(theirs.store.pk)) == 404
    assert status("kaspi_shop", str(theirs.store.pk), theirs.id) == 404
    assert status("kaspi_shop", "nonsense") == 404


def test_a_removed_connection_takes_its_secrets_along(office: Office) -> None:
    browser = office.owner
    browser.post(kaspi(office), {**fields_of(browser.get(kaspi(office))), "secret_token": SECRET})
    office.look()
    row = Connection.objects.get()
    answer = browser.post(reverse("console:connection_remove", args=[row.pk]))
    assert answer.status_code == 303
    office.look()
    assert Connection.objects.count() == 0
    acts = JournalEntry.objects.filter(subject_id=row.pk).order_by("seq")
    assert [entry.act for entry in acts] == ["CONNECTION_SAVE", "CONNECTION_REMOVE"]


@pytest.fixture
def real(committed: Any, settings: Any) -> Office:
    """The same shops with real commits, because a check may not run inside a transaction."""
    with transaction.atomic():
        made = make_office(settings)
        User.objects.update(language="en")
    return made


def saved(real: Office, address: str, token: str) -> Any:
    browser = real.owner
    form = {
        **fields_of(browser.get(kaspi(real))),
        "setting_base_url": address,
        "secret_token": token,
        "then": "check",
    }
    return browser, browser.post(kaspi(real), form)


def checked(real: Office) -> Connection:
    """Let a worker make the check that was ordered."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM procrastinate_jobs WHERE queue_name = 'checks' RETURNING task_name, args"
        )
        ordered = cursor.fetchall()
    assert [name for name, _ in ordered] == [CHECK_TASK]
    with frozen_at(NOW):
        tasks.connection_check(**json.loads(ordered[0][1]))
    with transaction.atomic():
        real.look()
        return Connection.objects.get()


def test_a_check_with_a_right_token_says_it_works(real: Office) -> None:
    """Save and check: a job makes the call, and the page asks again until it has an answer."""
    stand_in = KaspiStandIn(lambda: NOW)
    with Serving(stand_in) as serving:
        browser, answer = saved(real, f"{serving.url}/shop/api/v2", KaspiSite().token)
        page = browser.get(answer["Location"])
        assert "is being checked" in words_of(page)
        assert 'hx-trigger="every 1s"' in page.content.decode()
        assert checked(real).health == "HEALTHY"
        page = browser.get(answer["Location"])
        assert "Works." in words_of(page)
        assert 'hx-trigger="every 1s"' not in page.content.decode()
        tile = browser.post(f"{answer['Location']}/check", headers={"HX-Request": "true"})
        assert "Being checked now." in tile.content.decode()
        checked(real)
        tile = browser.get(f"{answer['Location']}/state", headers={"HX-Request": "true"})
        assert 'class="conn" data-tone="ok"' in tile.content.decode()
        part = browser.get(
            f"{answer['Location']}/state",
            headers={"HX-Request": "true", "HX-Target": "check"},
        )
        assert 'id="check"' in part.content.decode()
        assert "<html" not in part.content.decode()
    assert not connection.in_atomic_block


def test_a_check_with_a_wrong_token_says_what_to_do(real: Office) -> None:
    stand_in = KaspiStandIn(lambda: NOW)
    with Serving(stand_in) as serving:
        browser, answer = saved(real, f"{serving.url}/shop/api/v2", "x" * 44)
        assert checked(real).health == "MISCONFIGURED"
        page = browser.get(answer["Location"])
    assert "What to do:" in words_of(page)
    assert 'data-tone="danger"' in page.content.decode()


def test_a_check_of_a_dead_address_says_so_without_an_error_page(real: Office) -> None:
    browser, answer = saved(real, "http://127.0.0.1:9/shop/api/v2", "x" * 44)
    row = checked(real)
    page = browser.get(answer["Location"])
    assert (answer.status_code, page.status_code) == (303, 200)
    assert row.health in {"BUSY", "UNKNOWN"}
    assert row.health_at == NOW
    client_for(row).close()


def test_no_press_of_check_waits_for_the_other_side(real: Office) -> None:
    """The call is a job's: a system that never answers holds no thread of the console, and is asked once."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/shop/api/v2"
    browser, answer = saved(real, address, "x" * 44)
    started = time.monotonic()
    for _ in range(10):
        assert browser.post(f"{answer['Location']}/check").status_code == 303
    assert time.monotonic() - started < 10
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'checks'")
        assert cursor.fetchone() == (1,)
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()
    listener.close()


def test_a_check_whose_worker_never_came_is_stated_to_be_lost(real: Office) -> None:
    browser, answer = saved(real, "http://127.0.0.1:9/shop/api/v2", "x" * 44)
    with transaction.atomic():
        real.look()
        Connection.objects.update(checking_since=NOW - CHECK_LOST_AFTER)
    text = words_of(browser.get(answer["Location"]))
    assert "has not come to an end" in text
    assert "qaitar doctor" in text


# --- webhooks ---------------------------------------------------------------------------------------


def add_hook(office: Office, **reported: Any) -> tuple[Any, Any]:
    browser = office.owner
    return browser, browser.post(
        reverse("console:webhooks"), {"url": "https://crm.example.kz/hooks", **reported}
    )


def test_an_address_is_added_and_its_secret_displayed_once(office: Office) -> None:
    browser, answer = add_hook(office, types=["return.created"])
    assert (answer.status_code, answer["Location"]) == (303, reverse("console:webhooks"))
    page = browser.get(answer["Location"])
    secret = secret_of(page)
    assert secret.startswith("whsec_")
    assert page["Cache-Control"] == "no-store"
    assert secret not in browser.get(answer["Location"]).content.decode()
    office.look()
    row = WebhookEndpoint.objects.get()
    assert (row.url, row.types, row.merchant_id) == (
        "https://crm.example.kz/hooks",
        ["return.created"],
        office.shop.id,
    )
    assert list(signing_secrets(row, NOW)) == [secret]
    assert secret not in browser.get(reverse("console:webhook", args=[row.pk])).content.decode()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://crm.example.kz/", "must begin with https://"),
        ("https://127.0.0.1/", "not on the public internet"),
        ("https://169.254.169.254/latest", "not on the public internet"),
        ("https://u:p@example.kz/", "do not belong into the address"),
        ("javascript:alert(1)", "must begin with https://"),
        ("https://localhost/", "not on the public internet"),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_an_address_that_may_not_be_called_is_refused(
    office: Office, url: str, sentence: str
) -> None:
    _browser, answer = add_hook(office, url=url)
    assert answer.status_code == 422
    assert sentence in words_of(answer)
    assert "url" in answer.context["form"].errors
    office.look()
    assert WebhookEndpoint.objects.count() == 0


def test_a_test_message_stands_among_the_deliveries(office: Office) -> None:
    browser, _answer = add_hook(office)
    office.look()
    row = WebhookEndpoint.objects.get()
    answer = browser.post(reverse("console:webhook_test", args=[row.pk]))
    page = browser.get(answer["Location"])
    assert "A test message is on its way" in words_of(page)
    assert "ping" in words_of(page)
    office.look()
    delivery = WebhookDelivery.objects.get()
    assert (delivery.type, delivery.state) == ("ping", "WAITING")
    assert "messages wait" in words_of(browser.get(reverse("console:webhooks")))


def test_a_replaced_secret_is_displayed_once_and_both_sign_for_a_day(office: Office) -> None:
    browser, answer = add_hook(office)
    first = secret_of(browser.get(answer["Location"]))
    office.look()
    row = WebhookEndpoint.objects.get()
    answer = browser.post(reverse("console:webhook_rotate", args=[row.pk]))
    second = secret_of(browser.get(answer["Location"]))
    assert second.startswith("whsec_")
    assert second != first
    assert secret_of(browser.get(answer["Location"])) == ""
    office.look()
    row.refresh_from_db()
    assert list(signing_secrets(row, NOW)) == [second, first]


def test_an_address_is_switched_off_and_removed(office: Office) -> None:
    browser, _answer = add_hook(office)
    office.look()
    row = WebhookEndpoint.objects.get()
    switch = reverse("console:webhook_switch", args=[row.pk])
    browser.post(switch, {"enabled": "0"})
    office.look()
    row.refresh_from_db()
    assert not row.enabled
    browser.post(switch, {"enabled": "1"})
    browser.post(reverse("console:webhook_remove", args=[row.pk]))
    office.look()
    assert WebhookEndpoint.objects.count() == 0
    acts = JournalEntry.objects.filter(subject_id=row.pk).order_by("seq")
    assert [entry.act for entry in acts] == [
        "WEBHOOK_ADD",
        "WEBHOOK_SWITCH",
        "WEBHOOK_SWITCH",
        "WEBHOOK_REMOVE",
    ]


def test_an_administrator_may_do_all_of_it_too(office: Office) -> None:
    admin = office.browser(Role.ADMIN)
    answer = admin.post(reverse("console:webhooks"), {"url": "https://crm.example.kz/hooks"})
    assert answer.status_code == 303
