"""One case: its card, its journal, and what is noted on it without moving it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qaitar.analytics.export_definitions import ListKind
from qaitar.flows.poll_cabinet import SYSTEM as CABINET_SESSION
from qaitar.foundation.identity.security_journal import SecurityKind
from qaitar.foundation.journal.lines import first_break
from qaitar.foundation.journal.personal_values import lines_open
from qaitar.foundation.models import Connection, JournalEntry
from qaitar.foundation.ops.jobs import job_defer
from qaitar.returns.models import ReturnRequest
from qaitar.returns.reads.cases import Case, case_load
from qaitar.returns.services.notes import (
    COMMENT_MAX,
    NOTERS,
    loaded_note,
    press_seen_by_hand,
    request_comment,
)
from qaitar.returns.services.order_line import LINE_COLUMNS, line_note
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import Quality
from qaitar.web.console.case.answers import (
    acted,
    answer_again,
    done_before,
    expected_version,
    guarded,
    note_known,
    refuse,
)
from qaitar.web.console.case.notes_form import CaseNotesForm, noted_values
from qaitar.web.console.case.page import case_context, case_context_of
from qaitar.web.console.case.present import customer_of
from qaitar.web.console.case.records import Notice, Tone
from qaitar.web.console.case.timeline import timeline_entry
from qaitar.web.console.case.undo import undo_note
from qaitar.web.console.frame.answers import typed
from qaitar.web.console.frame.auth import EVERYBODY, PageRequest, found_or_404, screen
from qaitar.web.console.lists.views import ways_out
from qaitar.web.console.settings.records import JournalPage, JournalRow
from qaitar.web.console.settings.security_notes import visit_note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.http import HttpResponse

JOURNAL_MAX: Final = 2_000
DIGEST_LETTERS: Final = 16


@require_GET
@screen(EVERYBODY)
def case(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Show everything about one case."""
    return render(visit.request, "console/case/case.html", found_or_404(case_context(visit, pk)))


@require_GET
@screen(EVERYBODY)
def journal(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Show a case's whole journal, the newest first, and whether its chain holds."""
    found = found_or_404(case_load(pk))
    entries = list(JournalEntry.objects.filter(subject_id=pk).order_by("seq")[:JOURNAL_MAX])
    broken = first_break(entries)
    if broken is None and len(entries) < min(found.request.journal_seq, JOURNAL_MAX):
        broken = len(entries) + 1  # the last lines are gone
    lines_open(entries)
    page = JournalPage(
        number=found.request.number,
        case_url=reverse("console:case", args=[pk]),
        rows=tuple(
            JournalRow(
                entry=timeline_entry(entry),
                number=entry.seq,
                digest=f"{entry.seq} · {bytes(entry.hash).hex()[:DIGEST_LETTERS]}",
            )
            for entry in reversed(entries)
        ),
        intact=broken is None,
        broken_at=broken,
    )
    exports = ways_out(ListKind.JOURNAL, f"id={pk}")
    return render(visit.request, "console/case/journal.html", {"page": page, "exports": exports})


@require_POST
@screen(EVERYBODY)
def quality(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Set the quality class: template, checklist and possible decisions follow it."""
    chosen = visit.request.POST.get("quality", "")
    if chosen not in Quality.__members__:
        return refuse(visit, pk, _("Choose one of the quality classes."), status=400)
    sentence = _("The quality class is “%(quality)s” now; what may be decided follows it.")
    return _note(visit, pk, {"quality": chosen}, sentence % {"quality": word_for(Quality(chosen))})


@require_POST
@screen(EVERYBODY)
def note(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Note what people saw and learnt: marks, dates, what came back."""
    form = CaseNotesForm(visit.request.POST)
    if not form.is_valid():
        wrong = "; ".join(
            f"{form.fields[name].label}: {' '.join(map(str, errors))}"
            for name, errors in form.errors.items()
        )
        return refuse(visit, pk, _("Not saved. %(wrong)s") % {"wrong": wrong}, status=400)
    found = found_or_404(case_load(pk))
    sent = frozenset(form.fields) & set(visit.request.POST)
    values = noted_values(found.request, form.cleaned_data, sent)
    return _note(visit, pk, values, _("Saved. The verdict and the buttons follow it."), found)


@require_POST
@screen(EVERYBODY)
def assign(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Take a case on, or leave it to whoever comes first."""
    mine = visit.request.POST.get("to") == "me"
    values: dict[str, Any] = {
        "assignee_id": visit.who.user_id if mine else None,
        "assignee_name": visit.who.name if mine else "",
    }
    sentence = _("The request is yours now.") if mine else _("The request is nobody's now.")
    return _note(visit, pk, values, sentence, held=False)


@require_POST
@screen(EVERYBODY)
def line(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Set the line of the order that comes back: product and amount follow it."""
    try:
        chosen = UUID(visit.request.POST.get("line", ""))
    except ValueError:
        return refuse(visit, pk, _("Choose the item of the order that comes back."), status=400)
    found = found_or_404(case_load(pk))
    twice = done_before(visit, found, "NOTE")
    if twice is not None and found.request.line_id == chosen:
        return answer_again(visit, pk, twice)
    by = visit.who.actor_at(found.request.merchant_id)
    return _saved(
        visit,
        found,
        LINE_COLUMNS,
        lambda: line_note(case=found, line_id=chosen, by=by, now=visit.now),
        _("Saved. Product and amount follow the item; the verdict and the buttons follow them."),
    )


def _note(
    visit: PageRequest,
    pk: UUID,
    values: dict[str, Any],
    sentence: str,
    loaded: Case | None = None,
    *,
    held: bool = True,
) -> HttpResponse:
    """Write facts down; `held` tells whether what the page showed has to stand still: who works on a case decides nothing."""
    found = loaded or found_or_404(case_load(pk))
    twice = done_before(visit, found, "NOTE")
    if twice is not None and all(getattr(found.request, name) == values[name] for name in values):
        return answer_again(visit, pk, twice)
    by = visit.who.actor_at(found.request.merchant_id)
    return _saved(
        visit,
        found,
        values,
        lambda: loaded_note(case=found, values=values, by=by, now=visit.now),
        sentence,
        held=held,
    )


def _saved(
    visit: PageRequest,
    found: Case,
    columns: Iterable[str],
    write: Callable[[], ReturnRequest],
    sentence: str,
    *,
    held: bool = True,
) -> HttpResponse:
    """Write facts of a case and offer to undo them; `columns` are those that may change, `held` as in `_note`."""
    pk = found.request.pk
    before = {name: getattr(found.request, name) for name in columns}
    noted: list[ReturnRequest] = []

    def write_held() -> None:
        if held:
            expected_version(visit, found)
        noted.append(write())

    refused = guarded(visit, pk, write_held)
    if refused is not None:
        return refused
    back = undo_note(visit, before, noted[0])
    url = reverse("console:undo", args=[pk]) if back else ""
    return acted(visit, pk, Notice(text=sentence, undo_url=url, undo=back))


@require_POST
@screen(EVERYBODY)
def comment(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Write a note for colleagues into the journal."""
    found = found_or_404(case_load(pk))
    text = typed(visit.request.POST.get("note", ""), COMMENT_MAX + 1)
    if not text or len(text) > COMMENT_MAX:
        sentence = _("A note has from 1 to %(most)s characters.") % {"most": COMMENT_MAX}
        return refuse(visit, pk, sentence, status=400)
    by = visit.who.actor_at(found.request.merchant_id)
    sentence = _("Your note stands in the journal.")
    if note_known(visit, found, text):
        return acted(visit, pk, Notice(text=sentence))

    def write() -> None:
        request_comment(request_id=pk, text=text, by=by, now=visit.now)

    return guarded(visit, pk, write) or acted(visit, pk, Notice(text=sentence))


@require_POST
@screen(EVERYBODY)
def seen(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Note that a person saw the press in the cabinet with their own eyes."""
    found = found_or_404(case_load(pk))
    before = done_before(visit, found, "PROOF_BY_HAND")
    if before is not None:
        return answer_again(visit, pk, before)
    by = visit.who.actor_at(found.request.merchant_id)

    def write() -> None:
        expected_version(visit, found)
        press_seen_by_hand(request_id=pk, by=by, now=visit.now, version=found.request.version)

    sentence = _("Noted: you saw it in the cabinet. The journal says that a person saw it.")
    return guarded(visit, pk, write) or acted(visit, pk, Notice(text=sentence))


@require_POST
@screen(EVERYBODY)
def look(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Look again at what the cabinet shows; where it may be read directly, ask for a reading now."""
    request = found_or_404(case_load(pk)).request
    reader = Connection.objects.filter(
        system=CABINET_SESSION, enabled=True, store_id=request.store_id, settings__consent=True
    )
    if visit.who.roles[request.merchant_id] in NOTERS and reader.exists():
        job_defer(
            "qaitar.flows.tasks.cabinets_poll",
            queue="polls",
            only_one=f"cabinets_poll {request.merchant_id}",
            merchant_id=str(request.merchant_id),
        )
        sentence = _("The cabinet is being read; the card follows as soon as it is seen there.")
    else:
        sentence = _(
            "The cabinet was not seen to show it yet. It is read when a colleague opens it with the companion, "
            "or when its export is imported."
        )
    return acted(visit, pk, Notice(text=sentence, tone=Tone.INFO))


@require_POST
@screen(EVERYBODY)
def phone(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Show the customer's whole phone to somebody who works on the case; the security journal names them."""
    found = found_or_404(case_load(pk))
    request = found.request
    if request.merchant_id not in visit.who.phones_masked:
        visit_note(
            visit,
            SecurityKind.REVEAL,
            (request.merchant_id,),
            what="phone",
            request=str(request.pk),
            number=request.number,
        )
    if getattr(visit.request, "htmx", False):
        desk = case_context_of(visit, found)
        person = customer_of(desk, revealed=True)
        return render(visit.request, "console/frame/partials/person.html", {"person": person})
    context = found_or_404(case_context(visit, pk, revealed=True))
    return render(visit.request, "console/case/case.html", context)
