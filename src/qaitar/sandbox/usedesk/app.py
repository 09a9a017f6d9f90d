"""The stand-in as a WSGI application: token check, both body encodings, errors inside 200, faults on demand."""

from __future__ import annotations

import email
import email.policy
import hmac
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from qaitar.sandbox.serving import Dropped
from qaitar.sandbox.usedesk.account import Denied, HelpdeskAccount, UploadedFile
from qaitar.sandbox.usedesk.faults import UsedeskFault, UsedeskFaults
from qaitar.sandbox.usedesk.page import tickets_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIEnvironment

BODY_BYTES_MAX = 64 * 1024 * 1024
_STATUS_LINES = {
    200: "200 OK",
    400: "400 Bad Request",
    404: "404 Not Found",
    429: "429 Too Many Requests",
    500: "500 Internal Server Error",
    502: "502 Bad Gateway",
}
_BAD_GATEWAY = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_BEFORE = {
    UsedeskFault.RATE_LIMITED: (429, b'{"error":"Too Many Attempts."}'),
    UsedeskFault.BAD_GATEWAY_BEFORE: (502, _BAD_GATEWAY),
    UsedeskFault.SERVER_ERROR_BEFORE: (500, b"Server Error"),
    UsedeskFault.REFUSAL: (200, '{"error":"Клиент заблокирован"}'.encode()),
}
_AFTER = {
    UsedeskFault.BAD_GATEWAY_AFTER: (502, _BAD_GATEWAY),
    UsedeskFault.PAGE_AFTER: (200, b"<html><body>Welcome</body></html>"),
    UsedeskFault.NO_ID_AFTER: (200, b'{"status":"success"}'),
}


@dataclass(frozen=True, slots=True)
class UsedeskCall:
    """One request as it reached the stand-in; `query` shows whether a token strayed into the address."""

    method: str
    path: str
    query: str
    content_type: str


class UsedeskStandIn:
    """One Usedesk account behind one API token.  `account` is its inside, `faults` what goes wrong next."""

    def __init__(
        self, token: str, *, clock: Callable[[], datetime], list_shows_markers: bool = True
    ) -> None:
        """Make an empty account; `list_shows_markers` off leaves `additional_id` out of lists."""
        assert token, "an empty token would let everybody in"
        self.account = HelpdeskAccount(clock, list_shows_markers)
        self.faults = UsedeskFaults()
        self.calls: list[UsedeskCall] = []
        self._token = token
        self._methods = {
            "/create/ticket": self.account.create_ticket,
            "/create/comment": self.account.create_comment,
            "/ticket": self.account.ticket,
            "/tickets": self.account.list_tickets,
            "/groups": self.account.groups,
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ.get("PATH_INFO", "/")
        method = environ["REQUEST_METHOD"]
        content_type = environ.get("CONTENT_TYPE", "")
        self.calls.append(UsedeskCall(method, path, environ.get("QUERY_STRING", ""), content_type))
        if method == "GET" and path == "/":
            page = tickets_page(self.account.tickets.values()).encode()
            return _answer(start_response, 200, page, "text/html; charset=utf-8")
        if method != "POST" or path not in self._methods:
            return _answer(start_response, 404, b"<html>404</html>", "text/html")
        body = environ["wsgi.input"].read(
            min(int(environ.get("CONTENT_LENGTH") or 0), BODY_BYTES_MAX)
        )
        status, answer = self._faulty(path, content_type, body)
        media = "text/html" if answer.startswith(b"<") else "application/json"
        return _answer(start_response, status, answer, media)

    def _faulty(self, path: str, content_type: str, body: bytes) -> tuple[int, bytes]:
        fault = self.faults.take(path)
        if fault is UsedeskFault.DROP_BEFORE:
            raise Dropped
        if fault in _BEFORE:
            return _BEFORE[fault]
        status, answer = self._execute(path, content_type, body)
        if fault is UsedeskFault.DROP_AFTER:
            raise Dropped
        if fault is UsedeskFault.CUT_JSON_AFTER:
            return 200, answer[: len(answer) // 2]
        if fault is UsedeskFault.SLOW_AFTER:
            time.sleep(self.faults.slow_s)
        return (status, answer) if fault is None else _AFTER.get(fault, (status, answer))

    def _execute(self, path: str, content_type: str, body: bytes) -> tuple[int, bytes]:
        try:
            fields, files = read_body(content_type, body)
        except ValueError:
            return 400, _json({"error": "unreadable body"})
        token = fields.pop("api_token", "")
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return 200, _json({"error": "Incorrect api_token"})
        try:
            return 200, _json(self._methods[path](fields, files))
        except Denied as denied:
            return 200, _json({"error": str(denied)})


def read_body(content_type: str, body: bytes) -> tuple[dict[str, str], tuple[UploadedFile, ...]]:
    """Read a JSON, form or multipart body as text fields and files.

    Raises:
        ValueError: it is none of them.
    """
    if content_type.startswith("application/json"):
        record = json.loads(body)
        if not isinstance(record, dict):
            raise ValueError("not an object")
        return {name: _field(value) for name, value in record.items()}, ()
    if content_type.startswith("application/x-www-form-urlencoded"):
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body))
        return dict(pairs), ()
    if content_type.startswith("multipart/form-data"):
        return _multipart(content_type, body)
    raise ValueError("unknown content type")


def _multipart(content_type: str, body: bytes) -> tuple[dict[str, str], tuple[UploadedFile, ...]]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    fields: dict[str, str] = {}
    files: list[UploadedFile] = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        file_name = part.get_filename()
        if file_name is None:
            fields[str(name)] = content.decode()
        elif name == "files[]":
            files.append(UploadedFile(file_name, part.get_content_type(), content))
    return fields, tuple(files)


def _field(value: Any) -> str:
    if value is True:
        return "true"
    return "" if value is None or value is False else str(value)


def _json(payload: Any) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()


def _answer(start_response: StartResponse, status: int, body: bytes, media: str) -> Iterable[bytes]:
    headers = [("Content-Type", media), ("Content-Length", str(len(body)))]
    if status == 429:  # noqa: PLR2004  the one status that carries a wait
        headers.append(("Retry-After", "7"))
    start_response(_STATUS_LINES[status], headers)
    return [body]
