"""Steps 1, 6 and D: a ticket to the call centre or the service centre, opened once, found again by our marker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qaitar.contracts.helpdesk import TicketDraft
from qaitar.flows.effects.handler import HandlerResult, NotPossible
from qaitar.flows.effects.letter_facts import language_of, letter_facts
from qaitar.returns.texts.letters import LetterKind, call_centre_letter, write
from qaitar.returns.vocabulary import Effect, Quality

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.contracts.helpdesk import Helpdesk
    from qaitar.flows.effects.handler import NotReady
    from qaitar.foundation.models import PlannedEffect
    from qaitar.returns.reads.cases import Case

_LETTERS = {
    Effect.ASK_SERVICE_CENTRE: LetterKind.TICKET_SERVICE_CENTRE,
    Effect.ASK_REOPEN: LetterKind.TICKET_REOPEN,
}


@dataclass(frozen=True, slots=True)
class TicketReady:
    """The ticket, and since when one with its marker may stand in the helpdesk."""

    draft: TicketDraft
    since: datetime


class OpenTicket:
    """Opens a ticket whose text is the letter of the case."""

    contract = "helpdesk"

    def prepare(self, effect: PlannedEffect, case: Case, now: datetime) -> TicketReady | NotReady:
        """Write the letter from the case as it stands now."""
        language = language_of(case)
        facts = letter_facts(case, effect, now)
        kind, quality = Effect(effect.kind), Quality(case.request.quality)
        if kind in _LETTERS:
            letter = write(_LETTERS[kind], facts, language)
        elif quality is Quality.UNKNOWN:
            return NotPossible("The quality class is not chosen, so there is no letter to send.")
        else:
            letter = call_centre_letter(quality, facts, language)
        draft = TicketDraft(
            marker=str(effect.pk),
            subject=letter.subject,
            message_text=letter.body,
            customer_name=case.request.customer_name,
            customer_phone=case.request.customer_phone,
        )
        return TicketReady(draft, effect.created_at)

    def send(self, client: Helpdesk, ready: TicketReady) -> HandlerResult:
        """Open the ticket."""
        return HandlerResult(client.open_ticket(ready.draft))

    def find(self, client: Helpdesk, ready: TicketReady) -> HandlerResult:
        """Look for the ticket by its marker."""
        return HandlerResult(client.find_ticket(ready.draft.marker, ready.since))
