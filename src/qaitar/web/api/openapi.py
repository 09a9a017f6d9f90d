"""Finishes the API's document: every answer declared, errors included, the idempotency key, outgoing webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qaitar.flows.webhook_events import TYPES
from qaitar.web.api.idempotency import KEY_PATTERN
from qaitar.web.api.schemas import ProblemOut

if TYPE_CHECKING:
    from ninja.openapi.schema import OpenAPISchema

DESCRIPTION: Final = """After-sales platform for marketplace sellers: return requests from filing to closing.

Sign in with `Authorization: Bearer <token>`; a token's scopes (read, write, intake, admin) narrow what its person may
do.  Errors are RFC 9457 problem details with a stable `code` and a sentence in the language of `Accept-Language` or of
the token's person.  `Idempotency-Key` (8 to 255 visible ASCII characters, quoted or bare) makes a changing call run
once: the same call again gets the stored answer with `Idempotency-Replayed: true` for seven days; another call with
the key gets 422; while the first is running, 409.  Lists are walked by `cursor`.  Money is integer minor units.
Outgoing events follow Standard Webhooks 1.0.0.
"""

_REF: Final = {"$ref": "#/components/schemas/Problem"}
_PROBLEMS: Final = {
    "400": "Unreadable: body, key or token header",
    "401": "No valid token",
    "403": "Scope or role does not allow it",
    "404": "Not there, or not yours",
    "409": "Procedure or policy forbids it now, somebody was faster, or the same call is still running",
    "413": "Body too large",
    "415": "Body of another type",
    "422": "Values not valid, or the key was used for another call",
    "500": "Our error; nothing of the call stands",
    "503": "Not available now",
}
_READING: Final = ("401", "403", "422", "500", "503")
_CHANGING: Final = tuple(_PROBLEMS)
_KEY: Final = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "Makes the call run once; quoted string or bare text.",
    "schema": {"type": "string", "pattern": KEY_PATTERN},
}
_REPLAYED: Final = {
    "Idempotency-Replayed": {
        "description": "The call had run before; this is its stored answer.",
        "schema": {"type": "string", "const": "true"},
    }
}


def finished(document: OpenAPISchema) -> OpenAPISchema:
    """Declare what the door and the handlers answer, for every call."""
    schema = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
    inner = schema.pop("$defs", {})
    document["components"]["schemas"].update({"Problem": schema, **inner})
    for address, calls in document["paths"].items():
        for method, call in calls.items():
            _answers(call, address, method)
    document["webhooks"] = {kind: _webhook(kind) for kind in TYPES}
    document["jsonSchemaDialect"] = "https://json-schema.org/draft/2020-12/schema"
    return document


def _answers(call: dict[str, Any], address: str, method: str) -> None:
    reading = method == "get"
    codes = set(_READING if reading else _CHANGING) | ({"404"} if "{" in address else set())
    answers = {str(status): answer for status, answer in call["responses"].items()}
    for status in sorted(codes):
        answers[status] = {
            "description": _PROBLEMS[status],
            "content": {"application/problem+json": {"schema": _REF}},
        }
    if not reading:
        call["parameters"] = [*call.get("parameters", []), _KEY]
        for status, answer in answers.items():
            if status.startswith("2"):
                answer["headers"] = _REPLAYED
    call["responses"] = answers


def _webhook(kind: str) -> dict[str, Any]:
    text = {"type": "string"}
    body = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "const": kind},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": {
                "type": "object",
                "required": ["request", "seq", "act", "by", "before", "after"],
                "properties": {
                    "request": {"type": "object"},
                    "seq": {"type": "integer"},
                    "act": text,
                    "by": {"type": "object"},
                    "before": {"type": "object"},
                    "after": {"type": "object"},
                    "effects": {"type": "array", "items": {"type": "object"}},
                },
            },
        },
    }
    headers = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return {
        "post": {
            "summary": kind,
            "parameters": [
                {"in": "header", "name": name, "required": True, "schema": text} for name in headers
            ],
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": {"2XX": {"description": "Taken"}},
        }
    }
