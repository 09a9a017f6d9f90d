"""The cabinet's refunds service: counts, list by tab, detail, photos.  Nothing here writes: the write calls are not known."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from qaitar.sandbox.kaspi.behaviour import Behaviour, ClosedOrder, DetailShape, Total
from qaitar.sandbox.kaspi.ledger import AUTO_TEXT, DECISION, STEPS, BuyerFiling, KaspiLedger
from qaitar.sandbox.kaspi.numbers import tenge

PREFIX = "/refund/api/v1/merchant-cabinet"
TITLES = {  # in the order of the captured counts
    "WAITING_DECISION": "Ожидают решения",
    "ON_DELIVERY": "На доставке",
    "CLOSED": "Закрытые заявки",
    "DISPUTE": "Споры",
    "NEW": "Новые",
}
PASSED_TITLES = (  # of the captured steps; the third goes on with the address
    "Заявка принята",
    "Покупатель оставил товар в Kaspi Postomat",
    "Мы доставили товар на склад, по адресу {address}",
    "Вы оформили возврат",
    "Возврат оформлен",
)
UNIT = "PIECES"
CALLS = {
    "/load-refunds-count": "counts",
    "/load-refunds-by-tab": "list",
    "/load-refund-details": "details",
}
PAGE_SIZE_MAX = 10  # larger pages are refused
_IMAGES = re.compile(r"/refund/([0-9a-f]{24})/images/preview\Z")
_LOCAL = timezone(timedelta(hours=5))
Answer = tuple[int, Any]

if TYPE_CHECKING:
    from collections.abc import Mapping


def local_iso(moment: datetime | None) -> str | None:
    """Write a date to act by the way the cabinet does: Almaty's wall clock without a zone."""
    return None if moment is None else moment.astimezone(_LOCAL).replace(tzinfo=None).isoformat()


def local_iso_ms(moment: datetime | None) -> str | None:
    """Write a day something happened the way the cabinet does: the same with milliseconds."""
    if moment is None:
        return None
    return moment.astimezone(_LOCAL).replace(tzinfo=None).isoformat(timespec="milliseconds")


def call_of(path: str) -> str:
    """Name the kind of call, for scripted faults."""
    return CALLS.get(path, "images")


@dataclass(frozen=True, slots=True)
class _Cabinet:
    """One shop's requests, the address photos are served from, and the switches."""

    own: list[BuyerFiling]
    site: str
    behaviour: Behaviour

    @property
    def titles(self) -> dict[str, str]:
        """Sections and their titles."""
        return TITLES | self.behaviour.extra_tabs

    def number(self, filing: BuyerFiling) -> str:
        """Write an application number as the service does."""
        return filing.number.replace("-", self.behaviour.number_separator)


def answer(
    ledger: KaspiLedger,
    merchant_id: str,
    path: str,
    query: Mapping[str, str],
    site: str,
    behaviour: Behaviour | None = None,
) -> Answer:
    """Answer one GET below the prefix; `site` is the address photos are served from."""
    own = [f for f in ledger.filings.values() if f.order.merchant_id == merchant_id]
    cabinet = _Cabinet(own, site, behaviour or Behaviour())
    if path == "/load-refunds-count":
        return 200, [_count(cabinet, tab) for tab in cabinet.titles]
    if path == "/load-refunds-by-tab":
        return _list(cabinet, query)
    if path == "/load-refund-details":
        wanted = (query.get("refundId"), query.get("code"))
        return _one(
            [_detail(f, cabinet) for f in own if (f.refund_id, cabinet.number(f)) == wanted]
        )
    if found := _IMAGES.match(path):
        return _one(
            [[{"imageUrl": url} for url in _urls(f, site)] for f in own if f.refund_id == found[1]]
        )
    return 404, {"message": "Not found"}


def _one(found: list[Any]) -> Answer:
    return (200, found[0]) if found else (404, {"message": "Not found"})


def _count(cabinet: _Cabinet, tab: str) -> dict[str, Any]:
    total = sum(f.tab == tab for f in cabinet.own)
    return {"tab": tab, "tabTitle": cabinet.titles[tab], "total": total}


def _list(cabinet: _Cabinet, query: Mapping[str, str]) -> Answer:
    tab, page, size = query.get("tab", ""), query.get("p", ""), query.get("s", "")
    if not page.isdigit() or not size.isdigit() or not 0 < int(size) <= PAGE_SIZE_MAX:
        return 400, {"message": "Bad Request"}
    if tab not in cabinet.titles:
        return 400, {"message": "Bad Request"}
    behaviour = cabinet.behaviour
    chosen = _sorted([f for f in cabinet.own if f.tab == tab], tab, behaviour.closed_order)
    rows = behaviour.page_size or int(size)
    listed = chosen[int(page) * rows : (int(page) + 1) * rows]
    total = len(listed if behaviour.total is Total.THIS_PAGE else chosen)
    return 200, {"data": [_item(f, cabinet) for f in listed], "total": total}


def _sorted(filings: list[BuyerFiling], tab: str, order: ClosedOrder) -> list[BuyerFiling]:
    """Sort a section; open ones newest first."""
    if tab == "CLOSED" and order is ClosedOrder.BY_ID:
        return sorted(filings, key=lambda f: f.refund_id)
    newest_first = tab != "CLOSED" or order is ClosedOrder.NEWEST_FIRST
    return sorted(filings, key=lambda f: (f.filed, f.number), reverse=newest_first)


def _item(filing: BuyerFiling, cabinet: _Cabinet) -> dict[str, Any]:
    return {
        "refundId": filing.refund_id,
        "applicationNumber": cabinet.number(filing),
        "tab": filing.tab,
        "reason": filing.reason,
        "refundReason": {"reason": filing.reason, "reasonDescription": filing.reason_text},
        "plannedDate": local_iso(filing.control),
        "order": filing.order.code,
        "productSku": filing.goods.card,
        "customer": _short_name(filing),
        "sum": tenge(filing.total_tiyn),
        "quantity": filing.quantity,
        "unit": UNIT,
        "weight": 1.0,
        "description": filing.status_text,
    }


def _detail(filing: BuyerFiling, cabinet: _Cabinet) -> dict[str, Any]:
    """Give the captured detail; with `WITH_LIST_FIELDS` the list item's fields besides."""
    number, buyer = cabinet.number(filing), filing.order.buyer
    days = (filing.filed - filing.order.completed).days if filing.order.completed else None
    detail = {
        "refundId": filing.refund_id,
        "applicationNumber": number,
        "responsible": "MERCHANT",
        "order": filing.order.code,
        "customerId": str(10_000_000 + int(hashlib.sha256(buyer.phone.encode()).hexdigest(), 16) % 90_000_000),
        "customerName": _short_name(filing),
        "customerPhone": _phone_as_listed(filing),
        "refundReason": _reason(filing),
        "deliveryType": "KASPI_DELIVERY",
        "refundTab": filing.tab,
        "address": None,
        "orderAddress": None,
        "productSku": filing.goods.card,
        "quantity": filing.quantity,
        "productPrice": tenge(filing.goods.price_tiyn),
        "total": tenge(filing.total_tiyn),
        "totalWithdraw": tenge(filing.withdraw_tiyn) if filing.granted else None,
        "weight": 1.0,
        "unit": UNIT,
        "unitCode": UNIT,
        "rejectDescription": filing.reject_text or "",
        "comment": filing.claim.comment or None,
        "stepDescription": filing.status_text,
        "examinationProtocolExist": False,
        "actions": [],
        "stateSteps": _steps(filing),
        "klTrackUrl": f"https://ksint.kaspi.kz/ksl/tracking/order/{number}-R",
        "imageUrls": _urls(filing, cabinet.site),
        "orderCompletionDate": local_iso_ms(filing.order.completed),
        "daysCountBetweenRefundCreationAndOrderCompletion": days,
        "merchantHint": None,
        "createdDate": local_iso_ms(filing.filed),
    }  # fmt: skip
    if cabinet.behaviour.detail_shape is DetailShape.WITH_LIST_FIELDS:
        return _with_list_fields(detail, filing, cabinet)
    return detail


def _with_list_fields(
    detail: dict[str, Any], filing: BuyerFiling, cabinet: _Cabinet
) -> dict[str, Any]:
    """Lay a list item's fields into a detail, and a few values as they were assumed before the capture."""
    item = _item(filing, cabinet)
    assumed = {
        "refundReason": item["refundReason"],
        "orderAddress": filing.order.address,
        "productName": filing.goods.name,
        "stepDescription": STEPS[filing.step][1],
    }
    return item | detail | assumed


def _short_name(filing: BuyerFiling) -> str:
    buyer = filing.order.buyer
    return f"{buyer.first_name} {buyer.last_name[:1]}."


def _phone_as_listed(filing: BuyerFiling) -> str:
    """Show the buyer's phone; of a closed request it is masked."""
    phone = filing.order.buyer.phone
    if filing.tab == "CLOSED":
        return "+0(000)-000-00-00"
    return f"+7({phone[:3]})-{phone[3:6]}-{phone[6:8]}-{phone[8:]}"


def _reason(filing: BuyerFiling) -> dict[str, Any]:
    """Tell the reason that counts now and the one the buyer gave; `changeContext` is null while they are the same."""
    given, changed = filing.claim, filing.relabelled.reason is not None
    return {
        "reason": filing.reason,
        "reasonDescription": filing.reason_text,
        "reasonChangeHistory": {
            "originReason": given.reason,
            "originReasonDescription": given.reason_text,
            "changeContext": filing.relabelled.context if changed else None,
        },
    }


def _steps(filing: BuyerFiling) -> list[dict[str, Any]]:
    """Show passed steps and the current one; of a closed request the last step stays the current one and is done."""
    closed = filing.tab == "CLOSED"
    steps = []
    for index, (kind, title) in enumerate(STEPS[: filing.step + 1]):
        current = index == filing.step
        running = current and not closed
        well = not running and (not current or filing.granted)
        due = filing.control if current else filing.reaction_due if index == 0 else None
        steps.append(
            {
                "title": title if running else _done_title(filing, index, current=current),
                "stepStatus": "IN_PROGRESS" if running else "SUCCESS",
                "stage": "CURRENT" if current else "PASSED",
                "result": "POSITIVE" if well else None,
                "expirationTime": local_iso(due),
                "stepType": kind,
                "delayed": False,
                "comment": None,
                "additionalText": None,
                "inspectionResultUrl": None,
                "stepAction": None,
                "stepHint": None,
            }
        )
    return steps


def _done_title(filing: BuyerFiling, index: int, *, current: bool) -> str:
    if current or (index == DECISION and filing.status_text == AUTO_TEXT):
        return filing.status_text
    return PASSED_TITLES[index].format(address=filing.order.address)


def _urls(filing: BuyerFiling, site: str) -> list[str]:
    """Give photos' addresses; another picture in a photo's place has another address, as where pictures are stored for good."""
    photos = enumerate(filing.claim.photos)
    marks = ((n, hashlib.sha256(body).hexdigest()[:12]) for n, body in photos)
    return [f"{site}/photos/{filing.refund_id}/{n}?v={mark}" for n, mark in marks]
