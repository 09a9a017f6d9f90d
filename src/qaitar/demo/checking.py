"""Holds the program's word against the ledgers of the outside systems: everything exactly once, every chain whole."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from qaitar.foundation.journal.lines import first_break
from qaitar.foundation.models import EffectState, JournalEntry, PlannedEffect
from qaitar.foundation.ops.jobs import within_walls
from qaitar.returns.models import ReturnRequest
from qaitar.returns.vocabulary import Effect, Outcome, Stage
from qaitar.sandbox.onec.model import RETURN_FILES, RETURN_ORDER
from qaitar.sandbox.outside import SHEET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qaitar.demo.driver import Play

TICKETS: Final = (Effect.OPEN_TICKET, Effect.ASK_SERVICE_CENTRE, Effect.ASK_REOPEN)


def ends_found(play: Play, ends: Mapping[str, Outcome]) -> list[str]:
    """Say which requests did not end as the branch says."""
    wrong = []
    for number, outcome in ends.items():
        case = play.case(number)
        if (case.stage, case.outcome) != (Stage.CLOSED, outcome):
            wrong.append(f"{number} is {case.stage}/{case.outcome}, not CLOSED/{outcome}")
    return wrong


def ledgers_found(play: Play, numbers: Sequence[str]) -> list[str]:
    """Say what of these requests does not stand outside exactly once, or is not settled."""
    with within_walls(play.merchant_id):
        cases = {case.pk: case for case in ReturnRequest.objects.filter(number__in=numbers)}
        effects = list(PlannedEffect.objects.filter(subject_id__in=cases))
    unsettled = [
        f"{cases[one.subject_id].number}: {one.kind} is {one.state} ({one.detail})"
        for one in effects
        if one.state != EffectState.DONE
    ]
    return [
        *unsettled,
        *_tickets(play, effects),
        *_comments(play, effects),
        *_rows(play, numbers, effects),
        *_documents(play, effects),
        *_files(play, effects),
    ]


def _tickets(play: Play, effects: Sequence[PlannedEffect]) -> list[str]:
    with play.outside.usedesk.account.still() as tickets:
        markers = Counter(ticket.fields.get("additional_id", "") for ticket in tickets.values())
    return [
        f"{one.kind} {one.pk}: {markers[str(one.pk)]} tickets, not 1"
        for one in effects
        if one.kind in TICKETS and markers[str(one.pk)] != 1
    ]


def _comments(play: Play, effects: Sequence[PlannedEffect]) -> list[str]:
    with play.outside.usedesk.account.still() as tickets:
        texts = [c.message for ticket in tickets.values() for c in ticket.comments]
    wrong = []
    for one in effects:
        if one.kind == Effect.TICKET_COMMENT and one.reference:
            count = sum(str(one.pk) in text for text in texts)
            if count != 1:
                wrong.append(f"{one.kind} {one.pk}: {count} comments, not 1")
    return wrong


def _rows(play: Play, numbers: Sequence[str], effects: Sequence[PlannedEffect]) -> list[str]:
    wanted = {one.reference for one in effects if one.kind == Effect.WRITE_REGISTER}
    with play.outside.book.lock:
        keys = Counter(str(row[0]) for row in play.outside.book.sheets[SHEET].rows if row)
    return [
        f"the register has {keys[number]} rows of {number}, not 1"
        for number in numbers
        if number in wanted and keys[number] != 1
    ]


def _documents(play: Play, effects: Sequence[PlannedEffect]) -> list[str]:
    with play.outside.onec.still() as base:
        comments = [str(row["Комментарий"]) for row in base.rows[RETURN_ORDER]]
    wrong = []
    for one in effects:
        if one.kind == Effect.CREATE_RETURN_ORDER:
            count = sum(str(one.pk) in comment for comment in comments)
            if count != 1:
                wrong.append(f"return order {one.pk}: {count} documents, not 1")
    return wrong


def _files(play: Play, effects: Sequence[PlannedEffect]) -> list[str]:
    """Compare, document by document, the files the effects say they hung there with those that hang there."""
    attached: Counter[tuple[str, str]] = Counter()
    for one in effects:
        if one.kind == Effect.ATTACH_EVIDENCE and one.reference:
            files: Mapping[str, Any] = one.payload.get("files", {})
            attached.update(
                (one.reference, str(each["reference"]))
                for each in files.values()
                if each["state"] == "DONE"
            )
    documents = {document for document, _ in attached}
    with play.outside.onec.still() as base:
        hanging = Counter(
            (str(row["ВладелецФайла_Key"]), str(row["Ref_Key"]))
            for row in base.rows[RETURN_FILES]
            if row["ВладелецФайла_Key"] in documents
        )
    if attached != hanging or any(count != 1 for count in hanging.values()):
        return [f"files in 1C differ: {sum(hanging.values())} hang, {sum(attached.values())} said"]
    return []


def chains_found(play: Play) -> list[str]:
    """Say which cases' journal chains do not hold."""
    with within_walls(play.merchant_id):
        lines = list(JournalEntry.objects.order_by("subject_id", "seq"))
    wrong = []
    for subject_id, chain in groupby(lines, key=lambda line: line.subject_id):
        at = first_break(chain)
        if at is not None:
            wrong.append(f"the journal of {subject_id} breaks at line {at}")
    return wrong
