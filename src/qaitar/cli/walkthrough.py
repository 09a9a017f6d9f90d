"""`qaitar walkthrough`: plays the whole procedure, all branches, against the stand-ins, and prints each step.

It plays in a temporary data folder of its own, so that it works on an empty installation and leaves a live one alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from argparse import SUPPRESS
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Final

from qaitar.demo.walkthrough import Played, walkthrough
from qaitar.kernel.zones import ALMATY, zone
from qaitar.runtime.database import (
    APP_VARIABLE,
    FOREIGN_APP_VARIABLE,
    FOREIGN_VARIABLE,
    OWNER_VARIABLE,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from qaitar.demo.report import ReportedStep
    from qaitar.runtime.folder import DataFolder

_OURS_ALONE: Final = {
    APP_VARIABLE,
    OWNER_VARIABLE,
    FOREIGN_VARIABLE,
    FOREIGN_APP_VARIABLE,
    "QAITAR_DATA",
    "QAITAR_SECRET_KEY",
    "QAITAR_ENCRYPTION_KEY",
    "QAITAR_JOURNAL_KEY",
    "QAITAR_S3_BUCKET",
}

_HERE: Final = zone(ALMATY)
_EXPLAINED: Final = ("GUARD_", "REFUSE", "NOTE_")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--in-this-folder", action="store_true", help=SUPPRESS)


def run(options: argparse.Namespace, folder: DataFolder) -> int:  # noqa: ARG001  a subcommand's signature
    """Play in a folder of its own, or, in the child that was given one, right here."""
    if not options.in_this_folder:
        return _apart(json_wanted=options.json)
    return show(walkthrough(), json_wanted=options.json)


def _apart(*, json_wanted: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="qaitar-walkthrough-") as folder:
        command = [sys.executable, "-m", "qaitar.cli.main", "walkthrough", "--in-this-folder"]
        command += ["--data", folder, *(["--json"] if json_wanted else [])]
        return subprocess.run(command, env=_environ(os.environ), check=False).returncode  # noqa: S603  our own program


def _environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Leave out what would lead the child to this installation's data."""
    return {name: value for name, value in environ.items() if name not in _OURS_ALONE}


def show(played: Iterable[Played | str], *, json_wanted: bool) -> int:
    """Print what was played as it comes, or all of it as one JSON document; 1 when something did not hold."""
    branches: list[Played] = []
    broken: list[str] = []
    for number, each in enumerate(played, start=1):
        if isinstance(each, str):
            broken.append(each)
            continue
        branches.append(each)
        if not json_wanted:
            _print_branch(number, each)
    fine = not broken and all(each.ok for each in branches)
    if json_wanted:
        print(json.dumps(_document(branches, broken, fine=fine), ensure_ascii=False, indent=2))
    else:
        _print_sum(branches, broken, fine=fine)
    return 0 if fine else 1


def _document(branches: list[Played], broken: list[str], *, fine: bool) -> dict[str, object]:
    document = [
        {
            "name": each.name,
            "shows": each.shows,
            "ok": each.ok,
            "wrong": list(each.wrong),
            "steps": [{**asdict(step), "at": step.at.isoformat()} for step in each.steps],
        }
        for each in branches
    ]
    return {"branches": document, "journal": broken, "ok": fine}


def _print_branch(number: int, played: Played) -> None:
    print(f"\n{number}. {played.name}: {played.shows}")
    for step in played.steps:
        _print_step(step)
    for wrong in played.wrong:
        print(f"   NOT SO: {wrong}")
    print(f"   {'ok' if played.ok else 'FAILED'}", flush=True)


def _print_step(step: ReportedStep) -> None:
    when = step.at.astimezone(_HERE).strftime("%d.%m %H:%M")
    print(f"   {when}  {step.step or '·':<5}{step.request}  {step.who}: {step.act}{_stands(step)}")
    if step.why and step.act.startswith(_EXPLAINED):
        print(f"{'':<21}{step.why}")
    for effect in step.effects:
        print(f"{'':<21}{effect.kind} {effect.state.lower()} {effect.reference}".rstrip())


def _stands(step: ReportedStep) -> str:
    """Say where the case stands after a step; '' for what happened outside and for settled effects."""
    if not step.stage or step.act.startswith("EFFECT_"):
        return ""
    stands = f" → {step.stage}, section {step.section or 'not seen'}"
    if not step.control_at:
        return f"{stands}, no control date"
    control = datetime.fromisoformat(step.control_at).astimezone(_HERE).strftime("%d.%m %H:%M")
    return f"{stands}, control date {control} ({step.control_rule}, {step.control_source})"


def _print_sum(branches: list[Played], broken: list[str], *, fine: bool) -> None:
    for each in broken:
        print(f"NOT SO: {each}")
    effects = sum(len(step.effects) for each in branches for step in each.steps)
    good = sum(each.ok for each in branches)
    print(
        f"\n{good} of {len(branches)} branches hold; {effects} effects outside, each exactly once."
    )
    print("Everything holds." if fine else "Something does not hold: see NOT SO above.")
