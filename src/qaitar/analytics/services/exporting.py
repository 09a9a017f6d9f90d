"""Lists too long to wait for: asked for, made into a file by a job, with how far it is; their links run out."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.utils import translation

from qaitar.analytics.export_definitions import ListExportRequest, ListKind
from qaitar.analytics.models import ListExport
from qaitar.documents.tables import iter_csv, write_xlsx
from qaitar.foundation.files.store import FileStore
from qaitar.foundation.models import StoredFile
from qaitar.foundation.ops.jobs import database_gone, for_each_merchant, job_defer, within_walls
from qaitar.kernel.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from qaitar.foundation.files.store import Stored

EXPORT_TASK: Final = "qaitar.analytics.tasks.list_export"
FORMS: Final = {
    "XLSX": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "CSV": ("csv", "text/csv"),
}
ORIGIN: Final = "list export"
LINK_LIFETIME: Final = timedelta(days=7)  # so long a link gives its file
ROWS_MAX: Final = 10_000_000  # counted for the progress bar only


def export_ask(*, user_id: int, wanted: ListExportRequest, form: str, now: datetime) -> ListExport:
    """Ask for a list as a file, in the caller's transaction; a job makes it."""
    assert form in FORMS, f"no such form: {form}"
    row = ListExport.objects.create(
        id=new_id(),
        merchant_id=wanted.merchants[0],
        user_id=user_id,
        merchants=[str(each) for each in wanted.merchants],
        kind=wanted.kind.value,
        wanted=dict(wanted.wanted),
        form=form,
        language=translation.get_language() or "ru",
        started_at=now,
    )
    job_defer(EXPORT_TASK, queue="default", merchant_id=str(row.merchant_id), export_id=str(row.pk))
    return row


def export_find(
    export_id: UUID, *, user_id: int, merchants: Sequence[UUID], now: datetime
) -> ListExport | None:
    """Find one's own export, for a week, as long as all its merchants are still one's own."""
    row = ListExport.objects.filter(
        pk=export_id, user_id=user_id, started_at__gt=now - LINK_LIFETIME
    ).first()
    if row is None or not set(row.merchants) <= {str(each) for each in merchants}:
        return None
    return row


def file_name(title: str, form: str, day: datetime) -> str:
    """Name a file as its list is named, with its day.

    >>> from datetime import datetime
    >>> file_name("Queue", "CSV", datetime(2026, 5, 14))
    'Queue 2026-05-14.csv'
    """
    return f"{title} {day:%Y-%m-%d}.{FORMS[form][0]}"


def request_of(row: ListExport) -> ListExportRequest:
    """Read which list an export is of."""
    merchants = tuple(UUID(each) for each in row.merchants)
    return ListExportRequest(ListKind(row.kind), row.wanted, merchants)


def list_export(merchant_id: UUID, now: datetime, *, export_id: UUID) -> bool:
    """Make the file of an export; tells whether it did.  Running it again after it is done changes nothing."""
    with within_walls(merchant_id):
        row = ListExport.objects.filter(pk=export_id, state="RUNNING").first()
    if row is None:
        return False
    try:
        with translation.override(row.language):
            stored, name = _made(row, now)
    except Exception as error:
        if database_gone(error):
            raise  # the job is tried again
        _set(row, state="FAILED", finished_at=now)
        raise
    return _finish(row, stored, name, now)


def _finish(row: ListExport, stored: Stored, name: str, now: datetime) -> bool:
    """Note the file and that the export is done, together, so that a worker killed here leaves no second file's row."""
    file_id = new_id()
    with within_walls(row.merchant_id):
        running = ListExport.objects.filter(pk=row.pk, state="RUNNING")
        if not running.update(state="DONE", file_id=file_id, finished_at=now):
            return False
        StoredFile.objects.create(
            id=file_id,
            merchant_id=row.merchant_id,
            sha256=stored.sha256,
            size=stored.size,
            name=name[:255],
            kind=FORMS[row.form][0],
            mime=FORMS[row.form][1],
            extension=f".{FORMS[row.form][0]}",
            created_at=now,
            created_by_id=row.user_id,
            created_by_name="Qaitar",
            origin=ORIGIN,
        )
    return True


def exports_forget(merchant_id: UUID, now: datetime) -> int:
    """Remove a merchant's exports whose links have run out, their files' rows too; returns how many."""
    with within_walls(merchant_id):
        old = ListExport.objects.filter(
            merchant_id=merchant_id, started_at__lte=now - LINK_LIFETIME
        )
        files = [pk for pk in old.values_list("file_id", flat=True) if pk is not None]
        StoredFile.objects.filter(pk__in=files, origin=ORIGIN).delete()
        return old.delete()[0]


def exports_forget_all(now: datetime) -> int:
    """Do so for every merchant; returns how many merchants failed."""
    return for_each_merchant("exports", lambda merchant_id: exports_forget(merchant_id, now))


def _set(row: ListExport, **values: object) -> None:
    with within_walls(row.merchant_id):
        ListExport.objects.filter(pk=row.pk).update(**values)


def _made(row: ListExport, now: datetime) -> tuple[Stored, str]:
    wanted = request_of(row)
    walls = partial(within_walls, *wanted.merchants)
    with walls():
        expected = wanted.count(ROWS_MAX)
    _set(row, rows_expected=expected)
    rows = wanted.rows(walls, lambda done: _set(row, rows_done=done))
    title, columns = wanted.title(), wanted.columns()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list"
        if row.form == "XLSX":
            write_xlsx(path, columns, rows, sheet=title)
        else:
            with path.open("w", encoding="utf-8", newline="") as out:
                out.writelines(iter_csv(columns, rows))
        with path.open("rb") as made:
            return FileStore().put(made), file_name(title, row.form, now)
