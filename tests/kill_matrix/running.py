"""Loads the program once, makes a database a lane, forks the lanes and gathers what they found."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

_OWN: Final = "QAITAR_DATA" not in os.environ
"""Whether the folder is this run's alone, and goes with it."""
if _OWN:
    os.environ["QAITAR_DATA"] = tempfile.mkdtemp(prefix="qaitar-kills-")
_FOLDER: Final = Path(os.environ["QAITAR_DATA"])
os.environ.setdefault("QAITAR_ENCRYPTION_KEY", "a key of forty characters for tests only")
os.environ.setdefault("QAITAR_JOURNAL_KEY", "a journal key of forty characters for tests")
os.environ.setdefault("QAITAR_PRIVATE_HOSTS", "127.0.0.1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qaitar.config.settings")

import django  # noqa: E402  the environment above is what it reads

from qaitar.runtime.database import handed_on, release_database, resolve_database  # noqa: E402  as above
from qaitar.runtime.folder import DataFolder  # noqa: E402  as above

DATABASE = resolve_database(DataFolder(_FOLDER), os.environ)
os.environ.update(handed_on(DATABASE))
django.setup()

import psutil  # noqa: E402  what follows needs a set-up Django
import psycopg  # noqa: E402
from django.conf import settings  # noqa: E402
from psycopg import sql  # noqa: E402

from qaitar.config.serving import load_ahead  # noqa: E402
from qaitar.flows.invariants.checking import CheckRequest, invariants_check  # noqa: E402
from qaitar.foundation.ops import logs  # noqa: E402
from qaitar.lab.bench.database import ground_drop, ground_open, point  # noqa: E402
from qaitar.runtime.addresses import APP_ROLE, DatabaseAddresses, make_url, parts_of  # noqa: E402
from qaitar.runtime.processes import DiesWith  # noqa: E402
from tests.factories.accounts import NOW  # noqa: E402
from tests.kill_matrix import worlds_clock  # noqa: E402
from tests.kill_matrix.cells import cells, planted, sampled  # noqa: E402
from tests.kill_matrix.lane import Lane  # noqa: E402
from tests.kill_matrix.rows import MOMENTS, ROWS, moments_write  # noqa: E402
from tests.kill_matrix.world import Outside  # noqa: E402
from tests.kill_matrix.zygote import Zygote  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.kill_matrix.cells import Cell

_NUMBER: Final = struct.Struct("!I")
AT_REST: Final = NOW + timedelta(hours=3, minutes=50)
"""When most stories have come to rest and no control date of theirs has come yet."""


@dataclass(slots=True)
class Found:
    """What a lane came to."""

    played: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    planted: dict[str, list[str]] = field(default_factory=dict)
    moments: dict[str, tuple[str, ...]] = field(default_factory=dict)


def main(argv: Sequence[str]) -> int:
    """Play what is asked for and print what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--from-seed", type=int, default=0, help="leave out those before")
    parser.add_argument("--lanes", type=int, default=3)
    parser.add_argument("--story", default="")
    parser.add_argument("--sample", type=int, default=0, help="so many cells, chosen by lot")
    parser.add_argument("--death", default="", help="only this one")
    parser.add_argument("--moment", default="", help="only this one")
    parser.add_argument("--moments", action="store_true", help="tell every story's moments, too")
    parser.add_argument(
        "--write", action="store_true", help="only write every story's moments anew"
    )
    parser.add_argument("--planted", action="store_true", help="play the planted bug, too")
    requested = parser.parse_args(argv)
    began = time.monotonic()
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(1)
    )  # told to end, it takes its server with it
    logs.configure(stream=sys.stderr)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # nobody logs in
    if requested.write:
        requested.seeds, requested.lanes, requested.moments = 0, 1, True
    wanted = cells(requested.seeds, story=requested.story)
    wanted = [c for c in wanted if c.seed >= requested.from_seed]
    wanted = [
        c for c in wanted if requested.death in {"", c.death} and requested.moment in {"", c.moment}
    ]
    if requested.sample:
        wanted = sampled(wanted, requested.sample)
    ground = ground_open(DATABASE, f"kills_{os.getpid()}", fresh=True)
    load_ahead()
    spent = _servers_seconds()
    try:
        found = _lanes(ground.addresses, wanted, requested.lanes, requested)
        spent = _servers_seconds() - spent
    finally:
        ground_drop(DATABASE, ground)
        if _OWN:
            release_database(DataFolder(_FOLDER))
            shutil.rmtree(_FOLDER, ignore_errors=True)
    whole = {
        "cells": len(wanted),
        "played": sum(each.played for each in found),
        "points": len({(c.story, c.moment) for c in wanted}),
        "points and deaths": len({(c.story, c.moment, c.death) for c in wanted}),
        "seeds": requested.seeds,
        "wrong": {name: stated for each in found for name, stated in each.wrong.items()},
        "broken": [stated for each in found for stated in each.broken],
        "planted": {name: stated for each in found for name, stated in each.planted.items()},
        "moments": {name: stated for each in found for name, stated in each.moments.items()},
        "seconds": round(time.monotonic() - began, 1),
        "processor seconds": round(sum(os.times()[:4]) + spent, 1),
    }
    if requested.write and not whole["wrong"]:
        moments_write({**MOMENTS, **whole["moments"]})
    print(json.dumps(whole, ensure_ascii=False, indent=1))  # noqa: T201  its figures are what it is run for
    return 1 if whole["wrong"] or whole["broken"] or whole["played"] != whole["cells"] else 0


def _servers_seconds() -> float:
    """Tell how long the database's sessions that have ended used a processor; 0 when it runs on another machine."""
    with psycopg.connect(DATABASE.owner_dsn) as owner:
        row = owner.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        try:
            server = psutil.Process(row[0]).parent()
        except psutil.NoSuchProcess:
            return 0.0
        assert server is not None
        times = server.cpu_times()
        return float(times.children_user + times.children_system)


def _lanes(
    base: DatabaseAddresses, wanted: Sequence[Cell], lanes: int, requested: argparse.Namespace
) -> list[Found]:
    """Fork the lanes; they take the numbers of their cells from one pipe, whoever is free the next."""
    reading, writing = os.pipe()
    folder = Path(tempfile.mkdtemp(dir=_FOLDER))
    databases = [_cloned(base, number) for number in range(lanes)]
    pids = []
    mine = os.getpid()
    for number, database in enumerate(databases):
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            DiesWith(mine)()
            os.close(writing)
            _be_lane(
                database, folder / str(number), (reading, wanted), requested, first=number == 0
            )
        pids.append(pid)
    os.close(reading)
    try:
        for number in range(len(wanted)):
            os.write(writing, _NUMBER.pack(number))
    except BrokenPipeError:
        pass
    os.close(writing)
    for pid in pids:
        os.waitpid(pid, 0)
    for database in databases:
        _dropped(database)
    return [_read(folder / str(number)) for number in range(lanes)]


def _read(path: Path) -> Found:
    if not path.exists():
        return Found(broken=["a lane ended without a word"])
    return Found(**json.loads(path.read_text(encoding="utf-8")))


def _cloned(base: DatabaseAddresses, number: int) -> DatabaseAddresses:
    name = parts_of(base.owner_dsn)["dbname"]
    mine = f"{name}_{number}"
    with psycopg.connect(DATABASE.owner_dsn, autocommit=True) as owner:
        owner.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(mine), sql.Identifier(name)
            )
        )
        role = parts_of(base.app_dsn).get("user", APP_ROLE)
        owner.execute(
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
                sql.Identifier(mine), sql.Identifier(role)
            )
        )
    owner_dsn, app_dsn = (
        make_url({**parts_of(dsn), "dbname": mine}) for dsn in (base.owner_dsn, base.app_dsn)
    )
    return DatabaseAddresses(owner_dsn, app_dsn, base.embedded)


def _dropped(database: DatabaseAddresses) -> None:
    name = parts_of(database.owner_dsn)["dbname"]
    with psycopg.connect(DATABASE.owner_dsn, autocommit=True) as owner:
        owner.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def _be_lane(
    database: DatabaseAddresses,
    path: Path,
    work: tuple[int, Sequence[Cell]],
    requested: argparse.Namespace,
    *,
    first: bool,
) -> None:
    """Be a lane until no cell is left, write down what was found, and end."""
    found = Found()
    try:
        point(database)
        worlds_clock.begin()
        spool = Path(tempfile.mkdtemp(dir=_FOLDER))
        zygote = Zygote(spool)
        with ExitStack() as stack:
            outside = Outside(stack, zygote.port)
            lane = Lane(zygote, outside, stack, database.app_dsn)
            if requested.moments and first:
                _tells(lane, found, requested.story)
            _plays(lane, found, *work)
            lane.guards(AT_REST)
            found.broken += _invariants(database, lane)
            if requested.planted and first:
                lane.reversed = True
                found.planted = {cell.name: lane.play(cell) for cell in planted()}
        zygote.close()
    except BaseException:  # noqa: BLE001  a lane says why it ended, whatever it was
        found.broken.append(traceback.format_exc())
    path.write_text(json.dumps(asdict(found)), encoding="utf-8")
    os._exit(0)


def _tells(lane: Lane, found: Found, only: str) -> None:
    for row in ROWS:
        if only not in {"", row.story.name}:
            continue
        try:
            found.moments[row.story.name] = lane.moments(row.story)
        except Exception:  # noqa: BLE001  the others are told all the same
            found.wrong[row.story.name] = [traceback.format_exc()]


def _plays(lane: Lane, found: Found, reading: int, wanted: Sequence[Cell]) -> None:
    while number := os.read(reading, _NUMBER.size):
        cell = wanted[_NUMBER.unpack(number)[0]]
        began = time.monotonic()
        wrong = lane.play(cell)
        took = time.monotonic() - began
        print(f"{took:.2f} s  {cell.name}", *wrong, sep="\n    ", file=sys.stderr)  # noqa: T201  how far it is
        found.played += 1
        if wrong:
            found.wrong[cell.name] = wrong


def _invariants(database: DatabaseAddresses, lane: Lane) -> list[str]:
    role = parts_of(database.app_dsn).get("user", APP_ROLE)
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        report: Any = invariants_check(owner, CheckRequest(AT_REST, role, contents=True))
    return [
        f"{each.code} {each.promises}: {row.place}: {row.fault} ({lane.homes.get(row.merchant, '')})"
        for each in report.checked
        for row in each.first
    ]
