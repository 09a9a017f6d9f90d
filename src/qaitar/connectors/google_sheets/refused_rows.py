"""Writes rows together and, where Google refuses the request, finds the rows it refuses, so that all others are written.

One refused range makes Google refuse a whole request, and the answer does not always say which one it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from qaitar.connectors.google_sheets import facts
from qaitar.contracts.outcome import Busy, Misconfigured, Refused

if TYPE_CHECKING:
    from qaitar.connectors.google_sheets.translate import Trouble

RowTrouble = Refused | Misconfigured | Busy
Send = Callable[[Sequence[str]], "Trouble | None"]
Explain = Callable[[Sequence[str], Refused], Mapping[str, RowTrouble]]


def write_apart(
    keys: Sequence[str], send: Send, explain: Explain
) -> dict[str, RowTrouble] | Trouble:
    """Send the rows of these keys; return the ones that were refused, each with its reason.

    `explain` says of which rows it is known why they are refused; what it cannot explain is found by halving, in
    at most `facts.REFUSED_CALLS_MAX` calls: rows that are left then are `Busy`, to be written later.  A trouble
    that is not a refusal ends it and is returned: writing all rows again is safe.
    """
    refused: dict[str, RowTrouble] = {}
    waiting, calls = [list(keys)], 0
    while waiting:
        part = waiting.pop()
        if calls >= facts.REFUSED_CALLS_MAX:
            refused |= dict.fromkeys(
                part, Busy("The other rows of the sheet are written first.", facts.RETRY_AFTER_S)
            )
            continue
        calls += 1
        trouble = send(part)
        if trouble is None:
            continue
        if not isinstance(trouble, Refused):
            return trouble
        explained = explain(part, trouble)
        refused |= explained
        rest = [key for key in part if key not in explained]
        if len(part) == 1 and rest:
            refused[rest[0]] = trouble
        elif rest:
            waiting.extend(
                [rest] if explained else [rest[len(rest) // 2 :], rest[: len(rest) // 2]]
            )
    return refused
