"""How every POST on a case is answered: the card with a sentence; a refused one says why and changed nothing."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from qaitar.flows.effects.manual import EffectMissing
from qaitar.foundation.journal.personal_values import lines_open
from qaitar.foundation.models import JournalEntry
from qaitar.returns.errors import ActBlocked, CaseChanged, CaseMissing
from qaitar.returns.rules.procedure import Blocked
from qaitar.returns.texts.sentences import blocked_sentence, journal_act_label
from qaitar.web.console.case.page import case_context
from qaitar.web.console.case.present import case_url
from qaitar.web.console.case.records import Notice, Tone
from qaitar.web.console.frame.answers import is_partial, see_other
from qaitar.web.console.frame.auth import PageRequest, found_or_404
from qaitar.web.console.queue.filters import opened_from

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.http import HttpResponse

    from qaitar.returns.reads.cases import Case

_CHANGES_MAX = 50
_LEVELS = {
    Tone.OK: messages.SUCCESS,
    Tone.INFO: messages.INFO,
    Tone.WARN: messages.WARNING,
    Tone.DANGER: messages.ERROR,
}


def acted(
    visit: PageRequest,
    pk: UUID,
    notice: Notice,
    *,
    cabinet: tuple[str, str] | None = None,
    onward: UUID | None = None,
) -> HttpResponse:
    """Answer with the card as it stands now and a sentence; without HTMX send the browser to look at it (303).

    `cabinet` opens the marketplace's cabinet at this address with this text copied, right after the press.
    `onward` shows the next case's card instead, and the sentence leads back.
    """
    if not is_partial(visit.request):
        messages.add_message(visit.request, _LEVELS[notice.tone], notice.text)
        if visit.request.POST.get("then") == "approvals":
            return see_other(reverse("console:approvals"))
        return see_other(reverse("console:case", args=[pk]))
    context = case_context(visit, onward) if onward else None
    opened, context = (onward, context) if onward and context else (pk, None)
    if context is None:
        context = found_or_404(case_context(visit, pk, notice=notice))
    answer = render(
        visit.request, "console/case/partials/case_answer.html", {**context, "told": notice}
    )
    address = case_url(opened, opened_from(visit.request))
    if not visit.request.headers.get("HX-Current-URL", "").endswith(address):
        answer["HX-Push-Url"] = address
    if cabinet is not None:
        url, text = cabinet
        answer["HX-Trigger"] = json.dumps({"qaitar:cabinet": {"url": url, "text": text}})
    return answer


def refuse(
    visit: PageRequest,
    pk: UUID,
    sentence: str,
    *,
    status: int = HTTPStatus.CONFLICT,
    open_act: str = "",
) -> HttpResponse:
    """Answer that nothing was done and why, on the card as it stands now."""
    notice = Notice(text=sentence, tone=Tone.DANGER)
    context = found_or_404(case_context(visit, pk, notice=notice, open_act=open_act))
    name = "partials/case_body" if is_partial(visit.request) else "case"
    return render(visit.request, f"console/case/{name}.html", context, status=status)


def guarded(
    visit: PageRequest, pk: UUID, write: Callable[[], object], *, open_act: str = ""
) -> HttpResponse | None:
    """Do the writing; if it is refused, answer why.  None: it happened.

    Raises:
        Http404: these walls hold no such case, proof or effect.
    """
    try:
        write()
    except ActBlocked as no:
        sentence = _("Nothing was changed. %(why)s") % {"why": blocked_sentence(no.blocked)}
        return refuse(visit, pk, sentence, open_act=open_act)
    except CaseChanged as changed:
        return refuse(visit, pk, changed_sentence(changed, pk), open_act=open_act)
    except (CaseMissing, EffectMissing) as missing:
        raise Http404 from missing
    return None


def changed_sentence(changed: CaseChanged, pk: UUID) -> str:
    """Say who did what in between."""
    who, act = changed.who, changed.act
    if not who:
        last = JournalEntry.objects.filter(subject_id=pk).order_by("-seq").first()
        who, act = (last.actor_name, last.act) if last else ("", "")
    if not who:
        return _(
            "Nothing was changed: somebody acted on this request in between. Look and decide again."
        )
    return _(
        "Nothing was changed: in between %(who)s did “%(act)s”. This is how it stands now; look and decide again."
    ) % {"who": who, "act": journal_act_label(act)}


_HARMLESS = ("EFFECT_", "COMMENT", "GUARD_REMIND", "GUARD_ESCALATE", "GUARD_NOTHING")
"""Journal lines that change nothing a person decides by: a ticket came out well, a colleague left a note."""


def expected_version(visit: PageRequest, case: Case) -> None:
    """Hold a form to what its page showed; a form without a version is refused.

    Every journal line makes a new version; lines that change nothing one decides by do not count.

    Raises:
        CaseChanged: the case has moved on, or what came is no version.
        ActBlocked: no version came.
    """
    seen = visit.request.POST.get("version")
    now = case.request.version
    if seen is None:
        raise ActBlocked(Blocked("VERSION_NEEDED"))
    if seen == str(now):
        return
    if not seen.isascii() or not seen.isdigit():
        raise CaseChanged
    held_to(int(seen[:9]), case)


def done_before(visit: PageRequest, case: Case, act: str) -> JournalEntry | None:
    """Find this very press where it was already taken: its answer was lost on the way, and it was sent again.

    It counts when, after what the page showed, the first thing that happened is the same act by the same person; a
    missed date is owned up to before such an act and is nobody's doing.
    """
    mine = _lines_since(visit, case)
    passed_by = (*_HARMLESS, "GUARD_MISSED")
    first = next((entry for entry in mine if not entry.act.startswith(passed_by)), None)
    same = first is not None and (first.act, first.actor_id) == (act, visit.who.user_id)
    return first if same else None


def note_known(visit: PageRequest, case: Case, text: str) -> bool:
    """Tell whether this person's note with these words came in after what the page showed."""
    notes = [
        entry
        for entry in _lines_since(visit, case)
        if (entry.act, entry.actor_id) == ("COMMENT", visit.who.user_id)
    ]
    lines_open(notes)
    return any(entry.why == text for entry in notes)


def _lines_since(visit: PageRequest, case: Case) -> list[JournalEntry]:
    """Read the journal lines written after the version a form came with; none for a form of the present one."""
    seen, now = visit.request.POST.get("version", ""), case.request.version
    if not seen.isascii() or not seen.isdigit() or not 0 < now - int(seen[:9]) <= _CHANGES_MAX:
        return []
    after = case.request.journal_seq - (now - int(seen[:9]))
    return list(
        JournalEntry.objects.filter(subject_id=case.request.pk, seq__gt=after).order_by("seq")
    )


def answer_again(visit: PageRequest, pk: UUID, entry: JournalEntry) -> HttpResponse:
    """Answer a press that came twice: it was done once, and when."""
    text = _("You did “%(act)s” already at %(time)s; it was not done a second time.") % {
        "act": journal_act_label(entry.act),
        "time": formats.date_format(timezone.localtime(entry.at), "H:i"),
    }
    return acted(visit, pk, Notice(text=text, tone=Tone.INFO))


def held_to(seen: int, case: Case) -> None:
    """Hold what somebody saw at version `seen` to the case as it stands; lines that change nothing do not count.

    Raises:
        CaseChanged: the case has moved on.
    """
    changes = case.request.version - seen
    if changes == 0:
        return
    if not 0 < changes <= _CHANGES_MAX:
        raise CaseChanged
    since = JournalEntry.objects.filter(
        subject_id=case.request.pk, seq__gt=case.request.journal_seq - changes
    )
    if not all(entry.act.startswith(_HARMLESS) for entry in since):
        raise CaseChanged
