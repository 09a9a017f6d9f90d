"""Reads which list behind a figure an address asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.analytics.listing import DrilldownQuery, measure_named
from qaitar.analytics.measures import FILED
from qaitar.web.console.frame.auth import found_or_404
from qaitar.web.console.reports.filters import key_read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qaitar.web.console.reports.filters import ReportScope


def requested_drilldown(query: Mapping[str, str], ground: ReportScope) -> DrilldownQuery:
    """Read it; a measure nobody knows is a page nobody has (404)."""
    measure = found_or_404(measure_named(query.get("measure", FILED)))
    narrowed = measure.name == FILED
    return DrilldownQuery(
        scope=ground.scope,
        measure=measure,
        period=ground.period,
        product=key_read(query, "product") if narrowed else None,
        reason=key_read(query, "reason") if narrowed else None,
    )
