"""What world is asked for, and what playing it came to: of one seller, and of all sellers of a world together."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class SimulationRequest:
    """What world is to be played.  The orders are shared out among the sellers; `seller` is whose part this is.

    `faults` is the share of calls that go wrong; `outages`, the chance of an hour that the program goes off for some
    hours or days, follows from it unless given.
    """

    seed: int
    days: int
    orders: int
    faults: float = 0.0
    sellers: int = 1
    outages: float | None = None
    seller: int = 0

    @property
    def goes_off(self) -> float:
        """Tell the chance of an hour that the program goes off."""
        return self.faults / 100 if self.outages is None else self.outages

    def dice(self, whose: str) -> random.Random:
        """Give a source of chance of this seller and this part of its world, and of nobody else."""
        return random.Random(f"{self.seed} {self.seller} {whose}")  # noqa: S311  a play, not a secret

    def parts(self) -> tuple[SimulationRequest, ...]:
        """Share the world out: one part a seller.

        >>> [part.orders for part in SimulationRequest(seed=1, days=2, orders=10, sellers=3).parts()]
        [4, 3, 3]
        """
        each, left = divmod(self.orders, self.sellers)
        return tuple(
            replace(self, orders=each + (number < left), seller=number)
            for number in range(self.sellers)
        )


@dataclass(slots=True)
class SimulationResults:
    """What a run came to: `broken` names what does not hold, `transcript` is the same for the same seed."""

    wanted: SimulationRequest
    broken: list[str] = field(default_factory=list)
    transcript: str = ""
    requests: int = 0
    lines: int = 0
    effects: int = 0
    outages: int = 0
    deaths: int = 0
    faults: dict[str, int] = field(default_factory=dict)


def together(wanted: SimulationRequest, parts: Sequence[SimulationResults]) -> SimulationResults:
    """Add up what the sellers' parts came to, in the order of the sellers whoever was ready first."""
    if len(parts) == 1:
        return parts[0]
    results, met = SimulationResults(wanted), Counter[str]()
    digest = hashlib.sha256()
    for part in sorted(parts, key=lambda one: one.wanted.seller):
        results.broken += [f"seller {part.wanted.seller}: {each}" for each in part.broken]
        digest.update(f"{part.wanted.seller} {part.transcript}\n".encode())
        results.requests += part.requests
        results.lines += part.lines
        results.effects += part.effects
        results.outages += part.outages
        results.deaths += part.deaths
        met.update(part.faults)
    results.faults = dict(sorted(met.items()))
    results.transcript = digest.hexdigest()
    return results
