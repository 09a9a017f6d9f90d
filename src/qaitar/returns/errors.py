"""What may go wrong when somebody acts on a return request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qaitar.returns.rules.procedure import Blocked


class ActBlocked(Exception):
    """The procedure or the policy forbids the act now; nothing was changed."""

    def __init__(self, blocked: Blocked) -> None:
        """Carry the code, its facts and the step."""
        super().__init__(blocked.code)
        self.blocked = blocked


class CaseChanged(Exception):
    """Somebody acted on the case in between; nothing was changed.  Carries who did what, when known."""

    def __init__(self, *, act: str = "", who: str = "") -> None:
        """Carry the last entry of the case's journal."""
        super().__init__(f"{who}: {act}")
        self.act = act
        self.who = who


class CaseMissing(Exception):
    """No such case within these walls."""


class BadCase(Exception):
    """What was entered cannot become a case: a stable code and its facts."""

    def __init__(self, code: str, **params: str | int) -> None:
        """Carry the code and its facts."""
        super().__init__(code)
        self.code = code
        self.params = params
