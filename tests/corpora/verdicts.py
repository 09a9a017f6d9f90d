"""Compares what the check on entry says of files with what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.foundation.files.checks import Accepted, inspect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.corpora.ordinary import Expected


def wrong_verdicts(files: Iterable[Expected]) -> list[tuple[str, str]]:
    """Return the names of files judged otherwise than known, with what was said instead."""
    wrong = []
    for file in files:
        verdict = inspect(file.content, file.name)
        if not isinstance(verdict, Accepted):
            if verdict.code.value != file.code:
                wrong.append((file.name, verdict.code.value))
        elif file.code or (verdict.pages, _size(verdict)) != (file.pages, file.size):
            wrong.append((file.name, f"taken: {verdict.pages} {_size(verdict)}"))
    return wrong


def _size(verdict: Accepted) -> tuple[int, int] | None:
    return (verdict.width, verdict.height) if verdict.width and verdict.height else None
