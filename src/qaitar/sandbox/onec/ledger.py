"""The append-only list of writes the stand-in really carried out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class LedgerExecuted:
    """One executed write: what was sent (`body`), on which resource and object, and by whom."""

    method: str
    resource: str
    reference: str
    body: dict[str, Any]
    user: str
    action: str = ""
    load_mode: bool = False


@dataclass(slots=True)
class OneCLedger:
    """All executed writes in order, and every request line that came in."""

    executed: list[LedgerExecuted] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def writes(self, resource: str, method: str = "") -> list[LedgerExecuted]:
        """Return the writes executed on one resource."""
        return [
            entry
            for entry in self.executed
            if entry.resource == resource and method in {"", entry.method}
        ]
