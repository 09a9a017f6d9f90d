"""Deciding about many at once: a preview that lists what would happen and what not, then one confirmed statement."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import connection
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qaitar.foundation.models import IdempotencyRecord
from qaitar.returns.reads.cases import Case, cases_load
from qaitar.returns.reads.queue import queue_ids
from qaitar.returns.rules.case_evaluation import evaluate_case
from qaitar.returns.rules.guards import refusal_reasons
from qaitar.returns.rules.procedure import Advanced, Blocked, advance
from qaitar.returns.services.perform_act import Details, request_act_many
from qaitar.returns.texts.letters import LetterFacts, refusal_text
from qaitar.returns.texts.sentences import act_label, blocked_sentence, will_do_sentence
from qaitar.returns.vocabulary import Act, Effect, RefusalReason, Stage
from qaitar.web.console.case.records import BulkLine, BulkPreview, ReasonChoice
from qaitar.web.console.frame.answers import see_other, typed
from qaitar.web.console.frame.auth import DECIDERS, PageRequest, screen
from qaitar.web.console.queue.filters import QueueQuery, queue_wanted, requested_merchants, wanted
from qaitar.web.console.queue.present import BULK_ACTS
from qaitar.web.console.queue.row import queue_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpResponse

    from qaitar.foundation.identity.actors import Actor

IDS_MAX: Final = 12_000
LINES_MAX: Final = 200  # of each: those that would change, those that would not
REFUSED_MAX: Final = 20
KEY_CHARS: Final = 64
TEXT_MAX: Final = 4_000


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a bulk decision would do: the cases it may be done to, those it may not with the reason of each."""

    may: list[tuple[Case, Advanced | None]]
    may_not: list[tuple[Case, Blocked]]
    reasons: list[RefusalReason]


@require_POST
@screen(DECIDERS)
def preview(visit: PageRequest) -> HttpResponse:
    """Show what one act would do to the chosen requests; nothing is written."""
    part = queue_wanted(visit.request.GET)
    back = part.url(reverse("console:queue"))
    act = visit.request.POST.get("act", "")
    ids = _chosen(visit, part)
    problem = _problem(act, ids)
    if problem:
        messages.error(visit.request, problem)
        return see_other(back)
    return _preview_page(visit, Act(act), ids, back)


def _chosen(visit: PageRequest, part: QueueQuery) -> list[UUID]:
    """Read the chosen ids, or all of the filter when everything was asked for; each once."""
    if visit.request.POST.get("everything") == "1":
        merchants = requested_merchants(part, visit.who)
        return queue_ids(merchants, wanted(part.but(), visit.who, visit.now), IDS_MAX + 1)
    texts = visit.request.POST.getlist("id") + visit.request.POST.get("ids", "").split()
    return list(dict.fromkeys(_uuids(texts)))


def _uuids(texts: Sequence[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _problem(act: str, ids: Sequence[UUID]) -> str:
    if act not in {each.value for each in BULK_ACTS}:
        return _("This cannot be decided about many at once.")
    if not ids:
        return _("Choose at least one request.")
    if len(ids) > IDS_MAX:
        return _("At most %(most)s requests at once; narrow the filter.") % {"most": IDS_MAX}
    return ""


def weigh(
    cases: Sequence[Case], act: Act, actors: Mapping[UUID, Actor], visit: PageRequest
) -> Weighed:
    """Ask the procedure about each case; a refusal counts as possible where some reason is true."""
    weighed = Weighed([], [], [])
    reasons: dict[RefusalReason, None] = {}
    for case in cases:
        by = actors[case.request.merchant_id]
        stage = Stage(case.request.stage)
        facts = evaluate_case(case, visit.now, actor_id=by.user_id).facts
        answer = advance(stage, act, facts, by.role)
        if isinstance(answer, Advanced):
            weighed.may.append((case, answer))
        elif answer.code == "REASON_NEEDED":
            reasons |= dict.fromkeys(refusal_reasons(stage, facts))
            weighed.may.append((case, None))
        else:
            weighed.may_not.append((case, answer))
    weighed.reasons.extend(reasons)
    return weighed


def _preview_page(
    visit: PageRequest, act: Act, ids: Sequence[UUID], back: str, *, error: str = ""
) -> HttpResponse:
    weighed = weigh(cases_load(ids), act, _actors(visit), visit)
    lines = [
        BulkLine(row=queue_row(case, visit.now), allowed=True)
        for case, _step in weighed.may[:LINES_MAX]
    ]
    lines += [
        BulkLine(row=queue_row(case, visit.now), allowed=False, reason=blocked_sentence(why))
        for case, why in weighed.may_not[:LINES_MAX]
    ]
    page = BulkPreview(
        act=act,
        lines=tuple(lines),
        effects=_effects_text(act, weighed),
        action_url=reverse("console:bulk"),
        back_url=back,
        key=uuid4().hex,
        reasons=_reasons(act, weighed),
    )
    context = {
        "preview": page,
        "error": error,
        "may_count": len(weighed.may),
        "may_not_count": len(weighed.may_not),
        "hidden_ids": " ".join(str(case.request.pk) for case, _step in weighed.may[LINES_MAX:]),
        "hidden_count": max(0, len(weighed.may) - LINES_MAX)
        + max(0, len(weighed.may_not) - LINES_MAX),
    }
    status = 400 if error else 200
    return render(visit.request, "console/queue/bulk_preview.html", context, status=status)


def _actors(visit: PageRequest) -> dict[UUID, Actor]:
    return {merchant: visit.who.actor_at(merchant) for merchant in visit.who.merchants}


_REFUSING: Final = (Effect.PRESS_REFUSE, Effect.WRITE_REGISTER, Effect.TICKET_COMMENT)


def _effects_text(act: Act, weighed: Weighed) -> tuple[str, ...]:
    """List what it will set in motion, each with how many requests it concerns."""
    counts: dict[Effect, int] = {}
    for _case, step in weighed.may:
        for effect in step.effects if step is not None else _REFUSING[:2]:
            counts[effect] = counts.get(effect, 0) + 1
    if act is Act.REFUSE and weighed.may:
        contacted = sum(case.request.customer_contacted for case, _step in weighed.may)
        if contacted:
            counts[Effect.TICKET_COMMENT] = contacted
    return tuple(f"{will_do_sentence(effect)} × {n}" for effect, n in counts.items())


def _reasons(act: Act, weighed: Weighed) -> tuple[ReasonChoice, ...]:
    """Offer the reasons that are true for at least one, with texts that name no single request."""
    if act is not Act.REFUSE:
        return ()
    return tuple(
        ReasonChoice(reason=reason, text=common_text(reason), recommended=number == 0)
        for number, reason in enumerate(weighed.reasons)
    )


def common_text(reason: RefusalReason) -> str:
    """Write a refusal's text without anything that belongs to one request; the cabinet speaks Russian."""
    return refusal_text(reason, LetterFacts(request_number=""), "ru")


# --- confirming -------------------------------------------------------------------------------------


@require_POST
@screen(DECIDERS)
def confirm(visit: PageRequest) -> HttpResponse:
    """Do what the preview showed, in one transaction; the same form sent twice acts once and answers the same."""
    home = reverse("console:queue")
    act = visit.request.POST.get("act", "")
    ids = _chosen(visit, QueueQuery())
    key = visit.request.POST.get("key", "")[:KEY_CHARS]
    problem = _problem(act, ids) or ("" if key.isalnum() else _("The form came without its key."))
    if problem:
        messages.error(visit.request, problem)
        return see_other(home)
    details = _details(visit, Act(act))
    if details is None:
        return _preview_page(
            visit, Act(act), ids, home, error=_("Choose the reason of the refusal.")
        )
    answer = _once(visit, key, Act(act), ids, details)
    if answer is None:
        messages.error(
            visit.request, _("This form was already used for another choice. Choose again.")
        )
        return see_other(home)
    _tell(visit, Act(act), answer)
    return see_other(home)


def _details(visit: PageRequest, act: Act) -> Details | None:
    if act is not Act.REFUSE:
        return Details()
    reason = visit.request.POST.get("reason", "")
    if reason not in RefusalReason.__members__:
        return None
    text = typed(visit.request.POST.get(f"text_{reason}", ""), TEXT_MAX)
    chosen = RefusalReason(reason)
    return Details(reason=chosen, text=text or common_text(chosen))


_TAKE_KEY: Final = """
INSERT INTO foundation_idempotencyrecord (user_id, key, fingerprint, status, body, created_at)
VALUES (%s, %s, %s, 0, ''::bytea, %s) ON CONFLICT (user_id, key) DO NOTHING RETURNING id
"""


def _once(
    visit: PageRequest, key: str, act: Act, ids: Sequence[UUID], details: Details
) -> dict[str, Any] | None:
    """Act under the form's key; a second time give the stored answer.  None: the key belongs to another choice.

    The key's row is written first, so that a second press waits for the first and then sees its answer.
    """
    content = json.dumps([act.value, sorted(map(str, ids)), details.reason, details.text])
    fingerprint = hashlib.sha256(content.encode()).digest()
    name = f"console-bulk:{key}"
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_KEY, [visit.who.user_id, name, fingerprint, visit.now])
        mine = cursor.fetchone()
    record = IdempotencyRecord.objects.get(user_id=visit.who.user_id, key=name)
    if mine is None:
        same = bytes(record.fingerprint) == fingerprint
        return {**json.loads(bytes(record.body)), "again": True} if same else None
    done = request_act_many(ids=ids, act=act, actors=_actors(visit), now=visit.now, details=details)
    answer = {
        "done": len(done.done),
        "refused": len(done.refused),
        "why": [
            f"{number}: {blocked_sentence(blocked)}"
            for _id, number, blocked in done.refused[:REFUSED_MAX]
        ],
    }
    record.status, record.body = 200, json.dumps(answer).encode()
    record.save(update_fields=["status", "body"])
    return answer


def _tell(visit: PageRequest, act: Act, answer: Mapping[str, Any]) -> None:
    """Say what became of it: how many, and which were left as they were and why."""
    done, refused = answer["done"], answer["refused"]
    text = ngettext(
        "“%(act)s” is done for %(n)s request.", "“%(act)s” is done for %(n)s requests.", done
    ) % {"act": act_label(act), "n": done}
    if answer.get("again"):
        text = _("This was confirmed before; nothing happened twice.") + " " + text
    messages.success(visit.request, text)
    if refused:
        left = ngettext("%(n)s was left as it was.", "%(n)s were left as they were.", refused)
        why = " ".join([left % {"n": refused}, *answer["why"][:5]])
        messages.warning(visit.request, why)
