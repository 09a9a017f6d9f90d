"""Spoils an answer of another system by its own shape: each field removed, nulled, retyped, given twice."""

from __future__ import annotations

import copy
import json
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 20260514
RETYPED = ("слово", 7, -1.5, True, [], {}, [None], {"а": 1}, "9" * 5000, "\x00\ud800")
_GONE = object()
CHANGES = ("REMOVED", "NULLED", "DOUBLED", *RETYPED)


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Walk every place of an answer, outer ones first."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in members:
        yield (*here, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*here, key))


def spoiled(whole: Any) -> Iterator[str]:
    """Every field removed, nulled, retyped, doubled."""
    for place in places(whole):
        for change in CHANGES:
            yield written(whole, [(place, change)])


def spoiled_many(whole: Any, count: int, seed: int = SEED) -> list[str]:
    """Give so many spoiled answers, each once: with one change all there are, then with two and three at a time.

    An answer of a few fields cannot be spoiled in so many ways; then there are fewer.
    """
    random = Random(seed)
    there = list(places(whole))
    made = dict.fromkeys(islice(spoiled(whole), count))
    for _ in range(count * 20 if there else 0):
        if len(made) == count:
            break
        picked = [
            (random.choice(there), random.choice(CHANGES)) for _ in range(random.randint(2, 3))
        ]
        made[written(whole, picked)] = None
    return list(made)


def written(whole: Any, changes: list[tuple[tuple[Any, ...], Any]]) -> str:
    """Write an answer with some of its places changed; a change whose way an earlier one took is left out."""
    made = copy.deepcopy(whole)
    twice = []
    for place, change in changes:
        if not place:
            continue
        holder = made
        for key in place[:-1]:
            holder = _inside(holder, key)
        if isinstance(holder, dict | list) and _inside(holder, place[-1]) is not _GONE:
            twice += [place[-1]] * (change == "DOUBLED")
            _change(holder, place[-1], change)
    text = json.dumps(made)
    for key in twice:
        mark = f"{json.dumps(str(key))}: "
        text = text.replace(mark, f"{mark}1, {mark}", 1)
    return text


def _inside(holder: Any, key: Any) -> Any:
    """Step inwards, unless an earlier change has taken the way."""
    try:
        return holder[key]
    except (KeyError, IndexError, TypeError):
        return _GONE


def _change(holder: Any, key: Any, change: Any) -> None:
    if change == "REMOVED":
        del holder[key]
    elif change != "DOUBLED":
        holder[key] = None if change == "NULLED" else copy.copy(change)
