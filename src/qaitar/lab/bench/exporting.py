"""`bench export`: the register of a whole shop as one XLSX, as the console's job makes it, beside the bare library."""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil
import xlsxwriter
from django.db import transaction

from qaitar.analytics.export_definitions import ListExportRequest, ListKind
from qaitar.analytics.services.exporting import export_ask, export_find, list_export
from qaitar.foundation.models import StoredFile
from qaitar.foundation.ops.jobs import within_walls
from qaitar.foundation.tenancy.walls import see
from qaitar.lab.bench.database import files_in, point
from qaitar.lab.bench.dataset import Shape, world_ground
from qaitar.lab.bench.machine import calibration_seconds, this_machine
from qaitar.lab.bench.report import BenchReport, Goal, Table
from qaitar.returns.reads.register import (
    RegisterFilter,
    register_cells,
    register_columns,
    register_slice,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from qaitar.lab.bench.dataset import BenchWorld
    from qaitar.runtime.addresses import DatabaseAddresses

SIZES: Final = (10_000, 1_000_000)
BARE_ROWS: Final = 50_000
SAMPLE: Final = 500
SHARE_MIN: Final = 0.25
GROWTH_MAX: Final = 1.3
MEMORY_GROWTH_MAX: Final = 1.15
_LOOK_EVERY_S: Final = 0.1


@dataclass(slots=True)
class _Memory:
    """What this process holds, in MB, looked at all the time from a thread."""

    seen: list[float] = field(default_factory=list)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look every tenth of a second until the work is done."""
        over, process = threading.Event(), psutil.Process()

        def look() -> None:
            while not over.wait(_LOOK_EVERY_S):
                self.seen.append(process.memory_info().rss / 2**20)

        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def grown(self) -> float:
        """Tell the most of the whole against the most of its first fifth."""
        first = self.seen[: max(1, len(self.seen) // 5)]
        return max(self.seen) / max(first)


@dataclass(frozen=True, slots=True)
class _Made:
    """One export: its rows, its seconds, the size of its file, and what the process held meanwhile."""

    rows: int
    seconds: float
    size: int
    memory: _Memory

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


def bench_export(
    shop: DatabaseAddresses,
    now: datetime,
    *,
    sizes: Sequence[int] = SIZES,
    bare_rows: int = BARE_ROWS,
) -> BenchReport:
    """Export the register of a shop of each size, and the bare library's own best on rows of the same cells."""
    report = BenchReport("export", this_machine(now).as_json())
    made: list[_Made] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory(prefix="qaitar-export-") as folder, files_in(folder):
        for count in sizes:
            report.calibration_seconds.append(calibration_seconds())
            _, world = world_ground(shop, f"console_{count}", Shape(count), now)
            bare.append(_bare(world, Path(folder), bare_rows))
            made.append(_export(world, now))
            bare.append(_bare(world, Path(folder), bare_rows))
    point(shop)
    _tell(report, made, max(bare))
    return report


def _export(world: BenchWorld, now: datetime) -> _Made:
    """Ask for the register as the page does, and make the file as the job does."""
    with transaction.atomic():
        see(world.merchants)
        wanted = ListExportRequest(ListKind.REGISTER, {}, world.merchants)
        export = export_ask(user_id=world.user_id, wanted=wanted, form="XLSX", now=now)
    memory = _Memory()
    with memory.watching():
        started = time.perf_counter()
        assert list_export(export.merchant_id, now, export_id=export.pk)
        seconds = time.perf_counter() - started
    with within_walls(export.merchant_id):
        row = export_find(export.pk, user_id=world.user_id, merchants=world.merchants, now=now)
        assert row is not None, "one's own export is found"
        assert row.file_id is not None, row.state
        size = StoredFile.objects.get(pk=row.file_id).size
    assert (row.state, row.rows_done) == ("DONE", row.rows_expected), row.state
    return _Made(row.rows_done, seconds, size, memory)


def _bare(world: BenchWorld, folder: Path, count: int) -> float:
    """Write the cells of a sample of real lines again and again with nothing but the library; rows a second."""
    with transaction.atomic():
        see(world.merchants)
        page = register_slice(world.merchants, RegisterFilter(), limit=SAMPLE)
        lines = [_plain(register_cells(request)) for request in page.rows]
    options = {"constant_memory": True, "tmpdir": str(folder)}
    started = time.perf_counter()
    book = xlsxwriter.Workbook(str(folder / "bare.xlsx"), options)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, [column.name for column in register_columns()])
    for number in range(count):
        for place, cell in enumerate(lines[number % len(lines)]):
            if isinstance(cell, str):
                sheet.write_string(number + 1, place, cell)
            elif cell is not None:
                sheet.write_number(number + 1, place, cell)
    book.close()
    return count / (time.perf_counter() - started)


def _plain(cells: Sequence[object]) -> list[str | float | None]:
    """Turn cells into what a sheet holds: texts and numbers; a moment is a number of days."""
    return [
        cell if cell is None or isinstance(cell, str) else float(cell) if isinstance(cell, int) else 45_000.5
        for cell in cells
    ]  # fmt: skip


def _tell(report: BenchReport, made: Sequence[_Made], bare: float) -> None:
    big = made[-1]
    rows = [
        [f"{each.rows:,} lines", each.seconds, each.rate, each.rate / bare, each.size / 2**20, max(each.memory.seen)]
        for each in made
    ]  # fmt: skip
    columns = ["register", "seconds", "lines a second", "of the bare library", "file, MB", "memory at most, MB"]  # fmt: skip
    report.tables["export"] = Table("The register as XLSX", columns, rows)
    report.goals = [
        Goal("lines a second against the bare library", big.rate / bare, "at least", SHARE_MIN),
        Goal("memory at most against its first fifth", big.memory.grown(), "at most", MEMORY_GROWTH_MAX, "x"),
    ]  # fmt: skip
    if len(made) > 1:
        grown = made[0].rate / big.rate
        title = f"cost of a line at {big.rows:,} against {made[0].rows:,}"
        report.goals.append(Goal(title, grown, "at most", GROWTH_MAX, "x"))
    report.notes.append(f"The bare library wrote {bare:,.0f} lines a second.")
