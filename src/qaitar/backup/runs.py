"""Notes every try to make a backup, and tells when the next one is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from qaitar.backup.models import BackupRun

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.backup.manifest import Manifest
    from qaitar.backup.places import BackupSettings

AGAIN_AFTER: Final = timedelta(hours=1)  # after a try that failed or was broken off
RUNS_MAX: Final = 200
_ERROR_CHARS: Final = 2_000


def run_begin(place: str, *, scheduled: bool, now: datetime) -> BackupRun:
    """Note that a backup is begun; old notes go."""
    run = BackupRun.objects.create(place=place[:500], scheduled=scheduled, started_at=now)
    old = BackupRun.objects.order_by("-started_at").values_list("pk", flat=True)[RUNS_MAX:]
    BackupRun.objects.filter(pk__in=list(old)).delete()
    return run


def run_done(run: BackupRun, manifest: Manifest, *, now: datetime) -> None:
    """Note that it was made."""
    BackupRun.objects.filter(pk=run.pk).update(
        finished_at=now,
        backup=manifest.id,
        as_of=manifest.as_of,
        files=manifest.files,
        size=sum(part.size for part in manifest.parts),
        faults=len(manifest.faults),
    )


def run_failed(run: BackupRun, error: str, *, now: datetime) -> None:
    """Note why it was not made."""
    BackupRun.objects.filter(pk=run.pk).update(finished_at=now, error=error[:_ERROR_CHARS])


@dataclass(frozen=True, slots=True)
class LastRuns:
    """The newest good backup and the newest try, where there are such."""

    good: BackupRun | None
    tried: BackupRun | None


def last_runs() -> LastRuns:
    """Find them."""
    runs = BackupRun.objects.order_by("-started_at")
    return LastRuns(runs.exclude(backup="").first(), runs.first())


def is_due(settings: BackupSettings, last: LastRuns, now: datetime) -> bool:
    """Tell whether the schedule wants a backup now."""
    if not settings.scheduled:
        return False
    every = timedelta(hours=settings.every_hours)
    if last.good is not None and now - last.good.started_at < every:
        return False
    return last.tried is None or now - last.tried.started_at >= min(AGAIN_AFTER, every)
