"""One 1C base behind the `Erp` contract: look up, write once, read back, compare."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Self

from qaitar.connectors.onec.answers import COMPOSITION_HOW, MAP_HOW, OneCTrouble
from qaitar.connectors.onec.facts import CODE_ENTITY_NOT_FOUND, REALIZATIONS_MAX
from qaitar.connectors.onec.fieldmap import (
    file_problems,
    order_problems,
    return_problems,
    sale_link_is_composite,
)
from qaitar.connectors.onec.files import Attachments
from qaitar.connectors.onec.metadata import MetadataCache
from qaitar.connectors.onec.session import OneCSession
from qaitar.connectors.onec.translate import (
    Sources,
    Unfit,
    carries,
    differences,
    marker_value,
    order_record,
    product_references,
    reference,
    return_order,
    standing,
)
from qaitar.connectors.onec.wire import (
    OneCUnreadable,
    Row,
    any_of,
    composite,
    guid,
    is_guid,
    moment,
    path,
    quoted,
    text,
)
from qaitar.contracts.erp import DoneInPart, Several
from qaitar.contracts.outcome import Done, Healthy, Misconfigured, Missing, Refused, Unknown
from qaitar.transport.http import HttpClient

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from qaitar.connectors.onec.fieldmap import FieldMap, OneCSettings
    from qaitar.connectors.onec.metadata import Metadata
    from qaitar.contracts.erp import (
        ErpOrder,
        FileToAttach,
        OrderFound,
        ReturnOrderDraft,
        Written,
    )
    from qaitar.contracts.outcome import Busy, Found, Health, Outcome

PRODUCTS_PER_QUERY = 20
_ALLOWED = {"allowedOnly": "true"}


class OneC:
    """Implements `Erp` for one publication of УТ 11.  Close it when done (context manager).

    Keep at most `facts.CONCURRENT_CALLS_MAX` of them busy at once on one base: each call may hold a
    licence.  A shared `MetadataCache` spares reading tens of megabytes again.
    """

    def __init__(self, settings: OneCSettings, *, metadata: MetadataCache | None = None) -> None:
        """Prepare the connection; nothing is sent yet."""
        self._settings = settings
        self._map = settings.field_map
        self._cache = metadata or MetadataCache()
        self._http = HttpClient(
            settings.base_url,
            timeouts=settings.timeouts,
            auth=(settings.user, settings.password),
            proxy=settings.proxy,
        )
        self._session = OneCSession(self._http)
        self._allowed = _ALLOWED if settings.allowed_only else {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections kept alive."""
        self._http.close()

    def find_order(self, order_code: str, /) -> OrderFound:
        """Find the order whose number in the customer's data is the code, with its posted shipments."""
        metadata = self._mapped(order_problems)
        if isinstance(metadata, OneCTrouble):
            return metadata.looked_up()
        where = f"{self._map.order_code} eq {quoted(order_code)}"
        rows = self._session.rows(self._map.order_set, filter=where, **self._allowed)
        if isinstance(rows, OneCTrouble):
            return rows.looked_up()
        orders = [r for r in standing(rows) if text(r, self._map.order_code) == order_code]
        if not orders:
            return Missing()
        if len(orders) > 1:
            return Several(tuple(text(row, "Number") for row in orders))
        try:
            return self._whole_order(metadata, orders[0])
        except OneCUnreadable as error:
            return Unknown(f"order {order_code}: {error}")

    def create_return_order(self, draft: ReturnOrderDraft, /) -> Written:
        """Write one return order and compare what 1C kept; a document with our marker is answered instead."""
        metadata = self._mapped(return_problems)
        if isinstance(metadata, OneCTrouble):
            return metadata.before_writing()
        near = draft.created_at.astimezone(self._settings.zone).date()
        existing = self._with_marker(draft.marker, near, draft.order)
        if isinstance(existing, OneCTrouble):
            return existing.before_writing()
        values = self._filled(metadata, draft)
        if existing is not None:
            return self._checked(existing, values)
        if not isinstance(values, dict):
            return values
        made = self._session.create(self._map.return_set, values)
        return made.outcome if isinstance(made, OneCTrouble) else self._checked(made, values)

    def find_return_order(self, marker: str, near: date, order: ErpOrder, /) -> Found:
        """Find our return order; one marked for deletion counts, since a person saw and struck it out."""
        found = self._with_marker(marker, near, order)
        if isinstance(found, OneCTrouble):
            return found.looked_up()
        if found is None:
            return Missing()
        try:
            return Done(reference(found), detail=text(found, "Number"))
        except OneCUnreadable as error:
            return Unknown(str(error))

    def post_return_order(self, key: str, /) -> Outcome:
        """Post a written return order and read back that it is posted.

        A repetition is harmless: posting a posted document changes nothing but its movements.
        """
        place = path(self._map.return_set, guid(key), "Post", PostingModeOperational="false")
        failed = self._session.act(place)
        if failed is not None:
            return failed.outcome
        row = self._session.one(path(self._map.return_set, guid(key)))
        if isinstance(row, OneCTrouble):
            return row.looked_up()
        if row.get("Posted") is not True:
            return Refused(f"1C did not post return order {text(row, 'Number')}")
        return Done(key, detail=text(row, "Number"))

    def attach(self, reference: str, file: FileToAttach, /) -> Written:
        """Hang a file of at most 25 MB on a return order, exactly once."""
        files = self._files()
        if isinstance(files, OneCTrouble):
            return files.before_writing()
        return files.attach(reference, file)

    def find_attachment(self, reference: str, sha256_or_name: str, /) -> Found:
        """Find a file of a return order whose content is there."""
        files = self._files()
        if isinstance(files, OneCTrouble):
            return files.looked_up()
        return files.find(reference, sha256_or_name)

    def health(self) -> Health:
        """Read metadata anew, check the field map and the rights to read; write nothing."""
        metadata = self._cache.get(self._settings.base_url, self._session, fresh=True)
        if isinstance(metadata, OneCTrouble):
            return metadata.outcome
        problems = return_problems(self._map, metadata)
        if problems:
            return _not_mapped(problems)
        for resource in (self._map.order_set, self._map.sale_set, self._map.return_set):
            answer = self._session.page(resource, top="1", select="Ref_Key", **self._allowed)
            if isinstance(answer, OneCTrouble):
                return answer.outcome
        return Healthy(self._facts(metadata))

    def _facts(self, metadata: Metadata) -> tuple[str, ...]:
        facts = [
            f"{len(metadata.sets)} objects are in the OData composition.",
            f"Return orders are written as {self._map.status_value}.",
        ]
        if not self._settings.base_url.startswith("https://"):
            facts.append("The address is not HTTPS: the password travels in the clear.")
        wrong = file_problems(self._map, metadata, self._settings.author_key)
        facts += wrong or (f"Files are attached (storage generation {metadata.file_generation}).",)
        return tuple(facts)

    def _metadata(self) -> Metadata | OneCTrouble:
        return self._cache.get(self._settings.base_url, self._session)

    def _mapped(
        self, problems_of: Callable[[FieldMap, Metadata], tuple[str, ...]]
    ) -> Metadata | OneCTrouble:
        """Return the metadata when the field map fits it for this work."""
        metadata = self._metadata()
        if isinstance(metadata, OneCTrouble):
            return metadata
        problems = problems_of(self._map, metadata)
        return OneCTrouble(_not_mapped(problems)) if problems else metadata

    def _files(self) -> Attachments | OneCTrouble:
        metadata = self._metadata()
        if isinstance(metadata, OneCTrouble):
            return metadata
        problems = file_problems(self._map, metadata, self._settings.author_key)
        if problems:
            return OneCTrouble(_not_mapped(problems))
        return Attachments(self._session, self._settings, metadata)

    def _whole_order(self, metadata: Metadata, order: Row) -> OrderFound:
        sales = self._sales(metadata, reference(order))
        if isinstance(sales, OneCTrouble):
            return sales.looked_up()
        names = self._product_names(product_references(self._map, order, sales))
        if isinstance(names, OneCTrouble):
            return names.looked_up()
        return order_record(self._map, order, sales, names)

    def _sales(self, metadata: Metadata, order: str) -> list[Row] | OneCTrouble:
        """Read the posted shipments of an order, the earliest first."""
        name = self._map.sale_order
        if sale_link_is_composite(self._map, metadata):
            where = composite(name, order, self._map.order_set)
        else:
            where = f"{name}_Key eq {guid(order)}"
        rows = self._session.rows(self._map.sale_set, filter=where, **self._allowed)
        if isinstance(rows, OneCTrouble):
            return rows
        posted = [row for row in standing(rows) if row.get("Posted") is True]
        if len(posted) > REALIZATIONS_MAX:
            return OneCTrouble(Unknown(f"the order has more than {REALIZATIONS_MAX} shipments"))
        return sorted(posted, key=lambda row: (text(row, "Date"), text(row, "Number")))

    def _product_names(self, products: list[str]) -> dict[str, str] | OneCTrouble:
        """Read the products' names; without the catalogue in the composition names stay empty."""
        names: dict[str, str] = {}
        if not self._map.product_set:
            return names
        for at in range(0, len(products), PRODUCTS_PER_QUERY):
            where = any_of("Ref_Key", products[at : at + PRODUCTS_PER_QUERY])
            rows = self._session.rows(
                self._map.product_set, filter=where, select="Ref_Key,Description"
            )
            if isinstance(rows, OneCTrouble):
                return {} if rows.code == CODE_ENTITY_NOT_FOUND else rows
            names |= {text(row, "Ref_Key").lower(): text(row, "Description") for row in rows}
        return names

    def _with_marker(self, marker: str, near: date, order: ErpOrder) -> Row | OneCTrouble | None:
        """Read the return order that carries our marker, one not marked for deletion first."""
        rows = self._session.rows(
            self._map.return_set,
            filter=self._where(marker, near, order.partner_reference),
            select=f"Ref_Key,Number,DeletionMark,{self._map.marker or self._map.comment}",
        )
        if isinstance(rows, OneCTrouble):
            return rows
        ours = [row for row in rows if carries(self._map, row, marker)]
        return next(iter([*standing(ours), *ours]), None)

    def _where(self, marker: str, near: date, partner: str) -> str:
        if self._map.marker:
            return f"{self._map.marker} eq {quoted(marker_value(self._map, marker))}"
        around = timedelta(days=self._settings.search_days)
        first, last = moment(near - around), moment(near + around + timedelta(days=1))
        where = f"Date ge datetime'{first}' and Date lt datetime'{last}'"
        return f"{where} and {self._map.partner} eq {guid(partner)}" if partner else where

    def _filled(
        self, metadata: Metadata, draft: ReturnOrderDraft
    ) -> Row | Misconfigured | Refused | Busy:
        """Read the shipments and the order again and fill the document from them."""
        sources = self._sources(draft)
        if isinstance(sources, OneCTrouble):
            return sources.before_writing()
        try:
            return return_order(self._settings, metadata, draft, sources)
        except Unfit as error:
            return Refused(str(error))
        except OneCUnreadable as error:
            return Misconfigured(f"the shipment in 1C cannot be copied: {error}", MAP_HOW)

    def _sources(self, draft: ReturnOrderDraft) -> Sources | OneCTrouble:
        if not draft.order.realization_reference:
            words = f"order {draft.order.number} has no posted shipment in 1C"
            return OneCTrouble(Refused(words))
        sales: dict[str, Row] = {}
        for key in dict.fromkeys(line.line_key.partition(":")[0] for line in draft.lines):
            if not is_guid(key):
                return OneCTrouble(
                    Refused(f"{key} is not a shipment of order {draft.order.number}")
                )
            sale = self._session.one(path(self._map.sale_set, guid(key)))
            if isinstance(sale, OneCTrouble):
                return sale
            sales[key] = sale
        order = self._session.one(path(self._map.order_set, guid(draft.order.reference)))
        return order if isinstance(order, OneCTrouble) else Sources(sales, order)

    def _checked(self, made: Row, values: Row | Misconfigured | Refused | Busy) -> Written:
        """Read the document back and name every sent key that is missing or stands otherwise."""
        try:
            key = reference(made)
        except OneCUnreadable as error:
            return Unknown(f"the return order may have been written: {error}")
        done = Done(key, detail=text(made, "Number"))
        if not isinstance(values, dict):
            return DoneInPart(done, values)
        stored = self._session.one(path(self._map.return_set, guid(key)))
        if isinstance(stored, OneCTrouble):
            return DoneInPart(done, stored.outcome)
        wrong = differences(values, stored)
        if wrong:
            names = ", ".join(one.key for one in wrong)
            what = f"1C kept other values of return order {done.detail}: {names}"
            return DoneInPart(done, Misconfigured(what, MAP_HOW), wrong)
        if self._settings.post_after_create and stored.get("Posted") is not True:
            posted = self.post_return_order(done.reference)
            return done if isinstance(posted, Done) else DoneInPart(done, posted)
        return done


def _not_mapped(problems: tuple[str, ...]) -> Misconfigured:
    how = COMPOSITION_HOW if any("composition" in one for one in problems) else MAP_HOW
    return Misconfigured(" ".join(problems), how)
