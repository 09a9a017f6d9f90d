"""Who may open which office page: by role, by shop, by method; every address of ours stands in the table."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from qaitar.analytics.models import ListExport
from qaitar.foundation.approvals.models import ApprovalDeputy
from qaitar.foundation.identity.companions import code_create, companion_of, companion_pair
from qaitar.foundation.identity.invitation_model import Invitation
from qaitar.foundation.models import (
    ApiToken,
    CabinetWatch,
    Companion,
    Connection,
    JournalEntry,
    Merchant,
    StoredFile,
    User,
    WebhookEndpoint,
)
from qaitar.foundation.ops.clock import utc_now
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import OWNERS, Role
from qaitar.orders.models import ImportRun, Store
from qaitar.returns.models import DayOff, MerchantRule
from qaitar.training.models import Practice
from qaitar.web.console.frame.auth import APPROVERS, DECIDERS, EVERYBODY, MANAGERS
from qaitar.web.console.settings import urls as urls_office
from tests.factories.accounts import NOW, make_person
from tests.web.console.desk import signed_in
from tests.web.console.office import GIVEN, Office, make_office

if TYPE_CHECKING:
    from qaitar.foundation.models import User as Person

pytestmark = pytest.mark.django_db

# name → (who may, method, which of the shop's things its parameter names)
DOORS: dict[str, tuple[frozenset[Role], str, tuple[str, ...]]] = {
    "register": (EVERYBODY, "get", ()),
    "list_export": (EVERYBODY, "get", ("journal",)),
    "list_export_ask": (EVERYBODY, "post", ("journal",)),
    "list_export_page": (EVERYBODY, "get", ("export",)),
    "list_export_file": (EVERYBODY, "get", ("export",)),
    "reports": (EVERYBODY, "get", ()),
    "report_list": (EVERYBODY, "get", ()),
    "report_rules": (MANAGERS, "get", ()),
    "imports": (DECIDERS, "get", ()),
    "import": (DECIDERS, "get", ("run",)),
    "import_rejected": (DECIDERS, "get", ("run",)),
    "merchant": (MANAGERS, "get", ()),
    "stores": (MANAGERS, "get", ()),
    "store_new": (MANAGERS, "get", ()),
    "store": (MANAGERS, "get", ("store",)),
    "connections": (MANAGERS, "get", ()),
    "connection_new": (MANAGERS, "get", ("merchant", "system")),
    "connection": (MANAGERS, "get", ("connection",)),
    "connection_check": (MANAGERS, "post", ("connection",)),
    "connection_state": (MANAGERS, "get", ("connection",)),
    "connection_remove": (MANAGERS, "post", ("connection",)),
    "companion": (DECIDERS, "get", ()),
    "companion_code": (DECIDERS, "post", ()),
    "companion_revoke": (DECIDERS, "post", ("companion",)),
    "companion_watch": (DECIDERS, "post", ("watch",)),
    "people": (MANAGERS, "get", ()),
    "person_new": (MANAGERS, "post", ()),
    "person": (MANAGERS, "get", ("person",)),
    "person_switch": (MANAGERS, "post", ("person",)),
    "person_email": (MANAGERS, "post", ("person",)),
    "person_password": (MANAGERS, "post", ("person",)),
    "person_invite": (MANAGERS, "post", ()),
    "invitation_withdraw": (MANAGERS, "post", ("invitation",)),
    "deputies": (APPROVERS, "get", ()),
    "deputy_end": (APPROVERS, "post", ("deputy",)),
    "invitations": (EVERYBODY, "get", ()),
    "rules": (MANAGERS, "get", ()),
    "rules_try": (MANAGERS, "post", ()),
    "rule_end": (MANAGERS, "post", ("rule",)),
    "mapping": (MANAGERS, "get", ()),
    "mapping_save": (MANAGERS, "post", ()),
    "calendar": (MANAGERS, "get", ()),
    "calendar_remove": (MANAGERS, "post", ("day",)),
    "tokens": (MANAGERS, "get", ()),
    "token_revoke": (MANAGERS, "post", ("token",)),
    "webhooks": (MANAGERS, "get", ()),
    "webhook": (MANAGERS, "get", ("endpoint",)),
    "webhook_test": (MANAGERS, "post", ("endpoint",)),
    "webhook_rotate": (MANAGERS, "post", ("endpoint",)),
    "webhook_switch": (MANAGERS, "post", ("endpoint",)),
    "webhook_remove": (MANAGERS, "post", ("endpoint",)),
    "profile": (EVERYBODY, "get", ()),
    "access": (OWNERS, "get", ()),
    "access_rules": (OWNERS, "post", ()),
    "access_end": (OWNERS, "post", ("kind", "token")),
    "second_factor_needed": (EVERYBODY, "get", ()),
    "security": (OWNERS, "get", ()),
    "security_export": (OWNERS, "get", ()),
    "demo_look": (MANAGERS, "post", ("person",)),
    "first_run": (MANAGERS, "get", ()),
    "practice": (DECIDERS, "get", ()),
    "practice_result": (DECIDERS, "get", ("practice",)),
}
OF_ONE = sorted(name for name, (_who, _way, things) in DOORS.items() if things)


@pytest.fixture
def office(settings: Any) -> Office:
    return make_office(settings)


def things_of(merchant: Merchant, store: Store, person: Person) -> dict[str, Any]:
    """Make one of everything a merchant has."""
    base = {"id": new_id, "merchant_id": merchant.pk}

    def one(**values: Any) -> dict[str, Any]:
        return {**base, "id": new_id(), **values}

    file = StoredFile.objects.create(
        **one(
            sha256="ab" * 32, size=1, name="a.csv", kind="csv", mime="text/csv", extension=".csv"
        ),
        created_at=NOW,
        created_by_name="",
        origin="test",
    )
    return {
        "journal": "journal",
        "kind": "token",
        "export": ListExport.objects.create(
            **one(user_id=person.pk, merchants=[str(merchant.pk)], wanted={}, form="CSV"),
            kind="register",
            language="ru",
            started_at=utc_now(),
            state="DONE",
            file_id=file.pk,
        ).pk,
        "run": ImportRun.objects.create(
            **one(store_id=store.pk, kind="ORDERS", source="FILE", started_at=NOW, by_name="x")
        ).pk,
        "store": store.pk,
        "merchant": merchant.pk,
        "system": "usedesk",
        "connection": Connection.objects.create(
            **one(system="usedesk", name="Usedesk", created_at=NOW, enabled=False)
        ).pk,
        "person": person.pk,
        "rule": MerchantRule.objects.create(
            **one(key="PROPER_WINDOW_DAYS", value=20, valid_from=NOW.date(), by_name="x"),
            created_at=NOW,
        ).pk,
        "day": DayOff.objects.create(**one(day=NOW.date(), off=True, source="x")).pk,
        "token": ApiToken.objects.create(
            id=new_id(),
            user=person,
            name="t",
            digest=new_id().bytes * 2,
            hint="x",
            created_at=NOW,
            expires_at=utc_now() + timedelta(days=9),
        ).pk,
        "companion": paired(person).pk,
        "watch": CabinetWatch.objects.get_or_create(
            store_id=store.pk,
            defaults={**one(companion_id=new_id()), "seen_at": NOW, "session_at": NOW},
        )[0].pk,
        "practice": Practice.objects.create(
            **one(user_id=person.pk, user_name="x", shop_id=new_id(), seed=7, requested_at=NOW)
        ).pk,
        "deputy": ApprovalDeputy.objects.create(
            **one(approver_id=person.pk, approver_name="x", deputy_id=0, deputy_name="y"),
            starts_on=NOW.date(),
            ends_on=NOW.date(),
            created_at=NOW,
        ).pk,
        "invitation": Invitation.objects.create(
            merchant_id=merchant.pk,
            merchant_name=merchant.name,
            login="dana",
            role="VIEWER",
            code_digest=new_id().bytes * 2,
            created_at=NOW,
            expires_at=utc_now() + timedelta(days=7),
        ).pk,
        "endpoint": WebhookEndpoint.objects.create(
            **one(url="https://example.kz/h", secrets=b"", created_at=NOW)
        ).pk,
    }


def paired(person: Person) -> Companion:
    """A browser of this person."""
    token = companion_pair(code=code_create(user=person, now=NOW), browser="Chrome", now=NOW)
    row = companion_of(token)
    assert row is not None
    return row


def address(name: str, things: dict[str, Any]) -> str:
    return reverse(f"console:{name}", args=[things[each] for each in DOORS[name][2]])


def knock(client: Client, name: str, things: dict[str, Any]) -> Any:
    return getattr(client, DOORS[name][1])(address(name, things))


def test_every_office_address_stands_in_the_table() -> None:
    """A new page without an entry here is a page nobody has asked about."""
    assert {pattern.name for pattern in urls_office.urlpatterns} == set(DOORS)


@pytest.mark.parametrize("name", sorted(DOORS))
def test_a_page_asks_for_the_role(office: Office, name: str) -> None:
    """Each role at each page: in, or told that the role may not; the one who may not changes nothing."""
    allowed = DOORS[name][0]
    for role in GIVEN:
        office.look()
        if role in allowed:
            continue
        things = things_of(office.shop.merchant, office.shop.store, office.staff[role])
        before = JournalEntry.objects.count()
        answer = knock(office.browser(role), name, things)
        assert answer.status_code == 403, role
        office.look()
        assert JournalEntry.objects.count() == before
        Connection.objects.all().delete()
        DayOff.objects.all().delete()


@pytest.mark.parametrize(
    "name", sorted(n for n, (_w, way, things) in DOORS.items() if way == "get" and not things)
)
def test_a_page_opens_for_those_who_may(office: Office, name: str) -> None:
    for role in sorted(DOORS[name][0]):
        answer = office.browser(role).get(address(name, {}))
        assert answer.status_code == 200, (role, answer)


@pytest.mark.parametrize("name", OF_ONE)
def test_a_strangers_thing_is_not_there(office: Office, name: str) -> None:
    """Timur, an owner elsewhere, meets the same 404 for ours and for what never was."""
    theirs = things_of(office.shop.merchant, office.shop.store, office.staff[Role.OPERATOR])
    if name.startswith("person"):
        theirs["person"] = office.staff[Role.OPERATOR].pk
    never = {key: new_id() if isinstance(value, UUID) else value for key, value in theirs.items()}
    never["person"] = 999_999_999
    before = JournalEntry.objects.count()
    foreign, missing = knock(office.stranger, name, theirs), knock(office.stranger, name, never)
    assert (foreign.status_code, missing.status_code) == (404, 404)
    office.look()
    assert JournalEntry.objects.count() == before
    assert User.objects.get(pk=theirs["person"]).is_active
    assert ApiToken.objects.get(pk=theirs["token"]).revoked_at is None


@pytest.mark.parametrize("name", sorted(DOORS))
def test_nobody_enters_without_signing_in(office: Office, name: str) -> None:
    things = things_of(office.shop.merchant, office.shop.store, office.staff[Role.OWNER])
    answer = knock(Client(), name, things)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("name", sorted(n for n, (_w, way, _t) in DOORS.items() if way == "post"))
def test_a_deed_is_never_a_link(office: Office, name: str) -> None:
    """What changes something is not done by following an address."""
    things = things_of(office.shop.merchant, office.shop.store, office.staff[Role.OWNER])
    assert office.owner.get(address(name, things)).status_code == 405


@pytest.mark.parametrize("name", sorted(n for n, (_w, way, _t) in DOORS.items() if way == "post"))
def test_a_deed_without_its_token_is_refused(office: Office, name: str) -> None:
    things = things_of(office.shop.merchant, office.shop.store, office.staff[Role.OWNER])
    owner = signed_in(office.staff[Role.OWNER], csrf=True)
    assert owner.post(address(name, things)).status_code == 403


def test_a_lower_role_elsewhere_opens_no_settings_there(office: Office) -> None:
    """Dana owns one shop and is an operator at the other: she sets the first, and only sees requests of the second."""
    dana = make_person("dana", (office.shop.id, Role.OWNER), (office.other.id, Role.OPERATOR))
    browser = signed_in(dana)
    mine, theirs = office.shop.store, office.other.store
    assert browser.get(reverse("console:store", args=[mine.pk])).status_code == 200
    assert browser.get(reverse("console:store", args=[theirs.pk])).status_code == 404
    assert theirs.name not in browser.get(reverse("console:stores")).content.decode()
    for name in ("rules", "mapping", "calendar", "store_new"):
        path = reverse(f"console:{name}")
        assert browser.get(f"{path}?merchant={office.shop.id}").status_code == 200
        assert browser.get(f"{path}?merchant={office.other.id}").status_code == 404
        assert browser.get(f"{path}?merchant=nonsense").status_code == 404


def test_no_link_of_an_office_page_leads_nowhere(office: Office) -> None:
    """Each address of this program that a page of the owner links to is one the program knows."""
    lost = set()
    for name, (_who, way, things) in DOORS.items():
        if way != "get" or things:
            continue
        answer = office.owner.get(address(name, {}))
        if answer.streaming:  # a file
            continue
        body = answer.content.decode()
        for link in re.findall(r'href="(/[^"#?]*)', body):
            if link.startswith("/static/"):  # served before the program's addresses
                continue
            try:
                resolve(link)
            except Resolver404:
                lost.add((name, link))
    assert lost == set()
