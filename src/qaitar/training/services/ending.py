"""Ending a practice: judged once from its journal, kept at the person's own merchant, its shop switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.training.cases import cases_drawn
from qaitar.training.models import Practice, PracticeState
from qaitar.training.scoring_run import Work, practice_judge
from qaitar.training.services.closing import shop_close

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


def practice_end(*, practice_id: UUID, now: datetime, given_up: bool = False) -> Practice | None:
    """Judge a practice, keep the result and close its shop; one that is ended already stays as it is.

    Runs in the caller's transaction with both walls open, the home's and the practice shop's.  None if these walls
    hold no such practice.
    """
    practice = Practice.objects.select_for_update().filter(pk=practice_id).first()
    if practice is None or practice.state not in {PracticeState.PREPARING, PracticeState.OPEN}:
        return practice
    if practice.opened_at is not None:
        practice.score, cases = _judged(practice, now, over=True)
        practice.result = {"cases": cases}
    practice.state = PracticeState.GIVEN_UP if given_up else PracticeState.DONE
    practice.ended_at = now
    practice.save(update_fields=["state", "ended_at", "score", "result"])
    shop_close(practice.shop_id)
    return practice


def practice_so_far(practice: Practice, now: datetime) -> tuple[int, list[dict[str, object]]]:
    """Judge what was decided in an open practice by now; what is still to be decided is not given away."""
    return _judged(practice, now, over=False)


def _judged(
    practice: Practice, now: datetime, *, over: bool
) -> tuple[int, list[dict[str, object]]]:
    assert practice.opened_at is not None, "only an opened practice has anything to judge"
    work = Work(practice.shop_id, practice.user_id, practice.opened_at, now, over)
    return practice_judge(work, cases_drawn(practice.seed))
