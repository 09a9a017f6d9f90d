"""Words of the trade explained where they stand: one short sentence each, with the chapter of the guide that says more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Term:
    """A word, its explanation, and the page of the guide about it."""

    key: str
    word: Promise
    means: Promise
    chapter: str


_ALL: Final = (
    Term(
        "control_date",
        pgettext_lazy("term", "Control date"),
        _(
            "Until then the seller must decide. Afterwards the marketplace decides, nearly always for the customer."
        ),
        "deadlines",
    ),
    Term(
        "attempt",
        pgettext_lazy("term", "Attempt"),
        _(
            "The last digit of the request's number: 2 and above means the customer files again, so the history comes first."
        ),
        "queue",
    ),
    Term(
        "quality_class",
        pgettext_lazy("term", "Quality class"),
        _(
            "Proper quality, defective, or mechanically damaged: it sets the letter, the papers needed and what may be decided."
        ),
        "steps",
    ),
    Term(
        "section",
        pgettext_lazy("term", "Section"),
        _(
            "Where the request stands in the marketplace's cabinet. It may lag behind our stage; a difference is shown, never overwritten."
        ),
        "cabinet",
    ),
    Term(
        "proof",
        pgettext_lazy("term", "Proof of the press"),
        _(
            "A press in the cabinet counts when the cabinet shows it; until then Qaitar keeps asking."
        ),
        "cabinet",
    ),
    Term(
        "technical_act",
        pgettext_lazy("term", "Technical-condition act"),
        _(
            "The service centre's paper on what is wrong, with its signature and stamp; the customer's signature is optional."
        ),
        "evidence",
    ),
    Term(
        "irreparability_act",
        pgettext_lazy("term", "Irreparability act"),
        _(
            "The service centre says the goods cannot be repaired (НРП). A defective return needs it beside the technical-condition act."
        ),
        "evidence",
    ),
    Term(
        "return_order",
        pgettext_lazy("term", "Return order"),
        _("The document in the ERP by which the warehouse takes the goods back."),
        "steps",
    ),
    Term(
        "default_action",
        pgettext_lazy("term", "Default action"),
        _(
            "What the guard does at the last moment when nobody has decided: call the person on duty, refuse or accept."
        ),
        "deadlines",
    ),
    Term(
        "journal",
        pgettext_lazy("term", "Journal"),
        _("Who did what, when and why. Lines are only added; a removed one shows."),
        "case",
    ),
)
TERMS: Final[Mapping[str, Term]] = MappingProxyType({term.key: term for term in _ALL})
