"""The stand-in as a WSGI application: who may, what is asked, what goes wrong, what is answered."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from qaitar.sandbox.google_sheets.book import Book, Invalid
from qaitar.sandbox.google_sheets.faults import Action, SheetsFault, SheetsFaults
from qaitar.sandbox.google_sheets.grid import Grid
from qaitar.sandbox.google_sheets.page import books_page
from qaitar.sandbox.google_sheets.tokens import TokenDenied, TokenDesk
from qaitar.sandbox.serving import Dropped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIEnvironment

BODY_BYTES_MAX = 10 * 1024 * 1024
_ROUTE = re.compile(
    r"/v4/spreadsheets/(?P<book>[^/]+)/values(?:/(?P<range>.+?))?(?P<verb>:append|:batchUpdate|:clear)?"
)
_BOOK = re.compile(r"/v4/spreadsheets/(?P<book>[^/:]+)")
_SHEET_FIELDS = "sheets(properties(sheetId,title),protectedRanges)"
_STATUS_LINES = {
    200: "200 OK",
    400: "400 Bad Request",
    401: "401 Unauthorized",
    403: "403 Forbidden",
    404: "404 Not Found",
    429: "429 Too Many Requests",
    503: "503 Service Unavailable",
}
_ACTIONS = {
    ("GET", None): Action.GET,
    ("PUT", None): Action.UPDATE,
    ("POST", ":append"): Action.APPEND,
    ("POST", ":batchUpdate"): Action.BATCH_UPDATE,
    ("POST", ":clear"): Action.CLEAR,
}
_PAGE = b"<html><body>Sign in</body></html>"


@dataclass(frozen=True, slots=True)
class SheetsCall:
    """One request as it reached the stand-in, without its Authorization header."""

    method: str
    path: str
    query: str
    body_bytes: int


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    query: dict[str, str]
    body: bytes


class _Answered(Exception):
    def __init__(self, status: int, payload: Any) -> None:
        super().__init__(status)
        self.status = status
        self.payload = payload


_BEFORE = {
    SheetsFault.QUOTA: (
        429,
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for quota metric 'Write requests'.",
    ),
    SheetsFault.UNAVAILABLE_BEFORE: (503, "UNAVAILABLE", "The service is currently unavailable."),
    SheetsFault.FORBIDDEN: (403, "PERMISSION_DENIED", "The caller does not have permission"),
    SheetsFault.REFUSAL: (
        400,
        "INVALID_ARGUMENT",
        "Your input contains more than the maximum of 50000 characters in a single cell.",
    ),
}


class GoogleSheetsStandIn:
    """Spreadsheets and service accounts.  `book(…)` makes a spreadsheet, `tokens` knows the accounts."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        """Make a stand-in without spreadsheets and accounts."""
        self.tokens = TokenDesk(clock)
        self.books: dict[str, Book] = {}
        self.faults = SheetsFaults()
        self.calls: list[SheetsCall] = []

    def book(self, book_id: str, *titles: str) -> Book:
        """Make a spreadsheet with empty sheets, shared with nobody."""
        self.books[book_id] = Book(book_id, {title: Grid(title) for title in titles})
        return self.books[book_id]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ.get("PATH_INFO", "/").encode("latin-1").decode()
        size = min(int(environ.get("CONTENT_LENGTH") or 0), BODY_BYTES_MAX)
        body = environ["wsgi.input"].read(size) if size else b""
        query = environ.get("QUERY_STRING", "")
        method = environ["REQUEST_METHOD"]
        self.calls.append(SheetsCall(method, path, query, size))
        call = _Call(method, path, dict(parse_qsl(query)), body)
        if (method, path) == ("GET", "/"):
            page = books_page(self.books.values()).encode()
            return _answer(start_response, 200, page, "text/html; charset=utf-8")
        try:
            if path == "/token":
                host = environ["HTTP_HOST"]
                answer = self._acted(Action.TOKEN, lambda: self._token(call, host))
            elif method == "GET" and _BOOK.fullmatch(path):
                answer = self._sheets(call, environ.get("HTTP_AUTHORIZATION", ""))
            else:
                answer = self._values(call, environ.get("HTTP_AUTHORIZATION", ""))
        except _Answered as answered:
            text = json.dumps(answered.payload).encode()
            return _answer(start_response, answered.status, text, "application/json; charset=UTF-8")
        media = "text/html" if answer == _PAGE else "application/json; charset=UTF-8"
        return _answer(start_response, 200, answer, media)

    def _acted(self, action: Action, act: Callable[[], Any]) -> bytes:
        fault = self.faults.take(action)
        if fault is SheetsFault.DROP_BEFORE:
            raise Dropped
        if fault in _BEFORE:
            raise _error(*_BEFORE[fault])
        answer = json.dumps(act(), ensure_ascii=False).encode()
        if fault is SheetsFault.DROP_AFTER:
            raise Dropped
        if fault is SheetsFault.UNAVAILABLE_AFTER:
            raise _error(503, "UNAVAILABLE", "The service is currently unavailable.")
        if fault is SheetsFault.SLOW_AFTER:
            time.sleep(self.faults.slow_s)
        if fault is SheetsFault.CUT_JSON_AFTER:
            return answer[: len(answer) // 2]
        return _PAGE if fault is SheetsFault.PAGE_AFTER else answer

    def _token(self, call: _Call, host: str) -> dict[str, Any]:
        form = dict(parse_qsl(call.body.decode()))
        try:
            return self.tokens.exchange(form, f"http://{host}/token")
        except TokenDenied as denied:
            words = {"error": denied.code, "error_description": denied.description}
            raise _Answered(400, words) from denied

    def _values(self, call: _Call, authorization: str) -> bytes:
        route = _ROUTE.fullmatch(call.path)
        action = _ACTIONS.get((call.method, route["verb"])) if route else None
        if route is None or action is None:
            raise _error(404, "NOT_FOUND", "The requested URL was not found.")
        account = self._account(authorization)
        book = self._opened(route["book"], account, reads=action is Action.GET)
        where = route["range"] or ""

        def act() -> Any:
            with book.lock:
                try:
                    return _done(book, action, where, call, account)
                except Invalid as invalid:
                    raise _error(400, "INVALID_ARGUMENT", str(invalid)) from invalid

        return self._acted(action, act)

    def _sheets(self, call: _Call, authorization: str) -> bytes:
        """Answer `spreadsheets.get` for the one field mask that is served: sheets and their protected ranges."""
        account = self._account(authorization)
        book = self._opened(call.path.rpartition("/")[2], account, reads=True)
        if call.query.get("fields") != _SHEET_FIELDS:
            raise _error(400, "INVALID_ARGUMENT", "The stand-in does not serve these fields.")

        def act() -> Any:
            with book.lock:
                return book.sheets_as_json(account)

        return self._acted(Action.SHEETS, act)

    def _account(self, authorization: str) -> str:
        account = self.tokens.account_of(authorization.removeprefix("Bearer "))
        if account is None:
            raise _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        return account

    def _opened(self, book_id: str, account: str, *, reads: bool) -> Book:
        if book_id not in self.books:
            raise _error(404, "NOT_FOUND", "Requested entity was not found.")
        book = self.books[book_id]
        if account not in (book.editors | book.viewers if reads else book.editors):
            raise _error(403, "PERMISSION_DENIED", "The caller does not have permission")
        return book


def _done(book: Book, action: Action, where: str, call: _Call, account: str) -> dict[str, Any]:
    if action is Action.GET:
        return book.get(where)
    if action is Action.CLEAR:
        return book.clear(where, account=account)
    record = json.loads(call.body)
    option = record.get("valueInputOption") or call.query.get("valueInputOption")
    if option not in {"RAW", "USER_ENTERED"}:
        raise Invalid("'valueInputOption' is required but not specified")
    raw = option == "RAW"
    if action is Action.BATCH_UPDATE:
        data = [(one["range"], one.get("values", [])) for one in record.get("data", [])]
        return book.batch_update(data, raw=raw, account=account)
    values = record.get("values", [])
    if action is Action.UPDATE:
        return book.update(where, values, raw=raw, account=account)
    inserts = call.query.get("insertDataOption", "OVERWRITE") == "INSERT_ROWS"
    return book.append(where, values, raw=raw, insert_rows=inserts, account=account)


def _error(code: int, status: str, message: str) -> _Answered:
    return _Answered(code, {"error": {"code": code, "message": message, "status": status}})


def _answer(start_response: StartResponse, status: int, body: bytes, media: str) -> Iterable[bytes]:
    headers = [("Content-Type", media), ("Content-Length", str(len(body)))]
    start_response(_STATUS_LINES[status], headers)
    return [body]
