"""Zone data is the program's own: a host that still puts Almaty at UTC+6 changes nothing."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

import qaitar
from qaitar.connectors.onec.fieldmap import OneCSettings
from qaitar.kernel.zones import ALMATY, offset_at, offset_changes, zone

if TYPE_CHECKING:
    from collections.abc import Iterator

AT = datetime(
    2026, 5, 14, 18, 30, tzinfo=UTC
)  # 23:30 in Almaty, half past midnight of the 15th by old zone data


@pytest.fixture
def old_host(tmp_path: Path) -> Iterator[None]:
    """A host whose zone data is older than March 2024."""
    at_six = files("tzdata").joinpath("zoneinfo", "Etc", "GMT-6").read_bytes()
    (tmp_path / "Asia").mkdir()
    (tmp_path / "Asia" / "Almaty").write_bytes(at_six)
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([str(tmp_path)])
    ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(before)
    ZoneInfo.clear_cache()


@pytest.mark.usefixtures("old_host")
def test_dates_for_1c_are_almatys_whatever_the_host_says() -> None:
    assert AT.astimezone(ZoneInfo(ALMATY)).isoformat() == "2026-05-15T00:30:00+06:00"
    there = OneCSettings("https://host/ut", "Обмен", "x").zone
    assert AT.astimezone(there).isoformat() == "2026-05-14T23:30:00+05:00"


def test_a_zone_of_1c_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(zoneinfo.ZoneInfoNotFoundError):
        _ = OneCSettings("https://host/ut", "Обмен", "x", time_zone="Asia/Nowhere").zone


@pytest.mark.parametrize(
    "name", [ALMATY, "Europe/Moscow", "Asia/Aqtobe", "America/New_York", "Australia/Lord_Howe"]
)
def test_offsets_are_those_of_the_zone_at_every_hour(name: str) -> None:
    changes = offset_changes(name)
    assert [at for at, _ in changes] == sorted(at for at, _ in changes)
    where, at, expected = zone(name), changes[0][0], list(changes)
    for at, offset in changes[1:]:
        assert offset_at(at, where) == offset
        assert offset_at(at - timedelta(seconds=1), where) != offset
    for hours in range(0, 24 * 366 * 30, 977):
        at = changes[0][0] + timedelta(hours=hours)
        expected = [offset for since, offset in changes if since <= at]
        assert offset_at(at, where) == expected[-1]


def test_nothing_else_asks_for_a_zone_by_its_name() -> None:
    """`ZoneInfo(name)` asks the host, `AT TIME ZONE name` the database; both may be years old."""
    asks = re.compile(r"\bZoneInfo\(|AT TIME ZONE (?!'UTC')|timezone\.activate\([\"']")
    package = Path(qaitar.__file__).parent
    modules = {path.relative_to(package).as_posix(): path for path in package.rglob("*.py")}
    found = [name for name, path in modules.items() if asks.search(_code(path))]
    assert found == []


def _code(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return re.sub(r"`[^`\n]*`", "", text)
