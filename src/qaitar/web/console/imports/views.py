"""Files come in: orders from the marketplace's export, return requests from the cabinet's saved answers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from qaitar.documents.tables import Column, write_xlsx
from qaitar.flows.cabinet_words import too_large
from qaitar.flows.import_later import dry_run, import_later
from qaitar.flows.import_orders import OrdersUpload, RefusedFile, orders_file_take, orders_import
from qaitar.flows.take_cabinet import BODY_BYTES_MAX, ReadingRefused, cabinet_look, cabinet_take
from qaitar.flows.take_cabinet import SOURCE as CABINET
from qaitar.foundation.files.names import download_headers
from qaitar.foundation.inbox.request_bodies import MB, accept_body
from qaitar.foundation.models import RawIntake
from qaitar.foundation.ops.jobs import within_walls
from qaitar.orders.errors import MergeBusy
from qaitar.orders.models import ImportRun, Store
from qaitar.orders.services.stores import stores_of
from qaitar.web.console.case.records import Choice
from qaitar.web.console.frame.answers import is_partial, see_other
from qaitar.web.console.frame.auth import DECIDERS, PageRequest, found_or_404, screen
from qaitar.web.console.frame.settings_views import managed, notify, screen_outside
from qaitar.web.console.imports.present import (
    REJECTED_ROWS_MAX,
    intake_report,
    looked_report,
    merged_report,
    rejected_table,
    run_report,
)
from qaitar.web.console.outside.translation import translate_note
from qaitar.web.console.settings.records import ImportPage, ImportReport
from qaitar.web.console.settings.security_notes import export_note

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

AT_ONCE_ROWS_MAX: Final = 5_000  # more rows are read by a job
FILE_BYTES_MAX: Final = 64 * 1024 * 1024
HISTORY_MAX: Final = 20
KINDS: Final = {
    "orders": _("Orders (XLSX or CSV export of the cabinet)"),
    "returns": _("Return requests (answers of the cabinet, JSON or HAR)"),
}


class UploadMissing(Exception):
    """What was sent cannot be taken; the message is a sentence for its sender."""


@accept_body(FILE_BYTES_MAX + MB)
@require_http_methods(["GET", "POST"])
@screen_outside(DECIDERS)
def imports(visit: PageRequest) -> HttpResponse:
    """Show the form with the files before, or take a file: judged before any transaction is opened."""
    error, report = "", None
    if visit.request.method == "POST":
        try:
            wanted = _uploaded(visit)
        except UploadMissing as no:
            error = translate_note(str(no))
        else:
            if not isinstance(wanted, ImportReport):
                return see_other(reverse("console:import", args=[wanted]))
            report = wanted
    with within_walls(*visit.who.merchants):
        page = _page(visit, report, error)
        status = 422 if error else 200
        return render(visit.request, "console/imports/import.html", {"page": page}, status=status)


def _stores(visit: PageRequest) -> list[Store]:
    return stores_of(managed(visit, DECIDERS))


def _page(visit: PageRequest, report: ImportReport | None, error: str = "") -> ImportPage:
    stores = _stores(visit)
    form = visit.request.POST
    runs = ImportRun.objects.filter(store_id__in=[store.pk for store in stores], source="FILE")
    return ImportPage(
        url=reverse("console:imports"),
        kinds=tuple(
            Choice(value=kind, label=str(label), selected=form.get("kind") == kind)
            for kind, label in KINDS.items()
        ),
        stores=tuple(
            Choice(value=str(each.pk), label=each.name, selected=form.get("store") == str(each.pk))
            for each in stores
        ),
        report=report,
        history=tuple(run_report(run, ()) for run in runs.order_by("-pk")[:HISTORY_MAX]),
        pasted=form.get("pasted", "") if error else "",
        error=error or ("" if stores else _now("There is no store yet; open one first.")),
    )


def _uploaded(visit: PageRequest) -> UUID | ImportReport:
    """Take the file: the id of what was written down, or the report of a look that changed nothing.

    Raises:
        NotSent: no file, no such store, an empty or too large file, or another import is under way.
    """
    name, body = _body(visit.request)
    with within_walls(*visit.who.merchants):
        store = _store(visit)
    kind = visit.request.POST.get("kind", "orders")
    if kind not in KINDS:
        raise UploadMissing(_now("Say what is in the file."))
    if kind == "returns":
        return _cabinet(visit, store, name, body)
    file = orders_file_take(body, name)  # takes its time: no transaction is open
    try:
        return _orders(visit, store, file)
    except MergeBusy as busy:
        raise UploadMissing(
            _now("Another import of this merchant is under way. Try again in a minute.")
        ) from busy


def _body(request: HttpRequest) -> tuple[str, bytes]:
    pasted = request.POST.get("pasted", "").strip()
    if pasted:
        return str(_("pasted text")), pasted.encode("utf-8", "replace")
    sent = request.FILES.get("file")
    if sent is None or not sent.size:
        raise UploadMissing(_now("Choose a file that is not empty."))
    if sent.size > FILE_BYTES_MAX:
        limit = FILE_BYTES_MAX >> 20
        raise UploadMissing(
            _now("The file is larger than %(limit)d MB; split it.") % {"limit": limit}
        )
    return (sent.name or "file")[:200], sent.read()


def _store(visit: PageRequest) -> Store:
    stores = _stores(visit)
    store_id = visit.request.POST.get("store", "")
    chosen = [store for store in stores if store_id in {str(store.pk), ""}]
    if len(chosen) != 1:
        raise UploadMissing(_now("Choose the store the file is for."))
    return chosen[0]


def _orders(
    visit: PageRequest, store: Store, file: OrdersUpload | RefusedFile
) -> UUID | ImportReport:
    by, now = visit.who.actor_at(store.merchant_id), visit.now
    look_only = visit.request.POST.get("then") == "look"
    with within_walls(*visit.who.merchants):
        if isinstance(file, OrdersUpload) and look_only:
            tried = dry_run(store=store, file=file, by=by, now=now)
            return merged_report(file.name, tried, store)
        if isinstance(file, OrdersUpload) and file.orders.rows_total > AT_ONCE_ROWS_MAX:
            run = import_later(store=store, file=file, by=by, now=now)
            notify(visit, _now("The file is kept and being read. You may leave this page."))
            return run.pk
        done = orders_import(store=store, file=file, by=by, now=now)
        if done.merged is None:
            notify(visit, _now("The file could not be read; nothing was changed."), good=False)
        else:
            notify(
                visit, _now("The file is read. Every line is in exactly one of the counts below.")
            )
        return done.run.pk


def _cabinet(visit: PageRequest, store: Store, name: str, body: bytes) -> UUID | ImportReport:
    by = visit.who.actor_at(store.merchant_id)
    try:
        with within_walls(*visit.who.merchants):
            if visit.request.POST.get("then") == "look":
                look = cabinet_look(store_id=store.pk, body=body, by=by, now=visit.now)
                return looked_report(name, look)
            intake = cabinet_take(
                store_id=store.pk, body=body, received_from=name, by=by, now=visit.now
            )
    except ReadingRefused as refused:
        raise UploadMissing(too_large(BODY_BYTES_MAX)) from refused
    notify(visit, _now("The file is kept and being read. You may leave this page."))
    return intake.id


# --- one file ---------------------------------------------------------------------------------------


def _run(visit: PageRequest, run_id: UUID) -> ImportRun | None:
    return ImportRun.objects.filter(pk=run_id, merchant_id__in=managed(visit, DECIDERS)).first()


@require_GET
@screen(DECIDERS)
def import_one(visit: PageRequest, run_id: UUID) -> HttpResponse:
    """Show what became of one file; polled for the part alone while a job reads it."""
    report = _report(visit, run_id)
    if is_partial(visit.request):
        return render(
            visit.request, "console/imports/partials/import_report.html", {"report": report}
        )
    return render(visit.request, "console/imports/import.html", {"page": _page(visit, report)})


def _report(visit: PageRequest, run_id: UUID) -> ImportReport:
    run = _run(visit, run_id)
    if run is not None:
        return run_report(run, rejected_table(run.pk, REJECTED_ROWS_MAX))
    intakes = RawIntake.objects.filter(merchant_id__in=managed(visit, DECIDERS), source=CABINET)
    row = found_or_404(intakes.filter(pk=run_id).defer("body").first())
    return intake_report(row)


@require_GET
@screen(DECIDERS)
def import_rejected(visit: PageRequest, run_id: UUID) -> HttpResponseBase:
    """Give the rejected lines as a file to mend and send again: their own columns, then where and why."""
    run = found_or_404(_run(visit, run_id))
    rows = rejected_table(run.pk)
    if not rows:
        raise Http404
    names = list(dict.fromkeys(name for row in rows for name in row.cells))
    export_note(
        visit,
        (run.merchant_id,),
        what="rejected",
        rows=len(rows),
        form="XLSX",
        import_name=run.name,
    )
    own = [*(Column(name) for name in names)]
    columns = [*own, Column(_now("Sheet")), Column(_now("Line")), Column(_now("Why not"))]
    lines = (
        [*(row.cells.get(name) for name in names), row.sheet, str(row.line), row.reason]
        for row in rows
    )
    mime = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rejected.xlsx"
        write_xlsx(path, columns, lines, sheet=_now("Rejected"))
        answer = HttpResponse(path.read_bytes(), content_type=mime)
    name = f"{Path(run.name).stem[:80]} {_now('rejected')}.xlsx"
    headers: dict[str, Any] = download_headers(name, mime)
    for header, value in headers.items():
        answer[header] = value
    return answer
