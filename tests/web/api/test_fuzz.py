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
        told = fuzz(at, tmp_path)
    assert told.failures == [], told.log[-6000:]
    assert told.errors == 0
    assert told.cases > 300
    assert len(told.done()) > 20
