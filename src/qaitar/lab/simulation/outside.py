"""Helpdesk, register and accounting system in this very process: each keeps what it executed and fails on purpose.

A fault is drawn before each call.  The call may not reach the system, be executed and its answer lost, be executed
and the worker die, or be refused for now; a lost one may be seen by a look-up only a little later.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from qaitar.contracts.erp import ErpLine, ErpOrder
from qaitar.contracts.outcome import Busy, Done, Healthy, Missing, Unknown
from qaitar.contracts.register import Written
from qaitar.foundation.connections.systems import Connector

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from qaitar.contracts.erp import FileToAttach, ReturnOrderDraft
    from qaitar.contracts.helpdesk import CommentDraft, TicketDraft
    from qaitar.contracts.register import RegisterRow

APPEARS_AFTER: Final = timedelta(seconds=45)  # a lost execution may be seen only then


class WorkerDied(BaseException):
    """The worker is killed at this point; nothing that catches ordinary errors may catch it."""


@dataclass(slots=True)
class SimulatedOutside:
    """The three systems under one clock and one source of faults; `faults` is the share of calls that go wrong."""

    dice: random.Random
    clock: Callable[[], datetime]
    faults: float
    executed: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    seen_from: dict[str, datetime] = field(default_factory=dict)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)
    _number: int = 0

    def call(self, what: str, key: str) -> Done | Busy | Unknown:
        """Execute something under our marker, or not, and answer, or not."""
        fault = self._fault()
        if fault == "busy":
            return Busy("429", retry_after_s=self.dice.choice((1, 30, 120)))
        if fault == "dies before":
            raise WorkerDied
        if fault == "lost before":
            return Unknown("The connection was cut.")
        self._execute(what, key)
        if fault == "dies after":
            raise WorkerDied
        if fault == "lost after":
            self.seen_from[key] = self.clock() + self.dice.random() * APPEARS_AFTER
            return Unknown("No answer.")
        return Done(f"{what}-{self._number}")

    def look(self, what: str, key: str) -> Done | Missing | Busy | Unknown:
        """Look something up by our marker."""
        fault = self._fault()
        if fault == "busy":
            return Busy("503")
        if fault.startswith("dies"):
            raise WorkerDied
        if fault:
            return Unknown("A page instead of an answer.")
        if not self.executed[what][key] or self.clock() < self.seen_from.get(key, self.clock()):
            return Missing()
        return Done(f"{what}-of-{key}")

    def _execute(self, what: str, key: str) -> None:
        self._number += 1
        self.executed[what][key] += 1

    def _fault(self) -> str:
        if self.dice.random() >= self.faults:
            return ""
        fault = self.dice.choice(("busy", "lost before", "lost after", "dies before", "dies after"))
        self.met[fault] += 1
        return fault


class SimulatedClient:
    """What every connector is: closed when done, healthy when asked."""

    def __init__(self, outside: SimulatedOutside) -> None:
        """Speak with these systems."""
        self.outside = outside

    def __enter__(self) -> Self:
        """Open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""

    def close(self) -> None:
        """Close."""

    def health(self) -> Healthy:
        """Be well."""
        return Healthy()


class SimulatedHelpdesk(SimulatedClient):
    """Tickets and comments."""

    def open_ticket(self, draft: TicketDraft, /) -> Any:
        """Open one."""
        return self.outside.call("ticket", draft.marker)

    def find_ticket(self, marker: str, since: datetime, /) -> Any:  # noqa: ARG002  the contract's signature
        """Look for one."""
        return self.outside.look("ticket", marker)

    def comment(self, draft: CommentDraft, /) -> Any:
        """Write one."""
        return self.outside.call("comment", draft.marker)

    def find_comment(self, ticket_reference: str, marker: str, /) -> Any:  # noqa: ARG002  the contract's signature
        """Look for one."""
        return self.outside.look("comment", marker)


class SimulatedRegister(SimulatedClient):
    """One row a key."""

    def write(self, rows: Sequence[RegisterRow], /) -> Any:
        """Write them all, or, when something goes wrong, some."""
        answer = self.outside.call("register", rows[0].key if rows else "")
        executed = isinstance(answer, Done) or answer == Unknown("No answer.")
        if executed:
            for row in rows:
                self.outside.rows.setdefault(row.key, {}).update(row.cells)
        return (
            Written(updated=tuple(row.key for row in rows)) if isinstance(answer, Done) else answer
        )


class SimulatedErp(SimulatedClient):
    """Return orders and their files."""

    def find_order(self, order_code: str, /) -> ErpOrder:
        """Know every order."""
        line = ErpLine("1", "goods", "", 1000, 0, 0)
        return ErpOrder(
            order_code, order_code, date(2025, 1, 1), "partner", f"r{order_code}", "1", (line,)
        )

    def create_return_order(self, draft: ReturnOrderDraft, /) -> Any:
        """Write one."""
        return self.outside.call("return order", draft.marker)

    def find_return_order(self, marker: str, near: date, order: ErpOrder, /) -> Any:  # noqa: ARG002  the contract's signature
        """Look for one."""
        return self.outside.look("return order", marker)

    def attach(self, reference: str, file: FileToAttach, /) -> Any:
        """Hang a file on; the same file on the same document is one."""
        key = f"{reference} {file.sha256}"
        if self.outside.executed["file"][key]:
            return Done(key)
        return self.outside.call("file", key)

    def find_attachment(self, reference: str, sha256_or_name: str, /) -> Any:
        """Look for one."""
        return self.outside.look("file", f"{reference} {sha256_or_name}")


_now_playing: list[SimulatedOutside] = []


def play_in(outside: SimulatedOutside) -> None:
    """Let the connectors of this process speak with these systems."""
    _now_playing[:] = [outside]


def helpdesk(settings: dict[str, Any], secrets: dict[str, str]) -> SimulatedHelpdesk:  # noqa: ARG001  a factory's signature
    """Make a client."""
    return SimulatedHelpdesk(_now_playing[0])


def register(settings: dict[str, Any], secrets: dict[str, str]) -> SimulatedRegister:  # noqa: ARG001  a factory's signature
    """Make a client."""
    return SimulatedRegister(_now_playing[0])


def erp(settings: dict[str, Any], secrets: dict[str, str]) -> SimulatedErp:  # noqa: ARG001  a factory's signature
    """Make a client."""
    return SimulatedErp(_now_playing[0])


CONNECTORS: Final = {
    f"simulated_{kind}": Connector(
        label=kind, contracts=(kind,), factory=f"{__name__}.{kind}", per_store=False
    )
    for kind in ("helpdesk", "register", "erp")
}
