"""What the imitated world does next in a practice case: customer, senior, marketplace and courier, in minutes.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from qaitar.returns.vocabulary import Effect, Stage

SOON: Final = timedelta(seconds=45)
ON_THE_WAY: Final = timedelta(minutes=2)


class Reaction(StrEnum):
    """What may happen by itself."""

    SEE_PRESS = "SEE_PRESS"  # the marketplace shows what was decided
    PAY_BACK = "PAY_BACK"  # the marketplace shows the money given back
    ANSWER = "ANSWER"  # the customer sends what they were asked for
    APPROVE = "APPROVE"  # the senior says yes
    ARRIVE = "ARRIVE"  # the goods come to our point and are the ones sold


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionFacts:
    """What decides it."""

    stage: Stage
    since: datetime
    pending_press: str = ""
    pending_since: datetime | None = None
    contacted: bool = False
    answered: bool = False
    will_answer: bool = False


def next_deed(case: ReactionFacts, now: datetime) -> Reaction | None:
    """Tell what happens by now in a case, one thing at a time.

    >>> begun = datetime(2026, 1, 1)
    >>> contacted = ReactionFacts(stage=Stage.WAITING_CUSTOMER, since=begun, contacted=True, will_answer=True)
    >>> next_deed(contacted, begun), next_deed(contacted, begun + SOON)
    (None, <Reaction.ANSWER: 'ANSWER'>)
    """
    if case.pending_press and case.pending_since is not None:
        if now < case.pending_since + SOON:
            return None
        return Reaction.PAY_BACK if case.pending_press == Effect.PRESS_GRANT else Reaction.SEE_PRESS
    if case.stage is Stage.IN_DELIVERY:
        return Reaction.ARRIVE if now >= case.since + ON_THE_WAY else None
    if now < case.since + SOON:
        return None
    if case.stage is Stage.WAITING_APPROVAL:
        return Reaction.APPROVE
    awaited = case.contacted and case.will_answer and not case.answered
    return Reaction.ANSWER if case.stage is Stage.WAITING_CUSTOMER and awaited else None
