"""Answers for whoever watches the program: alive, ready, figures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

if TYPE_CHECKING:
    from django.http import HttpRequest

DISK_FREE_MIN_BYTES: Final = 64 * 1024 * 1024
"""Below it neither files nor the database on the same disk can be relied on."""


@transaction.non_atomic_requests
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  Django's signature
    """Say that the process answers; nothing else is looked at."""
    return HttpResponse("ok\n", content_type="text/plain")


@transaction.non_atomic_requests
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  Django's signature
    """Say whether work can be done."""
    status, content = readiness()
    return HttpResponse(content, status=status, content_type="application/json")


@transaction.non_atomic_requests
def metrics(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  Django's signature
    """Give the figures in Prometheus' text form."""
    return HttpResponse(figures(), content_type=CONTENT_TYPE_LATEST)


def readiness() -> tuple[int, bytes]:
    """Return 200 or 503 and the checks as JSON: the database answers, behind the walls, and the disk has room."""
    checks = {**_database(), "disk": _disk()}
    ready = all(state == "ok" for state in checks.values())
    return 200 if ready else 503, json.dumps({"ready": ready, "checks": checks}).encode()


def figures() -> bytes:
    """Return this process's figures in Prometheus' text form."""
    registry: CollectorRegistry = REGISTRY
    return generate_latest(registry)


def _database() -> dict[str, str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM foundation_merchant), rolbypassrls, rolsuper"
                " FROM pg_roles WHERE rolname = current_user"
            )
            seen, bypass, superuser = cursor.fetchone()
    except DatabaseError as error:
        connection.close()
        return {"database": f"not ready: {type(error).__name__}"}
    open_walls = bypass or superuser or seen
    walls = "the program's role can look over the walls" if open_walls else "ok"
    return {"database": "ok", "walls": walls}


def _disk() -> str:
    """Look at the disk of the data folder, which is the database's too where that is embedded.

    The folder is made when the first file comes; until then the disk it will be on is looked at.
    """
    folder = Path(settings.DATA_DIR)
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        return f"not readable: {type(error).__name__}"
    if free < DISK_FREE_MIN_BYTES:
        return f"full: {free // (1024 * 1024)} MB free"
    return "ok"
