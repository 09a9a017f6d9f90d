"""Answers of the interface: JSON with its two metadata levels, OData errors, pages of the web server."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LOGIN_PAGE = (
    "<!DOCTYPE html><html><head><title>1С:Предприятие</title></head><body>Вход</body></html>"
)


@dataclass(frozen=True, slots=True)
class ODataReply:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/json;charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def line(self) -> str:
        """Return the status line's tail."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"


def as_json(
    status: int, value: Mapping[str, Any], headers: dict[str, str] | None = None
) -> ODataReply:
    """Answer a JSON object."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return ODataReply(status, body, headers=headers or {})


def as_error(status: int, code: str, message: str) -> ODataReply:
    """Answer an OData error with its code and Russian words."""
    words = {"code": code, "message": {"lang": "ru", "value": message}}
    return as_json(status, {"odata.error": words})


def as_page(status: int, text: str = LOGIN_PAGE) -> ODataReply:
    """Answer an HTML page of the web server."""
    return ODataReply(status, text.encode(), "text/html; charset=utf-8")


def feed(resource: str, rows: list[dict[str, Any]]) -> ODataReply:
    """Answer Atom, which is what a caller gets who did not ask for JSON."""
    entries = "".join(
        f"<entry><id>{resource}(guid'{row.get('Ref_Key', '')}')</id></entry>" for row in rows
    )
    text = f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'
    return ODataReply(200, text.encode(), "application/atom+xml;type=feed;charset=utf-8")
