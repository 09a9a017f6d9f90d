"""The ceiling of `bench life`: the same rows written in plain prepared SQL by pgbench, into tables with the same indexes.

The script is written from one life the program itself has just played, so that the rows have the same columns, sizes and
numbers: request, journal lines, effects, counters, jobs and their events, search keys, stored answers; one transaction a
call, as the program has.  No walls, no login, no rules, no HTTP: what only the database has to do.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from psycopg import sql

from qaitar.returns.services.case_change import WRITTEN
from qaitar.runtime.addresses import parts_of
from qaitar.runtime.cluster import program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from uuid import UUID

    import psycopg

REQUEST: Final = "returns_returnrequest"
JOURNAL: Final = "foundation_journalentry"
TABLES: Final = (
    REQUEST,
    JOURNAL,
    "foundation_plannedeffect",
    "foundation_searchkey",
    "returns_stagedelta",
    "foundation_idempotencyrecord",
    "procrastinate_jobs",
    "procrastinate_events",
)
_NEW_ID: Final = "gen_random_uuid()"
Row = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Plain:
    """What pgbench did: lives a second, and the mean milliseconds of one."""

    clients: int
    lives_a_second: float
    life_ms: float


def bare_name(table: str) -> str:
    """Name the plain twin of a table."""
    return f"bare_{table}"


def tables_make(owner: psycopg.Connection[Any]) -> None:
    """Make empty twins with the same columns, defaults, indexes and checks, without walls and triggers."""
    for table in TABLES:
        bare = sql.Identifier(bare_name(table))
        owner.execute(sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(bare))
        owner.execute(
            sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(bare, sql.Identifier(table))
        )


def script(owner: psycopg.Connection[Any], request_id: UUID, acts: Sequence[str]) -> str:
    """Write pgbench's script of one life after the rows of `request_id`, as they are in the database."""
    rows = _rows(owner, request_id)
    request = rows[REQUEST][0]
    lines = {row["act"]: row for row in rows[JOURNAL]}
    seqs = {act: int(str(lines[act]["seq"])) for act in ("CREATE", *acts)}
    out = [r"\set i :i + 1"]
    out += _transaction(
        [
            _insert(REQUEST, request, returning=True),
            _insert(JOURNAL, lines["CREATE"]),
            *_many("foundation_searchkey", rows["foundation_searchkey"]),
            *_many("returns_stagedelta", rows["returns_stagedelta"][:1]),
            _insert("foundation_idempotencyrecord", rows["foundation_idempotencyrecord"][0]),
        ]
    )
    for number, act in enumerate(acts):
        effects = [
            row for row in rows["foundation_plannedeffect"] if int(str(row["ordinal"])) == seqs[act]
        ]
        out += _transaction(
            [
                _update(request, number + 1),
                _insert(JOURNAL, {**lines[act], "seq": str(number + 2)}),
                *_many("foundation_plannedeffect", effects),
                *_many("returns_stagedelta", rows["returns_stagedelta"][1:3]),
                *_many("procrastinate_jobs", rows["procrastinate_jobs"][:1] if effects else []),
                *_many("procrastinate_events", rows["procrastinate_events"][:1] if effects else []),
                _insert(
                    "foundation_idempotencyrecord", rows["foundation_idempotencyrecord"][number + 1]
                ),
            ]
        )
    out.append(f"SELECT * FROM {bare_name(REQUEST)} WHERE id = :rid::uuid;")  # noqa: S608  our own table
    return "\n".join(out) + "\n"


_OF_REQUEST: Final = {
    REQUEST: "id = %(id)s",
    JOURNAL: "subject_id = %(id)s ORDER BY seq",
    "foundation_plannedeffect": "subject_id = %(id)s ORDER BY ordinal, kind",
    "foundation_searchkey": "subject_id = %(id)s",
    "returns_stagedelta": "true LIMIT 11",
    "foundation_idempotencyrecord": "true ORDER BY id LIMIT 6",
    "procrastinate_jobs": "true ORDER BY id LIMIT 1",
    "procrastinate_events": "true ORDER BY id LIMIT 1",
}


def _rows(owner: psycopg.Connection[Any], request_id: UUID) -> dict[str, list[Row]]:
    """Read the rows of one life as texts, as SQL would write them."""
    found: dict[str, list[Row]] = {}
    for table, where in _OF_REQUEST.items():
        columns = [name for (name,) in owner.execute(_COLUMNS, [table]).fetchall()]
        texts = ", ".join(f"quote_nullable({name}::text)" for name in columns)
        statement = f"SELECT {texts} FROM {table} WHERE {where}"  # noqa: S608  the catalogue's own names
        read = owner.execute(statement.encode(), {"id": request_id}).fetchall()
        found[table] = [dict(zip(columns, row, strict=True)) for row in read]
        for row in found[table]:
            for plain in ("act", "seq", "ordinal"):
                if plain in row:
                    row[plain] = str(row[plain]).strip("'")
        assert found[table], f"the sample life wrote nothing into {table}"
    return found


_COLUMNS: Final = (
    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
    " ORDER BY attnum"
)
# What differs from life to life, and what a real life's row says of itself.
_OWN: Final = {"subject_id": ":rid::uuid", "number": "(:client_id * 100000000 + :i)::text || '-1'"}
_PLAIN_TEXT: Final = frozenset({"act"})
_SERIAL: Final = {
    "foundation_idempotencyrecord",
    "procrastinate_jobs",
    "procrastinate_events",
}


def _value(table: str, name: str, row: Mapping[str, str | None]) -> str:
    if name == "id":
        return _NEW_ID
    if table == "foundation_idempotencyrecord" and name == "key":
        return "gen_random_uuid()::text"
    if name in _OWN:
        return _OWN[name]
    text = row[name] or "NULL"
    return f"'{text}'" if name in _PLAIN_TEXT or text.isdigit() else text


_LITERAL: Final = re.compile(r"'(?:[^']|'')*'")
_CLOCK: Final = re.compile(r"(?<=\d):(?=\d)")


def _escaped(statement: str) -> str:
    r"""Keep pgbench from taking the colons of times, alone or inside JSON, for its variables.

    >>> _escaped("'2026-05-14 06:00:00+00'"), _escaped("'{\"at\": \"06:00\"}'")
    ("'2026-05-14 060000+00'", '\'{"at": "06\\u003a00"}\'')
    """

    def mended(found: re.Match[str]) -> str:
        colon = r"\u003a" if found[0][1:2] in {"{", "["} else ""
        return _CLOCK.sub(lambda _: colon, found[0])

    return _LITERAL.sub(mended, statement)


def _insert(table: str, row: Mapping[str, str | None], *, returning: bool = False) -> str:
    (statement,) = _many(table, [row])
    return statement.rstrip(";") + (r" RETURNING id AS rid \gset" if returning else ";")


def _many(table: str, rows: Sequence[Mapping[str, str | None]]) -> Iterator[str]:
    """Write one INSERT of these rows; nothing without rows."""
    if not rows:
        return
    columns = [name for name in rows[0] if not (name == "id" and table in _SERIAL)]
    values = ", ".join(
        "(" + ", ".join(_escaped(_value(table, name, row)) for name in columns) + ")"
        for row in rows
    )
    yield f"INSERT INTO {bare_name(table)} ({', '.join(columns)}) VALUES {values};"  # noqa: S608  our own rows


def _update(request: Mapping[str, str | None], version: int) -> str:
    sets = ", ".join(f"{name} = {_escaped(_value(REQUEST, name, request))}" for name in WRITTEN)
    return (
        f"UPDATE {bare_name(REQUEST)} SET {sets}, version = version + 1, journal_seq = journal_seq + 1,"  # noqa: S608  our own rows
        f" journal_head = {request['journal_head']} WHERE id = :rid::uuid AND version = {version};"
    )


def _transaction(statements: Sequence[str]) -> list[str]:
    return ["BEGIN;", *statements, "COMMIT;"]


def pgbench(owner_dsn: str, text: str, clients: int, seconds: int, *, run: int) -> Plain:
    """Run the script with so many clients for so many seconds, prepared; each `run` has numbers of its own.

    Raises:
        RuntimeError: pgbench failed; its own words.
    """
    parts = parts_of(owner_dsn)
    environ = {**os.environ, "PGPASSWORD": parts.get("password", "")}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "life.sql"
        path.write_text(text, encoding="utf-8")
        command = [
            *(str(program("pgbench")), "-n", "-M", "prepared", "-D", f"i={run * 100_000}"),
            *("-c", str(clients), "-j", str(min(clients, 2)), "-T", str(seconds), "-f", str(path)),
            *("-h", parts.get("host", ""), "-p", parts.get("port", "5432")),
            *("-U", parts.get("user", ""), parts.get("dbname", "")),
        ]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603  the server's own program
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    failed = re.search(r"number of failed transactions: ([0-9]+)", done.stdout)
    if done.returncode or found is None or (failed and int(failed[1])):
        raise RuntimeError(f"pgbench failed: {done.stderr[-1500:]} {done.stdout[-500:]}")
    rate = float(found[1])
    return Plain(clients, rate, 1000 * clients / rate)
