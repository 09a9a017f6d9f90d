"""Makes what the office pages show out of rows: register lines, connections and their health, public holidays in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from qaitar.foundation.connections.systems import CHECK_LOST_AFTER, State, registry
from qaitar.foundation.models import EffectState
from qaitar.kernel.public_holidays import ESTIMATED, SHIFTED
from qaitar.kernel.zones import ALMATY, local_date, zone
from qaitar.returns.reads.register import decided_on
from qaitar.returns.vocabulary import Quality, Stage
from qaitar.web.console.case.records import Tone
from qaitar.web.console.outside.translation import translate_note
from qaitar.web.console.queue.row import amount_of
from qaitar.web.console.settings.records import (
    CheckStep,
    ConnectionCheck,
    ConnectionRow,
    RegisterRowView,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.connections.systems import Connector
    from qaitar.foundation.models import Connection
    from qaitar.returns.models import ReturnRequest
    from qaitar.returns.reads.register import SheetLine

_SHEET: Final[Mapping[str, tuple[Tone, str]]] = {
    EffectState.PLANNED: (Tone.WARN, _("waiting")),
    EffectState.SENDING: (Tone.WARN, _("being written")),
    EffectState.UNKNOWN: (Tone.WARN, _("not sure yet")),
    EffectState.DONE: (Tone.OK, _("written")),
    EffectState.BY_HAND: (Tone.OK, _("by hand")),
    EffectState.REFUSED: (Tone.DANGER, _("refused")),
    EffectState.MISCONFIGURED: (Tone.DANGER, _("a setting is wrong")),
    EffectState.NOT_CONNECTED: (Tone.NEUTRAL, _("no sheet")),
    EffectState.CANCELLED: (Tone.NEUTRAL, _("not wanted")),
}


def register_row(request: ReturnRequest, sheet: SheetLine | None) -> RegisterRowView:
    """Make a line of the register."""
    tone, word = _SHEET[sheet.state] if sheet else (Tone.NEUTRAL, _("not yet"))
    return RegisterRowView(
        number=request.number,
        url=reverse("console:case", args=[request.pk]),
        attempt=request.attempt,
        filed_on=local_date(request.filed_at, zone(ALMATY)),
        order=request.order_code,
        product=request.product_name,
        customer=request.customer_name,
        reason=request.reason_text or request.reason_code,
        quality=Quality(request.quality),
        stage=Stage(request.stage),
        amount=amount_of(request),
        store=request.store_name,
        decided_on=decided_on(request),
        sheet_state=tone,
        sheet_detail=_now(word),
    )


# --- connections ------------------------------------------------------------------------------------

_HEALTH: Final[Mapping[str, tuple[Tone, str]]] = {
    State.UNTESTED: (Tone.NEUTRAL, _("Saved, not checked yet.")),
    State.HEALTHY: (Tone.OK, _("Works.")),
    State.MISCONFIGURED: (Tone.DANGER, _("A setting is wrong.")),
    State.REFUSED: (Tone.DANGER, _("The other side refused.")),
    State.BUSY: (
        Tone.WARN,
        _("The other side is busy or out of reach; it is tried again by itself."),
    ),
    State.UNKNOWN: (Tone.WARN, _("No clear answer came back.")),
}
_ADVICE: Final[Mapping[str, str]] = {
    State.MISCONFIGURED: _("Correct what is named above, save, and check again."),
    State.REFUSED: _("Ask whoever runs the other side for the right, then check again."),
    State.BUSY: _("Nothing to change yet. If it lasts, look at the address and the way there."),
    State.UNKNOWN: _(
        "Check again in a minute. If it lasts, look at the address and the way there."
    ),
}
KINDS: Final[Mapping[str, str]] = {
    "marketplace.orders": _("marketplace, orders"),
    "marketplace.returns": _("marketplace, returns"),
    "helpdesk": _("helpdesk"),
    "register": _("register"),
    "erp": _("ERP"),
}
_WHERE: Final[Mapping[str, tuple[str, ...]]] = {
    "kaspi_shop": (
        _("Sign in to the cabinet as the head of the company."),
        _("Open Settings, then API token, and make a token."),
        _("Paste it here. It is checked at once and never shown again."),
    ),
    "kaspi_cabinet_session": (
        _("Use this only if the seller agrees to give their own session."),
        _(
            "The companion in the browser or a saved file does the same without any cookie on the server."
        ),
    ),
    "usedesk": (
        _("In Usedesk open Settings, then API, and copy the token of the company."),
        _("Numbers of the channel, group and assignee stand in the address bar of their pages."),
    ),
    "google_sheets": (
        _("In Google Cloud make a service account and a JSON key for it."),
        _("Share the sheet with the service account's e-mail as an editor."),
        _("The id of the sheet stands in its address between /d/ and /edit."),
    ),
    "onec": (
        _("Ask the 1C administrator to publish the base with the OData interface."),
        _("Make a 1C user with rights on returns, orders and attached files only."),
        _("The address ends in /odata/standard.odata or names the publication."),
    ),
}


def where_to_find(system: str) -> tuple[str, ...]:
    """Tell in steps where the key of a system is found."""
    return tuple(_now(step) for step in _WHERE.get(system, ()))


def kind_of(known: Connector) -> str:
    """Say what a system is for."""
    return ", ".join(_now(KINDS[each]) if each in KINDS else each for each in known.contracts)


def connection_row(row: Connection, waiting: int = 0, now: datetime | None = None) -> ConnectionRow:
    """Show a saved connection with what the last check said."""
    known = registry().get(row.system)
    tone, sentence = _HEALTH[row.health]
    if not row.enabled:
        tone, sentence = Tone.NEUTRAL, _("Switched off. What needs it waits for people.")
    if now is not None and is_checking(row, now):
        tone, sentence = Tone.NEUTRAL, _("Being checked now.")
    return ConnectionRow(
        name=row.name,
        kind=kind_of(known) if known else row.system,
        url=reverse("console:connection", args=[row.pk]),
        health=tone,
        sentence=_now(sentence),
        advice="" if tone is Tone.NEUTRAL else translate_note(row.health_detail),
        checked_at=row.health_at,
        check_url=reverse("console:connection_check", args=[row.pk]) if row.enabled else "",
        state_url=reverse("console:connection_state", args=[row.pk]),
        waiting=waiting,
        checking=now is not None and is_checking(row, now),
    )


def is_checking(row: Connection, now: datetime) -> bool:
    """Tell whether a check was ordered and may still come to an end."""
    return row.checking_since is not None and now - row.checking_since < CHECK_LOST_AFTER


def connection_offer(
    system: str, known: Connector, merchant_id: UUID, store_id: UUID | None
) -> ConnectionRow:
    """Show a system nobody has joined yet, with the way to its form."""
    address = reverse("console:connection_new", args=[merchant_id, system])
    return ConnectionRow(
        name=str(known.label),
        kind=kind_of(known),
        url=f"{address}?store={store_id}" if store_id else address,
        health=Tone.NEUTRAL,
        sentence=_now("Not set up."),
    )


def check_of(row: Connection, now: datetime) -> ConnectionCheck | None:
    """Show the check under way, or else the last one; None before the first."""
    if is_checking(row, now):
        return ConnectionCheck(
            tone=Tone.NEUTRAL, sentence=_now("Being checked now."), steps=(), checking=True
        )
    if row.checking_since is not None:
        return ConnectionCheck(
            tone=Tone.WARN,
            sentence=_now("The check has not come to an end."),
            steps=(),
            advice=_now("Is the worker running? `qaitar doctor` tells. Then check again."),
        )
    if row.health_at is None:
        return None
    tone, sentence = _HEALTH[row.health]
    steps = (
        CheckStep(
            label=_now("What came back"), tone=tone, detail=translate_note(row.health_detail)
        ),
    )
    return ConnectionCheck(
        tone=tone,
        sentence=_now(sentence),
        steps=steps if row.health_detail else (),
        advice=_now(_ADVICE[row.health]) if row.health in _ADVICE else "",
    )


# --- days off ---------------------------------------------------------------------------------------

_HOLIDAYS: Final[Mapping[str, str]] = {
    "NEW_YEAR": _("New Year"),
    "CHRISTMAS": _("Orthodox Christmas"),
    "DEFENDER": _("Defender of the Fatherland Day"),
    "WOMEN": _("International Women's Day"),
    "NAURYZ": _("Nauryz"),
    "UNITY": _("Unity Day of the people of Kazakhstan"),
    "LABOUR": _("Spring and Labour Day"),
    "VICTORY": _("Victory Day"),
    "KURBAN_AIT": _("Kurban Ait, first day"),
    "CAPITAL": _("Capital Day"),
    "RUSSIA": _("Russia Day"),
    "CONSTITUTION": _("Constitution Day"),
    "REPUBLIC": _("Republic Day"),
    "FIRST_PRESIDENT": _("First President Day"),
    "NATIONAL_UNITY": _("National Unity Day"),
    "INDEPENDENCE": _("Independence Day"),
    "DAY_MOVED": _("Day off moved by decree"),
    "OTHER": _("Public holiday"),
}


def holiday_name(code: str) -> str:
    """Say a code of the state's table in words.

    >>> from django.utils import translation
    >>> with translation.override("en"):
    ...     holiday_name("NAURYZ:SHIFTED")
    'Nauryz, moved from a weekend'
    """
    plain = code.partition(":")[0]
    name = _now(_HOLIDAYS[plain]) if plain in _HOLIDAYS else plain
    if SHIFTED in code:
        name = _now("%(name)s, moved from a weekend") % {"name": name}
    if ESTIMATED in code:
        name = _now("%(name)s, date to be confirmed") % {"name": name}
    return name
