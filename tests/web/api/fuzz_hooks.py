"""Loaded into schemathesis: leads half of the generated calls to things that are there, and counts every answer.

A random id is answered 404 at the door and proves nothing of what lies behind it.  What the calls themselves make
(requests, proofs, endpoints) is learnt from their answers and used in later calls.
"""

from __future__ import annotations

import atexit
import base64
import json
import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.parameters import ParameterLocation

if TYPE_CHECKING:
    from requests import PreparedRequest
    from schemathesis import Case, HookContext, Response

STORED: Final = 30
"""So many things of a kind are used; older ones give way to what was made last."""
MADE_BY: Final = {
    "returns_file": "request_id",
    "intake_cabinet": "intake_id",
    "webhooks_create": "endpoint_id",
}


@dataclass(frozen=True)
class Code:
    """A one-time code, or a token that may be ended, in the place of the token."""

    text: str

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.text}"
        return request


class Things:
    """What is there: ids by the name of their place in an address, files to send, codes to pair with."""

    def __init__(self, known: dict[str, list[str]]) -> None:
        self.known = defaultdict(list, known)
        self.turn = 0
        self.statuses: Counter[str] = Counter()
        self.files_given: set[str] = set()

    def take(self, name: str) -> str | None:
        """Give the things of a kind by turns; None when there is none."""
        there = self.known[name]
        self.turn += 1
        return there[self.turn % len(there)] if there else None

    def lead(self, case: Case, operation: str) -> None:
        """Put what is there into a call that is meant to be right."""
        self.turn += 1
        if self.turn % 2 or case.meta is None:
            return
        if not case.meta.is_negative_at(ParameterLocation.PATH) and case.path_parameters:
            found = {name: self.take(name) for name in case.path_parameters}
            if None not in found.values():
                case.path_parameters = found
        if isinstance(case.body, dict) and not case.meta.is_negative_at(ParameterLocation.BODY):
            case.body = {**case.body, **self._body(operation, case.body)}
            if "file" in case.body:
                self.files_given.add(case.id)

    def _body(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        store, number = self.take("store_id"), f"{700_000_001 + self.turn}-1"
        request = self.take("request_id")
        right: dict[str, dict[str, Any]] = {
            "returns_file": {
                "store": store,
                "number": number,
                "customer_phone": "",
                "filed_at": None,
            },
            "returns_act": {"version": None},
            "returns_act_many": {"ids": [request, *body.get("ids", [])[:3]]},
            "webhooks_create": {"url": f"https://h{self.turn}.example.kz/q", "merchant": None},
            "webhooks_change": {"url": "https://hooks.example.kz/changed"},
            "companion_cases": {"numbers": [*body.get("numbers", []), "700000001-1"][-50:]},
            "companion_missing": {"store": store},
            "companion_contact": {"stores": [*body.get("stores", []), store][-50:]},
            "orders_import": {"store": store, "file": self._file("orders.csv")},
            "evidence_add": {"file": [self._file("photo.png")]},
        }
        return right.get(operation, {})

    def _file(self, name: str) -> bytes:
        return base64.b64decode(self.known[name][0])

    def code(self) -> Code | None:
        """Give a pairing code nobody has used, every second time while there are any."""
        self.turn += 1
        return Code(self.known["code"].pop()) if self.turn % 2 and self.known["code"] else None

    def companion(self) -> Code:
        """Give a companion's token to end, never the one all other calls are made with; when there is none, a wrong one."""
        spare = self.known["companion"]
        return Code(spare.pop() if spare else "qtr_all-of-them-are-ended")

    def learn(self, case: Case, operation: str, response: Response) -> None:
        """Count the answer, and keep what it made."""
        self.statuses[f"{operation} {response.status_code}"] += 1
        if response.status_code == 204 and case.path_parameters:
            self._forget("endpoint_id", case.path_parameters["endpoint_id"])
        if response.status_code not in {201, 202}:
            return
        reported = json.loads(response.content)
        if operation in MADE_BY:
            self._keep(MADE_BY[operation], reported["id"])
        elif operation == "evidence_add":
            for proof in reported["evidence"][:2]:
                self._keep("evidence_id", proof["id"])

    def _keep(self, name: str, value: str) -> None:
        self.known[name] = [*self.known[name], value][-STORED:]

    def _forget(self, name: str, value: str) -> None:
        self.known[name] = [each for each in self.known[name] if each != value]


THINGS: Final = Things(json.loads(Path(os.environ["QAITAR_FUZZ_THINGS"]).read_text("utf-8")))
COUNTED: Final = Path(os.environ["QAITAR_FUZZ_COUNTED"])
atexit.register(lambda: COUNTED.write_text(json.dumps(THINGS.statuses), encoding="utf-8"))


@schemathesis.hook
def filter_failure(
    _context: HookContext, failure: Failure, case: Case, _response: Response
) -> bool:
    """Keep every failure but two that are none: in a form all values are text, and a file exchanged is no JSON string."""
    if not isinstance(failure, AcceptedNegativeData):
        return True
    untyped = case.media_type == "multipart/form-data" and "violates `type`" in failure.message
    return not untyped and case.id not in THINGS.files_given


def _named(case: Case) -> str:
    return str(case.operation.definition.raw["operationId"])


@schemathesis.hook
def before_call(_context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Lead every second call to something that is there."""
    operation = _named(case)
    THINGS.lead(case, operation)
    if operation == "companion_pair" and (code := THINGS.code()):
        kwargs["auth"] = code
    if operation == "companion_unpair" and not _about_the_token(case):
        kwargs["auth"] = THINGS.companion()


def _about_the_token(case: Case) -> bool:
    return case.meta is not None and case.meta.phase.data.parameter == "Authorization"


@schemathesis.hook
def after_call(_context: HookContext, case: Case, response: Response) -> None:
    """Count the answer and learn from it."""
    THINGS.learn(case, _named(case), response)
