"""A long export file is read by a job: promised at once, its progress told from beside the merge, written down at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self
from uuid import UUID

from django.db import connection, transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from qaitar.flows.import_orders import FileUnreadable, OrdersFile, OrdersUpload
from qaitar.flows.import_placing import FileMerged, file_merge
from qaitar.foundation.connections.systems import connector_of
from qaitar.foundation.files.keeping import file_note
from qaitar.foundation.files.store import FileStore, key_of
from qaitar.foundation.identity.actors import require_role, system_actor
from qaitar.foundation.models import StoredFile
from qaitar.foundation.ops.jobs import database_gone, job_defer, within_walls
from qaitar.foundation.tenancy.walls import SETTING, as_setting
from qaitar.kernel.roles import WORKERS
from qaitar.orders.errors import MergeBusy
from qaitar.orders.models import ImportRun, Store
from qaitar.orders.services.imports import (
    ImportOrigin,
    ImportOutcome,
    import_begin,
    import_finish,
    import_stop,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from qaitar.contracts.marketplace import OrderRecord, RowRejected
    from qaitar.foundation.identity.actors import Actor
    from qaitar.orders.services.merging import Merged

LATER_TASK: Final = "qaitar.flows.tasks.import_read"
READER: Final = "kaspi_shop"  # the registry's entry that knows how to read export files
REPORT_EVERY_ROWS: Final = 2_000


def import_later(*, store: Store, file: OrdersUpload, by: Actor, now: datetime) -> ImportRun:
    """Promise a taken file and leave its reading to a job, in the caller's transaction.

    Raises:
        RoleNotAllowed: the role may not; nothing was written.
    """
    require_role(by, WORKERS)
    row = file_note(
        merchant_id=store.merchant_id, file=file.checked, by=by, origin="import", now=now
    )
    run = import_begin(
        store=store,
        origin=ImportOrigin("FILE", file.name, row.pk),
        rows_expected=file.orders.rows_total,
        by_name=by.name,
        now=now,
    )
    job_defer(LATER_TASK, merchant_id=str(store.merchant_id), run_id=str(run.pk))
    return run


def import_read(merchant_id: UUID, now: datetime, *, run_id: UUID) -> Merged | None:
    """Read and merge a promised file in one transaction; running it again after it is done changes nothing.

    Raises:
        MergeBusy: another merge of this merchant did not end in time; nothing was written, trying again is safe.
    """
    with within_walls(merchant_id):
        run = ImportRun.objects.filter(pk=run_id, state="RUNNING").first()
        file = StoredFile.objects.filter(pk=run.file_id).first() if run and run.file_id else None
        store = Store.objects.filter(pk=run.store_id).first() if run else None
    if run is None or store is None or file is None:
        return None
    with FileStore().open(key_of(file.sha256)) as content:
        opened: OrdersFile | FileUnreadable = import_string(connector_of(READER).reader)(
            content.read()
        )
    if isinstance(opened, FileUnreadable):
        with within_walls(merchant_id):
            import_stop(run=run, problem=opened.reason, now=now)
        return None
    try:
        return _merged(run, store, opened, now)
    except MergeBusy:
        raise
    except Exception as error:
        if database_gone(error):
            raise  # not the file's fault, and nothing was written: the job is tried again
        with within_walls(merchant_id):
            import_stop(run=run, problem=_("The program stumbled over this file."), now=now)
        raise


def _merged(run: ImportRun, store: Store, file: OrdersFile, now: datetime) -> Merged | None:
    with ProgressWriter(run) as writer, within_walls(run.merchant_id):
        by = system_actor("import")
        done = file_merge(
            chosen=store, file=file, by=by, now=now, walk=lambda: writer.counted(file)
        )
        if done.refusal:
            import_stop(run=run, problem=done.refusal, now=now)
            return None
        import_finish(run=run, outcome=ImportOutcome(done.merged, done.report(store)), now=now)
    return done.merged


class ProgressWriter:
    """Tells how far a merge is over a connection of its own, since the merge's own transaction shows nothing yet."""

    def __init__(self, run: ImportRun) -> None:
        """Open nothing before there is something to tell."""
        self._run = run
        self._side = connection.copy()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._side.close()

    def counted(self, records: OrdersFile) -> Iterator[OrderRecord | RowRejected]:
        """Pass the records on, noting now and then how many rows have been read."""
        rows = reported = 0
        for record in records:
            rows += len(getattr(record, "row_numbers", ())) or 1
            if rows - reported >= REPORT_EVERY_ROWS:
                self._tell(rows)
                reported = rows
            yield record

    def _tell(self, rows: int) -> None:
        self._side.ensure_connection()
        with self._side.connection.transaction(), self._side.connection.cursor() as cursor:
            walls = as_setting([self._run.merchant_id])
            cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, walls])
            cursor.execute(
                "UPDATE orders_importrun SET read = %s WHERE id = %s AND state = 'RUNNING'",
                [rows, self._run.pk],
            )


def dry_run(*, store: Store, file: OrdersUpload, by: Actor, now: datetime) -> FileMerged:
    """Tell what a file would change and where, changing nothing: the merge is made and taken back.

    In the caller's transaction.  Raises `MergeBusy` as the merge does.

    Raises:
        RoleNotAllowed: the role may not; nothing was written.
    """
    require_role(by, WORKERS)
    number = store.external_id
    with transaction.atomic():
        done = file_merge(chosen=store, file=file.orders, by=by, now=now)
        transaction.set_rollback(True)
    store.external_id = number
    return done
