"""`qaitar backup drill`: a shop of a million requests is backed up while people work in it, restored elsewhere, and compared."""

from __future__ import annotations

import io
import json
import random
import tempfile
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings

from qaitar.backup.creation import BackupSource, backup_create
from qaitar.backup.encryption import BackupKey
from qaitar.backup.places import target_at
from qaitar.cli.backup.verify import scratch_restore
from qaitar.flows.invariants.checking import CheckRequest, invariants_check
from qaitar.foundation.files.store import DurableFileStorage, FileStore, Integrity, key_of
from qaitar.foundation.identity.access import enter_as_user
from qaitar.foundation.journal.backfill import journal_sign
from qaitar.foundation.models import StoredFile
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.tenancy.walls import SETTING, as_setting
from qaitar.lab.bench.database import files_in, ground_drop, point
from qaitar.lab.bench.dataset import Shape, world_ground
from qaitar.returns.services.intake import Filing, request_create
from qaitar.runtime.addresses import APP_ROLE, DATABASE, make_url, parts_of
from qaitar.runtime.folder import DataFolder
from qaitar.runtime.postgres import EmbeddedPostgres

if TYPE_CHECKING:
    import argparse
    from datetime import datetime
    from uuid import UUID

    from qaitar.cli.backup.restore_steps import Restored
    from qaitar.lab.bench.database import BenchDatabase
    from qaitar.lab.bench.dataset import BenchWorld
    from qaitar.runtime.addresses import DatabaseAddresses

SUFFIX: Final = "drill"
WORKERS: Final = 2
_PAUSE_SECONDS: Final = 0.02
_WAIT_SECONDS: Final = 60.0
_DONE_BEFORE: Final = 10  # pieces of work before the backup begins
_FILE_BYTES: Final = (4_000, 60_000)
_FIRST_NUMBER: Final = 880_000_000
_CONTENTS: Final = """
WITH pool AS (SELECT sha256, ord FROM unnest(%(hashes)s::text[]) WITH ORDINALITY AS t (sha256, ord)),
placed AS (SELECT id, 1 + (row_number() OVER (ORDER BY id) - 1) %% %(count)s AS ord FROM foundation_storedfile),
filed AS (
  UPDATE foundation_storedfile AS f SET sha256 = pool.sha256, preview_sha256 = '', thumb_sha256 = ''
  FROM placed JOIN pool USING (ord) WHERE f.id = placed.id RETURNING f.id, f.sha256
)
UPDATE returns_evidence AS e SET file_sha256 = filed.sha256 FROM filed WHERE e.file_id = filed.id
"""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One piece of work whose transaction was committed: a request with a file, and when that was known."""

    request_id: UUID
    sha256: str
    at: datetime


@dataclass(slots=True)
class Drill:
    """What a drill found; seconds of each step, and what is missing after the restore or broken by it."""

    requests: int
    files: int
    seconds: dict[str, float] = field(default_factory=dict)
    megabytes: float = 0.0
    acknowledged_before: int = 0  # before the moment the backup stands for
    acknowledged_meanwhile: int = 0  # of these, after the dump of the database had begun
    acknowledged_after: int = 0
    missing: list[str] = field(default_factory=list)
    rows_differ: dict[str, tuple[int, int]] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    journal: str = ""
    well: bool = False


class _Work:
    """People who file requests with evidence for as long as it is wanted, each in a thread."""

    def __init__(self, world: BenchWorld) -> None:
        self._world, self._ended = world, threading.Event()
        self._lock, self._next = threading.Lock(), _FIRST_NUMBER
        self.done: list[Acknowledged] = []
        self.errors: list[str] = []
        self._threads = [threading.Thread(target=self._run) for _ in range(WORKERS)]

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for each in self._threads:
            each.join()

    def wait_for(self, count: int) -> None:
        """Wait until so many pieces of work are acknowledged, a minute at most."""
        until = time.monotonic() + _WAIT_SECONDS
        while len(self.done) < count and not self.errors and time.monotonic() < until:
            time.sleep(_PAUSE_SECONDS)

    def _run(self) -> None:
        try:
            while not self._ended.wait(_PAUSE_SECONDS):
                self._file_one()
        except Exception as error:  # noqa: BLE001  whatever it is, the drill has to say so
            self.errors.append(repr(error))
        finally:
            connection.close()

    def _file_one(self) -> None:
        with self._lock:
            number, self._next = self._next, self._next + 1
        stored = FileStore().put(io.BytesIO(f"evidence of {number} ".encode() * 500))
        merchant_id, now = self._world.merchants[0], utc_now()
        with transaction.atomic(durable=True):
            who = enter_as_user(self._world.user_id)
            assert who is not None, "the drill's person is there"
            by = who.actor_at(merchant_id)
            store_id = _first_store(merchant_id)
            filing = Filing(store_id=store_id, number=f"{number}-1", source="MANUAL", filed_at=now)
            made = request_create(filing=filing, by=by, merchant_id=merchant_id, now=now)
            StoredFile.objects.create(
                merchant_id=merchant_id,
                sha256=stored.sha256,
                size=stored.size,
                name=f"{number}.txt",
                kind="TEXT",
                mime="text/plain",
                extension="txt",
                created_at=now,
                created_by_name="drill",
                origin="web",
            )
        self.done.append(Acknowledged(made.pk, stored.sha256, utc_now()))


def _first_store(merchant_id: UUID) -> UUID:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM orders_store WHERE merchant_id = %s ORDER BY created_at, id LIMIT 1",
            [merchant_id],
        )
        found: UUID = cursor.fetchone()[0]
    return found


def backup_drill(
    shop: DatabaseAddresses,
    server: EmbeddedPostgres,
    scratch: Path,
    *,
    requests: int,
    files: int,
) -> Drill:
    """Make the shop beside the installation's own data, back it up under work, restore it elsewhere, compare.

    Args:
        shop: the installation's addresses; a database of the drill's own is made on its server and removed.
        server: that server.
        scratch: an empty folder with room for files, backup and restored database.
        requests: how many the shop has.
        files: how many attached files with contents of their own.
    """
    drill = Drill(requests, files)
    clock = _Steps(drill.seconds)
    try:
        with (
            files_in(str(scratch / "files")),
            override_settings(QAITAR_JOURNAL_KEY=settings.QAITAR_JOURNAL_KEY or "j" * 40),
        ):
            ground, world = world_ground(shop, SUFFIX, Shape(requests), utc_now(), fresh=True)
            store = FileStore(DurableFileStorage(location=str(scratch / "files")))
            _contents_make(ground, world, store, files)
            clock.note("making the shop")
            _back_up_and_restore(drill, clock, (ground, world, store), server, scratch)
    finally:
        point(shop)
        ground_drop(shop, ground)
    return drill


class _Steps:
    """Notes how long each step took."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds, self._since = seconds, time.perf_counter()

    def note(self, step: str) -> None:
        """End a step."""
        now = time.perf_counter()
        self._seconds[step], self._since = round(now - self._since, 1), now


def _contents_make(ground: BenchDatabase, world: BenchWorld, store: FileStore, count: int) -> None:
    """Give the shop's file rows contents that exist: `count` different ones, by a seed."""
    dice = random.Random(count)  # noqa: S311  contents of a drill, not secrets
    hashes = [
        store.put(io.BytesIO(dice.randbytes(dice.randint(*_FILE_BYTES)))).sha256
        for _ in range(count)
    ]
    with ground.owner() as owner:
        owner.execute("SELECT set_config(%s, %s, false)", [SETTING, as_setting(world.merchants)])
        owner.execute(_CONTENTS, {"hashes": hashes, "count": count})
        with owner.transaction():
            journal_sign(owner)


def _back_up_and_restore(
    drill: Drill,
    clock: _Steps,
    made: tuple[BenchDatabase, BenchWorld, FileStore],
    server: EmbeddedPostgres,
    scratch: Path,
) -> None:
    ground, world, store = made
    dsn = make_url({**parts_of(server.ensure_running().superuser_dsn), "dbname": ground.name})
    target = target_at(str(scratch / "backups"), BackupKey("drill " * 8), {}, create=True)
    keys = {"encryption_key": "k" * 40, "journal_key": settings.QAITAR_JOURNAL_KEY}
    source = BackupSource(dsn, store, keys, "drill")
    with _Work(world) as work:
        work.wait_for(_DONE_BEFORE)
        began = utc_now()
        manifest = backup_create(source, target, clock=utc_now, keep=1).manifest
        clock.note("backup under work")
        work.wait_for(len(work.done) + 1)
    assert work.errors == [], work.errors
    drill.megabytes = round(sum(part.size for part in manifest.parts) / 1e6, 1)
    restored = scratch_restore(target, manifest, scratch / "elsewhere")
    clock.note("restore and checks")
    before = [each for each in work.done if each.at < manifest.as_of]
    drill.acknowledged_before = len(before)
    drill.acknowledged_meanwhile = sum(each.at > began for each in before)
    drill.acknowledged_after = len(work.done) - len(before)
    drill.missing = [
        *_missing(before, scratch / "elsewhere"),
        *restored.files.faults,
        *manifest.faults,
    ]
    drill.rows_differ, drill.broken = restored.rows, _broken_by_restore(ground, restored)
    drill.journal = restored.checks.journal
    wrong = [drill.missing, drill.rows_differ, drill.broken]
    drill.well = (
        not any(wrong) and restored.checks.journal_holds and drill.acknowledged_meanwhile > 0
    )


def _broken_by_restore(ground: BenchDatabase, restored: Restored) -> dict[str, int]:
    """Count, by invariant, the rows that break it in the restored database and not in the drill's shop itself.

    The shop is made by SQL and breaks some invariants by its making.  It is checked after the restored one and has all
    rows of it and more, so nothing that the restore broke is covered up by what was there.
    """
    request = CheckRequest(utc_now(), APP_ROLE, files=False)
    with ground.owner() as owner:
        there: Counter[str] = Counter()
        for each in invariants_check(owner, request).checked:
            there[each.code] += each.broken
    return dict(Counter(restored.checks.broken) - there)


def _missing(acknowledged: list[Acknowledged], scratch: Path) -> list[str]:
    """Look for each piece of work in the restored database and file store; names what is not there."""
    folder = DataFolder(scratch / "data")
    store = FileStore(DurableFileStorage(location=str(folder.files)))
    with EmbeddedPostgres(folder) as server:
        dsn = make_url({**parts_of(server.ensure_running().superuser_dsn), "dbname": DATABASE})
        with psycopg.connect(dsn) as boss:
            requests = {row[0] for row in boss.execute("SELECT id FROM returns_returnrequest")}
            hashes = {row[0] for row in boss.execute("SELECT sha256 FROM foundation_storedfile")}
    missing = [
        f"request {each.request_id}" for each in acknowledged if each.request_id not in requests
    ]
    missing += [f"row of file {each.sha256}" for each in acknowledged if each.sha256 not in hashes]
    missing += [
        f"content {each.sha256}"
        for each in acknowledged
        if store.verify(key_of(each.sha256)) is not Integrity.INTACT
    ]
    return missing


def drill_run(options: argparse.Namespace, path: Path) -> int:
    """Run the drill of `qaitar backup drill` and tell it; 1 when something is missing or does not hold."""
    folder = DataFolder(path)
    with (
        EmbeddedPostgres(folder) as server,
        tempfile.TemporaryDirectory(prefix="qaitar-drill-", dir=options.scratch) as scratch,
    ):
        addresses = server.ensure_running().database
        found = backup_drill(
            addresses, server, Path(scratch), requests=options.requests, files=options.files
        )
    if options.json:
        print(json.dumps({"ok": found.well, **asdict(found)}, ensure_ascii=False, indent=2))
        return int(not found.well)
    print("\n".join(drill_lines(found)))
    return int(not found.well)


def drill_lines(found: Drill) -> list[str]:
    """Say what a drill found."""
    lines = [f"shop: {found.requests} requests, {found.files} files; backup {found.megabytes} MB"]
    lines += [f"{step}: {seconds} s" for step, seconds in found.seconds.items()]
    lines.append(
        f"acknowledged before the backup's end: {found.acknowledged_before} (while it was made: "
        f"{found.acknowledged_meanwhile}), after it: {found.acknowledged_after}; "
        f"missing after the restore: {len(found.missing)}"
    )
    lines += [f"  MISSING {each}" for each in found.missing[:20]]
    lines += [f"  ROWS DIFFER {table}: {counts}" for table, counts in found.rows_differ.items()]
    lines += [f"  INVARIANT {code} broken by {count}" for code, count in found.broken.items()]
    lines.append(f"journal: {found.journal}")
    lines.append("The drill is passed." if found.well else "The drill is NOT passed.")
    return lines
