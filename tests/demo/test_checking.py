"""The walkthrough's own judge: a thing that stands outside twice, or not at all, does not pass."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from qaitar.demo.branches import BRANCHES, Branch, Unexpected, proper_quality
from qaitar.demo.checking import ends_found, ledgers_found
from qaitar.demo.walkthrough import branch_play, stage_set
from qaitar.foundation.models import MerchantKey
from qaitar.returns.vocabulary import Outcome
from qaitar.sandbox.onec.model import RETURN_FILES, RETURN_ORDER
from qaitar.sandbox.outside import SHEET

if TYPE_CHECKING:
    from qaitar.demo.branches import Ends
    from qaitar.demo.driver import Play
    from qaitar.runtime.addresses import DatabaseAddresses


def test_doubled_and_lost_things_are_found(installation: DatabaseAddresses) -> None:
    with stage_set() as play:
        played = branch_play(play, BRANCHES[0])
        assert played.wrong == ()
        number = "710000001-1"
        assert [step.step for step in played.steps if step.step] == [
            "0", "1-2", "6", "3b-6", "7", "8", "9",
        ]  # fmt: skip

        outside = play.outside
        ticket = outside.usedesk.account.tickets[1001]
        outside.usedesk.account.tickets[9001] = ticket
        assert _found(play, number) == [
            "OPEN_TICKET: 2 tickets, not 1",
            "TICKET_COMMENT: 2 comments, not 1",
            "TICKET_COMMENT: 2 comments, not 1",
        ]
        del outside.usedesk.account.tickets[9001]

        rows = outside.book.sheets[SHEET].rows
        rows.append(list(rows[1]))
        assert _found(play, number) == [f"the register has 2 rows of {number}, not 1"]
        del rows[-1]

        documents = outside.onec.base.rows[RETURN_ORDER]
        documents.append(dict(documents[0]))
        assert _found(play, number) == ["return order: 2 documents, not 1"]
        del documents[-1]

        file = outside.onec.base.rows[RETURN_FILES].pop()
        assert _found(play, number) == ["files in 1C differ: 1 hang, 2 said"]
        outside.onec.base.rows[RETURN_FILES].append(file)
        assert ledgers_found(play, [number]) == []
        assert ends_found(play, {number: Outcome.WITHDRAWN}) == [
            f"{number} is CLOSED/REFUNDED, not CLOSED/WITHDRAWN"
        ]
        merchant_id = play.merchant_id
    assert MerchantKey.objects.get(pk=merchant_id).active is False


def _found(play: Play, number: str) -> list[str]:
    """Leave the ids out of what was found."""
    return [re.sub(r" [0-9a-f-]{36}", "", each) for each in ledgers_found(play, [number])]


def test_a_play_that_goes_wrong_is_reported_and_stops_no_other(
    installation: DatabaseAddresses,
) -> None:
    def wrong(play: Play) -> Ends:
        proper_quality(play)
        raise Unexpected("as planned")

    with stage_set() as play:
        played = branch_play(play, Branch("wrong", "fails", wrong))
        assert played.wrong == ("Unexpected: as planned",)
        assert played.ok is False
        with pytest.raises(KeyError):
            branch_play(play, Branch("bug", "of ours", lambda _: {}["x"]))
