"""The data of the stand-in base: typed rows, numbering, references and what the event handlers do."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from qaitar.sandbox.onec.model import EMPTY_DATE, EMPTY_GUID, PRODUCTS, RETURN_ORDER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qaitar.sandbox.onec.model import Entity

Row = dict[str, Any]

SPARK_CARRIER = "5ba6c000-0000-4000-8000-000000000001"
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_SIZED = re.compile(r"(str|fixed)(\d+)")


class ODataRejected(Exception):
    """The base says no: HTTP `status`, OData `code` and the words of the message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Keep status and code beside the words."""
        super().__init__(message)
        self.status = status
        self.code = code


class Base:
    """All objects of one infobase, in memory.

    `ignored` names attributes (`resource`, `name`) that are published but not taken from a write,
    as happens when a handler or a right stands in the way.
    """

    def __init__(self, entities: Mapping[str, Entity]) -> None:
        """Start empty."""
        self.entities = dict(entities)
        self.rows: dict[str, list[Row]] = {name: [] for name in entities}
        self.ignored: set[tuple[str, str]] = set()
        self._references = 0
        self._numbers: dict[str, int] = {}
        self._versions = 0

    def state(self) -> dict[str, Any]:
        """Give all that is needed to go on later from here; plain JSON values."""
        counted = {"references": self._references, "numbers": self._numbers}
        return {**counted, "versions": self._versions, "rows": self.rows}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from a state given earlier."""
        self._references, self._versions = state["references"], state["versions"]
        self._numbers = dict(state["numbers"])
        self.rows = {name: list(state["rows"].get(name, ())) for name in self.entities}

    def new_reference(self) -> str:
        """Give the next reference; the order of creation can be read from it."""
        self._references += 1
        return str(UUID(int=(self._references << 80) | (0x4 << 76) | (0x8 << 60) | 0xC1))

    def insert(self, resource: str, body: Mapping[str, Any]) -> Row:
        """Write a new object or record, the way a POST does.

        Raises:
            Rejected: a value does not fit its type, or a record with this key exists (code 15).
        """
        entity = self.entities[resource]
        row = self._blank(entity)
        if "Ref_Key" in entity.key:
            row["Ref_Key"] = self.new_reference()
        if "Number" in row or "Code" in row:
            self._numbers[resource] = self._numbers.get(resource, 0) + 1
            number = f"УТ-{self._numbers[resource]:06d}".ljust(11)
            row["Number" if "Number" in row else "Code"] = number
        self._assign(entity, row, body)
        if entity.is_register and self.find(resource, {k: row[k] for k in entity.key}) is not None:
            raise ODataRejected(400, "15", "Запись с такими ключевыми полями уже существует")
        self._before_write(resource, row)
        self._stamp(row)
        self.rows[resource].append(row)
        return row

    def update(self, resource: str, row: Row, body: Mapping[str, Any]) -> None:
        """Change the sent attributes only; a sent tabular section replaces the whole old one."""
        self._assign(self.entities[resource], row, body)
        self._stamp(row)

    def find(self, resource: str, key: Mapping[str, str]) -> Row | None:
        """Return the row with this key."""
        for row in self.rows[resource]:
            if all(str(row[name]) == value for name, value in key.items()):
                return row
        return None

    def as_json(self, resource: str, row: Row) -> Row:
        """Return the row as the interface writes it: every Int64 is a string."""
        entity = self.entities[resource]
        out = _row_as_json(entity.attributes, row)
        for section, attributes in entity.sections.items():
            out[section] = [_row_as_json(attributes, line) for line in row[section]]
        return out

    def _blank(self, entity: Entity) -> Row:
        row: Row = {name: _default(kind) for name, kind in entity.attributes.items()}
        row |= {section: [] for section in entity.sections}
        return row

    def _assign(self, entity: Entity, row: Row, body: Mapping[str, Any]) -> None:
        for name, kind in entity.attributes.items():
            if name in body and name != "Ref_Key" and (entity.name, name) not in self.ignored:
                row[name] = _value(name, kind, body[name])
        for section, attributes in entity.sections.items():
            if section in body:
                row[section] = [
                    self._line(entity.name, section, attributes, number, line)
                    for number, line in enumerate(body[section], start=1)
                ]

    def _line(
        self,
        resource: str,
        section: str,
        attributes: Mapping[str, str],
        number: int,
        body: Mapping[str, Any],
    ) -> Row:
        row: Row = {name: _default(kind) for name, kind in attributes.items()}
        row["LineNumber"] = number
        for name, kind in attributes.items():
            if name in body and (f"{resource}_{section}", name) not in self.ignored:
                row[name] = _value(name, kind, body[name])
        return row

    def _stamp(self, row: Row) -> None:
        if "DataVersion" in row:
            self._versions += 1
            row["DataVersion"] = base64.b64encode(self._versions.to_bytes(8, "big")).decode()

    @staticmethod
    def _before_write(resource: str, row: Row) -> None:
        if resource == RETURN_ORDER and row["ПеревозчикПартнер_Key"] == EMPTY_GUID:
            row["ПеревозчикПартнер_Key"] = SPARK_CARRIER

    def product(self, name: str) -> str:
        """Return the reference of the product called `name`, making it when it is new."""
        for row in self.rows[PRODUCTS]:
            if row["Description"] == name:
                return str(row["Ref_Key"])
        return str(self.insert(PRODUCTS, {"Description": name})["Ref_Key"])


def _row_as_json(attributes: Mapping[str, str], row: Row) -> Row:
    return {
        name: str(row[name]) if kind == "int64" else row[name] for name, kind in attributes.items()
    }


def _default(kind: str) -> Any:
    sized = _SIZED.fullmatch(kind)
    if sized:
        return "".ljust(int(sized[2])) if sized[1] == "fixed" else ""
    return {
        "guid": EMPTY_GUID,
        "any": EMPTY_GUID,
        "bool": False,
        "double": 0,
        "int64": 0,
        "datetime": EMPTY_DATE,
    }.get(kind, "")


def _value(name: str, kind: str, raw: Any) -> Any:
    sized = _SIZED.fullmatch(kind)
    if sized:
        text = _text(name, raw)[: int(sized[2])]
        return text.ljust(int(sized[2])) if sized[1] == "fixed" else text
    readers: dict[str, Callable[[str, Any], Any]] = {
        "guid": _guid,
        "any": _guid,
        "bool": _bool,
        "double": _number,
        "int64": _int64,
        "datetime": _moment,
    }
    read = readers[kind] if kind in readers else _text  # noqa: SIM401  mypy loses the type in get()
    return read(name, raw)


def _bad(name: str) -> ODataRejected:
    return ODataRejected(400, "4", f"Неверное значение свойства {name}")


def _text(name: str, raw: Any) -> str:
    if not isinstance(raw, str):
        raise _bad(name)
    return raw


def _guid(name: str, raw: Any) -> str:
    if not isinstance(raw, str) or not _GUID.fullmatch(raw):
        raise _bad(name)
    return raw.lower()


def _bool(name: str, raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise _bad(name)
    return raw


def _number(name: str, raw: Any) -> Any:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise _bad(name)
    return raw


def _int64(name: str, raw: Any) -> int:
    if isinstance(raw, bool) or not re.fullmatch(r"-?\d+", str(raw)):
        raise _bad(name)
    return int(raw)


def _moment(name: str, raw: Any) -> str:
    if not isinstance(raw, str) or not _MOMENT.fullmatch(raw):
        raise _bad(name)
    return raw
