"""What a story of the matrix is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from qaitar.returns.vocabulary import Effect
    from tests.kill_matrix.world import Request, World

EFFECTS: Final = "qaitar.flows.tasks.effects_sweep"
EVENTS: Final = "qaitar.flows.tasks.webhooks_sweep"


@dataclass(frozen=True, slots=True)
class Story:
    """One thing that must happen exactly once, whoever dies in between.

    `begins` does all that comes before and commits it; it leaves jobs for a worker, or gives the call a web process is
    to answer.  `differs` says what is not as it has to be once everything has settled.  `sweeps` are the minute's jobs
    that find what was left.
    """

    name: str
    begins: Callable[[World], Request | None]
    differs: Callable[[World], list[str]]
    sweeps: tuple[str, ...] = (EFFECTS,)
    effects: tuple[Effect, ...] = ()
    """Which effects of the procedure it brings about."""
    operation: str = ""
    """Which call of the API it makes."""
    anew: Callable[[World], Request] | None = None
    """The call of whoever was told that the case has changed meanwhile, and has read it."""
    whole_only: bool = False
    """Its moments are those of other stories: it dies only at any time."""


def unlike(what: str, found: object, meant: object) -> list[str]:
    """Say that something is not what it has to be; nothing when it is."""
    return [] if found == meant else [f"{what}: {found!r}, not {meant!r}"]
