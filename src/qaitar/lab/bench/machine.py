"""What the figures stand on: which machine, and how fast it is at this very moment."""

from __future__ import annotations

import os
import platform
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

if TYPE_CHECKING:
    from datetime import datetime

_ROUNDS: Final = 1_500_000


def calibration_seconds() -> float:
    """Time a fixed loop of plain Python: absolute figures of two runs compare only as far as these do."""
    started = time.perf_counter()
    total = 0
    for number in range(_ROUNDS):
        total = (total + number * 31) & 0xFFFF
    assert total >= 0
    return time.perf_counter() - started


def _model() -> str:
    found = Path("/proc/cpuinfo")
    if found.exists():
        for line in found.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine and the moment of a run.  `load` is the system's one-minute load when the run began."""

    cpu: str
    cores: int
    memory_gib: float
    system: str
    python: str
    date: str
    load: float

    def as_json(self) -> dict[str, Any]:
        """Give the same as plain data."""
        return asdict(self)


def this_machine(now: datetime) -> Machine:
    """Describe the machine a bench runs on."""
    return Machine(
        cpu=_model(),
        cores=os.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=sys.version.split()[0],
        date=now.isoformat(timespec="seconds"),
        load=round(os.getloadavg()[0], 2),
    )
