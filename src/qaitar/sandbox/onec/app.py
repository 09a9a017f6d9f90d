"""The stand-in as a WSGI application: authorisation, routing, reading, writing, faults."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from qaitar.sandbox.onec import edmx
from qaitar.sandbox.onec.base import Base, ODataRejected
from qaitar.sandbox.onec.filters import BadFilter, compile_filter
from qaitar.sandbox.onec.ledger import LedgerExecuted, OneCLedger
from qaitar.sandbox.onec.model import Entity, configuration
from qaitar.sandbox.onec.replies import ODataReply, as_error, as_json, as_page, feed
from qaitar.sandbox.onec.seeds import SeededOrder, SoldLine, seed_order
from qaitar.sandbox.serving import Dropped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from wsgiref.types import StartResponse, WSGIEnvironment

    from qaitar.sandbox.onec.faults import OneCFault

ROOT = "/ut/odata/standard.odata/"
_ADDRESS = re.compile(
    r"(?P<resource>[^/()]+)(?:\((?P<key>[^/]*)\))?(?:/(?P<action>Post|Unpost|\$count))?"
)
_KEY_PART = re.compile(r"(?:(?P<name>[^=',]+)=)?(?:guid)?'(?P<value>[^']*)'")


@dataclass(frozen=True, slots=True)
class _Call:
    """One request, read."""

    method: str
    resource: str
    key: str | None
    action: str
    options: dict[str, str]
    headers: dict[str, str]
    body: bytes
    user: str


class OneCStandIn:
    """One publication of one infobase at `/ut`.

    `ledger` lists executed writes; `faults` are taken in order by matching calls; `denied` names
    resources the user has no right to (401, code 20); `hidden` references need `allowedOnly=true`;
    `unpublished` objects are not in the composition (404, code 8); `posting_refusal` is what the
    posting handler says (500, code -1).
    """

    def __init__(
        self,
        *,
        user: str = "Обмен",
        password: str = "пароль-1С",  # noqa: S107  the stand-in's own made-up login
        files: str = "A",
        vat: str = "СтавкаНДС_Key:guid",
        extra_return: str = "",
    ) -> None:
        """Make an empty base of file generation `files` with one user."""
        self.base = Base(configuration(files=files, vat=vat, extra_return=extra_return))
        self.ledger = OneCLedger()
        self.faults: list[OneCFault] = []
        self.denied: set[str] = set()
        self.hidden: set[str] = set()
        self.unpublished: set[str] = set()
        self.posting_refusal = ""
        self._login = (user, password)
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; raises `Dropped` when a fault cuts the connection."""
        answer = self._answer(environ)
        headers = [("Content-Type", answer.content_type), ("Content-Length", str(len(answer.body)))]
        start_response(answer.line, headers + list(answer.headers.items()))
        return [answer.body]

    def seed_order(
        self,
        code: str,
        lines: Sequence[SoldLine] = (),
        *,
        shipped: bool = True,
        posted: bool = True,
    ) -> SeededOrder:
        """Put a sale into the base; without `lines` it is one phone for 129 990."""
        sold = lines or [SoldLine("Смартфон", 1000, 129_990_00)]
        return seed_order(self.base, code, sold, shipped=shipped, posted=posted)

    @contextmanager
    def still(self) -> Iterator[Base]:
        """Hold the base still while it is looked at, saved or put back."""
        with self._lock:
            yield self.base

    def _answer(self, environ: WSGIEnvironment) -> ODataReply:
        call = self._read_call(environ)
        if isinstance(call, ODataReply):
            return call
        with self._lock:
            fault = next((f for f in self.faults if f.matches(call.method, call.resource)), None)
            if fault is not None:
                fault.times -= 1
        if fault is None:
            return self._execute(call)
        if fault.delay_s:
            time.sleep(fault.delay_s)
        true = (
            self._execute(call) if fault.executes or fault.reply in {"true", "truncated"} else None
        )
        return _spoiled(fault, true)

    def _read_call(self, environ: WSGIEnvironment) -> _Call | ODataReply:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        path = environ["PATH_INFO"].encode("latin-1").decode()
        self.ledger.requests.append(f"{environ['REQUEST_METHOD']} {path}?{environ['QUERY_STRING']}")
        if not path.startswith(ROOT):
            return as_page(404, "<html><body>404 Not Found</body></html>")
        if self._user(environ) is None:
            return ODataReply(401, b"", "text/plain", {"WWW-Authenticate": 'Basic realm="1C"'})
        match = _ADDRESS.fullmatch(path[len(ROOT) :])
        if match is None and path != ROOT:
            return as_error(400, "6", "Неверный формат URL")
        found = match.groupdict() if match else {"resource": "", "key": None, "action": None}
        return _Call(
            method=environ["REQUEST_METHOD"],
            resource=found["resource"] or "",
            key=found["key"],
            action=found["action"] or "",
            options=dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)),
            headers={k[5:]: str(v) for k, v in environ.items() if k.startswith("HTTP_")},
            body=body,
            user=self._login[0],
        )

    def _user(self, environ: WSGIEnvironment) -> str | None:
        scheme, _, value = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        try:
            name, _, password = base64.b64decode(value).decode().partition(":")
        except ValueError:
            return None
        known = scheme == "Basic" and (name, password) == self._login
        return name if known else None

    def _execute(self, call: _Call) -> ODataReply:
        with self._lock:
            try:
                return self._route(call)
            except ODataRejected as no:
                return as_error(no.status, no.code, str(no))
            except BadFilter as no:
                return as_error(400, no.code, str(no))

    def _route(self, call: _Call) -> ODataReply:
        published = {
            name: entity
            for name, entity in self.base.entities.items()
            if name not in self.unpublished
        }
        if call.resource == "":
            return as_json(200, {"value": [{"name": n, "url": n} for n in published]})
        if call.resource == "$metadata":
            return ODataReply(200, edmx.document(published), "application/xml;charset=utf-8")
        owner = self._section_owner(call.resource)
        if call.resource not in published and owner is None:
            raise ODataRejected(404, "8", f"Тип сущности {call.resource} не найден")
        if {call.resource, owner} & self.denied:
            raise ODataRejected(401, "20", "Недостаточно прав")
        if owner is not None:
            return self._section(call, owner)
        entity = published[call.resource]
        verbs = {"GET": self._get, "POST": self._post, "PATCH": self._patch, "DELETE": self._delete}
        if call.method not in verbs:
            raise ODataRejected(405, "19", "Метод HTTP не поддерживается")
        return verbs[call.method](call, entity)

    def _section_owner(self, resource: str) -> str | None:
        for name, entity in self.base.entities.items():
            if resource in {f"{name}_{section}" for section in entity.sections}:
                return name
        return None

    def _section(self, call: _Call, owner: str) -> ODataReply:
        if call.method != "GET":
            raise ODataRejected(400, "13", "Строки табличной части нельзя создавать отдельно")
        section = call.resource[len(owner) + 1 :]
        lines = [
            {"Ref_Key": row["Ref_Key"], **line}
            for row in self.base.rows[owner]
            for line in self.base.as_json(owner, row)[section]
        ]
        return as_json(200, {"value": lines})

    def _get(self, call: _Call, entity: Entity) -> ODataReply:
        if call.key is not None:
            row = self._by_key(call, entity)
            if row.get("Ref_Key") in self.hidden:
                raise ODataRejected(401, "20", "Недостаточно прав")
            return self._one(call, entity, row, 200)
        rows = self._selected(call, entity)
        if call.action == "$count":
            return ODataReply(200, str(len(rows)).encode(), "text/plain")
        rows = _ordered(rows, call.options.get("$orderby", ""))
        skip = int(call.options.get("$skip", "0"))
        top = int(call.options.get("$top", str(len(rows))))
        records = [
            _only(self.base.as_json(entity.name, row), call.options.get("$select", ""))
            for row in rows[skip : skip + top]
        ]
        if not _wants_json(call):
            return feed(entity.name, records)
        level = {} if _nometadata(call) else {"odata.metadata": f"$metadata#{entity.name}"}
        return as_json(200, {**level, "value": records})

    def _selected(self, call: _Call, entity: Entity) -> list[dict[str, Any]]:
        rows = self.base.rows[entity.name]
        if "$filter" in call.options:
            test = compile_filter(call.options["$filter"], entity)
            rows = [row for row in rows if test(row)]
        visible = [row for row in rows if row.get("Ref_Key") not in self.hidden]
        if len(visible) < len(rows) and call.options.get("allowedOnly") != "true":
            raise ODataRejected(401, "20", "Недостаточно прав на часть записей")
        return list(visible)

    def _by_key(self, call: _Call, entity: Entity) -> dict[str, Any]:
        parts = list(_KEY_PART.finditer(call.key or ""))
        key = {part["name"] or entity.key[0]: part["value"] for part in parts}
        if set(key) != set(entity.key):
            raise ODataRejected(400, "7", "Не указаны ключевые поля")
        row = self.base.find(entity.name, key)
        if row is None:
            raise ODataRejected(404, "9", "Экземпляр сущности не найден")
        return row

    def _one(self, call: _Call, entity: Entity, row: dict[str, Any], status: int) -> ODataReply:
        record = _only(self.base.as_json(entity.name, row), call.options.get("$select", ""))
        if not _wants_json(call):
            return feed(entity.name, [record])
        place = f"{entity.name}(guid'{row.get('Ref_Key', '')}')"
        level = {} if _nometadata(call) else {"odata.metadata": f"$metadata#{place}"}
        headers = {"Location": ROOT + "created"} if status == 201 else {}  # noqa: PLR2004  created
        return as_json(status, {**level, **record}, headers)

    def _post(self, call: _Call, entity: Entity) -> ODataReply:
        if call.action:
            return self._carry_out(call, entity)
        body = _body(call)
        row = self.base.insert(entity.name, body)
        self._record(call, str(row.get("Ref_Key", "")), body)
        return self._one(call, entity, row, 201)

    def _carry_out(self, call: _Call, entity: Entity) -> ODataReply:
        row = self._by_key(call, entity)
        if call.action == "Post" and self.posting_refusal:
            raise ODataRejected(500, "-1", self.posting_refusal)
        row["Posted"] = call.action == "Post"
        self._record(call, str(row["Ref_Key"]), {})
        return ODataReply(200)

    def _patch(self, call: _Call, entity: Entity) -> ODataReply:
        row = self._by_key(call, entity)
        wanted = call.headers.get("IF_MATCH", "")
        if wanted and wanted != row.get("DataVersion"):
            raise ODataRejected(412, "0", "Версия данных изменилась")
        body = _body(call)
        self.base.update(entity.name, row, body)
        self._record(call, str(row.get("Ref_Key", "")), body)
        return self._one(call, entity, row, 200)

    def _delete(self, call: _Call, entity: Entity) -> ODataReply:
        row = self._by_key(call, entity)
        self.base.rows[entity.name].remove(row)
        self._record(call, str(row.get("Ref_Key", "")), {})
        return ODataReply(204)

    def _record(self, call: _Call, reference: str, body: dict[str, Any]) -> None:
        load_mode = call.headers.get("1C_ODATA_DATALOADMODE", "").lower() == "true"
        entry = LedgerExecuted(
            call.method, call.resource, reference, body, call.user, call.action, load_mode
        )
        self.ledger.executed.append(entry)


def _spoiled(fault: OneCFault, true: ODataReply | None) -> ODataReply:
    if fault.reply == "drop":
        raise Dropped
    if fault.reply in {"true", "truncated"}:
        assert true is not None
        half = true.body[: len(true.body) // 2]
        return true if fault.reply == "true" else ODataReply(true.status, half)
    if fault.reply == "html":
        return as_page(200)
    if fault.reply == "empty":
        return ODataReply(true.status if true else 200)
    if fault.reply == "page":
        page = as_page(fault.status, f"<html><body>{fault.status}</body></html>")
        wait = {"Retry-After": str(fault.retry_after_s)} if fault.retry_after_s else {}
        return ODataReply(page.status, page.body, page.content_type, wait)
    return as_error(fault.status, fault.code, fault.message)


def _body(call: _Call) -> dict[str, Any]:
    try:
        body = json.loads(call.body)
    except ValueError:
        raise ODataRejected(400, "1", "Ошибка разбора тела запроса") from None
    if not isinstance(body, dict):
        raise ODataRejected(400, "2", "Неверный формат тела запроса")
    return body


def _ordered(rows: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    for part in reversed([part for part in text.split(",") if part]):
        name, _, direction = part.strip().partition(" ")
        if any(name not in row for row in rows):
            raise ODataRejected(400, "14", f"Свойство {name} не найдено")
        rows = sorted(rows, key=lambda row: str(row[name]), reverse=direction == "desc")
    return rows


def _only(row: dict[str, Any], select: str) -> dict[str, Any]:
    if select in {"", "*"}:
        return row
    names = [name.strip() for name in select.split(",")]
    unknown = [name for name in names if name not in row]
    if unknown:
        raise ODataRejected(400, "10", f"Свойство {unknown[0]} не найдено")
    return {name: row[name] for name in names}


def _wants_json(call: _Call) -> bool:
    accept = call.headers.get("ACCEPT", "")
    return call.options.get("$format", "").startswith("json") or "application/json" in accept


def _nometadata(call: _Call) -> bool:
    level = call.headers.get("ACCEPT", "") + call.options.get("$format", "")
    return "odata=nometadata" in level
