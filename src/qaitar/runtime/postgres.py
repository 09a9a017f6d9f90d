"""The embedded PostgreSQL: started by whoever needs it first, stopped by whoever leaves last.

Each process that uses the server holds a shared lock while it lives, so the kernel counts users and
forgets the killed ones.  A server whose users were all killed goes on; the next user joins it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from qaitar.runtime.addresses import (
    APP_ROLE,
    DATABASE,
    OWNER_ROLE,
    DatabaseAddresses,
    make_url,
)
from qaitar.runtime.cluster import SUPERUSER, Cluster
from qaitar.runtime.locks import Presence, exclusive
from qaitar.runtime.ports import LOOPBACK, pick_port
from qaitar.runtime.postmaster import (
    PortLost,
    clear_leftovers,
    is_server,
    launch,
    living,
    log_size,
    log_tail,
    shut_down,
    wait_until_ready,
)
from qaitar.runtime.problems import DatabaseProblem, UnsafeDatabase
from qaitar.runtime.roles import prepare_roles
from qaitar.runtime.safety import assert_safe

if TYPE_CHECKING:
    from types import TracebackType

    from qaitar.runtime.account import SystemAccount
    from qaitar.runtime.folder import DataFolder

PATIENCE_SECONDS = 120.0
_PORT_TRIES = 5


@dataclass(frozen=True, slots=True)
class ServerAddresses:
    """Where a running embedded server is, for each of its roles, and which process it is."""

    superuser_dsn: str = field(repr=False)
    owner_dsn: str = field(repr=False)
    app_dsn: str = field(repr=False)
    port: int
    pid: int

    @property
    def database(self) -> DatabaseAddresses:
        """The two addresses the program works with."""
        return DatabaseAddresses(self.owner_dsn, self.app_dsn, embedded=True)


class EmbeddedPostgres:
    """Runs PostgreSQL on the data folder; use as a context manager or with `start` and `stop`.

    Args:
        folder: where it lives.
        patience: seconds to wait for a start, another process's included.
    """

    def __init__(self, folder: DataFolder, *, patience: float = PATIENCE_SECONDS) -> None:
        self._folder = folder
        self._patience = patience
        self._cluster = Cluster(folder)
        self._note = folder.postgres / "server.json"
        self._presence = Presence(folder.postgres / "users.lock")
        self._process = os.getpid()
        self.log = folder.logs / "postgres.log"

    def start(self) -> ServerAddresses:
        """Count as a user of the server from now on and make sure that it runs.

        Raises:
            DatabaseProblem: it cannot be started; the sentence says why and what to do.
        """
        try:
            return self.ensure_running()
        except BaseException:
            with self._presence.leave():
                raise

    def ensure_running(self) -> ServerAddresses:
        """Return where the server is, starting or restarting it when it is gone.

        Call it as often as you like: when the server runs this reads a few small files.
        """
        self._presence.enter(self._patience)
        if (found := self.running()) is not None:
            return found
        with exclusive(self._folder.postgres / "start.lock", self._patience):
            try:
                return self.running() or self._bring_up()
            except OSError as error:
                raise self._folder.problem(error) from error

    def running(self) -> ServerAddresses | None:
        """Return where the server is if it runs; never starts, waits or counts as a user."""
        try:
            note: dict[str, Any] = json.loads(self._note.read_bytes())
            pid, port = int(note["pid"]), int(note["port"])
            return self._addresses(pid, port) if is_server(pid, self._cluster.mark) else None
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def stop(self) -> bool:
        """Leave, and stop the server when nobody else uses it; returns whether it was stopped."""
        if not self._presence.held or os.getpid() != self._process:
            return False  # a forked child has its parent's objects, but not its duties
        with self._presence.leave() as alone:
            if not alone:
                return False
            with exclusive(self._folder.postgres / "start.lock", self._patience):
                found = living(self._cluster) if self._cluster.data.exists() else None
                self._note.unlink(missing_ok=True)
                if found is not None:
                    shut_down(self._cluster, found[0])
        return found is not None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _bring_up(self) -> ServerAddresses:
        """Adopt a server nobody noted, or start one; noted only when it is safe and has its roles."""
        last_port = self._last_port()
        account = self._cluster.prepare()
        found = living(self._cluster)
        if found is None:
            clear_leftovers(self._cluster)
            self._folder.refuse_full_disk()
            pid, port = self._launch(account, last_port)
        else:
            pid, port = found
            wait_until_ready(self._cluster, pid, self.log, log_size(self.log), self._patience)
        addresses = self._addresses(pid, port)
        try:
            assert_safe(addresses.superuser_dsn)
            self._prepare_roles(addresses)
        except BaseException:
            shut_down(self._cluster, pid)
            raise
        self._write_note(pid, port)
        return addresses

    def _launch(self, account: SystemAccount | None, port: int | None) -> tuple[int, int]:
        since = log_size(self.log)
        for _ in range(_PORT_TRIES):
            port = pick_port(port)
            pid = launch(self._cluster, port, self.log, account)
            try:
                wait_until_ready(self._cluster, pid, self.log, since, self._patience)
            except PortLost:
                port = None
                continue
            return pid, port
        raise DatabaseProblem(
            f"The database found no port on {LOOPBACK} to listen on in {_PORT_TRIES} tries; its log "
            f"{self.log} ends with: {log_tail(self.log, since)}"
        )

    def _prepare_roles(self, addresses: ServerAddresses) -> None:
        try:
            prepare_roles(
                addresses.superuser_dsn,
                self._folder.secret("database-app"),
                owner_password=self._folder.secret("database-owner"),
            )
        except UnsafeDatabase:
            raise
        except DatabaseProblem as problem:
            raise DatabaseProblem(
                f"{problem} The passwords are in {self._folder.secrets}; the server's log is {self.log}."
            ) from problem

    def _addresses(self, pid: int, port: int) -> ServerAddresses:
        def url(role: str, secret: str, database: str) -> str:
            return make_url(
                {
                    "user": role,
                    "password": self._folder.secret(secret),
                    "host": LOOPBACK,
                    "port": str(port),
                    "dbname": database,
                    "sslmode": "disable",  # the loopback never leaves the machine
                    "gssencmode": "disable",
                    # Somebody who took the port while the server was down must not be told passwords.
                    "require_auth": "scram-sha-256",
                }
            )

        return ServerAddresses(
            superuser_dsn=url(SUPERUSER, "database-superuser", "postgres"),
            owner_dsn=url(OWNER_ROLE, "database-owner", DATABASE),
            app_dsn=url(APP_ROLE, "database-app", DATABASE),
            port=port,
            pid=pid,
        )

    def _last_port(self) -> int | None:
        """Return the port of the last server, kept so that addresses given out stay true."""
        path = self._folder.postgres / "port"
        text = path.read_text(encoding="ascii") if path.exists() else ""
        return int(text) if text.isdigit() else None

    def _write_note(self, pid: int, port: int) -> None:
        draft = self._note.with_suffix(".draft")
        draft.write_text(json.dumps({"pid": pid, "port": port}), encoding="ascii")
        draft.replace(self._note)
        (self._folder.postgres / "port").write_text(str(port), encoding="ascii")
