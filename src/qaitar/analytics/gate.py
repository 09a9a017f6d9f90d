"""The marketplace's quality gate: the share now, and how many more returns until it breaks.  Pure, whole numbers only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PERMILLE = 1000


class GateState(StrEnum):
    """Where a share stands towards its limits."""

    NO_DATA = "NO_DATA"  # no order to divide by
    GOOD = "GOOD"
    NEAR = "NEAR"  # past what the marketplace calls good
    BROKEN = "BROKEN"  # at the limit or past it: the marketplace asks for less than the limit


@dataclass(frozen=True, slots=True)
class Gate:
    """Returns, orders and limits of one window; the limit itself breaks the gate."""

    returns: int
    orders: int
    limit_permille: int
    good_permille: int

    @property
    def state(self) -> GateState:
        """Say where the share stands.

        >>> [Gate(n, 100, 20, 10).state.value for n in (0, 1, 2)]
        ['GOOD', 'NEAR', 'BROKEN']
        """
        if self.orders <= 0:
            return GateState.NO_DATA
        if self.returns * PERMILLE >= self.limit_permille * self.orders:
            return GateState.BROKEN
        near = self.returns * PERMILLE >= self.good_permille * self.orders
        return GateState.NEAR if near else GateState.GOOD

    @property
    def percent_hundredths(self) -> int | None:
        """Give the share in hundredths of a percent, rounded up, so that a share near the limit never looks better.

        >>> Gate(1, 3, 20, 10).percent_hundredths
        3334
        """
        if self.orders <= 0:
            return None
        return -(-self.returns * 100 * 100 // self.orders)

    @property
    def more_until_broken(self) -> int:
        """Say how many more such returns, with no more orders, break the gate; 0 when it is broken.

        >>> Gate(3, 400, 20, 10).more_until_broken
        5
        """
        if self.orders <= 0:
            return 0
        return max(0, -(-self.limit_permille * self.orders // PERMILLE) - self.returns)

    @property
    def orders_until_mended(self) -> int:
        """Say how many more orders, with no more returns, bring a broken gate below its limit; 0 when it holds.

        >>> Gate(2, 100, 20, 10).orders_until_mended
        1
        """
        if self.state is not GateState.BROKEN:
            return 0
        return self.returns * PERMILLE // self.limit_permille - self.orders + 1
