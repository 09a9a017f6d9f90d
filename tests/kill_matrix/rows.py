"""The table: every story of the matrix with every moment it passes, in order, when nobody dies (`moments.json`).

What is not there may not happen: `tests/flows/test_kill_matrix.py` plays every story and compares.  Whoever changes what
a story commits, calls or keeps writes the moments anew (`python -m tests.kill_matrix --write`) and reads the difference.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.kill_matrix import calls_stories, intake_stories, nightly_stories, outside_stories

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.kill_matrix.story import Story

STORIES: Final = (
    *outside_stories.STORIES,
    *intake_stories.STORIES,
    *calls_stories.STORIES,
    *nightly_stories.STORIES,
)
_FILE: Final = Path(__file__).with_name("moments.json")
MOMENTS: Final[Mapping[str, list[str]]] = json.loads(_FILE.read_text(encoding="utf-8"))


def moments_write(moments: Mapping[str, Sequence[str]]) -> None:
    """Write the moments anew, as they were passed just now."""
    text = json.dumps(dict(moments), ensure_ascii=False, indent=1)
    _FILE.write_text(text + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Row:
    """A story and its moments."""

    story: Story
    moments: tuple[str, ...]


ROWS: Final = tuple(Row(story, tuple(MOMENTS.get(story.name, ()))) for story in STORIES)
