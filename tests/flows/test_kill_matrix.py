"""The kill matrix in small: every story unharmed passes just the moments of its row, a few deaths by lot, the planted bug."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from procrastinate.contrib.django import app

from qaitar.flows.effects.engine import HANDLERS as SENT
from qaitar.returns.vocabulary import Effect
from qaitar.web.api.main import ROUTERS
from tests.kill_matrix.cells import FOUND, planted, points
from tests.kill_matrix.rows import ROWS
from tests.kill_matrix.started import ROOT, matrix
from tests.kill_matrix.world import Receiver

if TYPE_CHECKING:
    from qaitar.runtime.addresses import DatabaseAddresses

SAMPLE = 10
NO_ROW = {
    "effects_sweep": "only leaves jobs; part of every rise after a death",
    "webhooks_sweep": "only leaves jobs; part of the rises of the events' story",
    "orders_sweep": "only leaves jobs; part of the rises of the orders' story",
    "cabinets_sweep": "only leaves jobs; part of the rises of the cabinet's story",
    "stalled_jobs_retry": "part of every rise after a death that left a job behind",
    "security_forget": "removes old rows only, page by page; the next night goes on",
    "journal_anchor": "reads, and adds one line to a file; missed, the next hour adds it",
    "old_jobs_remove": "one statement of the queue's library",
    "backup_when_due": "starts another program, which tests/backup kills and looks at",
    "connection_check": "asks only; what it found is one commit, and a press asks again",
    "connections_recheck": "asks only; what it found is one commit, and the next minutes ask again",
    "rechecks_sweep": "only leaves jobs",
    "practice_prepare": "reaches nothing outside; a commit a case, begun again it goes on (tests/training)",
    "practices_go": "reaches nothing outside; a commit a deed, and the next minute goes on",
}
"""Jobs without a row of their own, and why."""
ONE_COMMIT = {
    "returns_act_many",
    "returns_note",
    "evidence_confirm",
    "evidence_withdraw",
    "webhooks_create",
    "webhooks_change",
    "webhooks_delete",
    "webhooks_rotate",
    "webhooks_test",
    "companion_pair",
    "companion_contact",
    "companion_unpair",
}
"""Calls that go through the same door as those of the rows, reach nothing outside and keep no file: one commit with their answer."""

ASKS_ONLY = {
    "companion_cases",
    "companion_missing",
}  # a POST because numbers do not belong into an address


def test_every_effect_of_the_procedure_has_its_row() -> None:
    rows = [effect for row in ROWS for effect in row.story.effects]
    assert sorted(rows) == sorted({*SENT, Effect.WRITE_REGISTER})
    by_people = {effect for effect in Effect if effect.value.startswith("PRESS_")}
    assert set(Effect) == set(rows) | by_people


def test_every_job_has_its_row_or_a_reason() -> None:
    known = {name.rpartition(".")[2] for name in app.tasks if name.startswith("qaitar.")}
    killed = {
        moment.removeprefix("job ")
        for row in ROWS
        for moment in row.moments
        if moment not in {"job ends", "job again"} and moment.startswith("job ")
    }
    assert known - killed == set(NO_ROW)
    assert killed <= known


def test_every_writing_call_has_its_row_or_is_one_commit() -> None:
    writing = {
        operation.operation_id
        for router in ROUTERS
        for view in router.path_operations.values()
        for operation in view.operations
        if set(operation.methods) - {"GET"}
    }
    rows = {row.story.operation for row in ROWS} - {""}
    assert writing - rows == ONE_COMMIT | ASKS_ONLY
    assert rows <= writing


def test_no_mail_leaves_or_comes_in_without_a_row() -> None:
    """The program neither sends nor fetches mail; whoever teaches it to writes the story first."""
    mail = re.compile(
        r"^\s*(?:from|import) (?:smtplib|imaplib|poplib|django\.core\.mail)\b", re.MULTILINE
    )
    source = sorted(Path(ROOT / "src").rglob("*.py"))
    assert len(source) > 150
    assert [path.name for path in source if mail.search(path.read_text(encoding="utf-8"))] == []


def test_what_was_once_found_is_a_point_still() -> None:
    assert set(FOUND) <= set(points())


@pytest.fixture(scope="module")
def small(database: DatabaseAddresses, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run for all that follows, since it costs loading the program once more."""
    folder = tmp_path_factory.mktemp("kills")
    flags = ("--lanes", "1", "--seeds", "25", "--sample", str(SAMPLE), "--moments", "--planted")
    return matrix(database, folder, *flags, seconds=400)


def test_an_event_whose_sender_died_on_its_way_was_not_reported() -> None:
    receiver = Receiver()
    answers: list[str] = []

    def tell(sent: bytes, announced: int) -> None:
        environ = {
            "wsgi.input": io.BytesIO(sent),
            "CONTENT_LENGTH": str(announced),
            "HTTP_WEBHOOK_ID": "one",
        }
        receiver(environ, lambda status, _: answers.append(status))  # type: ignore[arg-type]  # no more is asked of it

    tell(b"{}", 9)
    assert (receiver.got, answers) == ([], ["400 Bad Request"])
    tell(b'{"a":"b"}', 9)
    assert (receiver.got, answers[1:]) == ([("one", b'{"a":"b"}')], ["200 OK"])


def test_every_story_passes_the_moments_of_its_row_and_no_other(small: dict[str, Any]) -> None:
    meant = {row.story.name: list(row.moments) for row in ROWS}
    assert small["moments"] == meant, "read what rows.py says of changing what a story does"


def test_after_a_death_everything_is_there_exactly_once(small: dict[str, Any]) -> None:
    assert (small["wrong"], small["broken"]) == ({}, [])
    assert small["played"] == small["cells"] == SAMPLE


def test_the_intent_written_after_the_call_is_found(small: dict[str, Any]) -> None:
    """The same story in a process where the call comes first: both calls are made twice, and the matrix says so."""
    found = " ".join(stated for each in small["planted"].values() for stated in each)
    assert len(small["planted"]) == len(planted())
    for twice in ("'tickets': 2", "'comments': 2"):
        assert twice in found
