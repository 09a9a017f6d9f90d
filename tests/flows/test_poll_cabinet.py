"""Reading the cabinet directly: open sections first, what left them by its detail, one failing detail stops nobody."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils.translation import override

from qaitar.cli.importing import reduce_recordings
from qaitar.contracts.marketplace import ReturnPage, ReturnReading, Section, SectionCounts
from qaitar.contracts.outcome import Misconfigured, Unknown
from qaitar.flows.poll_cabinet import _health
from qaitar.flows.read_cabinet import Aside, KnownRequests, item_print, read_cabinet
from qaitar.foundation.models import RawIntake
from qaitar.foundation.ops.jobs import within_walls
from tests.flows.test_cabinet_recordings import noisy, take

if TYPE_CHECKING:
    from qaitar.contracts.outcome import Busy, Health, Missing, Refused
    from tests.flows.bench import Bench

NOW = datetime(2026, 11, 30, 5, tzinfo=UTC)
ENDED = Misconfigured("The cabinet session has expired (HTTP 401).", "Log in again.")
BROKEN = Unknown("The cabinet failed (HTTP 500).")


def request(n: int, tab: Section | str = Section.NEW) -> ReturnReading:
    section = tab if isinstance(tab, Section) else None
    return ReturnReading(
        number=f"{700_000_000 + n}-1", refund_id=f"{n:024x}", section=section, section_raw=str(tab)
    )


@dataclass
class Cabinet:
    """A cabinet whose pages have any size, whose details may fail, and which notes what it was asked."""

    lists: dict[str, list[ReturnReading]]
    size: int = 10
    failing: dict[str, Misconfigured | Unknown] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    has_ended: bool = False
    requested: list[str] = field(default_factory=list)

    def counts(self) -> SectionCounts | Misconfigured:
        self.requested.append("counts")
        if self.has_ended:
            return ENDED
        reported = {tab: len(rows) for tab, rows in self.lists.items()} | self.totals
        return SectionCounts(
            totals={section: reported.get(section.value, 0) for section in Section},
            unknown={tab: total for tab, total in reported.items() if tab not in set(Section)},
        )

    def list_section(self, section: Section, *, page: int = 0) -> ReturnPage:
        return self.list_tab(section.value, page=page)

    def list_tab(self, tab: str, *, page: int = 0) -> ReturnPage:
        self.requested.append(f"{tab} {page}")
        rows = self.lists.get(tab, [])
        part = rows[page * self.size : (page + 1) * self.size]
        return ReturnPage(readings=tuple(part), page=page, total=len(rows))

    def details(
        self, refund_id: str, number: str
    ) -> ReturnReading | Missing | Refused | Misconfigured | Busy | Unknown:
        self.requested.append(number)
        if number in self.failing:
            if self.failing[number] is ENDED and len(self.failing) > 1:
                self.has_ended = True
            return self.failing[number]
        return ReturnReading(
            number=number,
            refund_id=refund_id,
            section=Section.CLOSED,
            status_text="Возврат оформлен",
        )

    def health(self, now: datetime) -> Health:
        raise NotImplementedError


NOTHING = KnownRequests(lambda _numbers: {}, {})


def test_pages_go_on_by_what_comes_and_tabs_of_the_counts_are_read_too() -> None:
    """Pages of seven instead of ten, and a sixth section nobody knew: nothing is left behind."""
    cabinet = Cabinet(
        {"NEW": [request(n) for n in range(23)], "EXPERTISE": [request(50, "EXPERTISE")]}, size=7
    )
    reading = read_cabinet(cabinet, NOTHING, {}, NOW)
    assert len(reading.found) == 24
    assert (reading.short, reading.trouble) == ([], None)
    assert cabinet.requested[:2] == ["counts", "NEW 0"]
    first_detail = cabinet.requested.index(request(0).number)
    assert "DISPUTE 0" in cabinet.requested[:first_detail]


def test_a_list_shorter_than_its_count_is_no_healthy_reading() -> None:
    cabinet = Cabinet({"NEW": [request(n) for n in range(15)]}, totals={"NEW": 23})
    reading = read_cabinet(cabinet, NOTHING, {}, NOW)
    assert _health(reading) == ("UNKNOWN", "Section NEW is not whole: 23 expected, 15 read.")
    assert len(reading.found) == 15


def test_numbers_in_another_form_are_reported() -> None:
    odd = replace(request(1), number="700000001/1")
    reading = read_cabinet(Cabinet({"NEW": [odd]}), NOTHING, {}, NOW)
    assert _health(reading) == ("UNKNOWN", "Numbers in a form not known: 700000001/1.")


def test_a_request_that_left_the_open_sections_is_looked_up_whatever_the_closed_list_shows() -> (
    None
):
    closed = [request(n, Section.CLOSED) for n in range(100, 400)]
    known = KnownRequests(lambda _numbers: {}, {request(7).number: request(7).refund_id or ""})
    reading = read_cabinet(Cabinet({"CLOSED": closed}), known, {}, NOW)
    found = reading.found[request(7).number]
    assert (found.section, found.status_text, found.seen_at) == (
        Section.CLOSED,
        "Возврат оформлен",
        NOW,
    )


@pytest.mark.parametrize("failure", [BROKEN, ENDED], ids=["500", "401"])
def test_one_detail_that_fails_is_set_aside_and_stops_nobody(
    failure: Misconfigured | Unknown,
) -> None:
    rows = [request(n) for n in range(5)]
    bad = rows[1].number
    cabinet = Cabinet({"NEW": rows}, failing={bad: failure})
    reading = read_cabinet(cabinet, NOTHING, {}, NOW)
    assert (reading.trouble, set(reading.found)) == (None, {row.number for row in rows})
    assert [each.item_print is None for each in reading.found.values()] == [
        False,
        True,
        False,
        False,
        False,
    ]
    assert (
        _health(reading)[1]
        == f"Details that cannot be read now and are asked for again later: {bad}."
    )
    pauses, aside, now = [], reading.aside, NOW
    for _ in range(9):
        pauses.append(aside[bad].next_at - now)
        cabinet.requested.clear()
        early = read_cabinet(cabinet, NOTHING, aside, aside[bad].next_at - timedelta(seconds=1))
        assert bad not in cabinet.requested
        now = early.aside[bad].next_at
        aside = read_cabinet(cabinet, NOTHING, early.aside, now).aside
    assert pauses[:4] == [timedelta(minutes=m) for m in (10, 20, 40, 80)]
    assert pauses[-1] == timedelta(hours=24)
    del cabinet.failing[bad]
    assert read_cabinet(cabinet, NOTHING, aside, aside[bad].next_at).aside == {}


def test_a_session_that_has_ended_is_reported_by_the_counts_and_what_was_read_stays() -> None:
    rows = [request(n) for n in range(3)]
    cabinet = Cabinet({"NEW": rows}, failing={row.number: ENDED for row in rows})
    reading = read_cabinet(cabinet, NOTHING, {}, NOW)
    assert (reading.trouble, reading.aside, len(reading.found)) == (ENDED, {}, 3)
    assert len([each for each in cabinet.requested if each[0] == "7"]) == 1


def test_what_has_not_changed_in_fields_that_are_read_is_not_requested_for_again() -> None:
    rows = [request(n) for n in range(3)]
    known = KnownRequests(lambda _numbers: {row.number: item_print(row) for row in rows[:2]}, {})
    cabinet = Cabinet({"NEW": [replace(row, raw={"weight": 5}) for row in rows]})
    read_cabinet(cabinet, known, {}, NOW)
    assert [each for each in cabinet.requested if each[0] == "7"] == [rows[2].number]


def test_a_closed_request_without_its_detail_is_left_for_later() -> None:
    """Its list item says only «Возврат отменён»: refused or withdrawn, nobody can tell."""
    row = replace(request(1, Section.CLOSED), status_text="Возврат отменён")
    waiting = {row.number: Aside(row.refund_id or "", 1, NOW + timedelta(hours=1))}
    reading = read_cabinet(Cabinet({"CLOSED": [row]}), NOTHING, waiting, NOW)
    assert (reading.found, reading.aside) == ({}, waiting)


def test_recordings_stored_before_are_reduced_once(
    bare: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    body = noisy()
    take(bare, body)
    with within_walls(bare.shop.id):
        reduced = bytes(RawIntake.objects.get().body)
        RawIntake.objects.update(body=body, stored_digest="", left_out={})
    for stated in ("1 recordings looked at, 1 reduced", "0 recordings looked at, 0 reduced"):
        with override("en"):
            assert reduce_recordings.run(None, None) == 0  # type: ignore[arg-type]  # neither is looked at
        assert stated in capsys.readouterr().out
    with within_walls(bare.shop.id):
        row = RawIntake.objects.get()
    assert (bytes(row.body), row.left_out["pages"]) == (reduced, 1)
