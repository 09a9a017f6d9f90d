"""Sees every moment a process passes at which dying makes a difference, and dies at the one it was told.

A moment stands right before what it names: a commit (with the tables written), a call, a file kept, a job ended, an
answer sent.  Nothing in the program knows of it, so a new transaction or call is a new moment without anybody's doing.
"""

from __future__ import annotations

import os
import re
import signal
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import httpcore
import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from procrastinate.manager import JobManager

from qaitar.foundation.files.store import DurableFileStorage
from tests.kill_matrix.deaths import Death

if TYPE_CHECKING:
    from collections.abc import Callable

_WRITES: Final = re.compile(
    r"(?:INSERT INTO|UPDATE|DELETE FROM|COPY)\s+\"?([a-z]+_[a-z_]+)\"?", re.ASCII
)
_KEY: Final = re.compile(r"\(.*\)|[0-9a-f]{8,}[0-9a-f-]*|\d+")
_GONE: Final = "SELECT pg_terminate_backend(pid, 2000) FROM unnest(%s::int[]) AS pid"


@dataclass(frozen=True, slots=True)
class Armed:
    """At which moment of a process something happens, and what.

    `at` counts from 0 the moments of this name, or all moments where none is named.
    """

    moment: str
    at: int
    death: Death


@dataclass(slots=True)
class Moments:
    """What a process has passed so far."""

    armed: Armed | None
    dsn: str
    passed: list[str] = field(default_factory=list)
    sessions: list[int] = field(default_factory=list)
    """Which sessions of the server the program's own work runs in; the queue's library has its own."""

    def passes(self, name: str) -> None:
        """Be about to do what is named."""
        before = (
            len(self.passed) if self.armed and not self.armed.moment else self.passed.count(name)
        )
        self.passed.append(name)
        if self.armed is None or self.armed.moment not in {"", name} or self.armed.at != before:
            return
        if self.armed.death is Death.KILLED:
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.armed.death is Death.BACKEND_GONE:
            with psycopg.connect(self.dsn, autocommit=True) as another:
                another.execute(_GONE, [self.sessions])

    def watch(self) -> None:
        """See everything this process does from here on."""
        self._watch_database()
        self._watch_calls()
        self._watch_files()
        self._watch_jobs()

    def _watch_database(self) -> None:
        written: dict[int, dict[str, None]] = {}
        run = CursorWrapper._execute_with_wrappers
        commit, rollback = BaseDatabaseWrapper._commit, BaseDatabaseWrapper._rollback
        connect = BaseDatabaseWrapper.connect

        def ran(cursor: Any, sql: Any, params: Any, many: bool, executor: Any) -> Any:
            tables = dict.fromkeys(_WRITES.findall(str(sql)))
            if tables and cursor.db.in_atomic_block:
                written.setdefault(id(cursor.db), {}).update(tables)
            elif tables:
                self.passes(f"write {_reported(tables)}")
            return run(cursor, sql, params, many, executor)

        def connected(db: Any) -> None:
            connect(db)
            self.sessions.append(db.connection.info.backend_pid)

        def committed(db: Any) -> Any:
            if tables := written.pop(id(db), None):
                self.passes(f"commit {_reported(tables)}")
            return commit(db)

        def rolled_back(db: Any) -> Any:
            written.pop(id(db), None)
            return rollback(db)

        CursorWrapper._execute_with_wrappers = ran  # type: ignore[method-assign]  # this process lives for one story
        BaseDatabaseWrapper.connect = connected  # type: ignore[method-assign]  # as above
        BaseDatabaseWrapper._commit = committed  # type: ignore[method-assign]  # as above
        BaseDatabaseWrapper._rollback = rolled_back  # type: ignore[method-assign]  # as above

    def _watch_calls(self) -> None:
        call = httpcore.ConnectionPool.handle_request

        def called(pool: Any, request: httpcore.Request) -> Any:
            path = unquote(request.url.target.decode().partition("?")[0])
            displayed = _KEY.sub("", "/".join(path.strip("/").split("/")[-2:]))
            self.passes(f"call {request.method.decode()} {displayed}")
            return call(pool, request)

        httpcore.ConnectionPool.handle_request = called  # type: ignore[method-assign]  # as above

    def _watch_files(self) -> None:
        sync, name = os.fsync, Path.replace
        save = DurableFileStorage._save
        inside: list[str] = []

        def synced(handle: int) -> None:
            if inside and stat.S_ISREG(os.fstat(handle).st_mode):
                self.passes("sync file")
            sync(handle)

        def named(path: Path, target: Any) -> Any:
            if inside:
                self.passes("name file")
            return name(path, target)

        def saved(storage: Any, key: str, content: Any) -> str:
            self.passes("keep file")
            inside.append(key)
            try:
                return save(storage, key, content)
            finally:
                inside.pop()

        os.fsync = synced
        Path.replace = named  # type: ignore[method-assign]  # as above
        DurableFileStorage._save = saved  # type: ignore[method-assign]  # as above

    def _watch_jobs(self) -> None:
        fetch, finish, retry = JobManager.fetch_job, JobManager.finish_job, JobManager.retry_job

        async def fetched(manager: Any, *args: Any, **reported: Any) -> Any:
            job = await fetch(manager, *args, **reported)
            if job is not None:
                self.passes(f"job {job.task_name.rpartition('.')[2]}")
            return job

        JobManager.fetch_job = fetched  # type: ignore[method-assign]  # as above
        JobManager.finish_job = self._before(finish, "job ends")  # type: ignore[method-assign]  # as above
        JobManager.retry_job = self._before(retry, "job again")  # type: ignore[method-assign]  # as above

    def _before(self, work: Callable[..., Any], name: str) -> Any:
        async def reported(manager: Any, *args: Any, **given: Any) -> Any:
            self.passes(name)
            return await work(manager, *args, **given)

        return reported


def _reported(tables: dict[str, None]) -> str:
    return "+".join(sorted(table.partition("_")[2] for table in tables))
