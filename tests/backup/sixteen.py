"""The program as one that comes with PostgreSQL 16, whose programs the wheel carries beside those of 18.  Run as a program."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from typing import Any

from typing_extensions import override

from qaitar.runtime import cluster


class Sixteen(int):
    """The number 16, which names no folder: the wheel's folder of 16 has no number."""

    @override
    def __format__(self, spec: str) -> str:
        return ""


class WithoutBuiltin:
    """Starts programs as `subprocess` does; 16 has no provider of locales of its own."""

    CalledProcessError = subprocess.CalledProcessError

    @staticmethod
    def run(command: list[Any], **reported: Any) -> subprocess.CompletedProcess[Any]:
        stored = [each for each in command if not str(each).startswith(("--locale-p", "--builtin"))]
        return subprocess.run(stored, check=reported.pop("check"), **reported)


if __name__ == "__main__":
    cluster.MAJOR = Sixteen(16)
    cluster.subprocess = WithoutBuiltin  # type: ignore[assignment]  # stands in for the module
    from qaitar.cli.environment import prepare
    from qaitar.cli.main import main

    if sys.argv[1:] == ["fill"]:
        prepare(None, os.environ)
        runpy.run_module("tests.backup.filling", run_name="__main__")
    else:
        sys.exit(main(sys.argv[1:]))
