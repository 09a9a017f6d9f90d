"""A cut of the corpora through the real program's doors: each piece taken, refused with a sentence, or set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.corpora import papers
from tests.corpora.doors import doors
from tests.corpora.exports import exports
from tests.corpora.market import cabinet_bodies
from tests.corpora.values import values

if TYPE_CHECKING:
    from pathlib import Path

    from qaitar.runtime.addresses import DatabaseAddresses
    from tests.foundation.hostile_files import Case


def every(cases: list[Case], step: int) -> list[tuple[str, bytes]]:
    return [(each.name, each.content) for each in cases[::step]]


@pytest.mark.slow
def test_a_cut_of_everything_that_is_uploaded(committed: DatabaseAddresses, tmp_path: Path) -> None:
    with doors(committed, tmp_path) as open_doors:
        ended = {
            "evidence": open_doors.evidence(
                every(papers.pdfs(), 17)
                + every(papers.pictures(), 17)
                + every(papers.archives(), 17)
            ),
            "orders": open_doors.orders(exports(values()[::4])[::8]),
            "cabinet": open_doors.cabinet(cabinet_bodies(300)[::8]),
        }
    for reported in ended.values():
        assert (reported.faults, reported.hangs) == ([], [])
        assert len(reported.counted) >= 2, "a cut in which all end alike shows nothing"
    assert open_doors.weigher.heavy() == {}
    assert {"program", "pdf", "picture", "table"} <= set(open_doors.weigher.most)
