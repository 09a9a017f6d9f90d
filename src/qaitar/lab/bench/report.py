"""What a bench tells: figures with their goals, as a table for people and as one JSON document for programs.  Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Direction = Literal["at most", "at least"]


@dataclass(frozen=True, slots=True)
class Goal:
    """A promise with a figure, and what was measured."""

    name: str
    measured: float
    direction: Direction
    limit: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Tell whether the promise holds.

        >>> Goal("queries", 12, "at most", 12).met
        True
        >>> Goal("share", 0.07, "at least", 0.08).met
        False
        """
        if self.direction == "at most":
            return self.measured <= self.limit
        return self.measured >= self.limit


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of figures under one heading."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def text(self) -> str:
        """Draw it with aligned columns."""
        cells = [[_cell_text(cell) for cell in row] for row in self.rows]
        widths = [
            max(len(line[place]) for line in [list(self.columns), *cells])
            for place in range(len(self.columns))
        ]
        lines = [self.title]
        for line in [list(self.columns), *cells]:
            first = line[0].ljust(widths[0])
            rest = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
            lines.append("  " + "  ".join([first, *rest]).rstrip())
        return "\n".join(lines)

    def as_json(self) -> list[dict[str, object]]:
        """Give one object a row."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(slots=True)
class BenchReport:
    """All that one bench has found."""

    name: str
    machine: Mapping[str, Any]
    calibration_seconds: list[float] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def met(self) -> bool:
        """Tell whether every promise holds."""
        return all(goal.met for goal in self.goals)

    def as_json(self) -> dict[str, Any]:
        """Give the whole report as plain data: figures, ceilings, ratios, machine, date."""
        return {
            "bench": self.name,
            "machine": dict(self.machine),
            "calibration_seconds": [round(each, 4) for each in self.calibration_seconds],
            "figures": {key: table.as_json() for key, table in self.tables.items()},
            "goals": [
                {
                    "name": goal.name,
                    "measured": goal.measured,
                    "goal": f"{goal.direction} {goal.limit:g}{goal.unit}",
                    "met": goal.met,
                }
                for goal in self.goals
            ],
            "notes": list(self.notes),
            "met": self.met,
        }

    def text(self) -> str:
        """Give the whole report for a terminal."""
        machine = self.machine
        head = (
            f"bench {self.name}: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB,"
            f" {machine['date']}, load {machine['load']}"
        )
        loops = ", ".join(f"{each * 1000:.0f}" for each in self.calibration_seconds)
        parts = [head, f"calibration loop, ms: {loops}", *(t.text() for t in self.tables.values())]
        if self.goals:
            rows = [
                [
                    goal.name,
                    f"{_cell_text(goal.measured)}{goal.unit}",
                    f"{goal.direction} {goal.limit:g}{goal.unit}",
                    "met" if goal.met else "NOT MET",
                ]
                for goal in self.goals
            ]
            parts.append(Table("Goals", ["goal", "measured", "promised", ""], rows).text())
        return "\n\n".join([*parts, *self.notes])


def _cell_text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.2f}" if abs(cell) < 100 else f"{cell:,.0f}"  # noqa: PLR2004  three digits say enough
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that `share` of the sample does not exceed (nearest rank).

    >>> percentile([5.0, 1.0, 3.0], 0.5), percentile(list(range(1, 101)), 0.95)
    (3.0, 95)
    """
    assert values, "no sample"
    ordered = sorted(values)
    rank = max(1, -(-round(share * len(ordered) * 1000) // 1000))
    return ordered[min(rank, len(ordered)) - 1]
