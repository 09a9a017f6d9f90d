r"""What changed in the database while it was dumped: read when the dump is done, put in when it is restored.

A dump holds what its snapshot saw when it began.  A second snapshot, taken at the end, tells which rows have come, changed
or gone since; together they are the database as it was at the end.

Form: for each table with changes a line of JSON (table, columns, key), the new rows as `COPY` writes them, a line `\.`,
the keys of removed rows, a line `\.`; the last line is JSON with the values of sequences.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from psycopg import sql

from qaitar.backup.chunks import ChunkReader
from qaitar.backup.problems import DamagedBackup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import LiteralString

    import psycopg

    Connection = psycopg.Connection[Any]

_END: Final = b"\\.\n"
_COLUMNS: Final = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''),
       array_agg(a.attname::text) FILTER (WHERE a.attnum = ANY(k.conkey))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' GROUP BY c.relname ORDER BY c.relname
"""
_SEQUENCES: Final = """
SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class View:
    """A database as one open transaction sees it, with the number of rows of each table."""

    connection: Connection
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table; `key` is its primary key of one column, or nothing."""

    name: str
    columns: tuple[str, ...]
    key: str

    @property
    def fields(self) -> sql.Composable:
        return sql.SQL(", ").join(map(sql.Identifier, self.columns))


def snapshot_horizon(connection: Connection) -> str:
    """Return the oldest transaction that the open snapshot may not see; what it and later ones wrote is a change."""
    row = connection.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::xid::text").fetchone()
    assert row is not None, "a function returns a row"
    return str(row[0])


def changes_read(before: View, after: View, horizon: str) -> Iterator[bytes]:
    """Write what changed between two snapshots of one database; `horizon` is that of the first.

    Every table is looked through once, and a second time where something has changed: rows carry the transaction that wrote
    them, and no index knows it.  A table without a key of one column is written whole when anything in it has changed.
    """
    for table in _tables(after.connection):
        since = sql.SQL(" WHERE age(xmin) <= age({}::xid)").format(sql.Literal(horizon))
        changed = _changed(after.connection, table, since)
        gone = _gone(before, after, table, changed) if table.key else []
        removed = before.rows[table.name] != after.rows[table.name]
        if not (changed or gone or removed):
            continue
        head = {"table": table.name, "columns": table.columns, "key": table.key}
        yield json.dumps(head).encode() + b"\n"
        yield from _copied(
            after.connection,
            "COPY (SELECT {} FROM {}{}) TO STDOUT",
            table.fields,
            sql.Identifier(table.name),
            since if table.key else sql.SQL(""),
        )
        yield _END
        yield from (f"{key}\n".encode() for key in gone)
        yield _END
    sequences = dict(after.connection.execute(_SEQUENCES).fetchall())
    yield json.dumps({"sequences": sequences}).encode() + b"\n"


def _tables(connection: Connection) -> list[_Table]:
    return [
        _Table(name, tuple(columns), key[0] if key and len(key) == 1 else "")
        for name, columns, key in connection.execute(_COLUMNS).fetchall()
        if columns
    ]


def _changed(connection: Connection, table: _Table, since: sql.Composed) -> list[str]:
    """List the keys of rows written since the first snapshot; of a table without a key, one empty text for each row."""
    key = sql.SQL("{}::text").format(sql.Identifier(table.key)) if table.key else sql.Literal("")
    statement = sql.SQL("SELECT {} FROM {}{}").format(key, sql.Identifier(table.name), since)
    return [each for (each,) in connection.execute(statement).fetchall()]


def _gone(before: View, after: View, table: _Table, changed: list[str]) -> list[str]:
    """List the keys of rows that were removed; the keys are compared only where the numbers of rows say there are any."""
    known = before.connection.execute(
        sql.SQL("SELECT count(*) FROM {} WHERE {}::text = ANY(%s)").format(
            sql.Identifier(table.name), sql.Identifier(table.key)
        ),
        [changed],
    ).fetchone()
    assert known is not None, "a count returns a row"
    new = len(changed) - known[0]
    if before.rows[table.name] + new == after.rows[table.name]:
        return []
    return list(_only_first(_keys(before.connection, table), _keys(after.connection, table)))


def _keys(connection: Connection, table: _Table) -> Iterator[str]:
    statement = 'COPY (SELECT {0}::text FROM {1} ORDER BY {0}::text COLLATE "C") TO STDOUT'
    for line in _copied(
        connection, statement, sql.Identifier(table.key), sql.Identifier(table.name)
    ):
        yield line.decode().rstrip("\n")


def _only_first(first: Iterable[str], second: Iterable[str]) -> Iterator[str]:
    """Give what only the first of two sorted sequences has; both are read to their ends.

    >>> list(_only_first(["a", "b", "d"], ["b", "c"]))
    ['a', 'd']
    """
    others = iter(second)
    other = next(others, None)
    for each in first:
        while other is not None and other < each:
            other = next(others, None)
        if other != each:
            yield each
    for _ in others:  # a COPY broken off would cost the connection
        pass


def _copied(connection: Connection, text: LiteralString, *parts: sql.Composable) -> Iterator[bytes]:
    statement = sql.SQL(text).format(*parts)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for chunk in copy:
            yield bytes(chunk)


def changes_apply(connection: Connection, chunks: Iterable[bytes]) -> int:
    """Put the changes into a database that was loaded without its indexes, keys and triggers; returns how many rows.

    In the caller's transaction.

    Raises:
        DamagedBackup: the text is something else.
    """
    lines = io.BufferedReader(ChunkReader(iter(chunks)))
    done = 0
    try:
        while "sequences" not in (head := json.loads(lines.readline())):
            table = _Table(head["table"], tuple(head["columns"]), head["key"])
            done += _apply(connection, table, lines)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedBackup(f"The changes in the backup cannot be read: {error!r}.") from error
    for name, value in head["sequences"].items():
        named = sql.Literal(f'public."{name}"')
        connection.execute(sql.SQL("SELECT setval({}, %s)").format(named), [value])
    return done


def _apply(connection: Connection, table: _Table, lines: BinaryIO) -> int:
    named, key, fields = sql.Identifier(table.name), sql.Identifier(table.key), table.fields
    connection.execute(
        sql.SQL("CREATE TEMP TABLE late AS SELECT {} FROM public.{} LIMIT 0").format(fields, named)
    )
    connection.execute("CREATE TEMP TABLE gone (key text)")
    _load(connection, sql.SQL("COPY late ({}) FROM STDIN").format(fields), lines)
    _load(connection, sql.SQL("COPY gone FROM STDIN").format(), lines)
    connection.execute("ANALYZE late, gone")
    if not table.key:
        connection.execute(sql.SQL("DELETE FROM public.{}").format(named))
    else:
        for other, found in (("late", key), ("gone", sql.SQL("key"))):
            connection.execute(
                sql.SQL(
                    "DELETE FROM public.{0} USING {1} WHERE {0}.{2}::text = {1}.{3}::text"
                ).format(named, sql.Identifier(other), key, found)
            )
    written = connection.execute(
        sql.SQL("INSERT INTO public.{0} ({1}) OVERRIDING SYSTEM VALUE SELECT {1} FROM late").format(
            named, fields
        )
    )
    connection.execute("DROP TABLE late, gone")
    return written.rowcount


def _load(connection: Connection, into: sql.Composed, lines: BinaryIO) -> None:
    with connection.cursor() as cursor, cursor.copy(into) as copy:
        while (line := lines.readline()) != _END:
            if not line:
                raise DamagedBackup("The changes in the backup end too early.")
            copy.write(line)
