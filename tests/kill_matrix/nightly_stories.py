"""What the clock brings: control dates, counters, figures, lists made into files, what is forgotten when its time is over."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from procrastinate.contrib.django import app

from qaitar.analytics.export_definitions import ListExportRequest, ListKind
from qaitar.analytics.models import DayFigure, ListExport
from qaitar.analytics.services import counting
from qaitar.analytics.services.exporting import ORIGIN, export_ask
from qaitar.foundation.models import IdempotencyRecord, StoredFile
from qaitar.foundation.ops.jobs import job_defer, within_walls
from qaitar.kernel.roles import Role
from qaitar.returns.models import ReturnRequest, StageCount, StageDelta
from qaitar.returns.services.days_off import day_set
from qaitar.returns.services.recalculate_deadlines import recount_call_up
from qaitar.returns.vocabulary import Act
from tests.factories.accounts import open_walls
from tests.kill_matrix.story import Story, unlike

if TYPE_CHECKING:
    from tests.kill_matrix.world import World

GUARD: Final = "qaitar.flows.tasks.deadlines_sweep"
COUNTS: Final = "qaitar.flows.tasks.stage_counts_sum"
FIGURES: Final = "qaitar.analytics.tasks.figures_count"
REBUILD: Final = "qaitar.analytics.tasks.figures_rebuild"
FORGET: Final = "qaitar.flows.tasks.idempotency_forget"
EXPORTS: Final = "qaitar.analytics.tasks.exports_forget"
EFFECTS: Final = "qaitar.flows.tasks.effects_sweep"


def _minute(name: str) -> None:
    """Call a job of the clock as its minute does."""
    with transaction.atomic():
        job_defer(name, queue=app.tasks[name].queue, timestamp=0)


def _seen(world: World, rows: Any) -> list[Any]:
    with transaction.atomic():
        open_walls(world.shop.id)
        return list(rows)


def _dates_begin(world: World) -> None:
    """Two days ago two requests came, and nobody has looked since."""
    now = world.now
    world.now = now - timedelta(days=2)
    for number in (1, 2):
        world.file(f"70000000{number}-1")
    world.now = now
    world.minutes_pass(forget=True)
    _minute(GUARD)


def _dates_differ(world: World) -> list[str]:
    wrong: list[str] = []
    for case in _seen(world, ReturnRequest.objects.all()):
        wrong += unlike(f"missed in {case.number}", world.acts(case.pk)["GUARD_MISSED"], 1)
        wrong += unlike(f"raised for {case.number}", case.alert_level, "MISSED")
    return wrong


def _counts_begin(world: World) -> None:
    for number in range(1, 4):
        world.file(f"70000000{number}-1")
    world.act(world.file("700000004-1"), Act.NOTE_WITHDRAWN)
    world.minutes_pass(forget=True)
    _minute(COUNTS)


def _counts_differ(world: World) -> list[str]:
    stages = Counter(_seen(world, ReturnRequest.objects.values_list("stage", flat=True)))
    reported = {
        stage: n for stage, n in _seen(world, StageCount.objects.values_list("stage", "count")) if n
    }
    left = _seen(world, StageDelta.objects.all())
    return unlike("counters", reported, dict(stages)) + unlike("left", len(left), 0)


def _figures(world: World) -> set[Any]:
    names = ("store_id", "day", "measure", "count", "seconds")
    return {row for row in _seen(world, DayFigure.objects.values_list(*names)) if row[3] or row[4]}


def _figures_begin(world: World) -> None:
    _counts_begin(world)
    world.minutes_pass(forget=True)
    _minute(FIGURES)


def _figures_differ(world: World) -> list[str]:
    """What was counted step by step is what counting anew says."""
    stood = _figures(world)
    counting.figures_rebuild(world.shop.id)
    counting.figures_count(world.shop.id, world.now)
    return unlike("figures", stood, _figures(world)) + ([] if stood else ["nothing was counted"])


def _rebuild_begins(world: World) -> None:
    _counts_begin(world)
    world.minutes_pass(forget=True)
    counting.figures_count(world.shop.id, world.now)
    _minute(REBUILD)
    _minute(FIGURES)


def _answers_begin(world: World) -> None:
    user = world.people["aigerim"]
    for key, age in (("old", timedelta(days=8)), ("young", timedelta(days=6))):
        IdempotencyRecord.objects.create(
            user=user,
            key=key,
            fingerprint=b"",
            status=200,
            body=b"",
            created_at=world.now - age,
        )
    _minute(FORGET)


def _answers_differ(world: World) -> list[str]:
    mine = IdempotencyRecord.objects.filter(user=world.people["aigerim"])
    return unlike("answers", list(mine.values_list("key", flat=True)), ["young"])


def _list_requested(world: World) -> ListExport:
    accepted = ListExportRequest(ListKind.QUEUE, {}, (world.shop.id,))
    user = world.people["aigerim"]
    with within_walls(world.shop.id):
        return export_ask(user_id=user.pk, wanted=accepted, form="CSV", now=world.now)


def _list_begins(world: World) -> None:
    for number in range(1, world.dice.randint(3, 6)):
        own = str(world.shop.id)  # a content kept before would not be kept again
        world.file(f"70000000{number}-1", product_name=own)
    world.minutes_pass(forget=True)
    _list_requested(world)


def _list_differs(world: World) -> list[str]:
    exports = _seen(world, ListExport.objects.values_list("state", "file_id"))
    files = _seen(world, StoredFile.objects.filter(origin=ORIGIN).values_list("pk", flat=True))
    return unlike("exports", exports, [("DONE", pk) for pk in files]) + unlike(
        "files", len(files), 1
    )


def _old_lists_begin(world: World) -> None:
    row = _list_requested(world)
    with within_walls(world.shop.id):
        file = world.stored("list")
        StoredFile.objects.filter(pk=file.pk).update(origin=ORIGIN)
        ListExport.objects.filter(pk=row.pk).update(
            state="DONE", file_id=file.pk, started_at=world.now - timedelta(days=8)
        )
    world.minutes_pass(forget=True)
    _minute(EXPORTS)


def _old_lists_differ(world: World) -> list[str]:
    left = (
        len(_seen(world, ListExport.objects.all())),
        len(_seen(world, StoredFile.objects.filter(origin=ORIGIN))),
    )
    return unlike("left", left, (0, 0))


def _days_begin(world: World) -> None:
    """Tomorrow, a Friday, is declared a day off, so the dates of open requests move to Monday."""
    cases = [world.file(f"70000000{number}-1") for number in (1, 2)]
    world.remembered["before"] = {case.pk: case.control_at for case in cases}
    world.minutes_pass(forget=True)
    tomorrow = (world.now + timedelta(days=1)).date()
    with within_walls(world.shop.id):
        owner = replace(world.by, role=Role.OWNER)
        day_set(
            merchant_id=world.shop.id, day=tomorrow, off=True, source="", by=owner, now=world.now
        )
        recount_call_up(world.shop.id)


def _days_differ(world: World) -> list[str]:
    wrong: list[str] = []
    for case in _seen(world, ReturnRequest.objects.all()):
        moved = case.control_at - world.remembered["before"][case.pk]
        wrong += unlike("moved by", moved, timedelta(days=3))
        wrong += unlike("lines", world.acts(case.pk).total(), 2)
    return wrong


STORIES: Final = (
    Story("control dates pass", _dates_begin, _dates_differ, (GUARD, EFFECTS)),
    Story("stage counts", _counts_begin, _counts_differ, (COUNTS, EFFECTS)),
    Story("figures counted", _figures_begin, _figures_differ, (FIGURES, EFFECTS)),
    Story("figures counted anew", _rebuild_begins, _figures_differ, (FIGURES, EFFECTS)),
    Story("stored answers forgotten", _answers_begin, _answers_differ, (FORGET,)),
    Story("list made into a file", _list_begins, _list_differs),
    Story("lists forgotten", _old_lists_begin, _old_lists_differ, (EXPORTS,)),
    Story("control dates counted anew", _days_begin, _days_differ),
)
