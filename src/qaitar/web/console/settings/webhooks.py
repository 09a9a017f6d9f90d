"""Outgoing webhooks: addresses checked, secrets shown once, test messages, what became of each delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django import forms
from django.db.models import Count, Max
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qaitar.flows.webhook_events import TYPES
from qaitar.foundation.connections.secrets import NoKey, NotOpened
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.settings_journal import setting_note
from qaitar.foundation.models import WebhookDelivery, WebhookEndpoint
from qaitar.foundation.webhooks.endpoints import (
    URL_CHARS_MAX,
    EndpointRefused,
    EndpointRequest,
    endpoint_create,
    endpoint_rotate,
    ping_plan,
)
from qaitar.web.console.case.records import Tone
from qaitar.web.console.frame.answers import see_other
from qaitar.web.console.frame.auth import MANAGERS, PageRequest, found_or_404, screen
from qaitar.web.console.frame.fresh_sign_in import sensitive
from qaitar.web.console.frame.settings_views import (
    NO_KEY,
    fresh_put,
    fresh_take,
    managed,
    merchant_chosen,
    merchants_named,
    not_stored,
    notify,
)
from qaitar.web.console.outside.translation import translate_note
from qaitar.web.console.settings.records import WebhookPage, WebhookRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpResponse

DELIVERIES_MAX: Final = 50
JOURNAL_KIND: Final = "webhook"
NOT_CALLED: Final = "the address may not be called: "  # how the sender notes it, a code after it
REFUSALS: Final = {
    "bad_url": _("This is not an address. Write it like https://example.kz/hooks."),
    "scheme": _("The address must begin with https://."),
    "not_https": _("The address must begin with https://."),
    "user_in_url": _("Names and passwords do not belong into the address."),
    "bad_host": _("The name of the host is not a proper one."),
    "bad_port": _("The port is not a proper one."),
    "unknown_host": _("The name of the host is not known."),
    "not_public": _("The address is not on the public internet."),
    "TOO_MANY": _("There are 20 addresses already; remove one first."),
}
EVENT_WORDS: Final = {
    "return.created": _("a request came in"),
    "return.stage_changed": _("a request moved on"),
    "return.control_date_moved": _("a control date moved"),
    "return.control_date_near": _("a control date is near"),
    "return.control_date_missed": _("a control date was missed"),
    "return.evidence_added": _("evidence was added"),
    "return.evidence_confirmed": _("evidence was confirmed"),
    "return.evidence_withdrawn": _("evidence was withdrawn"),
    "return.press_proved": _("a press was seen in the cabinet"),
    "return.changed": _("facts of a request changed"),
    "effect.settled": _("an outside effect came to its end"),
}
STATES: Final = {
    "WAITING": (Tone.WARN, _("waiting")),
    "DELIVERED": (Tone.OK, _("delivered")),
    "GAVE_UP": (Tone.DANGER, _("given up")),
}


class EndpointForm(forms.Form):
    """Where events are sent and which."""

    url = forms.CharField(
        label=_("Address"),
        max_length=URL_CHARS_MAX,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    description = forms.CharField(label=_("What for"), max_length=200, required=False)
    types = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(name, EVENT_WORDS.get(name, name)) for name in TYPES],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None chosen: all of them"),
    )

    def __init__(self, *args: Any, merchants: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        """Ask for the merchant where there are several."""
        super().__init__(*args, **kwargs)
        if len(merchants) > 1:
            self.fields["merchant"] = forms.ChoiceField(label=_("Merchant"), choices=merchants)


@require_http_methods(["GET", "POST"])
@screen(MANAGERS)
@sensitive
def webhooks(visit: PageRequest) -> HttpResponse:
    """List the addresses and add one."""
    names = merchants_named(managed(visit))
    given = visit.request.POST if visit.request.method == "POST" else None
    form = EndpointForm(given, merchants=[(str(key), name) for key, name in names.items()])
    if given is not None and form.is_valid() and _made(visit, form):
        notify(visit, _now("The address is added. Copy its secret now; it is shown once."))
        return see_other(reverse("console:webhooks"))
    secret = fresh_take(visit)[0] if given is None else ""
    page = WebhookPage(
        rows=_rows(names),
        url=reverse("console:webhooks"),
        fresh_secret=secret,
        docs_url="https://www.standardwebhooks.com/",
    )
    context = {"page": page, "form": form}
    status = 422 if form.errors else 200
    return not_stored(
        render(visit.request, "console/settings/webhooks.html", context, status=status)
    )


def _made(visit: PageRequest, form: EndpointForm) -> bool:
    data = form.cleaned_data
    merchant_id = merchant_chosen(visit, data.get("merchant") or "")
    wanted = EndpointRequest(data["url"], data["description"], tuple(data["types"]))
    try:
        row, secret = endpoint_create(merchant_id=merchant_id, wanted=wanted, now=visit.now)
        fresh_put(visit, secret)
    except EndpointRefused as refused:
        form.add_error("url", str(REFUSALS.get(refused.code, refused.code)))
        return False
    except NoKey:
        form.add_error(None, str(NO_KEY))
        return False
    _note(visit, row, "WEBHOOK_ADD", {"url": row.url, "types": row.types})
    return True


def _note(visit: PageRequest, row: WebhookEndpoint, act: str, after: Mapping[str, Any]) -> None:
    line = JournalLine(act=act, at=visit.now, by=visit.who.actor_at(row.merchant_id), after=after)
    setting_note(merchant_id=row.merchant_id, subject_id=row.pk, kind=JOURNAL_KIND, line=line)


def _rows(names: Mapping[UUID, str]) -> tuple[WebhookRow, ...]:
    endpoints = WebhookEndpoint.objects.filter(merchant_id__in=names).order_by("pk")
    sent = WebhookDelivery.objects.filter(endpoint_id__in=[row.pk for row in endpoints])
    last = dict(sent.values_list("endpoint_id").annotate(Max("settled_at")))
    waiting = dict(sent.filter(state="WAITING").values_list("endpoint_id").annotate(Count("id")))
    return tuple(
        _row(row, names, last.get(row.pk), int(waiting.get(row.pk, 0))) for row in endpoints
    )


def _row(row: WebhookEndpoint, names: Mapping[UUID, str], last: Any, waiting: int) -> WebhookRow:
    tone, sentence = _health(row, last, waiting)
    return WebhookRow(
        address=f"{row.url} · {names[row.merchant_id]}" if len(names) > 1 else row.url,
        events=", ".join(str(EVENT_WORDS.get(name, name)) for name in row.types)
        or _now("all events"),
        health=tone,
        sentence=sentence,
        last_at=last,
        waiting=waiting,
        url=reverse("console:webhook", args=[row.pk]),
        test_url=reverse("console:webhook_test", args=[row.pk]) if row.enabled else "",
    )


def _health(row: WebhookEndpoint, last: Any, waiting: int) -> tuple[Tone, str]:
    if not row.enabled:
        return Tone.DANGER, row.disabled_reason or _now("switched off")
    if waiting:
        return Tone.WARN, _now("messages wait")
    return (Tone.OK, _now("works")) if last else (Tone.NEUTRAL, _now("nothing sent yet"))


def _answer_text(detail: str) -> str:
    """Say what a try came to: why the address may not be called, or what was noted; the other side's words stay."""
    code = detail.removeprefix(NOT_CALLED)
    return str(REFUSALS[code]) if code != detail and code in REFUSALS else translate_note(detail)


def _endpoint(visit: PageRequest, endpoint_id: UUID) -> WebhookEndpoint:
    rows = WebhookEndpoint.objects.filter(pk=endpoint_id, merchant_id__in=managed(visit))
    return found_or_404(rows.first())


@require_GET
@screen(MANAGERS)
@sensitive
def webhook(visit: PageRequest, endpoint_id: UUID) -> HttpResponse:
    """Show one address with its latest deliveries."""
    row = _endpoint(visit, endpoint_id)
    sent = WebhookDelivery.objects.filter(endpoint_id=row.pk, state__in=STATES)
    sent = sent.order_by("-place")[:DELIVERIES_MAX]
    context = {
        "hook": row,
        "events": ", ".join(str(EVENT_WORDS.get(name, name)) for name in row.types)
        or _now("all events"),
        "deliveries": [
            {
                "row": each,
                "type": EVENT_WORDS.get(each.type, each.type),
                "tone": STATES[each.state][0],
                "state": STATES[each.state][1],
                "answer": _answer_text(each.last_detail),
            }
            for each in sent
        ],
        "fresh_secret": fresh_take(visit)[0],
        "back_url": reverse("console:webhooks"),
    }
    return not_stored(render(visit.request, "console/settings/webhook.html", context))


@require_POST
@screen(MANAGERS)
def webhook_test(visit: PageRequest, endpoint_id: UUID) -> HttpResponse:
    """Plan a test message; what became of it is seen among the deliveries."""
    row = _endpoint(visit, endpoint_id)
    ping_plan(row, visit.now)
    notify(visit, _now("A test message is on its way; below is what becomes of it."))
    return see_other(reverse("console:webhook", args=[row.pk]))


@require_POST
@screen(MANAGERS)
@sensitive
def webhook_rotate(visit: PageRequest, endpoint_id: UUID) -> HttpResponse:
    """Give the address a new secret, shown once; for a day messages are signed with both."""
    row = _endpoint(visit, endpoint_id)
    try:
        fresh_put(visit, endpoint_rotate(row, visit.now))
    except NoKey:
        notify(visit, NO_KEY, good=False)
    except NotOpened:
        notify(
            visit,
            _now(
                "The old secret cannot be opened: the encryption key was changed. Add the address anew."
            ),
            good=False,
        )
    else:
        _note(visit, row, "WEBHOOK_ROTATE", {"url": row.url})
        notify(visit, _now("The secret is new. For 24 hours messages carry both signatures."))
    return see_other(reverse("console:webhook", args=[row.pk]))


@require_POST
@screen(MANAGERS)
@sensitive
def webhook_switch(visit: PageRequest, endpoint_id: UUID) -> HttpResponse:
    """Stop sending to an address, or begin again."""
    row = _endpoint(visit, endpoint_id)
    row.enabled = visit.request.POST.get("enabled") == "1"
    row.disabled_reason = ""
    row.save(update_fields=["enabled", "disabled_reason"])
    _note(visit, row, "WEBHOOK_SWITCH", {"url": row.url, "enabled": row.enabled})
    notify(
        visit,
        _now("Events are sent there again.")
        if row.enabled
        else _now("Nothing more is sent there."),
    )
    return see_other(reverse("console:webhook", args=[row.pk]))


@require_POST
@screen(MANAGERS)
@sensitive
def webhook_remove(visit: PageRequest, endpoint_id: UUID) -> HttpResponse:
    """Remove an address with its deliveries and its secret."""
    row = _endpoint(visit, endpoint_id)
    _note(visit, row, "WEBHOOK_REMOVE", {"url": row.url})
    WebhookDelivery.objects.filter(endpoint_id=row.pk).delete()
    WebhookEndpoint.objects.filter(pk=row.pk).delete()
    notify(visit, _now("The address is removed; nothing more is sent there."))
    return see_other(reverse("console:webhooks"))
