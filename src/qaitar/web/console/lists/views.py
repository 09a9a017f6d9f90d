"""Any list as XLSX or CSV: at once while it is short, made by a job with its progress on a page when it is long."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_GET, require_POST

from qaitar.analytics.export_definitions import (
    ListExportRequest,
    ListKind,
    drilldown_to_query,
    queue_to_query,
)
from qaitar.analytics.services.exporting import (
    FORMS,
    export_ask,
    export_find,
    file_name,
    request_of,
)
from qaitar.documents.tables import iter_csv, write_xlsx
from qaitar.foundation.files.names import download_headers
from qaitar.foundation.files.store import FileStore, key_of
from qaitar.foundation.models import StoredFile
from qaitar.foundation.ops.jobs import within_walls
from qaitar.returns.reads.cases import case_load
from qaitar.web.console.case.records import Fact
from qaitar.web.console.frame.answers import is_partial, see_other, typed
from qaitar.web.console.frame.auth import PageRequest, found_or_404, screen
from qaitar.web.console.queue import filters as queue_filter
from qaitar.web.console.register import filters as register_filter
from qaitar.web.console.reports import filters as report_filter
from qaitar.web.console.reports.drilldown_query import requested_drilldown
from qaitar.web.console.settings.security_notes import export_note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.http.response import HttpResponseBase

EXPORT_AT_ONCE_MAX: Final = 5_000  # more lines are made into a file by a job
QUERY_MAX: Final = 200


def ways_out(kind: ListKind, query: str) -> tuple[Fact, ...]:
    """Give the buttons that take a list away, as it is asked for by this query."""
    path = reverse("console:list_export", args=[kind.value])
    joined = f"{query}&" if query else ""
    return tuple(
        Fact(label=form, value="", url=f"{path}?{joined}{urlencode({'form': form})}")
        for form in FORMS
    )


def _wanted(visit: PageRequest, kind: str) -> ListExportRequest:
    """Read which list is asked for; the same query shows it on its own page."""
    chosen = found_or_404(ListKind(kind) if kind in set(ListKind) else None)
    query, who = visit.request.GET, visit.who
    wanted: Mapping[str, str] = {}
    merchants = who.merchants
    match chosen:
        case ListKind.REGISTER:
            wanted = register_filter.RegisterQuery(query).wanted.text()
        case ListKind.QUEUE:
            part = queue_filter.queue_wanted(query)
            merchants = queue_filter.requested_merchants(part, who) or merchants
            wanted = queue_to_query(queue_filter.wanted(part, who, visit.now))
        case ListKind.SEARCH:
            wanted = {"q": typed(query.get("q", ""), QUERY_MAX)}
        case ListKind.FIGURE:
            report = report_filter.requested_report(query)
            ground = report_filter.ground_of(report, merchants, visit.now)
            merchants = ground.scope.merchants or merchants
            wanted = drilldown_to_query(requested_drilldown(query, ground))
        case ListKind.JOURNAL:
            request = found_or_404(report_filter.uuid_read(query.get("id", "")))
            found = found_or_404(case_load(request)).request
            merchants = (found.merchant_id,)
            wanted = {"id": str(found.pk), "number": found.number}
        case ListKind.APPROVALS:
            pass
    masked = " ".join(sorted(str(each) for each in who.phones_masked))
    return ListExportRequest(chosen, {**wanted, "masked": masked}, merchants)


def _form(text: str) -> str:
    return text if text in FORMS else "XLSX"


@require_GET
@screen()
def list_export(visit: PageRequest, kind: str) -> HttpResponseBase:
    """Give a list as a file; for a long one a job is offered instead."""
    wanted, form = _wanted(visit, kind), _form(visit.request.GET.get("form", ""))
    count = wanted.count(EXPORT_AT_ONCE_MAX + 1)
    if count > EXPORT_AT_ONCE_MAX:
        ask = reverse("console:list_export_ask", args=[kind])
        context = {"ask_url": f"{ask}?{visit.request.GET.urlencode()}", "title": wanted.title()}
        return render(visit.request, "console/lists/list_export.html", context)
    name = file_name(wanted.title(), form, visit.now)
    _note(visit, wanted, form, rows=count)
    return _attached(_csv(visit, wanted) if form == "CSV" else _xlsx(wanted), name)


def _note(visit: PageRequest, wanted: ListExportRequest, form: str, *, rows: int) -> None:
    filters = {name: text for name, text in wanted.wanted.items() if text and name != "masked"}
    export_note(
        visit, wanted.merchants, what=wanted.kind.value, rows=rows, form=form, filters=dict(filters)
    )


def _csv(visit: PageRequest, wanted: ListExportRequest) -> HttpResponseBase:
    """Stream the lines; each page of them is read in a transaction of its own."""
    rows = wanted.rows(partial(within_walls, *wanted.merchants))
    parts = _spoken(visit.who.language, iter_csv(wanted.columns(), rows))
    return StreamingHttpResponse(parts, content_type=FORMS["CSV"][1])


def _spoken(language: str, parts: Iterator[str]) -> Iterator[bytes]:
    """Keep the reader's language while the lines are written, which is after the view has answered."""
    with translation.override(language):
        for part in parts:
            yield part.encode()


def _xlsx(wanted: ListExportRequest) -> HttpResponseBase:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.xlsx"
        write_xlsx(path, wanted.columns(), wanted.rows(nullcontext), sheet=wanted.title())
        return HttpResponse(path.read_bytes(), content_type=FORMS["XLSX"][1])


def _attached(answer: HttpResponseBase, name: str) -> HttpResponseBase:
    for header, value in download_headers(name, answer["Content-Type"]).items():
        answer[header] = value
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@screen()
def list_export_ask(visit: PageRequest, kind: str) -> HttpResponse:
    """Have a job make the file, and go to the page that shows how far it is."""
    row = export_ask(
        user_id=visit.who.user_id,
        wanted=_wanted(visit, kind),
        form=_form(visit.request.GET.get("form", "")),
        now=visit.now,
    )
    return see_other(reverse("console:list_export_page", args=[row.pk]))


@require_GET
@screen()
def list_export_page(visit: PageRequest, export_id: UUID) -> HttpResponse:
    """Show how far an export is; the same address is polled for the part alone."""
    who = visit.who
    row = found_or_404(
        export_find(export_id, user_id=who.user_id, merchants=who.merchants, now=visit.now)
    )
    name = "partials/export_state" if is_partial(visit.request) else "list_export"
    context = {"export": row, "file_url": reverse("console:list_export_file", args=[row.pk])}
    return render(visit.request, f"console/lists/{name}.html", context)


@require_GET
@screen()
def list_export_file(visit: PageRequest, export_id: UUID) -> HttpResponseBase:
    """Give the finished file to the person who asked for it."""
    who = visit.who
    row = found_or_404(
        export_find(export_id, user_id=who.user_id, merchants=who.merchants, now=visit.now)
    )
    file = found_or_404(StoredFile.objects.filter(pk=found_or_404(row.file_id)).first())
    _note(visit, request_of(row), row.form, rows=row.rows_done)
    answer = FileResponse(FileStore().open(key_of(file.sha256)), content_type=file.mime)
    return _attached(answer, file.name)
