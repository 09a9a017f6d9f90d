"""What other filings of the same order line bring back, so that together they never exceed what was sold.  Pure.

A filing refused, withdrawn, never arrived or lost in a dispute brings nothing back: filing again after it is lawful.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qaitar.returns.vocabulary import Outcome, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

_GRANTED: Final = frozenset(
    {Outcome.REFUNDED.value, Outcome.MARKETPLACE_REFUNDED.value, Outcome.DISPUTE_LOST.value}
)
_UNDECIDED: Final = frozenset(
    {Stage.NEW, Stage.WAITING_CUSTOMER, Stage.WAITING_APPROVAL, Stage.REFUSED}
)
_ON_THE_WAY: Final = frozenset({Stage.IN_DELIVERY, Stage.ARRIVED, Stage.DISPUTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFiling:
    """One filing of an order: which line, how much, where it stands.  Quantity in thousandths, amount in minor units."""

    number: str
    attempt: int
    stage: str
    outcome: str = ""
    line_id: UUID | None = None
    sku: str = ""
    name: str = ""
    quantity_milli: int = 1000
    amount_minor: int | None = None

    @property
    def granted(self) -> bool:
        """Tell whether the money goes back or went."""
        return self.stage == Stage.REFUND_GRANTED or self.outcome in _GRANTED


@dataclass(frozen=True, slots=True)
class Sold:
    """What was sold on the line: quantity in thousandths, its sum in minor units where it is known."""

    quantity_milli: int
    total_minor: int | None


@dataclass(frozen=True, slots=True)
class TooMuch:
    """More would come back than was sold; `numbers` are the other filings that bring the rest."""

    numbers: tuple[str, ...]
    quantity_milli: int
    sold_milli: int


def same_item(one: OrderFiling, other: OrderFiling) -> bool | None:
    """Tell whether two filings are about the same line of the order; None where it cannot be told."""
    if one.line_id is not None and other.line_id is not None:
        return one.line_id == other.line_id
    if one.sku and other.sku:
        return one.sku == other.sku
    return True if one.name and one.name.casefold() == other.name.casefold() else None


def earlier_claims(filing: OrderFiling, others: Sequence[OrderFiling]) -> tuple[OrderFiling, ...]:
    """Give the other filings of the same item whose goods or money come before this one's.

    Money granted comes first; then, of two on their way, the one filed first; one still undecided comes last.

    >>> first = OrderFiling(number="1-1", attempt=1, stage="IN_DELIVERY", sku="A")
    >>> second = OrderFiling(number="1-2", attempt=2, stage="IN_DELIVERY", sku="A")
    >>> [f.number for f in earlier_claims(second, [first])], earlier_claims(first, [second])
    (['1-1'], ())
    """
    undecided = filing.stage in _UNDECIDED
    return tuple(
        other
        for other in others
        if same_item(filing, other)
        and (
            other.granted
            or (other.stage in _ON_THE_WAY and (undecided or other.attempt < filing.attempt))
        )
    )


def too_much(
    filing: OrderFiling, others: Sequence[OrderFiling], sold: Sold | None
) -> TooMuch | None:
    """Say that this filing and those before it exceed what was sold, by quantity or by sum; None while they do not.

    Where what was sold is not known, one piece is taken for all there was.
    """
    before = earlier_claims(filing, others)
    if not before:
        return None
    quantity = filing.quantity_milli + sum(other.quantity_milli for other in before)
    limit = sold.quantity_milli if sold is not None else 1000
    over = quantity > limit
    amounts = [filing.amount_minor, *(other.amount_minor for other in before)]
    if sold is not None and sold.total_minor is not None:
        over = over or sum(amount for amount in amounts if amount is not None) > sold.total_minor
    return TooMuch(tuple(other.number for other in before), quantity, limit) if over else None


def times_filed(filing: OrderFiling, others: Sequence[OrderFiling]) -> int:
    """Count which filing of its item this is: the number's last part, without earlier filings of other items.

    >>> kettle = OrderFiling(number="1-1", attempt=1, stage="NEW", sku="kettle")
    >>> times_filed(OrderFiling(number="1-2", attempt=2, stage="NEW", sku="iron"), [kettle])
    1
    """
    other_items = sum(
        other.attempt < filing.attempt and same_item(filing, other) is False for other in others
    )
    return max(1, filing.attempt - other_items)
