"""An export's orders are merged into the store whose shop number they carry; those of a foreign shop go nowhere, and it is said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from qaitar.contracts.marketplace import OrderRecord, RowNote, RowRejected
from qaitar.orders.services.merging import Merged, orders_merge
from qaitar.orders.services.stores import store_number_learn, stores_of
from qaitar.orders.shops import ForeignShop, store_for_shop
from qaitar.returns.services.linking import requests_link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from qaitar.flows.import_orders import OrdersFile
    from qaitar.foundation.identity.actors import Actor
    from qaitar.orders.models import Store

NOTES_MAX: Final = 500
_SHOP_NOT_NAMED: Final = (
    "The file holds orders of several shops, and this row does not say of which."
)


@dataclass(frozen=True, slots=True)
class Placing:
    """Which store each shop number of a file belongs to.

    `only` is the number of a file that has one: rows without a number are of that shop too.  `learnt` is a number that the
    chosen store gets by this file, because it had none.
    """

    chosen: Store
    owners: dict[str, Store | ForeignShop]
    only: str = ""
    learnt: str = ""

    @property
    def stores(self) -> list[Store]:
        """List the stores that get orders, the chosen one first."""
        found = {
            owner.pk: owner for owner in self.owners.values() if not isinstance(owner, ForeignShop)
        }
        if not self.owners or (len(self.owners) > 1 and self.chosen.pk in found):
            found = {self.chosen.pk: self.chosen, **found}
        return list(found.values())

    @property
    def refusal(self) -> str:
        """Say why the whole file is refused; '' when some of it belongs here."""
        foreign = [owner for owner in self.owners.values() if isinstance(owner, ForeignShop)]
        if not foreign or len(foreign) < len(self.owners):
            return ""
        return _sentence(", ".join(each.number for each in foreign), foreign[0], of="file")

    def owner_of(self, record: OrderRecord) -> Store | ForeignShop | None:
        """Tell whose an order is; None when the file holds several shops and the order names none."""
        number = record.shop_number or self.only
        if number:
            return self.owners[number]
        return None if self.owners else self.chosen


def _sentence(numbers: str, foreign: ForeignShop, *, of: str) -> str:
    if not foreign.store_number:
        return f"The {of} is of shop {numbers}, and the store «{foreign.store_name}» has no number yet: enter it."
    return f"The {of} is of shop {numbers}, and the store «{foreign.store_name}» is shop {foreign.store_number}."


def placing_of(chosen: Store, file: OrdersFile) -> Placing:
    """Decide for every shop number of a file, behind the open walls."""
    numbers = sorted(file.shops)
    stores = stores_of([chosen.merchant_id])
    owners: dict[str, Store | ForeignShop] = {
        number: store_for_shop(number, chosen, stores) for number in numbers
    }
    new = [number for number, owner in owners.items() if owner is chosen and not chosen.external_id]
    if len(new) > 1:  # a store is one shop: which of these it is, the file does not say
        owners |= {number: ForeignShop(number, chosen.name, "") for number in new}
    return Placing(
        chosen,
        owners,
        only=numbers[0] if len(numbers) == 1 else "",
        learnt=new[0] if len(new) == 1 else "",
    )


@dataclass(frozen=True, slots=True)
class FileMerged:
    """What a file came to over all stores; `refusal` says why nothing of it was merged."""

    merged: Merged = field(default_factory=Merged)
    rows: tuple[tuple[Store, int], ...] = ()
    learnt: str = ""
    refusal: str = ""

    def report(self, chosen: Store) -> dict[str, Any]:
        """Write for the record of the import what counts do not say: see `ImportRun.report`."""
        document: dict[str, Any] = {}
        elsewhere = [(store, rows) for store, rows in self.rows if store.pk != chosen.pk and rows]
        if elsewhere:
            document["stores"] = [
                {"id": str(store.pk), "name": store.name, "rows": rows} for store, rows in elsewhere
            ]
        if self.learnt:
            document["number"] = self.learnt
        if self.merged.notes:
            document["notes_total"] = len(self.merged.notes)
            document["notes"] = [
                {
                    "row": note.row_number,
                    "sheet": note.sheet,
                    "code": note.code,
                    "reason": note.reason,
                }
                for note in self.merged.notes[:NOTES_MAX]
            ]
        return document


def file_merge(
    *,
    chosen: Store,
    file: OrdersFile,
    by: Actor,
    now: datetime,
    walk: Callable[[], Iterator[OrderRecord | RowRejected]] | None = None,
) -> FileMerged:
    """Merge a file's orders into the stores they belong to, in the caller's transaction behind the merchant's walls.

    Every row is merged into one store or rejected with its number and reason; cases that waited for an order are tied to it.
    `walk` gives the file's orders and rejections in place of the file itself, as often as it is called.

    Raises:
        MergeBusy: another merge of this merchant did not end in time; nothing was written.
    """
    placing = placing_of(chosen, file)
    if placing.refusal:
        return FileMerged(refusal=placing.refusal)
    if placing.learnt:
        store_number_learn(store=chosen, number=placing.learnt, by=by, now=now)
    merged, rows = Merged(), []
    walked = walk or file.__iter__
    for at, store in enumerate(placing.stores or [chosen]):
        records = _records_for(store, placing, walked(), with_rejections=at == 0)
        part = orders_merge(store=store, records=records, now=now)
        rows.append((store, part.rows.read - part.rows.rejected))
        merged.add(part)
        requests_link(merchant_id=store.merchant_id, store_id=store.pk, by=by, now=now)
    assert merged.rows.read == file.rows_total, "a row was lost between reading and merging"
    merged.notes += (
        RowNote(0, "sheet_not_read", f"Sheet «{name}» shows no export and was not read.", name)
        for name in file.sheets_unread
    )
    return FileMerged(merged, tuple(rows), placing.learnt)


def _records_for(
    store: Store,
    placing: Placing,
    records: Iterator[OrderRecord | RowRejected],
    *,
    with_rejections: bool,
) -> Iterator[OrderRecord | RowRejected]:
    """Pass on the orders of one store; everybody's rejections go with the first."""
    for record in records:
        if isinstance(record, RowRejected):
            if with_rejections:
                yield record
            continue
        owner = placing.owner_of(record)
        if owner is None or isinstance(owner, ForeignShop):
            if with_rejections:
                yield from _turned_away(record, owner)
        elif owner.pk == store.pk:
            yield record


def _turned_away(record: OrderRecord, owner: ForeignShop | None) -> Iterator[RowRejected]:
    code = "shop_not_told" if owner is None else "other_shop"
    reason = _SHOP_NOT_NAMED if owner is None else _sentence(owner.number, owner, of="row")
    for number, raw in record.raw_rows():
        yield RowRejected(
            row_number=number, reason_code=code, reason=reason, raw=raw, sheet=record.sheet
        )
