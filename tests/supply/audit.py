"""Asks pip-audit about the locked packages, and says what it really learned.

pip-audit ends with "No known vulnerabilities found" and exit code 0 where the registry knows none of the packages; what
counts here is therefore the report's list of packages, in which each one skipped is named.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.supply.pins import Pin

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ACCEPTED_FILE: Final = Path(__file__).with_name("accepted.toml")
ACCEPTED_DAYS_MAX: Final = 90
"""An accepted vulnerability is looked at again after this time (docs/security.md)."""
SECONDS_MAX: Final = 900
ANSWER_SECONDS: Final = 10


@dataclass(frozen=True, order=True)
class Vulnerability:
    """A published vulnerability of one locked package."""

    pin: Pin
    id: str
    aliases: tuple[str, ...] = ()
    fixed_in: tuple[str, ...] = ()

    def __str__(self) -> str:
        fixed = f", fixed in {', '.join(self.fixed_in)}" if self.fixed_in else ""
        return f"{self.pin}: {self.id}{fixed}"


@dataclass(frozen=True)
class Accepted:
    """A vulnerability we know of and keep for a while, with the reason."""

    id: str
    package: str
    reason: str
    since: date


@dataclass
class Audit:
    """What was looked up, what was found, and what nobody could say anything about."""

    audited: set[Pin] = field(default_factory=set)
    found: set[Vulnerability] = field(default_factory=set)
    skipped: set[Pin] = field(default_factory=set)

    def add(self, report: dict[str, Any]) -> None:
        """Take in one report of pip-audit (its JSON format)."""
        for each in report["dependencies"]:
            if "skip_reason" in each:
                continue
            pin = Pin(each["name"].lower(), each["version"])
            self.audited.add(pin)
            for vulnerability in each["vulns"]:
                aliases, fixed = (
                    tuple(vulnerability.get(name, ())) for name in ("aliases", "fix_versions")
                )
                self.found.add(Vulnerability(pin, vulnerability["id"], aliases, fixed))


def audit(paths: Sequence[Path], pins: Iterable[Pin]) -> Audit:
    """Look up the packages of the files; after a file of which nothing could be looked up the rest is not asked about."""
    seen = Audit()
    for path in paths:
        before = len(seen.audited)
        seen.add(_report(path))
        if len(seen.audited) == before:
            break
    seen.skipped = set(pins) - seen.audited
    return seen


def _report(path: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "report.json"
        options = ["--disable-pip", "--require-hashes", "--progress-spinner", "off"]
        reported = ["--timeout", str(ANSWER_SECONDS), "--format", "json", "--output", str(output)]
        command = [
            sys.executable,
            "-m",
            "pip_audit",
            "--requirement",
            str(path),
            *options,
            *reported,
        ]
        subprocess.run(command, check=False, capture_output=True, timeout=SECONDS_MAX)
        if not output.exists():  # no registry answered at all
            return {"dependencies": []}
        report: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
        return report


def accepted(text: str, today: date) -> list[Accepted]:
    """Read the list of accepted vulnerabilities.

    Raises:
        ValueError: an entry has no reason or no date, or its time is over.
    """
    entries = []
    for each in tomllib.loads(text).get("accepted", []):
        since, reason = each.get("since"), str(each.get("reason", "")).strip()
        if not isinstance(since, date) or not reason:
            raise ValueError(f"{each.get('id')}: an accepted vulnerability needs `reason`, `since`")
        if not today - timedelta(days=ACCEPTED_DAYS_MAX) <= since <= today:
            raise ValueError(
                f"{each['id']}: accepted on {since}, look at it again after {ACCEPTED_DAYS_MAX} days"
            )
        entries.append(Accepted(each["id"], each["package"].lower(), reason, since))
    return entries


def unaccepted(found: Iterable[Vulnerability], known: Iterable[Accepted]) -> list[Vulnerability]:
    """Leave out what is accepted for this package under this number or one of its aliases."""
    pairs = {(each.package, each.id) for each in known}
    return sorted(
        each
        for each in found
        if not any((each.pin.name, number) in pairs for number in (each.id, *each.aliases))
    )
