"""Strings that break programs, in every field and address of the office pages: answered, never stumbled over or run."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.urls import reverse

from qaitar.foundation.clock import frozen_at
from tests.factories.accounts import NOW
from tests.web.console.office import Office, fields_of, make_office
from tests.web.hostile_strings import hostile_strings, writable

pytestmark = pytest.mark.django_db
STRINGS = [text for text in hostile_strings()[::9] if writable(text)]
FINE = {200, 303, 422}
FORMS = {
    "store_new": ("name", "external_id", "cabinet_url", "support_mailbox", "exceptions", "day_mon"),
    "rules": ("note", "PROPER_WINDOW_DAYS", "APPROVAL_ABOVE_MINOR", "valid_from", "valid_to"),
    "calendar": ("day", "off", "source"),
    "tokens": ("name", "days"),
    "webhooks": ("url", "description"),
    "profile": ("first_name", "last_name", "email", "theme"),
    "person_new": ("username", "name", "email", "role"),
    "mapping_save": ("title", "group"),
    "first_run": ("merchant", "country", "store"),
    "imports": ("kind", "store", "then"),
}
ASKED = {
    "register": ("store", "stage", "since", "until", "after"),
    "register_export": ("form", "since"),
    "rules": ("merchant",),
    "calendar": ("year", "merchant"),
    "mapping": ("merchant",),
    "store_new": ("merchant",),
}


@pytest.fixture
def office(settings: Any) -> Office:
    return make_office(settings)


@pytest.fixture(autouse=True)
def moment() -> Any:
    with frozen_at(NOW):
        yield


def runs_nothing(body: str) -> bool:
    """Tell that no markup of a hostile string stands in a page as markup."""
    return all(
        each not in body
        for each in ("<script>alert", "<img src=x", "<svg/onload", "<a href='//evil")
    )


@pytest.mark.parametrize("name", sorted(FORMS))
def test_every_field_takes_or_refuses_any_text(office: Office, name: str) -> None:
    """One field at a time, and all of them at once."""
    browser, path = office.owner, reverse(f"console:{name}")
    page = browser.get(path)
    usual = fields_of(page) if page.status_code == 200 and "form" in page.context else {}
    for at, text in enumerate(STRINGS):
        fields = FORMS[name] if at % 3 == 0 else (FORMS[name][at % len(FORMS[name])],)
        answer = browser.post(path, {**usual, **dict.fromkeys(fields, text)})
        assert answer.status_code in FINE, (text, fields, answer.status_code)
        if answer.status_code != 303:
            assert runs_nothing(answer.content.decode()), text
    for shown in ("stores", "people", "tokens", "webhooks", "calendar", "rules", "profile"):
        answer = browser.get(reverse(f"console:{shown}"))
        assert answer.status_code == 200, shown
        assert runs_nothing(answer.content.decode()), shown


@pytest.mark.parametrize("system", ["kaspi_shop", "google_sheets", "onec", "usedesk"])
def test_every_setting_of_a_connection_takes_or_refuses_any_text(
    office: Office, system: str
) -> None:
    path = reverse("console:connection_new", args=[office.shop.id, system])
    if system == "kaspi_shop":
        path += f"?store={office.shop.store.pk}"
    browser = office.owner
    usual = fields_of(browser.get(path))
    names = [name for name in browser.get(path).context["form"].fields if name != "enabled"]
    for at, text in enumerate(STRINGS):
        fields = names if at % 3 == 0 else [names[at % len(names)]]
        answer = browser.post(path, {**usual, **dict.fromkeys(fields, text)})
        assert answer.status_code in FINE, (text, fields, answer.status_code)
    page = browser.get(reverse("console:connections"))
    assert page.status_code == 200
    assert runs_nothing(page.content.decode())


@pytest.mark.parametrize("name", sorted(ASKED))
def test_every_address_takes_any_question(office: Office, name: str) -> None:
    browser, path = office.owner, reverse(f"console:{name}")
    for at, text in enumerate(STRINGS):
        asked = ASKED[name][at % len(ASKED[name])]
        answer = browser.get(f"{path}?{asked}={quote(text)}")
        assert answer.status_code in {200, 404}, (text, asked, answer.status_code)
        if not answer.streaming:
            assert runs_nothing(answer.content.decode("utf-8", "replace")), text
        else:
            b"".join(answer.streaming_content)
