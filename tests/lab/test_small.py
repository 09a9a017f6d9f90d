"""A cut of the benches of work: on a small shop each does what it says, asks a fixed number of statements and scans nothing."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from django.test import override_settings

from qaitar.lab.bench.act_latency import BARE, BUTTONS, OPENED, bench_presses
from qaitar.lab.bench.bulk import bench_bulk
from qaitar.lab.bench.deadline_scan import STATEMENTS_MAX, bench_sweep
from qaitar.lab.bench.exporting import bench_export
from qaitar.lab.bench.intake import bench_intake

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qaitar.lab.bench.report import BenchReport
    from qaitar.runtime.addresses import DatabaseAddresses

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
SCANS = "readings of a big table end to end"
pytestmark = pytest.mark.slow


@pytest.fixture
def shop(
    django_db_setup: None, django_db_blocker: Any, database: DatabaseAddresses, tmp_path: Path
) -> Iterator[DatabaseAddresses]:
    """The server a bench makes its own database on; pages are drawn without gathered styles."""
    static = override_settings(STATIC_ROOT=tmp_path, WHITENOISE_USE_FINDERS=False)
    with django_db_blocker.unblock(), mock.patch.dict(os.environ), static:
        yield database


def goals(report: BenchReport) -> dict[str, float]:
    return {goal.name: goal.measured for goal in report.goals}


def test_every_button_is_pressed_and_asks_little(shop: DatabaseAddresses) -> None:
    report = bench_presses(shop, NOW, sizes=(5_000,), rounds=1, presses=1)
    assert goals(report)[SCANS] == 0
    (table,) = report.tables.values()
    pressed = {row[0]: (row[1], row[-1]) for row in table.rows}
    once = {button.title for button in BUTTONS} | {BARE}
    assert {title: times for title, (times, _) in pressed.items()} == dict.fromkeys(once, 1) | {
        OPENED: len(BUTTONS)
    }
    requested = [int(str(requested)) for _, requested in pressed.values() if requested != ""]
    assert len(requested) == 4
    assert max(requested) <= 16


def test_a_look_of_the_guard_asks_the_same_whatever_is_due(shop: DatabaseAddresses) -> None:
    few = bench_sweep(shop, NOW, sizes=(1_000,), due=5, rounds=1)
    many = bench_sweep(shop, NOW, sizes=(1_000,), due=50, rounds=1)
    for report in (few, many):
        assert goals(report)[SCANS] == 0
        assert goals(report)["statements of a look"] == 3 <= STATEMENTS_MAX


def test_a_bulk_decision_reports_the_refused(shop: DatabaseAddresses) -> None:
    report = bench_bulk(shop, NOW, size=80)  # it holds the answer to the journal itself
    assert goals(report)["refused and told why, each round"] == 2


def test_a_register_is_exported_to_its_last_line(shop: DatabaseAddresses) -> None:
    report = bench_export(shop, NOW, sizes=(1_000,), bare_rows=100)
    (table,) = report.tables.values()
    assert [row[0] for row in table.rows] == ["1,000 lines"]
    assert goals(report)["lines a second against the bare library"] > 0


def test_pages_are_accepted_and_read_and_jobs_done(shop: DatabaseAddresses) -> None:
    report = bench_intake(shop, NOW, bodies=3, jobs=10, rounds=1)  # it counts what was read itself
    assert all(measured > 0 for measured in goals(report).values())
