"""The frame around every page: who is signed in, where they may go, how much waits there.  One statement."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import connection
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from qaitar.foundation.identity.companions import CompanionSession
from qaitar.kernel.roles import OWNERS, Role
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import Stage
from qaitar.web.console.case.records import Choice, Person
from qaitar.web.console.frame.auth import APPROVERS, DECIDERS, MANAGERS, PageRequest
from qaitar.web.console.frame.backup_alarm import backup_alarm
from qaitar.web.console.frame.records import NavGroup, NavItem, Shell, Unseen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from django.http import HttpRequest

_FRAME: Final = """
SELECT (SELECT jsonb_agg(jsonb_build_array(m.id, m.name) ORDER BY m.name, m.id) FROM foundation_merchant m)::text,
  (SELECT jsonb_object_agg(stage, n) FROM (SELECT stage, sum(n) AS n FROM (
     SELECT stage, count AS n FROM returns_stagecount UNION ALL SELECT stage, delta FROM returns_stagedelta) parts
   GROUP BY stage) counts)::text,
  (SELECT jsonb_agg(jsonb_build_array(u.name, u.seen_at, u.session, u.session_at) ORDER BY u.seen_at NULLS FIRST) FROM (
     SELECT s.name, w.seen_at, w.session, w.session_at FROM foundation_cabinetwatch w JOIN orders_store s ON s.id = w.store_id
     WHERE (w.session <> 'OPEN' OR w.seen_at < %s - make_interval(hours => w.silence_hours))
       AND EXISTS (SELECT 1 FROM returns_returnrequest r
                   WHERE r.merchant_id = w.merchant_id AND r.store_id = w.store_id AND r.stage <> 'CLOSED')
     ORDER BY w.seen_at NULLS FIRST LIMIT 3) u)::text,
  (SELECT bool_or(m.settings ->> 'first_steps' = 'OPEN') FROM foundation_merchant m),
  (SELECT max(m.settings -> 'practice' ->> 'until') FROM foundation_merchant m),
  (SELECT min(m.created_at) FROM foundation_merchant m WHERE m.settings -> 'practice' IS NULL
   AND m.settings ->> 'demo' IS DISTINCT FROM 'true'),
  (SELECT jsonb_build_array(b.as_of, b.faults) FROM backup_backuprun b WHERE b.backup <> ''
   ORDER BY b.started_at DESC LIMIT 1)::text,
  (SELECT b.error <> '' FROM backup_backuprun b ORDER BY b.started_at DESC LIMIT 1)
"""
_CASES: Final = ("/returns/", "/views/", "/bulk")
"""What is opened from the queue, whose own address is the root of them all."""
LANGUAGE_NAMES: Final = {"ru": "Русский", "kk": "Қазақша", "en": "English"}


def shell(request: HttpRequest) -> dict[str, object]:
    """Give templates the frame of a signed-in person; nothing is read unless a page shows it."""
    visit = getattr(request, "visit", None)
    if not isinstance(visit, PageRequest):
        return {"shell": None}
    return {"shell": SimpleLazyObject(lambda: shell_of(visit))}


def shell_of(visit: PageRequest) -> Shell:
    """Build the frame for one visit."""
    with connection.cursor() as cursor:
        cursor.execute(_FRAME, [visit.now])
        row = cursor.fetchone()
    merchants: list[list[str]] = json.loads(row[0]) if row and row[0] else []
    counts: dict[str, int] = json.loads(row[1]) if row and row[1] else {}
    unseen: list[tuple[str, str | None, str, str]] = json.loads(row[2]) if row and row[2] else []
    who, home = visit.who, reverse("console:queue")
    chosen = visit.request.GET.get("merchant", "")
    return Shell(
        person=Person(name=who.name, note=_roles_text(who.roles)),
        merchant=_merchant_text(merchants, chosen),
        home_url=home,
        search_url=reverse("console:search"),
        new_request_url=reverse("console:request_new"),
        profile_url=address("profile") or home,
        logout_url=reverse("account_logout"),
        now=visit.now,
        nav=_nav(visit, counts, first_steps=bool(row and row[3])),
        merchants=_merchant_choices(merchants, chosen, home),
        languages=tuple(
            Choice(value=code, label=LANGUAGE_NAMES[code], selected=code == who.language)
            for code, _name in settings.LANGUAGES
        ),
        language_url=reverse("console:language"),
        practice_until=datetime.fromisoformat(row[4]) if row and row[4] else None,
        unseen=tuple(_unseen(*each) for each in unseen),
        design_url=reverse("console:design") if who.may(MANAGERS) else "",
        unseen_url=reverse("console:companion") if who.may(DECIDERS) else "",
        backup=backup_alarm(row[5:], visit.now) if row and who.may(OWNERS) else None,
    )


def _unseen(store: str, seen_at: str | None, session: str, since: str) -> Unseen:
    return Unseen(
        store=store,
        seen_at=datetime.fromisoformat(seen_at) if seen_at else None,
        sentence=_unseen_sentence(session) % {"store": store},
        since=None if session == CompanionSession.OPEN else datetime.fromisoformat(since),
    )


def _unseen_sentence(session: str) -> str:
    """Say why a store's cabinet is not read, with a place for the store's name."""
    match session:
        case CompanionSession.ENDED:
            return _(
                "%(store)s: the cabinet asks to sign in again. Until then moved dates are not seen."
            )
        case CompanionSession.NO_ANSWER:
            return _("%(store)s: the cabinet gives no answer. Moved dates are not seen.")
        case CompanionSession.CHANGED:
            return _(
                "%(store)s: the cabinet could not be read whole. Check there for new requests and moved dates."
            )
        case _:
            return _("%(store)s: the cabinet is not being read while dates run there.")


def address(name: str, *arguments: Any) -> str:
    """Give the path of a console page, or nothing where this installation has no such page."""
    try:
        return reverse(f"console:{name}", args=arguments)
    except NoReverseMatch:
        return ""


def _roles_text(roles: Mapping[UUID, Role]) -> str:
    return ", ".join(sorted({str(word_for(role)) for role in roles.values()}))


def _merchant_text(merchants: list[list[str]], chosen: str) -> str:
    for key, name in merchants:
        if len(merchants) == 1 or key == chosen:
            return name
    return _("%(count)s merchants") % {"count": len(merchants)}


def _merchant_choices(merchants: list[list[str]], chosen: str, home: str) -> tuple[Choice, ...]:
    if len(merchants) < 2:  # noqa: PLR2004  nothing to choose from
        return ()
    everyone = Choice(value=home, label=_("All merchants"), selected=not chosen)
    return (
        everyone,
        *(
            Choice(value=f"{home}?merchant={key}", label=name, selected=key == chosen)
            for key, name in merchants
        ),
    )


def _nav(
    visit: PageRequest, counts: Mapping[str, int], *, first_steps: bool
) -> tuple[NavGroup, ...]:
    still_open = sum(n for stage, n in counts.items() if stage != Stage.CLOSED)
    waiting = counts.get(Stage.WAITING_APPROVAL, 0)
    approvals = waiting if visit.who.may(APPROVERS) else None
    work: tuple[tuple[str, str, str, int | None], ...] = (
        ("queue", _("Queue"), "inbox", still_open),
        ("approvals", _("Approvals"), "stamp", approvals),
        ("register", _("Register"), "table", None),
        ("reports", _("Reports"), "chart", None),
        ("imports", _("Import"), "import", None),
    )
    if visit.who.may(DECIDERS):
        work = (*work, ("companion", _("Companion"), "screen", None))
        work = (*work, ("practice", _("Practice"), "repeat", None))
    if first_steps and visit.who.may(MANAGERS):
        work = (("first_run", _("First steps"), "bolt", None), *work)
    office: tuple[tuple[str, str, str, int | None], ...] = (
        ("merchant", _("Company"), "file", None),
        ("stores", _("Stores"), "store", None),
        ("connections", _("Connections"), "plug", None),
        ("rules", _("Rules"), "sliders", None),
        ("mapping", _("Goods groups"), "box", None),
        ("calendar", _("Days off"), "clock", None),
        ("people", _("People"), "users", None),
        ("tokens", _("API tokens"), "key", None),
        ("webhooks", _("Webhooks"), "webhook", None),
    )
    if visit.who.may(OWNERS):
        office = (*office, ("access", _("Access"), "users", None))
        office = (*office, ("security", _("Security"), "lock", None))
    groups = [NavGroup(label="", items=_items(visit, work))]
    if visit.who.may(MANAGERS):
        groups.append(NavGroup(label=_("Settings"), items=_items(visit, office)))
    return tuple(group for group in groups if group.items)


def _nearness(here: str, section: str) -> str:
    """Say in ARIA's words whether a page is a section of the menu or stands within it.

    >>> [_nearness(here, "/stores") for here in ("/stores", "/stores/new", "/storeroom")]
    ['page', 'true', '']
    """
    if here == section:
        return "page"
    within = _CASES if section == reverse("console:queue") else (f"{section}/",)
    return "true" if here.startswith(within) and here != reverse("console:request_new") else ""


def _items(
    visit: PageRequest, places: tuple[tuple[str, str, str, int | None], ...]
) -> tuple[NavItem, ...]:
    here = visit.request.path
    items = []
    for name, label, icon, count in places:
        url = address(name)
        if url:
            items.append(
                NavItem(label=label, url=url, icon=icon, current=_nearness(here, url), count=count)
            )
    return tuple(items)
