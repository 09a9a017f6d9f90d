"""Judges the mutants of the heart and tells the score of each part."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pickle
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from tests.mutants.explaining import explained
from tests.mutants.heart import HEART, ROOT, Part, part_named
from tests.mutants.making import Mutant, mutants_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STORED: Final = ROOT / "var" / "mutants"


@dataclass(frozen=True, slots=True)
class Score:
    """What became of the mutants of a part."""

    part: str
    answers: dict[str, tuple[str, float]]
    """By mutant: what was said of it and the seconds it took."""
    seconds: float

    @property
    def alive(self) -> list[str]:
        """Name those that nobody noticed and nobody explained."""
        return [
            name
            for name, (stated, _) in self.answers.items()
            if not stated.startswith("killed") and stated != "explained"
        ]

    @property
    def counted(self) -> int:
        """Count all but the explained ones."""
        return sum(stated != "explained" for stated, _ in self.answers.values())

    @property
    def percent(self) -> float:
        """Tell how many of a hundred were killed, the explained ones left out."""
        return 100 * (1 - len(self.alive) / self.counted) if self.counted else 100.0


def judge(part: Part, chosen: list[Mutant], *, lanes: int) -> Score:
    """Have the tests of a part judge these mutants of it."""
    began = time.monotonic()
    known = explained()
    answers = {m.name: ("explained", 0.0) for m in chosen if m.name in known}
    todo = [m for m in chosen if m.name not in known]
    with TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "mutants").write_bytes(pickle.dumps(todo))
        running = [_started(part, work, str(at)) for at in range(min(lanes, len(todo)))]
        codes = [process.wait() for process in running]
        if any(codes):
            raise SystemExit(f"{part.name}: a lane gave up, see {STORED}")
        for path in work.glob("answers *"):
            for name, stated, took in _answers(path):
                answers[name] = stated, took
    missing = [m.name for m in chosen if m.name not in answers]
    if missing:
        raise SystemExit(f"{part.name}: {len(missing)} mutants were not judged, see {STORED}")
    return Score(part.name, answers, time.monotonic() - began)


def _started(part: Part, work: Path, lane: str) -> subprocess.Popen[bytes]:
    STORED.mkdir(parents=True, exist_ok=True)
    tests = [f"tests/{each}" for each in part.tests]
    tests += [f"src/qaitar/{each}" for each in part.modules]  # its examples
    with (STORED / f"{part.name} {lane}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.mutants.lane", str(work), lane, *tests],
            cwd=ROOT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _answers(path: Path) -> Iterator[tuple[str, str, float]]:
    with path.open("rb") as file, contextlib.suppress(EOFError):
        while True:
            yield pickle.load(file)


def chosen_of(part: Part, *, sample: int, seed: int, again: bool) -> list[Mutant]:
    """Make the mutants of a part: all, a sample by its seed, or those alive after the last run."""
    made = [mutant for module in part.modules for mutant in mutants_of(module)]
    names = {mutant.name for mutant in made}
    gone = [
        x.name for x in explained().values() if x.module in part.modules and x.name not in names
    ]
    if gone:
        raise SystemExit("\n".join(["explained, and not made any more:", *gone]))
    if again:
        alive = set(json.loads((STORED / f"{part.name}.json").read_text())["alive"])
        made = [mutant for mutant in made if mutant.name in alive]
    chance = random.Random(seed)
    if sample and sample < len(made):
        return chance.sample(made, sample)
    chance.shuffle(made)
    return made


def tell(score: Score) -> None:
    """Print a part's line and its survivors, and keep them."""
    stated = Counter(stated.partition(":")[0] for stated, _ in score.answers.values())
    head = (
        f"{score.part}: {len(score.answers)} mutants, {stated['killed']} killed, {stated['explained']} explained,"
        f" {len(score.alive)} alive: {score.percent:.1f} %, {score.seconds:.0f} s"
    )
    lines = [head, *(f"  {score.answers[name][0]}: {name}" for name in sorted(score.alive))]
    sys.stdout.write("\n".join([*lines, ""]))
    sys.stdout.flush()
    STORED.mkdir(parents=True, exist_ok=True)
    reported = {"alive": sorted(score.alive), "answers": score.answers, "seconds": score.seconds}
    (STORED / f"{score.part}.json").write_text(json.dumps(reported, ensure_ascii=False, indent=1))


def main(arguments: Sequence[str]) -> int:
    """Judge, tell, and return 1 when a part's score is below the least."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(p.name for p in HEART))
    parser.add_argument("--sample", type=int, default=0, help="so many of each part (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=2, help="processes that judge at once")
    parser.add_argument("--again", action="store_true", help="those alive after the last run only")
    parser.add_argument("--least", type=float, default=90.0, help="percent below which it fails")
    reported = parser.parse_args(arguments)
    parts = [part_named(name) for name in reported.parts] or list(HEART)
    low = False
    for part in parts:
        chosen = chosen_of(part, sample=reported.sample, seed=reported.seed, again=reported.again)
        score = judge(part, chosen, lanes=reported.lanes)
        tell(score)
        low |= score.percent < reported.least
    return int(low)
