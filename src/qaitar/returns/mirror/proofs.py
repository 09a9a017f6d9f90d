"""What a look at the marketplace's cabinet proves about a case.  Pure.

The mirror may lag and may be wrong about us, never the other way round: it moves a case only where the
marketplace's word is final (goods arrived, request closed, refund shown) or proves a press we wait for.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from qaitar.contracts.marketplace import Section
from qaitar.returns.vocabulary import Act, Effect, Stage


class Ending(StrEnum):
    """How a closed request ended, as its status text tells."""

    REFUNDED = "REFUNDED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    UNTOLD = "UNTOLD"


# Texts seen in the cabinet; a text not known ends UNTOLD, which moves nothing and is shown as a difference.
_ENDINGS: Final = (
    (Ending.REFUNDED, ("возврат оформлен", "возврат оформляется", "деньги возвращены")),
    (Ending.REFUSED, ("отказ", "отклонен", "отклонён")),
    (Ending.WITHDRAWN, ("возврат отмен", "отменен покупател", "отменён покупател")),
)
UNDECIDED: Final = frozenset({Stage.NEW, Stage.WAITING_CUSTOMER, Stage.WAITING_APPROVAL})


def ending_of(section: str, status_text: str, reject_text: str) -> Ending | None:
    """Read how a closed request ended; None while it is not closed.

    >>> ending_of("CLOSED", "Возврат оформлен", "")
    <Ending.REFUNDED: 'REFUNDED'>
    >>> ending_of("CLOSED", "Возврат отменён", "Товар был в употреблении")
    <Ending.REFUSED: 'REFUSED'>
    """
    if section != Section.CLOSED:
        return None
    text = status_text.lower()
    for ending, signs in _ENDINGS:
        if any(sign in text for sign in signs):
            return Ending.REFUSED if ending is Ending.WITHDRAWN and reject_text else ending
    return Ending.REFUSED if reject_text else Ending.UNTOLD


def press_is_proved(pending_press: str, section: str, ending: Ending | None) -> bool:
    """Tell whether the cabinet now shows what a person was to press there."""
    match pending_press:
        case Effect.PRESS_TAKE:
            return section in {Section.IN_DELIVERY, Section.AWAITING_DECISION}
        case Effect.PRESS_REFUSE:
            return ending is Ending.REFUSED or section == Section.DISPUTE
        case Effect.PRESS_GRANT:
            return ending is Ending.REFUNDED
        case _:
            return False


def acts_proved(
    stage: Stage, pending_press: str, section: str, ending: Ending | None
) -> tuple[Act, ...]:
    """List the acts that bring our stage to what the cabinet finally shows, in order; empty where nothing is proved.

    >>> acts_proved(Stage.WAITING_CUSTOMER, "", "AWAITING_DECISION", None)
    (<Act.NOTE_ACCEPTED: 'NOTE_ACCEPTED'>, <Act.NOTE_ARRIVAL: 'NOTE_ARRIVAL'>)
    >>> acts_proved(Stage.REFUND_GRANTED, "PRESS_GRANT", "CLOSED", Ending.REFUNDED)
    (<Act.NOTE_REFUND_DONE: 'NOTE_REFUND_DONE'>,)
    """
    acts: tuple[Act, ...] = ()
    match section:
        case Section.IN_DELIVERY if _not_accepted(stage, pending_press):
            acts = (Act.NOTE_ACCEPTED,)
        case Section.AWAITING_DECISION if stage is Stage.IN_DELIVERY:
            acts = (Act.NOTE_ARRIVAL,)
        case Section.AWAITING_DECISION if stage in UNDECIDED:
            acts = (Act.NOTE_ACCEPTED, Act.NOTE_ARRIVAL)
        case Section.DISPUTE if stage not in {Stage.DISPUTED, Stage.REFUND_GRANTED, Stage.CLOSED}:
            acts = (Act.NOTE_DISPUTE,)
        case Section.NEW if stage is Stage.REFUSED and not pending_press:
            acts = (Act.NOTE_REOPENED,)
        case Section.CLOSED if ending is not None and stage is not Stage.CLOSED:
            acts = _closed(stage, ending)
        case _:
            pass
    return acts


def _not_accepted(stage: Stage, pending_press: str) -> bool:
    """Accepted there and not here: somebody pressed in the cabinet itself, or silence accepted it."""
    unproved_refusal = stage is Stage.REFUSED and pending_press == Effect.PRESS_REFUSE
    return stage in UNDECIDED or unproved_refusal


_REFUNDED: Final = {
    Stage.REFUND_GRANTED: Act.NOTE_REFUND_DONE,
    Stage.DISPUTED: Act.NOTE_DISPUTE_LOST,
}
_HELD_OR_DECIDED: Final = frozenset({Stage.REFUSED, Stage.ARRIVED, Stage.REFUND_GRANTED})


def _closed(stage: Stage, ending: Ending) -> tuple[Act, ...]:
    act: Act | None = None
    match ending:
        case Ending.REFUNDED:
            act = _REFUNDED.get(stage, Act.NOTE_MARKETPLACE_DECIDED)
        case Ending.REFUSED if stage is Stage.DISPUTED:
            act = Act.NOTE_DISPUTE_WON
        case Ending.REFUSED if stage in UNDECIDED or stage is Stage.ARRIVED:
            act = Act.REFUSE
        case Ending.WITHDRAWN if stage not in _HELD_OR_DECIDED:
            act = Act.NOTE_WITHDRAWN
        case _:
            pass
    return (act,) if act else ()


def differs(stage: Stage, pending_press: str, section: str) -> bool:
    """Tell whether the cabinet shows something else than our stage means, beyond a press still on its way.

    >>> differs(Stage.IN_DELIVERY, "PRESS_TAKE", "NEW")
    False
    >>> differs(Stage.IN_DELIVERY, "", "NEW")
    True
    """
    if not section:
        return False
    expected: dict[Stage, frozenset[Section]] = {
        Stage.NEW: frozenset({Section.NEW}),
        Stage.WAITING_CUSTOMER: frozenset({Section.NEW}),
        Stage.WAITING_APPROVAL: frozenset({Section.NEW}),
        Stage.IN_DELIVERY: frozenset({Section.IN_DELIVERY}),
        Stage.ARRIVED: frozenset({Section.AWAITING_DECISION}),
        Stage.REFUND_GRANTED: frozenset({Section.CLOSED}),
        Stage.REFUSED: frozenset({Section.CLOSED}),
        Stage.DISPUTED: frozenset({Section.DISPUTE}),
        Stage.CLOSED: frozenset({Section.CLOSED}),
    }
    return section not in expected[stage] and not pending_press
