"""The audit says what it learned, no more; the bill of materials tells of the scripts in our source."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.supply import audit as audit_module
from tests.supply import report, sbom
from tests.supply.ages import released
from tests.supply.audit import ACCEPTED_FILE, Audit, Vulnerability, accepted, audit, unaccepted
from tests.supply.pins import RUN, Pin, all_pins, pins_of, requirement_files

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 12, 1)
JINJA = Pin("jinja2", "2.4.1")
FOUND = {
    "name": "Jinja2",
    "version": "2.4.1",
    "vulns": [{"id": "PYSEC-2019-217", "aliases": ["CVE-2019-10906"], "fix_versions": ["2.10.1"]}],
}
CLEAN = {"name": "attrs", "version": "26.1.0", "vulns": []}
SKIPPED = {"name": "uv", "skip_reason": "Dependency not found"}
ENTRY = (
    '[[accepted]]\nid = "CVE-2019-10906"\npackage = "Jinja2"\nreason = "no sandbox"\nsince = {}\n'
)


def audited(monkeypatch: pytest.MonkeyPatch, *reports: list[dict[str, Any]]) -> tuple[Audit, int]:
    """Run the audit over three files with such reports; return it and how many files were asked about."""
    requested: list[Path] = []

    def answer(path: Path) -> dict[str, Any]:
        requested.append(path)
        return {"dependencies": reports[len(requested) - 1]}

    monkeypatch.setattr(audit_module, "_report", answer)
    pins = [JINJA, Pin("attrs", "26.1.0"), Pin("uv", "0.13.9")]
    return audit(requirement_files()[: len(reports)], pins), len(requested)


def test_packages_nobody_knows_are_not_called_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip-audit itself ends well and says "No known vulnerabilities found" then."""
    seen, requested = audited(monkeypatch, [SKIPPED], [CLEAN])
    assert (requested, seen.audited, len(seen.skipped)) == (1, set(), 3)
    stated = "audit: no registry of vulnerabilities answers; 3 packages not audited"
    assert report.headline(seen, 0) == stated


def test_a_known_vulnerability_is_found_and_must_be_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, _ = audited(monkeypatch, [CLEAN], [FOUND, SKIPPED])
    bad = unaccepted(seen.found, [])
    assert [str(each) for each in bad] == ["jinja2 2.4.1: PYSEC-2019-217, fixed in 2.10.1"]
    stated = "audit: 2 packages audited, 1 not audited: 1 vulnerabilities"
    assert report.headline(seen, len(bad)) == stated


def test_an_accepted_one_is_let_pass_under_any_of_its_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen, _ = audited(monkeypatch, [FOUND])
    known = accepted(ENTRY.format("2026-11-01"), TODAY)
    assert unaccepted(seen.found, known) == []
    elsewhere = [Vulnerability(Pin("markupsafe", "1.0"), "CVE-2019-10906")]
    assert unaccepted(elsewhere, known) == elsewhere


@pytest.mark.parametrize(
    "text",
    [
        ENTRY.format("2026-09-01"),  # 91 days ago
        ENTRY.format("2026-12-02"),  # not yet
        ENTRY.format('"2026-11-01"'),  # no date
        ENTRY.format("2026-11-01").replace("no sandbox", " "),
    ],
)
def test_an_entry_without_reason_or_past_its_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="CVE-2019-10906"):
        accepted(text, TODAY)


def test_the_list_of_accepted_ones_can_be_read() -> None:
    assert accepted(ACCEPTED_FILE.read_text(encoding="utf-8"), TODAY) == []


def test_pins_are_read_from_the_locked_files() -> None:
    run = pins_of(RUN)
    assert "django" in {pin.name for pin in run}
    assert len(run) == RUN.read_text(encoding="utf-8").count("==")
    assert set(run) < set(all_pins(requirement_files()))


def test_the_age_is_that_of_the_first_file_of_the_version() -> None:
    page = {
        "files": [
            {"filename": "boolean.py-5.0.tar.gz", "upload-time": "2025-04-03T10:39:49Z"},
            {"filename": "boolean_py-5.0-py3-none-any.whl", "upload-time": "2025-04-03T10:39:48Z"},
            {"filename": "boolean_py-5.0.1.tar.gz", "upload-time": "2024-01-01T00:00:00Z"},
            {"filename": "boolean_py-5.0-py2-none-any.whl"},
        ]
    }
    moment = datetime(2025, 4, 3, 10, 39, 48, tzinfo=UTC)
    assert released(page, Pin("boolean-py", "5.0")) == moment
    assert released({}, JINJA) is None
    ages: dict[Pin, int | None] = {JINJA: None, Pin("a", "1"): 7, Pin("b", "2"): 40}
    lines = ["     40 days  b 2", "      7 days  a 1", "      ? days  jinja2 2.4.1"]
    assert report.age_lines(ages) == lines


def test_every_script_of_somebody_else_is_in_the_bill() -> None:
    """With the version its licence file tells, where it tells one."""
    bill = sbom.with_vendored({"components": []})
    assert {each.file for each in sbom.VENDORED} == {p.name for p in sbom.VENDOR.glob("*.js")}
    assert [each["purl"] for each in bill["components"]] == [
        "pkg:npm/htmx.org@2.0.11",
        "pkg:npm/%40zxing/library@0.21.3",
    ]
    assert (sbom.VENDOR / "htmx.LICENSE.txt").read_text().startswith("htmx.org 2.0.11,")
    digest = "d7cc8f69dd70bdcf3ac00c9ae572bf2acb9f4132ba379c72df842e4db918652d"
    assert bill["components"][1]["hashes"] == [{"alg": "SHA-256", "content": digest}]
