"""What a forked process is told to be: a worker that does the waiting jobs, one that goes on, or a web server."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import pkgutil
import socket
import ssl
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.request import Request
from uuid import UUID
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

from django.conf import settings
from django.db import connection
from django.urls import Resolver404, resolve
from django.utils.module_loading import import_string
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.psycopg_connector import PsycopgConnector
from typing_extensions import override

from qaitar.config.working import work
from qaitar.config.wsgi import application
from qaitar.foundation.connections.systems import registry
from qaitar.foundation.models import PlannedEffect, WebhookDelivery
from qaitar.foundation.ops.clock import frozen_at
from qaitar.foundation.ops.jobs import job_defer, within_walls
from qaitar.kernel.public_holidays import public_holidays, working_weekends
from qaitar.transport.http import HttpClient
from tests.kill_matrix import reversal, worlds_clock
from tests.kill_matrix.moments import Armed, Moments

if TYPE_CHECKING:
    from collections.abc import Sequence

STALLED: Final = "qaitar.flows.tasks.stalled_jobs_retry"
WAITS: Final = tuple(timedelta(minutes=m) for m in (0, 2, 1, 1, 2, 4, 8, 15, 30, 60))
"""How the time goes on after a death; whatever is not settled at the end of it never will be."""
_UNDONE: Final = """
SELECT task_name, status::text FROM procrastinate_jobs
WHERE status IN ('todo', 'doing') AND (scheduled_at IS NULL OR scheduled_at <= now())
"""
_LATER: Final = "UPDATE procrastinate_jobs SET scheduled_at = now() WHERE scheduled_at > now()"


@dataclass(frozen=True, slots=True)
class Order:
    """One process to be: `be` names it, `now` is its clock's moment, `armed` where it dies."""

    be: str
    now: datetime
    dsn: str
    armed: Armed | None = None
    merchant_id: UUID | None = None
    sweeps: tuple[str, ...] = ()
    reversed: bool = False


def load_whole() -> None:
    """Load what a process loads with its first job, so that thousands of forks do not each load it."""
    for package in ("connectors", "flows", "analytics"):
        found = pkgutil.walk_packages([f"{settings.BASE_DIR}/{package}"], f"qaitar.{package}.")
        for module in found:
            if ".migrations" not in module.name:
                importlib.import_module(module.name)
    for connector in registry().values():
        import_string(connector.factory)
    for name in ("procrastinate.worker", "encodings.idna", "encodings.utf_8_sig", "tzdata"):
        importlib.import_module(name)
    for country in ("KZ", "RU"):
        for year in (2025, 2026, 2027):
            public_holidays(country, year)
            working_weekends(country, year)
    with contextlib.suppress(Resolver404):
        resolve("/api/v1/nothing")  # passes, and so compiles, every address of the API
    Request("http://127.0.0.1")  # as above: what the jar of a client's cookies reads addresses with
    ssl.create_default_context()
    HttpClient("http://127.0.0.1").close()


def be(order: Order, listener: socket.socket) -> dict[str, Any]:
    """Be what is ordered, in this very process, and say what was passed."""
    app.periodic_registry.periodic_tasks.clear()  # sweeps come when a story says so, not by the minute
    _be_one_worker()
    if order.reversed:
        reversal.reverse()
    moments = Moments(order.armed, order.dsn)
    moments.watch()
    if order.be == "go on":
        return _goes_on(order)
    if order.be == "work":
        with frozen_at(order.now):
            work(1, wait=False)
    else:
        _serve(order, listener, moments)
    return {"passed": moments.passed}


class _StoredSession(PsycopgConnector):
    """The queue's connector with one session, which stays open from one look for jobs to the next."""

    @override
    async def close_async(self) -> None:
        """Leave it to the end of the process."""


def _be_one_worker() -> None:
    """Let every look for jobs be one worker's, as it is while the program runs: one loop, its threads, its session.

    Opening them anew for each look takes longer than most stories; but each look has its own moment of the clock.
    """
    stored = _StoredSession(kwargs=connector_params("default"), min_size=1)
    app.connector.get_worker_connector = lambda: stored
    loop = asyncio.Runner()
    asyncio.run = lambda look: loop.run(look, context=copy_context())


def _goes_on(order: Order) -> dict[str, Any]:
    """Work as the processes started after a death do, sweep after sweep, until nothing is left to be done."""
    now, left = order.now, ["nothing was looked at"]
    for wait in WAITS:
        now += wait
        worlds_clock.set_to(now)
        with frozen_at(now):
            _sweep(order.sweeps)
            for _ in range(2):  # a stalled job may be put back after the last look for jobs
                work(1, wait=False)
                if not _undone():
                    break
        left = _undone() + _unsettled(order.merchant_id)
        if not left:
            break
    return {"now": now.isoformat(), "left": left}


def _sweep(sweeps: Sequence[str]) -> None:
    """Do what the minute does: jobs put off for a moment are due, and the sweeps are called."""
    with connection.cursor() as cursor:
        cursor.execute(_LATER)
    stalled = any("doing" in job for job in _undone())
    for name in (*((STALLED,) if stalled else ()), *sweeps):
        task = app.tasks[name]
        job_defer(name, queue=task.queue, only_one=task.queueing_lock or name, timestamp=0)


def _undone() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_UNDONE)
        return [f"job {name} is {status}" for name, status in cursor.fetchall()]


def _unsettled(merchant_id: UUID | None) -> list[str]:
    if merchant_id is None:
        return []
    with within_walls(merchant_id):
        effects = PlannedEffect.objects.filter(state__in=["PLANNED", "SENDING", "UNKNOWN"])
        reported = [f"{each.kind} is {each.state}: {each.detail}" for each in effects]
        waiting = WebhookDelivery.objects.filter(state="WAITING")
        return reported + [f"event {each.type} waits: {each.last_detail}" for each in waiting]


class _Requests(WSGIRequestHandler):
    @override
    def log_message(self, *_: Any) -> None:
        return

    @override
    def handle(self) -> None:
        """Answer one request a connection, over the program's own WSGI entrance."""
        self.raw_requestline = self.rfile.readline(65_537)
        if not self.raw_requestline or not self.parse_request():
            return
        handler = ServerHandler(self.rfile, self.wfile, self.get_stderr(), self.get_environ())  # type: ignore[arg-type]  # wsgiref's stub says IO
        handler.request_handler = self  # type: ignore[attr-defined]  # wsgiref's own protocol
        handler.run(application)


def _serve(order: Order, listener: socket.socket, moments: Moments) -> None:
    """Answer one call and end."""
    server = WSGIServer(listener.getsockname(), _Requests, bind_and_activate=False)
    server.socket = listener
    server.server_name, server.server_port = "127.0.0.1", listener.getsockname()[1]
    server.setup_environ()
    server.set_app(application)
    with frozen_at(order.now), contextlib.suppress(OSError):
        server.handle_request()
    moments.passes("answered")
