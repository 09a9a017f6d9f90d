"""Finds the sentence a note was made of, and says it in the reader's language with the same facts in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext, gettext_lazy

from qaitar.contracts.helpdesk import TicketStatus
from qaitar.web.console.outside import files, google, kaspi, onec, ours, usedesk

if TYPE_CHECKING:
    from django.utils.functional import Promise

SENTENCES: Final = (
    *files.SENTENCES,
    *google.SENTENCES,
    *kaspi.SENTENCES,
    *onec.SENTENCES,
    *usedesk.SENTENCES,
    *ours.SENTENCES,
)
TICKETS: Final[Mapping[TicketStatus, Promise]] = {
    TicketStatus.NEW: gettext_lazy("the ticket is new"),
    TicketStatus.OPEN: gettext_lazy("somebody works on the ticket"),
    TicketStatus.ON_HOLD: gettext_lazy("the ticket is put aside"),
    TicketStatus.PENDING: gettext_lazy("the ticket waits for the customer"),
    TicketStatus.DONE: gettext_lazy("the ticket is solved"),
    TicketStatus.CLOSED: gettext_lazy("the ticket is closed"),
    TicketStatus.MERGED: gettext_lazy("the ticket was merged with another"),
    TicketStatus.SPAM: gettext_lazy("the ticket is marked as spam"),
    TicketStatus.MAILING: gettext_lazy("the ticket is part of a mailing"),
    TicketStatus.DELETED: gettext_lazy("the ticket is deleted"),
    TicketStatus.UNRECOGNISED: gettext_lazy("the ticket is in a state not known here"),
}
_FACT: Final = re.compile(r"%\((\w+)\)s")
_TICKET: Final = re.compile(r"([a-z_]+)( \([^()]*\))?")
SPLIT_MAX: Final = 4
"""How many sentences one note may be made of, and how deep one may stand in another; what goes on stays as it came."""
SPLIT_CHARS_MAX: Final = 600
"""A longer note is taken for one sentence with long words of a vendor's: looking for its seams would keep the page waiting."""


def translate_note(note: str) -> str:
    """Say a note of an outside system; vendors' own words, and what nobody put into words, stay as they came.

    >>> from django.utils.translation import override
    >>> with override("ru"):
    ...     translate_note("1C denies access: Недостаточно прав")
    '1С не даёт доступа: Недостаточно прав'
    >>> translate_note("nobody ever wrote this")
    'nobody ever wrote this'
    """
    note = " ".join(note.split())
    return _ticket(note) or _translated(note, SPLIT_MAX) or note


def known(note: str) -> bool:
    """Tell whether every sentence of a note is known here."""
    return _translated(" ".join(note.split()), SPLIT_MAX) is not None


def _ticket(note: str) -> str:
    found = _TICKET.fullmatch(note)
    if found and found[1] in {each.value for each in TicketStatus}:
        return f"{TICKETS[TicketStatus(found[1])]}{found[2] or ''}"
    return ""


def _translated(note: str, most: int) -> str | None:
    """Say a note made of at most so many known sentences, the longest last one first; None when it is not."""
    if most > 1 and len(note) <= SPLIT_CHARS_MAX:
        for sentence, _whole, ending in _patterns():
            found = ending.fullmatch(note)
            head = _translated(found["head"], most - 1) if found else None
            if found and head is not None:
                return f"{head} {_filled(sentence, found, most - 1)}"
    for sentence, whole, _ending in _patterns():
        found = whole.fullmatch(note)
        if found:
            return _filled(sentence, found, most - 1)
    return None


def _filled(sentence: str, found: re.Match[str], most: int) -> str:
    """Say a sentence with its facts; a fact may be a known note itself, so many deep."""
    facts = {
        name: _ticket(value or "")
        or (_translated(value, most) if value and most else None)
        or value
        or ""
        for name, value in found.groupdict().items()
        if name != "head"
    }
    return (gettext(sentence) % facts).strip()


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    """Make of each sentence what recognises it alone, and at the end of a note; the most telling ones first."""
    ordered = sorted(SENTENCES, key=lambda each: -len(_FACT.sub("", each)))
    return tuple(
        (
            each,
            re.compile(_shape(each), re.DOTALL),
            re.compile(rf"(?P<head>.+?) {_shape(each)}", re.DOTALL),
        )
        for each in ordered
    )


def _shape(sentence: str) -> str:
    """Turn a sentence into what matches it; words at its very end may be missing."""
    parts = _FACT.split(sentence)
    shape = "".join(
        f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)
    )
    last = r"\ (?P<words>.+?)"
    return shape[: -len(last)] + rf"(?:{last})?" if sentence.endswith(". %(words)s") else shape
