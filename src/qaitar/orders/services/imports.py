"""The record of an import: what came, what became of it, and every row that could not be taken."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from qaitar.kernel.ids import new_id
from qaitar.orders.models import ImportRejection, ImportRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from qaitar.contracts.marketplace import RowRejected
    from qaitar.orders.models import Store
    from qaitar.orders.services.merging import Merged

RAW_TEXT_MAX: Final = 2_000
_NOT_IN_JSON: Final = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ImportOrigin:
    """Where rows come from: FILE with its name and kept copy, or API with the connection's name."""

    source: str
    name: str
    file_id: UUID | None = None
    kind: str = "ORDERS"


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What a merge came to, and what its counts do not say.

    `report` may hold `stores` (id, name and rows of stores the file was not sent to), `notes` (row, sheet, code and reason of what
    was not taken as it stood), `notes_total`, and `number` (the shop number the store got).
    """

    merged: Merged
    report: Mapping[str, Any] = field(default_factory=dict)


def import_write(
    *, store: Store, origin: ImportOrigin, outcome: ImportOutcome, by_name: str, now: datetime
) -> ImportRun:
    """Write down a merge that was done, in the same transaction, with its rejected rows."""
    merged = outcome.merged
    run = _run(store, origin, by_name, now)
    _counted(run, merged)
    run.report = storable_raw(dict(outcome.report))
    run.save(force_insert=True)
    ImportRejection.objects.bulk_create(_rejections(run, merged.rejected), batch_size=1_000)
    return run


def _counted(run: ImportRun, merged: Merged) -> None:
    run.state = "DONE"
    run.read = merged.rows.read
    run.created, run.updated = merged.rows.created, merged.rows.updated
    run.unchanged, run.rejected = merged.rows.unchanged, merged.rows.rejected


def import_begin(
    *, store: Store, origin: ImportOrigin, rows_expected: int, by_name: str, now: datetime
) -> ImportRun:
    """Write down that a job is going to read a file of so many rows."""
    run = _run(store, origin, by_name, now)
    run.state, run.rows_expected, run.finished_at = "RUNNING", rows_expected, None
    run.save(force_insert=True)
    return run


def import_finish(*, run: ImportRun, outcome: ImportOutcome, now: datetime) -> ImportRun:
    """Write down what became of a file a job has read, in the same transaction as the merge."""
    merged = outcome.merged
    _counted(run, merged)
    run.report = storable_raw(dict(outcome.report))
    run.finished_at = now
    run.save()
    ImportRejection.objects.bulk_create(_rejections(run, merged.rejected), batch_size=1_000)
    return run


def import_stop(*, run: ImportRun, problem: str, now: datetime) -> ImportRun:
    """Write down that a job could not read its file; nothing of it was merged."""
    run.state, run.problem, run.finished_at = "FAILED", problem, now
    run.save(update_fields=["state", "problem", "finished_at"])
    return run


def import_fail(
    *, store: Store, origin: ImportOrigin, problem: str, by_name: str, now: datetime
) -> ImportRun:
    """Write down that a file could not be read at all, with the sentence why."""
    run = _run(store, origin, by_name, now)
    run.state, run.problem = "FAILED", problem
    run.save(force_insert=True)
    return run


def _run(store: Store, origin: ImportOrigin, by_name: str, now: datetime) -> ImportRun:
    return ImportRun(
        id=new_id(),
        merchant_id=store.merchant_id,
        store_id=store.pk,
        kind=origin.kind,
        source=origin.source,
        name=origin.name[:255],
        file_id=origin.file_id,
        started_at=now,
        finished_at=now,
        by_name=by_name[:200],
    )


def _rejections(run: ImportRun, rejected: Iterable[RowRejected]) -> Iterable[ImportRejection]:
    for row in rejected:
        yield ImportRejection(
            id=new_id(),
            merchant_id=run.merchant_id,
            run_id=run.pk,
            row_number=row.row_number,
            sheet=row.sheet[:100],
            reason_code=row.reason_code[:60],
            reason=row.reason,
            raw=storable_raw(row.raw or {}),
        )


def storable_raw(value: Any) -> Any:
    r"""Write a rejected row so that JSON in the database can hold it; very long texts are cut, the kept file has them whole.

    >>> storable_raw({"a": "x\x00y", "n": 1, "rows": ["z" * 2001]})["a"]
    'x�y'
    """
    match value:
        case str():
            text = _NOT_IN_JSON.sub("\ufffd", value)
            return text if len(text) <= RAW_TEXT_MAX else f"{text[:RAW_TEXT_MAX]}… ({len(text)})"
        case dict():
            return {storable_raw(str(key)): storable_raw(each) for key, each in value.items()}
        case list() | tuple():
            return [storable_raw(each) for each in value]
        case bool() | int() | None:
            return value
        case _:
            return storable_raw(str(value))
