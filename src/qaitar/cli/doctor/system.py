"""Looks at what an installation stands on: settings, database, walls, clock, disk, files."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from qaitar.cli.doctor.findings import Finding, ok, problem, warn
from qaitar.foundation.files.openers.confinement import CONFINES_ALL
from qaitar.foundation.files.openers.confinement import version as landlock_version
from qaitar.foundation.tenancy.walls_install import JOURNAL_TABLE, walled_tables
from qaitar.kernel.zones import zone
from qaitar.runtime.folder import LEAST_FREE_BYTES, free_bytes
from qaitar.runtime.problems import Problem
from qaitar.runtime.safety import assert_safe, assert_walled

if TYPE_CHECKING:
    from pathlib import Path

GB: Final = 1024**3
LITTLE_ROOM_BYTES: Final = 2 * GB
KEY_CHARS_MIN: Final = 32
CLOCKS_APART: Final = timedelta(seconds=5)
ALMATY_OFFSET: Final = timedelta(hours=5)  # since 1 March 2024; old zone data still says six
_DEFAULT_KEY: Final = "only-for-tools"
_LOOPBACK: Final = {"127.0.0.1", "localhost", "[::1]"}


def settings_found() -> list[Finding]:
    """Look at keys and at how the web process is reached."""
    keys = [each for each in settings.QAITAR_ENCRYPTION_KEY.split(",") if each.strip()]
    found = []
    if not keys or min(len(key.strip()) for key in keys) < KEY_CHARS_MIN:
        found.append(
            problem(
                "settings",
                "No usable encryption key is set, so connections cannot keep secrets.",
                f"Set QAITAR_ENCRYPTION_KEY to at least {KEY_CHARS_MIN} random characters and keep a copy.",
            )
        )
    if settings.SECRET_KEY.startswith(_DEFAULT_KEY):
        found.append(
            problem(
                "settings",
                "The session key is the one of the tools.",
                "Set QAITAR_SECRET_KEY to random characters.",
            )
        )
    outside = set(settings.ALLOWED_HOSTS) - _LOOPBACK
    if outside and not settings.HTTPS:
        found.append(
            warn(
                "settings",
                f"The console is reached as {min(outside)} without HTTPS.",
                "Put it behind HTTPS and set QAITAR_HTTPS=1.",
            )
        )
    if not any(map(_is_name, settings.ALLOWED_HOSTS)):
        found.append(
            warn(
                "settings",
                "The console is reached by numbers only, and browsers keep passkeys for names.",
                "Add a name to QAITAR_HOSTS; on this machine it is localhost.",
            )
        )
    return found or [ok("settings", "Keys are set.")]


def _is_name(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return True
    return False


def database_found(app_dsn: str) -> list[Finding]:
    """Look at the server, the program's role, the tables, and the walls on each of them."""
    try:
        worries = assert_safe(app_dsn)
        assert_walled(app_dsn)
    except Problem as bad:
        return [problem("database", str(bad), "See the sentence.")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version')")
        (version,) = cursor.fetchone()
    found = [
        ok(
            "database",
            f"PostgreSQL {version}, safe settings, the program's role is bound by walls.",
        )
    ]
    found += [warn("database", worry, "See the sentence.") for worry in worries]
    return [*found, _migrations(), _walls(), _journal()]


def _migrations() -> Finding:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return problem(
            "migrations", f"{len(missing)} migrations are not applied.", "Run `qaitar migrate`."
        )
    return ok("migrations", "The tables are up to date.")


def _walls() -> Finding:
    """Ask the server itself which business tables row-level security is forced on."""
    tables = walled_tables()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relname = ANY (%s) AND c.relrowsecurity"
            " AND c.relforcerowsecurity AND EXISTS"
            " (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'merchant_wall')",
            [tables],
        )
        walled = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT count(*) FROM foundation_merchant")
        (seen,) = cursor.fetchone()
    bare = sorted(set(tables) - walled)
    if bare:
        return problem(
            "walls", f"No wall stands around {', '.join(bare)}.", "Run `qaitar migrate`."
        )
    if seen and not connection.in_atomic_block:
        return problem(
            "walls",
            f"Without a merchant set {seen} merchants can be seen.",
            "Check the policies and the role of QAITAR_APP_DATABASE_URL.",
        )
    return ok("walls", f"Row-level security is forced on all {len(tables)} business tables.")


def _journal() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege(%s, 'UPDATE') OR has_table_privilege(%s, 'DELETE')"
            " OR has_table_privilege(%s, 'TRUNCATE')",
            [JOURNAL_TABLE] * 3,
        )
        (may,) = cursor.fetchone()
    if may:
        return problem(
            "journal", "The program's role may change the journal.", "Run `qaitar migrate`."
        )
    return ok("journal", "The program can add journal lines and not change them.")


def clock_found(now: datetime) -> list[Finding]:
    """Compare this machine's clock with the database's, and the zone data the program ships with the law of 2024.

    The host's zone data and the database's are not looked at: nothing counts by them.
    """
    found = []
    offset = datetime(2026, 5, 14, 12, tzinfo=zone("Asia/Almaty")).utcoffset()
    if offset == ALMATY_OFFSET:
        found.append(
            ok("clock", f"Zone data (tzdata {version('tzdata')}) knows that Almaty is at UTC+5.")
        )
    else:
        found.append(
            problem(
                "clock",
                f"Zone data puts Almaty at {offset}, it is UTC+5 since March 2024.",
                "Update the package tzdata.",
            )
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (there,) = cursor.fetchone()
    apart = abs(there.astimezone(UTC) - now)
    if apart > CLOCKS_APART:
        found.append(
            warn(
                "clock",
                f"This machine and the database differ by {apart.total_seconds():.0f} s.",
                "Let both take their time from NTP.",
            )
        )
    return found


def disk_found(folder: Path) -> list[Finding]:
    """Look at the room left where data and files are kept."""
    left = free_bytes(folder)
    message = f"{left / GB:.1f} GB free at {folder}"
    if left < LEAST_FREE_BYTES:
        return [
            problem("disk", message, "Free some space now: the database stops when it is full.")
        ]
    if left < LITTLE_ROOM_BYTES:
        return [warn("disk", message, "Free some space or move the data folder.")]
    return [ok("disk", message)]


def files_found(files: Path) -> list[Finding]:
    """Try to write where proofs are kept, and look what a process that opens a hostile file could reach."""
    return [_files_check(files), _files_opened(landlock_version())]


def _files_opened(landlock: int) -> Finding:
    if landlock < CONFINES_ALL:
        return warn(
            "files",
            f"Files are opened in processes apart, but the kernel (Landlock {landlock}) cannot keep such a process from the program's own files and the network.",
            "Run on Linux 6.12 or newer; until then a fault in a reader of photos or PDFs could reach the keys.",
        )
    return ok("files", "A process that opens a file reaches that file alone (Landlock).")


def _files_check(files: Path) -> Finding:
    store = settings.STORAGES["files"]
    if "s3" in store["BACKEND"]:
        return ok("files", f"Kept in the bucket {store['OPTIONS']['bucket_name']}.")
    try:
        with tempfile.TemporaryFile(dir=files) as probe:
            probe.write(b"qaitar")
    except OSError as error:
        message = f"Nothing can be written to {files}: {error.strerror}."
        return problem("files", message, "Give the program's user the right to write there.")
    return ok("files", f"Proofs can be kept in {files}.")
