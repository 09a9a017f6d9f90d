"""Acting on one case: steps of the procedure, and what people do about effects the machine could not bring about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qaitar.flows.effects.manual import NOTE_CHARS_MAX, effect_done_by_hand, effect_retry
from qaitar.foundation.models import PlannedEffect
from qaitar.returns.deadlines.control_dates import ArrivalPlace
from qaitar.returns.reads.cases import Case, case_load
from qaitar.returns.reads.queue import QueuePlace, following, place_of
from qaitar.returns.services.case_change import PRESSES
from qaitar.returns.services.perform_act import Acted, Details, case_act, needs_version
from qaitar.returns.texts.sentences import act_label
from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import Act, RefusalReason, Stage
from qaitar.web.console.case.answers import (
    acted,
    answer_again,
    done_before,
    expected_version,
    guarded,
    refuse,
)
from qaitar.web.console.case.letters import marketplace_text
from qaitar.web.console.case.offers import cabinet_url
from qaitar.web.console.case.page import case_context_of
from qaitar.web.console.case.present import case_url
from qaitar.web.console.case.records import Notice
from qaitar.web.console.frame.answers import is_partial, typed
from qaitar.web.console.frame.auth import EVERYBODY, PageRequest, found_or_404, screen
from qaitar.web.console.queue.filters import opened_from, requested_merchants, wanted

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

TEXT_MAX: Final = 4_000
WHY_MAX: Final = 2_000
REFERENCE_MAX: Final = 200
AFTER_ACT: Final = "after-act"
STAY: Final = "stay"


@require_POST
@screen(EVERYBODY)
def act(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Perform one act; the procedure decides whether this person may do it now."""
    found = found_or_404(case_load(pk))
    name = visit.request.POST.get("act", "")
    if name not in Act.__members__:
        return refuse(visit, pk, _("This is not a step of the procedure."), status=400)
    before = done_before(visit, found, name)
    if before is not None:
        return answer_again(visit, pk, before)
    here = place_of(found)  # before the act moves it
    details = details_of(visit, found)
    if isinstance(details, str):
        return refuse(visit, pk, details, status=400, open_act=name)
    by = visit.who.actor_at(found.request.merchant_id)
    done: list[Acted] = []

    def write() -> None:
        expected_version(visit, found)
        bound = needs_version(Stage(found.request.stage), Act(name))
        seen = found.request.version if bound else None
        held = replace(details, expected_version=seen)
        done.append(case_act(case=found, act=Act(name), by=by, now=visit.now, details=held))

    refused = guarded(visit, pk, write, open_act=name)
    if refused is not None:
        return refused
    presses = any(effect in PRESSES for effect in done[0].effects)
    cabinet = (cabinet_url(found), details.text) if presses else None
    onward = onward_from(visit, found, here)
    notice = acted_notice(done[0])
    if onward is not None:
        notice = gone_notice(visit, found, notice, cabinet_url(found) if presses else "")
    return acted(visit, pk, notice, cabinet=cabinet, onward=onward)


def onward_from(visit: PageRequest, case: Case, here: QueuePlace | None) -> UUID | None:
    """Find the case to open after a decision: the next of the same part of the queue, where the person wants so."""
    stays = visit.request.COOKIES.get(AFTER_ACT) == STAY
    if stays or not is_partial(visit.request) or visit.request.POST.get("then"):
        return None
    part = opened_from(visit.request)
    merchants = requested_merchants(part, visit.who)
    return following(merchants, wanted(part, visit.who, visit.now), here, but=case.request.pk)


def gone_notice(visit: PageRequest, case: Case, notice: Notice, cabinet: str) -> Notice:
    """Say what happened to the case that was just left, with the way back to it."""
    return replace(
        notice,
        text=f"{case.request.number}: {notice.text}",
        url=case_url(case.request.pk, opened_from(visit.request)),
        link=_("back to it"),
        cabinet_url=cabinet,
    )


def details_of(visit: PageRequest, case: Case) -> Details | str:
    """Read what came with an act; a sentence says what does not fit.

    The text for the marketplace is the one the person saw; where none came, the ready one.
    """
    form = visit.request.POST
    reason = form.get("reason", "")
    if reason and reason not in RefusalReason.__members__:
        return _("This is not a reason for a refusal.")
    text = typed(form.get(f"text_{reason}", form.get("text", "")), TEXT_MAX + 1)
    if len(text) > TEXT_MAX:
        return _("The text has more than %(most)s characters.") % {"most": TEXT_MAX}
    if reason and not text:
        desk = case_context_of(visit, case)
        text = marketplace_text(RefusalReason(reason), case, desk.judged, desk.papers)
    planned = form.get("planned_on", "")
    try:
        day = date.fromisoformat(planned) if planned else None
    except ValueError:
        return _("“%(day)s” is not a date.") % {"day": planned[:40]}
    where = form.get("arrived_where", "")
    return Details(
        reason=RefusalReason(reason) if reason else None,
        why=typed(form.get("comment", ""), WHY_MAX),
        text=text,
        planned_on=day,
        arrived_where=where if where in ArrivalPlace.__members__ else "",
    )


def acted_notice(done: Acted) -> Notice:
    """Say what happened and where it can be seen."""
    text = _("“%(act)s” is done (step %(step)s).") % {
        "act": act_label(done.act),
        "step": done.step,
    }
    outside = [str(word_for(effect)) for effect in done.effects if effect not in PRESSES]
    if outside:
        text += " " + ngettext(
            "On its way: %(effects)s.", "On their way: %(effects)s.", len(outside)
        ) % {"effects": ", ".join(outside)}
    if any(effect in PRESSES for effect in done.effects):
        text += " " + _("Now press it in the cabinet; the request goes on when it is seen there.")
    link = _("see below") if outside else ""
    return Notice(text=text, url="#case-live" if outside else "", link=link)


@require_POST
@screen(EVERYBODY)
def effect_again(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Let the machine try an outside effect once more."""
    effect = found_or_404(PlannedEffect.objects.filter(pk=pk).first())
    by = visit.who.actor_at(effect.merchant_id)

    def write() -> None:
        effect_retry(effect_id=pk, by=by, now=visit.now)

    notice = Notice(text=_("It is tried again; the card shows how it goes."))
    case_id = effect.subject_id
    return guarded(visit, case_id, write) or acted(visit, case_id, notice)


@require_POST
@screen(EVERYBODY)
def effect_by_hand(visit: PageRequest, pk: UUID) -> HttpResponse:
    """Note that a person did what the machine could not, with its number where there is one."""
    effect = found_or_404(PlannedEffect.objects.filter(pk=pk).first())
    by = visit.who.actor_at(effect.merchant_id)
    note = typed(visit.request.POST.get("note", ""), NOTE_CHARS_MAX)
    reference = typed(visit.request.POST.get("reference", ""), REFERENCE_MAX)

    def write() -> None:
        effect_done_by_hand(effect_id=pk, by=by, now=visit.now, note=note, reference=reference)

    notice = Notice(text=_("Noted as done by hand; the journal says who did it."))
    case_id = effect.subject_id
    return guarded(visit, case_id, write) or acted(visit, case_id, notice)
