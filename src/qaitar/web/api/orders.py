"""What was sold: orders read, and export files of the cabinet taken in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router
from ninja.files import UploadedFile
from pydantic import Field

from qaitar.flows.import_orders import OrdersUpload, RefusedFile, orders_file_take, orders_import
from qaitar.foundation.identity.actors import RoleNotAllowed
from qaitar.kernel.phones import mask_phone
from qaitar.kernel.roles import WORKERS
from qaitar.orders.errors import MergeBusy
from qaitar.orders.listing import OrdersWanted, orders_walk, store_find
from qaitar.orders.selectors import OrderCard, import_rejections, order_card
from qaitar.web.api.answers import answer, text_of
from qaitar.web.api.cursors import place_read
from qaitar.web.api.operations import Body, Entry, caller, moment, operation, prepared
from qaitar.web.api.problems import Turned, invalid, missing
from qaitar.web.api.schemas import At, InModel, Moment, MoneyOut, On, OutModel, Uuid

if TYPE_CHECKING:
    from collections.abc import Collection

    from qaitar.orders.models import Order

router = Router(tags=["orders"])
FILE_MAX_BYTES: Final = 64 * 1024 * 1024
REJECTED_MAX: Final = 1_000


class OrdersQuery(InModel):
    """Which orders: the newest first; `code` finds by the number the buyer sees."""

    store: UUID | None = None
    code: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    ordered_before: Moment | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=100)] | None = None


class OrderRow(OutModel):
    """An order as lists show it; null is what no source has told."""

    id: Uuid
    merchant: Uuid
    store: Uuid
    code: str
    ordered_at: At | None
    state: str
    status: str
    total: MoneyOut
    payment_mode: str
    delivery_mode: str
    delivered_at: At | None
    updated_at: At


class OrdersPage(OutModel):
    """A page of orders; `next` is the cursor of the following one, null at the end."""

    items: list[OrderRow]
    next: str | None


class BuyerOut(OutModel):
    """Who bought."""

    name: str
    phone: str
    language: str


class LineOut(OutModel):
    """One article.  `price_minor` and `total_minor` are null where no source tells them: an export tells only the order's sum."""

    id: Uuid
    number: int
    offer_code: str
    name: str
    category_title: str
    quantity_milli: int
    price_minor: int | None
    total_minor: int | None
    status: str
    status_changed_on: On | None


class TenderOut(OutModel):
    """One way of paying."""

    kind: str
    amount_minor: int | None
    term_months: int | None


class UnitOut(OutModel):
    """One physical thing by serial, IMEI or marking code."""

    kind: str
    value: str
    noted_at: At


class OrderOut(OrderRow):
    """A whole order."""

    customer: BuyerOut | None
    lines: list[LineOut]
    tenders: list[TenderOut]
    units: list[UnitOut]
    status_changed_on: On | None
    planned_delivery_at: At | None
    courier_handed_at: At | None
    cancellation_reason: str
    erp_number: str
    waybill_number: str


class ImportForm(InModel):
    """Whose orders the file holds."""

    store: UUID


class RejectedOut(OutModel):
    """A row that could not be taken."""

    row: int
    sheet: str
    code: str
    reason: str


class PlacedOut(OutModel):
    """A store rows went to, because they carry its shop number."""

    store: Uuid
    rows: int


class ImportOut(OutModel):
    """What became of a file: read = created + updated + unchanged + rejected."""

    id: Uuid
    state: str
    read: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    problem: str
    rejections: list[RejectedOut]
    elsewhere: list[PlacedOut]
    notes: list[RejectedOut]
    shop_number_learnt: str


@router.get("/orders", response=OrdersPage, operation_id="orders_list", summary="Orders")
@operation(Entry("read"))
def orders_list(request: HttpRequest, query: Query[OrdersQuery]) -> HttpResponse:
    """List orders, the newest first; those without a date of order are found by their code only."""
    place = place_read(query.cursor)
    wanted = OrdersWanted(
        store_id=query.store,
        code=query.code or "",
        ordered_before=query.ordered_before,
        after=(place.at, place.id) if place else None,
    )
    found = orders_walk(caller(request).merchants, wanted, query.limit + 1)
    page = found[: query.limit]
    last_row = page[-1] if len(found) > query.limit else None
    following = f"{text_of(last_row.ordered_at)}~{last_row.pk}" if last_row else None
    return answer({"items": [_row(order) for order in page], "next": following})


def _row(order: Order) -> dict[str, Any]:
    return {
        "id": str(order.pk),
        "merchant": str(order.merchant_id),
        "store": str(order.store_id),
        "code": order.code,
        "ordered_at": text_of(order.ordered_at),
        "state": order.state,
        "status": order.status,
        "total": {"minor": order.total_minor, "currency": order.currency},
        "payment_mode": order.payment_mode,
        "delivery_mode": order.delivery_mode,
        "delivered_at": text_of(order.delivered_at),
        "updated_at": order.updated_at.isoformat(),
    }


@router.get(
    "/orders/{uuid:order_id}", response=OrderOut, operation_id="orders_card", summary="An order"
)
@operation(Entry("read"))
def orders_card(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Show an order with its lines, ways of paying, units and buyer."""
    card = order_card(order_id)
    if card is None:
        raise missing()
    return answer({**_row(card.order), **_inside(card, caller(request).phones_masked)})


def _inside(card: OrderCard, masked: Collection[UUID]) -> dict[str, Any]:
    order, buyer = card.order, card.customer
    phone = buyer.phone if buyer else ""
    if order.merchant_id in masked:
        phone = mask_phone(phone)
    lines = (
        "number",
        "offer_code",
        "name",
        "category_title",
        "quantity_milli",
        "price_minor",
        "total_minor",
        "status",
    )
    return {
        "customer": {"name": buyer.name, "phone": phone, "language": buyer.language}
        if buyer
        else None,
        "lines": [
            {
                "id": str(line.pk),
                **{name: getattr(line, name) for name in lines},
                "status_changed_on": text_of(line.status_changed_on),
            }
            for line in card.lines
        ],
        "tenders": [
            {
                "kind": tender.kind,
                "amount_minor": tender.amount_minor,
                "term_months": tender.term_months,
            }
            for tender in card.tenders
        ],
        "units": [
            {"kind": unit.kind, "value": unit.value, "noted_at": unit.noted_at.isoformat()}
            for unit in card.units
        ],
        "status_changed_on": text_of(order.status_changed_on),
        "planned_delivery_at": text_of(order.planned_delivery_at),
        "courier_handed_at": text_of(order.courier_handed_at),
        "cancellation_reason": order.cancellation_reason,
        "erp_number": order.erp_number,
        "waybill_number": order.waybill_number,
    }


def _may_import(request: HttpRequest) -> None:
    """Turn away whose role may import nowhere, before the file is stored; at which store is judged by the import itself."""
    who = caller(request)
    if not who.may(WORKERS):
        raise RoleNotAllowed(next(iter(who.roles.values())))


def _uploaded_orders(request: HttpRequest) -> OrdersUpload:
    """Judge and keep the export, with no transaction open."""
    files = request.FILES.getlist("file")
    if len(files) != 1:
        raise invalid("#/file", _("Send one file, as “file”."), code="FILES_NUMBER")
    report = orders_file_take(files[0].read(), files[0].name or "orders")
    if isinstance(report, RefusedFile):
        raise invalid("#/file", str(report.reason), code=report.code)
    return report


@router.post(
    "/orders/import",
    response=ImportOut,
    operation_id="orders_import",
    summary="Take an export of orders in",
)
@operation(
    Entry(
        "write",
        body=Body.FORM,
        bytes_max=FILE_MAX_BYTES,
        check=_may_import,
        prepare=_uploaded_orders,
    )
)
def orders_imported(
    request: HttpRequest,
    form: Form[ImportForm],
    file: File[UploadedFile],  # noqa: ARG001  declares the file; the door has kept it
) -> HttpResponse:
    """Merge an export of the cabinet into a store's orders; the same file again changes nothing."""
    store = store_find(form.store)
    if store is None:
        raise missing()
    by, now = caller(request).actor_at(store.merchant_id), moment(request)
    try:
        done = orders_import(store=store, file=prepared(request), by=by, now=now)
    except MergeBusy:
        detail = _("Another import of this merchant is running. Try again in a minute.")
        raise Turned(409, "MERGE_BUSY", detail, headers={"Retry-After": "60"}) from None
    run = done.run
    counts = ("read", "created", "updated", "unchanged", "rejected", "problem", "state")
    rejected = import_rejections(run.pk, limit=REJECTED_MAX) if run.rejected else []
    return answer(
        {
            "id": str(run.pk),
            **{name: getattr(run, name) for name in counts},
            "rejections": [
                {
                    "row": row.row_number,
                    "sheet": row.sheet,
                    "code": row.reason_code,
                    "reason": row.reason,
                }
                for row in rejected
            ],
            "elsewhere": [
                {"store": each["id"], "rows": each["rows"]} for each in run.report.get("stores", ())
            ],
            "notes": [dict(each) for each in run.report.get("notes", ())],
            "shop_number_learnt": run.report.get("number", ""),
        }
    )
