"""`qaitar journal`: prints a signed line that says what the journal is now, and verifies such lines later."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from qaitar.foundation.journal.anchors import (
    NotAnAnchor,
    anchor_is_signed,
    anchor_keep,
    anchor_make,
    anchors_read,
    journal_totals,
)
from qaitar.foundation.ops.clock import utc_now
from qaitar.runtime.problems import Problem

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from qaitar.foundation.journal.anchors import Anchor
    from qaitar.runtime.folder import DataFolder


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare flags."""
    parser.add_argument(
        "action",
        choices=("anchor", "verify"),
        help="anchor: print a line to keep elsewhere; verify: compare the journal with such lines",
    )
    parser.add_argument("--anchor", metavar="FILE", help="lines to verify; - reads standard input")


def run(options: argparse.Namespace, folder: DataFolder) -> int:
    """Do it; verifying returns 1 when a line does not hold.

    Raises:
        Problem: the file cannot be read or holds something else.
    """
    if options.action == "anchor":
        made = anchor_make(utc_now())
        anchor_keep(folder.path, made)
        print(made.text)
        return 0
    lines = anchor_lines(_given(options.anchor))
    for _, message in lines:
        print(message)
    return 0 if all(holds for holds, _ in lines) else 1


def _given(file: str | None) -> list[Anchor]:
    if file is None:
        raise Problem("Say which anchors: `qaitar journal verify --anchor FILE`.")
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="ascii")
        found = anchors_read(text.splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"The anchors in {file} cannot be read: {error}.") from error
    except NotAnAnchor as error:
        raise Problem(f"Not a line of `qaitar journal anchor`: {error}") from error
    if not found:
        raise Problem(f"There is no anchor in {file}.")
    return found


def anchor_lines(anchors: Sequence[Anchor]) -> list[tuple[bool, str]]:
    """Compare each anchor with the journal as it is; whether it holds, and a line that says so."""
    return [_compared(each) for each in anchors]


def _compared(anchor: Anchor) -> tuple[bool, str]:
    day = f"anchor of {anchor.at:%Y-%m-%d %H:%M} UTC"
    if not anchor_is_signed(anchor):
        return False, f"{day}: NOT signed under a key known here"
    there, totals = journal_totals(anchor.place), anchor.totals
    if there == totals:
        return True, f"{day}: holds ({totals.chains} chains, {totals.lines} lines)"
    gone = f"{totals.chains} chains and {totals.lines} lines then, {there.chains} and {there.lines} of them now"
    words = (
        "lines were changed"
        if (there.chains, there.lines) == (totals.chains, totals.lines)
        else gone
    )
    return False, f"{day}: does NOT hold: {words}"
