"""An export file of orders comes in: judged, kept, read row by row, merged, and written down with every rejected row."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from django.utils.module_loading import import_string

from qaitar.flows.import_placing import file_merge
from qaitar.foundation.connections.systems import connector_of
from qaitar.foundation.files.checks import Accepted, FileRefusalCode, Rejected, sentence
from qaitar.foundation.files.keeping import CheckedFile, content_keep, file_note
from qaitar.foundation.files.kinds import FACTS, FileKind
from qaitar.foundation.files.names import safe_name
from qaitar.foundation.files.store import FileStore
from qaitar.foundation.identity.actors import require_role
from qaitar.foundation.identity.people import merchant_create
from qaitar.kernel.roles import WORKERS
from qaitar.orders.services.imports import ImportOrigin, ImportOutcome, import_fail, import_write
from qaitar.orders.services.stores import StoreEntry, store_create

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from uuid import UUID

    from qaitar.contracts.marketplace import OrderRecord, RowRejected
    from qaitar.foundation.identity.actors import Actor
    from qaitar.orders.models import ImportRun, Store
    from qaitar.orders.services.merging import Merged

READER: Final = "kaspi_shop"  # the registry's entry that knows how to read export files
_ZIP: Final = b"PK\x03\x04"
_NOT_RECOGNISED: Final = ({"found": "unknown"}, {"found": "text"})


class OrdersFile(Protocol):
    """An export that can be read, as often as wished."""

    @property
    def rows_total(self) -> int:
        """Count the rows that are not empty."""
        ...

    @property
    def columns_unknown(self) -> tuple[str, ...]:
        """Name columns nobody reads."""
        ...

    @property
    def shops(self) -> Counter[str]:
        """Count rows by the marketplace's number of their shop."""
        ...

    @property
    def sheets_unread(self) -> tuple[str, ...]:
        """Name sheets that hold no export."""
        ...

    def __iter__(self) -> Iterator[OrderRecord | RowRejected]:
        """Walk orders and rejections."""
        ...


@runtime_checkable
class FileUnreadable(Protocol):
    """The file as a whole cannot be read: a code for programs, a sentence for people."""

    @property
    def code(self) -> str:
        """Name the reason."""
        ...

    @property
    def reason(self) -> str:
        """Say the reason."""
        ...


@dataclass(frozen=True, slots=True)
class OrdersUpload:
    """A file that is kept and can be read."""

    name: str
    checked: CheckedFile
    orders: OrdersFile


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file nothing can be read from; no row points to it."""

    name: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to; `merged` is None when the file could not be read."""

    run: ImportRun
    merged: Merged | None = None


def orders_file_take(body: bytes, name: str) -> OrdersUpload | RefusedFile:
    """Judge an export file, keep it as it came, and open it for reading.

    Touches no table: call it before a transaction is opened, because judging takes its time.
    """
    declared = name
    if not body.startswith(_ZIP):  # an export saved as .txt is a CSV all the same
        declared = f"{PurePath(name).stem}.csv"
    checked = content_keep(body, declared)
    if isinstance(checked, Rejected) and not _only_cells(checked):
        return RefusedFile(name, checked.code.value, str(sentence(checked)))
    read: Callable[[bytes], OrdersFile | FileUnreadable] = import_string(
        connector_of(READER).reader
    )
    opened = read(body)
    if isinstance(opened, FileUnreadable):
        return RefusedFile(name, opened.code, opened.reason)
    return OrdersUpload(
        name,
        checked if isinstance(checked, CheckedFile) else _checked_as_table(body, declared),
        opened,
    )


def _only_cells(refusal: Rejected) -> bool:
    """Tell faults of single cells of a plain table: the reader rejects their rows, so the other rows need not suffer."""
    control_characters = (
        refusal.code is FileRefusalCode.UNSUPPORTED and refusal.params in _NOT_RECOGNISED
    )
    return control_characters or refusal.code in {
        FileRefusalCode.TEXT_UNREADABLE,
        FileRefusalCode.TEXT_LINE,
    }


def _checked_as_table(body: bytes, name: str) -> CheckedFile:
    stored = FileStore().put(io.BytesIO(body))
    facts = FACTS[FileKind.CSV]
    safe = safe_name(name, facts.extension)
    size, sha256 = stored.size, stored.sha256
    return CheckedFile(
        Accepted(FileKind.CSV, facts.mime, facts.extension, safe, sha256, size), "", ""
    )


def orders_import(
    *, store: Store, file: OrdersUpload | RefusedFile, by: Actor, now: datetime
) -> Imported:
    """Merge a taken file into a store's orders, in the caller's transaction behind the merchant's walls.

    Every row is created, updated, unchanged or rejected with its number and reason; the same file again changes nothing.  Rows
    of another store of the merchant go there; a file of a foreign shop is refused, naming both numbers.

    Raises:
        RoleNotAllowed: the role may not; nothing was written.
        MergeBusy: another merge of this merchant did not end in time; nothing was written.
    """
    require_role(by, WORKERS)
    origin = ImportOrigin("FILE", file.name)
    if isinstance(file, RefusedFile):
        return _not_imported(store, origin, file.reason, by, now)
    done = file_merge(chosen=store, file=file.orders, by=by, now=now)
    if done.refusal:
        return _not_imported(store, origin, done.refusal, by, now)
    row = file_note(
        merchant_id=store.merchant_id, file=file.checked, by=by, origin="import", now=now
    )
    outcome = ImportOutcome(done.merged, done.report(store))
    run = import_write(
        store=store,
        origin=replace(origin, file_id=row.pk),
        outcome=outcome,
        by_name=by.name,
        now=now,
    )
    return Imported(run, done.merged)


def _not_imported(
    store: Store, origin: ImportOrigin, problem: str, by: Actor, now: datetime
) -> Imported:
    return Imported(
        import_fail(store=store, origin=origin, problem=problem, by_name=by.name, now=now)
    )


def first_store_make(*, shop: str, merchant_id: UUID | None, by: Actor, now: datetime) -> Store:
    """Make the first store, named after the marketplace's number of the shop, and its merchant when there is none yet.

    In the caller's transaction, which sees the new merchant's walls from here on.
    """
    name = f"Kaspi {shop}".strip()
    owner = merchant_id or merchant_create(name=name, now=now).pk
    entry = StoreEntry(name=name, external_id=shop)
    return store_create(merchant_id=owner, entry=entry, by=by, now=now)


def shop_of(orders: OrdersFile) -> str:
    """Tell the number of the shop most rows are of, read from handover points like 30000000_PP1; '' when no row has one."""
    return next((number for number, _ in orders.shops.most_common(1)), "")
