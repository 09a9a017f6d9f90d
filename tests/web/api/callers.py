"""A program that calls the API the way programs do: a bearer token, JSON, keys; it holds every answer to the document."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from threading import Barrier
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.db import connection
from django.test import Client
from pydantic import TypeAdapter

from qaitar.web.api.main import ROUTERS, api
from qaitar.web.api.schemas import ProblemOut

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

BASE = "/api/v1"
SHARED = Client()  # holds nothing of a call; one, because each loads the whole stack anew
PROBLEM = "application/problem+json"


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The API's own description, as it is served."""
    return json.loads(SHARED.get(f"{BASE}/openapi.json").content)


@lru_cache(maxsize=1)
def _operations() -> list[tuple[re.Pattern[str], str, Any]]:
    found = []
    for router in ROUTERS:
        for path, view in router.path_operations.items():
            pattern = re.sub(r"{\w+:\w+}", "[0-9a-f-]{36}", path)
            for operation in view.operations:
                found += [
                    (re.compile(BASE + pattern), method, operation) for method in operation.methods
                ]
    return found


def declared(method: str, path: str) -> tuple[dict[str, Any], Any] | None:
    """Find what the document says of a call, and its operation."""
    for pattern, its_method, operation in _operations():
        if its_method == method and pattern.fullmatch(path):
            for address, calls in document()["paths"].items():
                reported = calls.get(method.lower())
                if reported and reported["operationId"] == operation.operation_id:
                    assert address
                    return reported, operation
    return None


@dataclass
class Program:
    """A caller with a token; `ask` fails when an answer is not what the document declares."""

    token: str = ""
    client: Client = SHARED
    language: str = "en"

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        raw: bytes | None = None,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> HttpResponse:
        """Call and hold the answer to the document."""
        sent = {"Accept-Language": self.language, **(headers or {})}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if key is not None:
            sent["Idempotency-Key"] = key
        data = raw if raw is not None else (b"" if body is None else json.dumps(body).encode())
        url = path if path.startswith("/") and path.startswith(BASE) else BASE + path
        answer = self.client.generic(method, url, data, content_type, headers=sent)
        held_to_the_document(method, url.partition("?")[0], answer)
        return answer

    def get(self, path: str, **given: Any) -> HttpResponse:
        return self.ask("GET", path, **given)

    def post(self, path: str, body: Any = None, **given: Any) -> HttpResponse:
        return self.ask("POST", path, body, **given)

    def upload(self, path: str, data: dict[str, Any], *, key: str | None = None) -> HttpResponse:
        """Send a form with files."""
        headers = {"Accept-Language": self.language, "Authorization": f"Bearer {self.token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        answer = self.client.post(BASE + path, data, headers=headers)
        held_to_the_document("POST", BASE + path, answer)
        return answer


def closed_after(work: Callable[[], Any]) -> Callable[[], Any]:
    """Make work for a thread of its own, which gives its database connection back when it ends."""

    def run() -> Any:
        try:
            return work()
        finally:
            connection.close()

    return run


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Do the same in so many threads that begin together; return what each gave."""
    together = Barrier(count)

    def begin(number: int) -> Any:
        together.wait(30)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        running = [pool.submit(closed_after(partial(begin, number))) for number in range(count)]
        return [each.result() for each in running]


def held_to_the_document(method: str, path: str, answer: Any) -> None:
    """Fail unless the answer's status is declared and its body has exactly the declared shape."""
    status = answer.status_code
    if status >= 400 and method != "HEAD":  # an answer to HEAD has no body
        assert answer["Content-Type"] == PROBLEM, (method, path, status, answer["Content-Type"])
        problem = ProblemOut.model_validate_json(answer.content)
        assert problem.status == status
        assert problem.detail, "a problem says what is wrong in a sentence"
    reported = declared(method, path)
    if reported is None:
        assert status in {404, 405}, (method, path, status)
        return
    spoken, operation = reported
    assert str(status) in spoken["responses"] or status == 405, (
        f"{method} {path}: {status} not told"
    )
    if status < 300 and not answer.streaming:
        model = operation.response_models[status]
        if model is None:
            assert answer.content == b""
        else:
            shape = TypeAdapter(model.model_fields["response"].annotation)
            shape.validate_json(answer.content, strict=False)


def new_key() -> str:
    """Make an idempotency key nobody has used."""
    return str(uuid4())


def api_title() -> str:
    """Name the API."""
    return api.title
