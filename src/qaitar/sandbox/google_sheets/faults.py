"""What may go wrong with the next calls, and what people may do in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Action(StrEnum):
    """The calls that can be told apart."""

    TOKEN = "token"  # noqa: S105  the name of a call
    GET = "get"
    UPDATE = "update"
    APPEND = "append"
    BATCH_UPDATE = "batch_update"
    CLEAR = "clear"
    SHEETS = "sheets"


class SheetsFault(StrEnum):
    """One way a call can go wrong; those named *after* have executed the call first."""

    DROP_BEFORE = "drop_before"  # the connection is cut, nothing was done
    DROP_AFTER = "drop_after"  # done, then the connection is cut
    SLOW_AFTER = "slow_after"  # done, then the answer comes after `slow_s`
    QUOTA = "quota"  # 429 RESOURCE_EXHAUSTED, nothing was done
    UNAVAILABLE_BEFORE = "unavailable_before"  # 503, nothing was done
    UNAVAILABLE_AFTER = "unavailable_after"  # done, then 503
    FORBIDDEN = "forbidden"  # 403, nothing was done
    REFUSAL = "refusal"  # 400 INVALID_ARGUMENT, nothing was done
    PAGE_AFTER = "page_after"  # done, then an HTML page with status 200
    CUT_JSON_AFTER = "cut_json_after"  # done, then half a JSON body


@dataclass(slots=True)
class SheetsFaults:
    """A queue of faults and of interruptions by action; each is used up by one call."""

    slow_s: float = 1.0
    _queue: list[tuple[Action, SheetsFault]] = field(default_factory=list)
    _hooks: list[tuple[Action, Callable[[], None]]] = field(default_factory=list)

    def add(self, action: Action, *faults: SheetsFault) -> None:
        """Let the next calls of an action go wrong, one fault a call."""
        self._queue.extend((action, fault) for fault in faults)

    def just_before(self, action: Action, hook: Callable[[], None]) -> None:
        """Let people do something right before the next call of an action is executed."""
        self._hooks.append((action, hook))

    def take(self, action: Action) -> SheetsFault | None:
        """Use up the next fault of an action, after what people do in between."""
        for place, (hooked, hook) in enumerate(self._hooks):
            if hooked is action:
                del self._hooks[place]
                hook()
                break
        for place, (queued, fault) in enumerate(self._queue):
            if queued is action:
                del self._queue[place]
                return fault
        return None
