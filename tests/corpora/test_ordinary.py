"""Ordinary papers and photos are taken and damaged ones refused, each for its own reason: a cut of the 2,000."""

from __future__ import annotations

from tests.corpora.ordinary import ordinary
from tests.corpora.verdicts import wrong_verdicts

CUT = 24


def test_a_cut_of_papers_and_photos_with_known_verdicts() -> None:
    assert wrong_verdicts(ordinary(CUT)) == []
