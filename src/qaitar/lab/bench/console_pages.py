"""The console's pages as `bench console` asks for them: on cases, numbers, phones and names drawn from the made shop itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from qaitar.foundation.models import User
from qaitar.foundation.tenancy.walls import see
from qaitar.lab.bench.plans import listening
from qaitar.orders.models import Store
from qaitar.returns.reads.queue import QueueFilter, queue_slice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qaitar.lab.bench.dataset import BenchWorld

STAGES: Final = ("NEW", "WAITING_CUSTOMER", "IN_DELIVERY", "ARRIVED")
_DRAWN: Final = 200
_BACKEND: Final = "django.contrib.auth.backends.ModelBackend"
_OK: Final = 200
_CARD_LINK: Final = re.compile(r"/returns/([0-9a-f]{8}-[0-9a-f-]{27})[\"?#]")
_DRAW: Final = """
SELECT id, order_code, customer_phone, customer_name
FROM returns_returnrequest TABLESAMPLE BERNOULLI (%(percent)s) REPEATABLE (1)
"""


@dataclass(frozen=True, slots=True)
class BenchPage:
    """A kind of page and the addresses it is asked for at, by turns.

    `alike` tells that a shop of any size answers it with the same number of rows: only then do two sizes compare.
    """

    title: str
    urls: Sequence[str]
    alike: bool = True


@dataclass(frozen=True, slots=True)
class PageAsks:
    """What a page asks of the database at most, which big tables it reads from end to end, how many cases it shows at most."""

    statements: int
    scans: Sequence[str]
    cases: int


def desk_client(world: BenchWorld) -> Client:
    """Sign the bench's person in; one session in the database Django works on now."""
    host = settings.ALLOWED_HOSTS[0].lstrip(".*") or "localhost"
    client = Client(SERVER_NAME=host)
    client.force_login(User.objects.get(pk=world.user_id), backend=_BACKEND)
    return client


def pages_of(world: BenchWorld, seed: int = 1) -> list[BenchPage]:
    """Give every page that is measured, with addresses drawn from the shop: the same seed draws the same."""
    with transaction.atomic(), connection.cursor() as cursor:
        see(world.merchants)
        percent = min(100.0, 100.0 * 3 * _DRAWN / world.count)
        cursor.execute(_DRAW, {"percent": percent})
        found = Random(seed).sample(cursor.fetchall(), _DRAWN)  # noqa: S311  a sample, no secret
        stores = list(Store.objects.order_by("name", "id").values_list("pk", flat=True))
        following = queue_slice(world.merchants, QueueFilter()).next
    assert following is not None, "the shop has more open cases than one page shows"
    queue = reverse("console:queue")
    return [
        BenchPage("queue, first page", [queue]),
        BenchPage("queue, second page", [_asking(queue, after=following.text())]),
        BenchPage("queue, one stage", [_asking(queue, stage=stage) for stage in STAGES]),
        BenchPage("queue, one store", [_asking(queue, store=store) for store in stores]),
        BenchPage("card", [reverse("console:case", args=[pk]) for pk, *_ in found]),
        BenchPage("search: number", _searches(code for _, code, *_ in found)),
        BenchPage("search: phone", _searches(phone for _, _, phone, _ in found)),
        BenchPage("search: one name", _searches(name.split()[0] for *_, name in found)),
        BenchPage("search: both names", _searches((name for *_, name in found)), alike=False),
        BenchPage(
            "search: phone's last four",
            _searches(phone[-4:] for _, _, phone, _ in found),
            alike=False,
        ),
    ]


def _asking(path: str, **query: Any) -> str:
    return f"{path}?{urlencode(query)}"


def _searches(words: Any) -> list[str]:
    return [_asking(reverse("console:search"), q=word) for word in words]


def page_get(client: Client, url: str) -> str:
    """Ask for one page through the whole stack; anything but the page itself ends the bench."""
    answer = client.get(url, secure=settings.SECURE_SSL_REDIRECT)
    assert answer.status_code == _OK, f"{url}: {answer.status_code}"
    return answer.content.decode()


def page_asks(client: Client, page: BenchPage, *, addresses: int = 6) -> PageAsks:
    """Listen to what a page asks at several of its addresses, and look at the plan of every statement."""
    statements, cases = 0, 0
    scans: list[str] = []
    for url in page.urls[:addresses]:
        page_get(client, url)  # what is asked once a process is not asked again
        with listening() as asking:
            body = page_get(client, url)
        statements = max(statements, len(asking.statements))
        cases = max(cases, len(set(_CARD_LINK.findall(body))))
        scans += asking.scans()
    return PageAsks(statements, sorted(set(scans)), cases)
