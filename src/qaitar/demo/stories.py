"""What the demo shop's last days were: a request of every kind, left where a person has something to decide.

A story is a generator: between two of its `yield`s time passes, and the program reads the cabinet and does its work.
It yields how long before the present moment it wants to go on; the stories are played together, the oldest moment first.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from qaitar.demo import branches as b
from qaitar.kernel.roles import Role
from qaitar.returns.vocabulary import Act, EvidenceKind, RefusalReason
from qaitar.sandbox.shelf import BY_CODE

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.demo.driver import Play
    from qaitar.sandbox.kaspi.ledger import Goods
    from qaitar.sandbox.shelf import Grievance

Story = Iterator[timedelta]

PHONE_X, COOKWARE, PRESSURE = BY_CODE["AM-022"], BY_CODE["AM-051"], BY_CODE["AM-052"]
SOCKS = BY_CODE["AM-034"]


def _ago(days: float = 0, hours: float = 0) -> timedelta:
    return timedelta(days=days, hours=hours)


class Teller:
    """Tells stories of a play that ends at a present moment; `in_hours` are counted from there."""

    def __init__(self, play: Play, present: datetime) -> None:
        """Take the play and its end."""
        self.play = play
        self.present = present

    def _due(self, in_hours: float) -> datetime:
        return self.present + timedelta(hours=in_hours)

    def _filed(
        self,
        goods: Goods,
        grievance: Grievance,
        filed: timedelta,
        in_hours: float,
        bought: float = 5,
    ) -> Generator[timedelta, None, str]:
        """Sell a thing some days before it is brought back at `filed`; the date shown is hours from the present."""
        issued = self.present - filed - timedelta(days=bought)
        code = self.play.sells(goods, issued=issued)
        yield filed
        return self.play.files(code, grievance, control=self._due(in_hours))

    def new(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """Came in a little while ago; nobody has looked."""
        yield from self._filed(goods, grievance, _ago(hours=10), in_hours)

    def fresh_damage(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """Damage reported within a day of receipt; nobody has looked."""
        yield from self._filed(goods, grievance, _ago(hours=10), in_hours, bought=0.4)

    def customer_contacted(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """The call centre was asked; no answer yet."""
        number = yield from self._filed(goods, grievance, _ago(days=1), in_hours)
        yield _ago(hours=20)
        self.play.does(number, Act.ASK_CUSTOMER)

    def answered(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """The customer has sent photos: ready to be taken."""
        number = yield from self._filed(goods, grievance, _ago(days=1), in_hours)
        yield _ago(hours=20)
        self.play.does(number, Act.ASK_CUSTOMER)
        yield _ago(hours=10)
        self.play.proves(number, *b.BOTH_PHOTOS)

    def approval(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """Damage, photos there, waits for a senior."""
        number = yield from self._filed(goods, grievance, _ago(days=1), in_hours, bought=0.5)
        yield _ago(hours=20)
        self.play.does(number, Act.ASK_CUSTOMER)
        yield _ago(hours=10)
        self.play.proves(number, *b.DAMAGE)
        self.play.does(number, Act.SEND_FOR_APPROVAL)

    def _until_inspection(
        self, goods: Goods, grievance: Grievance
    ) -> Generator[timedelta, None, str]:
        """Play up to the take, seen in the cabinet; the request's number is the value of `yield from`."""
        number = yield from self._filed(goods, grievance, _ago(days=6), -4 * 24)
        yield _ago(days=5.5)
        self.play.does(number, Act.ASK_CUSTOMER)
        yield _ago(days=5)
        self.play.proves(number, *b.BOTH_PHOTOS)
        self.play.does(number, Act.TAKE_FOR_INSPECTION)
        self.play.presses(number)
        return number

    def under_way(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """Taken and pressed; the goods are on their way."""
        number = yield from self._filed(goods, grievance, _ago(days=1), in_hours)
        yield _ago(hours=20)
        self.play.does(number, Act.ASK_CUSTOMER)
        self.play.proves(number, *b.BOTH_PHOTOS)
        yield _ago(hours=10)
        self.play.does(number, Act.TAKE_FOR_INSPECTION)
        self.play.presses(number)

    def overdue(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """Taken days ago; the goods should have been here."""
        del in_hours
        yield from self._until_inspection(goods, grievance)

    def arrived(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """The goods are at the point; a decision is due some hours from now."""
        number = yield from self._until_inspection(goods, grievance)
        yield _ago(hours=72 - in_hours)
        self.play.arrives(number)

    def differs(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """Another thing came back, and the clerk has noted it."""
        number = yield from self._until_inspection(goods, grievance)
        yield _ago(hours=72 - in_hours)
        self.play.arrives(number)
        yield _ago(hours=10)
        self.play.notes(number, Role.CLERK, goods_checked="DIFFERENT")

    def granted(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """Money was granted here and nobody has pressed in the cabinet yet."""
        number = yield from self._until_inspection(goods, grievance)
        yield _ago(hours=72 - in_hours)
        self.play.arrives(number)
        yield _ago(hours=3)
        self.play.does(number, Act.GRANT_REFUND)

    def done(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """The whole way to the money."""
        number = yield from self._until_inspection(goods, grievance)
        yield _ago(hours=72 - in_hours)
        self.play.arrives(number)
        yield _ago(days=1)
        self.play.does(number, Act.GRANT_REFUND)
        self.play.presses(number)

    def for_act(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """Refused because sent for an act, seen in the cabinet; the customer may file again."""
        del in_hours
        number = yield from self._filed(goods, grievance, _ago(days=2.5), 0)
        yield _ago(days=2)
        self.play.does(number, Act.ASK_CUSTOMER)
        yield _ago(days=1)
        self.play.does(number, Act.REFUSE, reason=RefusalReason.SENT_FOR_ACT)
        self.play.presses(number)

    def again(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """Filed again with both acts: the history is there, ready to be taken."""
        number = yield from self._filed(goods, grievance, _ago(days=5), -3 * 24, bought=12)
        yield _ago(days=4.5)
        self.play.does(number, Act.ASK_CUSTOMER)
        yield _ago(days=4)
        self.play.does(number, Act.REFUSE, reason=RefusalReason.SENT_FOR_ACT)
        self.play.presses(number)
        yield _ago(days=2)
        code = number.rpartition("-")[0]
        filed_again = self.play.files(code, grievance, control=self._due(in_hours))
        yield _ago(days=1)
        self.play.does(number, Act.CLOSE_REFUSED)
        self.play.proves(filed_again, *b.BOTH_ACTS)

    def to_press(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """Refused by the law's list; nobody has pressed in the cabinet yet."""
        number = yield from self._filed(goods, grievance, _ago(days=1), in_hours)
        yield _ago(hours=3)
        self.play.does(number, Act.REFUSE, reason=RefusalReason.NOT_RETURNABLE)

    def disputed(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """Refused and disputed; the evidence is not handed over yet."""
        del in_hours
        number = yield from self._filed(goods, grievance, _ago(days=3), 0)
        yield _ago(days=2.5)
        self.play.does(number, Act.REFUSE, reason=RefusalReason.NOT_RETURNABLE)
        self.play.presses(number)
        yield _ago(days=1)
        self.play.disputes(number)
        yield _ago(hours=10)
        self.play.proves(number, EvidenceKind.PHOTO_GOODS)

    def withdrawn(self, goods: Goods, grievance: Grievance, in_hours: float) -> Story:
        """Asked, and taken back by the customer."""
        number = yield from self._filed(goods, grievance, _ago(days=2), in_hours)
        yield _ago(days=1)
        self.play.does(number, Act.ASK_CUSTOMER)
        yield _ago(hours=20)
        self.play.withdraws(number)

    def tell(self) -> tuple[Story, ...]:
        """Begin every story of the shop; hours are from the present to the date each will show."""
        return (
            self.new(b.KETTLE, b.DISLIKED, 2),
            self.new(b.SHOES, b.TOO_SMALL, 7),
            self.new(b.EARPHONES, b.DEFECT, 26),
            self.new(SOCKS, b.TOO_SMALL, 38),
            self.new(COOKWARE, b.OTHER_GOODS, 44),
            self.new(b.BLENDER, b.EMPTY_BOX, 46),
            self.fresh_damage(b.TELEVISION, b.CRACKED, 20),
            self.customer_contacted(b.VACUUM, b.BROKE, 5),
            self.customer_contacted(b.JACKET, b.TOO_SMALL, 30),
            self.customer_contacted(PRESSURE, b.DEFECT, 40),
            self.answered(b.KETTLE, b.DISLIKED, 9),
            self.answered(b.JACKET, b.DISLIKED, 33),
            self.approval(b.MONITOR, b.CRACKED, 22),
            self.under_way(b.BLENDER, b.DISLIKED, 50),
            self.under_way(b.WATCH, b.DISLIKED, 74),
            self.overdue(b.SHOES, b.DISLIKED, 0),
            self.arrived(b.KETTLE, b.DISLIKED, 16),
            self.arrived(b.JACKET, b.TOO_SMALL, 48),
            self.differs(b.WATCH, b.DISLIKED, 28),
            self.granted(b.EARPHONES, b.DISLIKED, 24),
            self.done(b.SHOES, b.TOO_SMALL, 12),
            self.for_act(b.NOTEBOOK, b.DEFECT, 0),
            self.again(b.VACUUM, b.BROKE, 31),
            self.to_press(b.UNDERWEAR, b.DISLIKED, 27),
            self.disputed(PHONE_X, b.DISLIKED, 0),
            self.disputed(b.PHONE, b.DISLIKED, 0),
            self.withdrawn(COOKWARE, b.DISLIKED, 6),
        )


def play_all(teller: Teller) -> int:
    """Play the stories together; after each moment the program reads, guards and works.  Returns how many moments."""
    play = teller.play
    wanted = [(next(story), place, story) for place, story in enumerate(teller.tell())]
    play.reads_orders()
    moments = 0
    while wanted:
        ago = max(each[0] for each in wanted)
        play.clock.moment = teller.present - ago
        now_due = [each for each in wanted if each[0] == ago]
        wanted = [each for each in wanted if each[0] != ago]
        for _, place, story in now_due:
            following = next(story, None)
            if following is not None:
                wanted.append((following, place, story))
        moments += 1
        play.clock.passes(minutes=5)
        play.looks()
        play.settles()
    return moments
