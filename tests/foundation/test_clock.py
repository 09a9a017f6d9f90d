"""The clock stands still where it is held: the present moment, and the seconds budgets are counted in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from qaitar.foundation.ops.clock import frozen_at, running_s, utc_now

NOON = datetime(2026, 5, 14, 12, tzinfo=UTC)


def test_a_held_clock_tells_its_own_moment_and_no_seconds_pass() -> None:
    with frozen_at(NOON):
        assert utc_now() == NOON
        assert running_s() == NOON.timestamp()
        with frozen_at(NOON + timedelta(minutes=1)):
            assert running_s() == NOON.timestamp() + 60
        assert running_s() == NOON.timestamp()


def test_a_free_clock_runs_on() -> None:
    before = running_s()
    assert 0 <= running_s() - before < 60
