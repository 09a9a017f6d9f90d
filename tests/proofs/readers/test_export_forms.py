"""Two thousand generated exports, each against what its maker says must come of it."""

from __future__ import annotations

from collections import Counter

from tests.corpora.export_checking import differences
from tests.corpora.export_forms import export_form

FILES = 2_000


def test_two_thousand_exports_give_what_their_maker_says() -> None:
    """Nothing is lost silently, nothing is counted twice, and a refusal names the true reason."""
    wrong: dict[int, list[str]] = {}
    counted: Counter[str] = Counter()
    for seed in range(FILES):
        made = export_form(seed)
        if reported := differences(made):
            wrong[seed] = reported
        expected = made.expected
        counted["files"] += 1
        counted["refused"] += bool(expected.refused)
        counted["rows"] += expected.rows
        counted["orders"] += len(expected.orders)
        counted.update(code for _, _, code in expected.rejected)
    print(f"\nexports: {dict(counted)}")  # noqa: T201  the figures are what a proof is for
    assert wrong == {}
    assert counted["orders"] > 5_000, "guard: most files hold orders"
    assert counted["refused"] > 50, "guard: some files are refused"
