"""docs/security.md: every requirement has its line, and what it names is there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = ROOT / "src" / "qaitar"
TEXT: Final = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROW: Final = re.compile(
    r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (.+?) \| (\S+) \| (.+?) \|$", re.MULTILINE
)
ROWS: Final = ROW.findall(TEXT)
CHAPTERS: Final = {
    1: 27,
    2: 11,
    3: 19,
    4: 10,
    5: 9,
    6: 35,
    7: 18,
    8: 7,
    9: 7,
    10: 29,
    11: 14,
    12: 9,
    13: 13,
    14: 9,
    15: 13,
    16: 16,
    17: 7,
}
"""Requirements of levels 1 and 2 in each chapter of the standard's release 5.0.0."""
WHO: Final = {"held", "open", "operator", "proxy", "provider", "—"}
FILE: Final = re.compile(r"`((?:[\w-]+/)+[\w.-]+\.(?:py|js|md|toml))`")
NAMED_TEST: Final = re.compile(r"`(tests/[\w/]+\.py)`((?:,? `test_\w+`)+)")


def where(path: str) -> Path | None:
    bases = (ROOT, PACKAGE, ROOT / "docs", PACKAGE / "web" / "console")
    return next((base / path for base in bases if (base / path).exists()), None)


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_requirement_has_one_line_in_the_standards_order() -> None:
    numbers = [tuple(int(each) for each in row[0].split(".")) for row in ROWS]
    assert numbers == sorted(set(numbers))
    assert dict(Counter(number[0] for number in numbers)) == CHAPTERS
    assert len(ROWS) == len(re.findall(r"^\| \d+\.\d+\.\d+ ", TEXT, re.MULTILINE))


def test_every_line_says_who_holds_it_and_where() -> None:
    assert {row[3] for row in ROWS} == WHO
    assert [row[0] for row in ROWS if not row[4].strip() or "@@" in row[4]] == []


def test_the_sum_above_the_lines_is_theirs() -> None:
    counts = Counter(row[3] for row in ROWS)
    stated = re.search(
        r"(\d+) are held, (\d+) are open, (\d+) are the operator's, (\d+) the proxy's, (\d+) the identity "
        r"provider's, (\d+) do not apply",
        TEXT,
    )
    assert stated is not None
    order = ["held", "open", "operator", "proxy", "provider", "—"]
    assert [int(each) for each in stated.groups()] == [counts[each] for each in order]


def test_files_and_tests_it_names_are_there() -> None:
    assert [path for path in FILE.findall(TEXT) if where(path) is None] == []
    missing = [
        f"{path} {name}"
        for path, names in NAMED_TEST.findall(TEXT)
        for name in re.findall(r"test_\w+", names)
        if name not in functions_of(path)
    ]
    assert missing == []
