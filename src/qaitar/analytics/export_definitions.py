"""Every list that can be taken away as a file: its title, its columns, its lines, read page by page.

What a list shows is said in plain texts (`wanted`), so that a job can make later what was asked for now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.utils.translation import gettext as _

from qaitar.analytics.labels import measure_word
from qaitar.analytics.listing import DayPlace, DrilldownQuery, figure_slice, figure_sum
from qaitar.analytics.measures import MEASURES
from qaitar.analytics.periods import Period
from qaitar.analytics.selectors import Scope
from qaitar.documents.tables import CellKind, Column
from qaitar.foundation.journal.personal_values import lines_open
from qaitar.foundation.models import JournalEntry
from qaitar.foundation.records.search import find_subjects
from qaitar.kernel.phones import phone_masked
from qaitar.kernel.zones import ALMATY, zone
from qaitar.returns.reads.approvals import approvals_waiting
from qaitar.returns.reads.finders import requests_by_id
from qaitar.returns.reads.queue import QueueFilter, QueuePlace, queue_count, queue_slice
from qaitar.returns.reads.register import (
    RegisterFilter,
    register_cells,
    register_columns,
    register_rows,
    register_sum,
)
from qaitar.returns.texts.sentences import journal_act_label
from qaitar.returns.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    Walls = Callable[[], AbstractContextManager[None]]
    Noted = Callable[[int], object]

PAGE: Final = 500
FOUND_MAX: Final = 1_000  # a search that finds more is narrowed, not taken away


class ListKind(StrEnum):
    """Which list."""

    REGISTER = "register"
    QUEUE = "queue"
    SEARCH = "search"
    APPROVALS = "approvals"
    FIGURE = "figure"
    JOURNAL = "journal"


@dataclass(frozen=True, slots=True)
class ListExportRequest:
    """A list as it was asked for: which one, what of it, behind whose walls."""

    kind: ListKind
    wanted: Mapping[str, str]
    merchants: tuple[UUID, ...]

    @property
    def masked(self) -> frozenset[UUID]:
        """Name the merchants whose customers' phones are masked in this file."""
        return frozenset(UUID(each) for each in self.wanted.get("masked", "").split())

    def title(self) -> str:
        """Name the list as people would name its file, in the active language."""
        query = self.wanted
        match self.kind:
            case ListKind.REGISTER:
                return _("Returns Kazakhstan")
            case ListKind.QUEUE:
                return _("Queue")
            case ListKind.SEARCH:
                return _("Found for “%(query)s”") % {"query": query["q"][:60]}
            case ListKind.APPROVALS:
                return _("Approvals")
            case ListKind.FIGURE:
                return f"{measure_word(query['measure'])} {query['first']} – {query['last']}"
            case ListKind.JOURNAL:
                return _("Journal of %(number)s") % {"number": query["number"]}

    def columns(self) -> list[Column]:
        """Give the columns, headed in the active language."""
        if self.kind is ListKind.JOURNAL:
            return _journal_columns()
        if self.kind is ListKind.FIGURE:
            return [
                Column(_("Day"), CellKind.DATE),
                Column(_("Took, minutes"), CellKind.INTEGER),
                *register_columns(),
            ]
        return register_columns()

    def count(self, most: int) -> int:
        """Count the lines, up to `most`."""
        match self.kind:
            case ListKind.REGISTER:
                summed = register_sum(self.merchants, RegisterFilter.read(self.wanted), most)
                return summed.count
            case ListKind.QUEUE:
                return queue_count(self.merchants, queue_from_query(self.wanted), most)
            case ListKind.SEARCH:
                return len(self._found())
            case ListKind.APPROVALS:
                return len(approvals_waiting(self.merchants, FOUND_MAX))
            case ListKind.FIGURE:
                return min(most, figure_sum(drilldown_from_query(self.merchants, self.wanted)))
            case ListKind.JOURNAL:
                return JournalEntry.objects.filter(subject_id=UUID(self.wanted["id"])).count()

    def rows(self, walls: Walls, noted: Noted = int) -> Iterator[Sequence[object]]:
        """Yield the lines; each page is read inside `walls()`, and `noted` hears how many were read so far."""
        match self.kind:
            case ListKind.REGISTER:
                wanted = RegisterFilter.read(self.wanted)
                return register_rows(self.merchants, wanted, walls, noted, self.masked)
            case ListKind.QUEUE:
                return self._queue_rows(walls, noted)
            case ListKind.FIGURE:
                return self._figure_rows(walls, noted)
            case ListKind.JOURNAL:
                return self._journal_rows(walls, noted)
            case ListKind.SEARCH:
                return self._rows_of(self._found, walls, noted)
            case ListKind.APPROVALS:
                return self._rows_of(
                    lambda: approvals_waiting(self.merchants, FOUND_MAX), walls, noted
                )

    def _found(self) -> list[UUID]:
        return list(find_subjects(self.merchants, self.wanted["q"], FOUND_MAX))

    def _rows_of(
        self, ids_of: Callable[[], list[UUID]], walls: Walls, noted: Noted
    ) -> Iterator[list[object]]:
        with walls():
            ids = ids_of()
            found = requests_by_id(ids)
        noted(len(found))
        yield from (register_cells(found[pk], self.masked) for pk in ids if pk in found)

    def _queue_rows(self, walls: Walls, noted: Noted) -> Iterator[list[object]]:
        wanted, done = queue_from_query(self.wanted), 0
        while True:
            with walls():
                page = queue_slice(self.merchants, wanted, limit=PAGE)
            yield from (register_cells(case.request, self.masked) for case in page.cases)
            done += len(page.cases)
            noted(done)
            if page.next is None:
                return
            wanted = queue_from_query(self.wanted, after=page.next)

    def _figure_rows(self, walls: Walls, noted: Noted) -> Iterator[list[object]]:
        drilldown, done = drilldown_from_query(self.merchants, self.wanted), 0
        after: DayPlace | None = None
        column = drilldown.measure.name.partition(".")[0]
        while True:
            with walls():
                page = figure_slice(drilldown, after, limit=PAGE)
                found = requests_by_id([line.id for line in page.lines])
            for line in page.lines:
                took = {"answer": line.answer_s}.get(column, line.closed_s)
                minutes = took // 60 if took is not None and column in _TIMED else None
                if line.id in found:
                    yield [line.day, minutes, *register_cells(found[line.id], self.masked)]
            done += len(page.lines)
            noted(done)
            after = page.next
            if after is None:
                return

    def _journal_rows(self, walls: Walls, noted: Noted) -> Iterator[list[object]]:
        done = 0
        while True:
            with walls():
                lines = JournalEntry.objects.filter(
                    subject_id=UUID(self.wanted["id"]), seq__gt=done
                )
                page = list(lines.order_by("seq")[:PAGE])
                lines_open(page)
            yield from (_journal_cells(entry, self.masked) for entry in page)
            if page:
                done = page[-1].seq
                noted(done)
            if len(page) < PAGE:
                return


_TIMED: Final = frozenset({"answer", "closed", "pace", "outcome"})


# --- what is wanted, as plain texts -----------------------------------------------------------------


def queue_to_query(wanted: QueueFilter) -> dict[str, str]:
    """Write a part of the queue as plain texts."""
    query = {
        "stage": wanted.stage.value if wanted.stage else None,
        "store": wanted.store_id,
        "assignee": wanted.assignee_id,
        "proof": "1" if wanted.waiting_for_proof else None,
        "before": wanted.due_before.isoformat() if wanted.due_before else None,
    }
    return {name: str(value) for name, value in query.items() if value is not None}


def queue_from_query(query: Mapping[str, str], after: QueuePlace | None = None) -> QueueFilter:
    """Read back what `queue_to_query` wrote, from a place on.

    >>> queue_from_query(queue_to_query(QueueFilter(stage=Stage.NEW, assignee_id=5))).assignee_id
    5
    """
    return QueueFilter(
        stage=Stage(query["stage"]) if "stage" in query else None,
        store_id=UUID(query["store"]) if "store" in query else None,
        assignee_id=int(query["assignee"]) if "assignee" in query else None,
        waiting_for_proof="proof" in query,
        due_before=datetime.fromisoformat(query["before"]) if "before" in query else None,
        after=after,
    )


def drilldown_to_query(drilldown: DrilldownQuery) -> dict[str, str]:
    """Write the list behind a figure as plain texts."""
    query = {
        "measure": drilldown.measure.name,
        "first": drilldown.period.first,
        "last": drilldown.period.last,
        "store": drilldown.scope.store_id,
        "product": drilldown.product,
        "reason": drilldown.reason,
    }
    return {name: str(value) for name, value in query.items() if value is not None}


def drilldown_from_query(merchants: tuple[UUID, ...], query: Mapping[str, str]) -> DrilldownQuery:
    """Read back what `drilldown_to_query` wrote."""
    return DrilldownQuery(
        scope=Scope(merchants, UUID(query["store"]) if "store" in query else None),
        measure=MEASURES[query["measure"]],
        period=Period(date.fromisoformat(query["first"]), date.fromisoformat(query["last"])),
        product=query.get("product"),
        reason=query.get("reason"),
    )


# --- the journal of a case --------------------------------------------------------------------------


def _journal_columns() -> list[Column]:
    return [
        Column(_("No."), CellKind.INTEGER),
        Column(_("When"), CellKind.MOMENT, zone=zone(ALMATY)),
        Column(_("Who")),
        Column(_("Role")),
        Column(_("Channel")),
        Column(_("What happened")),
        Column(_("Code")),
        Column(_("Before")),
        Column(_("After")),
        Column(_("Why")),
        Column(_("Digest")),
    ]


def _journal_cells(entry: JournalEntry, masked: frozenset[UUID]) -> list[object]:
    before, after = entry.before, entry.after
    if entry.merchant_id in masked:
        before, after = phone_masked(before), phone_masked(after)
    return [
        entry.seq,
        entry.at,
        entry.actor_name,
        entry.actor_role,
        entry.channel,
        journal_act_label(entry.act),
        entry.act,
        _values_text(before),
        _values_text(after),
        entry.why,
        bytes(entry.hash).hex(),
    ]


def _values_text(values: Mapping[str, object]) -> str:
    return "; ".join(f"{name}: {'' if value is None else value}" for name, value in values.items())
