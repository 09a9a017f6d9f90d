"""One change of state is one guarded statement.

The state check stands in the WHERE; the journal line, effects, job rows and counters are branches of the
same data-modifying statement.  Either all of it happens or none: a row that was changed by somebody else in
the meantime is simply not among the moved.  Every service that changes a journalled row goes through here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import connection, models

from qaitar.foundation.journal.keys import journal_keys
from qaitar.foundation.journal.lines import GENESIS, JournalLine, chain_hash
from qaitar.foundation.journal.personal_models import PersonalKey
from qaitar.foundation.journal.personal_values import line_protected
from qaitar.foundation.journal.signatures import (
    HeadColumns,
    LineColumns,
    head_signature,
    line_signature,
)
from qaitar.foundation.models import JournalEntry
from qaitar.foundation.ops.prepared_statements import prepared_cursor
from qaitar.kernel.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROWS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Job:
    """A job row that commits with the change: task name, arguments, and how many seconds later it may start."""

    task: str
    args: Mapping[str, Any]
    queue: str = "default"
    lock: str | None = None
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """A row inserted only if its change happened."""

    model: type[models.Model]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowUpdate:
    """A row of another table changed only if its change happened; `where` finds it among the merchant's rows."""

    model: type[models.Model]
    where: Mapping[str, Any]
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
    updates: tuple[RowUpdate, ...] = ()


Columns = tuple[tuple[str, str], ...]
"""Names and types of the columns of one array of records."""


@lru_cache(maxsize=512)
def _columns(model: type[models.Model], names: tuple[str, ...]) -> Columns:
    """Give the columns of a model's fields with the types the server reads them as."""
    found = []
    for name in names:
        field = model._meta.get_field(name)
        assert isinstance(field, models.Field)
        db_type = field.rel_db_type(connection) if field.is_relation else field.db_type(connection)
        assert db_type is not None
        assert field.column == name, "fields are named as their columns"
        found.append((field.column, db_type.split("(")[0].replace("varchar", "text")))
    return tuple(found)


def _records(columns: Columns, alias: str) -> str:
    """Write a parameter, JSON of an array of records, as a table of these columns."""
    typed = ", ".join(f"{name} {db_type}" for name, db_type in columns)
    return f"json_to_recordset(%s::json) AS {alias}({typed})"


def _insert_branch(name: str, model: type[models.Model], names: tuple[str, ...]) -> str:
    """Write a branch that inserts the rows whose owner is among the moved."""
    columns = _columns(model, names)
    listed = ", ".join(column for column, _ in columns)
    picked = ", ".join(f"u.{column}" for column, _ in columns)
    source = _records((("owner_", "uuid"), *columns), "u")
    return (
        f"{name} AS (INSERT INTO {model._meta.db_table} ({listed}) SELECT {picked} FROM {source}"
        " JOIN moved ON moved.id = u.owner_)"
    )


def _update_branch(
    name: str, model: type[models.Model], where: tuple[str, ...], names: tuple[str, ...]
) -> str:
    """Write a branch that changes the rows whose owner is among the moved."""
    found = tuple((f"where_{column}", db_type) for column, db_type in _columns(model, where))
    given = tuple((f"set_{column}", db_type) for column, db_type in _columns(model, names))
    source = _records((("owner_", "uuid"), ("merchant_", "uuid"), *found, *given), "u")
    sets = ", ".join(f"{column} = u.set_{column}" for column, _ in _columns(model, names))
    same = "".join(f" AND t.{column} = u.where_{column}" for column, _ in _columns(model, where))
    return (
        f"{name} AS (UPDATE {model._meta.db_table} AS t SET {sets} FROM {source}"
        f" JOIN moved ON moved.id = u.owner_ WHERE t.merchant_id = u.merchant_{same})"
    )


# The row Procrastinate reads is our outbox.  Equal jobs of one statement are one job.
_JOBS: Final = (
    "jobs AS (INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args, scheduled_at)"
    " SELECT DISTINCT u.queue_name, u.task_name, u.lock, u.args,"
    " CASE WHEN u.after_s > 0 THEN now() + make_interval(secs => u.after_s) END"
    " FROM json_to_recordset(%s::json)"
    " AS u(owner_ uuid, queue_name text, task_name text, lock text, args jsonb, after_s float)"
    " JOIN moved ON moved.id = u.owner_)"
)
# Where the chain ends.  A head that is not the signed one a line continues is left as it is: what was done to the chain
# past the program stays visible.
_HEAD_RECORDS: Final = (
    "json_to_recordset(%s::json) AS u(owner_ uuid, merchant_id uuid, subject_kind text, seq int, hash bytea,"
    " key_id text, mac bytea, before_ bytea[]) JOIN moved ON moved.id = u.owner_"
)
_HEAD_BEGUN: Final = (
    "heads AS (INSERT INTO foundation_journalhead (subject_id, merchant_id, subject_kind, seq, hash, key_id, mac)"
    " SELECT u.owner_, u.merchant_id, u.subject_kind, u.seq, u.hash, u.key_id, u.mac"
    f" FROM {_HEAD_RECORDS} ON CONFLICT DO NOTHING)"
)
_HEAD_CONTINUED: Final = (
    "heads AS (UPDATE foundation_journalhead AS h SET seq = u.seq, hash = u.hash, key_id = u.key_id, mac = u.mac"
    f" FROM {_HEAD_RECORDS} WHERE h.subject_id = u.owner_ AND h.mac = ANY (u.before_))"
)
Followers = tuple[tuple[type[models.Model], tuple[str, ...]], ...]
"""Which tables get rows with a change, and their fields."""
Updates = tuple[tuple[type[models.Model], tuple[str, ...], tuple[str, ...]], ...]
"""Which tables get rows changed with a change, the fields that find them and the fields that are set."""


@dataclass(frozen=True, slots=True)
class Branches:
    """What a statement does beside moving rows; equal branches share one prepared statement."""

    followers: Followers
    updates: Updates
    jobs: bool


def _whole(moved: str, heads: str, branches_wanted: Branches) -> str:
    branches = [f"moved AS ({moved})", heads]
    branches += [
        _insert_branch(f"rows{n}", model, names)
        for n, (model, names) in enumerate(branches_wanted.followers)
    ]
    branches += [
        _update_branch(f"updates{n}", *update) for n, update in enumerate(branches_wanted.updates)
    ]
    branches += [_JOBS] if branches_wanted.jobs else []
    return "WITH " + ", ".join(branches) + " SELECT id FROM moved"


@lru_cache(maxsize=256)
def _move_sql(model: type[models.Model], names: tuple[str, ...], branches: Branches) -> str:
    columns = _columns(model, names)
    given = (*_HELD, *((f"set_{column}", db_type) for column, db_type in columns))
    sets = "".join(f"{column} = u.set_{column}, " for column, _ in columns)
    moved = (
        f"UPDATE {model._meta.db_table} AS t SET {sets}version = t.version + 1,"
        f" journal_seq = t.journal_seq + 1, journal_head = u.head_ FROM {_records(given, 'u')}"
        " WHERE t.id = u.id_ AND t.merchant_id = u.merchant_ AND t.version = u.version_ RETURNING t.id"
    )
    return _whole(moved, _HEAD_CONTINUED, branches)


@lru_cache(maxsize=64)
def _create_sql(model: type[models.Model], names: tuple[str, ...], branches: Branches) -> str:
    columns = _columns(model, names)
    listed = ", ".join(column for column, _ in columns)
    moved = (
        f"INSERT INTO {model._meta.db_table} ({listed})"
        f" SELECT {', '.join(f'u.{column}' for column, _ in columns)} FROM {_records(columns, 'u')}"
        " ON CONFLICT DO NOTHING RETURNING id"
    )
    return _whole(moved, _HEAD_BEGUN, branches)


@lru_cache(maxsize=8)
def _note_sql(heads: str, branches: Branches) -> str:
    return _whole("SELECT %s::uuid AS id", heads, branches)


_HELD: Final = (("id_", "uuid"), ("merchant_", "uuid"), ("version_", "int"), ("head_", "bytea"))


def _as_json(value: Any) -> str:
    """Write what JSON has no word for the way the server reads it."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, datetime | date):
        return value.isoformat()
    assert isinstance(value, UUID), f"no column holds a {type(value).__name__}"
    return str(value)


def _json(records: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(records, ensure_ascii=False, separators=(",", ":"), default=_as_json)


def _journal_values(kind: str, change: Change, seq: int, head: bytes) -> dict[str, Any]:
    line, entry_id, key = change.line, new_id(), journal_keys()[0]
    columns = LineColumns(
        entry_id, change.held.merchant_id, kind, change.held.id, seq, line.by.request_ref, head
    )
    return {
        "id": entry_id,
        "merchant_id": change.held.merchant_id,
        "subject_kind": kind,
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
        "key_id": key.id,
        "mac": line_signature(key.secret, columns),
    }


def _head_values(kind: str, held: Held, head: bytes) -> dict[str, Any]:
    """Say where the chain ends now, and by which signatures its end before is known."""
    keys, seq = journal_keys(), held.journal_seq + 1
    ends = HeadColumns(held.merchant_id, kind, held.id, seq, head)
    ended = HeadColumns(held.merchant_id, kind, held.id, held.journal_seq, held.journal_head)
    return {
        "owner_": held.id,
        "merchant_id": held.merchant_id,
        "subject_kind": kind,
        "seq": seq,
        "hash": head,
        "key_id": keys[0].id,
        "mac": head_signature(keys[0].secret, ends),
        "before_": [head_signature(key.secret, ended) for key in keys],
    }


def _follow_ups(
    kind: str, changes: Sequence[Change], heads: Mapping[UUID, bytes]
) -> tuple[Branches, list[str]]:
    """Gather what creating and moving share: branches; then the records as JSON: ends of chains, journal, rows by table, changes of rows, jobs."""
    by_model: dict[type[models.Model], list[dict[str, Any]]] = {
        JournalEntry: [
            {
                "owner_": c.held.id,
                **_journal_values(kind, c, c.held.journal_seq + 1, heads[c.held.id]),
            }
            for c in changes
        ]
    }
    for change in changes:
        for row in change.rows:
            by_model.setdefault(row.model, []).append({"owner_": change.held.id, **row.values})
    followers = tuple(
        (model, tuple(name for name in records[0] if name != "owner_"))
        for model, records in by_model.items()
    )
    parameters = [_json([_head_values(kind, c.held, heads[c.held.id]) for c in changes])]
    parameters += [_json(records) for records in by_model.values()]
    updates = _updates(changes)
    parameters += [_json(records) for records in updates.values()]
    jobs = [_job(c.held.id, job) for c in changes for job in c.jobs]
    if jobs:
        parameters.append(_json(jobs))
    return Branches(followers, tuple(updates), bool(jobs)), parameters


def _updates(
    changes: Sequence[Change],
) -> dict[tuple[type[models.Model], tuple[str, ...], tuple[str, ...]], list[dict[str, Any]]]:
    """Gather changes of other tables' rows by table and fields."""
    found: dict[
        tuple[type[models.Model], tuple[str, ...], tuple[str, ...]], list[dict[str, Any]]
    ] = {}
    for change in changes:
        for update in change.updates:
            key = (update.model, tuple(update.where), tuple(update.values))
            record = {
                "owner_": change.held.id,
                "merchant_": change.held.merchant_id,
                **{f"where_{name}": value for name, value in update.where.items()},
                **{f"set_{name}": value for name, value in update.values.items()},
            }
            found.setdefault(key, []).append(record)
    return found


def _job(owner: UUID, job: Job) -> dict[str, Any]:
    return {
        "owner_": owner,
        "queue_name": job.queue,
        "task_name": job.task,
        "lock": job.lock,
        "args": dict(job.args),
        "after_s": job.after_s,
    }


def _run(sql: str, arguments: Sequence[str], heads: Mapping[UUID, bytes]) -> dict[UUID, bytes]:
    with prepared_cursor() as cursor:
        cursor.execute(sql, arguments)
        return {row[0]: heads[row[0]] for row in cursor.fetchall()}


def _protected(changes: Sequence[Change]) -> list[Change]:
    """Encrypt what the lines tell of customers; the keys are rows of the same statement."""
    return [_one_protected(change) for change in changes]


def _one_protected(change: Change) -> Change:
    line, key = line_protected(change.line, change.held.id)
    if key is None:
        return change
    values = {
        "id": key.id,
        "merchant_id": change.held.merchant_id,
        "subject_id": change.held.id,
        "sealed": key.sealed,
    }
    return replace(change, line=line, rows=(*change.rows, Row(PersonalKey, values)))


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
    changes = _protected(changes)
    heads = {
        c.held.id: chain_hash(c.held.journal_head, c.held.id, c.held.journal_seq + 1, c.line)
        for c in changes
    }
    changes = sorted(changes, key=lambda c: c.held.id)  # rows are locked in one order everywhere
    names = tuple(changes[0].values)
    columns = [f"set_{column}" for column, _ in _columns(model, names)]
    records = [
        {
            "id_": c.held.id,
            "merchant_": c.held.merchant_id,
            "version_": c.held.version,
            "head_": heads[c.held.id],
            **{column: c.values[name] for column, name in zip(columns, names, strict=True)},
        }
        for c in changes
    ]
    branches, parameters = _follow_ups(model._meta.model_name or "", changes, heads)
    return _run(_move_sql(model, names, branches), [_json(records), *parameters], heads)


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
    changes = _protected(changes)
    heads = {c.held.id: chain_hash(GENESIS, c.held.id, 1, c.line) for c in changes}
    names = ("id", "merchant_id", "version", "journal_seq", "journal_head", *changes[0].values)
    records = [
        {
            "id": c.held.id,
            "merchant_id": c.held.merchant_id,
            "version": 1,
            "journal_seq": 1,
            "journal_head": heads[c.held.id],
            **c.values,
        }
        for c in changes
    ]
    branches, parameters = _follow_ups(model._meta.model_name or "", changes, heads)
    return _run(_create_sql(model, names, branches), [_json(records), *parameters], heads)


def note(kind: str, held: Held, line: JournalLine) -> bytes:
    """Write a line about something that is no journalled row, and return the chain's new head.

    The caller keeps others from writing to the same chain until its transaction ends.
    """
    assert connection.in_atomic_block, "a chain is held for a transaction: open one first"
    change = _one_protected(Change(held, {}, line))
    head = chain_hash(held.journal_head, held.id, held.journal_seq + 1, change.line)
    heads = {held.id: head}
    branches, records = _follow_ups(kind, [change], heads)
    ends = _HEAD_CONTINUED if held.journal_seq else _HEAD_BEGUN
    _run(_note_sql(ends, branches), [str(held.id), *records], heads)
    return head


def unwritten(row_id: UUID, merchant_id: UUID) -> Held:
    """Hold a row that does not exist yet."""
    return Held(row_id, merchant_id, version=0, journal_seq=0, journal_head=GENESIS)
