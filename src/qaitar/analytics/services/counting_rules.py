"""A merchant's own rules of counting: kept with who changed them; the figures follow by being counted anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qaitar.analytics.models import FigureState
from qaitar.analytics.rules import FigureRules, rules_read
from qaitar.foundation.identity.actors import require_role
from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.settings_journal import differences, setting_note
from qaitar.kernel.ids import new_id
from qaitar.kernel.roles import MANAGERS

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from qaitar.foundation.identity.actors import Actor

JOURNAL_KIND: Final = "figure_rules"


def figure_rules_of(merchant_id: UUID) -> FigureRules:
    """Read a merchant's rules; the program's own where nothing was set."""
    state = FigureState.objects.filter(merchant_id=merchant_id).first()
    return rules_read(state.rules) if state else FigureRules()


def figure_rules_set(*, merchant_id: UUID, rules: FigureRules, by: Actor, now: datetime) -> bool:
    """Set a merchant's rules, with a line in the journal; saying the same again writes nothing.  Tells whether they changed.

    Raises:
        RoleNotAllowed: the role may not; nothing was written.
    """
    require_role(by, MANAGERS)
    FigureState.objects.bulk_create(
        [FigureState(id=new_id(), merchant_id=merchant_id)], ignore_conflicts=True
    )
    state = FigureState.objects.select_for_update().get(merchant_id=merchant_id)
    before, after = differences(rules_read(state.rules).as_values(), rules.as_values())
    if not after:
        return False
    FigureState.objects.filter(pk=state.pk).update(rules=rules.as_values())
    line = JournalLine(act="FIGURE_RULES_SET", at=now, by=by, before=before, after=after)
    setting_note(merchant_id=merchant_id, subject_id=state.pk, kind=JOURNAL_KIND, line=line)
    return True
