"""What is done with companions, in the journal of every merchant it concerns: pairing, the end, a cabinet that stops being readable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from qaitar.foundation.journal.lines import JournalLine
from qaitar.foundation.journal.settings_journal import setting_note
from qaitar.foundation.models import Membership

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from qaitar.foundation.identity.access import Principal
    from qaitar.foundation.models import CabinetWatch, Companion

JOURNAL_KIND: Final = "companion"


def companion_note(row: Companion, act: str, *, who: Principal, now: datetime) -> None:
    """Write that `who` did something with a companion, at every merchant both they and its person belong to."""
    theirs = Membership.objects.filter(user_id=row.user_id, merchant_id__in=who.merchants)
    after = {"browser": row.browser, "person": str(row.user)}
    for merchant_id in sorted(theirs.values_list("merchant_id", flat=True)):
        line = JournalLine(act=act, at=now, by=who.actor_at(merchant_id), after=after)
        subject = companion_subject(row.pk, merchant_id)
        setting_note(merchant_id=merchant_id, subject_id=subject, kind=JOURNAL_KIND, line=line)


def companion_subject(companion_id: UUID, merchant_id: UUID) -> UUID:
    """Name the chain of a companion at a merchant: each merchant can check its own from end to end."""
    return UUID(int=companion_id.int ^ merchant_id.int)


def watch_note(
    row: CabinetWatch,
    act: str,
    changed: tuple[Mapping[str, Any], Mapping[str, Any]],
    *,
    who: Principal,
    now: datetime,
) -> None:
    """Write that something about a store's watched cabinet became other than it was."""
    before, after = changed
    line = JournalLine(
        act=act, at=now, by=who.actor_at(row.merchant_id), before=before, after=after
    )
    setting_note(merchant_id=row.merchant_id, subject_id=row.pk, kind=JOURNAL_KIND, line=line)
