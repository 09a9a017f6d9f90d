"""Two thousand PDFs and pictures, ordinary and damaged: each is taken or refused as is known of it."""

from __future__ import annotations

from collections import Counter

from tests.corpora.ordinary import COUNT, ordinary
from tests.corpora.verdicts import wrong_verdicts


def test_two_thousand_papers_and_photos_with_known_verdicts() -> None:
    files = ordinary()
    wrong = wrong_verdicts(files)
    known = Counter(file.code or "taken" for file in files)
    reported = f"{dict(known)}; judged otherwise {len(wrong)}"
    print(f"\n{COUNT} papers and photos, known verdicts {reported}")  # noqa: T201  the figure is what a proof is for
    assert sum(known.values()) == COUNT
    assert wrong == []
