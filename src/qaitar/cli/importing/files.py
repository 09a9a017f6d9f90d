"""`qaitar import orders|returns FILE`: takes a file into a store and says what became of every row."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from qaitar.flows.cabinet_words import rejection_sentence, report_notes, too_large
from qaitar.flows.import_orders import (
    RefusedFile,
    first_store_make,
    orders_file_take,
    orders_import,
    shop_of,
)
from qaitar.flows.take_cabinet import (
    BODY_BYTES_MAX,
    ReadingRefused,
    cabinet_read,
    cabinet_take,
)
from qaitar.foundation.identity.actors import system_actor
from qaitar.foundation.models import Merchant
from qaitar.foundation.ops.clock import utc_now
from qaitar.foundation.ops.jobs import merchants_real
from qaitar.foundation.tenancy.walls import see
from qaitar.orders.errors import MergeBusy
from qaitar.orders.services.stores import stores_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from qaitar.orders.models import Store

DONE, NOT_READ, NOT_UNDERSTOOD = 0, 1, 2
REASONS_MAX: Final = 20  # on a screen; --json tells all


@dataclass(slots=True)
class ImportPrint:
    """What is printed: read = created + updated + unchanged + rejected."""

    kind: str
    file: str
    store: str = ""
    merchant: str = ""
    made_store: bool = False
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    reasons: list[dict[str, Any]] = field(default_factory=list)
    orders: dict[str, int] | None = None
    notes: list[str] = field(default_factory=list)
    elsewhere: list[dict[str, Any]] = field(default_factory=list)
    row_notes: list[dict[str, Any]] = field(default_factory=list)
    shop_number_learnt: str = ""
    run: str = ""
    problem: str = ""

    def as_json(self) -> str:
        """Write the report for programs; what does not apply is left out."""
        document = {
            name: getattr(self, name) for name in self.__slots__ if name != "notes" or self.notes
        }
        return json.dumps(
            {name: value for name, value in document.items() if value not in ("", None)},
            ensure_ascii=False,
        )

    def lines(self) -> list[str]:
        """Write the report for people."""
        sentences = []
        if self.made_store:
            sentences.append(
                _("There was no store yet: made «%(store)s» of the merchant «%(merchant)s».")
                % {"store": self.store, "merchant": self.merchant}
            )
        if self.problem:
            return [*sentences, _("The file was not read: %(problem)s") % {"problem": self.problem}]
        sentences.append(
            _(
                "Read %(read)d rows into «%(store)s»: %(created)d created, %(updated)d updated,"
                " %(unchanged)d unchanged, %(rejected)d rejected."
            )
            % {name: getattr(self, name) for name in self.__slots__}
        )
        sentences += [f"  {note}" for note in self.notes]
        sentences += self._placed()
        return [*sentences, *_listed(self.reasons), *_listed(self.row_notes)]

    def _placed(self) -> list[str]:
        sentences = [
            _("%(rows)s rows went to the store «%(store)s»: they carry its shop number.")
            % {"rows": each["rows"], "store": each["name"]}
            for each in self.elsewhere
        ]
        if self.shop_number_learnt:
            sentences.append(
                _("The store had no shop number; it got %(number)s from the file.")
                % {"number": self.shop_number_learnt}
            )
        return sentences


def _listed(entries: list[dict[str, Any]]) -> list[str]:
    sentences = [
        _("  row %(row)s: %(reason)s (%(code)s)") % {**each, "row": _row(each)}
        for each in entries[:REASONS_MAX]
    ]
    if len(entries) > REASONS_MAX:
        sentences.append(_("  … and %(left)d more") % {"left": len(entries) - REASONS_MAX})
    return sentences


def _row(entry: dict[str, Any]) -> str:
    return f"«{entry['sheet']}» {entry['row']}" if entry.get("sheet") else str(entry["row"])


class StoreUnclear(Exception):
    """Which store the file is for cannot be told; the message says what to do."""


def import_file(kind: str, path: str, store: str | None, *, as_json: bool) -> int:
    """Take a file in and print what became of it: exit code 0 done, 1 the file cannot be read, 2 not understood."""
    taker = TAKERS.get(kind)
    if taker is None:
        return _refused(
            _("Files of this kind are not read here: %(kind)s. Known: %(known)s.")
            % {"kind": kind, "known": ", ".join(TAKERS)}
        )
    try:
        body = Path(path).read_bytes()
    except OSError as error:
        return _refused(
            _("%(file)s cannot be opened: %(why)s.") % {"file": path, "why": error.strerror}
        )
    report = ImportPrint(kind, Path(path).name)
    try:
        taker(body, store, report, utc_now())
    except StoreUnclear as unclear:
        return _refused(str(unclear))
    except MergeBusy:
        return _refused(_("Another import of this merchant is running. Try again when it ended."))
    print(report.as_json() if as_json else "\n".join(report.lines()))
    return NOT_READ if report.problem else DONE


def _refused(sentence: str) -> int:
    print(f"qaitar: {sentence}", file=sys.stderr)
    return NOT_UNDERSTOOD


def _take_orders(body: bytes, named: str | None, report: ImportPrint, now: datetime) -> None:
    file = orders_file_take(body, report.file)
    if isinstance(file, RefusedFile) and not merchants_real():
        report.problem = str(file.reason)
        return
    shop = "" if isinstance(file, RefusedFile) else shop_of(file.orders)
    with transaction.atomic(durable=True):
        store = _store(named, shop, report, now)
        see([store.merchant_id])
        done = orders_import(store=store, file=file, by=system_actor("import"), now=now)
    report.run, report.problem = str(done.run.pk), done.run.problem
    if done.merged is None:
        return
    rows, orders = done.merged.rows, done.merged.orders
    report.read, report.created, report.updated = rows.read, rows.created, rows.updated
    report.unchanged, report.rejected = rows.unchanged, rows.rejected
    report.orders = {name: getattr(orders, name) for name in ("created", "updated", "unchanged")}
    report.reasons = [
        {"row": each.row_number, "code": each.reason_code, "reason": each.reason}
        | ({"sheet": each.sheet} if each.sheet else {})
        for each in done.merged.rejected
    ]
    report.row_notes = done.run.report.get("notes", [])
    report.elsewhere = done.run.report.get("stores", [])
    report.shop_number_learnt = done.run.report.get("number", "")


def _take_returns(body: bytes, named: str | None, report: ImportPrint, now: datetime) -> None:
    by = system_actor("import")
    with transaction.atomic(durable=True):
        store = _store(named, "", report, now)
        see([store.merchant_id])
        try:
            intake = cabinet_take(
                store_id=store.pk, body=body, received_from=report.file, by=by, now=now
            )
        except ReadingRefused:
            large = len(body) > BODY_BYTES_MAX
            report.problem = too_large(BODY_BYTES_MAX) if large else _("The file is empty.")
            return
    document = cabinet_read(store.merchant_id, now, intake_id=intake.id, by=by)
    assert document is not None, "the intake was written a moment ago"
    report.run = str(intake.id)
    report.created, report.updated = document["created"], document["updated"]
    report.unchanged = document["unchanged"]
    report.reasons = [
        {"row": each["number"], "code": each["code"], "reason": rejection_sentence(each, document)}
        for each in document["rejected"]
    ] + list(document["problems"])
    report.rejected = document["rejected_count"]
    report.notes = list(report_notes(document))
    report.read = report.created + report.updated + report.unchanged + report.rejected
    if report.problem == "" and report.read == 0 == document["read"]:
        report.problem = _("It holds no return requests.")


TAKERS: Final[dict[str, Callable[[bytes, str | None, ImportPrint, datetime], None]]] = {
    "orders": _take_orders,
    "returns": _take_returns,
}


def _store(named: str | None, shop: str, report: ImportPrint, now: datetime) -> Store:
    """Find the store meant, or make the first one; the walls of all merchants are open meanwhile."""
    merchants = merchants_real()
    see(merchants)
    stores = stores_of(merchants)
    if not stores and len(merchants) <= 1 and named is None:
        by = system_actor("import")
        store = first_store_make(shop=shop, merchant_id=next(iter(merchants), None), by=by, now=now)
        report.made_store = True
    else:
        store = _chosen(stores, named, shop)
    report.store = store.name
    report.merchant = Merchant.objects.get(pk=store.merchant_id).name
    return store


def _chosen(stores: list[Store], named: str | None, shop: str) -> Store:
    """Take the store named; without a name the only one there is, or the one with the file's shop number."""
    found = [s for s in stores if named is None or named in {s.name, s.external_id, str(s.pk)}]
    if named is None and len(found) != 1 and shop:
        found = [store for store in stores if store.external_id == shop] or found
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"«{store.name}»" for store in stores) or _("none yet")
    if named is None:
        raise StoreUnclear(_("Say which store with --store. Known: %(known)s.") % {"known": known})
    raise StoreUnclear(
        _("No single store is called «%(name)s». Known: %(known)s.")
        % {"name": named, "known": known}
    )
