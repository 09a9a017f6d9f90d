"""Ready texts for people outside, made from the facts of a case.  Pure.

Texts are templates kept per language in `letter_texts`; only named fields are put in, each once, so that nothing a
customer wrote is ever read as a template.  No blank is left: a line whose field is unknown has another wording or is
left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from qaitar.returns.letter_texts import en, kk, ru
from qaitar.returns.letter_texts.kinds import LetterKind, Line, Template
from qaitar.returns.vocabulary import Act, Quality, RefusalReason

__all__ = [
    "LANGUAGES",
    "Letter",
    "LetterFacts",
    "LetterKind",
    "call_centre_letter",
    "refusal_text",
    "ticket_comment",
    "write",
]

LETTERS_MAX: Final = 1000
"""Longer field values are cut, so that a pasted novel does not reach a ticket's subject."""

LANGUAGES: Final = ("ru", "kk", "en")
_TEXTS: Final[Mapping[str, Mapping[LetterKind, Template]]] = MappingProxyType(
    {"ru": ru.TEXTS, "kk": kk.TEXTS, "en": en.TEXTS}
)
_DATE: Final = MappingProxyType({"ru": "%d.%m.%Y", "kk": "%d.%m.%Y", "en": "%Y-%m-%d"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFacts:
    """What a letter may tell; an empty field is one nobody knows."""

    request_number: str
    erp_order: str = ""
    marketplace_order: str = ""
    customer_name: str = ""
    customer_phone: str = ""
    product_name: str = ""
    serial: str = ""
    reason_text: str = ""
    """The reason as the marketplace words it."""
    customer_words: str = ""
    deadline: date | None = None
    """By when we need it: earlier than the control date."""
    planned_arrival: date | None = None
    last_day: date | None = None
    """The last day of the window of return."""
    window_days: int | None = None
    support_mailbox: str = ""
    service_centres: tuple[str, ...] = ()
    """Contacts of authorised service centres, one string each."""
    findings: str = ""
    """What the operator or the expertise found, in words fit for the customer."""
    refusal_text: str = ""
    photos_missing: bool = False
    act_needed: bool = False
    """Damage reported after two days: the technical act is needed."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A finished text; comments and marketplace texts have an empty subject."""

    subject: str
    body: str


def _clean(value: str) -> str:
    """Make one line of a field: no line break can forge a second line or a mail header."""
    printable = "".join(c if c.isprintable() else " " for c in value)
    return " ".join(printable.split())[:LETTERS_MAX]


def _fields(facts: LetterFacts, language: str) -> dict[str, str]:
    days = {
        "deadline": facts.deadline,
        "planned_arrival": facts.planned_arrival,
        "last_day": facts.last_day,
    }
    dates = {name: day.strftime(_DATE[language]) if day else "" for name, day in days.items()}
    texts = {
        name: _clean(getattr(facts, name))
        for name in (
            "request_number",
            "erp_order",
            "marketplace_order",
            "customer_name",
            "customer_phone",
            "product_name",
            "serial",
            "reason_text",
            "customer_words",
            "support_mailbox",
            "findings",
            "refusal_text",
        )
    }
    return {
        **texts,
        **dates,
        "window_days": "" if facts.window_days is None else str(facts.window_days),
        "service_centres": "; ".join(c for c in map(_clean, facts.service_centres) if c),
        "photos_missing": "yes" if facts.photos_missing else "",
        "act_needed": "yes" if facts.act_needed else "",
    }


_FIELD: Final = re.compile(r"\{(\??)([a-z_]+)\}")


def _fill(line: Line, fields: Mapping[str, str]) -> str:
    """Return the first wording whose fields are all known, filled in; empty when there is none."""
    for wording in (line,) if isinstance(line, str) else line:
        if all(fields[name] for _, name in _FIELD.findall(wording)):
            return _FIELD.sub(lambda m: "" if m[1] else fields[m[2]], wording)
    return ""


def write(kind: LetterKind, facts: LetterFacts, language: str) -> Letter:
    """Return one letter in `ru`, `kk` or `en`; a language not in `LANGUAGES` gets the Russian text.

    >>> write(LetterKind.NEWS_REFUNDED, LetterFacts(request_number="700000001-1"), "en").body
    'Request no. 700000001-1 is closed: the marketplace has returned the money.'
    """
    known = language if language in LANGUAGES else "ru"
    template, fields = _TEXTS[known][kind], _fields(facts, known)
    lines = (_fill(line, fields) for line in template.body)
    return Letter(_fill(template.subject, fields), "\n".join(line for line in lines if line))


_TICKETS: Final = MappingProxyType(
    {
        Quality.PROPER: LetterKind.TICKET_PROPER,
        Quality.DEFECTIVE: LetterKind.TICKET_DEFECTIVE,
        Quality.MECHANICAL_DAMAGE: LetterKind.TICKET_DAMAGE,
        Quality.DIFFERENT_GOODS: LetterKind.TICKET_DIFFERENT,
        Quality.NOT_RECEIVED: LetterKind.TICKET_NOT_RECEIVED,
    }
)


def call_centre_letter(quality: Quality, facts: LetterFacts, language: str) -> Letter:
    """Return the request to the call centre by quality class (step 1).

    Raises:
        KeyError: the class is UNKNOWN; the procedure lets nobody ask before it is chosen.
    """
    return write(_TICKETS[quality], facts, language)


def refusal_text(reason: RefusalReason, facts: LetterFacts, language: str) -> str:
    """Return the grounded reason as it is written in the marketplace."""
    return write(LetterKind["REFUSAL_" + reason.name], facts, language).body


_NEWS: Final = MappingProxyType(
    {
        Act.TAKE_FOR_INSPECTION: LetterKind.NEWS_ACCEPTED,
        Act.NOTE_ACCEPTED: LetterKind.NEWS_ACCEPTED,
        Act.REFUSE: LetterKind.NEWS_REFUSED,
        Act.NOTE_REFUND_DONE: LetterKind.NEWS_REFUNDED,
        Act.NOTE_MARKETPLACE_DECIDED: LetterKind.NEWS_REFUNDED,
        Act.NOTE_DISPUTE: LetterKind.NEWS_DISPUTED,
        Act.NOTE_DISPUTE_WON: LetterKind.NEWS_DISPUTE_WON,
        Act.NOTE_DISPUTE_LOST: LetterKind.NEWS_DISPUTE_LOST,
        Act.NOTE_REOPENED: LetterKind.NEWS_REOPENED,
        Act.NOTE_WITHDRAWN: LetterKind.NEWS_WITHDRAWN,
        Act.NOTE_NEVER_ARRIVED: LetterKind.NEWS_NEVER_ARRIVED,
    }
)


def ticket_comment(act: Act, facts: LetterFacts, language: str) -> str:
    """Return what the call centre has to know after an act, for the effect TICKET_COMMENT.

    Raises:
        KeyError: no step with this act has that effect.
    """
    return write(_NEWS[act], facts, language).body
