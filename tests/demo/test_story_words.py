"""What a case tells of itself is told in words: every kind of line the demo shop's journals hold, in both languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.utils import translation

from qaitar.demo.seed import demo_merchant, demo_seed
from qaitar.foundation.journal.personal_values import lines_open
from qaitar.foundation.models import JournalEntry
from qaitar.foundation.ops.jobs import within_walls
from qaitar.web.console.case.timeline import timeline_entry
from tests.demo.test_seed import free_ports

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses

NOW = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
NAMES = re.compile(
    r"\b[\w-]+\.(?:jpe?g|png|pdf|mp4)\b|\bQaitar\b|\bKaspi\b|\bUsedesk\b|\bAina\b|\bKokzhiek\b"
)  # brands of goods are names, too
CODE = re.compile(r"\b[A-Za-z]{2,}(?:_[A-Za-z]+)*\b")


def test_a_story_is_reported_without_codes(installation: DatabaseAddresses, tmp_path: Path) -> None:
    """An operator reads the journal of a disputed case to a customer; no word of it is the program's own."""
    assert demo_seed(now=NOW, port=free_ports(4), folder=tmp_path)
    merchant = demo_merchant()
    assert merchant is not None
    with within_walls(merchant):
        lines = list(JournalEntry.objects.filter(subject_kind="returnrequest"))
        lines_open(lines)
    assert len({line.act for line in lines}) > 10, "guard: the demo plays every branch"
    codes: set[tuple[str, str, str]] = set()
    for language in ("ru", "kk"):
        with translation.override(language):
            for line in lines:
                reported = timeline_entry(line)
                text = NAMES.sub(
                    "", " ".join((reported.text, reported.before, reported.after, reported.why))
                )
                codes |= {(line.act, word, text) for word in CODE.findall(text)}
    assert codes == set()
