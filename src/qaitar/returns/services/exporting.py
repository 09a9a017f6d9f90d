"""Registers too long to wait for: asked for, made into a file by a job, with how far it is."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from qaitar.documents.tables import iter_csv, write_xlsx
from qaitar.foundation.files.store import FileStore
from qaitar.foundation.jobs import behind_walls, job_defer
from qaitar.foundation.models import StoredFile
from qaitar.kernel.ids import new_id
from qaitar.returns.models import RegisterExport
from qaitar.returns.register import (
    RegisterFilter,
    register_columns,
    register_rows,
    register_sum,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from qaitar.foundation.files.store import Stored

EXPORT_TASK: Final = "qaitar.returns.tasks.register_export"
FORMS: Final = {
    "XLSX": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "CSV": ("csv", "text/csv"),
}
ORIGIN: Final = "register export"
ROWS_MAX: Final = 10_000_000  # counted for the progress bar only


def export_ask(
    *, user_id: int, merchants: Sequence[UUID], wanted: RegisterFilter, form: str, now: datetime
) -> RegisterExport:
    """Ask for a register as a file, in the caller's transaction; a job makes it."""
    assert form in FORMS, f"no such form: {form}"
    row = RegisterExport.objects.create(
        id=new_id(),
        merchant_id=merchants[0],
        user_id=user_id,
        merchants=[str(each) for each in merchants],
        wanted=wanted.text(),
        form=form,
        language=translation.get_language() or "ru",
        started_at=now,
    )
    job_defer(EXPORT_TASK, queue="chores", merchant_id=str(row.merchant_id), export_id=str(row.pk))
    return row


def export_find(
    export_id: UUID, *, user_id: int, merchants: Sequence[UUID]
) -> RegisterExport | None:
    """Find one's own export, as long as all its merchants are still one's own."""
    row = RegisterExport.objects.filter(pk=export_id, user_id=user_id).first()
    if row is None or not set(row.merchants) <= {str(each) for each in merchants}:
        return None
    return row


def file_name(form: str, day: datetime) -> str:
    """Name an exported register in the active language, with its day."""
    return f"{sheet_title()} {day:%Y-%m-%d}.{FORMS[form][0]}"


def sheet_title() -> str:
    """Name the register as its sheet is named."""
    return _("Returns Kazakhstan")


def register_export(merchant_id: UUID, now: datetime, *, export_id: UUID) -> bool:
    """Make the file of an export; tells whether it did.  Running it again after it is done changes nothing."""
    with behind_walls(merchant_id):
        row = RegisterExport.objects.filter(pk=export_id, state="RUNNING").first()
    if row is None:
        return False
    try:
        stored = _made(row, now)
    except Exception:
        _set(row, state="FAILED", finished_at=now)
        raise
    with behind_walls(merchant_id):
        file = StoredFile.objects.create(
            id=new_id(),
            merchant_id=merchant_id,
            sha256=stored.sha256,
            size=stored.size,
            name=file_name(row.form, now),
            kind=FORMS[row.form][0],
            mime=FORMS[row.form][1],
            extension=f".{FORMS[row.form][0]}",
            created_at=now,
            created_by_id=row.user_id,
            created_by_name="Qaitar",
            origin=ORIGIN,
        )
    _set(row, state="DONE", file_id=file.pk, finished_at=now)
    return True


def _set(row: RegisterExport, **values: object) -> None:
    with behind_walls(row.merchant_id):
        RegisterExport.objects.filter(pk=row.pk).update(**values)


def _made(row: RegisterExport, now: datetime) -> Stored:
    merchants, wanted = [UUID(each) for each in row.merchants], RegisterFilter.read(row.wanted)
    with behind_walls(*merchants):
        expected = register_sum(merchants, wanted, most=ROWS_MAX)
    _set(row, rows_expected=expected.count)
    rows = register_rows(
        merchants,
        wanted,
        partial(behind_walls, *merchants),
        lambda done: _set(row, rows_done=done),
    )
    with translation.override(row.language), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file_name(row.form, now)
        columns = register_columns()
        if row.form == "XLSX":
            write_xlsx(path, columns, rows, sheet=sheet_title())
        else:
            with path.open("w", encoding="utf-8", newline="") as out:
                out.writelines(iter_csv(columns, rows))
        with path.open("rb") as made:
            return FileStore().put(made)
