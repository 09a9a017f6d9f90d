"""Five hundred spoiled answers of the cabinet, handed over as the companion does: each kept, each shown as what it is, none a crash."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string

from qaitar.flows.take_cabinet import cabinet_read, cabinet_take
from qaitar.foundation.models import RawIntake
from qaitar.foundation.ops.jobs import within_walls
from qaitar.returns.models import ReturnRequest
from qaitar.web.console.case.mirror import unread_lines
from qaitar.web.console.case.records import MirrorView
from qaitar.web.console.imports.present import intake_report
from qaitar.web.console.imports.reasons import reason_sentence
from qaitar.web.console.labels.unread import field_text, why_text
from tests.corpora.market import CALLS, archived, cabinet_answers
from tests.corpora.spoiling import CHANGES, places, written
from tests.flows.spoiled_answers import Expected, expected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from tests.flows.bench import Bench


def spoiled(call: str, whole: Any) -> Iterator[tuple[str, Expected]]:
    """Every field removed, nulled, retyped, doubled; with each, what has to be shown of it."""
    for place in places(whole):
        for change in CHANGES:
            if change != "DOUBLED" or isinstance(place[-1], str):
                yield written(whole, [(place, change)]), expected(call, place, change)


def read(bench: Bench, body: bytes) -> RawIntake:
    with within_walls(bench.shop.id):
        accepted = cabinet_take(
            store_id=bench.shop.store.pk, body=body, received_from="companion", by=bench.by, now=bench.now
        )  # fmt: skip
    report = cabinet_read(bench.shop.id, bench.now, intake_id=accepted.id, by=bench.by)
    assert report is not None
    with within_walls(bench.shop.id):
        row = RawIntake.objects.get(pk=accepted.id)
    assert bytes(row.body) == body
    return row


def mirror(bench: Bench, number: str) -> dict[str, Any]:
    with within_walls(bench.shop.id):
        case = ReturnRequest.objects.get(store_id=bench.shop.store.pk, number=number)
    return case.mirror


def card_says(reported: dict[str, Any]) -> str:
    """The card's part about the cabinet, as a person reads it."""
    part = MirrorView(
        stage=None, stage_at=None, section=None, section_at=None, source="",  # type: ignore[arg-type]  # not drawn here
        unread=unread_lines(reported),
    )  # fmt: skip
    return html.unescape(
        render_to_string("console/queue/partials/mirror_told.html", {"mirror": part})
    )


def report_says(row: RawIntake) -> str:
    page = render_to_string(
        "console/imports/partials/import_report.html", {"report": intake_report(row)}
    )
    return html.unescape(page)


def displayed(bench: Bench, row: RawIntake, number: str, reported: Expected) -> None:
    """What was unreadable stands on the report, and of a request on its card, each with its name and why."""
    stated = report_says(row)
    unread = {(each["name"], each["why"]) for each in row.report["unread"]}
    assert unread == reported.unread, (reported, row.report)
    codes = {each["code"] for each in row.report["problems"] + row.report["rejected"]}
    assert codes == reported.problems, (reported, row.report)
    for each in row.report["unread"]:
        assert field_text(each["name"]) in stated
        assert why_text(each["why"]) in stated
        assert each["came"] in stated
    for each in row.report["problems"]:
        assert reason_sentence(each["code"], each["reason"]) in stated
    for name in reported.doubled:
        assert f"«{name}»" in stated
    own = [each for each in row.report["unread"] if each["number"] == number]
    card = card_says(mirror(bench, number))
    for each in own:
        assert f"{field_text(each['name'])}</span>" in card, each
        assert why_text(each["why"]) in card


def test_five_hundred_spoiled_answers_lose_nothing_and_each_is_displayed_as_what_it_is(
    bench: Bench,
) -> None:
    whole = cabinet_answers(bench.now)
    number = whole["load-refund-details"]["applicationNumber"]
    made = [
        (archived(call, text), reported)
        for call in CALLS
        for text, reported in spoiled(call, whole[call])
    ]
    every = list({body: (body, reported) for body, reported in made}.values())
    step = len(every) / 500
    chosen = [every[int(place * step)] for place in range(500)]
    assert len({body for body, _reported in chosen}) == 500
    assert {"missing", "empty", "unread", "not_a_date", "unknown_section"} == {
        why for _body, reported in chosen for _name, why in reported.unread
    }
    clean = archived(CALLS[2], json.dumps(whole[CALLS[2]]))
    assert (read(bench, clean).report["unread"], mirror(bench, number).get("unread")) == ([], None)
    states = []
    for body, reported in chosen:
        row = read(bench, body)
        displayed(bench, row, number, reported)
        states.append(row.state)
    with within_walls(bench.shop.id):
        stored: set[UUID] = set(RawIntake.objects.values_list("pk", flat=True))
    assert len(stored) == len({clean, *(body for body, _reported in chosen)})
    assert set(states) <= {"READ", "QUARANTINED"}
    assert states.count("READ") > 300
    read(bench, clean)
    assert mirror(bench, number).get("unread") is None, (
        "read well again, nothing is held against it"
    )
    assert card_says(mirror(bench, number)).strip() == ""
