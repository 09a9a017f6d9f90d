"""The shape of an invariant: its letter, what it promises, and the statement that finds rows which break it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import LiteralString


@dataclass(frozen=True, slots=True)
class Invariant:
    """One promise.  `finds` selects `merchant`, `place`, `fault` of what breaks it, over whole tables, without locks.

    Its parameters: `now`, and the tables of the program (`Tables`).
    """

    code: str
    promises: str
    finds: LiteralString


@dataclass(frozen=True, slots=True)
class Broken:
    """One row that breaks an invariant: whose it is ('' for the whole installation), which row, what is wrong."""

    code: str
    merchant: str
    place: str
    fault: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one invariant: how many rows break it and the first of them."""

    code: str
    promises: str
    broken: int
    first: tuple[Broken, ...]
    seconds: float
