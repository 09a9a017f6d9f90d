"""After every branch of the procedure was played, everything that must hold over the database does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from qaitar.demo.branches import BRANCHES
from qaitar.demo.walkthrough import branch_play, stage_set
from qaitar.flows.invariants.checking import CheckRequest, invariants_check
from qaitar.runtime.addresses import APP_ROLE

if TYPE_CHECKING:
    from qaitar.runtime.addresses import DatabaseAddresses


def test_every_invariant_holds_after_every_branch(installation: DatabaseAddresses) -> None:
    with stage_set() as play, psycopg.connect(installation.owner_dsn, autocommit=True) as owner:
        for branch in BRANCHES:
            assert branch_play(play, branch).wrong == ()
        play.guards()
        play.settles()
        report = invariants_check(owner, CheckRequest(play.clock(), APP_ROLE))
        reported = [
            (each.code, each.promises, each.first[:3]) for each in report.checked if each.broken
        ]
        assert reported == []
