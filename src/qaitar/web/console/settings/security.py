"""The security journal, for owners: by person, kind and period, a page at a time, and as a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from qaitar.documents.tables import CellKind, Column, iter_csv
from qaitar.foundation.files.names import download_headers
from qaitar.foundation.identity.security_journal import SecurityKind
from qaitar.foundation.identity.security_reads import (
    EXPORT_MAX,
    SecurityFilter,
    security_page,
    security_rows,
)
from qaitar.foundation.models import User
from qaitar.foundation.ops.jobs import within_walls
from qaitar.kernel.roles import OWNERS
from qaitar.kernel.zones import ALMATY, as_utc, zone
from qaitar.web.console.case.records import Choice
from qaitar.web.console.frame.answers import is_partial
from qaitar.web.console.frame.auth import PageRequest, screen
from qaitar.web.console.frame.settings_views import managed
from qaitar.web.console.reports.filters import day_read, uuid_read
from qaitar.web.console.settings.security_labels import (
    BAD,
    KIND_WORDS,
    browser_word,
    details_text,
    kind_word,
)
from qaitar.web.console.settings.security_notes import export_note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

    from qaitar.foundation.identity.security_models import SecurityEvent

PEOPLE_MAX: Final = 500
MIME: Final = "text/csv"


@dataclass(frozen=True, slots=True)
class SecurityRow:
    """One event as people read it."""

    at: datetime
    kind: str
    bad: bool
    name: str
    person_url: str
    about: str
    details: str
    address: str
    browser: str
    browser_name: str
    channel: str


@dataclass(frozen=True, slots=True)
class SecurityPage:
    """A page of the security journal."""

    rows: tuple[SecurityRow, ...]
    url: str
    export_url: str
    more_url: str
    since: date | None
    until: date | None
    people: tuple[Choice, ...]
    kinds: tuple[Choice, ...]


class EventFilter:
    """The filter as it stands in the address; what cannot be read is left out, so that no address is an error."""

    def __init__(self, query: Mapping[str, str]) -> None:
        """Read it."""
        person = query.get("person", "")
        self.person = int(person) if person.isdecimal() and len(person) < 19 else None  # noqa: PLR2004  a bigint
        kind = query.get("kind", "")
        self.kind = kind if kind in set(SecurityKind) else None
        self.since, self.until = day_read(query.get("since", "")), day_read(query.get("until", ""))
        self.before = uuid_read(query.get("before", ""))

    @property
    def filter(self) -> SecurityFilter:
        """Give the filter in moments: days are Almaty's, the last one in full."""
        until = self.until + timedelta(days=1) if self.until else None
        return SecurityFilter(self.person, self.kind, _midnight(self.since), _midnight(until))

    def parameters(self) -> dict[str, str]:
        """Give the filter as it stands in an address."""
        parts = {
            "person": self.person,
            "kind": self.kind,
            "since": self.since,
            "until": self.until,
        }
        return {name: str(value) for name, value in parts.items() if value is not None}

    def address(self, name: str, **more: str) -> str:
        """Write the address of a page with this filter."""
        text = urlencode({**self.parameters(), **more})
        path = reverse(f"console:{name}")
        return f"{path}?{text}" if text else path


@require_GET
@screen(OWNERS)
def security(visit: PageRequest) -> HttpResponse:
    """Show one page of the journal; a page asked for by key alone comes as bare rows."""
    wanted = EventFilter(visit.request.GET)
    merchants = managed(visit, OWNERS)
    found, following = security_page(merchants, wanted.filter, wanted.before)
    more = wanted.address("security", before=str(following)) if following else ""
    rows = tuple(_row(each) for each in found)
    if is_partial(visit.request) and wanted.before:
        context = {"rows": rows, "more_url": more}
        return render(visit.request, "console/settings/partials/security_rows.html", context)
    page = SecurityPage(
        rows=rows,
        url=reverse("console:security"),
        export_url=wanted.address("security_export"),
        more_url=more,
        since=wanted.since,
        until=wanted.until,
        people=_people(merchants, wanted.person),
        kinds=_kinds(wanted.kind),
    )
    return render(visit.request, "console/settings/security.html", {"page": page})


@require_GET
@screen(OWNERS)
def security_export(visit: PageRequest) -> HttpResponseBase:
    """Give this part of the journal as CSV; that it was taken is written first and stands in it."""
    wanted, merchants = EventFilter(visit.request.GET), managed(visit, OWNERS)
    count = wanted.filter.rows(merchants).order_by()[:EXPORT_MAX].count()
    export_note(
        visit, merchants, what="security", rows=count, form="CSV", filters=dict(wanted.parameters())
    )
    events = security_rows(merchants, wanted.filter, partial(within_walls, *merchants))
    parts = _spoken(visit.who.language, events)
    name = f"{_('Security journal')} {visit.now:%Y-%m-%d}.csv"
    answer = StreamingHttpResponse(parts, content_type=MIME)
    for header, value in download_headers(name, MIME).items():
        answer[header] = value
    return answer


def _spoken(language: str, events: Iterator[SecurityEvent]) -> Iterator[bytes]:
    """Write the lines in the reader's language, after the view has answered."""
    with translation.override(language):
        columns = [
            Column(_("When"), CellKind.MOMENT, zone=zone(ALMATY)),
            *(
                Column(name)
                for name in (
                    _("Who"),
                    _("What"),
                    _("About whom"),
                    _("Details"),
                    _("Address"),
                    _("Browser"),
                )
            ),
        ]
        for part in iter_csv(columns, (_cells(each) for each in events)):
            yield part.encode()


def _cells(event: SecurityEvent) -> list[object]:
    row = _row(event)
    return [event.at, row.name, row.kind, row.about, row.details, row.address, row.browser]


def _row(event: SecurityEvent) -> SecurityRow:
    person = event.user_id if event.user_id is not None else event.about_id
    return SecurityRow(
        at=event.at,
        kind=kind_word(event.kind),
        bad=event.kind in BAD,
        name=event.name or ("" if event.user_id else "Qaitar"),
        person_url=f"{reverse('console:security')}?person={person}" if person else "",
        about=event.about_name,
        details=details_text(event.kind, event.details),
        address=event.address,
        browser=event.browser,
        browser_name=browser_word(event.browser),
        channel=event.channel,
    )


def _people(merchants: Sequence[UUID], chosen: int | None) -> tuple[Choice, ...]:
    """Offer the people who work there, and whoever is chosen."""
    people = User.objects.filter(memberships__merchant_id__in=merchants).distinct()
    named = {each.pk: str(each) for each in people.order_by("first_name", "pk")[:PEOPLE_MAX]}
    if chosen is not None:
        named.setdefault(chosen, f"№ {chosen}")
    return (
        Choice(value="", label=_("everybody"), selected=chosen is None),
        *(
            Choice(value=str(key), label=name, selected=key == chosen)
            for key, name in named.items()
        ),
    )


def _kinds(chosen: str | None) -> tuple[Choice, ...]:
    return (
        Choice(value="", label=_("everything"), selected=chosen is None),
        *(
            Choice(value=kind.value, label=str(word), selected=kind.value == chosen)
            for kind, word in KIND_WORDS.items()
        ),
    )


def _midnight(day: date | None) -> datetime | None:
    return as_utc(datetime.combine(day, time(0), tzinfo=zone(ALMATY))) if day else None
