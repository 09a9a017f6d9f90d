"""The cabinet's refunds service: counts, list by tab, detail, photos.  Nothing here writes: the write calls are not known."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from qaitar.sandbox.kaspi.ledger import ARRIVED, STEPS, TABS, Filing, Ledger
from qaitar.sandbox.kaspi.shop_api import tenge

PREFIX = "/refund/api/v1/merchant-cabinet"
TITLES = {
    "NEW": "Новые",
    "ON_DELIVERY": "На доставке",
    "WAITING_DECISION": "Ожидают решения",
    "DISPUTE": "Споры",
    "CLOSED": "Закрытые заявки",
}
CALLS = {
    "/load-refunds-count": "counts",
    "/load-refunds-by-tab": "list",
    "/load-refund-details": "details",
}
_IMAGES = re.compile(r"/refund/([0-9a-f]{24})/images/preview\Z")
_LOCAL = timezone(timedelta(hours=5))
Answer = tuple[int, Any]

if TYPE_CHECKING:
    from collections.abc import Mapping


def local_iso(moment: datetime | None) -> str | None:
    """Write a time the way the cabinet does: Almaty's wall clock without a zone."""
    return None if moment is None else moment.astimezone(_LOCAL).replace(tzinfo=None).isoformat()


def call_of(path: str) -> str:
    """Name the kind of call, for scripted faults."""
    return CALLS.get(path, "images")


def answer(
    ledger: Ledger, merchant_id: str, path: str, query: Mapping[str, str], site: str
) -> Answer:
    """Answer one GET below the prefix; `site` is the address photos are served from."""
    own = [f for f in ledger.filings.values() if f.order.merchant_id == merchant_id]
    if path == "/load-refunds-count":
        return 200, [_count(own, tab) for tab in TABS]
    if path == "/load-refunds-by-tab":
        return _list(own, query)
    if path == "/load-refund-details":
        wanted = (query.get("refundId"), query.get("code"))
        return _one([_detail(f, site) for f in own if (f.refund_id, f.number) == wanted])
    if found := _IMAGES.match(path):
        return _one(
            [[{"imageUrl": url} for url in _urls(f, site)] for f in own if f.refund_id == found[1]]
        )
    return 404, {"message": "Not found"}


def _one(found: list[Any]) -> Answer:
    return (200, found[0]) if found else (404, {"message": "Not found"})


def _count(own: list[Filing], tab: str) -> dict[str, Any]:
    return {"tab": tab, "tabTitle": TITLES[tab], "total": sum(f.tab == tab for f in own)}


def _list(own: list[Filing], query: Mapping[str, str]) -> Answer:
    tab, page, size = query.get("tab"), query.get("p", ""), query.get("s", "")
    if tab not in TABS or not page.isdigit() or not size.isdigit() or int(size) > 10:  # noqa: PLR2004  larger pages are refused
        return 400, {"message": "Bad Request"}
    chosen = sorted(
        (f for f in own if f.tab == tab), key=lambda f: (f.filed, f.number), reverse=True
    )
    start = int(page) * int(size)
    return 200, {
        "data": [_item(f) for f in chosen[start : start + int(size)]],
        "total": len(chosen),
    }


def _item(filing: Filing) -> dict[str, Any]:
    buyer, claim = filing.order.buyer, filing.claim
    return {
        "refundId": filing.refund_id,
        "applicationNumber": filing.number,
        "tab": filing.tab,
        "reason": claim.reason,
        "refundReason": {"reason": claim.reason, "reasonDescription": claim.reason_text},
        "plannedDate": local_iso(filing.control),
        "order": filing.order.code,
        "productSku": filing.goods.card,
        "customer": f"{buyer.first_name} {buyer.last_name[:1]}.",
        "sum": tenge(filing.total_tiyn),
        "quantity": filing.quantity,
        "unit": "шт",
        "weight": None,
        "description": filing.status_text,
    }


def _detail(filing: Filing, site: str) -> dict[str, Any]:
    item = _item(filing)
    buyer, phone = filing.order.buyer, filing.order.buyer.phone
    shown = f"+7({phone[:3]})-{phone[3:6]}-{phone[6:8]}-{phone[8:]}"
    days = (filing.filed - filing.order.completed).days if filing.order.completed else None
    return item | {
        "responsible": "MERCHANT",
        "customerId": None,
        "customerName": f"{buyer.first_name} {buyer.last_name[:1]}.",
        "customerPhone": "+0(000)-000-00-00" if filing.tab == "CLOSED" else shown,
        "deliveryType": "KASPI_DELIVERY",
        "refundTab": filing.tab,
        "address": None,
        "orderAddress": filing.order.address,
        "productName": filing.goods.name,
        "productPrice": tenge(filing.goods.price_tiyn),
        "total": tenge(filing.total_tiyn),
        "totalWithdraw": tenge(filing.withdraw_tiyn) if filing.granted else None,
        "unitCode": "796",
        "rejectDescription": filing.reject_text,
        "comment": filing.claim.comment,
        "stepDescription": STEPS[filing.step][1],
        "examinationProtocolExist": False,
        "actions": [],
        "stateSteps": _steps(filing),
        "klTrackUrl": f"https://ksint.kaspi.kz/ksl/tracking/order/{filing.number}-R",
        "imageUrls": _urls(filing, site),
        "orderCompletionDate": local_iso(filing.order.completed),
        "daysCountBetweenRefundCreationAndOrderCompletion": days,
        "merchantHint": None,
        "createdDate": local_iso(filing.filed),
    }


def _steps(filing: Filing) -> list[dict[str, Any]]:
    """Show passed steps and the current one; a closed request has no current step."""
    done = filing.tab == "CLOSED"
    steps = []
    for index, (kind, title) in enumerate(STEPS[: filing.step + 1]):
        current = index == filing.step and not done
        passed_well = not current and not (filing.refused and index == filing.step)
        steps.append(
            {
                "title": title,
                "stepStatus": "IN_PROGRESS" if current else "SUCCESS",
                "stage": "CURRENT" if current else "PASSED",
                "result": "POSITIVE" if passed_well else None,
                "expirationTime": local_iso(filing.control) if current else None,
                "stepType": kind,
                "delayed": False,
                "comment": filing.order.address if index == ARRIVED else None,
                "additionalText": None,
                "inspectionResultUrl": None,
                "stepAction": None,
                "stepHint": None,
            }
        )
    return steps


def _urls(filing: Filing, site: str) -> list[str]:
    """Give photos' addresses; another picture in a photo's place has another address, as where pictures are stored for good."""
    photos = enumerate(filing.claim.photos)
    marks = ((n, hashlib.sha256(body).hexdigest()[:12]) for n, body in photos)
    return [f"{site}/photos/{filing.refund_id}/{n}?v={mark}" for n, mark in marks]
