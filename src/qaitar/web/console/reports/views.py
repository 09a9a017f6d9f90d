"""Reports: the figures of a period, the list behind each, and how they are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.views.decorators.http import require_GET

from qaitar.analytics.export_definitions import ListKind
from qaitar.analytics.listing import DayPlace, figure_slice, figure_sum
from qaitar.analytics.selectors import counted_of, reasons_of, sums_of
from qaitar.orders.services.stores import stores_of
from qaitar.returns.reads.counts import due_counts
from qaitar.returns.reads.finders import requests_by_id
from qaitar.returns.reads.queue import stage_counts
from qaitar.web.console.frame.answers import is_partial
from qaitar.web.console.frame.auth import MANAGERS, PageRequest, screen
from qaitar.web.console.lists.views import ways_out
from qaitar.web.console.queue.filters import QueueQuery as RequestedQueue
from qaitar.web.console.queue.filters import wanted
from qaitar.web.console.reports.drilldown import drilldown_page, drilldown_query
from qaitar.web.console.reports.drilldown_query import requested_drilldown
from qaitar.web.console.reports.filters import ground_of, requested_report
from qaitar.web.console.reports.gates import gates_read
from qaitar.web.console.reports.present import Read, reports_page

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_GET
@screen()
def reports(visit: PageRequest) -> HttpResponse:
    """Show every report of a period, each number a way to its list."""
    report = requested_report(visit.request.GET)
    ground = ground_of(report, visit.who.merchants, visit.now)
    scope = ground.scope
    counted = counted_of(scope.merchants)
    reasons = reasons_of(scope, ground.period)
    samples = [cell.sample_id for cell in reasons.cells.values()]
    samples += reasons.reason_samples.values()
    until = wanted(RequestedQueue(due="today"), visit.who, visit.now).due_before
    assert until is not None, "today has an end"
    read = Read(
        report=report,
        ground=ground,
        counted=counted,
        stores=stores_of(visit.who.merchants),
        sums=sums_of(scope, ground.period),
        reasons=reasons,
        samples=requests_by_id(samples),
        stages=stage_counts(scope.merchants, scope.store_id),
        due=due_counts(scope.merchants, scope.store_id, visit.now, until),
        gates=gates_read(ground, counted),
        manages=visit.who.may(MANAGERS),
    )
    return render(visit.request, "console/reports/reports.html", {"page": reports_page(read)})


@require_GET
@screen()
def report_list(visit: PageRequest) -> HttpResponse:
    """Show the requests behind one figure; a page asked for by key alone comes as bare rows."""
    report = requested_report(visit.request.GET)
    ground = ground_of(report, visit.who.merchants, visit.now)
    drilldown = requested_drilldown(visit.request.GET, ground)
    part = figure_slice(drilldown, DayPlace.read(visit.request.GET.get("after", "")))
    found = requests_by_id([line.id for line in part.lines])
    ways = ways_out(ListKind.FIGURE, drilldown_query(report, drilldown))
    page = drilldown_page(report, drilldown, part, found, figure_sum(drilldown), ways)
    if is_partial(visit.request) and visit.request.GET.get("after"):
        rows: dict[str, Any] = {"rows": page.rows, "more_url": page.more_url}
        return render(visit.request, "console/reports/partials/report_rows.html", rows)
    return render(visit.request, "console/reports/report_list.html", {"page": page})
