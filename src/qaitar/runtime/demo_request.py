"""A wish for the demo shop, handed from the console to the program that runs the processes, by a file in the data folder.

The console cannot start processes, and must not: it only says who wants the demo shop added or removed.  `qaitar up`
looks for the wish and fulfils it; the file is gone when that is done.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

AT_HAND: Final = "QAITAR_DEMO_AT_HAND"
"""Set for the processes of `qaitar up`: somebody is there to fulfil a wish."""
_NAME: Final = "demo-wish.json"
ADD, REMOVE, FAILED = "add", "remove", "failed"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done with the demo shop; `failed` after it could not be done."""

    what: str
    user_id: int = 0


def wish(folder: Path, wanted: Wish) -> None:
    """Leave the wish; a later one takes its place."""
    draft = folder / f"{_NAME}.new"
    draft.write_text(json.dumps(asdict(wanted)), encoding="utf-8")
    draft.replace(folder / _NAME)


def wished(folder: Path) -> Wish | None:
    """Give the wish that waits; None where there is none, or nothing readable."""
    try:
        record = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        return Wish(str(record["what"]), int(record["user_id"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def fulfilled(folder: Path) -> None:
    """Take the wish away."""
    (folder / _NAME).unlink(missing_ok=True)
