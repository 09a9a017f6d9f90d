"""The locked packages have no known vulnerability that nobody has judged; what the program is made of is written down."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.supply import report, sbom
from tests.supply.pins import RUN, pins_of


@pytest.mark.enable_socket
def test_no_locked_package_has_a_known_vulnerability() -> None:
    lines, bad = report.judge(datetime.now(UTC))
    print("\n" + "\n".join(lines))  # noqa: T201  a proof's figures
    assert bad == []


def test_the_bill_of_materials_names_all_the_program_runs_on() -> None:
    bill = sbom.write(report.SBOM)
    named = {(each["name"].lower(), each["version"]) for each in bill["components"]}
    pinned = {(pin.name, pin.version) for pin in pins_of(RUN)}
    assert pinned
    assert named == pinned | {(each.package, each.version) for each in sbom.VENDORED}
    print(f"\nSBOM: {len(named)} components in {report.SBOM.relative_to(report.ROOT)}\n")  # noqa: T201
