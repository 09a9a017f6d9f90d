"""One name for each measure, as pages, lists and files say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from qaitar.returns.texts.words import word_for
from qaitar.returns.vocabulary import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import Promise

MEASURE_WORDS: Final[Mapping[str, Promise]] = {
    "filed": _("Requests filed"),
    "closed": _("Requests closed"),
    "answer.IN_TIME": _("Answered in time"),
    "answer.LATE": _("Answered late"),
    "answer.SILENT": _("Never answered: the marketplace acted by itself"),
    "answer.WAITING": _("Not answered yet"),
    "answer.UNSEEN": _("Came here when the time to answer was over"),
    "taking.IN_TIME": _("Decided on the request before its date"),
    "taking.LATE": _("Decided on the request after its date"),
    "taking.SILENT": _("The request was accepted by silence"),
    "taking.UNSEEN": _("Came here when the date of the request was over"),
    "final.IN_TIME": _("Decided on the goods before the date"),
    "final.LATE": _("Decided on the goods after the date"),
    "final.SILENT": _("The marketplace decided on the goods by itself"),
    "final.UNSEEN": _("Came here when the date of the goods was over"),
    "pace.DAY": _("Closed within a day"),
    "pace.THREE": _("Closed in 1 to 3 days"),
    "pace.WEEK": _("Closed in 3 to 7 days"),
    "pace.FORTNIGHT": _("Closed in 7 to 14 days"),
    "pace.LONGER": _("Closed in more than 14 days"),
    "quality.SURE": _("Counted as quality returns"),
    "quality.OPEN": _("Undecided and may count as quality returns"),
}


def measure_word(name: str) -> str:
    """Name a measure in the active language.

    Raises:
        KeyError: there is no such measure.
    """
    column, _dot, value = name.partition(".")
    if column == "outcome":
        return str(word_for(Outcome(value)))
    return str(MEASURE_WORDS[name])
