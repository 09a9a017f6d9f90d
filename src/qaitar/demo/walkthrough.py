"""Plays all branches of the procedure in a shop of its own, and says what does not hold."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from django.db import transaction

from qaitar.demo.branches import BRANCHES, Unexpected
from qaitar.demo.checking import chains_found, ends_found, ledgers_found
from qaitar.demo.driver import Clock, Play
from qaitar.demo.report import steps_report
from qaitar.demo.shop import LOGINS, shop_connect, shop_open
from qaitar.foundation.models import Connection, MerchantKey
from qaitar.foundation.ops.clock import frozen_at
from qaitar.foundation.tenancy.walls import see
from qaitar.kernel.ids import new_id
from qaitar.returns.errors import ActBlocked, CaseChanged
from qaitar.sandbox.kaspi.ledger import LedgerRefusal
from qaitar.sandbox.outside import Outside
from qaitar.transport.outgoing import allow_private

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qaitar.demo.branches import Branch
    from qaitar.demo.report import ReportedStep

BEGIN: Final = datetime(2026, 5, 18, 4, 0, tzinfo=UTC)  # a Monday, 9:00 in Almaty


@dataclass(frozen=True, slots=True)
class Played:
    """One branch as it was played: its steps, and what of it does not hold."""

    name: str
    shows: str
    steps: tuple[ReportedStep, ...]
    wrong: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Tell whether everything held."""
        return not self.wrong


@contextmanager
def stage_set() -> Iterator[Play]:
    """Open a throw-away shop with stand-ins on loopback; afterwards its merchant is switched off."""
    clock = Clock(BEGIN)
    outside = Outside(clock)
    outside.let_account_in()
    allow_private("127.0.0.1")
    with outside.serve() as at, frozen_at(BEGIN):
        with transaction.atomic():
            name = f"Walkthrough {new_id().hex[-6:]}"
            opened = shop_open(name, LOGINS, settings={"walkthrough": True}, now=BEGIN)
            shop_connect(opened, outside, at, now=BEGIN)
        try:
            yield Play(opened, outside, clock)
        finally:
            with transaction.atomic():
                see([opened.merchant_id])
                Connection.objects.update(enabled=False)
                MerchantKey.objects.filter(pk=opened.merchant_id).update(active=False)


def branch_play(play: Play, branch: Branch) -> Played:
    """Play one branch to its end and hold it against the outside ledgers."""
    first = len(play.events)
    wrong: list[str] = []
    try:
        ends = branch.play(play)
    except (Unexpected, ActBlocked, CaseChanged, LedgerRefusal) as error:
        ends = {}
        wrong.append(f"{type(error).__name__}: {error}")
    play.settles()
    numbers = list(dict.fromkeys(number for *_, number in play.events[first:]))
    wrong += ends_found(play, ends)
    wrong += ledgers_found(play, numbers)
    steps = steps_report(play, numbers)
    return Played(branch.name, branch.shows, tuple(steps), tuple(wrong))


def walkthrough() -> Iterator[Played | str]:
    """Play every branch; after the last one come sentences about broken journal chains, if there are any."""
    with stage_set() as play:
        for branch in BRANCHES:
            yield branch_play(play, branch)
        yield from chains_found(play)
