"""The companion in the browser: pair one by a code shown once, see who was in contact when, end it, set what counts as silence."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django import forms
from django.db.models import F
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from qaitar.contracts.marketplace import Section
from qaitar.flows.cabinet_words import list_sentence
from qaitar.foundation.connections.secrets import NoKey
from qaitar.foundation.identity.companions import (
    SILENCE_HOURS,
    CompanionSession,
    code_create,
    companion_revoke,
    companions_alive,
    watch_hours_set,
)
from qaitar.foundation.identity.companions_journal import companion_note
from qaitar.foundation.identity.security_journal import SecurityKind
from qaitar.foundation.models import CabinetWatch, Membership, User
from qaitar.orders.listing import stores_of
from qaitar.web.console.case.records import Tone
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import DECIDERS, PageRequest, found_or_404, screen
from qaitar.web.console.frame.fresh_sign_in import sensitive
from qaitar.web.console.frame.settings_views import (
    NO_KEY,
    fresh_put,
    fresh_take,
    managed,
    not_stored,
    notify,
)
from qaitar.web.console.settings.records import CompanionPage, CompanionRow, FailedRow, WatchRow
from qaitar.web.console.settings.security_notes import account_change_note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse
    from django.utils.functional import Promise

    from qaitar.foundation.models import Companion

_STATES: Final[Mapping[str, tuple[Tone, Promise]]] = {
    CompanionSession.OPEN: (Tone.OK, gettext_lazy("Reads the cabinet.")),
    CompanionSession.ENDED: (Tone.DANGER, gettext_lazy("The cabinet asks to sign in again.")),
    CompanionSession.REFUSED: (
        Tone.DANGER,
        gettext_lazy("The cabinet does not show this shop to that login."),
    ),
    CompanionSession.NO_ANSWER: (Tone.DANGER, gettext_lazy("The cabinet gives no answer.")),
    CompanionSession.CHANGED: (
        Tone.WARN,
        gettext_lazy("The cabinet answers differently than before; what came is kept."),
    ),
    CompanionSession.AWAY: (Tone.NEUTRAL, gettext_lazy("No tab of the cabinet is open.")),
}


_WHY: Final[Mapping[str, Promise]] = {
    "NO_ANSWER": gettext_lazy("no answer"),
    "TIMEOUT": gettext_lazy("no answer in time"),
    "LOGIN": gettext_lazy("asks to sign in"),
    "SHAPE": gettext_lazy("an answer never seen"),
}
FAILED_MAX: Final = 20


class WatchForm(forms.Form):
    """After how many hours without a look an alarm is raised; zero stops watching."""

    hours = forms.TypedChoiceField(coerce=int, choices=[(h, h) for h in (0, *SILENCE_HOURS)])


@require_GET
@screen(DECIDERS)
def companion(visit: PageRequest) -> HttpResponse:
    """Show how to pair a browser, which are paired, and when each store's cabinet was last seen."""
    line, _about = fresh_take(visit)
    stores = {store.pk: store.name for store in stores_of(managed(visit, DECIDERS))}
    watches = CabinetWatch.objects.filter(store_id__in=stores).order_by(
        F("seen_at").asc(nulls_first=True), "id"
    )
    page = CompanionPage(
        code_url=reverse("console:companion_code"),
        fresh_line=line,
        rows=tuple(_row(visit, each) for each in companions_alive(_people(visit))),
        watches=tuple(_watch(stores[each.store_id], each) for each in watches),
        without_number=tuple(
            store.name for store in stores_of(managed(visit, DECIDERS)) if not store.external_id
        ),
    )
    return not_stored(render(visit.request, "console/settings/companion.html", {"page": page}))


def _people(visit: PageRequest) -> list[int]:
    """Name whose companions the reader may see: their own, and everybody's where they manage the shop."""
    theirs = Membership.objects.filter(merchant_id__in=managed(visit))
    return [visit.who.user_id, *theirs.values_list("user_id", flat=True)]


def _row(visit: PageRequest, row: Companion) -> CompanionRow:
    tone, sentence = _STATES[row.session]
    return CompanionRow(
        browser=row.browser,
        person=str(row.user),
        own=row.user_id == visit.who.user_id,
        tone=tone,
        sentence=str(sentence),
        paired_at=row.paired_at,
        last_contact_at=row.last_contact_at,
        revoke_url=reverse("console:companion_revoke", args=[row.pk]),
    )


_TABS: Final[Mapping[str, Section]] = {
    "NEW": Section.NEW,
    "WAITING_DECISION": Section.AWAITING_DECISION,
    "ON_DELIVERY": Section.IN_DELIVERY,
    "DISPUTE": Section.DISPUTE,
    "CLOSED": Section.CLOSED,
}
"""The marketplace's names of the sections; one never seen is shown by its own name."""


def gap_sentences(not_whole: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what of a whole reading did not fit: each short list, then the numbers in a form never seen."""
    lists = [
        list_sentence({**each, "section": _TABS.get(each["tab"], each["tab"])})
        for each in not_whole.get("lists", ())
    ]
    numbers = ", ".join(not_whole.get("numbers", ()))
    odd = _("Numbers of requests in a form not known: %(numbers)s.") % {"numbers": numbers}
    return (*lists, odd) if numbers else tuple(lists)


def _watch(store: str, row: CabinetWatch) -> WatchRow:
    tone, sentence = _STATES[row.session]
    return WatchRow(
        store=store,
        seen_at=row.seen_at,
        tone=tone,
        sentence=str(sentence),
        gaps=gap_sentences(row.not_whole),
        since=None if row.session == CompanionSession.OPEN else row.session_at,
        failed=tuple(map(_failed, row.failed[:FAILED_MAX])),
        hours=row.silence_hours,
        choices=SILENCE_HOURS,
        url=reverse("console:companion_watch", args=[row.pk]),
    )


def _failed(stored: Mapping[str, Any]) -> FailedRow:
    return FailedRow(
        number=stored["number"],
        why=_why_text(stored["why"]),
        since=datetime.fromisoformat(stored["since"]),
    )


def _why_text(why: str) -> str:
    """Put a code of the companion into words; `HTTP_500` says itself."""
    known = _WHY.get(why)
    return why.replace("_", " ") if known is None else str(known)


@require_POST
@screen(DECIDERS)
@sensitive
def companion_code(visit: PageRequest) -> HttpResponse:
    """Make a code for the reader's browser; the next page shows it once."""
    user = User.objects.get(pk=visit.who.user_id)
    address = visit.request.build_absolute_uri("/")
    try:
        fresh_put(visit, f"{address}#{code_create(user=user, now=visit.now)}")
    except NoKey:
        notify(visit, NO_KEY, good=False)
    return see_other(reverse("console:companion"))


@require_POST
@screen(DECIDERS)
@sensitive
def companion_end(visit: PageRequest, companion_id: UUID) -> HttpResponse:
    """End a companion's token: its next call is turned away."""
    mine = [each for each in companions_alive(_people(visit)) if each.pk == companion_id]
    row = found_or_404(mine[0] if mine else None)
    companion_revoke(row, now=visit.now)
    companion_note(row, "COMPANION_END", who=visit.who, now=visit.now)
    account_change_note(visit, SecurityKind.COMPANION_ENDED, row.user, companion=row.browser)
    notify(
        visit,
        _("“%(name)s” is switched off; it can hand over nothing more.") % {"name": row.browser},
    )
    return see_other(reverse("console:companion"))


@require_POST
@screen(DECIDERS)
def watch(visit: PageRequest, watch_id: UUID) -> HttpResponse:
    """Set after how many hours of silence a store's cabinet alarms, or stop watching it."""
    rows = CabinetWatch.objects.filter(pk=watch_id, merchant_id__in=managed(visit, DECIDERS))
    row = found_or_404(rows.first())
    form = WatchForm(visit.request.POST)
    if not form.is_valid():
        notify(visit, _("Choose a number of hours from the list."), good=False)
        return see_other(reverse("console:companion"))
    hours = form.cleaned_data["hours"]
    watch_hours_set(row, hours, who=visit.who, now=visit.now)
    text = (
        _("Saved.") if hours else _("This store is not watched until a companion reads it again.")
    )
    notify(visit, text)
    return see_other(reverse("console:companion"))
