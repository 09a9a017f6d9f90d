"""Markers planted in every place that keeps a secret: none is in a table, a line of the log, a page or an export."""

from __future__ import annotations

import io
import json
import zipfile
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.db import connection
from django.test import Client
from django.urls import reverse

from qaitar.analytics.export_definitions import ListKind
from qaitar.config.connectors import CONNECTORS
from qaitar.foundation.connections.systems import Entered, SettingKind, connection_save
from qaitar.foundation.identity.companions import code_create
from qaitar.foundation.ops.clock import frozen_at
from qaitar.foundation.webhooks.endpoints import EndpointRequest, endpoint_create
from qaitar.kernel.roles import Role
from qaitar.returns.services.notes import request_comment
from tests.factories.accounts import NOW, actor, make_token
from tests.factories.returns import make_case
from tests.logged import logged
from tests.web.console.office import Office, fields_of, make_office, secret_of
from tests.web.url_matrix import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.django_db
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NAME, WORDS, COMMENT = "Planted Person", "planted words of a customer", "planted note: she called"
API = "/api/v1"


@pytest.fixture
def office(settings: Any, tmp_path: Path) -> Iterator[Office]:
    settings.STATIC_ROOT, settings.WHITENOISE_USE_FINDERS = tmp_path, False
    with frozen_at(NOW):
        yield make_office(settings)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the program logs, as it writes it."""
    with logged() as written:
        yield written


def forms_of(secret: str) -> list[str]:
    """Write a secret in the ways it could lie somewhere: as it is, in hex, in base64."""
    raw = secret.encode()
    return [secret, raw.hex(), b64encode(raw).decode().rstrip("=")]


def found_in(text: str, secrets: dict[str, str]) -> set[str]:
    return {
        name for name, secret in secrets.items() if any(each in text for each in forms_of(secret))
    }


def planted_by_services(office: Office, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Put a secret into each sealed place by the service that fills it."""
    owner, found = office.staff[Role.OWNER], {}
    for system, connector in CONNECTORS.items():
        given = {each.name: f"planted-{system}-{each.name}" for each in connector.secrets}
        found |= {f"{system} {name}": secret for name, secret in given.items()}
        sent = {
            name: json.dumps({"client_email": "a@b.kz", "private_key": secret})
            if name == "service_account_json"
            else secret
            for name, secret in given.items()
        }
        store = office.shop.store.pk if system.startswith("kaspi") else None
        needed = {
            each.name: "https://example.kz/ut" if each.kind is SettingKind.URL else "700"
            for each in connector.settings
            if each.required and not each.default
        }
        connection_save(
            merchant_id=office.shop.id,
            entered=Entered(system, store_id=store, settings=needed, secrets=sent),
            now=NOW,
        )
    _row, found["webhook"] = endpoint_create(
        merchant_id=office.shop.id, wanted=EndpointRequest("https://example.com/hook"), now=NOW
    )
    found["recovery seed"] = "planted0recovery0seed"
    monkeypatch.setattr(RecoveryCodes, "generate_seed", lambda *_: found["recovery seed"])
    TOTP.activate(owner, SEED)
    found["authenticator seed"] = SEED
    found |= {
        f"recovery code {at}": code
        for at, code in enumerate(RecoveryCodes.activate(owner).get_unused_codes())
    }
    found["token"] = make_token(owner, "read", "admin")
    found["pairing code"] = code_create(user=owner, now=NOW)
    return found


def planted_by_pages(office: Office, browser: Client) -> dict[str, str]:
    """Take what pages show once: a new person's password, an invitation's code, a token, a webhook's secret."""
    found = {}
    for name, form in {
        "person_new": {"username": "nurlan", "name": "N", "language": "en", "role": "OPERATOR"},
        "person_invite": {"login": "somebody", "invited_role": "VIEWER"},
        "tokens": {"name": "1C"},
        "webhooks": {"url": "https://example.com/2", "description": "x"},
    }.items():
        page = browser.get(reverse(f"console:{name}"))
        usual = fields_of(page) if page.status_code == 200 else {}
        answer = browser.post(reverse(f"console:{name}"), usual | form)
        displayed = browser.get(answer["Location"]) if answer.status_code == 303 else answer
        assert secret_of(displayed), (name, answer.status_code)
        found[name] = secret_of(displayed)
    return found


def planted_by_calls(token: str) -> dict[str, str]:
    """Make a webhook over the API with a key: the answer with its secret is stored for the same call again."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "planted-key-1"}
    body = {"url": "https://example.com/3"}
    answer = Client().post(f"{API}/webhooks", json.dumps(body), "application/json", headers=headers)
    assert answer.status_code == 201, answer.content
    again = Client().post(f"{API}/webhooks", json.dumps(body), "application/json", headers=headers)
    assert again["Idempotency-Replayed"] == "true"
    return {"webhook by API": answer.json()["secret"]}


def rows_as_text(tables: set[str] | None = None) -> str:
    """Write every row of these tables (of all) as text, as a dump does."""
    parts = []
    with connection.cursor() as cursor:
        for table in tables or connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            parts += [row for (row,) in cursor.fetchall()]
    return "\n".join(parts)


def text_of(answer: Any) -> str:
    """Read an answer whole, a workbook unpacked."""
    raw = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if raw[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(raw)) as book:
            raw = b"\n".join(book.read(name) for name in book.namelist())
    return raw.decode("utf-8", "replace")


def everything_displayed(office: Office, browser: Client, token: str, case: Any) -> dict[str, str]:
    """Open every page and call that can be asked for, and every list as both kinds of file."""
    requested = [a.path() for a in addresses() if not a.parameters and "accounts/" not in a.route]
    requested += [
        reverse("console:case", args=[case.pk]),
        reverse("console:journal", args=[case.pk]),
    ]
    for kind in ListKind:
        page = reverse("console:list_export", args=[kind.value])
        requested += [f"{page}?form={form}&id={case.pk}" for form in ("CSV", "XLSX")]
    seen = {path: text_of(browser.get(path)) for path in requested if not path.startswith(API)}
    headers = {"Authorization": f"Bearer {token}"}
    for path in [*(p for p in requested if p.startswith(API)), f"{API}/returns/{case.pk}"]:
        seen[f"call {path}"] = text_of(Client().get(path, headers=headers))
    return seen


def try_in_vain(secrets: dict[str, str]) -> None:
    """Hand the secrets to addresses that refuse them: what is refused is logged."""
    for secret in secrets.values():
        stranger = Client()
        stranger.get(f"/nowhere/{secret.replace('/', '')}?token={secret}")
        stranger.get(f"{API}/me", headers={"Authorization": f"Bearer {secret}x"})
        stranger.post("/accounts/login/", {"login": "saule", "password": secret})


def test_no_planted_secret_is_in_a_table_the_log_a_page_or_an_export(
    office: Office, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = office.owner
    by = actor(office.staff[Role.OWNER], office.shop.id)
    case = make_case(office.shop, by, customer_name=NAME, customer_words=WORDS)
    request_comment(request_id=case.pk, text=COMMENT, by=by, now=NOW)
    secrets = planted_by_services(office, monkeypatch)
    secrets |= planted_by_pages(office, browser)
    secrets |= planted_by_calls(secrets["token"])
    assert len(secrets) > 20
    office.look()
    assert found_in(rows_as_text(), secrets) == set()
    journal = rows_as_text({"foundation_journalentry", "foundation_securityevent"})
    assert found_in(journal, {"name": NAME, "words": WORDS, "comment": COMMENT}) == set()
    displayed = everything_displayed(office, browser, secrets["token"], case)
    reported = {
        path: found for path, text in displayed.items() if (found := found_in(text, secrets))
    }
    assert reported == {}
    assert any(COMMENT in text for text in displayed.values()), "who may read it, reads it"
    try_in_vain(secrets)
    written = log.getvalue()
    assert written.count("answered") > len(displayed)
    people = {"name": NAME, "words": WORDS, "comment": COMMENT}
    assert found_in(written, secrets | people) == set()
