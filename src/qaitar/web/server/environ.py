"""Builds the WSGI environment of a request (PEP 3333) from the ASGI scope the server gives."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

Scope = dict[str, Any]
_HOP_BY_HOP: Final = frozenset({b"transfer-encoding", b"trailer"})  # a body is handed on whole
_NAMED: Final = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}
_COMMON: Final[Mapping[str, Any]] = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "Granian",
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
}


def environ_of(scope: Scope) -> dict[str, Any]:
    """Build the environment without a body.

    The same header sent several times becomes one, joined by commas (cookies by semicolons).  Headers whose name holds
    an underscore are left out: they would be read as the header written with a dash, which a proxy may have checked.
    """
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    environ = {
        **_COMMON,
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": scope["scheme"],
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "REMOTE_ADDR": scope["client"][0],
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": unquote_to_bytes(raw_path).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
    }
    for name, value in scope["headers"]:
        if name in _HOP_BY_HOP or b"_" in name:
            continue
        key = _NAMED.get(name) or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
        text = value.decode("latin-1")
        if key in environ:
            text = f"{environ[key]}{';' if name == b'cookie' else ','}{text}"
        environ[key] = text
    environ.setdefault("HTTP_HOST", "")
    return environ


def body_put(environ: dict[str, Any], body: BinaryIO, size: int) -> None:
    """Hand over a received body."""
    environ["wsgi.input"] = body
    if size or "CONTENT_LENGTH" in environ:
        environ["CONTENT_LENGTH"] = str(size)


def header_of(scope: Scope, name: bytes) -> bytes | None:
    """Return the first value of a header; `name` in lower case."""
    return next((value for key, value in scope["headers"] if key == name), None)


def length_of(scope: Scope) -> int | None:
    """Return how many bytes the body has; 0 without one, None when the request does not say (chunked)."""
    length: int | None = 0
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value)  # the server has refused whatever is no number
        if name == b"transfer-encoding":
            length = None
    return length
