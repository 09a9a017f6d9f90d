"""Makes the list behind a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from qaitar.analytics.labels import measure_word
from qaitar.returns.vocabulary import Quality, Stage
from qaitar.web.console.case.records import Empty, Fact
from qaitar.web.console.queue.row import amount_of
from qaitar.web.console.reports.records import DrilldownPage, DrilldownRow
from qaitar.web.console.templatetags.console import span_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from qaitar.analytics.listing import DrilldownQuery, FigureLine, FigureSlice
    from qaitar.returns.models import ReturnRequest
    from qaitar.web.console.reports.filters import ReportRequest


def drilldown_page(
    report: ReportRequest,
    drilldown: DrilldownQuery,
    part: FigureSlice,
    found: Mapping[UUID, ReturnRequest],
    count: int,
    ways: tuple[Fact, ...],
) -> DrilldownPage:
    """Make one page of the list with the figure it is behind."""
    rows = tuple(
        _row(line, found[line.id], drilldown.measure.name)
        for line in part.lines
        if line.id in found
    )
    return DrilldownPage(
        title=measure_word(drilldown.measure.name),
        first=drilldown.period.first,
        last=drilldown.period.last,
        count=count,
        facts=_narrowed(drilldown, found),
        rows=rows,
        back_url=report.url(reverse("console:reports")),
        more_url=drilldown_url(report, drilldown, "report_list", after=part.next.text())
        if part.next
        else "",
        exports=ways if rows else (),
        empty=None if rows else _empty(report),
    )


def drilldown_query(report: ReportRequest, drilldown: DrilldownQuery) -> str:
    """Write the query that asks for the same list."""
    return drilldown_url(report, drilldown, "report_list").partition("?")[2]


def drilldown_url(report: ReportRequest, drilldown: DrilldownQuery, name: str, **more: str) -> str:
    """Write an address about the same list."""
    narrowed = {
        key: value
        for key, value in (("product", drilldown.product), ("reason", drilldown.reason))
        if value is not None
    }
    path = reverse(f"console:{name}")
    return report.url(path, measure=drilldown.measure.name, **narrowed, **more)


def _row(line: FigureLine, request: ReturnRequest, measure: str) -> DrilldownRow:
    seconds = line.closed_s if measure.startswith(("closed", "pace", "outcome")) else None
    seconds = line.answer_s if measure.startswith("answer") else seconds
    return DrilldownRow(
        number=request.number,
        url=reverse("console:case", args=[request.pk]),
        day=line.day,
        took=span_text(seconds) if seconds is not None else "",
        product=request.product_name,
        reason=request.reason_text or request.reason_code,
        quality=Quality(request.quality),
        stage=Stage(request.stage),
        store=request.store_name,
        amount=amount_of(request),
    )


def _narrowed(drilldown: DrilldownQuery, found: Mapping[UUID, ReturnRequest]) -> tuple[Fact, ...]:
    sample = next(iter(found.values()), None)
    facts = []
    if drilldown.product is not None:
        name = (sample.product_name if sample else "") or drilldown.product or _("Product not told")
        facts.append(Fact(label=_("Product"), value=name))
    if drilldown.reason is not None:
        name = (sample.reason_text if sample else "") or drilldown.reason or _("Reason not told")
        facts.append(Fact(label=_("Reason"), value=name))
    return tuple(facts)


def _empty(report: ReportRequest) -> Empty:
    return Empty(
        title=_("Nothing stands behind this figure"),
        text=_("In this period the figure is 0."),
        icon="table",
        url=report.url(reverse("console:reports")),
        link=_("Back to the reports"),
    )
