"""Looks at backups: is there a good one, is it young enough; and whether the key of the secrets in the database is here."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from allauth.mfa.models import Authenticator
from django.db import transaction

from qaitar.backup.alarm import INTERVALS_MISSED, OLD_WITHOUT_SCHEDULE
from qaitar.backup.places import TO, settings_from
from qaitar.backup.problems import BackupProblem
from qaitar.backup.runs import last_runs
from qaitar.cli.doctor.findings import Finding, ok, problem, warn
from qaitar.foundation.connections.secrets import NoKey, has_key_of
from qaitar.foundation.identity.second_factors import data_opens
from qaitar.foundation.models import Connection, Merchant, WebhookEndpoint
from qaitar.foundation.ops.jobs import merchants_real
from qaitar.foundation.tenancy.walls import see

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from qaitar.backup.places import BackupSettings
    from qaitar.backup.runs import LastRuns

_MAKE: Final = "Run `qaitar backup --to FOLDER` to another disk or machine."
_SEE: Final = "Run `qaitar backup` by hand and see what it says."


def backups_found(now: datetime, environ: Mapping[str, str]) -> list[Finding]:
    """Look at the last good backup and at the last try."""
    try:
        settings = settings_from(environ)
    except BackupProblem as bad:
        return [problem("backup", str(bad), "Correct the setting.")]
    last = last_runs()
    return [_good(settings, last, now), *_failed(last)]


def _good(settings: BackupSettings, last: LastRuns, now: datetime) -> Finding:
    if last.good is None:
        message = "No backup has been made yet."
        if settings.scheduled:
            return warn(
                "backup", message, f"The worker makes one to {settings.to}; look again later."
            )
        return warn("backup", message, f"{_MAKE} Set {TO} to have it made every day.")
    age = now - (last.good.as_of or last.good.started_at)
    message = (
        f"The last good backup is {_in_words(age)} old: {last.good.backup} in {last.good.place}."
    )
    if last.good.faults:
        message += f" {last.good.faults} attached files were missing or damaged."
        return problem("backup", message, "See `qaitar check-invariants --contents` for which.")
    if settings.scheduled and age > INTERVALS_MISSED * timedelta(hours=settings.every_hours):
        return problem("backup", f"{message} One is due every {settings.every_hours} hours.", _SEE)
    if not settings.scheduled and age > OLD_WITHOUT_SCHEDULE:
        return warn("backup", message, f"{_MAKE} Set {TO} to have it made every day.")
    return ok("backup", message)


def _failed(last: LastRuns) -> list[Finding]:
    if last.tried is None or not last.tried.error:
        return []
    message = (
        f"The last try, {last.tried.started_at:%Y-%m-%d %H:%M} UTC, failed: {last.tried.error}"
    )
    return [problem("backup", message, _SEE)]


def _in_words(age: timedelta) -> str:
    hours = age // timedelta(hours=1)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"  # noqa: PLR2004  two days


def sealed_found() -> list[Finding]:
    """Look whether secrets were sealed under a key that is not here, as after a restore without keys."""
    try:
        counts = [_sealed_elsewhere(each) for each in merchants_real()]
    except NoKey:
        return []  # the settings' own finding says so
    counts.append(("second factors", _factors_elsewhere()))
    bad = [(name, count) for name, count in counts if count]
    if not bad:
        return [ok("keys", "Every sealed secret was sealed under a key that is here.")]
    named = "; ".join(f"{name}: {count}" for name, count in bad)
    return [
        problem(
            "keys",
            f"The key of sealed secrets is not here, so they cannot be used ({named}).",
            "Put the installation's former key into QAITAR_ENCRYPTION_KEY, behind the present one and a comma (a "
            "backup without encryption does not hold it); where it is lost, enter those secrets again; people set their second factor up anew.",
        )
    ]


def _factors_elsewhere() -> int:
    return sum(
        not data_opens(data) for data in Authenticator.objects.values_list("data", flat=True)
    )


def _sealed_elsewhere(merchant_id: UUID) -> tuple[str, int]:
    with transaction.atomic():
        see([merchant_id])
        name = Merchant.objects.get(pk=merchant_id).name
        sealed = [
            *Connection.objects.values_list("secrets", flat=True),
            *WebhookEndpoint.objects.values_list("secrets", flat=True),
        ]
    return name, sum(not has_key_of(bytes(each)) for each in sealed)
