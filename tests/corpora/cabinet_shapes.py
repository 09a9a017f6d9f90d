"""A return request of the cabinet and its two shapes, the list's item and the detail, each with what it says in our units.

Shapes as captured on 2026-08-26; the detail has its own names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from random import Random

REASONS: Final = {
    "SIZE_MISMATCH": "Не подошел размер", "WRONG": "Не как на фото или в описании", "DEFECT": "Брак",
}  # fmt: skip
STATUSES: Final = ("Ожидает вашего решения", "Возврат оформляется", "Возврат оформлен", "Спор")
KNOWN: Final = {
    "NEW": "NEW", "WAITING_DECISION": "AWAITING_DECISION", "ON_DELIVERY": "IN_DELIVERY", "DISPUTE": "DISPUTE", "CLOSED": "CLOSED",
}  # fmt: skip
ALMATY: Final = timedelta(hours=5)
Look = tuple[dict[str, Any], dict[str, Any], dict[str, str]]
"""A shape, what it says in our units, and the fields of it that cannot be read with why."""


@dataclass
class Request:
    """A request as the marketplace holds it now; money in tiyn, quantity in thousandths, the control date in UTC."""

    refund_id: str
    number: str
    order: str
    tab: str
    reason: str
    origin: str
    status: str
    planned: datetime
    minor: int
    milli: int
    created: datetime

    def move(self, dice: Random, tabs: tuple[str, ...]) -> None:
        """Change it on the marketplace's side."""
        self.tab = dice.choice(tabs)
        self.status = dice.choice(STATUSES)
        self.reason = dice.choice((self.reason, self.reason, *REASONS))
        self.planned += timedelta(days=dice.choice((0, 0, 1, 3)))
        self.minor = dice.choice((self.minor, self.minor, self.minor + 50))


def new_request(dice: Random, serial: int, tabs: tuple[str, ...]) -> Request:
    """Make a request; about one in thirty has its number in another form."""
    order = str(700_000_000 + serial)
    mark = dice.choice(("/", "–", " ")) if dice.random() < 0.03 else "-"
    reason = dice.choice(tuple(REASONS))
    return Request(
        refund_id=f"{serial:08x}{dice.randrange(16**16):016x}",
        number=f"{order}{mark}{dice.randrange(1, 4)}",
        order=order,
        tab=dice.choice(tabs),
        reason=reason,
        origin=reason,
        status=dice.choice(STATUSES),
        planned=datetime(2026, 12, dice.randrange(1, 28), 13, tzinfo=UTC),
        minor=dice.choice((410_000, dice.randrange(1, 10**8), dice.randrange(1, 10**6) * 100)),
        milli=dice.choice((1000, 1000, 2000, 12_000, 500)),
        created=datetime(2026, 11, dice.randrange(1, 29), 4, 30, tzinfo=UTC),
    )


def item_of(dice: Random, request: Request) -> Look:
    """Give the list's item of a request."""
    item = {
        "refundId": request.refund_id,
        "applicationNumber": _with_spaces(dice, request.number),
        "tab": request.tab,
        "reason": request.reason,
        "refundReason": {"reason": request.reason, "reasonDescription": REASONS[request.reason]},
        "plannedDate": _time(dice, request.planned),
        "order": dice.choice((request.order, int(request.order))),
        "productSku": "162495789",
        "customer": "Тест К.",
        "sum": _amount(dice, request.minor),
        "quantity": _quantity(dice, request.milli),
        "unit": "PIECES",
        "weight": 1.0,
        "description": request.status,
    }
    stated = _stated(request) | {"planned_at": request.planned, "customer_name": "Тест К."}
    return _spoiled(dice, item, stated, {"sum": "amount_minor", "quantity": "quantity_milli"})


def detail_of(dice: Random, request: Request) -> Look:
    """Give the detail of a request: its own names, the status in `stepDescription`, the control date in the current step."""
    closed = request.tab == "CLOSED"
    changed = request.reason != request.origin
    history = {
        "originReason": request.origin,
        "originReasonDescription": REASONS[request.origin],
        "changeContext": "KASPI_CHECK" if changed else None,
    }
    step = {"result": None, "delayed": False, "comment": None, "stepHint": None}
    detail = {
        "refundId": request.refund_id,
        "applicationNumber": request.number,
        "responsible": "MERCHANT",
        "order": request.order,
        "customerId": "10000001",
        "customerName": "Тест К.",
        "customerPhone": "+0(000)-000-00-00" if closed else "+7(701)-000-00-01",
        "refundReason": {
            "reason": request.reason,
            "reasonDescription": REASONS[request.reason],
            "reasonChangeHistory": dice.choice((history, [history])),
        },
        "deliveryType": "KASPI_DELIVERY",
        "refundTab": request.tab,
        "address": None,
        "orderAddress": None,
        "productSku": "162495789",
        "quantity": _quantity(dice, request.milli),
        "productPrice": _amount(dice, request.minor),
        "total": _amount(dice, request.minor),
        "totalWithdraw": _amount(dice, request.minor * 7 // 8),
        "rejectDescription": "",
        "comment": dice.choice((None, "мал")),
        "stepDescription": request.status,
        "actions": [],
        "stateSteps": [
            {"title": "Заявка принята", "stepStatus": "SUCCESS", "stage": "PASSED", "stepType": "MERCHANT_APPROVAL", "expirationTime": "2026-01-01T18:00:00", **step},
            {"title": "Решение", "stepStatus": "IN_PROGRESS", "stage": "PASSED" if closed else "CURRENT", "stepType": "MERCHANT_DECISION", "expirationTime": _time(dice, request.planned), **step},
        ],
        "klTrackUrl": f"https://ksint.kaspi.kz/ksl/tracking/order/{request.order}-R",
        "imageUrls": [f"https://images.example/{request.refund_id}"],
        "orderCompletionDate": "2026-10-01T10:00:00",
        "merchantHint": None,
        "createdDate": _time(dice, request.created),
    }  # fmt: skip
    stated = _stated(request) | {
        "planned_at": None if closed else request.planned,
        "customer_name": "Тест К.",
        "customer_phone_raw": None if closed else "+7(701)-000-00-01",
        "price_minor": request.minor,
        "total_withdraw_minor": request.minor * 7 // 8,
        "comment": detail["comment"],
        "created_at": request.created,
        "image_urls": (f"https://images.example/{request.refund_id}",),
        "reason_origin_code": request.origin if changed else None,
    }
    return _spoiled(dice, detail, stated, {"total": "amount_minor", "quantity": "quantity_milli"})


def _stated(request: Request) -> dict[str, Any]:
    return {
        "refund_id": request.refund_id,
        "section": KNOWN.get(request.tab),
        "section_raw": request.tab,
        "order_code": request.order,
        "reason_code": request.reason,
        "reason_text": REASONS[request.reason],
        "status_text": request.status,
        "product_sku": "162495789",
        "amount_minor": request.minor,
        "quantity_milli": request.milli,
    }


def _spoiled(
    dice: Random, shape: dict[str, Any], stated: dict[str, Any], numbers: dict[str, str]
) -> Look:
    """Make a field unreadable now and then, leave another out, and shuffle the names."""
    unread: dict[str, str] = {}
    if stated["section"] is None:
        unread["tab" if "tab" in shape else "refundTab"] = "unknown_section"
    if dice.random() < 0.05:
        name = dice.choice(tuple(numbers))
        shape[name] = dice.choice(("-", [], "13 тысяч", True, -1))
        stated[numbers[name]] = None
        unread[name] = "unread"
    if dice.random() < 0.03:
        del shape["productSku"]
        stated["product_sku"] = None
        unread["productSku"] = "missing"
    if "plannedDate" in shape and dice.random() < 0.04:
        shape["plannedDate"] = "скоро"
        stated["planned_at"] = None
        unread["plannedDate"] = "not_a_date"
    return dict(dice.sample(list(shape.items()), len(shape))), stated, unread


def _with_spaces(dice: Random, number: str) -> str:
    return f" {number} " if dice.random() < 0.05 else number


def _time(dice: Random, moment: datetime) -> str:
    """Write a moment as the cabinet does, in Almaty's time without a zone, or with one."""
    local = (moment + ALMATY).replace(tzinfo=None)
    return dice.choice((local.isoformat(), local.isoformat(), f"{local.isoformat()}+05:00"))


def _amount(dice: Random, minor: int) -> Any:
    whole, part = divmod(minor, 100)
    plain = f"{whole}.{part:02d}"
    forms = [f"@@{plain}@@", f"@@{plain}@@", plain, f"@@{minor}E-2@@"]
    return dice.choice([*forms, whole] if not part else forms)


def _quantity(dice: Random, milli: int) -> Any:
    whole, part = divmod(milli, 1000)
    forms: list[Any] = [f"@@{milli / 1000}@@", str(milli / 1000)]
    return dice.choice([*forms, whole, whole, whole] if not part else forms)
