"""What the marketplace answers, spoiled by its own shape: readings of the cabinet, and pages of the Shop API."""

from __future__ import annotations

import copy
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from qaitar.connectors.kaspi_shop import facts
from qaitar.connectors.kaspi_shop.client import KaspiShop, ShopAccount
from qaitar.contracts.marketplace import OrderPage
from qaitar.flows.poll_orders import PollPlace, connection_poll
from qaitar.foundation.models import Connection
from qaitar.foundation.ops.jobs import within_walls
from qaitar.sandbox.kaspi.app import KaspiSite, KaspiStandIn
from qaitar.sandbox.kaspi.ledger import BuyerClaim, SoldOrder
from qaitar.sandbox.kaspi.refunds_api import PREFIX, answer
from qaitar.sandbox.serving import Serving
from tests.corpora.spoiling import spoiled_many

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

NOW = datetime(2026, 5, 14, 6, 0, tzinfo=UTC)
PHOTOS = (b"\x89PNG1", b"\x89PNG2")
CALLS = ("load-refunds-count", "load-refunds-by-tab", "load-refund-details")
SHARES = (0.1, 0.4, 0.5)
PAGES_A_RUN = 12


def kaspi(now: datetime = NOW) -> tuple[KaspiStandIn, str, str]:
    """Make the marketplace with one request on one order; give its id and number."""
    made = KaspiStandIn(lambda: now, shop=KaspiSite())
    made.add_order(SoldOrder(code="700000077", created=now - timedelta(hours=1)))
    made.ledger.issue("700000077", at=now)
    filing = made.file_return("700000077", BuyerClaim(comment="мало", photos=PHOTOS), control=now)
    return made, filing.refund_id, filing.number


def cabinet_answers(now: datetime = NOW) -> dict[str, Any]:
    """Give what the cabinet says to the three calls about one request."""
    market, refund_id, number = kaspi(now)
    requested = {
        "merchantId": "30000001", "tab": "NEW", "p": "0", "s": "10",
        "refundId": refund_id, "code": number,
    }  # fmt: skip
    reported = {
        call: answer(market.ledger, "30000001", f"/{call}", requested, "https://kaspi.kz")[1]
        for call in CALLS
    }
    whole: dict[str, Any] = json.loads(json.dumps(reported))
    return whole


def archived(call: str, text: str) -> bytes:
    """Put an answer into a browser's archive, as the companion hands it over."""
    url = f"https://mc.shop.kaspi.kz{PREFIX}/{call}?tab=NEW"
    content = {"mimeType": "application/json", "text": text}
    entry = {"request": {"url": url}, "response": {"status": 200, "content": content}}
    return json.dumps({"log": {"version": "1.2", "entries": [entry]}}).encode()


def cabinet_bodies(count: int) -> list[tuple[str, bytes]]:
    """Give so many spoiled readings, named by their call and number: half as the answer itself, half in an archive."""
    made = []
    for share, (call, whole) in zip(SHARES, cabinet_answers().items(), strict=True):
        for number, text in enumerate(spoiled_many(whole, round(count * share))):
            body = archived(call, text) if number % 2 else text.encode()
            made.append((f"{call} {number}", body))
    return made


class SpoiledShop:
    """A Shop API that answers each question for a page or for lines with the next spoiled answer, then with nothing."""

    def __init__(self, pages: list[str], lines: list[str]) -> None:
        """Take what is to be answered."""
        self.pages, self.lines = pages[::-1], lines[::-1]

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer."""
        waiting = self.lines if environ["PATH_INFO"].endswith("/entries") else self.pages
        body = (waiting.pop() if waiting else '{"data":[],"meta":{"pageCount":0}}').encode()
        start("200 OK", [("Content-Type", facts.MEDIA_TYPE), ("Content-Length", str(len(body)))])
        return [body]


def spoiled_shop(pages: int, lines: int) -> SpoiledShop:
    """Ask the stand-in honestly once for a page and for lines, and spoil what it says."""
    heard: list[bytes] = []
    market, _, _ = kaspi()

    def listening(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        heard.append(b"".join(market(environ, start)))
        return [heard[-1]]

    with (
        Serving(listening) as serving,
        KaspiShop(
            ShopAccount(token=KaspiSite().token, base_url=f"{serving.url}/shop/api/v2")
        ) as source,
    ):
        for state in facts.STATES:
            reported = source.list_window(NOW - timedelta(days=1), NOW, state=state)
            if isinstance(reported, OrderPage) and reported.orders:
                break
        page = json.loads(heard[-1])
        source.lines(page["data"][0]["id"])
    bare = [_without_lines(page, str(740_000_000 + number)) for number in range(lines)]
    return SpoiledShop(spoiled_many(page, pages) + bare, spoiled_many(json.loads(heard[-1]), lines))


def _without_lines(page: dict[str, Any], code: str) -> str:
    """Tell of an order nobody has read yet without its lines, so that they are asked for."""
    reported = copy.deepcopy(page)
    reported["data"][0]["attributes"]["code"] = code
    del reported["data"][0]["relationships"]["entries"]
    return json.dumps(reported)


def polled(shop: SpoiledShop, at: Any) -> tuple[Counter[str], list[str]]:
    """Poll until everything spoiled was answered; count what runs came to, and name runs that broke.

    `at` is a store with its connection, as `tests/orders` makes one.  Each run stands a moment before now, so that it asks
    for one window only: one question a state.
    """
    endings: Counter[str] = Counter()
    broken: list[str] = []
    with (
        Serving(shop) as serving,
        KaspiShop(
            ShopAccount(token=KaspiSite().token, base_url=f"{serving.url}/shop/api/v2")
        ) as source,
    ):
        while shop.pages or shop.lines:
            left = len(shop.pages) + len(shop.lines)
            with within_walls(at.merchant_id):
                place = PollPlace(fresh_to=NOW - timedelta(minutes=1), swept_at=NOW).written()
                Connection.objects.filter(pk=at.pk).update(cursor=place, health="HEALTHY")
            try:
                reported = connection_poll(at, source, NOW, pages_max=PAGES_A_RUN)
            except Exception as error:  # noqa: BLE001  whatever breaks a run is what is looked for
                broken.append(f"{left} left: {type(error).__name__} {error}"[:300])
                continue
            rows = reported.merged.rows
            endings["accepted"] += rows.created + rows.updated + rows.unchanged
            endings["refused"] += rows.rejected
            if reported.trouble is not None:
                endings[type(reported.trouble).__name__] += 1
            assert left > len(shop.pages) + len(shop.lines), "a run asked for nothing"
    return endings, broken
