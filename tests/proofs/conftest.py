"""Proofs print their figures and nothing else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from qaitar.foundation.ops import logs
from tests.lab.worlds import blank, play

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["blank", "play"]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The program's log of a million calls would hide the figures."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123  the null device is no path
        logs.configure(stream=nowhere)
        yield
        logs.configure()
