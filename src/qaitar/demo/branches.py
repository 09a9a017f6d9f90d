"""Every branch of the return procedure as a short play: what the customer, the marketplace and our people do.

Each function plays one branch to its end and returns the requests it was about with how each has to end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from qaitar.foundation.ops.jobs import within_walls
from qaitar.kernel.roles import Role
from qaitar.orders.models import Store
from qaitar.returns.errors import ActBlocked
from qaitar.returns.vocabulary import Act, DefaultAction, EvidenceKind, Outcome, RefusalReason
from qaitar.sandbox.shelf import BY_CODE, GRIEVANCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from qaitar.demo.driver import Play
    from qaitar.sandbox.kaspi.ledger import Goods

KETTLE, BLENDER, VACUUM = BY_CODE["AM-011"], BY_CODE["AM-012"], BY_CODE["AM-013"]
PHONE, EARPHONES, WATCH = BY_CODE["AM-021"], BY_CODE["AM-023"], BY_CODE["AM-024"]
SHOES, JACKET, UNDERWEAR = BY_CODE["AM-031"], BY_CODE["AM-032"], BY_CODE["AM-033"]
NOTEBOOK, MONITOR, TELEVISION = BY_CODE["AM-041"], BY_CODE["AM-042"], BY_CODE["AM-043"]
DISLIKED, TOO_SMALL, DEFECT, BROKE, CRACKED, OTHER_GOODS, EMPTY_BOX = GRIEVANCES
BOTH_PHOTOS: Final = (EvidenceKind.PHOTO_GOODS, EvidenceKind.PHOTO_PACKAGING)
BOTH_ACTS: Final = (EvidenceKind.IRREPARABILITY_ACT, EvidenceKind.TECHNICAL_ACT)
DAMAGE: Final = (EvidenceKind.PHOTO_DAMAGE, EvidenceKind.PHOTO_PACKAGING)

Ends = dict[str, Outcome]


class Unexpected(Exception):
    """The program did something else than the procedure says."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch: its name, what it shows in a sentence, and how it is played."""

    name: str
    shows: str
    play: Callable[[Play], Ends]


def _filed(play: Play, goods: Goods, grievance_at: int, *, days_ago: float = 5) -> str:
    """Sell a thing, let it be brought back, and let the program see both."""
    play.clock.passes(
        days=days_ago + 3
    )  # so that the order is newer than the last reading of orders
    code = play.sells(goods, issued=play.clock() - timedelta(days=days_ago))
    play.reads_orders()
    play.clock.passes(minutes=20)
    number = play.files(code, GRIEVANCES[grievance_at])
    play.clock.passes(minutes=10)
    play.looks()
    return number


def _pressed(play: Play, number: str) -> None:
    """Press what was decided in the cabinet, and let the program see the proof."""
    play.clock.passes(minutes=2)
    play.presses(number)
    play.clock.passes(minutes=8)
    play.looks()
    play.settles()


def _ask_customer(play: Play, number: str) -> None:
    play.does(number, Act.ASK_CUSTOMER)
    play.settles()
    play.clock.passes(hours=3)


def _take_for_inspection(play: Play, number: str) -> None:
    play.does(number, Act.TAKE_FOR_INSPECTION)
    play.settles()
    _pressed(play, number)


def _brought(play: Play, number: str) -> None:
    """Let the goods come to the point and the program see it."""
    play.clock.passes(days=1)
    play.arrives(number)
    play.clock.passes(minutes=10)
    play.looks()
    play.settles()
    play.clock.passes(hours=2)


def _granted(play: Play, number: str, who: Role = Role.OPERATOR) -> None:
    play.does(number, Act.GRANT_REFUND, who)
    play.settles()
    _pressed(play, number)


def _refused(play: Play, number: str, reason: RefusalReason) -> None:
    play.does(number, Act.REFUSE, reason=reason)
    play.settles()
    _pressed(play, number)


def _window_over(play: Play) -> None:
    """Let the days to file again pass; the deadline guard closes what was refused."""
    play.clock.passes(days=4)
    play.guards()
    play.settles()


def proper_quality(play: Play) -> Ends:
    """Steps 0 to 9 without a turn."""
    number = _filed(play, KETTLE, 0)
    _ask_customer(play, number)
    play.proves(number, *BOTH_PHOTOS)
    _take_for_inspection(play, number)
    _brought(play, number)
    _granted(play, number)
    return {number: Outcome.REFUNDED}


def defective_two_filings(play: Play) -> Ends:
    """Refused because sent for an act; filed again with it; the technical act comes from the service centre later."""
    first = _filed(play, VACUUM, 2)
    _ask_customer(play, first)
    play.clock.passes(hours=5)
    _refused(play, first, RefusalReason.SENT_FOR_ACT)
    play.clock.passes(days=2)
    again = play.files(first.rpartition("-")[0], DEFECT)
    play.clock.passes(minutes=10)
    play.looks()
    play.does(first, Act.CLOSE_REFUSED)
    play.proves(again, EvidenceKind.IRREPARABILITY_ACT)
    _take_for_inspection(play, again)
    play.clock.passes(hours=4)
    play.proves(again, EvidenceKind.TECHNICAL_ACT)
    play.settles()
    _brought(play, again)
    _granted(play, again)
    return {first: Outcome.REFUSED, again: Outcome.REFUNDED}


def damage_within_a_day(play: Play) -> Ends:
    """Step 1x by the quick way: photos, a senior's yes, taken."""
    number = _filed(play, TELEVISION, 4, days_ago=0.4)
    _ask_customer(play, number)
    play.proves(number, *DAMAGE)
    play.does(number, Act.SEND_FOR_APPROVAL)
    play.clock.passes(minutes=30)
    play.does(number, Act.APPROVE, Role.SENIOR)
    _take_for_inspection(play, number)
    _brought(play, number)
    _granted(play, number)
    return {number: Outcome.REFUNDED}


def damage_after_two_days(play: Play) -> Ends:
    """Step 1x by the long way: no yes before the technical act is there."""
    number = _filed(play, MONITOR, 4, days_ago=6)
    _ask_customer(play, number)
    play.proves(number, *DAMAGE)
    play.does(number, Act.SEND_FOR_APPROVAL)
    play.clock.passes(minutes=30)
    _blocked(play, number, Act.APPROVE, Role.SENIOR, "TECHNICAL_ACT_FIRST")
    play.proves(number, EvidenceKind.TECHNICAL_ACT)
    play.does(number, Act.APPROVE, Role.SENIOR)
    _take_for_inspection(play, number)
    _brought(play, number)
    _granted(play, number)
    return {number: Outcome.REFUNDED}


def _blocked(play: Play, number: str, act: Act, who: Role, code: str) -> None:
    """Try what the procedure forbids now, and note that it was refused for the right reason."""
    code_given = ""
    try:
        play.does(number, act, who)
    except ActBlocked as no:
        code_given = no.blocked.code
    if code_given != code:
        raise Unexpected(f"{act} of {number}: '{code_given or 'allowed'}', not '{code}'")
    play.says(who.value.lower(), f"{act.value} is not allowed yet: {code}", number)


def silent_customer_by_guard(play: Play) -> Ends:
    """Nobody answers, and the store has set that the guard refuses at the end."""
    _default_action(play, DefaultAction.REFUSE)
    number = _filed(play, BLENDER, 2)
    _ask_customer(play, number)
    control = play.case(number).control_at
    assert control is not None
    for before in (timedelta(hours=23), timedelta(hours=3), timedelta(minutes=20)):
        play.clock.moment = control - before
        play.guards()
    play.settles()
    _pressed(play, number)
    _window_over(play)
    _default_action(play, DefaultAction.CALL_DUTY)
    return {number: Outcome.REFUSED}


def _default_action(play: Play, action: DefaultAction) -> None:
    with within_walls(play.merchant_id):
        Store.objects.filter(pk=play.opened.store_id).update(
            default_action=action.value, default_reason=RefusalReason.NO_ANSWER.value
        )


def silent_customer_by_person(play: Play) -> Ends:
    """Nobody answers, the date is near, the operator refuses."""
    number = _filed(play, EARPHONES, 3)
    _ask_customer(play, number)
    play.clock.passes(hours=30)
    play.guards()
    _refused(play, number, RefusalReason.NO_ANSWER)
    _window_over(play)
    return {number: Outcome.REFUSED}


def _disputed(play: Play, goods: Goods) -> str:
    """Refuse goods the law lets a seller not take back, and let the buyer dispute it."""
    number = _filed(play, goods, 0)
    _refused(play, number, RefusalReason.NOT_RETURNABLE)
    play.clock.passes(hours=20)
    play.disputes(number)
    play.clock.passes(minutes=10)
    play.looks()
    play.settles()
    return number


def _defended(play: Play, number: str) -> None:
    play.proves(number, EvidenceKind.PHOTO_GOODS)
    play.does(number, Act.SEND_DISPUTE_EVIDENCE)
    play.settles()
    play.clock.passes(days=2)


def dispute_won(play: Play) -> Ends:
    """The marketplace decides for the seller."""
    number = _disputed(play, PHONE)
    _defended(play, number)
    play.decides(number, for_buyer=False)
    play.looks()
    play.settles()
    return {number: Outcome.DISPUTE_WON}


def dispute_lost(play: Play) -> Ends:
    """The marketplace decides for the customer."""
    number = _disputed(play, UNDERWEAR)
    _defended(play, number)
    play.decides(number, for_buyer=True)
    play.looks()
    play.settles()
    return {number: Outcome.DISPUTE_LOST}


def dispute_conceded(play: Play) -> Ends:
    """A senior gives in before the marketplace decides."""
    number = _disputed(play, PHONE)
    play.clock.passes(hours=6)
    _granted(play, number, Role.SENIOR)
    return {number: Outcome.REFUNDED}


def customer_withdraws(play: Play) -> Ends:
    """The customer keeps the thing after all."""
    number = _filed(play, SHOES, 1)
    _ask_customer(play, number)
    play.withdraws(number)
    play.looks()
    play.settles()
    return {number: Outcome.WITHDRAWN}


def goods_never_arrive(play: Play) -> Ends:
    """Taken, and the goods do not come; the guard raises people when the planned day is gone."""
    number = _filed(play, JACKET, 1)
    _ask_customer(play, number)
    play.proves(number, *BOTH_PHOTOS)
    _take_for_inspection(play, number)
    play.clock.passes(days=10)
    play.guards()
    play.does(number, Act.NOTE_NEVER_ARRIVED)
    play.settles()
    return {number: Outcome.NEVER_ARRIVED}


def different_goods_arrive(play: Play) -> Ends:
    """The clerk sees that another thing came back."""
    number = _filed(play, WATCH, 0)
    _ask_customer(play, number)
    play.proves(number, *BOTH_PHOTOS)
    _take_for_inspection(play, number)
    _brought(play, number)
    play.notes(number, Role.CLERK, goods_checked="DIFFERENT")
    _refused(play, number, RefusalReason.DIFFERENT_GOODS_CAME)
    _window_over(play)
    return {number: Outcome.REFUSED}


def different_goods_accepted(play: Play) -> Ends:
    """Step 8x: another thing came back, and a senior says that the money goes back all the same."""
    number = _filed(play, EARPHONES, 0)
    _ask_customer(play, number)
    play.proves(number, *BOTH_PHOTOS)
    _take_for_inspection(play, number)
    _brought(play, number)
    play.notes(number, Role.CLERK, goods_checked="DIFFERENT")
    _blocked(play, number, Act.GRANT_REFUND, Role.OPERATOR, "GOODS_DIFFER")
    play.does(number, Act.SEND_FOR_APPROVAL)
    play.does(number, Act.APPROVE, Role.SENIOR)
    _granted(play, number)
    return {number: Outcome.REFUNDED}


def reopened_with_act(play: Play) -> Ends:
    """A RURMA act comes after the refusal; the customer calls the marketplace, which opens the request again."""
    number = _filed(play, NOTEBOOK, 2)
    _ask_customer(play, number)
    _refused(play, number, RefusalReason.SENT_FOR_ACT)
    play.clock.passes(days=1)
    play.proves(number, EvidenceKind.QUALITY_CHECK_ACT)
    play.does(number, Act.ASK_TO_REOPEN)
    play.settles()
    play.clock.passes(hours=5)
    play.reopens(number)
    play.clock.passes(minutes=10)
    play.looks()
    play.proves(number, EvidenceKind.TECHNICAL_ACT)
    _take_for_inspection(play, number)
    _brought(play, number)
    _granted(play, number)
    return {number: Outcome.REFUNDED}


def marketplace_decides(play: Play) -> Ends:
    """Nobody here says a word: the marketplace accepts, and later pays, by itself; every date is told of."""
    number = _filed(play, KETTLE, 0)
    play.clock.passes(days=3)
    play.guards()
    play.looks()
    play.settles()
    _brought(play, number)
    play.clock.passes(days=4)
    play.guards()
    play.looks()
    play.settles()
    return {number: Outcome.MARKETPLACE_REFUNDED}


def program_off(play: Play) -> Ends:
    """The program is off across a control date; what was slept through is told when it is on again."""
    number = _filed(play, BLENDER, 0)
    _ask_customer(play, number)
    play.says("program", "is off for three days", number)
    play.clock.passes(days=3)
    play.guards()
    play.looks()
    play.settles()
    play.proves(number, *BOTH_PHOTOS)
    _brought(play, number)
    _granted(play, number)
    return {number: Outcome.REFUNDED}


BRANCHES: Final = (
    Branch("proper quality", "asked, taken, arrived, money back", proper_quality),
    Branch("defective, two filings", "sent for an act, filed again with it", defective_two_filings),
    Branch("damage within a day", "a second person approves on photos", damage_within_a_day),
    Branch("damage after two days", "approved with the technical act only", damage_after_two_days),
    Branch("no answer, by the guard", "the store's default refuses", silent_customer_by_guard),
    Branch("no answer, by a person", "the operator refuses", silent_customer_by_person),
    Branch("dispute won", "refused by the law's list, decided for us", dispute_won),
    Branch("dispute lost", "decided for the customer", dispute_lost),
    Branch("dispute conceded", "a senior gives the money back", dispute_conceded),
    Branch("customer withdraws", "before handing the goods over", customer_withdraws),
    Branch("goods never arrive", "closed after the planned day", goods_never_arrive),
    Branch("different goods arrive", "refused at our point", different_goods_arrive),
    Branch("different goods accepted", "a senior says yes", different_goods_accepted),
    Branch("reopened with a RURMA act", "the customer calls the marketplace", reopened_with_act),
    Branch("marketplace decides by silence", "twice, and never unnoticed", marketplace_decides),
    Branch("program off across a date", "told when it is on again", program_off),
)
