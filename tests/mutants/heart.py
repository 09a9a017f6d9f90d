"""The parts of the heart: which modules each is made of and which tests judge them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = ROOT / "src" / "qaitar"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the heart; paths are below `src/qaitar` and below `tests`."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


# In the order of what a fault costs: a wrong refusal, a missed date, an act out of turn, a shop seen by another's people.
HEART: Final = (
    Part(
        "policy",
        (
            "returns/rules/policy.py",
            "returns/rules/dated_rules.py",
            "returns/rules/reasons.py",
            "returns/rules/goods_groups.py",
        ),
        ("returns/test_policy.py", "returns/test_grounds.py", "returns/test_procedure_stories.py"),
    ),
    Part(
        "control dates",
        (
            "returns/deadlines/control_dates.py",
            "returns/deadlines/calendars.py",
            "kernel/workdays.py",
        ),
        (
            "returns/test_control_dates.py",
            "returns/test_calendars.py",
            "returns/test_deadline_guard.py",
            "kernel/test_workdays.py",
            "returns/test_missed_deadlines.py",
        ),
    ),
    Part(
        "procedure",
        ("returns/rules/procedure.py", "returns/rules/guards.py"),
        (
            "returns/test_procedure.py",
            "returns/test_recommended.py",
            "returns/test_procedure_stories.py",
            "returns/test_acting.py",
        ),
    ),
    Part(
        "deadline guard",
        ("returns/deadlines/deadline_guard.py", "returns/services/guarding.py"),
        ("returns/test_deadline_guard.py", "returns/test_guarding.py"),
    ),
    Part(
        "access",
        (
            "foundation/identity/access.py",
            "foundation/tenancy/walls.py",
            "foundation/identity/actors.py",
        ),
        ("foundation/test_access.py", "foundation/test_walls.py", "web/api/test_idempotency.py"),
    ),
    Part(
        "intake",
        (
            "orders/import_sql.py",
            "orders/merge.py",
            "orders/import_rows.py",
            "orders/services/merging.py",
            "returns/services/intake.py",
            "flows/take_cabinet.py",
        ),
        (
            "orders/test_merging.py",
            "orders/test_overlay.py",
            "orders/test_readings.py",
            "orders/test_cards_and_units.py",
            "orders/test_import_files.py",
            "orders/test_poll_orders.py",
            "returns/test_acting.py",
            "returns/test_intake.py",
            "returns/test_linking.py",
            "returns/test_mirroring.py",
            "flows/test_take_cabinet.py",
            "flows/test_companion_mutations.py",
        ),
    ),
)


def part_named(name: str) -> Part:
    """Return a part of the heart by its name."""
    return next(part for part in HEART if part.name == name)
