"""Makes the page of reports from figures already read.  No reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from qaitar.analytics.labels import measure_word
from qaitar.analytics.measures import CLOSED, FILED
from qaitar.analytics.periods import DEFAULT, PRESETS
from qaitar.returns.reads.counts import COUNTED_MAX
from qaitar.returns.vocabulary import Outcome, Stage
from qaitar.web.console.case.records import Choice, Empty, Fact, Tone
from qaitar.web.console.reports.charts import bars_of
from qaitar.web.console.reports.filters import ReportRequest
from qaitar.web.console.reports.gates import gate_cards, gate_chart
from qaitar.web.console.reports.matrix import matrix_of
from qaitar.web.console.reports.records import Figure, ReportPart, ReportsPage, StoreLine
from qaitar.web.console.settings.store_forms import zone_text
from qaitar.web.console.templatetags.console import span_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from qaitar.analytics.selectors import Counted, Reasons, Sums
    from qaitar.orders.models import Store
    from qaitar.returns.models import ReturnRequest
    from qaitar.web.console.reports.filters import ReportScope
    from qaitar.web.console.reports.gates import GatesRead

STORES_MAX: Final = 50
_TONES: Final = {"IN_TIME": Tone.OK, "LATE": Tone.DANGER, "SILENT": Tone.DANGER}
_ANSWER: Final = ("IN_TIME", "LATE", "SILENT", "WAITING", "UNSEEN")
_RULING: Final = ("IN_TIME", "LATE", "SILENT", "UNSEEN")
_PACE: Final = ("DAY", "THREE", "WEEK", "FORTNIGHT", "LONGER")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Everything the page is made of."""

    report: ReportRequest
    ground: ReportScope
    counted: Counted
    stores: Sequence[Store]
    sums: Sums
    reasons: Reasons
    samples: Mapping[UUID, ReturnRequest]
    stages: Mapping[Stage, int]
    due: tuple[int, int]
    gates: GatesRead
    manages: bool


def reports_page(read: Read) -> ReportsPage:
    """Make the whole page."""
    period, before = read.ground.period, read.ground.period.before()
    counted = read.counted.at is not None or read.counted.anew
    return ReportsPage(
        url=reverse("console:reports"),
        periods=_periods(read.report),
        first=period.first,
        last=period.last,
        days=period.days,
        before_first=before.first,
        before_last=before.last,
        zone=zone_text(read.ground.zone_name),
        merchants=_merchants(read),
        stores=_stores(read),
        counted_at=read.counted.at,
        anew=read.counted.anew,
        walked=read.counted.walked,
        parts=(_now(read), _answers(read), _rulings(read), _pace(read)),
        matrix=matrix_of(read.report, read.reasons, read.samples),
        gates=gate_cards(read.report, read.ground, read.gates, read.stores),
        gate_chart=gate_chart(read.ground, read.gates),
        store_headings=tuple(measure_word(name) for name in _STORE_MEASURES),
        store_lines=_store_lines(read),
        rules_url=reverse("console:report_rules") if read.manages else "",
        empty=None if counted else _not_counted(),
    )


def _not_counted() -> Empty:
    return Empty(
        title=_("Figures appear within a minute"),
        text=_(
            "The program counts every request in the background, the past ones too. "
            "When requests come in, their figures are here a minute later."
        ),
        icon="clock",
        url=reverse("console:request_new"),
        link=_("Enter a request"),
    )


# --- what is asked ----------------------------------------------------------------------------------


def _periods(report: ReportRequest) -> tuple[Choice, ...]:
    words = {
        "today": _("Today"),
        "7": _("7 days"),
        "30": _("30 days"),
        "90": _("90 days"),
        "month": _("This month"),
    }
    own = report.first is not None or report.last is not None
    chosen = "" if own else report.period or DEFAULT
    path = reverse("console:reports")
    return tuple(
        Choice(
            value=report.url(path, period=name, first=None, last=None),
            label=words[name],
            selected=name == chosen,
        )
        for name in PRESETS
    )


def _merchants(read: Read) -> tuple[Choice, ...]:
    names, report = read.ground.names, read.report
    if len(names) < 2:  # noqa: PLR2004  nothing to choose from
        return ()
    every = Choice(value="", label=_("all merchants"), selected=report.merchant is None)
    return (
        every,
        *(
            Choice(value=str(pk), label=n, selected=pk == report.merchant)
            for pk, n in names.items()
        ),
    )


def _stores(read: Read) -> tuple[Choice, ...]:
    ours = [store for store in read.stores if store.merchant_id in read.ground.scope.merchants]
    if len(ours) < 2 and read.report.store is None:  # noqa: PLR2004  nothing to choose from
        return ()
    every = Choice(value="", label=_("all stores"), selected=read.report.store is None)
    return (
        every,
        *(
            Choice(value=str(store.pk), label=store.name, selected=store.pk == read.report.store)
            for store in ours
        ),
    )


# --- the parts --------------------------------------------------------------------------------------


def _now(read: Read) -> ReportPart:
    """Say what waits at this moment and for whom; these open the queue itself."""
    late, due = read.due
    queue = reverse("console:queue")
    wanted = ReportRequest(merchant=read.report.merchant, store=read.report.store)

    def figure(label: str, count: int, tone: Tone = Tone.NEUTRAL, **part: object) -> Figure:
        number = min(count, COUNTED_MAX)
        url = wanted.url(queue, **part)
        return Figure(label=label, count=number, url=url, tone=tone, more=count > COUNTED_MAX)

    stages = tuple(
        figure(label, read.stages[stage], stage=stage.value) for stage, label in _waits()
    )
    return ReportPart(
        name="now",
        title=_("Now"),
        note=_("At this moment, whatever the period."),
        figures=(
            figure(_("Late"), late, Tone.DANGER if late else Tone.NEUTRAL, due="late"),
            figure(_("Due by the end of today, late ones among them"), due, due="today"),
            *stages,
        ),
    )


def _waits() -> tuple[tuple[Stage, str], ...]:
    return (
        (Stage.NEW, _("Wait for us: new")),
        (Stage.ARRIVED, _("Wait for us: goods arrived, decide")),
        (Stage.WAITING_APPROVAL, _("Wait for a senior")),
        (Stage.WAITING_CUSTOMER, _("Wait for the customer or the call centre")),
        (Stage.IN_DELIVERY, _("Wait for the carrier")),
        (Stage.REFUND_GRANTED, _("Wait for the marketplace to refund")),
        (Stage.DISPUTED, _("In dispute")),
        (Stage.REFUSED, _("Refused; the customer may come back")),
    )


def measure_figure(read: Read, name: str, whole: int = 0) -> Figure:
    """Make the number of a measure: its list, its share of a whole, the same of the period before."""
    path, before = reverse("console:report_list"), read.ground.period.before()
    count = read.sums.now[name].count
    return Figure(
        label=measure_word(name),
        count=count,
        url=read.report.url(path, measure=name),
        share=share_text(count, whole) if whole else "",
        before=read.sums.before[name].count,
        before_url=read.report.url(
            path, measure=name, period=None, first=before.first, last=before.last
        ),
        tone=_TONES.get(name.partition(".")[2], Tone.NEUTRAL) if count else Tone.NEUTRAL,
    )


def share_text(count: int, whole: int) -> str:
    r"""Say a share in whole percents, rounded to the nearest; the space does not break.

    >>> share_text(1, 3), share_text(0, 5)
    ('33\xa0%', '0\xa0%')
    """
    return f"{(200 * count + whole) // (2 * whole)}\u00a0%"


def _answers(read: Read) -> ReportPart:
    names = [f"answer.{value}" for value in _ANSWER]
    now, hours = read.sums.now, _hours(read)
    judged = sum(now[f"answer.{v}"].count for v in ("IN_TIME", "LATE", "SILENT"))
    answered = sum(now[f"answer.{v}"].count for v in ("IN_TIME", "LATE"))
    seconds = sum(now[f"answer.{v}"].seconds for v in ("IN_TIME", "LATE"))
    figures = [measure_figure(read, FILED)]
    figures += [measure_figure(read, n, judged if n in names[:3] else 0) for n in names]
    return ReportPart(
        name="answer",
        title=_("Response"),
        note=_(
            "By the day of filing. In time: the first reaction within %(hours)s hours of the clock from filing. "
            "A reaction is asking the customer, sending for approval, taking for inspection, refusing."
        )
        % {"hours": hours},
        figures=tuple(_some(figures)),
        facts=_average(_("Average time to the first reaction"), seconds, answered),
        chart=bars_of("answer", _("Response by day"), names[:4], read.ground, read.sums),
        empty="" if now[FILED].count else _("No request was filed in this period."),
    )


def _hours(read: Read) -> str:
    ours = {read.counted.rules_of(pk).answer_hours for pk in read.ground.scope.merchants}
    return ", ".join(str(each) for each in sorted(ours))


def _average(label: str, seconds: int, count: int) -> tuple[Fact, ...]:
    return (Fact(label=label, value=span_text(seconds // count)),) if count else ()


def _some(figures: Sequence[Figure]) -> Sequence[Figure]:
    """Leave out numbers about what never happens here: nothing now and nothing before."""
    visible = [f for f in figures if f.count or f.before]
    return visible or figures[:1]


def _rulings(read: Read) -> ReportPart:
    figures: list[Figure] = []
    for column in ("taking", "final"):
        names = [f"{column}.{value}" for value in _RULING]
        whole = sum(read.sums.now[name].count for name in names[:3])
        found = [measure_figure(read, n, whole if n in names[:3] else 0) for n in names]
        figures += [f for f in found if f.count or f.before]
    names = [
        f"{column}.{v}" for v in ("IN_TIME", "LATE", "SILENT") for column in ("taking", "final")
    ]
    return ReportPart(
        name="ruling",
        title=_("Decisions and their dates"),
        note=_(
            "By the day of the decision. Each request may be decided twice: take it or refuse it, and, when the goods came, "
            "refund or refuse. By silence: the date passed and the marketplace acted by itself."
        ),
        figures=tuple(figures),
        chart=bars_of("ruling", _("Decisions by day"), names, read.ground, read.sums),
        empty="" if figures else _("Nothing was decided in this period."),
    )


def _pace(read: Read) -> ReportPart:
    closed = read.sums.now[CLOSED]
    names = [f"pace.{value}" for value in _PACE]
    outcomes = [f"outcome.{value.value}" for value in Outcome if value.value]
    paces = [measure_figure(read, name, closed.count) for name in names]
    ends = [measure_figure(read, name, closed.count) for name in outcomes]
    return ReportPart(
        name="pace",
        title=_("Processing time"),
        note=_("By the day of closing, from filing to closed."),
        figures=(
            measure_figure(read, CLOSED),
            *(figure for figure in (*paces, *ends) if figure.count or figure.before),
        ),
        facts=_average(_("Average processing time"), closed.seconds, closed.count),
        chart=bars_of("pace", _("Closed by day"), names, read.ground, read.sums),
        empty="" if closed.count else _("No request was closed in this period."),
    )


# --- by store ---------------------------------------------------------------------------------------

_STORE_MEASURES: Final = (
    FILED,
    "answer.IN_TIME",
    "answer.LATE",
    "answer.SILENT",
    "taking.SILENT",
    "final.SILENT",
    CLOSED,
    "quality.SURE",
)


def _store_lines(read: Read) -> tuple[StoreLine, ...]:
    """Put the stores side by side, the busiest first; one alone has nothing beside it."""
    names = {store.pk: store for store in read.stores}
    known = [pk for pk in read.sums.stores if pk in names]
    if len(known) < 2:  # noqa: PLR2004  nothing to compare
        return ()
    known.sort(key=lambda pk: (-read.sums.stores[pk][FILED], names[pk].name))
    return tuple(_store_line(read, names[pk]) for pk in known[:STORES_MAX])


def _store_line(read: Read, store: Store) -> StoreLine:
    counts, path = read.sums.stores[store.pk], reverse("console:report_list")
    merchant = read.ground.names.get(store.merchant_id, "")
    name = f"{merchant} · {store.name}" if len(read.ground.scope.merchants) > 1 else store.name
    return StoreLine(
        store=name,
        url=read.report.url(reverse("console:reports"), store=store.pk),
        figures=tuple(
            Figure(
                label=measure_word(each),
                count=counts[each],
                url=read.report.url(path, store=store.pk, measure=each),
            )
            for each in _STORE_MEASURES
        ),
    )
