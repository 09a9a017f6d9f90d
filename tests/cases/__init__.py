"""Small inputs that failed once; names, phones and numbers in them are invented."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent


def case(name: str) -> bytes:
    """Read one of the inputs."""
    return (_FOLDER / name).read_bytes()
