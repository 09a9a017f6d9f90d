"""Calls made from the API's own document: no error of ours, no answer it does not tell of.  `make prove` sends 20,000."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web.api.fuzzing import fuzz, target

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses


@pytest.mark.slow
def test_a_few_hundred_calls(committed: DatabaseAddresses, tmp_path: Path) -> None:
    with target(committed, tmp_path) as at:
        reported = fuzz(at, tmp_path)
    assert reported.failures == [], reported.log[-6000:]
    assert reported.errors == 0
    assert reported.cases > 300
    assert len(reported.done()) > 20
