"""The forms of the office pages and how a hostile string is tried in them: what `make test` and the proofs share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from tests.web.console.office import fields_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.test import Client

    from tests.web.console.office import Office

FINE = {200, 303, 422}
SECONDS_MAX = 5
FORMS = {
    "store_new": ("name", "external_id", "cabinet_url", "support_mailbox", "exceptions", "day_mon"),
    "merchant": ("name", "iin_bin", "support_mailbox", "language", "zone", "service_centres"),
    "rules": ("note", "PROPER_WINDOW_DAYS", "APPROVAL_ABOVE_MINOR", "valid_from", "valid_to"),
    "calendar": ("day", "off", "source"),
    "tokens": ("name", "days"),
    "webhooks": ("url", "description"),
    "profile": ("first_name", "last_name", "email", "theme"),
    "person_new": ("username", "name", "email", "role"),
    "mapping_save": ("title", "group"),
    "first_run": ("merchant", "country", "store", "hours", "saturday", "sunday"),
    "imports": ("kind", "store", "then"),
    "report_rules": ("answer_hours", "gate_percent", "good_percent", "window_days", "merchant"),
}
SYSTEMS = ("kaspi_shop", "google_sheets", "onec", "usedesk")
SHOWING = ("stores", "people", "tokens", "webhooks", "calendar", "rules", "profile", "connections")


def runs_nothing(body: str) -> bool:
    """Tell that no markup of a hostile string stands in a page as markup."""
    return all(
        each not in body
        for each in ("<script>alert", "<img src=x", "<svg/onload", "<a href='//evil")
    )


def form_try(
    browser: Client, name: str, texts: Sequence[str], fields: Sequence[str] | None = None
) -> None:
    """Send each text in these fields (all, where none are named) of a form, the rest as a browser would send it."""
    path = reverse(f"console:{name}")
    page = browser.get(path)
    usual = fields_of(page) if page.status_code == 200 and "form" in page.context else {}
    _send(browser, path, usual, fields or FORMS[name], texts)


def connection_form(office: Office, system: str) -> tuple[str, dict[str, Any], list[str]]:
    """Give the address of a system's form, what a browser would send unchanged, and the names of its texts."""
    path = reverse("console:connection_new", args=[office.shop.id, system])
    if system == "kaspi_shop":
        path += f"?store={office.shop.store.pk}"
    page = office.owner.get(path)
    return path, fields_of(page), [n for n in page.context["form"].fields if n != "enabled"]


def connection_try(
    office: Office, system: str, texts: Sequence[str], fields: Sequence[str] | None = None
) -> None:
    """Send each text in these fields (all, where none are named) of a system's form."""
    path, usual, names = connection_form(office, system)
    _send(office.owner, path, usual, fields or names, texts)


def _send(
    browser: Client, path: str, usual: dict[str, Any], fields: Sequence[str], texts: Sequence[str]
) -> None:
    for text in texts:
        began = time.monotonic()
        answer = browser.post(path, {**usual, **dict.fromkeys(fields, text)})
        assert answer.status_code in FINE, (text[:200], fields, answer.status_code)
        assert time.monotonic() - began < SECONDS_MAX, (text[:200], fields)
        if answer.status_code != 303:
            assert runs_nothing(answer.content.decode()), text[:200]


def pages_run_nothing(browser: Client) -> None:
    """Look at every page that shows what was sent."""
    for displayed in SHOWING:
        answer = browser.get(reverse(f"console:{displayed}"))
        assert answer.status_code == 200, displayed
        assert runs_nothing(answer.content.decode()), displayed
