"""Makes reports of files out of import runs, intakes of the cabinet, and merges that were only tried."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from qaitar.contracts.marketplace import Section
from qaitar.flows.cabinet_words import rejection_sentence, report_notes
from qaitar.orders.selectors import import_rejections
from qaitar.returns.texts.words import word_for
from qaitar.web.console.imports.reasons import reason_sentence
from qaitar.web.console.labels.unread import field_text, why_text
from qaitar.web.console.outside.translation import translate_note
from qaitar.web.console.settings.records import ImportReport, RejectedRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from qaitar.flows.import_placing import FileMerged
    from qaitar.foundation.models import RawIntake
    from qaitar.orders.models import ImportRun, Store

REJECTED_ROWS_MAX: Final = 100
REJECTED_MAX: Final = 50_000
VALUE_LETTERS: Final = 120
_WHERE: Final = ("№ заказа", "Номер заказа")


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that could not be taken: where it stood, why, and its cells by column."""

    line: int
    reason: str
    cells: Mapping[str, str]
    sheet: str = ""


def rejected_table(run_id: UUID, most: int = REJECTED_MAX) -> list[RejectedLine]:
    """Read the rejected lines of an import in the order of its file."""
    return [
        RejectedLine(
            row.row_number, reason_sentence(row.reason_code, row.reason), _cells(row.raw), row.sheet
        )
        for row in import_rejections(run_id, limit=most)
    ]


def _cells(raw: Any) -> dict[str, str]:
    if not isinstance(raw, dict):
        return {}
    return {
        str(name): "" if value is None else str(value)
        for name, value in raw.items()
        if not isinstance(value, dict | list)
    }


def _rejected_row(row: RejectedLine) -> RejectedRow:
    """Show where the reason points: the column it names, else the order's number."""
    named = next((name for name in row.cells if name and f"«{name}»" in row.reason), "")
    field = named or next((name for name in _WHERE if name in row.cells), "")
    value = row.cells.get(field, "") or next(iter(row.cells.values()), "")
    return RejectedRow(
        line=row.line, field=field, value=value[:VALUE_LETTERS], reason=row.reason, sheet=row.sheet
    )


def remarks_of(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Say where rows of an import went besides the chosen store, and which number the store got."""
    sentences = [
        _("%(rows)s rows went to the store «%(store)s»: they carry its shop number.")
        % {"rows": each["rows"], "store": each["name"]}
        for each in report.get("stores", ())
    ]
    if number := report.get("number"):
        sentences.append(
            _("The store had no shop number; it got %(number)s from the file.") % {"number": number}
        )
    return tuple(sentences)


def notes_of(report: Mapping[str, Any], most: int = REJECTED_ROWS_MAX) -> tuple[str, ...]:
    """Say what of taken rows was not taken as it stood, each with its row."""
    return tuple(
        f"{_where(each)}{reason_sentence(each['code'], each['reason'])}"
        for each in report.get("notes", ())[:most]
    )


def _where(note: Mapping[str, Any]) -> str:
    if not note["row"]:
        return ""
    place = {"sheet": note["sheet"], "row": note["row"]}
    if note["sheet"]:
        return _("Sheet «%(sheet)s», line %(row)s:") % place + " "
    return _("Line %(row)s:") % place + " "


def run_report(run: ImportRun, rejected: Sequence[RejectedLine]) -> ImportReport:
    """Report a file of orders; while a job reads it, with how far it is."""
    running = run.state == "RUNNING"
    address = reverse("console:import", args=[run.pk])
    return ImportReport(
        file=run.name,
        kind=_("orders"),
        read=run.read,
        created=run.created,
        updated=run.updated,
        unchanged=run.unchanged,
        rejected=run.rejected,
        rejected_rows=tuple(_rejected_row(row) for row in rejected),
        rejected_url=reverse("console:import_rejected", args=[run.pk]) if run.rejected else "",
        result_url=address,
        progress=min(99, run.read * 100 // max(run.rows_expected, 1)) if running else None,
        progress_url=address if running else "",
        finished_at=run.finished_at,
        problem=translate_note(run.problem),
        **_counts_of(run.report),
    )


def _counts_of(report: Mapping[str, Any]) -> dict[str, Any]:
    notes = notes_of(report)
    return {
        "remarks": remarks_of(report),
        "row_notes": notes,
        "row_notes_left": report.get("notes_total", 0) - len(notes),
    }


def merged_report(name: str, done: FileMerged, chosen: Store) -> ImportReport:
    """Report a merge that was only tried."""
    merged = done.merged
    return ImportReport(
        file=name,
        kind=_("only looked at, nothing was changed"),
        read=merged.rows.read,
        created=merged.rows.created,
        updated=merged.rows.updated,
        unchanged=merged.rows.unchanged,
        rejected=merged.rows.rejected,
        rejected_rows=tuple(
            _rejected_row(
                RejectedLine(
                    row.row_number,
                    reason_sentence(row.reason_code, row.reason),
                    _cells(row.raw),
                    row.sheet,
                )
            )
            for row in merged.rejected[:REJECTED_ROWS_MAX]
        ),
        problem=translate_note(done.refusal),
        **_counts_of(done.report(chosen)),
    )


def _section(name: str) -> str:
    """Name a section in the reader's language; one never seen keeps its own name."""
    return str(word_for(Section(name))) if name in set(Section) else name


def intake_report(row: RawIntake) -> ImportReport:
    """Report an answer of the cabinet; before a job has read it, that it waits."""
    waiting = row.state == "STORED"
    address = reverse("console:import", args=[row.pk])
    return replace(
        cabinet_report(row.received_from, row.report or {}),
        result_url=address,
        progress=0 if waiting else None,
        progress_url=address if waiting else "",
        finished_at=row.read_at,
        problem=""
        if row.state != "QUARANTINED"
        else _("It holds no return requests that could be read."),
    )


def looked_report(name: str, report: Mapping[str, Any]) -> ImportReport:
    """Report an answer of the cabinet that was only looked at."""
    return replace(cabinet_report(name, report), kind=_("only looked at, nothing was changed"))


def cabinet_report(name: str, report: Mapping[str, Any]) -> ImportReport:
    """Report what a reading of the cabinet came to, by the report it left."""
    rejected = [
        RejectedRow(
            line=0,
            field=_("request"),
            value=str(each["number"]),
            reason=rejection_sentence(each, report) or reason_sentence(each["code"], each["code"]),
        )
        for each in report.get("rejected", ())
    ] + [
        RejectedRow(
            line=int(each["row"]),
            field="",
            value="",
            reason=reason_sentence(str(each.get("code", "")), str(each["reason"])),
        )
        for each in report.get("problems", ())
    ]
    return ImportReport(
        file=name,
        kind=_("return requests"),
        read=report.get("read", 0),
        created=report.get("created", 0),
        updated=report.get("updated", 0),
        unchanged=report.get("unchanged", 0),
        rejected=report.get("rejected_count", len(rejected)),
        rejected_rows=tuple(rejected[:REJECTED_ROWS_MAX]),
        unread_rows=tuple(
            RejectedRow(
                line=0,
                field=" · ".join(filter(None, (each["number"], field_text(each["name"])))),
                value=each["came"],
                reason=why_text(each["why"]),
            )
            for each in report.get("unread", ())[:REJECTED_ROWS_MAX]
        ),
        counts=tuple((_section(name), total) for name, total in report.get("counts", {}).items()),
        notes=report_notes(report),
    )
