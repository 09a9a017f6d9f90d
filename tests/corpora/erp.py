"""A 1C publication one of whose answers is spoiled: 75 ways, each through everything the connector asks."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

from qaitar.connectors.onec.client import OneC
from qaitar.connectors.onec.fieldmap import FieldMap, OneCSettings
from qaitar.contracts.erp import ErpOrder
from qaitar.contracts.outcome import Done
from qaitar.sandbox.onec.app import OneCStandIn
from qaitar.sandbox.onec.seeds import SoldLine
from qaitar.sandbox.serving import Serving
from qaitar.transport.http import Timeouts
from tests.contracts.erp import CASES, CODE, DAY, MARKER, PHONE, draft_of, photo
from tests.corpora.papers import mangled
from tests.corpora.spoiling import CHANGES, places, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

COUNT = 75
SEED = 20260514
PASSWORD = "Пароль:с двоеточием"
AUTHOR = "a0000000-0000-4000-8000-0000000000aa"
CALLS_MAX = 24
"""More calls than the whole walk makes."""
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "%s">]><l>&b;</l>' % (b"&a;" * 100_000)  # fmt: skip


class SpoiledOneC:
    """Lets every answer through as it is but one, the `at`-th."""

    def __init__(self, inner: OneCStandIn, at: int, spoil: Callable[[bytes], bytes]) -> None:
        """Take the publication, which answer is spoiled, and how."""
        self.inner, self.at, self.spoil = inner, at, spoil
        self.calls = 0

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer as the publication does, or spoiled."""
        reported: list[Any] = []
        body = b"".join(self.inner(environ, lambda *line: reported.append(line)))
        status, headers = reported[0][:2]
        self.calls += 1
        if self.calls == self.at:
            body = self.spoil(body)
            headers = [(n, v) for n, v in headers if n.lower() != "content-length"]
            headers.append(("Content-Length", str(len(body))))
        start(status, headers)
        return [body]


def spoil(body: bytes, random: Random) -> bytes:
    """Spoil an answer by its own shape if it has one, otherwise as bytes."""
    way = random.randrange(10)
    plain = {
        0: lambda: b"",
        1: lambda: b"\xff\xfe" + body,
        2: lambda: body[: len(body) // 2],
        3: lambda: LAUGHS,
        4: lambda: body.decode().encode("cp1251", "replace"),
        5: lambda: b'{"value":' * 5_000,
    }
    if way in plain:
        return plain[way]()
    if not body.startswith(b"{"):
        return mangled(body or b"x", random)
    whole = json.loads(body)
    there = list(places(whole)) or [()]
    return written(
        whole, [(random.choice(there), random.choice(CHANGES)) for _ in range(random.randint(1, 3))]
    ).encode()


def walked(number: int) -> tuple[list[str], bool]:
    """Do everything the connector can with one answer spoiled; name what each call came to, and whether one was spoiled."""
    random = Random(SEED + number)
    server = OneCStandIn(
        password=PASSWORD, files="AB"[number % 2], extra_return="ДатаДоставки:datetime"
    )
    server.seed_order(CODE, [SoldLine(*PHONE), SoldLine(*CASES)])
    spoiled = SpoiledOneC(server, number % CALLS_MAX + 1, lambda body: spoil(body, random))
    with Serving(spoiled) as serving:
        settings = OneCSettings(
            f"{serving.url}/ut", "Обмен", PASSWORD, field_map=FieldMap(delivery_date="ДатаДоставки"),
            author_key=AUTHOR, timeouts=Timeouts(5.0, 5.0),
        )  # fmt: skip
        with OneC(settings) as erp:
            return _walk(erp), spoiled.calls >= spoiled.at


def _walk(erp: OneC) -> list[str]:
    outcomes: list[Any] = [erp.health()]
    order = erp.find_order(CODE)
    outcomes.append(order)
    if isinstance(order, ErpOrder) and order.lines:
        outcomes.append(erp.create_return_order(draft_of(order)))
        found = erp.find_return_order(MARKER, DAY, order)
        outcomes.append(found)
        if isinstance(found, Done):
            outcomes.append(erp.attach(found.reference, photo()))
            outcomes.append(erp.find_attachment(found.reference, photo().sha256))
            outcomes.append(erp.post_return_order(found.reference))
    return [type(each).__name__ for each in outcomes]
