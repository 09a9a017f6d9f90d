"""`qaitar check-journal`: verifies every line, signature and end of the journal; exit code 1 when something does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.cli.journal import anchor_lines
from qaitar.foundation.journal.anchors import anchors_load
from qaitar.foundation.journal.check import Checking
from qaitar.foundation.journal.keys import journal_key_secrets
from qaitar.foundation.journal.reads import journal_faults

if TYPE_CHECKING:
    import argparse

    from qaitar.foundation.journal.check import JournalCheck
    from qaitar.runtime.folder import DataFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument(
        "--without-keys",
        action="store_true",
        help="verify words, order and ends only: for a copy whose keys are elsewhere",
    )


def run(options: argparse.Namespace, folder: DataFolder) -> int:
    """Walk every merchant's chains in order, then compare with the newest anchor of the data folder."""
    checking = Checking(None if options.without_keys else journal_key_secrets())
    for found in journal_faults(checking):
        print(sentence_of(found))
    anchors_hold = options.without_keys or _newest_holds(folder)
    signed = "; signatures were not looked at" if options.without_keys else ""
    print(f"{checking.chains} cases checked, {len(checking.broken)} broken{signed}")
    return 1 if checking.broken or not anchors_hold else 0


def sentence_of(found: JournalCheck) -> str:
    """Say one fault in a line."""
    line = f" line {found.seq}" if found.seq else ""
    return f"{found.subject_kind} {found.subject_id}{line}: {found.fault.value} (merchant {found.merchant_id})"


def _newest_holds(folder: DataFolder) -> bool:
    stored = anchors_load(folder.path)
    if not stored:
        return True
    lines = anchor_lines(stored[-1:])
    for _, message in lines:
        print(message)
    return all(holds for holds, _ in lines)
