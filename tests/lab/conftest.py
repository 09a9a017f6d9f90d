"""Worlds to play in, for the tests of the simulator."""

from __future__ import annotations

from tests.lab.worlds import blank, play

__all__ = ["blank", "play"]
