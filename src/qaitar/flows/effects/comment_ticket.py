"""Telling the call centre what became of a case: a private comment in the ticket that was opened for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.contracts.helpdesk import CommentDraft
from qaitar.flows.effects.handler import HandlerResult, NothingToDo, NotPossible, waits_for
from qaitar.flows.effects.letter_facts import language_of, letter_facts, with_refusal
from qaitar.foundation.models import EffectState, JournalEntry, PlannedEffect
from qaitar.returns.texts.letters import ticket_comment
from qaitar.returns.vocabulary import Act, Effect

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.contracts.helpdesk import Helpdesk
    from qaitar.flows.effects.handler import NotReady
    from qaitar.returns.reads.cases import Case

WAITS_ON = "TICKET"


class CommentTicket:
    """Writes what an act came to into the ticket opened before it."""

    contract = "helpdesk"

    def prepare(self, effect: PlannedEffect, case: Case, now: datetime) -> CommentDraft | NotReady:
        """Find the ticket and write the comment; without the ticket's number it waits."""
        ticket = (
            PlannedEffect.objects.filter(
                subject_id=effect.subject_id,
                kind=Effect.OPEN_TICKET.value,
                ordinal__lte=effect.ordinal,
            )
            .order_by("-ordinal")
            .first()
        )
        if ticket is None or ticket.state == EffectState.CANCELLED:
            return NothingToDo("No ticket was opened for this case.")
        if ticket.state == EffectState.BY_HAND and not ticket.reference:
            return NotPossible("The ticket was opened by hand and its number is not noted.")
        if not ticket.reference:
            return waits_for(WAITS_ON, "Waits for the ticket to be opened.", [ticket.state])
        step = JournalEntry.objects.filter(subject_id=effect.subject_id, seq=effect.ordinal).first()
        if step is None:
            return NotPossible("The step this comment tells of is not in the journal.")
        language = language_of(case)
        reason = step.after.get("refusal_reason") or case.request.refusal_reason
        facts = with_refusal(letter_facts(case, effect, now), reason, language, effect)
        return CommentDraft(
            marker=str(effect.pk),
            ticket_reference=ticket.reference,
            text=ticket_comment(Act(step.act), facts, language),
            public=False,
        )

    def send(self, client: Helpdesk, ready: CommentDraft) -> HandlerResult:
        """Write the comment."""
        return HandlerResult(client.comment(ready))

    def find(self, client: Helpdesk, ready: CommentDraft) -> HandlerResult:
        """Look for the comment in its ticket."""
        return HandlerResult(client.find_comment(ready.ticket_reference, ready.marker))
