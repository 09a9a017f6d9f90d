"""Turns days of figures into a chart with its legend and its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from qaitar.analytics.labels import measure_word
from qaitar.documents.charts import Series, stacked_bars
from qaitar.web.console.labels.days import written
from qaitar.web.console.reports.records import Chart, Key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from django.utils.safestring import SafeString

    from qaitar.analytics.periods import Period
    from qaitar.analytics.selectors import Sums
    from qaitar.web.console.reports.filters import ReportScope


def bars_of(
    kind: str, title: str, measures: Sequence[str], ground: ReportScope, sums: Sums
) -> Chart | None:
    """Draw measures of a period as stacked bars, days or weeks; None where there is nothing to draw."""
    steps = ground.period.steps()
    rows = [[_in(step, name, sums) for name in measures] for step in steps]
    drawn_lines = [at for at, _name in enumerate(measures) if any(row[at] for row in rows)]
    if not drawn_lines or len(steps) < 2:  # noqa: PLR2004  one bar says nothing
        return None
    names = [measure_word(name) for name in measures]
    # series keep their places, so that a colour means the same on every page
    series = [
        Series(names[at], tuple(row[at] for row in rows)) for at, _name in enumerate(measures)
    ]
    labels = [day_text(step.first) for step in steps]
    drawing = stacked_bars(labels, series)
    return Chart(
        title=title,
        kind=kind,
        wide=drawn(drawing.wide),
        narrow=drawn(drawing.narrow),
        keys=tuple(
            Key(place=at, label=names[at], total=str(sum(row[at] for row in rows)))
            for at in drawn_lines
        ),
        headings=(_("Days"), *(names[at] for at in drawn_lines)),
        rows=tuple(
            (period_text(step), *(str(row[at]) for at in drawn_lines))
            for step, row in zip(steps, rows, strict=True)
        ),
    )


def _in(step: Period, measure: str, sums: Sums) -> int:
    days = range(step.first.toordinal(), step.last.toordinal() + 1)
    return sum(sums.days.get((step.first.fromordinal(day), measure), 0) for day in days)


def drawn(svg: str) -> SafeString:
    """Let a drawing of ours stand in a page as it is: `documents/charts.py` leaves shapes, classes and escaped texts only."""
    return mark_safe(svg)  # noqa: S308  made by lxml, not by people


def day_text(day: date) -> str:
    """Say a day shortly, in the reader's language."""
    return written(day, "j M")


def period_text(step: Period) -> str:
    """Say the days of a bar."""
    if step.days == 1:
        return day_text(step.first)
    return f"{day_text(step.first)} – {day_text(step.last)}"
