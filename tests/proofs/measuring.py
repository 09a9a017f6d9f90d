"""What the proofs share: one bench on a database of its own, its figures printed, its missed goals named."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from unittest import mock

from django.test import override_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qaitar.lab.bench.report import BenchReport


def missed(measure: Callable[[], BenchReport], blocker: Any, folder: Path) -> list[str]:
    """Run a bench, print its report, and name the goals it missed with what was measured."""
    static = override_settings(STATIC_ROOT=folder, WHITENOISE_USE_FINDERS=False)
    with blocker.unblock(), mock.patch.dict(os.environ), static:
        report = measure()
    print(f"\n{report.text()}\n")  # noqa: T201  the figures are what a proof is for
    assert report.goals, "a bench without goals proves nothing"
    return [
        f"{g.name}: {g.measured:.2f}, {g.direction} {g.limit:g}" for g in report.goals if not g.met
    ]
