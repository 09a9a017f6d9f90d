"""`bench bulk`: one decision on ten thousand requests, beside one bare UPDATE and INSERT of the same size."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction

from qaitar.foundation.identity.access import enter_as_user
from qaitar.foundation.journal.lines import first_break
from qaitar.foundation.models import JournalEntry
from qaitar.foundation.tenancy.walls import see
from qaitar.lab.bench.database import point
from qaitar.lab.bench.dataset import BenchWorld, Shape, world_ground
from qaitar.lab.bench.machine import calibration_seconds, this_machine
from qaitar.lab.bench.report import BenchReport, Goal, Table
from qaitar.returns.services.perform_act import Details, request_act_many
from qaitar.returns.vocabulary import Act

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from qaitar.returns.services.perform_act import BulkAnswer
    from qaitar.runtime.addresses import DatabaseAddresses

SIZE: Final = 10_000
ROUNDS: Final = 3
REFUSED: Final = 250
"""Of each round's requests: damaged ones, which may not be granted before a senior has approved."""
RATIO_MAX: Final = 10.0

_PICK: Final = """
(SELECT id FROM returns_returnrequest WHERE stage = 'ARRIVED' AND quality IN ('PROPER', 'DIFFERENT_GOODS')
 ORDER BY id LIMIT %(good)s)
UNION ALL
(SELECT id FROM returns_returnrequest WHERE stage = 'ARRIVED' AND quality = 'MECHANICAL_DAMAGE'
 ORDER BY id LIMIT %(refused)s)
"""
_BARE_UPDATE: Final = """
UPDATE returns_returnrequest SET stage = 'REFUND_GRANTED', stage_since = %(now)s, pending_press = 'PRESS_GRANT',
  pending_since = %(now)s, control_at = %(now)s, control_rule = 'PROOF_OF_PRESS', guard_next_at = %(now)s,
  version = version + 1, journal_seq = journal_seq + 1 WHERE id = ANY(%(ids)s)
"""
_BARE_INSERT: Final = """
INSERT INTO foundation_journalentry (id, merchant_id, subject_kind, subject_id, seq, at, actor_id, actor_name, actor_role,
  channel, act, before, after, why, request_ref, prev_hash, hash)
SELECT gen_random_uuid(), merchant_id, 'returnrequest', id, journal_seq, %(now)s, NULL, 'Bench', 'SENIOR', 'web',
  'GRANT_REFUND', '{"stage": "ARRIVED"}', '{"stage": "REFUND_GRANTED"}', '', '', journal_head, journal_head
FROM returns_returnrequest WHERE id = ANY(%(ids)s)
"""


def shape_for(size: int) -> Shape:
    """Give a shop with enough requests at the point of decision for every round of both sides."""
    return Shape(count=size * ROUNDS * 5, open_of_five=5, stages=("ARRIVED",))


def bench_bulk(shop: DatabaseAddresses, now: datetime, *, size: int = SIZE) -> BenchReport:
    """Measure, alternating the bare statements and the program's bulk decision."""
    report = BenchReport("bulk", this_machine(now).as_json())
    _, world = world_ground(shop, "bulk", shape_for(size), now, fresh=True)
    refused_each = max(1, size * REFUSED // SIZE)
    bare: list[float] = []
    ours: list[float] = []
    answers: list[BulkAnswer] = []
    for _ in range(ROUNDS):
        report.calibration_seconds.append(calibration_seconds())
        bare.append(_bare(world, _picked(world, size, refused_each), now))
        seconds, answer = _ours(world, _picked(world, size, refused_each), now)
        ours.append(seconds)
        answers.append(answer)
    _check(world, answers[-1], size, refused_each)
    point(shop)
    ratio = median(ours) / median(bare)
    rows = [
        ["bare UPDATE + INSERT", *bare, median(bare), size / median(bare)],
        ["bulk decision", *ours, median(ours), size / median(ours)],
    ]
    rounds = [f"round {n + 1}, s" for n in range(ROUNDS)]
    report.tables["bulk"] = Table(
        f"{size:,} requests at once", ["", *rounds, "median, s", "a second"], rows
    )
    report.goals = [
        Goal("bulk decision against bare statements", ratio, "at most", RATIO_MAX, "x"),
        Goal(
            "refused and told why, each round", len(answers[-1].refused), "at least", refused_each
        ),
    ]
    return report


def _picked(world: BenchWorld, size: int, refused: int) -> list[UUID]:
    """Choose requests that wait for a decision and were not decided by an earlier round."""
    with transaction.atomic(), connection.cursor() as cursor:
        see(world.merchants)
        cursor.execute(_PICK, {"good": size - refused, "refused": refused})
        found = [row[0] for row in cursor.fetchall()]
    assert len(found) == size, "the world is too small"
    return found


def _bare(world: BenchWorld, ids: Sequence[UUID], now: datetime) -> float:
    """Time the least that could be done: one UPDATE and one INSERT of the same size, behind the same walls."""
    values: dict[str, Any] = {"ids": list(ids), "now": now}
    started = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        see(world.merchants)
        cursor.execute(_BARE_UPDATE, values)
        cursor.execute(_BARE_INSERT, values)
    return time.perf_counter() - started


def _ours(world: BenchWorld, ids: Sequence[UUID], now: datetime) -> tuple[float, BulkAnswer]:
    """Time the bulk decision as a page or a call of the API asks for it, its transaction included."""
    started = time.perf_counter()
    with transaction.atomic():
        who = enter_as_user(world.user_id)
        assert who is not None, "the bench's person is there"
        actors = {merchant: who.actor_at(merchant) for merchant in who.merchants}
        answer = request_act_many(
            ids=ids, act=Act.GRANT_REFUND, actors=actors, now=now, details=Details()
        )
    return time.perf_counter() - started, answer


def _check(world: BenchWorld, answer: BulkAnswer, size: int, refused: int) -> None:
    """Hold the answer to what the database says: each done one has its line, its chain holds, the refused are as before."""
    assert len(answer.done) == size - refused, answer.refused[:3]
    assert {blocked.code for _, _, blocked in answer.refused} == {"APPROVAL_NEEDED"}
    with transaction.atomic():
        see(world.merchants)
        sample = [pk for pk, _ in answer.done[:: max(1, size // 50)]]
        for pk in sample:
            lines = JournalEntry.objects.filter(subject_id=pk).order_by("seq")
            first, *missed_acts, last = (line.act for line in lines)
            assert (first, last) == ("CREATE", "GRANT_REFUND")
            assert missed_acts in ([], ["GUARD_MISSED"])  # of a date that had gone by
            assert first_break(lines) is None
        untouched = [pk for pk, _, _ in answer.refused]
        assert not JournalEntry.objects.filter(subject_id__in=untouched, seq__gt=1).exists()
