"""Runs pg_dump and pg_restore, which come with the embedded server; passwords go by the environment, never by arguments."""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import TYPE_CHECKING, Final

from qaitar.backup.problems import BackupProblem
from qaitar.runtime.addresses import parts_of
from qaitar.runtime.cluster import MAJOR, PLAIN_ENVIRONMENT, program
from qaitar.runtime.safety import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK_BYTES: Final = 1024 * 1024
_LAST_LINES: Final = 5
_DUMP: Final = (
    "--format=custom",
    "--compress=gzip:1",
    "--no-owner",
    "--no-privileges",
    "--lock-wait-timeout=60s",
    "--quote-all-identifiers",
)
# Walls are put up afterwards (`walls_install`): two jobs at once would raise some before the foreign keys are checked.
_RESTORE: Final = ("--no-owner", "--no-privileges", "--no-policies", "--exit-on-error")


def server_accept(dsn: str) -> str:
    """Return the server's version when pg_dump can read it and the role sees every row.

    Raises:
        BackupProblem: the server is newer than our programs, or row security hides rows from the role.
    """
    with connect(dsn) as connection:
        row = connection.execute(
            "SELECT current_setting('server_version_num')::int / 10000,"
            " current_setting('server_version'), current_user, rolsuper OR rolbypassrls"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row is not None, "every session has a role"
    major, version, role, sees_all = row
    if major > MAJOR:
        raise BackupProblem(
            f"The database server is PostgreSQL {version}, newer than the programs for dumping that come with "
            f"this version of qaitar ({MAJOR}): upgrade qaitar, or dump with the server's own pg_dump."
        )
    if not sees_all:
        raise BackupProblem(
            f"The role {role} is held by row security and would copy only a part of the rows. Have an "
            "administrator run `CREATE ROLE qaitar_backup LOGIN BYPASSRLS PASSWORD 'choose-one'; GRANT "
            "pg_read_all_data TO qaitar_backup;` and give that role's address in QAITAR_BACKUP_DATABASE_URL."
        )
    return str(version)


def dump(dsn: str, snapshot: str) -> Iterator[bytes]:
    """Dump the database as the exported snapshot sees it, in pg_dump's custom format.

    Raises:
        BackupProblem: pg_dump failed; raised in place of the end, so that nothing half is taken for whole.
    """
    command: list[str | Path] = [
        program("pg_dump"),
        *_DUMP,
        f"--snapshot={snapshot}",
        f"--dbname={_address(dsn)}",
    ]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(  # noqa: S603  # our own program; no shell
            command, stdout=subprocess.PIPE, stderr=errors, env=_environ(dsn)
        ) as running,
    ):
        assert running.stdout is not None
        try:
            while chunk := running.stdout.read(_CHUNK_BYTES):
                yield chunk
        except BaseException:
            running.kill()
            raise
        if running.wait() != 0:
            errors.seek(0)
            raise BackupProblem(f"pg_dump failed: {_last_lines(errors.read())}")


ROWS: Final = ("pre-data", "data")
INDEXES: Final = ("post-data",)


def restore(
    dsn: str, file: Path, sections: tuple[str, ...], *, role: str | None, jobs: int
) -> None:
    """Load sections of a dump into a database; with `jobs` 1 in a single transaction.

    Args:
        dsn: the database.
        file: the dump.
        sections: `ROWS` (tables and what is in them), then `INDEXES` (and keys and triggers).
        role: who shall own what is made; None for the one who connects.
        jobs: how many tables and indexes are made at once.

    Raises:
        BackupProblem: pg_restore failed.
    """
    how = ["--single-transaction"] if jobs == 1 else [f"--jobs={jobs}"]
    owner = [f"--role={role}"] if role else []
    command: list[str | Path] = [
        program("pg_restore"),
        *_RESTORE,
        *(f"--section={each}" for each in sections),
        *how,
        *owner,
        f"--dbname={_address(dsn)}",
        file,
    ]
    done = subprocess.run(  # noqa: S603  # our own program; no shell
        command, check=False, capture_output=True, env=_environ(dsn), stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise BackupProblem(f"pg_restore failed: {_last_lines(done.stderr)}")


def _address(dsn: str) -> str:
    """Write the address without its secrets: other users of the machine see arguments."""
    parts = {name: value for name, value in parts_of(dsn).items() if name != "password"}
    if "sslpassword" in parts:
        raise BackupProblem(
            "The database address holds sslpassword, which cannot be handed to pg_dump in secret: use a "
            "client key without a password, readable by this user alone."
        )
    return " ".join(f"{name}={_quoted(value)}" for name, value in parts.items())


def _quoted(value: str) -> str:
    r"""Quote a value for libpq's `key=value` form.

    >>> _quoted("it's")
    "'it\\'s'"
    """
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _environ(dsn: str) -> dict[str, str]:
    """Give the programs what they need and nothing of the caller's; HOME is where libpq looks for certificates."""
    home = {"HOME": os.environ["HOME"]} if "HOME" in os.environ else {}
    password = parts_of(dsn).get("password")
    return {**PLAIN_ENVIRONMENT, **home, **({"PGPASSWORD": password} if password else {})}


def _last_lines(output: bytes) -> str:
    lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
    return " ".join(lines[-_LAST_LINES:]) or "it said nothing."
