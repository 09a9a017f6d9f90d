"""What lets the people of a merchant in, for owners: sessions, tokens, companions, each to be ended; and the rules of signing in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django import forms
from django.db import transaction
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from qaitar.foundation.identity.access import COMPANION
from qaitar.foundation.identity.companions import companion_revoke
from qaitar.foundation.identity.companions_journal import companion_note
from qaitar.foundation.identity.security_journal import KEEP_DAYS_MIN, SecurityKind
from qaitar.foundation.identity.sessions import SignInSession, idle_apply
from qaitar.foundation.identity.ways_in import WaysIn, token_end, ways_in
from qaitar.foundation.models import MerchantKey, User
from qaitar.kernel.roles import OWNERS
from qaitar.web.console.case.records import Choice
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import PageRequest, found_or_404, screen
from qaitar.web.console.frame.fresh_sign_in import sensitive
from qaitar.web.console.frame.settings_views import (
    managed,
    merchant_chosen,
    merchants_named,
    notify,
)
from qaitar.web.console.settings.security_labels import browser_word
from qaitar.web.console.settings.security_notes import account_change_note, visit_note
from qaitar.web.console.settings.tokens import SCOPE_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.http import HttpResponse

FACTOR_WORDS: Final = (
    ("", _("each person decides")),
    ("MANAGERS", _("owners and administrators must have one")),
    ("ALL", _("everybody must have one")),
)
IDLE_CHOICES: Final = ((15, 15), (30, 30), (60, 60), (120, 120), (240, 240), (720, 720))
DAYS_MAX: Final = 3650


class RulesForm(forms.Form):
    """How people of one merchant sign in, and how long the security journal is kept."""

    second_factor = forms.ChoiceField(
        label=_("Second factor"), choices=FACTOR_WORDS, required=False
    )
    idle_minutes = forms.TypedChoiceField(
        label=_("Sign out after so many minutes without work"), coerce=int, choices=IDLE_CHOICES
    )
    security_days = forms.IntegerField(
        label=_("Keep the security journal, days"), min_value=KEEP_DAYS_MIN, max_value=DAYS_MAX
    )


@dataclass(frozen=True, slots=True)
class WayRow:
    """A session, a token or a companion as people read it."""

    person: str
    title: str
    detail: str
    begun_at: datetime
    used_at: object  # a moment, a day, or None
    until: datetime
    end_url: str
    is_this: bool = False
    by_moment: bool = False  # hours matter


@require_GET
@screen(OWNERS)
def access(visit: PageRequest) -> HttpResponse:
    """Show what is open now, and the rules."""
    merchant_id = merchant_chosen(visit, visit.request.GET.get("merchant", ""), OWNERS)
    key = MerchantKey.objects.get(pk=merchant_id)
    names = ("second_factor", "idle_minutes", "security_days")
    return _page(
        visit, merchant_id, RulesForm(initial={name: getattr(key, name) for name in names})
    )


def _page(visit: PageRequest, merchant_id: UUID, form: RulesForm) -> HttpResponse:
    people = _people(managed(visit, OWNERS))
    open_now = ways_in(list(people), visit.now)
    context = {
        "sessions": _sessions(visit, open_now, people),
        "tokens": _tokens(open_now),
        "companions": _companions(open_now),
        "form": form,
        "rules_url": f"{reverse('console:access_rules')}?merchant={merchant_id}",
        "merchants": _choices(visit, merchant_id),
    }
    status = 422 if form.errors else 200
    return render(visit.request, "console/settings/access.html", context, status=status)


def _people(merchants: Sequence[UUID]) -> dict[int, str]:
    """Name the people whose ways in the reader sees: those who work at merchants the reader owns."""
    rows = User.objects.filter(memberships__merchant_id__in=merchants).distinct()
    return {each.pk: str(each) for each in rows}


def _sessions(visit: PageRequest, found: WaysIn, people: dict[int, str]) -> list[WayRow]:
    here = visit.request.session.session_key
    return [
        WayRow(
            person=people[each.user_id or 0],
            title=browser_word(each.browser) or _now("browser not known"),
            detail=each.address,
            begun_at=each.created_at,
            used_at=each.last_seen_at,
            until=each.expire_date,
            end_url=_end("session", _session_id(each)),
            is_this=each.session_key == here,
            by_moment=True,
        )
        for each in found.sessions
    ]


def _tokens(found: WaysIn) -> list[WayRow]:
    return [
        WayRow(
            person=str(each.user),
            title=f"{each.name} …{each.hint}",
            detail=", ".join(str(SCOPE_WORDS.get(scope, scope)) for scope in each.scopes),
            begun_at=each.created_at,
            used_at=each.last_used_on,
            until=each.expires_at,
            end_url=_end("token", str(each.pk)),
        )
        for each in found.tokens
    ]


def _companions(found: WaysIn) -> list[WayRow]:
    return [
        WayRow(
            person=str(each.user),
            title=each.browser,
            detail="",
            begun_at=each.paired_at,
            used_at=each.last_contact_at,
            until=each.token.expires_at,
            end_url=_end(COMPANION, str(each.pk)),
        )
        for each in found.companions
    ]


def _end(kind: str, key: str) -> str:
    return reverse("console:access_end", args=[kind, key])


def _session_id(row: SignInSession) -> str:
    """Name a session without showing its key, which would open it."""
    return hashlib.sha256(row.session_key.encode()).hexdigest()


@require_POST
@screen(OWNERS)
@sensitive
def access_end(visit: PageRequest, kind: str, key: str) -> HttpResponse:
    """End a session, a token or a companion of somebody who works at a merchant the reader owns."""
    found = ways_in(list(_people(managed(visit, OWNERS))), visit.now)
    with transaction.atomic():
        if kind == "session":
            _session_end(visit, found, key)
        elif kind == "token":
            _token_end(visit, found, key)
        elif kind == COMPANION:
            _companion_end(visit, found, key)
        else:
            raise Http404
    notify(visit, _now("Ended. Whoever used it is turned away."))
    return see_other(reverse("console:access"))


def _session_end(visit: PageRequest, found: WaysIn, key: str) -> None:
    row = found_or_404(next((each for each in found.sessions if _session_id(each) == key), None))
    SignInSession.objects.filter(pk=row.pk).delete()
    user = User.objects.get(pk=row.user_id or 0)
    account_change_note(visit, SecurityKind.SESSION_ENDED, user, browser=row.browser)


def _token_end(visit: PageRequest, found: WaysIn, key: str) -> None:
    row = found_or_404(next((each for each in found.tokens if str(each.pk) == key), None))
    if token_end(row, visit.now):
        account_change_note(
            visit, SecurityKind.TOKEN_ENDED, row.user, token=row.name, hint=row.hint
        )


def _companion_end(visit: PageRequest, found: WaysIn, key: str) -> None:
    row = found_or_404(next((each for each in found.companions if str(each.pk) == key), None))
    companion_revoke(row, now=visit.now)
    companion_note(row, "COMPANION_END", who=visit.who, now=visit.now)
    account_change_note(visit, SecurityKind.COMPANION_ENDED, row.user, companion=row.browser)


@require_POST
@screen(OWNERS)
@sensitive
def access_rules(visit: PageRequest) -> HttpResponse:
    """Change how people of a merchant sign in."""
    merchant_id = merchant_chosen(visit, visit.request.GET.get("merchant", ""), OWNERS)
    form = RulesForm(visit.request.POST)
    if not form.is_valid():
        return _page(visit, merchant_id, form)
    key = MerchantKey.objects.select_for_update().get(pk=merchant_id)
    changed = {
        name: value for name, value in form.cleaned_data.items() if getattr(key, name) != value
    }
    if changed:
        MerchantKey.objects.filter(pk=merchant_id).update(**changed)
        idle_apply(list(_people([merchant_id])), form.cleaned_data["idle_minutes"])
        visit_note(visit, SecurityKind.RULES_CHANGED, (merchant_id,), **changed)
    notify(
        visit,
        _now("Saved. It holds from the next page on, for everybody who works there.")
        if changed
        else _now("Nothing was different, so nothing was changed."),
    )
    return see_other(f"{reverse('console:access')}?merchant={merchant_id}")


def _choices(visit: PageRequest, chosen: UUID) -> tuple[Choice, ...]:
    names = merchants_named(managed(visit, OWNERS))
    if len(names) == 1:
        return ()
    page = reverse("console:access")
    return tuple(
        Choice(value=f"{page}?merchant={key}", label=name, selected=key == chosen)
        for key, name in names.items()
    )
