"""Holds the database to what ten thousand lives promise: nobody failed, nobody lived twice, every chain holds."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from django.db import connection, transaction

from qaitar.foundation.journal.lines import first_break
from qaitar.foundation.models import JournalEntry
from qaitar.foundation.tenancy.walls import see
from qaitar.lab.bench.full_case_client import ACTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

_EXPECTED_ACTS = ("CREATE", *ACTS)

_FAULTS: Mapping[str, str] = {
    "numbers used twice": "SELECT count(*) - count(DISTINCT number) FROM returns_returnrequest",
    "cases not closed as refunded": "SELECT count(*) FROM returns_returnrequest"
    " WHERE stage <> 'CLOSED' OR outcome <> 'REFUNDED'",
    "acts missing or done twice": """
        SELECT count(*) FROM (SELECT r.id FROM returns_returnrequest r
          LEFT JOIN foundation_journalentry j ON j.subject_id = r.id AND j.act = ANY(%(acts)s::text[])
          GROUP BY r.id HAVING count(j.id) <> cardinality(%(acts)s::text[]) OR count(DISTINCT j.act) <> cardinality(%(acts)s::text[])) bad""",
    "cases whose journal and version disagree": """
        SELECT count(*) FROM returns_returnrequest r WHERE r.version <> r.journal_seq OR r.journal_seq <>
          (SELECT count(*) FROM foundation_journalentry j WHERE j.subject_id = r.id)""",
    "effects planned other than once": """
        SELECT count(*) FROM (SELECT r.id FROM returns_returnrequest r
          LEFT JOIN foundation_plannedeffect e ON e.subject_id = r.id GROUP BY r.id
          HAVING count(e.id) <> %(effects)s OR count(DISTINCT (e.kind, e.step)) <> %(effects)s) bad""",
    "counters off": """
        SELECT count(*) FROM (SELECT stage, sum(n) AS n FROM (
            SELECT stage, count AS n FROM returns_stagecount UNION ALL SELECT stage, delta FROM returns_stagedelta
            UNION ALL SELECT stage, -1 FROM returns_returnrequest) parts GROUP BY stage HAVING sum(n) <> 0) bad""",
    "calls answered without a stored answer": """
        SELECT abs((SELECT count(*) FROM returns_returnrequest) * cardinality(%(acts)s::text[])
          - (SELECT count(*) FROM foundation_idempotencyrecord))""",
}


def faults(merchant_id: UUID, lives: int, sample: UUID) -> dict[str, int]:
    """Count everything that is not as it must be after `lives` lives; `sample` is a life whose effects were looked at."""
    with transaction.atomic(), connection.cursor() as cursor:
        see([merchant_id])
        cursor.execute(
            "SELECT count(*) FROM foundation_plannedeffect WHERE subject_id = %s", [sample]
        )
        row = cursor.fetchone()
        parameters = {"acts": list(_EXPECTED_ACTS), "effects": row[0] if row else 0}
        found = {}
        for name, statement in _FAULTS.items():
            cursor.execute(statement, parameters)
            row = cursor.fetchone()
            found[name] = int(row[0]) if row else -1
        cursor.execute("SELECT count(*) FROM returns_returnrequest")
        row = cursor.fetchone()
        found["lives missing or too many"] = abs((int(row[0]) if row else 0) - lives)
        found["journal chains broken"] = _chains_broken()
    return found


def _chains_broken() -> int:
    lines = JournalEntry.objects.order_by("subject_id", "seq").iterator(chunk_size=5_000)
    chains = groupby(lines, key=lambda line: line.subject_id)
    return sum(first_break(chain) is not None for _, chain in chains)
