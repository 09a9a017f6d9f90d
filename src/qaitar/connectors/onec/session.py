"""Calls to one publication: reads in pages, writes once, answers already classified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qaitar.connectors.onec.answers import RETRY_S, OneCTrouble, trouble
from qaitar.connectors.onec.facts import METADATA_READ_S, PAGE_ROWS, PAGES_MAX
from qaitar.connectors.onec.wire import (
    OneCUnreadable,
    Row,
    path,
    read_object,
    read_rows,
    write_json,
)
from qaitar.contracts.outcome import ADDRESS_NOT_ALLOWED, Busy, Unknown
from qaitar.transport.http import AddressNotAllowed, NoAnswer, NotSent, Request, Timeouts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qaitar.transport.http import HttpClient, Reply

JSON = "application/json;odata=nometadata"
_METADATA_WAITS = Timeouts(read_s=METADATA_READ_S)


class OneCSession:
    """Speaks the interface over one HTTP client; keeps nothing between calls.

    The header that switches 1C to data-load mode is never sent and nothing is ever deleted.
    """

    def __init__(self, http: HttpClient) -> None:
        """Take a client whose base address is the publication and which carries the login."""
        self._http = http

    def one(self, place: str) -> Row | OneCTrouble:
        """Read one object."""
        answer = self._call(Request("GET", place, headers={"Accept": JSON}), writing=False)
        return answer if isinstance(answer, OneCTrouble) else _object(answer)

    def rows(self, resource: str, **options: str) -> list[Row] | OneCTrouble:
        """Read every row a filter gives, in pages; too many rows are an unknown, never a part of them."""
        options = {"orderby": "Ref_Key", **options}
        found: list[Row] = []
        for page in range(PAGES_MAX):
            bounds = {"top": str(PAGE_ROWS), "skip": str(page * PAGE_ROWS)}
            part = self.page(resource, **{**options, **bounds})
            if isinstance(part, OneCTrouble):
                return part
            found += part
            if len(part) < PAGE_ROWS:
                return found
        return OneCTrouble(Unknown(f"{resource}: more than {PAGE_ROWS * PAGES_MAX} rows answer"))

    def page(self, resource: str, **options: str) -> list[Row] | OneCTrouble:
        """Read one page of a collection exactly as asked."""
        place = path(resource, **options)
        answer = self._call(Request("GET", place, headers={"Accept": JSON}), writing=False)
        if isinstance(answer, OneCTrouble):
            return answer
        try:
            return read_rows(answer.body)
        except OneCUnreadable as error:
            return OneCTrouble(Unknown(f"HTTP {answer.status}: {error}"))

    def create(self, resource: str, values: Mapping[str, object]) -> Row | OneCTrouble:
        """Write one new object; an answer that cannot be read leaves it unknown whether it exists."""
        answer = self._write("POST", path(resource), values)
        return answer if isinstance(answer, OneCTrouble) else _object(answer)

    def change(self, place: str, values: Mapping[str, object]) -> Row | OneCTrouble:
        """Change the given attributes of one record."""
        answer = self._write("PATCH", place, values)
        return answer if isinstance(answer, OneCTrouble) else _object(answer)

    def act(self, place: str) -> OneCTrouble | None:
        """Carry out an action whose success may have no body."""
        request = Request("POST", place, headers={"Accept": JSON}, content=b"")
        answer = self._call(request, writing=True)
        return answer if isinstance(answer, OneCTrouble) else None

    def metadata(self) -> bytes | OneCTrouble:
        """Read the whole `$metadata` document."""
        request = Request("GET", path("$metadata"), timeouts=_METADATA_WAITS)
        answer = self._call(request, writing=False)
        return answer if isinstance(answer, OneCTrouble) else answer.body

    def _write(self, method: str, place: str, values: Mapping[str, object]) -> Reply | OneCTrouble:
        headers = {"Accept": JSON, "Content-Type": "application/json; charset=utf-8"}
        body = write_json(dict(values)).encode()
        return self._call(Request(method, place, headers=headers, content=body), writing=True)

    def _call(self, request: Request, *, writing: bool) -> Reply | OneCTrouble:
        try:
            reply = self._http.send(request)
        except AddressNotAllowed:
            return OneCTrouble(ADDRESS_NOT_ALLOWED)
        except NotSent as error:
            return OneCTrouble(Busy(f"1C was not reached: {error}", RETRY_S))
        except NoAnswer as error:
            return OneCTrouble(Unknown(f"no whole answer from 1C: {error}"))
        return trouble(reply, writing=writing) or reply


def _object(reply: Reply) -> Row | OneCTrouble:
    try:
        return read_object(reply.body)
    except OneCUnreadable as error:
        return OneCTrouble(Unknown(f"HTTP {reply.status}: {error}"))
