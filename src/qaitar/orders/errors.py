"""What may go wrong with what was sold."""

from __future__ import annotations


class OrderMissing(Exception):
    """No such order within these walls."""


class MergeBusy(Exception):
    """Another import or poll of this merchant is being merged and took too long; trying again is safe."""


class BadUnit(Exception):
    """A serial number, IMEI or marking code cannot be noted: a stable code and its facts."""

    def __init__(self, code: str, **params: str | int) -> None:
        """Carry the code and its facts."""
        super().__init__(code)
        self.code = code
        self.params = params
