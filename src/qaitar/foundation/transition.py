"""One change of state is one guarded statement.

The state check stands in the WHERE; the journal line, effects, job rows and counters are branches of the
same data-modifying statement.  Either all of it happens or none: a row that was changed by somebody else in
the meantime is simply not among the moved.  Every service that changes a journalled row goes through here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection, models

from qaitar.foundation.journal import GENESIS, JournalLine, chain_hash
from qaitar.foundation.models import JournalEntry
from qaitar.kernel.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

ROWS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Job:
    """A job row that commits with the change: task name, arguments, and when it may start (None: at once)."""

    task: str
    args: Mapping[str, Any]
    queue: str = "default"
    lock: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row inserted only if its change happened."""

    model: type[models.Model]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of a journalled row since it was read; the guard holds it to that."""

    id: UUID
    merchant_id: UUID
    version: int
    journal_seq: int
    journal_head: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row: what is set, what is said about it, and what follows from it."""

    held: Held
    values: Mapping[str, Any]
    line: JournalLine
    rows: tuple[Row, ...] = ()
    jobs: tuple[Job, ...] = ()


@dataclass(slots=True)
class _Statement:
    """Collects the branches and their arrays."""

    branches: list[str] = field(default_factory=list)
    arguments: list[Any] = field(default_factory=list)

    def arrays(self, columns: Sequence[tuple[str, str, list[Any]]], alias: str) -> str:
        """Write `unnest(...) AS alias(names)` over typed arrays and remember the values."""
        parts = []
        for _, db_type, values in columns:
            parts.append(f"%s::{'text' if db_type == 'jsonb' else db_type}[]")
            self.arguments.append([_plain(v, db_type) for v in values])
        names = ", ".join(name for name, _, _ in columns)
        return f"unnest({', '.join(parts)}) AS {alias}({names})"


def _plain(value: Any, db_type: str) -> Any:
    if value is None:
        return None
    if db_type == "jsonb":
        return json.dumps(value, ensure_ascii=False)
    return value


def _column(model: type[models.Model], name: str) -> tuple[str, str]:
    found = model._meta.get_field(name)
    assert isinstance(found, models.Field)
    db_type = found.rel_db_type(connection) if found.is_relation else found.db_type(connection)
    assert db_type is not None
    assert found.column is not None
    return found.column, db_type.split("(")[0].replace("varchar", "text")


def _select(name: str, db_type: str, alias: str) -> str:
    return f"{alias}.{name}::jsonb" if db_type == "jsonb" else f"{alias}.{name}"


def _insert_branch(
    statement: _Statement,
    name: str,
    model: type[models.Model],
    rows: Sequence[tuple[UUID, Mapping[str, Any]]],
) -> None:
    """Add a branch that inserts `rows` whose owner is among the moved."""
    fields = list(rows[0][1])
    columns = [("owner_", "uuid", [owner for owner, _ in rows])]
    for each in fields:
        column, db_type = _column(model, each)
        columns.append((column, db_type, [values[each] for _, values in rows]))
    source = statement.arrays(columns, "u")
    names = ", ".join(column for column, _, _ in columns[1:])
    picked = ", ".join(_select(column, db_type, "u") for column, db_type, _ in columns[1:])
    table = model._meta.db_table
    statement.branches.append(
        f"{name} AS (INSERT INTO {table} ({names}) SELECT {picked} FROM {source}"
        " JOIN moved ON moved.id = u.owner_)"
    )


def _journal_values(change: Change, seq: int, head: bytes) -> dict[str, Any]:
    line = change.line
    return {
        "id": new_id(),
        "merchant_id": change.held.merchant_id,
        "subject_id": change.held.id,
        "seq": seq,
        "at": line.at,
        "actor_id": line.by.user_id,
        "actor_name": line.by.name,
        "actor_role": line.by.role.value,
        "channel": line.by.channel,
        "act": line.act,
        "before": dict(line.before),
        "after": dict(line.after),
        "why": line.why,
        "request_ref": line.by.request_ref,
        "prev_hash": change.held.journal_head,
        "hash": head,
    }


def _follow_ups(
    statement: _Statement, kind: str, changes: Sequence[Change], heads: Mapping[UUID, bytes]
) -> None:
    """Add the branches shared by creating and moving: journal, rows by table, jobs."""
    journal = [
        (
            c.held.id,
            {"subject_kind": kind, **_journal_values(c, c.held.journal_seq + 1, heads[c.held.id])},
        )
        for c in changes
    ]
    _insert_branch(statement, "journal", JournalEntry, journal)
    by_model: dict[type[models.Model], list[tuple[UUID, Mapping[str, Any]]]] = {}
    for change in changes:
        for row in change.rows:
            by_model.setdefault(row.model, []).append((change.held.id, row.values))
    for number, (model, rows) in enumerate(by_model.items()):
        _insert_branch(statement, f"rows{number}", model, rows)
    jobs = [(c.held.id, job) for c in changes for job in c.jobs]
    if jobs:
        _jobs_branch(statement, jobs)


def _jobs_branch(statement: _Statement, jobs: Sequence[tuple[UUID, Job]]) -> None:
    """Add the branch that defers jobs: the row Procrastinate reads is our outbox."""
    source = statement.arrays(
        [
            ("owner_", "uuid", [owner for owner, _ in jobs]),
            ("queue_name", "text", [job.queue for _, job in jobs]),
            ("task_name", "text", [job.task for _, job in jobs]),
            ("lock", "text", [job.lock for _, job in jobs]),
            ("args", "jsonb", [dict(job.args) for _, job in jobs]),
        ],
        "u",
    )
    statement.branches.append(
        "jobs AS (INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args)"
        f" SELECT DISTINCT u.queue_name, u.task_name, u.lock, u.args::jsonb FROM {source}"
        " JOIN moved ON moved.id = u.owner_)"
    )


def _run(statement: _Statement, heads: Mapping[UUID, bytes]) -> dict[UUID, bytes]:
    sql = "WITH " + ", ".join(statement.branches) + " SELECT id FROM moved"
    with connection.cursor() as cursor:
        cursor.execute(sql, statement.arguments)
        return {row[0]: heads[row[0]] for row in cursor.fetchall()}


def move(model: type[models.Model], changes: Sequence[Change]) -> dict[UUID, bytes]:
    """Make these changes, all in one statement, and return the new chain heads of those that happened.

    A row whose version is no longer the held one is left alone and is missing from the answer.  All changes
    of one call set the same columns.  At most `ROWS_MAX` changes a call.
    """
    if not changes:
        return {}
    assert len(changes) <= ROWS_MAX, (
        "split the work: one statement carries at most ROWS_MAX changes"
    )
    heads = {
        c.held.id: chain_hash(c.held.journal_head, c.held.id, c.held.journal_seq + 1, c.line)
        for c in changes
    }
    statement = _Statement()
    columns: list[tuple[str, str, list[Any]]] = [
        ("id_", "uuid", [c.held.id for c in changes]),
        ("merchant_", "uuid", [c.held.merchant_id for c in changes]),
        ("version_", "int", [c.held.version for c in changes]),
        ("head_", "bytea", [heads[c.held.id] for c in changes]),
    ]
    sets = []
    for name in changes[0].values:
        column, db_type = _column(model, name)
        columns.append((column, db_type, [c.values[name] for c in changes]))
        sets.append(f"{column} = {_select(column, db_type, 'u')}")
    source = statement.arrays(columns, "u")
    table = model._meta.db_table
    statement.branches.append(
        f"moved AS (UPDATE {table} AS t SET {', '.join([*sets, ''])}version = t.version + 1,"
        f" journal_seq = t.journal_seq + 1, journal_head = u.head_ FROM {source}"
        " WHERE t.id = u.id_ AND t.merchant_id = u.merchant_ AND t.version = u.version_ RETURNING t.id)"
    )
    _follow_ups(statement, model._meta.model_name or "", changes, heads)
    return _run(statement, heads)


def create(model: type[models.Model], changes: Sequence[Change]) -> dict[UUID, bytes]:
    """Insert journalled rows, all in one statement, and return the chain heads of those that were new.

    A row that breaks a unique constraint is left out together with everything that would follow from it.
    `held.version`, `journal_seq` and `journal_head` must be those of an unwritten row (`unwritten`).
    """
    if not changes:
        return {}
    assert len(changes) <= ROWS_MAX, (
        "split the work: one statement carries at most ROWS_MAX changes"
    )
    heads = {c.held.id: chain_hash(GENESIS, c.held.id, 1, c.line) for c in changes}
    statement = _Statement()
    columns: list[tuple[str, str, list[Any]]] = []
    given: dict[str, list[Any]] = {
        "id": [c.held.id for c in changes],
        "merchant_id": [c.held.merchant_id for c in changes],
        "version": [1 for _ in changes],
        "journal_seq": [1 for _ in changes],
        "journal_head": [heads[c.held.id] for c in changes],
    }
    given |= {name: [c.values[name] for c in changes] for name in changes[0].values}
    for name, values in given.items():
        column, db_type = _column(model, name)
        columns.append((column, db_type, values))
    source = statement.arrays(columns, "u")
    names = ", ".join(column for column, _, _ in columns)
    picked = ", ".join(_select(column, db_type, "u") for column, db_type, _ in columns)
    table = model._meta.db_table
    statement.branches.append(
        f"moved AS (INSERT INTO {table} ({names}) SELECT {picked} FROM {source}"
        " ON CONFLICT DO NOTHING RETURNING id)"
    )
    _follow_ups(statement, model._meta.model_name or "", changes, heads)
    return _run(statement, heads)


def unwritten(row_id: UUID, merchant_id: UUID) -> Held:
    """Hold a row that does not exist yet."""
    return Held(row_id, merchant_id, version=0, journal_seq=0, journal_head=GENESIS)
