"""The shape every story of an outside effect has: prepare inside our transaction, send and find outside of any."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from qaitar.foundation.models import EffectState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from qaitar.contracts.outcome import (
        Busy,
        Done,
        Misconfigured,
        Missing,
        Refused,
        Unknown,
    )
    from qaitar.foundation.models import PlannedEffect
    from qaitar.returns.reads.cases import Case


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something else has to happen first: `on` says what in one word, `detail` in a sentence."""

    on: str
    detail: str
    seconds: int = 60


SOON_S: Final = 1_800
"""A second look at what will be woken anyway, in case nobody does."""
A_DAY_S: Final = 86_400
LEFT_TO_PEOPLE: Final = frozenset(
    {EffectState.REFUSED, EffectState.NOT_CONNECTED, EffectState.MISCONFIGURED, EffectState.BY_HAND}
)


def waits_for(on: str, detail: str, awaited: Collection[str]) -> Waiting:
    """Wait for another effect, which wakes this one when it is settled; one left to people is not looked for all day.

    Otherwise every case whose ticket or return order was refused for good would be looked at every few minutes for ever.
    """
    theirs = bool(awaited) and set(awaited) <= LEFT_TO_PEOPLE
    return Waiting(on, detail, A_DAY_S if theirs else SOON_S)


@dataclass(frozen=True, slots=True)
class NothingToDo:
    """There is nothing to do outside any more; the effect counts as done, `detail` says why."""

    detail: str


@dataclass(frozen=True, slots=True)
class NotPossible:
    """It cannot be done by machine as things stand; a person has to act, `detail` says on what."""

    detail: str


NotReady = Waiting | NothingToDo | NotPossible


@dataclass(frozen=True, slots=True)
class HandlerResult:
    """What an outside system came to say, and what of it the effect has to remember."""

    outcome: Done | Refused | Misconfigured | Busy | Unknown | Missing
    payload: Mapping[str, Any] = field(default_factory=dict)
    erp_order: str = (
        ""  # the number of the sale in the accounting system, when it was learnt on the way
    )


P = TypeVar("P")


class EffectHandler(Protocol[P]):
    """How one kind of effect happens.  Holds nothing; `contract` names the kind of system it needs."""

    contract: str

    def prepare(self, effect: PlannedEffect, case: Case, now: datetime) -> P | NotReady:
        """Gather everything that will be sent, from our database only, inside the caller's transaction."""
        ...

    def send(self, client: Any, ready: P) -> HandlerResult:
        """Do it, once, with no transaction open."""
        ...

    def find(self, client: Any, ready: P) -> HandlerResult:
        """Look for it by our marker, with no transaction open; `Missing` means that surely nothing is there now."""
        ...
