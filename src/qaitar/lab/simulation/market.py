"""The marketplace of the simulated world: customers file, answer, hand over, dispute; silence takes effect by its own clock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from qaitar.contracts.marketplace import ReturnReading, Section
from qaitar.sandbox.kaspi.ledger import OPEN_TABS, BuyerClaim, KaspiLedger, LedgerRefusal, SoldOrder
from qaitar.sandbox.shelf import BUYERS, GOODS, some_grievance

if TYPE_CHECKING:
    import random

    from qaitar.sandbox.kaspi.ledger import BuyerFiling

SECTIONS: Final = {
    "NEW": Section.NEW,
    "ON_DELIVERY": Section.IN_DELIVERY,
    "WAITING_DECISION": Section.AWAITING_DECISION,
    "DISPUTE": Section.DISPUTE,
    "CLOSED": Section.CLOSED,
}
FORGOTTEN_AFTER: Final = timedelta(days=5)  # a closed request nobody can reopen any more
FILED_SHARE: Final = 0.1


@dataclass(slots=True)
class Market:
    """Filings, and which of them changed since the seller last looked."""

    dice: random.Random
    ledger: KaspiLedger = field(default_factory=KaspiLedger)
    gone: list[BuyerFiling] = field(default_factory=list)
    changed: dict[str, None] = field(default_factory=dict)
    _deeds_seen: int = 0

    def sell(self, code: str, at: datetime) -> SoldOrder:
        """Sell one thing, issued at this moment."""
        order = SoldOrder(
            code=code,
            created=at - timedelta(days=2),
            buyer=self.dice.choice(BUYERS),
            goods=(self.dice.choice(GOODS),),
            state="ARCHIVE",
            status="COMPLETED",
            planned_delivery=at,
            completed=at,
            assembled=True,
        )
        return self.ledger.add_order(order)

    def file(self, code: str, at: datetime) -> BuyerFiling:
        """Let the buyer file; the date shown is between one day and three."""
        grievance = some_grievance(self.dice)
        claim = BuyerClaim(grievance.code, grievance.text, grievance.words)
        control = at + timedelta(hours=self.dice.choice((24, 48, 48, 72)))
        return self.ledger.file_return(code, claim, control=control, at=at)

    def moves(self, now: datetime) -> None:
        """Let silence take effect, and each customer and courier do at most one thing."""
        self.ledger.advance(now)
        for filing in list(self.ledger.filings.values()):
            try:
                self._move(filing, now)
            except LedgerRefusal:
                continue
        self._note_changes()
        for number, filing in list(self.ledger.filings.items()):
            if (
                filing.closed
                and filing.closed + FORGOTTEN_AFTER < now
                and number not in self.changed
            ):
                self.gone.append(self.ledger.filings.pop(number))

    def _note_changes(self) -> None:
        for deed in self.ledger.deeds[self._deeds_seen :]:
            self.changed[deed.number] = None
        self._deeds_seen = len(self.ledger.deeds)

    def _move(self, filing: BuyerFiling, now: datetime) -> None:
        chance = self.dice.random()
        number = filing.number
        if filing.tab == "ON_DELIVERY" and chance < 0.04:  # noqa: PLR2004  shares of customers and couriers
            self.ledger.goods_arrive(number, at=now)
        elif filing.tab in {"NEW", "ON_DELIVERY"} and chance > 0.998:  # noqa: PLR2004  a chance
            self.ledger.customer_withdraws(number, at=now)
        elif filing.tab == "DISPUTE" and chance < 0.03:  # noqa: PLR2004  a chance
            self.ledger.decide_dispute(number, for_buyer=self.dice.random() < 0.5, at=now)  # noqa: PLR2004  a chance
        elif filing.refused and filing.tab == "CLOSED" and chance < 0.02:  # noqa: PLR2004  a chance
            self._objects(filing, now)

    def _objects(self, filing: BuyerFiling, now: datetime) -> None:
        """Dispute a refusal, have it opened again, or file again."""
        code, attempt = filing.number.rsplit("-", 1)
        latest = f"{code}-{int(attempt) + 1}" not in self.ledger.filings
        how = self.dice.choice(("dispute", "reopen", "again"))
        if not latest or any(
            each.number == f"{code}-{int(attempt) + 1}" for each in self.gone[-50:]
        ):
            return
        if how == "dispute":
            self.ledger.open_dispute(filing.number, at=now)
        elif how == "reopen":
            self.ledger.reopen(filing.number, control=now + timedelta(days=2), at=now)
        elif filing.order.status == "COMPLETED":
            self.file(code, now)

    def readings(self, faults: float) -> list[ReturnReading]:
        """Show what changed, and something of what did not; with faults a page is missing, doubled or out of order."""
        self._note_changes()
        wanted = [number for number in self.changed if number in self.ledger.filings]
        others = [
            n
            for n, f in self.ledger.filings.items()
            if f.tab in OPEN_TABS and n not in self.changed
        ]
        wanted += self.dice.sample(others, min(len(others), 3))
        missed = {number for number in wanted if self.dice.random() < faults}
        rows = [
            self._reading(self.ledger.filings[number]) for number in wanted if number not in missed
        ]
        self.changed = {number: None for number in self.changed if number in missed}
        if self.dice.random() < faults:
            self.dice.shuffle(rows)
            rows += rows[:3]
        return rows

    @staticmethod
    def _reading(filing: BuyerFiling) -> ReturnReading:
        reading = ReturnReading(
            number=filing.number,
            refund_id=filing.refund_id,
            section=SECTIONS[filing.tab],
            section_raw=filing.tab,
            order_code=filing.order.code,
            reason_code=filing.claim.reason,
            reason_text=filing.claim.reason_text,
            status_text=filing.status_text,
            product_sku=filing.goods.offer_code,
            product_name=filing.goods.name,
            customer_name=f"{filing.order.buyer.first_name} {filing.order.buyer.last_name}",
            customer_phone_raw=filing.order.buyer.phone,
            amount_minor=filing.total_tiyn,
            total_withdraw_minor=filing.withdraw_tiyn,
            quantity_milli=filing.quantity * 1000,
            comment=filing.claim.comment,
            reject_text=filing.reject_text,
            created_at=filing.filed,
            order_completed_on=filing.order.completed.date() if filing.order.completed else None,
        )
        return reading if filing.tab == "CLOSED" else replace(reading, planned_at=filing.control)
