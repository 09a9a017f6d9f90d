"""Judges a CSV: a known encoding, no control characters, no endless line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from qaitar.foundation.files.openers.limits import Answer, refused, serve

if TYPE_CHECKING:
    from pathlib import Path

LINE_MAX_CHARS = 1_000_000
_CONTROLS = {code: None for code in range(32) if chr(code) not in "\t\r\n\f"}


def check(path: Path, _folder: Path) -> Answer:
    """Answer with nothing more, or why the table is not taken."""
    words = read_text(path)
    if words is None:
        return refused("text_unreadable")
    if max(map(len, words.splitlines()), default=0) > LINE_MAX_CHARS:
        return refused("text_line", limit=LINE_MAX_CHARS)
    return {}


def read_text(path: Path) -> str | None:
    """Read a text in UTF-8, UTF-16 with its mark, or Windows-1251; None when it is none of them."""
    raw = path.read_bytes()
    is_wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if is_wide else ("utf-8-sig", "cp1251"):
        try:
            words = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return words if len(words.translate(_CONTROLS)) == len(words) else None
    return None


if __name__ == "__main__":
    sys.exit(serve(check))
