"""The register of returns: every request of ours, filtered, walked by key, taken away as XLSX or CSV."""

from __future__ import annotations

import tempfile
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qaitar.documents.tables import iter_csv, write_xlsx
from qaitar.foundation.files.names import download_headers
from qaitar.foundation.files.store import FileStore, key_of
from qaitar.foundation.jobs import behind_walls
from qaitar.foundation.models import StoredFile
from qaitar.kernel.zones import ALMATY, as_utc, zone
from qaitar.orders.services.stores import stores_of
from qaitar.returns.queue import Place
from qaitar.returns.register import (
    RegisterFilter,
    register_columns,
    register_rows,
    register_slice,
    register_sum,
    sheet_lines,
)
from qaitar.returns.services.exporting import (
    FORMS,
    export_ask,
    export_find,
    file_name,
    sheet_title,
)
from qaitar.returns.vocabulary import Stage
from qaitar.returns.words import word_for
from qaitar.web.console.answers import is_partial, see_other
from qaitar.web.console.present_office import register_row
from qaitar.web.console.screen import Visit, found_or_404, screen
from qaitar.web.console.views_model import Choice, Empty, Fact, MoneyCell
from qaitar.web.console.views_model_office import RegisterPage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.http.response import HttpResponseBase

EXPORT_AT_ONCE_MAX: Final = 5_000  # more lines are made into a file by a job


class Asked:
    """The filter as it stands in the address; what cannot be read is left out, so that no address is an error."""

    def __init__(self, query: Mapping[str, str]) -> None:
        """Read it."""
        self.store = _uuid(query.get("store", ""))
        self.stage = _stage(query.get("stage", ""))
        self.since = _day(query.get("since", ""))
        self.until = _day(query.get("until", ""))
        self.after = Place.read(query.get("after", ""))

    @property
    def wanted(self) -> RegisterFilter:
        """Give the filter in moments: days are Almaty's, the last one in full."""
        until = self.until + timedelta(days=1) if self.until else None
        return RegisterFilter(
            store_id=self.store,
            stage=self.stage,
            since=_midnight(self.since),
            until=_midnight(until),
        )

    def address(self, path: str, **more: str) -> str:
        """Write the filter into an address."""
        said = {
            "store": self.store,
            "stage": self.stage.value if self.stage else None,
            "since": self.since,
            "until": self.until,
            **more,
        }
        text = urlencode({name: str(value) for name, value in said.items() if value})
        return f"{path}?{text}" if text else path


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _stage(text: str) -> Stage | None:
    return Stage(text) if text in Stage.__members__ else None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None  # noqa: PLR2004  no shop of ours is older


def _midnight(day: date | None) -> datetime | None:
    return as_utc(datetime.combine(day, time(0), tzinfo=zone(ALMATY))) if day else None


@require_GET
@screen()
def register(visit: Visit) -> HttpResponse:
    """Show one page of the register; a page asked for by key alone comes as bare rows."""
    asked = Asked(visit.request.GET)
    merchants = visit.who.merchants
    page = register_slice(merchants, asked.wanted, asked.after)
    lines = sheet_lines([row.pk for row in page.rows])
    rows = tuple(register_row(row, lines.get(row.pk)) for row in page.rows)
    path = reverse("console:register")
    more = asked.address(path, after=page.next.text()) if page.next else ""
    if is_partial(visit.request) and asked.after:
        context: dict[str, Any] = {"rows": rows, "more_url": more}
        return render(visit.request, "console/partials/register_rows.html", context)
    shown = _page(visit, asked, rows, more)
    return render(visit.request, "console/register.html", {"page": shown})


def _page(visit: Visit, asked: Asked, rows: tuple[Any, ...], more: str) -> RegisterPage:
    path = reverse("console:register")
    summed = register_sum(visit.who.merchants, asked.wanted)
    export = reverse("console:register_export")
    exports = tuple(
        Fact(label=form, value="", url=asked.address(export, form=form)) for form in FORMS
    )
    filtered = asked.address(path) != path
    return RegisterPage(
        rows=rows,
        url=path,
        exports=exports if rows else (),
        total=MoneyCell(minor=summed.minor, currency=summed.currency),
        count=summed.count,
        count_more=summed.more,
        since=asked.since,
        until=asked.until,
        stores=_stores(visit, asked),
        stages=_stages(asked),
        more_url=more,
        empty=None if rows else _empty(path, filtered=filtered),
    )


def _stores(visit: Visit, asked: Asked) -> tuple[Choice, ...]:
    known = stores_of(visit.who.merchants)
    every = Choice(value="", label=_("all stores"), selected=asked.store is None)
    return (
        every,
        *(
            Choice(value=str(store.pk), label=store.name, selected=store.pk == asked.store)
            for store in known
        ),
    )


def _stages(asked: Asked) -> tuple[Choice, ...]:
    every = Choice(value="", label=_("all stages"), selected=asked.stage is None)
    return (
        every,
        *(
            Choice(value=stage.value, label=str(word_for(stage)), selected=stage is asked.stage)
            for stage in Stage
        ),
    )


def _empty(path: str, *, filtered: bool) -> Empty:
    if filtered:
        return Empty(
            title=_("Nothing was filed in this part"),
            text=_("Widen the period or take the filter away."),
            icon="filter",
            url=path,
            link=_("Show the whole register"),
        )
    return Empty(
        title=_("The register is empty"),
        text=_("Every request that comes in gets its line here by itself."),
        icon="table",
        url=reverse("console:request_new"),
        link=_("Enter a request"),
    )


# --- taking it away ---------------------------------------------------------------------------------


@require_GET
@screen()
def register_export(visit: Visit) -> HttpResponseBase:
    """Give the filtered register as a file; a long one is made by a job, and its page shows how far it is."""
    asked = Asked(visit.request.GET)
    form = visit.request.GET.get("form", "XLSX")
    if form not in FORMS:
        form = "XLSX"
    summed = register_sum(visit.who.merchants, asked.wanted)
    if summed.more or summed.count > EXPORT_AT_ONCE_MAX:
        return render(
            visit.request,
            "console/register_export.html",
            {"ask_url": asked.address(reverse("console:register_export_ask"), form=form)},
        )
    return _csv(visit, asked) if form == "CSV" else _xlsx(visit, asked)


def _csv(visit: Visit, asked: Asked) -> HttpResponseBase:
    """Stream the lines; each page of them is read in a transaction of its own."""
    merchants = visit.who.merchants
    rows = register_rows(merchants, asked.wanted, partial(behind_walls, *merchants))
    parts = _spoken(visit.who.language, iter_csv(register_columns(), rows))
    answer = StreamingHttpResponse(parts, content_type=FORMS["CSV"][1])
    return _attached(answer, file_name("CSV", visit.now))


def _spoken(language: str, parts: Iterator[str]) -> Iterator[bytes]:
    """Keep the reader's language while the lines are written, which is after the view has answered."""
    with translation.override(language):
        for part in parts:
            yield part.encode()


def _xlsx(visit: Visit, asked: Asked) -> HttpResponseBase:
    rows = register_rows(visit.who.merchants, asked.wanted)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "register.xlsx"
        write_xlsx(path, register_columns(), rows, sheet=sheet_title())
        answer = HttpResponse(path.read_bytes(), content_type=FORMS["XLSX"][1])
    return _attached(answer, file_name("XLSX", visit.now))


def _attached(answer: HttpResponseBase, name: str) -> HttpResponseBase:
    for header, value in download_headers(name, answer["Content-Type"]).items():
        answer[header] = value
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@screen()
def register_export_ask(visit: Visit) -> HttpResponse:
    """Have a job make the file, and go to the page that shows how far it is."""
    asked = Asked(visit.request.GET)
    form = visit.request.GET.get("form", "")
    row = export_ask(
        user_id=visit.who.user_id,
        merchants=visit.who.merchants,
        wanted=asked.wanted,
        form=form if form in FORMS else "XLSX",
        now=visit.now,
    )
    return see_other(reverse("console:register_export_page", args=[row.pk]))


@require_GET
@screen()
def register_export_page(visit: Visit, export_id: UUID) -> HttpResponse:
    """Show how far an export is; the same address is polled for the part alone."""
    row = found_or_404(
        export_find(export_id, user_id=visit.who.user_id, merchants=visit.who.merchants)
    )
    name = "partials/export_state" if is_partial(visit.request) else "register_export"
    context = {
        "export": row,
        "back_url": reverse("console:register"),
        "file_url": reverse("console:register_export_file", args=[row.pk]),
    }
    return render(visit.request, f"console/{name}.html", context)


@require_GET
@screen()
def register_export_file(visit: Visit, export_id: UUID) -> HttpResponseBase:
    """Give the finished file to the person who asked for it."""
    row = found_or_404(
        export_find(export_id, user_id=visit.who.user_id, merchants=visit.who.merchants)
    )
    file = found_or_404(StoredFile.objects.filter(pk=found_or_404(row.file_id)).first())
    answer = FileResponse(FileStore().open(key_of(file.sha256)), content_type=file.mime)
    return _attached(answer, file.name)
