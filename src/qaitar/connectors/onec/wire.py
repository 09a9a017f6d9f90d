"""1C's shapes on the wire: JSON with exact numbers, OData errors, literals and percent-encoded paths."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

from qaitar.connectors.onec.facts import ROOT
from qaitar.transport.lenient import storable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Row = dict[str, Any]

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class OneCUnreadable(Exception):
    """The body is not what the interface answers: broken JSON, another shape, or nothing."""


@dataclass(frozen=True, slots=True)
class ODataError:
    """The code and the Russian words of an error answer."""

    code: str
    message: str


def read_object(body: bytes) -> Row:
    """Read a JSON object, numbers with a point as exact decimals, texts fit to store.

    >>> read_object(b'{"a": 1299.9}')
    {'a': Decimal('1299.9')}

    Raises:
        Unreadable: it is not one.
    """
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_float=Decimal)
        value = storable(value) if b"\\u" in body else value
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise OneCUnreadable(f"not JSON, {len(body)} bytes") from error
    if not isinstance(value, dict):
        raise OneCUnreadable("not a JSON object")
    return value


def read_rows(body: bytes) -> list[Row]:
    """Read the rows of a collection.

    Raises:
        Unreadable: there is no list of objects under `value`.
    """
    rows = read_object(body).get("value")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise OneCUnreadable("no list of rows under 'value'")
    return rows


def read_error(body: bytes) -> ODataError | None:
    """Read an OData error, or nothing when the body is something else.

    >>> read_error('{"odata.error":{"code":"9","message":{"lang":"ru","value":"нет"}}}'.encode())
    ODataError(code='9', message='нет')
    """
    try:
        error = read_object(body).get("odata.error")
    except OneCUnreadable:
        return None
    if not isinstance(error, dict):
        return None
    message = error.get("message")
    words = message.get("value") if isinstance(message, dict) else message
    return ODataError(str(error.get("code", "")), str(words or "").strip())


def write_json(value: object) -> str:
    """Write JSON where decimals keep every digit.

    >>> write_json({"Цена": Decimal("1299.90"), "Ок": True})
    '{"Цена":1299.90,"Ок":true}'
    """
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        pairs = (f"{write_json(str(key))}:{write_json(item)}" for key, item in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(write_json(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def text(row: Mapping[str, Any], name: str) -> str:
    """Return a string attribute without its padding; an absent one is empty.

    >>> text({"Number": "00-00000123 "}, "Number")
    '00-00000123'
    """
    value = row.get(name)
    return "" if value is None else str(value).strip()


def is_guid(value: str) -> bool:
    """Tell whether the text is a reference."""
    return _GUID.fullmatch(value) is not None


def guid(value: str) -> str:
    """Write a reference literal.

    >>> guid("5BA6C000-0000-4000-8000-000000000001")
    "guid'5ba6c000-0000-4000-8000-000000000001'"

    Raises:
        ValueError: the text is not a reference.
    """
    return f"guid'{UUID(value)}'"


def quoted(value: str) -> str:
    """Write a string literal.

    >>> quoted("O'Neil")
    "'O''Neil'"
    """
    return "'" + value.replace("'", "''") + "'"


def moment(value: datetime | date) -> str:
    """Write a local moment without a zone, as 1C keeps it.

    >>> moment(date(2026, 2, 5))
    '2026-02-05T00:00:00'
    """
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    return value.strftime("%Y-%m-%dT00:00:00")


def composite(name: str, reference: str, type_name: str) -> str:
    """Write a comparison of a composite attribute with a reference of one type.

    >>> composite("Файл", "5ba6c000-0000-4000-8000-000000000001", "Catalog_X")
    "Файл eq cast(guid'5ba6c000-0000-4000-8000-000000000001','Catalog_X')"
    """
    return f"{name} eq cast({guid(reference)},{quoted(type_name)})"


def path(resource: str, key: str = "", action: str = "", **options: str) -> str:
    """Write a path below the publication, Cyrillic percent-encoded, options named without `$`.

    >>> path("Document_X", guid("5ba6c000-0000-4000-8000-000000000001"), "Post")
    "/odata/standard.odata/Document_X(guid'5ba6c000-0000-4000-8000-000000000001')/Post"
    >>> path("Тип", top="5")
    '/odata/standard.odata/%D0%A2%D0%B8%D0%BF?$top=5'
    """
    place = ROOT + quote(resource, safe="$_")
    place += f"({quote(key, safe='()=,')})".replace("%27", "'") if key else ""
    place += f"/{action}" if action else ""
    query = "&".join(f"{_option(name)}={quote(value, safe='')}" for name, value in options.items())
    return f"{place}?{query}" if query else place


def any_of(name: str, references: Sequence[str]) -> str:
    """Write a comparison of a reference attribute with any of several."""
    return " or ".join(f"{name} eq {guid(reference)}" for reference in references)


def _option(name: str) -> str:
    return name if name in {"allowedOnly", "PostingModeOperational"} else f"${name}"
