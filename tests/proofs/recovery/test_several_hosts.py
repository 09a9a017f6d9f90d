"""The primary is lost, hosts are cut off: nothing acknowledged is lost or done twice, and it all comes back by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.hosts.database import lacking
from tests.hosts.started import story

if TYPE_CHECKING:
    from pathlib import Path

SECONDS_MAX: Final = 30.0
ALL_AT_ONCE_SECONDS_MAX: Final = (
    60.0  # etcd was gone too, and its leases begin anew when it is back
)
LASTS_MAX: Final = 1_500

pytestmark = pytest.mark.skipif(bool(lacking()), reason=f"no several hosts: {lacking()}")


def displayed(name: str, figures: dict[str, Any]) -> None:
    print(f"\n{name}: {json.dumps(figures, ensure_ascii=False, indent=1)}\n")  # noqa: T201  the figures are what a proof is for


def test_nothing_acknowledged_is_lost_whichever_host_goes(tmp_path: Path) -> None:
    found = story(tmp_path, seconds=LASTS_MAX)
    displayed("several hosts", found)
    back = {name: seconds for name, seconds in found.items() if name.startswith("s back")}
    assert len(back) == 4
    assert back.pop("s back, standbys cut off, then primary loses power") <= ALL_AT_ONCE_SECONDS_MAX
    assert {name: s for name, s in back.items() if s > SECONDS_MAX} == {}
    assert (found["acknowledged and lost"], found["done twice"]) == ([], [])
    assert (found["lives given up"], found["wrong lives"]) == ([], {})
    assert found["writes acknowledged"] == 6 * found["lives"] + found["proofs"]
    assert found["proofs"] >= 10
    assert found["planted and found"] == 2
    assert found["cut-off host ready while cut off"] is False
    assert found["written inside before the cut"] > 0
    assert found["tried inside after the cut"] > 0
    assert (found["acknowledged inside after the cut"], found["written inside and lost"]) == (0, 0)
    assert (found["tickets"], found["tickets made twice"]) == (found["lives"], 0)
    assert set(found["effects"]) == {"DONE", "NOT_CONNECTED"}
    assert found["invariants broken"] == 0


def test_with_a_standby_that_is_not_waited_for_the_same_loses_what_was_acknowledged(
    tmp_path: Path,
) -> None:
    found = story(tmp_path, "--asynchronous", seconds=LASTS_MAX)
    displayed(
        "several hosts, asynchronous",
        {**found, "acknowledged and lost": len(found["acknowledged and lost"])},
    )
    assert found["acknowledged and lost"] != []
