"""Every cell of the matrix: a story, a moment of it, a death, a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.kill_matrix.deaths import ON_THE_WIRE, Death, deaths_at
from tests.kill_matrix.rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WAY_IN = "the call to us"
SOMETIME = "any time"


@dataclass(frozen=True, slots=True)
class Cell:
    """`at` counts the story's moments from 0; -1 stands for the whole of it."""

    story: str
    at: int
    death: Death
    seed: int
    moment: str

    @property
    def name(self) -> str:
        """Tell it to people."""
        return f"{self.story} / {self.moment} #{self.at} / {self.death} / seed {self.seed}"


def points() -> Iterator[tuple[str, str, Death]]:
    """Walk every point with every death it can meet: story, moment, death."""
    for row in ROWS:
        for moment in () if row.story.whole_only else dict.fromkeys(row.moments):
            for death in deaths_at(moment):
                yield row.story.name, moment, death
        if row.moments[-1] == "answered":
            for death in ON_THE_WIRE:
                yield row.story.name, WAY_IN, death
        yield row.story.name, SOMETIME, Death.ANY_TIME


FOUND: Final = (
    ("list made into a file", "commit listexport+storedfile", Death.KILLED),
    ("list made into a file", "commit listexport+storedfile", Death.BACKEND_GONE),
    (
        "long export read",
        "commit importrejection+importrun+journalentry+journalhead+store",
        Death.BACKEND_GONE,
    ),
    (
        "connection mended",
        "commit journalentry+journalhead+personalkey+plannedeffect+returnrequest",
        Death.BACKEND_GONE,
    ),
)
"""Points at which something was wrong once: they are part of every run, however small."""


SETTLED: Final = frozenset(
    {
        "commit journalentry+journalhead+plannedeffect+returnrequest",
        "commit journalentry+journalhead+personalkey+plannedeffect+returnrequest",  # the answer's words beside it
    }
)
"""The moments after a call and before what became of it is written down."""


def planted() -> list[Cell]:
    """List cells the planted bug cannot pass: killed between each of a story's calls and its settling.

    The helpdesk's calls, because the accounting system is asked for our marker right before anything is written there.
    """
    return [
        each
        for each in cells(4, story="ticket and comment")
        if each.moment in SETTLED and each.death is Death.KILLED
    ]


def sampled(wanted: Sequence[Cell], size: int) -> list[Cell]:
    """Choose so many cells by lot, always the same ones, the points that found something once among them."""
    dice = random.Random(size)
    shuffled = dice.sample(wanted, len(wanted))
    found = [(each.story, each.moment, each.death) for each in wanted]
    chosen = {wanted[found.index(each)].name: wanted[found.index(each)] for each in FOUND}
    for each in shuffled[: max(size - len(chosen), 0)]:
        chosen[each.name] = each
    return list(chosen.values())


def cells(seeds: int, *, story: str = "") -> list[Cell]:
    """List every cell, seed after seed, so that a run cut short has seen every point.

    A moment a story passes several times is met at another of them by each seed.
    """
    passed = {row.story.name: row.moments for row in ROWS}
    return [
        Cell(name, _at(passed[name], moment, seed), death, seed, moment)
        for seed in range(seeds)
        for name, moment, death in points()
        if story in {"", name}
    ]


def _at(moments: Sequence[str], moment: str, seed: int) -> int:
    times = [number for number, each in enumerate(moments) if each == moment]
    return times[seed % len(times)] if times else -1
