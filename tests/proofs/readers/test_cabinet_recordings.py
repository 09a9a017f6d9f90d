"""Two thousand made recordings of the cabinet, each against what its maker says must come of it."""

from __future__ import annotations

from collections import Counter

from tests.corpora.cabinet_recordings import made_recording
from tests.corpora.recording_checking import differences

RECORDINGS = 2_000


def test_two_thousand_recordings_give_what_their_maker_says() -> None:
    """As they come and as they are stored: nothing is lost silently or counted twice, every refusal states its true reason."""
    wrong: dict[int, list[str]] = {}
    counted: Counter[str] = Counter()
    for seed in range(RECORDINGS):
        made = made_recording(seed)
        if found := differences(made):
            wrong[seed] = found
        expected = made.expected
        counted[made.maker] += 1
        counted["requests"] += len(expected.requests)
        counted["refused numbers"] += len(expected.refused_numbers)
        counted["lists not whole"] += len(expected.lists)
        counted["unread fields"] += len(expected.unread)
        counted["several shops"] += len({shop for shop, _ in expected.requests}) > 1
        counted["without times"] += not expected.has_times
        counted.update(code for _, code, _ in expected.problems)
        counted.update(expected.left_out)
    print(f"\nrecordings: {dict(counted)}")  # noqa: T201  the figures are what a proof is for
    assert wrong == {}
    assert counted["requests"] > 20_000, "guard: most recordings hold requests"
    rare = ("refused numbers", "lists not whole", "no_number", "list_total", "har_not_modified")
    assert min(counted[kind] for kind in rare) > 50, "guard: each kind is really made"
