"""The jobs themselves: run by a real worker, retried when it dies, one merchant never stopping another."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, connection, transaction
from procrastinate.contrib.django import app

from qaitar.flows import housekeeping, tasks
from qaitar.flows.sweep_deadlines import deadlines_sweep, merchant_sweep
from qaitar.foundation.connections.systems import Entered, connection_save
from qaitar.foundation.models import (
    IdempotencyRecord,
    MerchantKey,
    PlannedEffect,
    User,
    WebhookEndpoint,
)
from qaitar.foundation.ops.clock import frozen_at, utc_now
from qaitar.foundation.ops.jobs import (
    database_gone,
    for_each_merchant,
    job_defer,
    merchants_active,
    within_walls,
)
from qaitar.foundation.tenancy.walls import see
from qaitar.kernel.ids import new_id
from qaitar.returns.models import ReturnRequest, StageCount, StageDelta
from qaitar.returns.vocabulary import Act
from tests.factories.accounts import make_merchant
from tests.flows.apart import run_apart

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flows.bench import Bench


def jobs() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, status::text FROM procrastinate_jobs ORDER BY id")
        return [tuple(row) for row in cursor.fetchall()]


def test_the_job_an_act_left_makes_its_effects_happen(bench: Bench) -> None:
    bench.act(bench.file(), Act.ASK_CUSTOMER)
    bench.sheets.tokens.clock = lambda: bench.now
    with frozen_at(bench.now):
        tasks.effects_run(merchant_id=str(bench.shop.id))
    assert (bench.executed()["tickets"], bench.executed()["rows"]) == (1, 1)
    assert {name for name, _ in jobs()} <= set(app.tasks)


def test_a_switched_off_merchants_job_does_nothing(bench: Bench) -> None:
    bench.act(bench.file(), Act.ASK_CUSTOMER)
    MerchantKey.objects.filter(pk=bench.shop.id).update(active=False)
    with frozen_at(bench.now):
        tasks.effects_run(merchant_id=str(bench.shop.id))
    assert bench.executed()["tickets"] == 0


def test_every_task_is_known_under_the_name_rows_are_written_with() -> None:
    known = {name for name in app.tasks if name.startswith("qaitar.flows.tasks.")}
    assert {
        "qaitar.flows.tasks.effects_run",
        "qaitar.flows.tasks.connection_mended",
        "qaitar.flows.tasks.cabinet_read",
        "qaitar.flows.tasks.deadlines_sweep",
        "qaitar.flows.tasks.effects_sweep",
        "qaitar.flows.tasks.stalled_jobs_retry",
        "qaitar.flows.tasks.stage_counts_sum",
        "qaitar.flows.tasks.old_jobs_remove",
    } <= known
    every_minute = {
        task.task.name
        for task in app.periodic_registry.periodic_tasks.values()
        if task.cron == "* * * * *"
    }
    assert {
        "qaitar.flows.tasks.deadlines_sweep",
        "qaitar.flows.tasks.effects_sweep",
        "qaitar.flows.tasks.stalled_jobs_retry",
    } <= every_minute


def test_a_job_that_failed_once_is_tried_again_or_called_up_by_the_minute() -> None:
    """Without either, one broken connection to the database would leave its work undone for ever."""
    by_the_clock = {task.task.name for task in app.periodic_registry.periodic_tasks.values()}
    called_up = {
        f"qaitar.flows.tasks.{name}"
        for name in (
            "effects_run",
            "webhooks_run",
            "orders_poll",
            "cabinets_poll",
            "connections_recheck",
        )
    }
    ours = {name for name in app.tasks if name.startswith("qaitar.")}
    assert called_up < ours
    once = {name for name in ours if app.tasks[name].retry_strategy is None}
    assert once == by_the_clock | called_up


def test_due_effects_are_called_up_once_a_merchant(bench: Bench) -> None:
    for number in (1, 2):
        bench.act(bench.file(f"70000000{number}-1"), Act.ASK_CUSTOMER)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    assert housekeeping.effects_call_up(bench.now - timedelta(seconds=1)) == 0
    assert housekeeping.effects_call_up(bench.now) == 1
    assert housekeeping.effects_call_up(bench.now) == 1
    assert jobs() == [("qaitar.flows.tasks.effects_run", "todo")]


def test_polls_and_events_are_called_up_only_for_who_has_them(bare: Bench) -> None:
    assert housekeeping.polls_call_up("kaspi_shop", "orders") == 0
    assert housekeeping.webhooks_call_up() == 0
    entered = Entered("kaspi_shop", store_id=bare.shop.store.pk, secrets={"token": "t"})
    with within_walls(bare.shop.id):
        connection_save(merchant_id=bare.shop.id, entered=entered, now=bare.now)
        WebhookEndpoint.objects.create(
            id=new_id(),
            merchant_id=bare.shop.id,
            url="https://example.kz/hook",
            secrets=b"",
            created_at=bare.now,
        )
    assert housekeeping.polls_call_up("kaspi_shop", "orders") == 1
    assert housekeeping.polls_call_up("kaspi_cabinet_session", "cabinets") == 0
    assert housekeeping.webhooks_call_up() == 1
    assert [name for name, _ in jobs()] == [
        "qaitar.flows.tasks.connection_mended",
        "orders",
        "qaitar.flows.tasks.webhooks_run",
    ]
    MerchantKey.objects.update(active=False)
    assert housekeeping.webhooks_call_up() == 0


def test_only_one_waiting_job_does_not_spoil_the_callers_transaction(bare: Bench) -> None:
    with within_walls(bare.shop.id):
        assert job_defer("some.task", only_one="x", number=1) is True
        assert job_defer("some.task", only_one="x", number=2) is False
        assert ReturnRequest.objects.count() == 0
    assert jobs() == [("some.task", "todo")]


def test_a_database_that_went_away_is_reported_from_data_that_does_not_fit(bare: Bench) -> None:
    requested = {
        "SELECT pg_terminate_backend(pg_backend_pid())": True,
        "SELECT 1": True,  # over the connection that is no longer there
        "SET statement_timeout = 1; SELECT pg_sleep(1)": False,
        "SELECT 1 / 0": False,
    }
    for statement, gone in requested.items():
        with pytest.raises(DatabaseError) as raised, connection.cursor() as cursor:
            cursor.execute(statement)
        assert database_gone(raised.value) is gone, statement
        if statement == "SELECT 1":
            connection.close()
    connection.close()
    assert database_gone(ValueError("no error of a database")) is False


def test_a_failing_merchant_stops_nobody_else(bare: Bench) -> None:
    with transaction.atomic():
        other = make_merchant("Другой").pk
    first, second = merchants_active()
    done = []

    def work_on(merchant_id: Any) -> None:
        if merchant_id == first:
            raise ZeroDivisionError
        done.append(merchant_id)

    assert for_each_merchant("test", work_on) == 1
    assert done == [second]
    assert {first, second} == {bare.shop.id, other}


def test_the_deadline_sweep_reaches_every_merchant_and_finds_nothing_left(bare: Bench) -> None:
    case = bare.file()
    late = case.control_at + timedelta(days=1)
    assert deadlines_sweep(late) == 0
    assert "GUARD_MISSED" in bare.journal(case.pk)
    assert merchant_sweep(bare.shop.id, late).looked == 0


def counts(bench: Bench) -> dict[str, int]:
    with within_walls(bench.shop.id):
        return dict(StageCount.objects.values_list("stage", "count"))


def test_counter_changes_are_summed_and_gone(bare: Bench) -> None:
    case = bare.file()
    bare.file("700000002-1")
    bare.act(case, Act.ASK_CUSTOMER)
    assert housekeeping.stage_counts_sum(bare.shop.id) == 4
    assert counts(bare) == {"NEW": 1, "WAITING_CUSTOMER": 1}
    assert housekeeping.stage_counts_sum(bare.shop.id) == 0
    bare.file("700000003-1")
    assert housekeeping.stage_counts_sum_all() == 0
    assert counts(bare) == {"NEW": 2, "WAITING_CUSTOMER": 1}
    with within_walls(bare.shop.id):
        assert StageDelta.objects.count() == 0


def test_stored_answers_go_after_a_week_and_not_before(bare: Bench) -> None:
    user = User.objects.get()
    for key, age in (("old", timedelta(days=8)), ("young", timedelta(days=6))):
        IdempotencyRecord.objects.create(
            user=user,
            key=key,
            fingerprint=b"",
            status=200,
            body=b"",
            created_at=bare.now - age,
        )
    assert housekeeping.idempotency_forget(bare.now) == 1
    assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["young"]


def retry_the_dead(database: Any, folder: Path) -> None:
    """Let a real worker put back what dead ones left, and do it."""
    with transaction.atomic():
        job_defer("qaitar.flows.tasks.stalled_jobs_retry", queue="chores", timestamp=0)
    for _ in range(2):  # the first puts it back, and may end before it is taken again
        worked = run_apart("work_once", database=database, folder=folder)
        assert worked.returncode == 0, worked.stderr.decode()[-2000:]


def test_a_real_worker_drains_retries_what_a_dead_one_left_and_ends(
    bench: Bench, committed: Any, tmp_path: Path
) -> None:
    bench.now = utc_now()
    bench.act(bench.file(), Act.ASK_CUSTOMER)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', attempts = 1 RETURNING id")
        (job_id,) = cursor.fetchone()
    retry_the_dead(committed, tmp_path)
    with connection.cursor() as cursor:
        cursor.execute("SELECT status::text FROM procrastinate_jobs WHERE id = %s", [job_id])
        assert cursor.fetchone() == ("succeeded",)
    with transaction.atomic():
        see([bench.shop.id])
        assert set(PlannedEffect.objects.values_list("state", flat=True)) == {"DONE"}
    assert bench.executed()["tickets"] == 1


def test_a_dead_sweep_whose_next_one_waits_keeps_no_other_job_from_being_retried(
    bench: Bench, committed: Any, tmp_path: Path
) -> None:
    """Two of one lock cannot wait; found by the kill matrix: every stalled job after such a sweep was left for dead."""
    bench.now = utc_now()
    sweep, lock = "qaitar.flows.tasks.effects_sweep", "effects sweep"
    died = "UPDATE procrastinate_jobs SET status = 'doing', attempts = 1 WHERE task_name = %s RETURNING id"
    with transaction.atomic():
        job_defer(sweep, queue="effects", only_one=lock, timestamp=0)
    with connection.cursor() as cursor:
        cursor.execute(died, [sweep])
        (dead_sweep,) = cursor.fetchone()
    with transaction.atomic():
        job_defer(sweep, queue="effects", only_one=lock, timestamp=1)
    bench.act(bench.file(), Act.ASK_CUSTOMER)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 hour' WHERE status = 'todo'"
            " AND task_name = %s",
            [sweep],
        )
        cursor.execute(died, ["qaitar.flows.tasks.effects_run"])
        (dead_run,) = cursor.fetchone()
    retry_the_dead(committed, tmp_path)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, status::text FROM procrastinate_jobs")
        states = dict(cursor.fetchall())
    assert (states[dead_sweep], states[dead_run]) == ("aborted", "succeeded")
    assert bench.executed()["tickets"] == 1
