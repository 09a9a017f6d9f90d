"""Runs an opener of hostile files in its own process and turns every way it can end into a value."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WALL_MAX_S = 4.5
WAIT_FOR_TURN_MAX_S = 10.0
AT_ONCE_MAX = 2  # a process of at most 300 MB each
_ANSWER_MAX_BYTES = 65_536
_OUT_OF_MEMORY_EXIT = 3
_OPENERS = "qaitar.foundation.files.openers"
_PACKAGES = Path(__file__).parents[3]
_turns = threading.BoundedSemaphore(AT_ONCE_MAX)


@dataclass(frozen=True, slots=True)
class Answered:
    """The opener finished; `facts` is its JSON object."""

    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OpenerFailed:
    """The opener could not make sense of the file."""


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The file took more time or memory than any honest file does; the opener was ended."""


@dataclass(frozen=True, slots=True)
class NoTurn:
    """As many files as allowed are being opened; nothing was started."""


Ending = Answered | OpenerFailed | Exhausted | NoTurn


def run(
    opener: str,
    path: Path,
    folder: Path | None = None,
    *,
    number: int | None = None,
    wall_s: float = WALL_MAX_S,
) -> Ending:
    """Open one file in a process of its own and return how that ended; never raises for a bad file.

    `opener` is a module of `openers`.  The process gets no secret of ours (a clean environment), no
    input, and limits on memory, processor time and bytes written.
    `number` is the last word of its command line, for an opener that asks for one (which page).
    It is killed after `wall_s` seconds.
    """
    if not _turns.acquire(timeout=WAIT_FOR_TURN_MAX_S):
        return NoTurn()
    try:
        return _run(opener, path, folder, number, wall_s)
    finally:
        _turns.release()


def _run(opener: str, path: Path, folder: Path | None, number: int | None, wall_s: float) -> Ending:
    command = [sys.executable, "-P", "-s", "-m", f"{_OPENERS}.{opener}", str(path.absolute())]
    if folder is not None:
        command.append(str(folder.absolute()))
    if number is not None:
        command.append(str(number))
    with tempfile.TemporaryFile() as output:
        try:
            done = subprocess.run(  # noqa: S603  the words are ours, the path is one argument
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                env={"PYTHONPATH": str(_PACKAGES)},
                cwd="/",
                timeout=wall_s,
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            return Exhausted()
        output.seek(0)
        reply = output.read(_ANSWER_MAX_BYTES)
    return _ending(done.returncode, reply)


_KILLED_BY_LIMITS = {-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGABRT, -signal.SIGXFSZ}


def _ending(code: int, reply: bytes) -> Ending:
    if code == _OUT_OF_MEMORY_EXIT or code in _KILLED_BY_LIMITS:
        return Exhausted()
    if code != 0:
        return OpenerFailed()
    try:
        facts = json.loads(reply)
    except ValueError:
        return OpenerFailed()
    return Answered(facts) if isinstance(facts, dict) else OpenerFailed()
