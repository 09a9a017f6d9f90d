"""The whole kill matrix: every point, every death, twenty-five seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.kill_matrix.cells import points
from tests.kill_matrix.started import matrix

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses

SEEDS: Final = 25
MINUTES_MAX: Final = 30


def test_nothing_happens_twice_or_gets_lost_whoever_dies_when(
    database: DatabaseAddresses, tmp_path: Path
) -> None:
    found = matrix(database, tmp_path, "--seeds", str(SEEDS), seconds=4 * 60 * MINUTES_MAX)
    minutes = found["seconds"] / 60
    print(  # noqa: T201  the figures are what a proof is for
        f"\nkill matrix: {found['points']} points, {found['points and deaths']} with their deaths, {SEEDS} seeds:"
        f" {found['played']} deaths, {len(found['wrong']) + len(found['broken'])} violations,"
        f" {minutes:.1f} min ({found['processor seconds'] / 60:.1f} min of processor)\n",
        *(f"{cell}: {stated}\n" for cell, stated in found["wrong"].items()),
    )
    assert (found["wrong"], found["broken"]) == ({}, [])
    assert found["played"] == SEEDS * len(list(points()))
    assert minutes <= MINUTES_MAX
