"""What may go wrong with the next calls, chosen by a test or by the simulated world."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class UsedeskFault(StrEnum):
    """One way a call can go wrong; those named *after* have executed the call first."""

    DROP_BEFORE = "drop_before"  # the connection is cut, nothing was done
    DROP_AFTER = "drop_after"  # done, then the connection is cut
    SLOW_AFTER = "slow_after"  # done, then the answer comes after `slow_s`
    RATE_LIMITED = "rate_limited"  # 429, nothing was done
    BAD_GATEWAY_BEFORE = "bad_gateway_before"  # 502 page, nothing was done
    BAD_GATEWAY_AFTER = "bad_gateway_after"  # done, then a 502 page
    SERVER_ERROR_BEFORE = "server_error_before"  # 500, nothing was done
    PAGE_AFTER = "page_after"  # done, then an HTML page with status 200
    CUT_JSON_AFTER = "cut_json_after"  # done, then half a JSON body with status 200
    NO_ID_AFTER = "no_id_after"  # done, then a success without the id
    REFUSAL = "refusal"  # {"error": …} with status 200, nothing was done


@dataclass(slots=True)
class UsedeskFaults:
    """A queue of faults by path; each is used up by one call."""

    slow_s: float = 1.0
    _queue: list[tuple[str, UsedeskFault]] = field(default_factory=list)

    def add(self, path: str, *faults: UsedeskFault) -> None:
        """Let the next calls to `path` (for example ``/create/ticket``) go wrong, one fault a call."""
        self._queue.extend((path, fault) for fault in faults)

    def take(self, path: str) -> UsedeskFault | None:
        """Use up the next fault of a path."""
        for place, (queued_path, fault) in enumerate(self._queue):
            if queued_path == path:
                del self._queue[place]
                return fault
        return None
