"""Judges a JSON file: it parses and is not nested too deep; a HAR is told apart."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

from qaitar.foundation.files.openers.limits import Answer, refused, serve
from qaitar.foundation.files.openers.text import read_text

if TYPE_CHECKING:
    from pathlib import Path

DEPTH_MAX = 64
BRACKETS_MAX = 1_000_000
_MARKS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)  # a whole string is one step


def check(path: Path, _folder: Path) -> Answer:
    """Answer whether it is a HAR (a recording of a browser's traffic), or why it is not taken."""
    words = read_text(path)
    if words is None:
        return refused("text_unreadable")
    if words.count("[") + words.count("{") > BRACKETS_MAX:
        return refused("too_heavy")
    if depth(words) > DEPTH_MAX:
        return refused("json_depth", limit=DEPTH_MAX)
    try:
        value = json.loads(words)
    except ValueError:
        return refused("json_broken")
    log = value.get("log") if isinstance(value, dict) else None
    return {"har": isinstance(log, dict) and isinstance(log.get("entries"), list)}


def depth(words: str) -> int:
    """Tell how deep brackets nest, without building anything of it.

    >>> depth('{"a": [1, "[[[", {}]}')
    3
    """
    deepest = now = 0
    for mark in _MARKS.finditer(words):
        sign = mark[0][0]
        if sign in "[{":
            now += 1
            deepest = max(deepest, now)
        elif sign != '"':
            now -= 1
    return deepest


if __name__ == "__main__":
    sys.exit(serve(check))
