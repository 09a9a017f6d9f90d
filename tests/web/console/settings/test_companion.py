"""The companion's page: a code shown once, contact, the end of it; the alarm when nobody looks while dates run."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from qaitar.foundation.identity.access import Principal
from qaitar.foundation.identity.companions import (
    CompanionSession,
    FailedDetail,
    companion_of,
    companion_pair,
    contact_note,
    watch_failed,
    watch_seen,
    watch_unanswered,
)
from qaitar.foundation.models import CabinetWatch, Companion, JournalEntry
from qaitar.foundation.ops.clock import frozen_at
from qaitar.kernel.roles import Role
from tests.factories.accounts import NOW, actor
from tests.factories.returns import make_case
from tests.web.console.office import Office, make_office, secret_of

pytestmark = pytest.mark.django_db
PAGE = "console:companion"


@pytest.fixture
def office(settings: Any) -> Any:
    with frozen_at(NOW):
        yield make_office(settings)


def paired(office: Office) -> Companion:
    browser = office.browser(Role.OPERATOR)
    browser.post(reverse("console:companion_code"))
    line = secret_of(browser.get(reverse(PAGE)))
    address, _hash, code = line.partition("#")
    assert address == "http://testserver/"
    assert secret_of(browser.get(reverse(PAGE))) == ""
    row = companion_of(companion_pair(code=code, browser="Chrome", now=NOW))
    assert row is not None
    office.look()
    return row


def who(office: Office) -> Principal:
    person = office.staff[Role.OPERATOR]
    return Principal(person.pk, "Operator", "ru", {office.shop.id: Role.OPERATOR})


def test_a_code_is_displayed_once_and_the_pairing_stands_on_the_page(office: Office) -> None:
    paired(office)
    page = office.browser(Role.OPERATOR).get(reverse(PAGE)).content.decode()
    assert "Chrome" in page
    assert "Chrome" in office.owner.get(reverse(PAGE)).content.decode()
    assert "Chrome" not in office.stranger.get(reverse(PAGE)).content.decode()
    assert "Chrome" not in office.browser(Role.SENIOR).get(reverse(PAGE)).content.decode()


def test_the_owner_ends_anothers_companion_and_it_is_journalled(office: Office) -> None:
    row = paired(office)
    end = reverse("console:companion_revoke", args=[row.pk])
    assert office.stranger.post(end).status_code == 404
    assert office.browser(Role.SENIOR).post(end).status_code == 404
    assert office.owner.post(end).status_code == 303
    office.look()
    row.token.refresh_from_db()
    assert row.token.revoked_at == NOW
    line = JournalEntry.objects.get(subject_kind="companion", act="COMPANION_END")
    assert line.after == {"browser": "Chrome", "person": str(row.user)}
    assert (line.actor_id, line.seq) == (office.staff[Role.OWNER].pk, 1)
    assert office.owner.post(end).status_code == 404


def test_silence_while_dates_run_alarms_on_every_page(office: Office) -> None:
    row, store = paired(office), office.shop.store
    watch_seen(row, store_id=store.pk, merchant_id=office.shop.id, who=who(office), now=NOW)
    queue = reverse("console:queue")

    def alarm(hours: float, role: Role = Role.VIEWER) -> bool:
        with frozen_at(NOW + timedelta(hours=hours)):
            return 'role="alert"' in office.browser(role).get(queue).content.decode()

    assert not alarm(30), "no request is open, so nothing can be missed"
    office.look()
    make_case(office.shop, actor(office.staff[Role.OPERATOR], office.shop.id))
    assert not alarm(2.9)
    assert alarm(3.1)
    with frozen_at(NOW + timedelta(hours=3.1)):
        assert 'role="alert"' not in office.stranger.get(queue).content.decode()
    office.look()
    watch = CabinetWatch.objects.get()
    change = reverse("console:companion_watch", args=[watch.pk])
    assert office.browser(Role.OPERATOR).post(change, {"hours": "6"}).status_code == 303
    assert not alarm(3.1)
    office.browser(Role.OPERATOR).post(change, {"hours": "5"})
    office.look()
    watch.refresh_from_db()
    assert watch.silence_hours == 6
    CabinetWatch.objects.update(session=CompanionSession.ENDED)
    assert alarm(0.1)
    office.browser(Role.OPERATOR).post(change, {"hours": "0"})
    assert not alarm(30)
    office.look()
    lines = JournalEntry.objects.filter(act="CABINET_WATCH").order_by("seq")
    assert [(line.before, line.after) for line in lines] == [
        ({"silence_hours": 3}, {"silence_hours": 6}),
        ({"silence_hours": 6}, {"silence_hours": 0}),
    ]


def test_contact_changes_since_when_only_with_what_is_stated(office: Office) -> None:
    row = paired(office)
    for minutes, session in (
        (1, CompanionSession.OPEN),
        (2, CompanionSession.OPEN),
        (3, CompanionSession.ENDED),
    ):
        contact_note(row, session, now=NOW + timedelta(minutes=minutes))
    row.refresh_from_db()
    assert row.last_contact_at == row.session_at == NOW + timedelta(minutes=3)
    assert row.session == CompanionSession.ENDED


def test_a_cabinet_without_an_answer_alarms_with_its_since_and_names_what_fails(
    office: Office,
) -> None:
    row, store = paired(office), office.shop.store
    office.look()
    make_case(office.shop, actor(office.staff[Role.OPERATOR], office.shop.id))
    watch_unanswered(row, {store.pk: office.shop.id}, who=who(office), now=NOW)
    failed = FailedDetail("700000077-1", "HTTP_500", NOW, 3)
    watch_failed(row, store.pk, [failed], who=who(office), now=NOW)
    with frozen_at(NOW + timedelta(minutes=5)):
        queue = office.browser(Role.VIEWER).get(reverse("console:queue")).content.decode()
        page = office.browser(Role.OPERATOR).get(reverse(PAGE)).content.decode()
    alarm = re.sub(r"<[^>]+>|\s+", " ", queue.partition('role="alert"')[2][:900])
    assert "кабинет не отвечает" in alarm
    assert "Началось:" in alarm
    assert "ещё ни разу" in alarm
    assert "700000077-1: HTTP 500" in page
    assert "Кабинет не отвечает." in page
