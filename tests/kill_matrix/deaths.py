"""The ways to die at a moment, and the ways a call may be cut."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Death(StrEnum):
    """How a story is cut short at one of its moments; the answers are those of the connection, not of the program."""

    KILLED = "KILLED"  # kill -9 of the process, from within, at exactly this moment
    BACKEND_GONE = (
        "BACKEND_GONE"  # every database connection of the process is terminated by the server
    )
    CUT_BEFORE = "CUT_BEFORE"  # the connection is reset before the request reached the other side
    CUT_AFTER = "CUT_AFTER"  # the other side has done it; the connection is reset before any answer
    ANSWER_LOST = (
        "ANSWER_LOST"  # the other side has done it; a gateway's page or half an answer comes
    )
    ANY_TIME = "ANY_TIME"  # kill -9 from outside after a random part of the story's length


AT_EVERY_MOMENT = (Death.KILLED, Death.BACKEND_GONE)
ON_THE_WIRE = (Death.CUT_BEFORE, Death.CUT_AFTER, Death.ANSWER_LOST)


_ONLY_KILLED: Final = ("job ", "keep file", "sync file", "name file", "answered")


def deaths_at(moment: str) -> tuple[Death, ...]:
    """Say which deaths make a difference at a moment.

    Dying before a call that only reads leaves what dying at the next moment leaves, but its answer counts.  The queue is
    a library's, over sessions of its own, and no session is at work while a file is kept or after an answer was sent.

    >>> [len(deaths_at(each)) for each in ("commit storedfile", "call POST token", "call GET ticket", "job ends")]
    [2, 5, 1, 1]
    """
    if moment.startswith("call GET "):
        return (Death.ANSWER_LOST,)
    if moment.startswith(_ONLY_KILLED):
        return (Death.KILLED,)
    return AT_EVERY_MOMENT + (ON_THE_WIRE if moment.startswith("call ") else ())
