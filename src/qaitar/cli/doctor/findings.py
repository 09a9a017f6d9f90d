"""What `qaitar doctor` can find: one line a check, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is; only PROBLEM makes the command end with 1."""

    OK = "ok"
    WARN = "warn"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw in `area`, and what to do when it is not well."""

    area: str
    level: Level
    message: str
    do: str = ""


def ok(area: str, message: str) -> Finding:
    """Say that it is well."""
    return Finding(area, Level.OK, message)


def warn(area: str, message: str, do: str) -> Finding:
    """Say that it is worth a look."""
    return Finding(area, Level.WARN, message, do)


def problem(area: str, message: str, do: str) -> Finding:
    """Say that it does not work, or may cost data."""
    return Finding(area, Level.PROBLEM, message, do)
