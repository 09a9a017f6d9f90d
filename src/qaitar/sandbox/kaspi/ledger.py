"""What the imitated marketplace knows and does: orders, return requests, their steps and clocks.  Time is passed in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

DECISION_TERM = timedelta(days=3)  # calendar days at the acceptance point
REFILE_TERM = timedelta(days=3)
DISPUTE_WORKING_DAYS = 5
COMMISSION_PER_MILLE = 125
TIYN = 100
OPEN_TABS = ("NEW", "ON_DELIVERY", "WAITING_DECISION", "DISPUTE")
TABS = (*OPEN_TABS, "CLOSED")
STEPS = (
    ("MERCHANT_APPROVAL", "Заявка на рассмотрении продавца"),
    ("BACKWARD_DELIVERY_BY_KASPI", "Товар возвращается"),
    ("BACKWARD_DELIVERY_BY_KASPI_FINISHED", "Мы доставили товар на склад"),
    ("MERCHANT_DECISION", "Решение продавца"),
    ("WAITING_PAYMENT", "Возврат денег"),
)
"""Steps and their titles while they are the current one; how passed ones are called is in `refunds_api`."""
APPROVAL, DELIVERY, ARRIVED, DECISION, PAYMENT = range(5)
AUTO_TEXT = "Вы не приняли решение, возврат оформлен автоматически"


class LedgerRefusal(Exception):
    """The marketplace would not let this be done now; the text says why."""


class Button(StrEnum):
    """The three buttons of a request in the cabinet."""

    TAKE = "TAKE"  # Получить товар на проверку
    REFUSE = "REFUSE"  # Отказать в возврате
    GRANT = "GRANT"  # Оформить возврат


PRESSABLE = {
    Button.TAKE: ("NEW",),
    Button.REFUSE: ("NEW", "WAITING_DECISION"),
    Button.GRANT: OPEN_TABS,  # a seller may decide for the buyer at any stage
}


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who bought; the phone has ten digits."""

    first_name: str = "Оксана"
    last_name: str = "Тестова"
    phone: str = "7000000001"


@dataclass(frozen=True, slots=True)
class Goods:
    """One line of an order; prices in tiyn."""

    offer_code: str = "KZ-001"
    name: str = "Чайник электрический"
    price_tiyn: int = 11_990_00
    quantity: int = 1
    card: str = "137957097"
    category_code: str = "Master - Kettles"
    category_title: str = "Чайники"

    @property
    def total_tiyn(self) -> int:
        """What the line costs, in tiyn."""
        return self.price_tiyn * self.quantity


@dataclass(slots=True, kw_only=True)
class SoldOrder:
    """One order; `state` and `status` move on, the rest stays."""

    code: str
    created: datetime
    buyer: Buyer = field(default_factory=Buyer)
    goods: tuple[Goods, ...] = (Goods(),)
    merchant_id: str = "30000001"
    state: str = "KASPI_DELIVERY"
    status: str = "ACCEPTED_BY_MERCHANT"
    payment_mode: str = "PREPAID"
    credit_term: int | None = None
    delivery_mode: str = "DELIVERY_PICKUP"
    is_kaspi_delivery: bool = True
    delivery_cost_tiyn: int = 0
    delivery_cost_seller_tiyn: int = 895_00
    address: str = "г. Алматы, ул. Примерная, д. 1"
    planned_delivery: datetime | None = None
    courier_handed: datetime | None = None
    completed: datetime | None = None
    waybill_number: str | None = None
    assembled: bool = False
    returned_to_warehouse: bool = False
    cancellation_reason: str | None = None

    @property
    def total_tiyn(self) -> int:
        """What the whole order costs, in tiyn."""
        return sum(line.total_tiyn for line in self.goods)


@dataclass(frozen=True, slots=True)
class BuyerClaim:
    """What a buyer says when filing; `line` counts from 0, no `quantity` means all of the line."""

    reason: str = "UNSUITABLE"
    reason_text: str = "Не понравился"
    comment: str = ""
    photos: tuple[bytes, ...] = ()
    line: int = 0
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Relabelling:
    """What Kaspi changed after its own check; None = left as filed.  `context` is its `changeContext`."""

    reason: str | None = None
    reason_text: str | None = None
    quantity: int | None = None
    total_tiyn: int | None = None
    context: str = "KASPI_CHECK"


@dataclass(slots=True, kw_only=True)
class BuyerFiling:
    """One return request; `control` is the date shown in red, `step` an index into STEPS.

    `reaction_due` is the date that was shown while the seller had to accept the request.
    """

    refund_id: str
    number: str
    order: SoldOrder
    claim: BuyerClaim
    filed: datetime
    control: datetime
    tab: str = "NEW"
    step: int = APPROVAL
    status_text: str = "Новая заявка"
    reject_text: str | None = None
    closed: datetime | None = None
    refused: bool = False
    granted: bool = False
    reaction_due: datetime | None = None
    relabelled: Relabelling = Relabelling()

    @property
    def reason(self) -> str:
        """Code of the reason as it counts now."""
        changed = self.relabelled.reason
        return self.claim.reason if changed is None else changed

    @property
    def reason_text(self) -> str:
        """The reason in words as it counts now."""
        changed = self.relabelled.reason_text
        return self.claim.reason_text if changed is None else changed

    @property
    def goods(self) -> Goods:
        """The line it is about."""
        return self.order.goods[self.claim.line]

    @property
    def quantity(self) -> int:
        """How many pieces come back."""
        return self.relabelled.quantity or self.claim.quantity or self.goods.quantity

    @property
    def total_tiyn(self) -> int:
        """What the pieces cost, in tiyn."""
        if self.relabelled.total_tiyn is not None:
            return self.relabelled.total_tiyn
        return self.goods.price_tiyn * self.quantity

    @property
    def withdraw_tiyn(self) -> int:
        """What is taken from the seller: the commission, in whole tenge, was given back already."""
        commission = self.total_tiyn * COMMISSION_PER_MILLE
        whole_tenge = (commission + 1000 * TIYN // 2) // (1000 * TIYN)
        return self.total_tiyn - whole_tenge * TIYN


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """One thing done to a request: who is SELLER, BUYER or KASPI.  Never changed or removed."""

    at: datetime
    number: str
    what: str
    who: str
    text: str = ""


class KaspiLedger:
    """All the imitated marketplace holds.  Not thread-safe by itself: the stand-in holds a lock."""

    def __init__(self) -> None:
        """Start empty."""
        self.orders: dict[str, SoldOrder] = {}
        self.filings: dict[str, BuyerFiling] = {}
        self.deeds: list[LedgerEvent] = []

    def add_order(self, order: SoldOrder) -> SoldOrder:
        """Put a sold order in; a code is used once."""
        assert order.code not in self.orders, "an order with this code exists"
        self.orders[order.code] = order
        return order

    def issue(self, code: str, *, at: datetime) -> None:
        """Give the goods to the buyer: from now on a return may be filed."""
        order = self.orders[code]
        order.state, order.status, order.completed = "ARCHIVE", "COMPLETED", at

    def cancel(self, code: str, reason: str) -> None:
        """Cancel an order before it was issued."""
        order = self.orders[code]
        order.state, order.status, order.cancellation_reason = "ARCHIVE", "CANCELLED", reason

    def file_return(
        self, code: str, claim: BuyerClaim, *, control: datetime, at: datetime
    ) -> BuyerFiling:
        """File a request for one line of an issued order; the last part of its number counts the attempts."""
        order = self.orders[code]
        earlier = [filing for filing in self.filings.values() if filing.order is order]
        if order.status != "COMPLETED":
            raise LedgerRefusal("Заказ ещё не выдан или уже возвращён.")
        if any(f.tab in OPEN_TABS and f.claim.line == claim.line for f in earlier):
            raise LedgerRefusal("По этому товару уже есть открытая заявка.")
        if (
            not 0
            < (claim.quantity or order.goods[claim.line].quantity)
            <= order.goods[claim.line].quantity
        ):
            raise LedgerRefusal("Столько товара не покупали.")
        number = f"{code}-{len(earlier) + 1}"
        refund_id = hashlib.sha256(number.encode()).hexdigest()[:24]
        filing = BuyerFiling(
            refund_id=refund_id, number=number, order=order, claim=claim, filed=at, control=control,
            reaction_due=control,
        )  # fmt: skip
        self.filings[number] = filing
        self._note(at, filing, "FILE", "BUYER", claim.comment)
        return filing

    def customer_withdraws(self, number: str, *, at: datetime) -> None:
        """Take a request back, possible until the goods are handed over."""
        filing = self._open(number, "NEW", "ON_DELIVERY")
        self._close(filing, at, "Возврат отменён")
        self._note(at, filing, "WITHDRAW", "BUYER")

    def goods_arrive(self, number: str, *, at: datetime) -> None:
        """Bring the goods to the acceptance point: the seller's three calendar days begin."""
        filing = self._open(number, "ON_DELIVERY")
        filing.tab, filing.step = "WAITING_DECISION", DECISION
        filing.control, filing.status_text = at + DECISION_TERM, "Примите решение по возврату"
        self._note(at, filing, "ARRIVE", "KASPI")

    def open_dispute(self, number: str, *, at: datetime) -> None:
        """Dispute a refusal within three days of it; Kaspi then hears both sides."""
        filing = self.filings[number]
        if not filing.refused or filing.closed is None or at > filing.closed + REFILE_TERM:
            raise LedgerRefusal("Спорить можно три дня после отказа.")
        filing.tab, filing.closed, filing.refused = "DISPUTE", None, False
        filing.control, filing.status_text = _after_working_days(at), "Открыт спор"
        self._note(at, filing, "DISPUTE", "BUYER")

    def decide_dispute(self, number: str, *, for_buyer: bool, at: datetime) -> None:
        """End a dispute; a decision for the buyer gives the money back."""
        filing = self._open(number, "DISPUTE")
        if for_buyer:
            self._grant(filing, at, "Возврат оформлен")
        else:
            self._close(filing, at, "Возврат отменён")
        self._note(at, filing, "DISPUTE_FOR_BUYER" if for_buyer else "DISPUTE_FOR_SELLER", "KASPI")

    def reopen(self, number: str, *, control: datetime, at: datetime) -> None:
        """Open a refused request again, as the marketplace does when the buyer calls with a new act."""
        filing = self.filings[number]
        if not filing.refused:
            raise LedgerRefusal("Открыть снова можно только отказанную заявку.")
        filing.tab, filing.step, filing.status_text = "NEW", APPROVAL, "Новая заявка"
        filing.closed, filing.refused, filing.reject_text = None, False, None
        filing.control = filing.reaction_due = control
        self._note(at, filing, "REOPEN", "KASPI")

    def relabel(self, number: str, change: Relabelling, *, at: datetime) -> None:
        """Change reason, quantity or sum, as Kaspi does after its own check; possible for closed requests too."""
        filing = self.filings[number]
        filing.relabelled = change
        self._note(at, filing, "RELABEL", "KASPI", change.context)

    def move(self, number: str, tab: str, *, at: datetime) -> None:
        """Put an open request into another section, which may be one no capture shows; its silence has no effect there."""
        filing = self.filings[number]
        if filing.tab == "CLOSED" or tab == "CLOSED":
            raise LedgerRefusal("Закрытую заявку не переносят, открытую так не закрывают.")
        filing.tab = tab
        self._note(at, filing, "MOVE", "KASPI", tab)

    def press(self, number: str, button: Button, text: str = "", *, at: datetime) -> None:
        """Do what a person's click on one of the three buttons does."""
        filing = self._open(number, *PRESSABLE[button])
        if button is Button.TAKE:
            self._take(filing)
        elif button is Button.GRANT:
            self._grant(filing, at, "Возврат оформлен")
        else:
            if not text.strip():
                raise LedgerRefusal("Укажите причину отказа.")
            self._close(filing, at, "Возврат отменён")
            filing.refused, filing.reject_text = True, text.strip()
        self._note(at, filing, button.value, "SELLER", text)

    def advance(self, now: datetime) -> None:
        """Let silence take effect: whatever passed its control date is decided against the seller."""
        for filing in self.filings.values():
            if filing.tab not in OPEN_TABS or filing.tab == "ON_DELIVERY" or now <= filing.control:
                continue
            if filing.tab == "NEW":
                self._take(filing)
                self._note(filing.control, filing, "AUTO_TAKE", "KASPI")
            else:
                self._grant(filing, filing.control, AUTO_TEXT)
                self._note(filing.control, filing, "AUTO_GRANT", "KASPI", AUTO_TEXT)

    def _open(self, number: str, *tabs: str) -> BuyerFiling:
        filing = self.filings.get(number)
        if filing is None:
            raise LedgerRefusal("Такой заявки нет.")
        if filing.tab not in tabs:
            raise LedgerRefusal("Сейчас это действие недоступно.")
        return filing

    @staticmethod
    def _take(filing: BuyerFiling) -> None:
        filing.tab, filing.step, filing.status_text = "ON_DELIVERY", DELIVERY, "Заявка принята"

    def _grant(self, filing: BuyerFiling, at: datetime, text: str) -> None:
        self._close(filing, at, text)
        filing.step, filing.granted = PAYMENT, True
        order = filing.order
        returned = sum(
            f.total_tiyn for f in self.filings.values() if f.granted and f.order is order
        )
        if returned >= order.total_tiyn:
            order.status, order.state = "RETURNED", "ARCHIVE"

    @staticmethod
    def _close(filing: BuyerFiling, at: datetime, text: str) -> None:
        filing.tab, filing.closed, filing.status_text = "CLOSED", at, text

    def _note(self, at: datetime, filing: BuyerFiling, what: str, who: str, text: str = "") -> None:
        self.deeds.append(LedgerEvent(at, filing.number, what, who, text))


def _after_working_days(at: datetime) -> datetime:
    """Move on by the dispute's working days, Monday to Friday; holidays are not imitated."""
    moment, left = at.astimezone(UTC), DISPUTE_WORKING_DAYS
    while left:
        moment += timedelta(days=1)
        left -= moment.isoweekday() <= 5  # noqa: PLR2004  Friday
    return moment
