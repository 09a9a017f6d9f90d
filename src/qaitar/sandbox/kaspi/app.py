"""The stand-in as one WSGI application: checks access, plays scripted faults, hands the question to its side."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from qaitar.sandbox.kaspi import pages, refunds_api, shop_api
from qaitar.sandbox.kaspi.behaviour import Behaviour
from qaitar.sandbox.kaspi.faults import FaultKind, FaultScript, KaspiFault
from qaitar.sandbox.kaspi.ledger import (
    TABS,
    Button,
    BuyerClaim,
    BuyerFiling,
    KaspiLedger,
    LedgerRefusal,
    Relabelling,
    SoldOrder,
)
from qaitar.sandbox.kaspi.numbers import json_text
from qaitar.sandbox.serving import Dropped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIEnvironment

LOGIN_PATH = "/login"
SHOP_PREFIX = "/shop/api/v2"
FORM_BYTES_MAX = 64 * 1024
REQUESTS_MAX = 10_000  # the latest calls, kept for looking at
NEVER_S = 120.0  # how long a call without an answer is held, if the fault says nothing
_PRESS = re.compile(r"/mc/refunds/([0-9-]+)/press\Z")
_REQUEST = re.compile(r"/mc/refunds/([0-9-]+)\Z")
_PHOTO = re.compile(r"/photos/([0-9a-f]{24})/(\d{1,3})\Z")
_JSON = "application/json"
_HTML = "text/html; charset=utf-8"
_PAGE = "<!doctype html><html><body><h1>Kaspi.kz</h1></body></html>"


Headers = tuple[tuple[str, str], ...]
_OWN_PAGE: Headers = (  # the service lets the cabinet's own pages read its answers
    ("Access-Control-Allow-Origin", "https://kaspi.kz"),
    ("Access-Control-Allow-Credentials", "true"),
    ("Access-Control-Allow-Headers", "x-auth-version"),
    ("Access-Control-Max-Age", "600"),
)


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One incoming call, taken apart."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str]
    site: str


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: int
    kind: str
    body: bytes
    headers: Headers = ()


@dataclass(slots=True)
class KaspiSite:
    """One seller: token of the API, session of the cabinet; an empty session counts as ended."""

    merchant_id: str = "30000001"
    token: str = "stand-in-token-stand-in-token-stand-in-token"  # noqa: S105  a stand-in's own, opens nothing
    session: str = "stand-in-session"


class KaspiStandIn:
    """Kaspi in memory.  `clock` tells the time; each request first lets silence past control dates take effect.

    Without a browser-like User-Agent the Shop API waits `hang_s` and cuts the connection.  With `expired_redirects` an ended
    cabinet session answers with a redirect to login, else with 401.  With `login` the pages ask to sign in and show the
    login's own shops only; `reshaped` draws lists with other markup, as after a rebuild of the cabinet.  What else may differ
    in its answers is in `behaviour`, and may be changed at any time.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        shop: KaspiSite | None = None,
        hang_s: float = 0.2,
        expired_redirects: bool = False,
        login: bool = False,
        behaviour: Behaviour | None = None,
    ) -> None:
        """Start with one shop and nothing sold."""
        self.clock = clock
        self.ledger = KaspiLedger()
        self.faults = FaultScript()
        self.behaviour = behaviour or Behaviour()
        self.shops = [shop or KaspiSite()]
        self.received: list[ReceivedRequest] = []
        self._hang_s = hang_s
        self._expired_redirects = expired_redirects
        self._login = login
        self.reshaped = False
        self._lock = threading.RLock()
        self._let_go = threading.Event()

    def add_shop(self, shop: KaspiSite) -> None:
        """Add another seller with walls between."""
        self.shops.append(shop)

    def add_order(self, order: SoldOrder) -> SoldOrder:
        """Put a sold order in."""
        with self._lock:
            return self.ledger.add_order(order)

    def file_return(self, code: str, claim: BuyerClaim, *, control: datetime) -> BuyerFiling:
        """Let the buyer of an issued order ask to return a line of it."""
        with self._lock:
            return self.ledger.file_return(code, claim, control=control, at=self.clock())

    def customer_withdraws(self, number: str) -> None:
        """Let the buyer take a request back."""
        with self._lock:
            self.ledger.customer_withdraws(number, at=self.clock())

    def goods_arrive(self, number: str) -> None:
        """Bring the goods to the acceptance point."""
        with self._lock:
            self.ledger.goods_arrive(number, at=self.clock())

    def open_dispute(self, number: str) -> None:
        """Let the buyer dispute a refusal."""
        with self._lock:
            self.ledger.open_dispute(number, at=self.clock())

    def decide_dispute(self, number: str, *, for_buyer: bool) -> None:
        """Let Kaspi end a dispute."""
        with self._lock:
            self.ledger.decide_dispute(number, for_buyer=for_buyer, at=self.clock())

    def reopen(self, number: str, *, control: datetime) -> None:
        """Let Kaspi open a refused request again."""
        with self._lock:
            self.ledger.reopen(number, control=control, at=self.clock())

    def relabel(self, number: str, change: Relabelling) -> None:
        """Let Kaspi change the reason, quantity or sum of a request after its own check."""
        with self._lock:
            self.ledger.relabel(number, change, at=self.clock())

    def move(self, number: str, tab: str) -> None:
        """Let Kaspi put an open request into another section, one of `behaviour.extra_tabs` too."""
        with self._lock:
            self.ledger.move(number, tab, at=self.clock())

    def let_go(self) -> None:
        """End every wait at once, also of calls to come: the slow are answered, those never answered are cut."""
        self._let_go.set()

    def press(self, number: str, button: str, text: str = "") -> None:
        """Click a button as a person does; raises `NotAllowed` where the cabinet would not show it."""
        with self._lock:
            self.ledger.press(number, Button(button), text, at=self.clock())

    @contextmanager
    def still(self) -> Iterator[KaspiLedger]:
        """Hold the ledger still while it is looked at, saved or put back."""
        with self._lock:
            yield self.ledger

    def advance(self) -> None:
        """Let silence take effect up to the clock's now."""
        with self._lock:
            self.ledger.advance(self.clock())

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = _request_of(environ)
        with self._lock:
            self.received.append(request)
            del self.received[:-REQUESTS_MAX]
            self.advance()
            response, wait_s = self._answer(request)
        if wait_s:
            self._let_go.wait(wait_s)
        if response is None:
            raise Dropped
        phrase = HTTPStatus(response.status).phrase
        headers = [("Content-Type", response.kind), ("Content-Length", str(len(response.body)))]
        start_response(f"{response.status} {phrase}", [*headers, *response.headers])
        return [response.body]

    def _answer(self, request: ReceivedRequest) -> tuple[Response | None, float]:
        """Give the answer (None = cut the connection) and the seconds to wait before it."""
        if request.path.startswith(SHOP_PREFIX + "/"):
            if not request.headers.get("user-agent", "").startswith("Mozilla/"):
                return None, self._hang_s
            call = shop_api.call_of(request.path.removeprefix(SHOP_PREFIX))
            return _spoiled(self._shop_api(request), self.faults.take(call))
        if request.path.startswith(refunds_api.PREFIX + "/"):
            return self._at_refunds(request)
        return self._cabinet(request), 0.0

    def _at_refunds(self, request: ReceivedRequest) -> tuple[Response | None, float]:
        """Answer as the refunds service does, or as a gateway before it."""
        if self.behaviour.gateway is not None:
            return _GATEWAY[self.behaviour.gateway], 0.0
        if request.method == "OPTIONS":
            return Response(200, _JSON, b"{}", _OWN_PAGE), 0.0
        call = refunds_api.call_of(request.path.removeprefix(refunds_api.PREFIX))
        number = request.query.get("code", "").replace(self.behaviour.number_separator, "-")
        response, wait_s = _spoiled(self._refunds(request), self.faults.take(call, number))
        if response is None or (
            response.status >= HTTPStatus.MULTIPLE_CHOICES and not self.behaviour.cors_on_errors
        ):
            return response, wait_s
        return replace(response, headers=(*response.headers, *_OWN_PAGE)), wait_s

    def _shop_api(self, request: ReceivedRequest) -> Response:
        token, uid = request.headers.get("x-auth-token"), request.headers.get("x-merchant-uid")
        mine = [s for s in self.shops if s.token == token and uid in {None, s.merchant_id}]
        if not mine:
            return _json(401, {"errors": [{"title": "Unauthorized"}]})
        if request.method != "GET":
            return _json(405, {"errors": [{"title": "Not imitated"}]})
        path = request.path.removeprefix(SHOP_PREFIX)
        question = shop_api.ShopQuestion(path, request.query, self.clock(), self.behaviour)
        status, body = shop_api.answer(self.ledger, mine[0].merchant_id, question)
        text = json_text(body, exponent=self.behaviour.exponent)
        return Response(status, "application/vnd.api+json", text.encode())

    def _refunds(self, request: ReceivedRequest) -> Response:
        merchant = request.query.get("merchantId")
        mine = self._signed_in(request)
        if not mine and self._expired_redirects:
            return Response(302, _HTML, b"", _LOGIN)
        if not mine:
            return _json(401, {"message": "Unauthorized"})
        if merchant not in {s.merchant_id for s in mine}:
            return _json(403, {"message": "Forbidden"})
        if request.method != "GET":
            return _json(405, {"message": "Not imitated"})
        path = request.path.removeprefix(refunds_api.PREFIX)
        status, body = refunds_api.answer(
            self.ledger, merchant or "", path, request.query, request.site, self.behaviour
        )
        return Response(status, _JSON, json_text(body, exponent=self.behaviour.exponent).encode())

    def _signed_in(self, request: ReceivedRequest) -> list[KaspiSite]:
        """Name the shops of the login whose session came along; one login may hold several."""
        pairs = [part.strip() for part in request.headers.get("cookie", "").split(";")]
        return [s for s in self.shops if s.session and f"mc-session={s.session}" in pairs]

    def _cabinet(self, request: ReceivedRequest) -> Response:
        if request.path == LOGIN_PATH:
            return self._at_login(request)
        mine = {shop.merchant_id for shop in self._signed_in(request)}
        if self._login and not mine:
            return Response(303, _HTML, b"", (("Location", LOGIN_PATH),))
        filings = self.ledger.filings.values()
        return self._page(
            request, [f for f in filings if not self._login or f.order.merchant_id in mine]
        )

    def _at_login(self, request: ReceivedRequest) -> Response:
        """Show the login page; any password signs in, the session is the newest of the first shop."""
        session = self.shops[0].session
        if request.method != "POST" or not session:
            return _html(200, pages.login_page(LOGIN_PATH))
        cookie = f"mc-session={session}; Domain=kaspi.kz; Path=/; Secure; HttpOnly; SameSite=None"
        return Response(303, _HTML, b"", (("Location", "/mc/"), ("Set-Cookie", cookie)))

    def _page(self, request: ReceivedRequest, filings: Sequence[BuyerFiling]) -> Response:
        if found := _PHOTO.match(request.path):
            return self._photo(found[1], int(found[2]))
        if request.path == "/mc/" and request.method == "GET":
            tab = request.query.get("status", "").removeprefix(pages.STATUS_PREFIX)
            search = request.query.get("search", "").strip()
            current_tab = tab if tab in TABS else "NEW"
            return _html(
                200, pages.section_page(filings, current_tab, search, reshaped=self.reshaped)
            )
        if (found := _PRESS.match(request.path)) and request.method == "POST":
            return self._pressed(found[1], request.form)
        found = _REQUEST.match(request.path)
        filing = next((f for f in filings if found and f.number == found[1]), None)
        if filing is None or request.method != "GET":
            return _html(404, _PAGE)
        return _html(200, pages.request_page(filing, request.query.get("notice", "")))

    def _pressed(self, number: str, form: dict[str, str]) -> Response:
        filing = self.ledger.filings.get(number)
        if filing is None or form.get("button") not in set(Button):
            return _html(404, _PAGE)
        try:
            self.press(number, form["button"], form.get("text", ""))
        except LedgerRefusal as refusal:
            return _html(409, pages.request_page(filing, str(refusal)))
        where = f"/mc/refunds/{number}?notice={quote('Готово: ' + filing.status_text)}"
        return Response(303, _HTML, b"", (("Location", where),))

    def _photo(self, refund_id: str, index: int) -> Response:
        photos = [f.claim.photos for f in self.ledger.filings.values() if f.refund_id == refund_id]
        if not photos or index >= len(photos[0]):
            return _html(404, _PAGE)
        body = photos[0][index]
        kind = "image/png" if body.startswith(b"\x89PNG") else "image/jpeg"
        return Response(200, kind, body, _OWN_PAGE)


def _request_of(environ: WSGIEnvironment) -> ReceivedRequest:
    headers = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    length = environ.get("CONTENT_LENGTH") or "0"
    size = min(int(length), FORM_BYTES_MAX) if length.isdigit() else 0
    body = environ["wsgi.input"].read(size).decode("utf-8", "replace") if size else ""
    return ReceivedRequest(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"],
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        headers=headers,
        form=dict(parse_qsl(body, keep_blank_values=True)),
        site=f"{environ['wsgi.url_scheme']}://{headers.get('host', '127.0.0.1')}",
    )


def _json(status: int, value: Any) -> Response:
    return Response(status, _JSON, json_text(value, exponent=False).encode())


def _html(status: int, text: str) -> Response:
    return Response(status, _HTML, text.encode())


def _spoiled(response: Response, fault: KaspiFault | None) -> tuple[Response | None, float]:
    if fault is None:
        return response, 0.0
    if fault.kind in {FaultKind.SLOW, FaultKind.NEVER}:
        late = fault.kind is FaultKind.SLOW
        return (response, fault.seconds) if late else (None, fault.seconds or NEVER_S)
    if fault.kind is FaultKind.TRUNCATED:
        return Response(
            response.status, response.kind, response.body[: len(response.body) // 2]
        ), 0.0
    if fault.kind is FaultKind.RESHAPED:
        return replace(response, body=b'{"result": {"items": ' + response.body + b"}}"), 0.0
    if fault.kind is FaultKind.BUSY:
        wait = (("Retry-After", fault.retry_after),) if fault.retry_after else ()
        return Response(429, _JSON, b"{}", wait), 0.0
    return _FIXED[fault.kind], 0.0


_FIXED: dict[FaultKind, Response | None] = {
    FaultKind.SERVER_ERROR: _json(500, {"errors": [{"title": "Internal Server Error"}]}),
    FaultKind.BAD_GATEWAY: _html(502, _PAGE),
    FaultKind.PAGE: _html(200, _PAGE),
    FaultKind.UNAUTHORIZED: _json(401, {"errors": [{"title": "Unauthorized"}]}),
    FaultKind.FORBIDDEN: _json(403, {"message": "Forbidden"}),
    FaultKind.DROP: None,
}
_LOGIN: Headers = (("Location", "https://idmc.shop.kaspi.kz/login"),)
_GATEWAY = {401: _html(401, _PAGE), 302: Response(302, _HTML, b"", _LOGIN), 500: _html(500, _PAGE)}
