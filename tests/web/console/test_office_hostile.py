"""Strings that break programs, in every field and address of the office pages: answered, never stumbled over or run."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from qaitar.foundation.identity.people import owner_code
from qaitar.foundation.ops.clock import frozen_at
from tests.factories.accounts import NOW
from tests.web.console.hostile_forms import (
    FINE,
    FORMS,
    SYSTEMS,
    connection_try,
    form_try,
    pages_run_nothing,
    runs_nothing,
)
from tests.web.console.office import Office, make_office
from tests.web.hostile_strings import hostile_strings, share_of, writable

pytestmark = pytest.mark.django_db
HOW_MANY = pytest.mark.parametrize(
    "share", [pytest.param(True, id="share"), pytest.param(False, id="all", marks=pytest.mark.long)]
)
REQUESTED = {
    "register": ("store", "stage", "since", "until", "after"),
    "reports": ("period", "first", "last", "merchant", "store"),
    "report_list": ("product", "reason", "after", "store", "first"),
    "report_rules": ("merchant",),
    "rules": ("merchant",),
    "merchant": ("merchant",),
    "calendar": ("year", "merchant"),
    "mapping": ("merchant",),
    "store_new": ("merchant",),
}


def texts_for(field: str, share: bool) -> list[str]:
    """Give what can be written into a form or an address: the field's share, or all."""
    texts = share_of(field) if share else hostile_strings()
    return [text for text in texts if writable(text)]


@pytest.fixture
def office(settings: Any) -> Office:
    return make_office(settings)


@pytest.fixture(autouse=True)
def moment() -> Any:
    with frozen_at(NOW):
        yield


@HOW_MANY
@pytest.mark.parametrize("name", sorted(FORMS))
def test_every_field_takes_or_refuses_any_text(office: Office, name: str, share: bool) -> None:
    """All fields of a form at once; each by itself is a proof of its own (`make prove`)."""
    form_try(office.owner, name, texts_for(name, share))
    pages_run_nothing(office.owner)


@HOW_MANY
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_setting_of_a_connection_takes_or_refuses_any_text(
    office: Office, system: str, share: bool
) -> None:
    connection_try(office, system, texts_for(system, share))
    pages_run_nothing(office.owner)


@HOW_MANY
def test_every_field_of_the_first_owner_takes_or_refuses_any_text(
    settings: Any, share: bool
) -> None:
    """The one form of somebody who is not signed in: with the right code, so that the text reaches what lies behind it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    browser, path = Client(), reverse("console:first_owner")
    right = {"code": owner_code(), "language": "ru", "name": "Сауле", "username": "saule"}
    for at, text in enumerate(texts_for("first_owner", share)):
        field = ("code", "language", "name", "username", "password")[at % 5]
        with transaction.atomic():
            sent = {**right, "password": "long enough a word", field: text}
            answer = browser.post(path, sent)
            transaction.set_rollback(True)  # whoever was made is nobody again for the next text
        assert answer.status_code in FINE, (text, field, answer.status_code)
        if answer.status_code != 303:
            assert runs_nothing(answer.content.decode()), text


@HOW_MANY
@pytest.mark.parametrize("name", sorted(REQUESTED))
def test_every_address_takes_any_question(office: Office, name: str, share: bool) -> None:
    browser, path = office.owner, reverse(f"console:{name}")
    for at, text in enumerate(texts_for(name, share)):
        requested = REQUESTED[name][at % len(REQUESTED[name])]
        answer = browser.get(f"{path}?{requested}={quote(text)}")
        assert answer.status_code in {200, 404}, (text, requested, answer.status_code)
        if not answer.streaming:
            assert runs_nothing(answer.content.decode("utf-8", "replace")), text
        else:
            b"".join(answer.streaming_content)
