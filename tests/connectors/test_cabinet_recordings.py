"""Made recordings of the cabinet: nothing lost silently, nothing counted twice, every refusal says its true reason."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from qaitar.connectors.kaspi_cabinet.recording import reduce_answers
from qaitar.connectors.kaspi_cabinet.saved import read_saved
from qaitar.contracts.marketplace import ReturnReading, Section, return_overlay
from tests.corpora.cabinet_entries import SERVICE
from tests.corpora.cabinet_recordings import made_recording
from tests.corpora.recording_checking import differences

CUT = 40


def test_a_cut_of_recordings_gives_what_their_maker_says() -> None:
    wrong = {
        seed: reported for seed in range(CUT) if (reported := differences(made_recording(seed)))
    }
    assert wrong == {}


def test_a_section_never_seen_does_not_leave_the_older_sections_place() -> None:
    older = ReturnReading(number="700000001-1", section=Section.NEW, section_raw="NEW")
    newer = ReturnReading(number="700000001-1", section_raw="EXPERTISE")
    merged = return_overlay(older, newer)
    assert (merged.section, merged.section_raw) == (None, "EXPERTISE")


def test_a_new_reason_without_words_does_not_get_the_words_of_the_older_one() -> None:
    older = ReturnReading(number="700000001-1", reason_code="SIZE_MISMATCH", reason_text="Размер")
    merged = return_overlay(older, ReturnReading(number="700000001-1", reason_code="WRONG"))
    assert (merged.reason_code, merged.reason_text) == ("WRONG", None)
    again = return_overlay(older, ReturnReading(number="700000001-1", reason_code="SIZE_MISMATCH"))
    assert again.reason_text == "Размер"


def test_an_older_look_at_a_page_does_not_make_the_list_whole() -> None:
    """One page held A and B; later it is said to hold two and only C came."""
    body = recording(listed("NEW", ["1-1", "2-1"], 2), listed("NEW", ["3-1"], 2))
    saved = read_saved(body)
    assert len(saved.readings) == 3
    assert [(one.tab, one.expected, one.came) for one in saved.lists] == [("NEW", 2, 1)]


def test_a_page_left_out_on_storing_keeps_its_place_and_its_reason() -> None:
    foreign = {
        "request": {"method": "GET", "url": "https://kaspi.kz/"},
        "response": {"status": 200},
    }
    page = entry("load-refund-details?code=1-1", "<html>Войти</html>")
    body = recording(foreign, page)
    stored = reduce_answers(body)
    reported = [
        (one.row_number, one.reason_code, one.reason) for one in read_saved(stored.body).problems
    ]
    assert reported == [
        (2, "har_body", "The text is not JSON, 23 bytes: «load-refund-details 1-1».")
    ]
    assert "Войти" not in stored.body.decode()
    assert reduce_answers(stored.body).body == stored.body


@pytest.mark.parametrize("text", ["[]", '{"data": [], "total": -1}'])
def test_a_list_that_does_not_say_how_many_it_holds_is_named(text: str) -> None:
    saved = read_saved(recording(entry("load-refunds-by-tab?tab=NEW&p=0", text)))
    assert "list_total" in [one.reason_code for one in saved.problems]


def test_base64_without_its_mark_is_read() -> None:
    encoded = base64.b64encode(b'{"applicationNumber": "700000001-1"}').decode()
    saved = read_saved(recording(entry("load-refund-details?code=700000001-1", encoded)))
    assert [one.number for one in saved.readings] == ["700000001-1"]
    assert saved.problems == ()


def listed(tab: str, numbers: list[str], total: int) -> dict[str, Any]:
    items = [{"applicationNumber": number, "tab": tab} for number in numbers]
    return entry(f"load-refunds-by-tab?tab={tab}&p=0", json.dumps({"data": items, "total": total}))


def entry(call: str, text: str) -> dict[str, Any]:
    content = {"mimeType": "application/json", "text": text}
    request = {"method": "GET", "url": SERVICE + call}
    return {"request": request, "response": {"status": 200, "content": content}}


def recording(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"log": {"version": "1.2", "entries": entries}}).encode()
