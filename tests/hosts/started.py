"""Starts the story in namespaces of its own: when its first process ends, the kernel ends everything it started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).resolve().parents[2]
_APART: Final = (
    *("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"),
    *("sh", "-c", 'mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns && "$@"; exit $?', "sh"),
)


def story(folder: Path, *flags: str, seconds: int) -> dict[str, Any]:
    """Play the story; its figures."""
    line: Sequence[str] = [*_APART, sys.executable, "-m", "tests.hosts", str(folder), *flags]
    done = subprocess.run(
        line,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        cwd=ROOT,
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-4_000:]
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures
