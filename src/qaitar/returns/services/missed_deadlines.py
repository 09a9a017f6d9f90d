"""Owning up to a date nobody looked at in time, before the case moves on: otherwise it would have passed in silence.

The guard looks every minute.  Where it could not (the program was off across the date, the worker stood still), the
mirror or a person may be the first to touch the case afterwards, and would set a new date over the old one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from qaitar.foundation.identity.actors import system_actor
from qaitar.foundation.journal.transition import move
from qaitar.returns.deadlines.calendars import guard_settings
from qaitar.returns.deadlines.control_dates import ControlDate
from qaitar.returns.deadlines.deadline_guard import (
    GuardAction,
    GuardVerdict,
    guard_verdict,
    remembered,
)
from qaitar.returns.models import ReturnRequest
from qaitar.returns.rules.case_evaluation import clock_of, done_of, done_text
from qaitar.returns.services.case_change import change_of, written
from qaitar.returns.vocabulary import ControlRule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from qaitar.foundation.journal.transition import Change
    from qaitar.returns.reads.cases import Case

GRACE: Final = timedelta(minutes=5)  # a guard that is awake has looked by then


def guard_details(verdict: GuardVerdict) -> str:
    """Write down what the guard saw, as codes the console puts into words."""
    parts = [verdict.deed.value]
    if verdict.level is not None:
        parts.append(f"before={int(verdict.level.total_seconds())}")
    if verdict.roles:
        parts.append("to=" + ",".join(sorted(verdict.roles)))
    if verdict.silence.value != "NOTHING":
        parts.append(f"marketplace={verdict.silence.value}")
    if verdict.skipped:
        parts.append(
            "skipped="
            + ",".join(f"{s.deed.value}@{int(s.before.total_seconds())}" for s in verdict.skipped)
        )
    return "; ".join(parts)


def guard_line(case: Case, verdict: GuardVerdict, now: datetime, *, why: str = "") -> Change:
    """Build the guard's line in a case, and its bookkeeping of what was told."""
    request = case.request
    values: dict[str, Any] = {
        "guard_next_at": verdict.wake_at,
        "alerts_sent": done_text(remembered(done_of(request), verdict, now)),
        "alert_level": verdict.deed.value,
    }
    act = f"GUARD_{verdict.deed.value}"
    why = why or guard_details(verdict)
    return change_of(request, values, act, system_actor("guard"), now, why=why)


def missed_deadline(case: Case, now: datetime) -> Change | None:
    """Give the line that a case's date was missed, where the guard has not written it; None where nothing is owed."""
    request = case.request
    if request.control_at is None or now <= request.control_at + GRACE:
        return None
    if request.guard_next_at is None or now <= request.guard_next_at + GRACE:
        return None  # a date that was set a moment ago is the guard's to speak of, gone by or not
    done = done_of(request)
    if done.missed_at is not None:
        return None
    clock = clock_of(request, case.store_text, case.days_text)
    # the date that stood, not the one today's calendar and settings would give
    rule, source = ControlRule(request.control_rule), request.control_source
    control = ControlDate(request.control_at, rule, source)
    verdict = guard_verdict(clock, control, guard_settings(case.store_text), done, now)
    return guard_line(case, verdict, now) if verdict.deed is GuardAction.MISSED else None


def record_missed_deadlines(cases: Sequence[Case], now: datetime) -> None:
    """Write the missed dates of these cases, all in one statement and only where one is owed; the cases are brought up to date."""
    owed = [(case, line) for case in cases if (line := missed_deadline(case, now)) is not None]
    if not owed:
        return
    heads = move(ReturnRequest, [line for _, line in owed])
    for case, line in owed:
        if case.request.pk in heads:
            written(case.request, line, heads)
