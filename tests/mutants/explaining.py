"""The mutants no test can notice, each with its reason."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tests.mutants.heart import SOURCE

STORED: Final = Path(__file__).with_name("explained.json")


@dataclass(frozen=True, slots=True)
class Explained:
    """A mutant that changes nothing anybody could see, and why."""

    module: str
    inside: str
    before: str
    after: str
    why: str

    @property
    def name(self) -> str:
        """Name it as the mutant is named."""
        return named(self.module, self.inside, self.before, self.after)

    def still_there(self) -> bool:
        """Tell whether its line still stands in the module, however it is laid out."""
        text = " ".join((SOURCE / self.module).read_text(encoding="utf-8").split())
        return self.before in text


def named(module: str, inside: str, before: str, after: str) -> str:
    """Name a mutant so that it is found again after lines have moved."""
    return f"{module} {inside or '(table)'}: {before} → {after}"


@cache
def explained() -> dict[str, Explained]:
    """Return them by their names."""
    reported = [Explained(**each) for each in json.loads(STORED.read_text(encoding="utf-8"))]
    return {each.name: each for each in reported}
