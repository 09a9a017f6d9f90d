"""One lane of the matrix: a database of its own, its own outside, and one story after another killed and revived."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from qaitar.foundation.models import MerchantKey
from tests.kill_matrix import worlds_clock
from tests.kill_matrix.cells import SOMETIME, WAY_IN
from tests.kill_matrix.deaths import ON_THE_WIRE, Death
from tests.kill_matrix.moments import Armed
from tests.kill_matrix.orders import Order
from tests.kill_matrix.rows import ROWS
from tests.kill_matrix.world import make_world

if TYPE_CHECKING:
    from contextlib import ExitStack

    from tests.kill_matrix.cells import Cell
    from tests.kill_matrix.story import Story
    from tests.kill_matrix.world import Outside, Request, World
    from tests.kill_matrix.zygote import Zygote

GAPS: Final = tuple(timedelta(minutes=m) for m in (0, 0.7, 3, 20, 120))
"""How long after a death the next process starts: at once, within a claim, after it, long after."""
TYPICAL_S: Final = 0.4
TRIES: Final = 4
_ROWS: Final = {row.story.name: row for row in ROWS}


@dataclass(slots=True)
class Lane:
    """Where stories are played; `reversed` plays them in the program with the planted bug."""

    zygote: Zygote
    outside: Outside
    stack: ExitStack
    dsn: str
    reversed: bool = False
    worlds: int = 0
    homes: dict[str, str] = field(default_factory=dict)
    """Which cell a shop belonged to, to name it when an invariant names the shop."""

    def moments(self, story: Story) -> tuple[str, ...]:
        """Play a story in which nobody dies, and tell what it passed."""
        world = self._world(story, 0)
        request = story.begins(world)
        world.minutes_pass()
        pid = self.zygote.start(self._order(story, world, request))
        if request is not None:
            world.answers.append(world.ask(request))
        ended = self.zygote.ended(pid)
        assert ended.code == 0, ended.stated
        found = self._rest(story, world, request)
        assert not found, (story.name, found)
        return tuple(ended.reported["passed"])

    def play(self, cell: Cell) -> list[str]:
        """Play one cell and say what is wrong afterwards."""
        story = _ROWS[cell.story].story
        world = self._world(story, cell.seed)
        self.homes[str(world.shop.id)] = cell.name
        request = story.begins(world)
        world.minutes_pass()
        wrong = self._dies(cell, story, world, request)
        self.outside.wire.still()
        self.outside.way_in.still()
        world.now += GAPS[cell.seed % len(GAPS)]
        worlds_clock.set_to(world.now)
        if cell.seed % 7 == 3:
            again = Armed("", world.dice.randrange(12), Death.KILLED)
            world.hearts_stop()
            self.zygote.run(self._rise(story, world, again))
        return wrong + self._rest(story, world, request, together=cell.seed % 7 == 5)

    def guards(self, now: datetime) -> None:
        """Let the deadline guard visit every shop there was, at one moment."""
        MerchantKey.objects.update(active=True)
        sweeps = ("qaitar.flows.tasks.deadlines_sweep",)
        ended = self.zygote.run(Order("go on", now, self.dsn, sweeps=sweeps))
        assert ended.code == 0, ended.stated

    def _world(self, story: Story, seed: int) -> World:
        self.worlds += 1
        dice = random.Random(f"{story.name} {seed}")
        return make_world(self.worlds, dice, self.outside, self.stack)

    def _order(
        self, story: Story, world: World, request: Request | None, armed: Armed | None = None
    ) -> Order:
        return Order(
            be="serve" if request else "work",
            now=world.now,
            dsn=self.dsn,
            armed=armed,
            merchant_id=world.shop.id,
            sweeps=story.sweeps,
            reversed=self.reversed,
        )

    def _rise(self, story: Story, world: World, armed: Armed | None = None) -> Order:
        """Order the process that goes on after a death."""
        return replace(self._order(story, world, None, armed), be="go on")

    def _dies(self, cell: Cell, story: Story, world: World, request: Request | None) -> list[str]:
        """Let the story's first process meet its death; what is wrong is a death that never came."""
        armed = None
        moments = _ROWS[cell.story].moments[: max(cell.at, 0)]
        wire = self.outside.way_in if cell.moment == WAY_IN else self.outside.wire
        if cell.death in ON_THE_WIRE:
            wire.cut(sum(each.startswith("call ") for each in moments), cell.death, world.dice)
        elif cell.death is not Death.ANY_TIME:
            armed = Armed(cell.moment, moments.count(cell.moment), cell.death)
        pid = self.zygote.start(self._order(story, world, request, armed))
        if cell.moment == SOMETIME and request is None:
            _kill_later(pid, world.dice)
        if request is not None:
            _asks(world, request)
        if cell.moment in {WAY_IN, SOMETIME} and request is not None:
            _kill(pid)
        ended = self.zygote.ended(pid)
        if cell.death is Death.KILLED and ended.code != -signal.SIGKILL:
            return [f"it never died: {ended.code} {ended.stated[-500:]}"]
        if cell.death in ON_THE_WIRE and not wire.met:
            return ["the call never came"]
        return []

    def _rest(
        self, story: Story, world: World, request: Request | None, *, together: bool = False
    ) -> list[str]:
        """Let the call be made until it is answered and the program settle; then say what is wrong."""
        wrong = self._answered(story, world, request) if request is not None else []
        world.hearts_stop()
        order = self._rise(story, world)
        if together:  # what one still does is undone to the other, so a third says what is left
            for pid in [self.zygote.start(order) for _ in range(2)]:
                ended = self.zygote.ended(pid)
                wrong += [] if ended.code == 0 else [f"it does not rise: {ended.stated[-800:]}"]
        ended = self.zygote.run(order)
        if ended.code == 0:
            world.now = max(world.now, datetime.fromisoformat(ended.reported["now"]))
            wrong += ended.reported["left"]
        else:
            wrong.append(f"it does not rise: {ended.code} {ended.stated[-800:]}")
        wrong += story.differs(world) + world.chains()
        world.leaves()
        return wrong

    def _answered(self, story: Story, world: World, request: Request) -> list[str]:
        """Send the call again under its key until there is an answer, then once more: it has to be the same.

        When the program has written to the case meanwhile, a call that was never done is refused; who is told so reads
        the case and presses anew, under another key.
        """
        self._asks_twice(story, world, request)
        if story.anew is not None and _changed_meanwhile(world.answers):
            world.answers.clear()
            self._asks_twice(story, world, story.anew(world))
        good = [body for status, body in world.answers if 200 <= status < 300]
        if len(good) < 2 or len(set(good)) > 1:
            return [f"answers: {world.answers}"]
        return []

    def _asks_twice(self, story: Story, world: World, request: Request) -> None:
        for _ in range(TRIES):
            if len(world.answers) > 1:
                return
            pid = self.zygote.start(self._order(story, world, request))
            _asks(world, request)
            self.zygote.ended(pid)


def _changed_meanwhile(answers: list[tuple[int, bytes]]) -> bool:
    """Twice the same refusal, because the case is not as it was when the call was made."""
    if len(answers) < 2 or len(set(answers)) > 1:
        return False
    status, body = answers[0]
    return status == HTTPStatus.CONFLICT and json.loads(body)["code"] == "CASE_CHANGED"


def _asks(world: World, request: Request) -> None:
    """Call once, as a client who may lose the answer; what is no answer of the program's is called again."""
    try:
        status, body = world.ask(request)
    except (OSError, http.client.HTTPException):
        return
    if status < 500:
        world.answers.append((status, body))


def _kill_later(pid: int, dice: random.Random) -> None:
    time.sleep(dice.random() * TYPICAL_S)
    _kill(pid)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
