"""A backup of other tables than the program's is refused with a sentence that says what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qaitar.backup.manifest import NAMES_CHANGED, Manifest, from_json, schema_accept
from qaitar.backup.problems import BackupProblem, DamagedBackup
from qaitar.cli.backup.restore_steps import program_schema
from qaitar.foundation.ops.clock import utc_now

MOMENT = utc_now()
MADE = Manifest(
    "20260101T000000Z-abc",
    "0.3.1",
    "18.4",
    MOMENT,
    MOMENT,
    ("a.0001", "a.0002"),
    {"t": 1},
    0,
    0,
    0,
    (),
)


def test_the_same_generation_is_accepted() -> None:
    schema_accept(MADE, {"a.0001", "a.0002"}, upgrade=False)


def test_an_older_one_is_refused_and_accepted_only_when_stated_so() -> None:
    with pytest.raises(BackupProblem) as reported:
        schema_accept(MADE, {"a.0001", "a.0002", "b.0001"}, upgrade=False)
    assert str(reported.value) == (
        "The backup 20260101T000000Z-abc was made by an older version of qaitar (0.3.1): 1 changes of the tables "
        "are missing in it (b.0001, …). Install that version, restore with it and upgrade afterwards as usual; or "
        "add --upgrade to restore the backup here and bring its tables up to date at once."
    )
    schema_accept(MADE, {"a.0001", "a.0002", "b.0001"}, upgrade=True)


@pytest.mark.parametrize("upgrade", [False, True])
def test_one_whose_journal_names_its_values_otherwise_is_refused_always(upgrade: bool) -> None:
    assert NAMES_CHANGED in program_schema()
    with pytest.raises(BackupProblem, match="journal names its values otherwise"):
        schema_accept(MADE, {"a.0001", "a.0002", NAMES_CHANGED}, upgrade=upgrade)


@pytest.mark.parametrize("upgrade", [False, True])
def test_a_newer_one_is_refused_always(upgrade: bool) -> None:
    with pytest.raises(
        BackupProblem, match=r"newer version of qaitar \(0\.3\.1\): 1 changes .* \(a\.0002"
    ):
        schema_accept(MADE, {"a.0001", "b.0001"}, upgrade=upgrade)


def test_the_programs_generation_is_its_migrations() -> None:
    schema = program_schema()
    assert {"foundation.0001_initial", "backup.0001_initial", "sessions.0001_initial"} <= schema


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert from_json(MADE.as_json()) == replace(MADE, parts=())
    with pytest.raises(BackupProblem, match="has format 1"):
        from_json({**MADE.as_json(), "format": 1})
    with pytest.raises(DamagedBackup, match="cannot be read"):
        from_json({**MADE.as_json(), "as_of": "yesterday"})
