"""Answers for whoever watches the program: alive, ready, figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

if TYPE_CHECKING:
    from django.http import HttpRequest


@transaction.non_atomic_requests
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  Django's signature
    """Say that the process answers; nothing else is looked at."""
    return HttpResponse("ok\n", content_type="text/plain")


@transaction.non_atomic_requests
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  Django's signature
    """Say whether work can be done: the database answers, behind the walls, with its tables there."""
    checks: dict[str, str] = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM foundation_merchant), rolbypassrls, rolsuper"
                " FROM pg_roles WHERE rolname = current_user"
            )
            seen, bypass, superuser = cursor.fetchone()
        checks["database"] = "ok"
        checks["walls"] = (
            "ok"
            if not (bypass or superuser or seen)
            else "the program's role can look over the walls"
        )
    except DatabaseError as error:
        connection.close()
        checks["database"] = f"not ready: {type(error).__name__}"
    ready = all(said == "ok" for said in checks.values())
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


@transaction.non_atomic_requests
def metrics(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  Django's signature
    """Give the figures in Prometheus' text form."""
    registry: CollectorRegistry = REGISTRY
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
