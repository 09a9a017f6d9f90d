"""Makes the queue page: tabs with maintained counts, filters, rows, what may be done to many.  No reads of cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from qaitar.returns.reads.queue import LATE_COUNTED_MAX
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import Act, Stage
from qaitar.web.console.case.records import (
    Choice,
    Empty,
    Fact,
    QueuePage,
    SavedViewLink,
    SectionTab,
)
from qaitar.web.console.frame.auth import DECIDERS
from qaitar.web.console.queue.filters import MINE, QueueQuery
from qaitar.web.console.queue.row import queue_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from qaitar.foundation.identity.access import Principal
    from qaitar.foundation.records.models import SavedView as StoredView
    from qaitar.returns.reads.queue import QueueSlice

BULK_ACTS: Final = (
    Act.ASK_CUSTOMER,
    Act.TAKE_FOR_INSPECTION,
    Act.GRANT_REFUND,
    Act.REFUSE,
    Act.CLOSE_REFUSED,
)
"""What may be decided about many at once."""


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """What the page needs besides the rows: counts by stage, how many are late, stores, own views."""

    counts: Mapping[Stage, int]
    late: int
    stores: Sequence[tuple[str, str]]
    views: Sequence[StoredView]


def queue_page(
    part: QueueQuery, cases: QueueSlice, facts: QueueFacts, who: Principal, now: datetime
) -> QueuePage:
    """Make the page of one part of the queue."""
    home = reverse("console:queue")
    here = part.url(home)
    query = part.query()
    bulk = reverse("console:bulk_preview")
    return QueuePage(
        tabs=_tabs(part, facts, home),
        rows=tuple(queue_row(case, now) for case in cases.cases),
        url=here,
        bulk_url=f"{bulk}?{query}" if query else bulk,
        views=_views(part, facts, home),
        bulk_acts=BULK_ACTS if who.may(DECIDERS) and part.stage != Stage.CLOSED else (),
        more_url=more_url(part, cases, home),
        filters=_filters(part, facts, home),
        sort_label=_("latest closed first")
        if part.stage == Stage.CLOSED
        else _("least time left first"),
        empty=None if cases.cases else _empty(part, home),
        save_view_url=f"{reverse('console:view_new')}?{query}" if query and who.roles else "",
    )


def more_url(part: QueueQuery, cases: QueueSlice, home: str) -> str:
    """Give the address of the next page, or nothing at the end."""
    if cases.next is None:
        return ""
    return f"{home}?{urlencode({**dict(_pairs(part)), 'after': cases.next.text()})}"


def _pairs(part: QueueQuery) -> list[tuple[str, str]]:
    names = ("stage", "store", "merchant", "assignee", "proof", "due")
    return [(name, getattr(part, name)) for name in names if getattr(part, name)]


def _tabs(part: QueueQuery, facts: QueueFacts, home: str) -> tuple[SectionTab, ...]:
    every = sum(n for stage, n in facts.counts.items() if stage is not Stage.CLOSED)
    first = SectionTab(
        label=_("All open"),
        url=part.but(stage="").url(home),
        count=every,
        late=min(facts.late, LATE_COUNTED_MAX),
        current=not part.stage,
    )
    return (
        first,
        *(
            SectionTab(
                label=str(word_for(stage)),
                url=part.but(stage=stage.value).url(home),
                count=facts.counts.get(stage, 0),
                current=part.stage == stage,
            )
            for stage in Stage
        ),
    )


READY: Final = (("assignee", MINE), ("due", "late"), ("due", "today"), ("proof", "1"))
"""What the ready views set; pressed once more they let it go."""


def ready_views(part: QueueQuery, home: str) -> tuple[SavedViewLink, ...]:
    """Give the views everybody has, over one part of the queue."""
    labels = (_("Mine"), _("Late"), _("Due today"), _("Waiting for proof"))
    views = []
    for label, (name, value) in zip(labels, READY, strict=True):
        current = getattr(part, name) == value
        to = part.but(**{name: "" if current else value})
        views.append(SavedViewLink(label=label, url=to.url(home), current=current))
    return tuple(views)


def _views(part: QueueQuery, facts: QueueFacts, home: str) -> tuple[SavedViewLink, ...]:
    own = (
        SavedViewLink(
            label=view.name, url=f"{home}?{view.query}", current=view.query == part.query()
        )
        for view in facts.views
    )
    return (*ready_views(part, home), *own)


def _filters(part: QueueQuery, facts: QueueFacts, home: str) -> tuple[Fact, ...]:
    cards = []
    if part.store:
        name = dict(facts.stores).get(part.store, "—")
        cards.append(Fact(label=_("Store"), value=name, url=part.but(store="").url(home)))
    if part.assignee and part.assignee != MINE:
        cards.append(
            Fact(label=_("Assignee"), value=part.assignee, url=part.but(assignee="").url(home))
        )
    return tuple(cards)


def store_choices(part: QueueQuery, facts: QueueFacts) -> tuple[Choice, ...]:
    """List the stores to choose from; nothing where there is only one."""
    if len(facts.stores) < 2:  # noqa: PLR2004  nothing to choose from
        return ()
    return tuple(
        Choice(value=key, label=name, selected=key == part.store) for key, name in facts.stores
    )


def _empty(part: QueueQuery, home: str) -> Empty:
    if part.query():
        return Empty(
            title=_("Nothing here"),
            text=_("No request fits this part of the queue."),
            icon="filter",
            url=home,
            link=_("Show all open"),
        )
    return Empty(
        title=_("Nothing waits for you"),
        text=_(
            "Requests appear here as soon as the marketplace's cabinet is read, or when you enter one."
        ),
        icon="check",
        url=reverse("console:request_new"),
        link=_("New request"),
    )
