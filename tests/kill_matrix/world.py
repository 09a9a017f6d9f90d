"""One story's shop, its people, and everything that stands outside of it, each behind a proxy that may cut a call."""

from __future__ import annotations

import http.client
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction

from qaitar.foundation.journal.lines import first_break
from qaitar.foundation.models import JournalEntry, MerchantKey
from qaitar.kernel.roles import Role
from qaitar.returns.models import ReturnRequest
from qaitar.sandbox.kaspi.app import KaspiStandIn
from qaitar.sandbox.serving import Serving
from tests.factories.accounts import (
    NOW,
    Shop,
    actor,
    make_person,
    make_shop,
    make_token,
    open_walls,
)
from tests.flows.bench import Bench
from tests.kill_matrix import worlds_clock
from tests.kill_matrix.proxy import Proxy, Wire

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable
    from uuid import UUID
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from qaitar.foundation.models import User

_OLD_BEATS: Final = (
    "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 hour'"
)
OUTSIDE = ("usedesk", "sheets", "onec", "kaspi", "receiver")


class _Front:
    """An address that stays while what answers behind it changes from world to world."""

    def __init__(self) -> None:
        self.walls: WSGIApplication | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        assert self.walls is not None, "nobody stands behind this address"
        return self.walls(environ, start_response)


class Outside:
    """The addresses of one lane: they are opened once, because opening takes longer than most stories."""

    def __init__(self, stack: ExitStack, web_port: int) -> None:
        """Open them, each behind its proxy; the web server has its own for the calls that come in."""
        self.wire, self.way_in = Wire(), Wire()
        self._fronts = {name: _Front() for name in OUTSIDE}
        self._ports = {}
        for name, front in self._fronts.items():
            served = stack.enter_context(Serving(front))
            self._ports[name] = Proxy(
                self.wire, "127.0.0.1", int(served.url.rpartition(":")[2])
            ).port
        self.web_port = Proxy(self.way_in, "127.0.0.1", web_port).port

    def put(self, name: str, app: WSGIApplication) -> str:
        """Let this one answer from now on, and tell the address."""
        self._fronts[name].walls = app
        return f"http://127.0.0.1:{self._ports[name]}"


class Receiver:
    """A merchant's program that gets events: it keeps every one, by the id that tells repeats."""

    def __init__(self) -> None:
        """Have got nothing."""
        self.got: list[tuple[str, bytes]] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Take one event; one whose sender died before its last byte was never told."""
        length = int(environ["CONTENT_LENGTH"])
        body = environ["wsgi.input"].read(length)
        if len(body) < length:
            start_response("400 Bad Request", [("Content-Length", "0")])
            return [b""]
        self.got.append((environ["HTTP_WEBHOOK_ID"], body))
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]


@dataclass(frozen=True, slots=True)
class Request:
    """One call to the API, sent again under the same key until it is answered."""

    method: str
    path: str
    body: bytes
    kind: str = "application/json"
    key: str = ""
    token: str = ""


@dataclass(slots=True)
class World(Bench):
    """A bench of one story; `dice` makes each seed's contents differ."""

    outside: Outside = field(kw_only=True)
    dice: random.Random = field(kw_only=True)
    people: dict[str, User] = field(default_factory=dict)
    kaspi: KaspiStandIn = field(init=False)
    receiver: Receiver = field(default_factory=Receiver)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    remembered: dict[str, Any] = field(default_factory=dict)
    """What the story remembers of its beginning, for its end."""

    def served(self, name: str) -> str:
        """Put a stand-in behind its proxy; all of them live by the world's clock."""
        self.sheets.tokens.clock = worlds_clock.now
        return self.outside.put(name, getattr(self, name))

    def market(self) -> KaspiStandIn:
        """Open the marketplace."""
        self.kaspi = KaspiStandIn(worlds_clock.now, hang_s=0.0)
        self.urls["kaspi"] = self.outside.put("kaspi", self.kaspi)
        return self.kaspi

    def token(self, name: str, *scopes: str) -> str:
        """Make a token of a person's."""
        with transaction.atomic():
            open_walls(self.shop.id)
            return make_token(self.people[name], *scopes, now=self.now)

    def ask(self, request: Request, *, timeout_s: float = 20.0) -> tuple[int, bytes]:
        """Call the web server once; raises `OSError` or `HTTPException` when no whole answer comes."""
        line = http.client.HTTPConnection("127.0.0.1", self.outside.web_port, timeout=timeout_s)
        headers = {"Content-Type": request.kind, "Authorization": f"Bearer {request.token}"}
        if request.key:
            headers["Idempotency-Key"] = request.key
        try:
            line.request(request.method, request.path, request.body, headers)
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()

    def minutes_pass(self, *, forget: bool = False) -> None:
        """Let jobs put off for a moment be due; `forget` removes those of the preparations, which have nothing to do."""
        with connection.cursor() as cursor:
            if forget:
                cursor.execute("DELETE FROM procrastinate_jobs")
            cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")

    def hearts_stop(self) -> None:
        """Let it be long ago that the workers of this lane, all dead now, gave a sign of life."""
        with connection.cursor() as cursor:
            cursor.execute(_OLD_BEATS)

    # what can be said of every story's end

    def chains(self) -> list[str]:
        """Say whose journal does not hold."""
        with transaction.atomic():
            open_walls(self.shop.id)
            entries = list(JournalEntry.objects.order_by("subject_id", "seq"))
            heads = dict(ReturnRequest.objects.values_list("pk", "journal_head"))
        broken = []
        for pk, head in heads.items():
            lines = [entry for entry in entries if entry.subject_id == pk]
            if first_break(lines) is not None or bytes(lines[-1].hash) != bytes(head):
                broken.append(f"the journal of {pk} does not hold")
        return broken

    def acts(self, case_id: UUID) -> Counter[str]:
        """Count the acts in a case's journal."""
        with transaction.atomic():
            open_walls(self.shop.id)
            lines = JournalEntry.objects.filter(subject_id=case_id)
            return Counter(lines.values_list("act", flat=True))

    def leaves(self) -> None:
        """Switch the shop off, so that no later story's sweeps visit it."""
        MerchantKey.objects.filter(pk=self.shop.id).update(active=False)


def make_world(number: int, dice: random.Random, outside: Outside, stack: ExitStack) -> World:
    """Make a shop with an operator, a senior and an owner, really committed."""
    with transaction.atomic():
        shop: Shop = make_shop()
        roles = {"aigerim": Role.OPERATOR, "daulet": Role.SENIOR, "saule": Role.OWNER}
        people = {
            name: make_person(f"{name}{number}", (shop.id, role)) for name, role in roles.items()
        }
        by = actor(people["aigerim"], shop.id)
        open_walls(shop.id)
    worlds_clock.set_to(NOW)
    return World(stack, shop, by, outside=outside, dice=dice, people=people)
