"""The security journal: every sign-in, export and reveal leaves its line; owners read it, nobody changes it."""

from __future__ import annotations

import inspect
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from qaitar.flows.housekeeping import security_forget
from qaitar.foundation.identity.companions import code_create
from qaitar.foundation.identity.security_journal import (
    NOWHERE,
    Origin,
    SecurityKind,
    SecurityNote,
    account_note,
    security_note,
)
from qaitar.foundation.identity.security_models import SecurityEvent
from qaitar.foundation.models import Membership, MerchantKey, User
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import Role
from qaitar.orders.models import ImportRejection
from tests.factories.accounts import NOW, actor, make_person, open_walls, seen_merchants
from tests.factories.returns import make_case
from tests.web.console.desk import counted, words_of
from tests.web.console.office import Office, make_office
from tests.web.console.test_office_doors import DOORS, address, things_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db

GIVE_FILES = {
    "qaitar.web.console.lists.views",
    "qaitar.web.console.imports.views",
    "qaitar.web.console.settings.security",
    # one file of one request each, no list
    "qaitar.web.console.case.files",
    "qaitar.web.console.case.media",
    "qaitar.web.api.evidence",
}
"""Modules whose views give a file away."""
NOW_REAL = datetime.now(UTC)


@pytest.fixture
def office(settings: Any) -> Office:
    made = make_office(settings)
    User.objects.update(language="en")
    return made


def events(office: Office) -> list[SecurityEvent]:
    office.look()
    return list(SecurityEvent.objects.order_by("id"))


def kinds(office: Office) -> list[str]:
    return [each.kind for each in events(office)]


def note(at: datetime = NOW_REAL, kind: SecurityKind = SecurityKind.EXPORT) -> SecurityNote:
    return SecurityNote(kind, at, Origin("203.0.113.7", "Firefox"), by=(7, "Saule"))


def routes(patterns: list[Any]) -> Iterator[URLPattern]:
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns)
        else:
            yield each


def test_every_module_that_gives_files_is_known() -> None:
    """Whoever adds a download decides here whether it is an export."""
    modules = {
        inspect.unwrap(each.callback).__module__ for each in routes(get_resolver().url_patterns)
    }
    ours = {name for name in modules | set(sys.modules) if name.startswith("qaitar.web.")}
    marks = "FileResponse(", "StreamingHttpResponse(", "download_headers("
    found = {
        name for name in ours if any(mark in inspect.getsource(sys.modules[name]) for mark in marks)
    }
    assert found == GIVE_FILES


def test_every_file_of_the_office_leaves_its_line(office: Office) -> None:
    """Each page of the office is asked for; where a file came, the journal has a line with its rows, else none."""
    by = actor(office.staff[Role.OPERATOR], office.shop.id)
    case = make_case(office.shop, by)
    office.look()
    things = things_of(office.shop.merchant, office.shop.store, office.staff[Role.OWNER])
    ImportRejection.objects.create(
        id=new_id(), merchant_id=office.shop.id, run_id=things["run"], row_number=2,
        reason_code="X", reason="bad", raw={"Заказ": "1"},
    )  # fmt: skip
    owner, gave = office.owner, []
    for name in sorted(name for name, door in DOORS.items() if door[1] == "get"):
        before = len(events(office))
        path = address(name, things) + (f"?id={case.pk}&form=CSV" if name == "list_export" else "")
        try:
            answer = owner.get(path)
        except FileNotFoundError:  # the made-up file of the made-up export
            answer = None
        office.look()
        written = events(office)[before:]
        if answer is not None and "attachment" in answer.headers.get("Content-Disposition", ""):
            gave.append(name)
            b"".join(answer) if answer.streaming else answer.content
            assert [each.kind for each in written] == ["EXPORT"], name
            assert written[0].user_id == office.staff[Role.OWNER].pk
            assert written[0].details["rows"] >= 1
        elif name != "list_export_file":
            assert written == [], name
    assert gave == ["import_rejected", "list_export", "security_export"]


@pytest.mark.parametrize("kind", ["register", "queue", "search", "approvals", "journal"])
def test_a_list_is_written_down_with_its_filters_and_lines(office: Office, kind: str) -> None:
    by = actor(office.staff[Role.OPERATOR], office.shop.id)
    cases = [make_case(office.shop, by, f"70000000{n}-1") for n in range(3)]
    requested = {"journal": f"id={cases[0].pk}", "search": "q=700000001"}.get(kind, "")
    answer = office.browser(Role.VIEWER).get(
        f"{reverse('console:list_export', args=[kind])}?{requested}&form=XLSX",
        REMOTE_ADDR="203.0.113.9",
        HTTP_USER_AGENT="Chrome",
    )
    assert answer.status_code == 200
    (event,) = events(office)
    assert (event.kind, event.merchant_id, event.about_id) == ("EXPORT", office.shop.id, None)
    assert (event.user_id, event.name) == (office.staff[Role.VIEWER].pk, "Viewer")
    assert (event.address, event.browser, event.channel) == ("203.0.113.9", "Chrome", "web")
    rows = {"register": 3, "queue": 3, "search": 1, "approvals": 0, "journal": 1}[kind]
    assert (event.details["list"], event.details["form"]) == (kind, "XLSX")
    assert event.details["rows"] == rows
    if kind == "search":
        assert event.details["filters"] == {"q": "700000001"}


def test_a_displayed_phone_is_written_down_and_a_refused_one_is_not(office: Office) -> None:
    case = make_case(office.shop, actor(office.staff[Role.OPERATOR], office.shop.id))
    path = reverse("console:phone", args=[case.pk])
    assert office.browser(Role.VIEWER).post(path).status_code == 200
    assert events(office) == []
    assert office.browser(Role.OPERATOR).post(path).status_code == 200
    (event,) = events(office)
    assert (event.kind, event.user_id) == ("REVEAL", office.staff[Role.OPERATOR].pk)
    assert event.details == {"what": "phone", "request": str(case.pk), "number": case.number}


def test_signing_in_and_out_and_changes_of_an_account_are_written_down(office: Office) -> None:
    browser, login = Client(REMOTE_ADDR="203.0.113.9"), reverse("account_login")
    browser.post(login, {"login": "operator", "password": "not this"})
    browser.post(login, {"login": "operator", "password": "operatoroperator"})
    profile = reverse("console:profile")
    browser.post(profile, {"first_name": "Aigerim", "language": "en", "theme": "dark"})
    form = {
        "oldpassword": "operatoroperator",
        "password1": "another good one",
        "password2": "another good one",
    }
    assert browser.post(reverse("account_change_password"), form).status_code == 302
    assert browser.post(reverse("account_logout")).status_code == 302
    found = events(office)
    assert [each.kind for each in found] == [
        "SIGN_IN_FAILED", "SIGN_IN", "PROFILE_CHANGED", "PASSWORD_CHANGED", "SIGN_OUT",
    ]  # fmt: skip
    assert {each.user_id for each in found} == {office.staff[Role.OPERATOR].pk}
    assert found[1].details == {"by": ["password"]}
    assert found[2].details == {"fields": ["first_name", "theme"]}
    reported = " ".join(str(each.__dict__) for each in found)
    for secret in ("not this", "operatoroperator", "another good one"):
        assert secret not in reported


def test_what_is_done_to_people_and_their_ways_in_is_written_down(office: Office) -> None:
    owner, dana = office.owner, make_person("dana", (office.shop.id, Role.OPERATOR))
    new = {"username": "new", "name": "New", "language": "en", "role": "VIEWER"}
    owner.post(reverse("console:person_new"), new)
    owner.post(reverse("console:person", args=[dana.pk]), {f"role_{office.shop.id}": "SENIOR"})
    owner.post(reverse("console:person_password", args=[dana.pk]))
    owner.post(reverse("console:person_switch", args=[dana.pk]), {"active": "0"})
    owner.post(reverse("console:person_invite"), {"login": "x", "invited_role": "VIEWER"})
    owner.post(reverse("console:tokens"), {"name": "1C", "scopes": ["read"], "days": "90"})
    token = User.objects.get(username="owner").api_tokens.get()
    owner.post(reverse("console:token_revoke", args=[token.pk]))
    code = code_create(user=office.staff[Role.OPERATOR], now=datetime.now(UTC))
    paired = Client().post(
        "/api/v1/companion/pair", {"browser": "Edge"}, content_type="application/json",
        headers={"Authorization": f"Bearer {code}"},
    )  # fmt: skip
    assert paired.status_code == 201
    stated = [(each.kind, each.name, each.about_name) for each in events(office)]
    assert stated == [
        ("PERSON_MADE", "Owner", "New"),
        ("ROLE_SET", "Owner", "New"),
        ("ROLE_SET", "Owner", "Dana"),
        ("PASSWORD_RESET", "Owner", "Dana"),
        ("PERSON_SWITCHED", "Owner", "Dana"),
        ("INVITED", "Owner", ""),
        ("TOKEN_MADE", "Owner", ""),
        ("TOKEN_ENDED", "Owner", ""),
        ("COMPANION_PAIRED", "Operator", ""),
    ]


def test_an_account_is_written_down_wherever_it_works_and_nowhere_else(office: Office) -> None:
    """Practice shops do not count; an account that works nowhere stands behind a wall nobody has."""
    both = make_person("both", (office.shop.id, Role.VIEWER), (office.other.id, Role.VIEWER))
    practice = MerchantKey.objects.create(id=new_id(), practice_of=both.pk)
    Membership.objects.create(user=both, merchant_id=practice.pk, role="OPERATOR", created_at=NOW)
    open_walls(office.other.id)
    walls = seen_merchants()
    account_note(both, note())
    assert seen_merchants() == walls
    account_note(make_person("nobody"), note(kind=SecurityKind.SIGN_IN))
    account_note(None, note(kind=SecurityKind.SIGN_IN_FAILED))
    open_walls(office.shop.id, office.other.id, practice.pk, NOWHERE)
    rows = sorted(SecurityEvent.objects.values_list("merchant_id", "kind"))
    assert rows == sorted(
        [
            (office.shop.id, "EXPORT"),
            (office.other.id, "EXPORT"),
            (NOWHERE, "SIGN_IN"),
            (NOWHERE, "SIGN_IN_FAILED"),
        ]
    )


def test_owners_read_their_own_and_filter_it(office: Office) -> None:
    office.look()
    operator = office.staff[Role.OPERATOR]
    by = (operator.pk, "Operator")
    for days, kind in (
        (0, SecurityKind.SIGN_IN),
        (3, SecurityKind.EXPORT),
        (30, SecurityKind.REVEAL),
    ):
        at = NOW - timedelta(days=days)
        security_note((office.shop.id,), SecurityNote(kind, at, Origin("198.51.100.1"), by=by))
    security_note((office.other.id,), SecurityNote(SecurityKind.SIGN_IN, NOW, Origin("192.0.2.99")))
    page, owner = reverse("console:security"), office.owner

    def rows(query: str = "") -> int:
        return owner.get(f"{page}{query}").content.decode().count("198.51.100.1")

    assert "192.0.2.99" not in owner.get(page).content.decode()
    assert (
        rows(),
        rows("?kind=EXPORT"),
        rows(f"?person={operator.pk}"),
        rows("?person=999999999"),
    ) == (
        3,
        1,
        3,
        0,
    )
    assert (rows("?since=2026-05-11"), rows("?until=2026-05-11"), rows("?since=x&kind=y")) == (
        2,
        2,
        3,
    )
    for beyond in (
        "?until=9999-12-31",
        "?since=0001-01-01",
    ):  # a day no shop of ours has is no filter
        assert rows(beyond) == 3
    export = reverse("console:security_export")
    assert owner.get(f"{export}?until=9999-12-31&since=0001-01-01").status_code == 200
    for role in set(office.staff) - {Role.OWNER}:
        assert office.browser(role).get(page).status_code == 403


def test_pages_are_walked_by_key_with_the_same_few_statements(office: Office) -> None:
    """As many statements for 250 events as for 5; three pages show each event once."""
    office.look()
    for number in range(5):
        security_note(
            (office.shop.id,), SecurityNote(SecurityKind.SIGN_IN, NOW, Origin(f"n{number:03}."))
        )
    page, owner = reverse("console:security"), office.owner
    few = counted(owner, page)
    office.look()
    for number in range(5, 250):
        security_note(
            (office.shop.id,), SecurityNote(SecurityKind.SIGN_IN, NOW, Origin(f"n{number:03}."))
        )
    assert counted(owner, page) == few
    seen, at = [], page
    while at:
        text = owner.get(at).content.decode()
        seen += [number for number in range(250) if f"n{number:03}." in text]
        at = (
            text.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
            if "before=" in text
            else ""
        )
    assert sorted(seen) == list(range(250))


def test_the_file_holds_what_was_requested_for_and_its_own_line(office: Office) -> None:
    office.look()
    for number in range(3):
        security_note(
            (office.shop.id,), SecurityNote(SecurityKind.EXPORT, NOW, Origin(f"n{number}."))
        )
    security_note((office.shop.id,), SecurityNote(SecurityKind.SIGN_IN, NOW, Origin("other")))
    answer = office.owner.get(reverse("console:security_export") + "?kind=EXPORT")
    text = b"".join(answer).decode()
    assert len(text.splitlines()) == 5  # a heading, three, and the line about this file
    assert "other" not in text
    last = events(office)[-1]
    assert last.details == {
        "list": "security",
        "rows": 3,
        "form": "CSV",
        "filters": {"kind": "EXPORT"},
    }
    assert "Security journal, CSV · 3 lines · What happened: EXPORT" in words_of(
        office.owner.get(reverse("console:security"))
    )


def test_nobody_changes_an_event_and_young_ones_stay(office: Office) -> None:
    open_walls(office.shop.id)
    now = datetime.now(UTC)
    security_note((office.shop.id,), note(now - timedelta(days=89)))
    security_note((office.shop.id,), note(now - timedelta(days=91)))
    for sql in (
        "UPDATE foundation_securityevent SET name = 'x'",
        "TRUNCATE foundation_securityevent",
        "DELETE FROM foundation_securityevent",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert SecurityEvent.objects.count() == 2
    assert SecurityEvent.objects.filter(at__lt=now - timedelta(days=90)).delete()[0] == 1


def test_events_are_stored_as_long_as_the_merchant_says(office: Office) -> None:
    now = datetime.now(UTC)
    MerchantKey.objects.filter(pk=office.other.id).update(security_days=100)
    for merchant in (office.shop.id, office.other.id, NOWHERE):
        for days in (99, 101, 399, 401):
            security_note((merchant,), note(now - timedelta(days=days)))
    assert security_forget(now) == 0
    open_walls(office.shop.id, office.other.id, NOWHERE)
    left = {
        key: SecurityEvent.objects.filter(merchant_id=key).count()
        for key in (office.shop.id, office.other.id, NOWHERE)
    }
    assert left == {office.shop.id: 3, office.other.id: 1, NOWHERE: 3}
