"""A small shop that lives: customers file, answer, hand goods over, dispute and withdraw; one thing at a time.

Everything it does follows from its seed, what stands in the stand-ins and the clock, so a restart goes on in step.
What happened before the world was born stays as it is until somebody presses a button on it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from qaitar.sandbox.kaspi.ledger import OPEN_TABS, LedgerRefusal, SoldOrder
from qaitar.sandbox.shelf import ADDRESSES, BUYERS, GOODS, claim_of, some_grievance
from qaitar.sandbox.usedesk.account import Denied

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.sandbox.kaspi.ledger import BuyerFiling, LedgerEvent
    from qaitar.sandbox.outside import Outside

FIRST_CODE: Final = 720_000_000
CONTROL_DAYS: Final = 2  # the marketplace gives a new request about two days


@dataclass(frozen=True, slots=True)
class WorldPace:
    """How lively the shop is; ranges are seconds."""

    gap_s: float = 20.0
    new_every_s: tuple[float, float] = (120.0, 360.0)
    open_max: int = 36
    answer_s: tuple[float, float] = (60.0, 180.0)
    handover_s: tuple[float, float] = (90.0, 420.0)
    dispute_s: tuple[float, float] = (120.0, 360.0)
    verdict_s: tuple[float, float] = (300.0, 900.0)
    withdraw_s: tuple[float, float] = (300.0, 1200.0)


@dataclass(slots=True)
class Temper:
    """What one customer will do, drawn from the seed and the request's number alone."""

    dice: random.Random = field(repr=False)
    withdraws: bool = False
    loses: bool = False
    disputes: bool = False
    files_again: bool = False
    wins: bool = False

    @classmethod
    def of(cls, seed: int, number: str) -> Temper:
        """Draw it."""
        dice = random.Random(f"{seed}:{number}")  # noqa: S311  a play, not a secret
        drawn = [dice.random() for _ in range(5)]
        return cls(
            dice,
            withdraws=drawn[0] < 0.08,  # noqa: PLR2004  shares of customers
            loses=drawn[1] < 0.05,  # noqa: PLR2004  a chance
            disputes=drawn[2] < 0.35,  # noqa: PLR2004  a chance
            files_again=drawn[3] < 0.5,  # noqa: PLR2004  a chance
            wins=drawn[4] < 0.4,  # noqa: PLR2004  a chance
        )


class World:
    """Plays the customers and the marketplace of one shop; call `tick` every few seconds."""

    def __init__(
        self, outside: Outside, *, seed: int, born: datetime, pace: WorldPace | None = None
    ) -> None:
        """Start playing; requests that came before `born` are left alone until the seller acts on them."""
        self.outside = outside
        self.seed = seed
        self.born = born
        self.pace = pace or WorldPace()
        self.next_filing = born + timedelta(seconds=self.pace.new_every_s[0])
        self.quiet_until = born

    def state(self) -> dict[str, Any]:
        """Give what has to be kept over a restart."""
        return {
            "seed": self.seed,
            "born": self.born,
            "next_filing": self.next_filing,
            "quiet_until": self.quiet_until,
        }

    @classmethod
    def resumed(
        cls, outside: Outside, state: dict[str, Any], pace: WorldPace | None = None
    ) -> World:
        """Go on from a kept state."""
        world = cls(outside, seed=state["seed"], born=state["born"], pace=pace)
        world.next_filing, world.quiet_until = state["next_filing"], state["quiet_until"]
        return world

    def tick(self, now: datetime) -> str:
        """Let at most one thing happen and tell it in a sentence; '' when nothing did."""
        self.outside.kaspi.advance()
        if now < self.quiet_until:
            return ""
        event = self._answer(now) or self._move(now) or self._file(now)
        if event:
            self.quiet_until = now + timedelta(seconds=self.pace.gap_s)
        return event

    def _file(self, now: datetime) -> str:
        """File a new request once in a while, on an order of its own, while not too many are open."""
        if now < self.next_filing:
            return ""
        with self.outside.kaspi.still() as ledger:
            number = len(ledger.orders)
            open_now = sum(filing.tab in OPEN_TABS for filing in ledger.filings.values())
        dice = random.Random(f"{self.seed}/{number}")  # noqa: S311  a play, not a secret
        self.next_filing = now + timedelta(seconds=dice.uniform(*self.pace.new_every_s))
        if open_now >= self.pace.open_max:
            return ""
        order = sold_order(FIRST_CODE + number, dice, now - timedelta(days=dice.randint(2, 9)))
        self.outside.sell(order)
        claim = claim_of(order.goods[0], some_grievance(dice), seed=number)
        control = now + timedelta(days=CONTROL_DAYS)
        filing = self.outside.kaspi.file_return(order.code, claim, control=control)
        return f"{order.buyer.first_name} files {filing.number}: {claim.reason_text}"

    def _answer(self, now: datetime) -> str:
        """Let a customer answer the call centre in a ticket opened a while ago."""
        account = self.outside.usedesk.account
        with account.still() as tickets:
            waiting = [
                ticket
                for ticket in tickets.values()
                if ticket.at >= self.born and all(c.sender != "client" for c in ticket.comments)
            ]
        for ticket in waiting:
            temper = Temper.of(self.seed, f"ticket {ticket.id}")
            if (now - ticket.at).total_seconds() < temper.dice.uniform(*self.pace.answer_s):
                continue
            words = "Добрый день! Фото приложил к заявке, товар готов передать."
            fields = {"ticket_id": str(ticket.id), "message": words, "type": "public"}
            try:
                account.create_comment({**fields, "from": "client"}, ())
            except Denied:
                continue
            return f"a customer answers in ticket {ticket.id}"
        return ""

    def _move(self, now: datetime) -> str:
        """Let one request move on."""
        with self.outside.kaspi.still() as ledger:
            last: dict[str, LedgerEvent] = {deed.number: deed for deed in ledger.deeds}
            alive = [f for f in ledger.filings.values() if last[f.number].at >= self.born]
        moves = {
            "NEW": self._perhaps_withdraw,
            "ON_DELIVERY": self._perhaps_hand_over,
            "DISPUTE": self._perhaps_decide,
            "CLOSED": self._perhaps_object,
        }
        for filing in alive:
            move = moves.get(filing.tab)
            waited_s = (now - last[filing.number].at).total_seconds()
            try:
                event = move(filing, Temper.of(self.seed, filing.number), waited_s) if move else ""
            except LedgerRefusal:  # the seller was quicker
                continue
            if event:
                return event
        return ""

    def _perhaps_withdraw(self, filing: BuyerFiling, temper: Temper, waited_s: float) -> str:
        if not temper.withdraws or waited_s < temper.dice.uniform(*self.pace.withdraw_s):
            return ""
        self.outside.kaspi.customer_withdraws(filing.number)
        return f"the customer withdraws {filing.number}"

    def _perhaps_hand_over(self, filing: BuyerFiling, temper: Temper, waited_s: float) -> str:
        if temper.loses or waited_s < temper.dice.uniform(*self.pace.handover_s):
            return ""
        self.outside.kaspi.goods_arrive(filing.number)
        return f"the goods of {filing.number} arrive"

    def _perhaps_decide(self, filing: BuyerFiling, temper: Temper, waited_s: float) -> str:
        if waited_s < temper.dice.uniform(*self.pace.verdict_s):
            return ""
        self.outside.kaspi.decide_dispute(filing.number, for_buyer=temper.wins)
        return f"Kaspi decides the dispute about {filing.number}"

    def _perhaps_object(self, filing: BuyerFiling, temper: Temper, waited_s: float) -> str:
        """Dispute a refusal, or file again after it."""
        if not filing.refused or waited_s < temper.dice.uniform(*self.pace.dispute_s):
            return ""
        kaspi = self.outside.kaspi
        with kaspi.still() as ledger:
            attempts = [f for f in ledger.filings.values() if f.order is filing.order]
        if attempts[-1] is not filing:
            return ""
        if temper.disputes:
            kaspi.open_dispute(filing.number)
            return f"the customer disputes the refusal of {filing.number}"
        if temper.files_again and len(attempts) < 3:  # noqa: PLR2004  nobody files for ever
            control = self.outside.clock() + timedelta(days=CONTROL_DAYS)
            again = kaspi.file_return(filing.order.code, filing.claim, control=control)
            return f"the customer files again: {again.number}"
        return ""


def sold_order(code: int, dice: random.Random, issued: datetime) -> SoldOrder:
    """Make an order of one line, issued to its buyer at a moment, some days after it was placed."""
    goods = dice.choice(GOODS)
    term = dice.choice((None, None, 3, 6, 12, 24))
    return SoldOrder(
        code=str(code),
        created=issued - timedelta(days=dice.randint(1, 4), hours=dice.randint(1, 9)),
        buyer=dice.choice(BUYERS),
        goods=(goods,),
        state="ARCHIVE",
        status="COMPLETED",
        payment_mode="PREPAID" if term is None else "PAY_WITH_CREDIT",
        credit_term=term,
        address=dice.choice(ADDRESSES),
        planned_delivery=issued,
        courier_handed=issued - timedelta(hours=20),
        completed=issued,
        waybill_number=f"W{code}",
        assembled=True,
    )
