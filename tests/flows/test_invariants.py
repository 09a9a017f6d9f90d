"""Every invariant is proved by planting what it forbids: it is found, named, and nothing else is blamed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from qaitar.flows.invariants.checking import (
    INVARIANTS,
    CheckRequest,
    InvariantReport,
    invariants_check,
    invariants_found,
)
from qaitar.flows.sweep_deadlines import merchant_sweep
from qaitar.foundation.files.store import FileStore, key_of
from qaitar.foundation.models import StoredFile
from qaitar.foundation.ops.jobs import within_walls
from qaitar.returns.vocabulary import Act
from qaitar.runtime.addresses import APP_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qaitar.runtime.addresses import DatabaseAddresses
    from tests.flows.bench import Bench

OPEN = "(SELECT id FROM returns_returnrequest WHERE number = '700000001-1')"
CLOSED = "(SELECT id FROM returns_returnrequest WHERE number = '700000002-1')"
MERCHANT = "(SELECT merchant_id FROM returns_returnrequest LIMIT 1)"
ELSE = "'00000000-0000-7000-8000-000000000001'::uuid"
LATE = "%(now)s::timestamptz - interval '1 hour'"
UNLOCKED = "ALTER TABLE foundation_journalentry DISABLE TRIGGER append_only;"
LINE = (
    "INSERT INTO foundation_journalentry (id, merchant_id, subject_kind, subject_id, seq, at, actor_name, actor_role,"
    " channel, act, before, after, why, request_ref, prev_hash, hash)"
)
ENDPOINT = (
    "INSERT INTO foundation_webhookendpoint (id, merchant_id, url, description, secrets, types, enabled,"
    f" disabled_reason, created_at) VALUES ({ELSE}, {MERCHANT}, 'https://x.example', '',"
    " decode(repeat('01', 60), 'hex'), '[]', true, '', %(now)s);"
)
DELIVERY = (
    "INSERT INTO foundation_webhookdelivery (id, merchant_id, endpoint_id, entry_id, type, body, state, attempts,"
    " next_at, last_detail, created_at, settled_at)"
)
INTAKE = (
    "INSERT INTO foundation_rawintake (id, merchant_id, source, digest, body, content_type, received_at,"
    " received_from, state, report, read_at, stored_digest, left_out)"
)
A_JOB = "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, scheduled_at)"

# what is planted → the invariants it breaks, by letter and the first words of the promise
PLANTED: dict[str, tuple[str, set[str]]] = {
    "a state changed past the journal": (
        f"UPDATE returns_returnrequest SET approval = 'GIVEN' WHERE id = {CLOSED}",
        {"S1 replaying"},
    ),
    "a change without its line": (
        f"UPDATE returns_returnrequest SET version = version + 1 WHERE id = {OPEN}",
        {"S1 a case and its journal"},
    ),
    "a head of another line": (
        f"UPDATE returns_returnrequest SET journal_head = sha256('x') WHERE id = {OPEN}",
        {"S1 a case and its journal"},
    ),
    "a line that lies about what was": (
        f"""{UNLOCKED} UPDATE foundation_journalentry SET before = jsonb_set(before, '{{stage}}', '"ARRIVED"')
        WHERE subject_id = {CLOSED} AND act = 'NOTE_WITHDRAWN'""",
        {"S1 each journal line", "S2 only steps", "S4 every line's hash", "S4 the program"},
    ),
    "a case that begins in the middle": (
        f"""{UNLOCKED} UPDATE foundation_journalentry SET act = 'ARRIVE' WHERE subject_id = {OPEN} AND seq = 1""",
        {"S2 only steps", "S4 every line's hash", "S4 the program"},
    ),
    "a closed case changed": (
        f"""{LINE} SELECT gen_random_uuid(), r.merchant_id, 'returnrequest', r.id, r.journal_seq + 1, %(now)s, 'x', 'SYSTEM',
        'job', 'APPROVE', '{{"approval": "NONE"}}', '{{"approval": "GIVEN"}}', '', '', r.journal_head, sha256('y')
        FROM returns_returnrequest r WHERE id = {CLOSED};
        UPDATE returns_returnrequest SET approval = 'GIVEN', version = version + 1, journal_seq = journal_seq + 1,
        journal_head = sha256('y') WHERE id = {CLOSED}""",
        {"S3 a closed case", "S4 every line's hash"},
    ),
    "a closed case that waits for a press": (
        f"UPDATE returns_returnrequest SET closed_at = NULL WHERE id = {CLOSED}",
        {"S1 replaying", "S3 a closed case"},
    ),
    "a line out of the middle": (
        f"{UNLOCKED} DELETE FROM foundation_journalentry WHERE subject_id = {OPEN} AND seq = 2",
        {
            "S1 a case and its journal",
            "S1 replaying",
            "S1 each journal line",
            "S4 each journal line",
            "S4 the program",
            "S4 every line's hash",
            "R1 every row finds",
        },
    ),
    "a program that may change the journal": (
        f"GRANT UPDATE ON foundation_journalentry TO {APP_ROLE}",
        {"S4 the program"},
    ),
    "a body that is not what came": (
        f"{INTAKE} VALUES ({ELSE}, {MERCHANT}, 'x', repeat('0', 64), 'body', 't', %(now)s, '', 'READ', '{{}}', %(now)s, '', '{{}}')",
        {"I1 what was taken in"},
    ),
    "a body nobody read": (
        f"""{INTAKE} VALUES ({ELSE}, {MERCHANT}, 'x', encode(sha256('body'), 'hex'), 'body', 't', {LATE}, '', 'STORED',
        '{{}}', NULL, '', '{{}}')""",
        {"I2 what was taken in"},
    ),
    "a body set aside without a reason": (
        f"""{INTAKE} VALUES ({ELSE}, {MERCHANT}, 'x', encode(sha256('body'), 'hex'), 'body', 't', {LATE}, '',
        'QUARANTINED', '{{}}', %(now)s, '', '{{}}')""",
        {"I2 what was taken in"},
    ),
    "a proof of another file": (
        "UPDATE returns_evidence SET file_sha256 = repeat('1', 64)",
        {"I3 every proof"},
    ),
    "a file whose bytes are gone": (
        """UPDATE foundation_storedfile SET sha256 = repeat('1', 64);
        UPDATE returns_evidence SET file_sha256 = repeat('1', 64), withdrawn_at = %(now)s""",
        {"I3 every file's bytes"},
    ),
    "a guard that does not look": (
        f"UPDATE returns_returnrequest SET guard_next_at = control_at + interval '3 days' WHERE id = {OPEN}",
        {"T1 every open case"},
    ),
    "a guard that lags behind": (
        f"UPDATE returns_returnrequest SET guard_next_at = {LATE} WHERE id = {OPEN}",
        {"T1 every open case"},
    ),
    "a date gone by unmissed": (
        f"""UPDATE returns_returnrequest SET control_at = {LATE}, guard_next_at = %(now)s, alert_level = 'REMIND'
        WHERE id = {OPEN}""",
        {"T1 an open case past", "S1 replaying"},
    ),
    "a job of a dead worker": (
        f"{A_JOB} VALUES ('x', 'x', '{{}}', 'doing', NULL)",
        {"J1 no job is left"},
    ),
    "a job nobody takes": (
        f"{A_JOB} VALUES ('x', 'x', '{{}}', 'todo', {LATE})",
        {"J1 no job waits"},
    ),
    "an effect nobody sends": (
        f"""UPDATE foundation_plannedeffect SET state = 'PLANNED', settled_at = NULL, next_at = {LATE}
        WHERE kind = 'OPEN_TICKET'""",
        {"J1 no outside effect"},
    ),
    "an effect sent without a try": (
        """UPDATE foundation_plannedeffect SET state = 'SENDING', settled_at = NULL, attempts = 0, next_at = %(now)s
        WHERE kind = 'OPEN_TICKET'""",
        {"J1 an outside effect"},
    ),
    "an effect in a state nobody knows": (
        "UPDATE foundation_plannedeffect SET state = 'LOST' WHERE kind = 'OPEN_TICKET'",
        {"J1 an outside effect"},
    ),
    "two effects with one ticket": (
        """UPDATE foundation_plannedeffect SET kind = 'OPEN_TICKET', state = 'DONE', settled_at = now(), reference = '77'
        WHERE kind IN ('OPEN_TICKET', 'TICKET_COMMENT')""",
        {"N1 one step plans", "N1 an outside effect"},
    ),
    "a date counted for another stage": (
        f"UPDATE returns_returnrequest SET control_rule = 'DISPUTE_ANSWER' WHERE id = {OPEN}",
        {"T1 a counted control date", "S1 replaying"},
    ),
    "an effect planned by a line that plans nothing": (
        """INSERT INTO foundation_plannedeffect SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(),
        'reference', '', 'ordinal', 1))).* FROM foundation_plannedeffect e WHERE kind = 'OPEN_TICKET'""",
        {"N1 an outside effect"},
    ),
    "one effect planned twice": (
        """ALTER TABLE foundation_plannedeffect DROP CONSTRAINT effect_once;
        INSERT INTO foundation_plannedeffect SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(),
        'reference', ''))).* FROM foundation_plannedeffect e WHERE kind = 'OPEN_TICKET'""",
        {"N1 one step plans"},
    ),
    "an event of nothing": (
        f"{ENDPOINT} {DELIVERY} VALUES ({ELSE}, {MERCHANT}, {ELSE}, {ELSE}, '', '', 'WAITING', 0, %(now)s, '', %(now)s, NULL)",
        {"N1 an event"},
    ),
    "a delivered event without a moment": (
        f"""{ENDPOINT} {DELIVERY} VALUES ({ELSE}, {MERCHANT}, {ELSE}, (SELECT id FROM foundation_journalentry LIMIT 1), '',
        '', 'DELIVERED', 1, %(now)s, '', %(now)s, NULL)""",
        {"N1 an event"},
    ),
    "a line that never went to an endpoint": (
        f"""{ENDPOINT} {DELIVERY} VALUES ({ELSE}, {MERCHANT}, {ELSE}, (SELECT id FROM foundation_journalentry
        WHERE subject_id = {OPEN} AND seq = 1), '', '', 'DELIVERED', 1, %(now)s, '', %(now)s, %(now)s)""",
        {"N1 an event"},
    ),
    "a wall taken down": (
        "ALTER TABLE returns_evidence NO FORCE ROW LEVEL SECURITY",
        {"P1 every business table"},
    ),
    "a second policy that lets all in": (
        "CREATE POLICY everyone ON orders_customer USING (true)",
        {"P1 every business table"},
    ),
    "a proof of another merchant": (
        f"UPDATE returns_evidence SET merchant_id = {ELSE}",
        {"P1 what belongs", "I3 every proof"},
    ),
    "a case of another merchant": (
        f"UPDATE foundation_plannedeffect SET merchant_id = {ELSE} WHERE kind = 'OPEN_TICKET'",
        {"P1 what belongs"},
    ),
    "a telephone in a job": (
        f"""{A_JOB} VALUES ('x', 'x', '{{"who": "+77011234567"}}', 'todo', %(now)s)""",
        {"D1 jobs carry"},
    ),
    "a secret in the open": (
        """UPDATE foundation_connection SET secrets = convert_to('{"api_token": "0123456789012345678901234"}', 'UTF8')""",
        {"D1 secrets"},
    ),
    "an effect of no line": (
        "UPDATE foundation_plannedeffect SET ordinal = 999 WHERE kind = 'OPEN_TICKET'",
        {"R1 every row finds"},
    ),
    "a proof without its case": (
        f"UPDATE returns_evidence SET request_id = {ELSE}",
        {"R1 every row finds"},
    ),
    "a counter that lies": (
        f"""INSERT INTO returns_stagecount (id, merchant_id, store_id, stage, count)
        SELECT gen_random_uuid(), merchant_id, store_id, 'NEW', 5 FROM returns_returnrequest WHERE id = {OPEN}""",
        {"R1 the counters"},
    ),
    "a constraint nobody validated": (
        "ALTER TABLE returns_evidence ADD CONSTRAINT later CHECK (kind <> '') NOT VALID",
        {"R1 no index"},
    ),
}


@pytest.fixture
def owner(
    bench: Bench, committed: DatabaseAddresses
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """The owner's connection to a shop with a case on its way and a closed one."""
    case = bench.file()
    bench.act(case, Act.ASK_CUSTOMER)
    bench.take(case)
    bench.settle_down()
    withdrawn = bench.file("700000002-1")
    bench.act(withdrawn, Act.NOTE_WITHDRAWN)
    bench.settle_down()
    merchant_sweep(bench.shop.id, bench.now)
    with psycopg.connect(committed.owner_dsn) as opened:
        yield opened
        opened.rollback()


def open_all(owner: psycopg.Connection[Any]) -> None:
    """Let the owner plant rows of any merchant, one more than there is among them."""
    owner.execute(
        f"INSERT INTO foundation_merchantkey (id, active) VALUES ({ELSE}, false)".encode()
    )
    owner.execute(
        "SELECT set_config('qaitar.merchants', (SELECT array_agg(id)::text FROM foundation_merchantkey), true)"
    )


def broken(report: InvariantReport) -> set[str]:
    return {f"{each.code} {each.promises}" for each in report.checked if each.broken}


def matched(found: set[str], expected: set[str]) -> bool:
    return len(found) == len(expected) and all(
        any(one.startswith(start) for one in found) for start in expected
    )


def test_a_sound_shop_breaks_nothing_and_nothing_is_hidden(
    bench: Bench, owner: psycopg.Connection[Any]
) -> None:
    report = invariants_check(owner, CheckRequest(bench.now, APP_ROLE, contents=True))
    assert broken(report) == set()
    assert report.hidden is True  # the owner is held by walls, too, and has opened all there are
    assert len(report.checked) == len(INVARIANTS) + 2


def test_each_planted_break_is_found_and_nothing_else_is_blamed(
    bench: Bench, owner: psycopg.Connection[Any]
) -> None:
    wrong = {}
    for name, (statements, expected) in PLANTED.items():
        open_all(owner)
        for statement in statements.split(";"):
            owner.execute(
                statement.encode(), {"now": bench.now} if "%(now)s" in statement else None
            )
        found = broken(invariants_found(owner, CheckRequest(bench.now, APP_ROLE)))
        owner.rollback()
        if not matched(found, expected):
            wrong[name] = (sorted(found), sorted(expected))
    assert wrong == {}


IN_TIME = (
    "a body nobody read",
    "a guard that does not look",
    "a guard that lags behind",
    "a date gone by unmissed",
    "an effect nobody sends",
    "a date counted for another stage",
)
"""Plants that break a promise of work in time; replaying the journal sees some of them besides."""


def test_nobody_waits_for_work_at_a_merchant_that_is_switched_off(
    bench: Bench, owner: psycopg.Connection[Any]
) -> None:
    wrong = {}
    for name in IN_TIME:
        statements, expected = PLANTED[name]
        open_all(owner)
        for statement in statements.split(";"):
            owner.execute(
                statement.encode(), {"now": bench.now} if "%(now)s" in statement else None
            )
        owner.execute(f"UPDATE foundation_merchantkey SET active = false WHERE id = {MERCHANT}")
        found = broken(invariants_found(owner, CheckRequest(bench.now, APP_ROLE)))
        owner.rollback()
        if not matched(found, expected & {"S1 replaying"}):
            wrong[name] = sorted(found)
    assert wrong == {}


def test_a_role_that_climbs_walls_or_owns_tables_is_found(
    bench: Bench, owner: psycopg.Connection[Any]
) -> None:
    row = owner.execute("SELECT min(rolname), current_user FROM pg_roles WHERE rolsuper").fetchone()
    assert row is not None
    for role in row:
        found = broken(invariants_found(owner, CheckRequest(bench.now, role)))
        assert matched(found, {"P1 every business table", "S4 the program"})


def test_every_invariant_has_a_planted_break(bench: Bench) -> None:
    starts = {start for _, expected in PLANTED.values() for start in expected}
    apart = {"T1 no control date of the past", "D1 stored answers"}
    unproved = [
        f"{each.code} {each.promises}"
        for each in INVARIANTS
        if not any(f"{each.code} {each.promises}".startswith(start) for start in starts | apart)
    ]
    assert unproved == []


def test_a_date_that_went_by_in_silence_is_found_in_the_past(
    bench: Bench, owner: psycopg.Connection[Any]
) -> None:
    bench.now += timedelta(days=3)
    case = bench.file("700000003-1")
    bench.now += timedelta(days=60)  # no guard was running
    bench.act(case, Act.NOTE_WITHDRAWN)
    requested = CheckRequest(bench.now, APP_ROLE, hashes=False, files=False)
    before = broken(invariants_found(owner, requested))
    assert not any("went by in silence" in one for one in before)  # the act owned up to it first
    owner.execute(
        f"{UNLOCKED} UPDATE foundation_journalentry SET channel = 'web' WHERE act = 'GUARD_MISSED'"
    )
    report = invariants_found(owner, requested)
    silent = [
        each for each in report.checked if each.promises.startswith("no control date of the past")
    ]
    assert [each.broken for each in silent] == [1]
    assert silent[0].first[0].place == f"{case.pk}#1"


def test_an_answer_stored_too_long_is_found(bench: Bench, owner: psycopg.Connection[Any]) -> None:
    owner.execute(
        "INSERT INTO foundation_idempotencyrecord (user_id, key, fingerprint, status, body, created_at)"
        " SELECT id, 'k', '\\x00', 200, '\\x00', %s::timestamptz - interval '9 days' FROM foundation_user LIMIT 1",
        [bench.now],
    )
    found = broken(invariants_found(owner, CheckRequest(bench.now, APP_ROLE)))
    assert matched(found, {"D1 stored answers"})


def test_a_file_that_changed_on_the_disk_is_found_when_contents_are_read(
    bench: Bench, owner: psycopg.Connection[Any], settings: Any
) -> None:
    with within_walls(bench.shop.id):
        file = StoredFile.objects.earliest("created_at")
    key = key_of(file.sha256)
    assert FileStore().exists(key)
    from_path = f"{settings.STORAGES['files']['OPTIONS']['location']}/{key}"
    with open(from_path, "wb") as opened:  # noqa: PTH123  the store's own path as text
        opened.write(b"other")
    quick = invariants_check(owner, CheckRequest(bench.now, APP_ROLE))
    owner.rollback()
    deep = invariants_check(owner, CheckRequest(bench.now, APP_ROLE, contents=True))
    assert broken(quick) == set()
    assert matched(broken(deep), {"I3 every file's bytes"})
