"""The quality gate on the page: each store's share, how many more until it breaks, and the share day by day."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qaitar.analytics.gate import Gate, GateState
from qaitar.analytics.labels import measure_word
from qaitar.analytics.periods import last_days
from qaitar.analytics.selectors import Gates, Window, gates_of
from qaitar.documents.charts import Series, lines
from qaitar.web.console.case.records import Tone
from qaitar.web.console.reports.charts import day_text, drawn
from qaitar.web.console.reports.records import Chart, Figure, GateCard, Key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qaitar.analytics.rules import FigureRules
    from qaitar.analytics.selectors import Counted
    from qaitar.orders.models import Store
    from qaitar.web.console.reports.filters import ReportRequest, ReportScope

DRAWN_DAYS: Final = 30
CARDS_MAX: Final = 24
_TONES: Final = {
    GateState.NO_DATA: Tone.NEUTRAL,
    GateState.GOOD: Tone.OK,
    GateState.NEAR: Tone.WARN,
    GateState.BROKEN: Tone.DANGER,
}


@dataclass(frozen=True, slots=True)
class GatesRead:
    """The gates' windows with the rules of each merchant."""

    gates: Gates
    rules: Mapping[UUID, FigureRules]


def gates_read(ground: ReportScope, counted: Counted) -> GatesRead:
    """Read the gates as of today; one statement."""
    rules = {pk: counted.rules_of(pk) for pk in ground.scope.merchants}
    longest = max((each.window_days for each in rules.values()), default=DRAWN_DAYS)
    windows = json.dumps({str(pk): each.window_days for pk, each in rules.items()})
    since = ground.today - timedelta(days=longest + DRAWN_DAYS)
    return GatesRead(gates_of(ground.scope, windows, since, ground.today), rules)


def gate_of(window: Window, rules: FigureRules) -> Gate:
    """Judge a window in the worst case: everything undecided counts."""
    return Gate(
        returns=window.sure + window.open,
        orders=window.orders(rules.orders_base),
        limit_permille=rules.gate_permille,
        good_permille=rules.good_permille,
    )


def gate_cards(
    report: ReportRequest, ground: ReportScope, read: GatesRead, stores: Sequence[Store]
) -> tuple[GateCard, ...]:
    """Make a card for each store that has returns or orders in its window, the worst share first."""
    names = {store.pk: store.name for store in stores}
    found = []
    for (merchant_id, store_id), window in read.gates.stores.items():
        if store_id in names:
            gate = gate_of(window, read.rules[merchant_id])
            card = _card(
                report, ground, (store_id, names[store_id]), window, gate, read.rules[merchant_id]
            )
            found.append((-(gate.percent_hundredths or 0), card))
    found.sort(key=lambda pair: (pair[0], pair[1].store))
    return tuple(card for _share, card in found[:CARDS_MAX])


def _card(
    report: ReportRequest,
    ground: ReportScope,
    store: tuple[UUID, str],
    window: Window,
    gate: Gate,
    rules: FigureRules,
) -> GateCard:
    days = last_days(ground.today, rules.window_days)
    path = reverse("console:report_list")

    def figure(name: str, count: int) -> Figure:
        within = {"period": None, "first": days.first, "last": days.last}
        url = report.url(path, store=store[0], measure=name, **within)
        return Figure(label=measure_word(name), count=count, url=url)

    return GateCard(
        store=store[1],
        tone=_TONES[gate.state],
        state=_state(gate.state),
        share=percent_text(gate.percent_hundredths),
        sentence=_sentence(gate),
        sure=figure("quality.SURE", window.sure),
        open=figure("quality.OPEN", window.open),
        orders=_orders(gate, rules),
        window=_("limit %(limit)s, %(days)d days")
        % {"limit": percent_text(rules.gate_permille * 10), "days": rules.window_days},
    )


def _state(state: GateState) -> str:
    return {
        GateState.NO_DATA: _("no orders to divide by"),
        GateState.GOOD: _("good"),
        GateState.NEAR: _("close to the limit"),
        GateState.BROKEN: _("over the limit"),
    }[state]


def _sentence(gate: Gate) -> str:
    if gate.state is GateState.NO_DATA:
        return _("Import orders: without them there is no share to watch.")
    if gate.state is GateState.BROKEN:
        mend = gate.orders_until_mended
        return ngettext(
            "%(count)d more order without such a return brings it below the limit.",
            "%(count)d more orders without such a return bring it below the limit.",
            mend,
        ) % {"count": mend}
    more = gate.more_until_broken
    return ngettext(
        "%(count)d more quality return breaks the limit.",
        "%(count)d more quality returns break the limit.",
        more,
    ) % {"count": more}


def _orders(gate: Gate, rules: FigureRules) -> str:
    count = formats.number_format(gate.orders, use_l10n=True, force_grouping=True)
    if rules.orders_base.value == "ISSUED":
        return _("of %(count)s orders handed out") % {"count": count}
    return _("of %(count)s orders placed") % {"count": count}


def percent_text(hundredths: int | None) -> str:
    """Say hundredths of a percent; no figure where there is none.

    >>> percent_text(None)
    '—'
    """
    if hundredths is None:
        return "—"
    whole, rest = divmod(hundredths, 100)
    digits = f"{rest:02d}".rstrip("0")
    mark = formats.get_format("DECIMAL_SEPARATOR")
    return f"{whole}{mark}{digits}\u00a0%" if digits else f"{whole}\u00a0%"


def gate_chart(ground: ReportScope, read: GatesRead) -> Chart | None:
    """Draw the share of all shown stores over the last days against the limit; None without one common way of counting."""
    ways = set(read.rules.values())
    if len(ways) != 1 or not read.gates.days:
        return None
    rules = next(iter(ways))
    days = [ground.today - timedelta(days=back) for back in reversed(range(DRAWN_DAYS))]
    shares = [
        gate_of(_window(read.gates.days, day, rules), rules).percent_hundredths for day in days
    ]
    if not any(share is not None for share in shares):
        return None
    limit = rules.gate_permille * 10
    title, limit_name = _("Share of quality returns, %"), _("Limit")
    drawing = lines(
        [day_text(day) for day in days],
        (Series(title, tuple(shares)), Series(limit_name, (limit,) * len(days))),
        scale=100,
    )
    return Chart(
        title=title,
        kind="gate",
        wide=drawn(drawing.wide),
        narrow=drawn(drawing.narrow),
        keys=(
            Key(place=0, label=title, total=percent_text(shares[-1])),
            Key(place=1, label=limit_name, total=percent_text(limit)),
        ),
        headings=(_("Days"), title),
        rows=tuple((day_text(day), percent_text(s)) for day, s in zip(days, shares, strict=True)),
    )


def _window(days: Mapping[date, Window], day: date, rules: FigureRules) -> Window:
    """Add up the window that ends on a day."""
    whole = Window()
    for back in range(rules.window_days):
        part = days.get(day - timedelta(days=back))
        if part is not None:
            whole.sure += part.sure
            whole.open += part.open
            whole.issued += part.issued
            whole.placed += part.placed
    return whole
