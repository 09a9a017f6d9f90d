"""A business "no" as a value: a code the console translates and the facts that go into the sentence.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something may not be done; never raised, always answered and shown.

    `code` is stable and upper case (`NOTHING_LEFT_TO_REFUND`); `params` fill the translated sentence: sums in minor
    units, dates in ISO format.

    >>> Refusal("ABOVE_LIMIT", {"limit_minor": 5000000}).code
    'ABOVE_LIMIT'
    """

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)
