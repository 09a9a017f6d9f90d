"""The locked packages, read from the requirement files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT: Final = Path(__file__).resolve().parents[2]
REQUIREMENTS: Final = ROOT / "requirements"
RUN: Final = REQUIREMENTS / "run.txt"
"""What the program itself runs on; the other files are for development and proofs."""
SMALLEST: Final = REQUIREMENTS / "uv.txt"
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True, order=True)
class Pin:
    """One package at one version."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def pins_of(path: Path) -> list[Pin]:
    """Read the packages of one requirement file, in its order."""
    return [
        Pin(name.lower(), version)
        for name, version in _PIN.findall(path.read_text(encoding="utf-8"))
    ]


def all_pins(paths: Iterable[Path]) -> list[Pin]:
    """Read the packages of several files, each once, by name."""
    return sorted({pin for path in paths for pin in pins_of(path)})


def requirement_files() -> list[Path]:
    """List every requirement file, the smallest first: whether a registry answers shows at once."""
    others = sorted(set(REQUIREMENTS.glob("*.txt")) - {SMALLEST})
    return [SMALLEST, *others]
