"""Faults a real publication has, scripted call by call."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class OneCFault:
    """One scripted trouble for the next `times` calls that match `method` and `resource` (empty: any).

    `reply` is what the caller gets: `drop` (the connection is cut), `html` (a login page with status
    200), `truncated` (half of the true answer), `empty`, `error` (an OData error with `status`,
    `code`, `message`), `page` (an HTML page with `status`), or `true` (the true answer, only late).
    With `executes` the call is carried out first.
    """

    reply: str
    method: str = ""
    resource: str = ""
    executes: bool = False
    status: int = 500
    code: str = "-1"
    message: str = ""
    retry_after_s: int = 0
    delay_s: float = 0.0
    times: int = 1

    def matches(self, method: str, resource: str) -> bool:
        """Tell whether this call is one of those to spoil."""
        return self.times > 0 and self.method in {"", method} and self.resource in {"", resource}
