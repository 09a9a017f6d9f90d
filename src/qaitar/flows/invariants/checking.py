"""Runs all invariants over one database, reading only: one snapshot, no locks, the journal streamed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import groupby
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db.models import Field
from psycopg import sql

from qaitar.flows.invariants.ground import DATA, WALLS, WHOLE
from qaitar.flows.invariants.invariant import Broken, Checked, Invariant
from qaitar.flows.invariants.states import STATES
from qaitar.flows.invariants.work import INTAKE, TIME, WORK
from qaitar.foundation.files.store import FileStore, Integrity, key_of
from qaitar.foundation.journal.lines import first_break
from qaitar.foundation.models import EffectState, JournalEntry
from qaitar.foundation.tenancy.walls import SETTING
from qaitar.foundation.tenancy.walls_install import walled_tables
from qaitar.returns.deadlines.control_dates import COUNTED_AT
from qaitar.returns.rules.procedure import PROCEDURE
from qaitar.returns.vocabulary import Effect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import psycopg

INVARIANTS: Final = (*STATES, *INTAKE, *TIME, *WORK, *WALLS, *DATA, *WHOLE)
EXAMPLES_MAX: Final = 20  # rows told of each broken invariant; all are counted
FETCHED: Final = 2_000
MOMENTS: Final = (
    "control_at",
    "pending_since",
    "reopening_requested_at",
    "arrived_at",
    "refused_at",
    "disputed_at",
    "closed_at",
)
JOURNALLED: Final = (
    *MOMENTS,
    "stage",
    "outcome",
    "refusal_reason",
    "customer_contacted",
    "customer_answered",
    "sent_to_service_centre",
    "goods_handed_over",
    "goods_checked",
    "dispute_evidence_sent",
    "approval",
    "pending_press",
    "planned_arrival_on",
    "arrived_where",
    "counts_as_quality",
    "control_rule",
    "control_source",
)
"""Columns of a case that change only together with a journal line."""

PROVING: Final = ("ADD_EVIDENCE", "CONFIRM_EVIDENCE")
_GIVEN_AT_BIRTH: Final = frozenset(
    {"stage", "planned_arrival_on", "control_at", "control_rule", "control_source"}
)

_CHAINED: Final = """
SELECT subject_id, seq, at, actor_id, actor_name, actor_role, channel, act, before, after, why, prev_hash, hash,
  merchant_id FROM foundation_journalentry ORDER BY subject_id, seq
"""
_FILES: Final = """
SELECT DISTINCT ON (sha256) merchant_id, id, sha256 FROM foundation_storedfile ORDER BY sha256, id
"""


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What a check is run with: the moment, the program's role, and how deep it goes."""

    now: datetime
    app_role: str
    hashes: bool = True  # take every journal line's hash anew
    files: bool = True  # look for every kept file
    contents: bool = False  # and read it whole


@dataclass(slots=True)
class InvariantReport:
    """What a check came to.  `hidden` tells that walls may have hidden rows of merchants nobody knows any more."""

    checked: list[Checked] = field(default_factory=list)
    hidden: bool = False

    @property
    def broken(self) -> int:
        """Count the rows that break something."""
        return sum(each.broken for each in self.checked)


def invariants_check(owner: psycopg.Connection[Any], request: CheckRequest) -> InvariantReport:
    """Check everything in one read-only snapshot of a database; `owner` is its owner, or a role that may read all.

    The cost of each statement grows with the tables, never with their square.
    """
    with owner.transaction():
        owner.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return invariants_found(owner, request)


def invariants_found(owner: psycopg.Connection[Any], request: CheckRequest) -> InvariantReport:
    """Check everything as the transaction that is open sees it."""
    report = InvariantReport()
    owner.execute("SET LOCAL TIME ZONE 'UTC'")
    _walls_open(owner, report)
    given = _parameters(request)
    report.checked = [_checked(owner, each, given) for each in INVARIANTS]
    if request.hashes:
        found = _chains(owner)
        report.checked.append(_streamed("S4", "every line's hash is that of its words", found))
    if request.files:
        found = _files(owner, contents=request.contents)
        report.checked.append(_streamed("I3", "every file's bytes are there", found))
    return report


def _walls_open(owner: psycopg.Connection[Any], report: InvariantReport) -> None:
    """Let an owner whom walls hold, too, see every merchant's rows."""
    owner.execute(
        "SELECT set_config(%s, (SELECT COALESCE(array_agg(id), '{}')::text FROM ("
        "SELECT id FROM foundation_merchantkey UNION SELECT merchant_id FROM foundation_membership) AS known), true)",
        [SETTING],
    )
    row = owner.execute("SELECT row_security_active('returns_returnrequest')").fetchone()
    report.hidden = bool(row and row[0])


def _parameters(request: CheckRequest) -> dict[str, Any]:
    steps = [{"at": s.at.value, "act": s.act.value, "leads": s.to.value} for s in PROCEDURE]
    return {
        "now": request.now,
        "app_role": request.app_role,
        "told": list(JOURNALLED),
        "initial": json.dumps(
            {name: _initial(name) for name in JOURNALLED if name not in _GIVEN_AT_BIRTH}
        ),
        "moments": list(MOMENTS),
        "counted": json.dumps(
            [
                {"rule": rule.value, "stage": at.value}
                for rule, stages in COUNTED_AT.items()
                for at in sorted(stages)
            ]
        ),
        "steps": json.dumps(steps),
        "plans": json.dumps([{"act": act, "kind": kind} for act, kind in sorted(_plans())]),
        "walled": walled_tables(),
        "effect_states": [state.value for state in EffectState],
    }


def _plans() -> set[tuple[str, str]]:
    """Tell which journal words plan which outside effects: the procedure's steps, and proofs that come later."""
    by_steps = {(step.act.value, effect.value) for step in PROCEDURE for effect in step.then}
    return by_steps | {(act, Effect.ATTACH_EVIDENCE.value) for act in PROVING}


def _initial(name: str) -> Any:
    """Tell with which value a case is born when nobody says otherwise."""
    field_ = apps.get_model("returns", "ReturnRequest")._meta.get_field(name)
    assert isinstance(field_, Field)
    return field_.get_default()


def _checked(
    owner: psycopg.Connection[Any], invariant: Invariant, given: dict[str, Any]
) -> Checked:
    began = monotonic()
    wrapped = sql.SQL(
        "SELECT merchant, place, fault, count(*) OVER () FROM ({}) AS found ORDER BY place, fault LIMIT {}"
    ).format(sql.SQL(invariant.finds), sql.Literal(EXAMPLES_MAX))
    rows = owner.execute(wrapped, given).fetchall()
    first = tuple(Broken(invariant.code, str(m or ""), place, text) for m, place, text, _ in rows)
    count = rows[0][3] if rows else 0
    return Checked(invariant.code, invariant.promises, count, first, monotonic() - began)


def _streamed(code: str, promises: str, found: Iterator[Broken]) -> Checked:
    began, count, first = monotonic(), 0, []
    for each in found:
        count += 1
        if count <= EXAMPLES_MAX:
            first.append(each)
    return Checked(code, promises, count, tuple(first), monotonic() - began)


def _rows(owner: psycopg.Connection[Any], query: str, name: str) -> Iterator[tuple[Any, ...]]:
    """Read a long answer through a cursor of the server, so that memory stays flat."""
    with owner.cursor(name=name) as cursor:
        cursor.itersize = FETCHED
        cursor.execute(query.encode())
        yield from cursor


def _chains(owner: psycopg.Connection[Any]) -> Iterator[Broken]:
    names = [part.strip() for part in _CHAINED.split("FROM")[0].replace("SELECT", "").split(",")]
    entries = (
        JournalEntry(**dict(zip(names, row, strict=True)))
        for row in _rows(owner, _CHAINED, "chains")
    )
    for subject_id, chain in groupby(entries, key=lambda entry: entry.subject_id):
        lines = list(chain)
        at = first_break(lines)
        if at is not None:
            yield Broken(
                "S4",
                str(lines[0].merchant_id),
                f"{subject_id}#{at}",
                "the hash is not that of the words",
            )


def _files(owner: psycopg.Connection[Any], *, contents: bool) -> Iterator[Broken]:
    store = FileStore()
    for merchant_id, file_id, sha256 in _rows(owner, _FILES, "files"):
        key = key_of(sha256)
        found = store.verify(key) if contents else _there(store, key)
        if found is not Integrity.INTACT:
            yield Broken("I3", str(merchant_id), str(file_id), f"the file is {found.value}")


def _there(store: FileStore, key: str) -> Integrity:
    return Integrity.INTACT if store.exists(key) else Integrity.MISSING
