"""Runs the audit and writes the bill of materials; says in lines what was and what was not looked up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tests.supply.ages import ages
from tests.supply.audit import ACCEPTED_FILE, accepted, audit, unaccepted
from tests.supply.pins import ROOT, all_pins, requirement_files
from tests.supply.sbom import write

if TYPE_CHECKING:
    from tests.supply.audit import Audit, Vulnerability
    from tests.supply.pins import Pin

SBOM: Final = ROOT / "build" / "qaitar.cdx.json"


def judge(now: datetime) -> tuple[list[str], list[Vulnerability]]:
    """Look up every locked package; return lines to print and what must be mended.

    Raises:
        ValueError: the list of accepted vulnerabilities is not in order.
    """
    known = accepted(ACCEPTED_FILE.read_text(encoding="utf-8"), now.date())
    files = requirement_files()
    pins = all_pins(files)
    seen = audit(files, pins)
    bad = unaccepted(seen.found, known)
    lines = [headline(seen, len(bad)), *(f"  {each}" for each in bad)]
    if seen.skipped:
        lines += age_lines(ages(sorted(seen.skipped), now))
    return lines, bad


def headline(seen: Audit, bad: int) -> str:
    """Say what the audit learned; never that all is well when nobody could say so."""
    if not seen.audited:
        return f"audit: no registry of vulnerabilities answers; {len(seen.skipped)} packages not audited"
    left = f", {len(seen.skipped)} not audited" if seen.skipped else ""
    known = f", {len(seen.found) - bad} accepted" if len(seen.found) > bad else ""
    return f"audit: {len(seen.audited)} packages audited{left}: {bad} vulnerabilities{known}"


def age_lines(days: dict[Pin, int | None]) -> list[str]:
    """List packages nobody audited with the age of their release, the oldest first."""
    order = sorted(days.items(), key=lambda each: (-(each[1] or 0), each[0]))
    return [f"  {'?' if age is None else age:>5} days  {pin}" for pin, age in order]


def main() -> int:
    """Print the audit, write the bill of materials; 1 when a known vulnerability is not accepted."""
    lines, bad = judge(datetime.now(UTC))
    bill = write(SBOM)
    lines.append(f"SBOM: {len(bill['components'])} components in {SBOM.relative_to(ROOT)}")
    print("\n".join(lines))  # noqa: T201
    return 1 if bad else 0
