"""Reads orders over Kaspi's Shop API: translate → transport → translate.  It never writes and never repeats a call."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from qaitar.connectors.kaspi_shop import facts, schedule, translate, wire
from qaitar.connectors.kaspi_shop.entries import EntryPages
from qaitar.contracts.marketplace import LineRecord, OrderPage, OrderRecord, RowRejected, Unread
from qaitar.contracts.outcome import (
    ADDRESS_NOT_ALLOWED,
    Busy,
    Health,
    Healthy,
    Misconfigured,
    Missing,
    Refused,
    Unknown,
)
from qaitar.transport.http import (
    AddressNotAllowed,
    HttpClient,
    NoAnswer,
    NotSent,
    Reply,
    Request,
    Timeouts,
)
from qaitar.transport.lenient import Unreadable, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Failure = Refused | Misconfigured | Busy | Unknown
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CODE = re.compile(r"[0-9A-Za-z-]{1,40}\Z")
_HEADER = re.compile(r"[\x21-\x7e]*\Z")
_ACCESS_HOW = "Cabinet → Настройки → Токен API → Сформировать (only the company head can); copy all of it, usually 44 characters."
_EGRESS_HOW = "Kaspi may drop calls from outside Kazakhstan: run from an address in Kazakhstan or set an outbound proxy there."


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopAccount:
    """One shop's access.  `merchant_uid` goes out as X-Merchant-Uid when set: needed by logins with several shops.

    `nested_products` asks for card and seller's product inside one call; reported by clients, not in the guide, so off.
    """

    token: str = field(repr=False)
    base_url: str = facts.BASE_URL
    merchant_uid: str = ""
    proxy: str = field(default="", repr=False)
    page_size: int = facts.PAGE_SIZE_MAX
    connect_timeout_s: float = facts.CONNECT_TIMEOUT_S
    read_timeout_s: float = facts.READ_TIMEOUT_S
    nested_products: bool = False


class KaspiShop:
    """Orders of one shop.  Holds connections and no other state; close it when done (context manager)."""

    def __init__(self, account: ShopAccount) -> None:
        """Prepare a client; nothing is sent yet."""
        self._account = account
        token, merchant_uid = account.token.strip(), account.merchant_uid.strip()
        self._sendable = _HEADER.match(token + merchant_uid) is not None and token != ""
        headers = {
            "X-Auth-Token": token if self._sendable else "",
            "Accept": facts.MEDIA_TYPE,
            "Content-Type": facts.MEDIA_TYPE,
            "User-Agent": facts.USER_AGENT,
        }
        if merchant_uid and self._sendable:
            headers["X-Merchant-Uid"] = merchant_uid
        self._http = HttpClient(
            account.base_url,
            headers=headers,
            timeouts=Timeouts(account.connect_timeout_s, account.read_timeout_s),
            proxy=account.proxy or None,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections kept alive."""
        self._http.close()

    @property
    def states(self) -> tuple[str, ...]:
        """Name the six states a window is asked for."""
        return facts.STATES

    def windows(self, now: datetime, back_to: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Walk back from `now` in windows Kaspi accepts; see `schedule.windows`."""
        return schedule.windows(now, back_to)

    def still_changes(self, order: OrderRecord, now: datetime) -> bool:
        """Tell whether an order has to be read again; see `schedule.still_changes`."""
        return schedule.still_changes(order, now)

    def list_window(
        self, created_from: datetime, created_to: datetime, *, state: str | None, page: int = 0
    ) -> OrderPage | Failure:
        """Read one page of orders created in a window of at most 14 days (both ends inclusive, to the millisecond).

        `state=None` leaves the state filter out; the guide calls it required, some clients do without.

        Raises:
            ValueError: the window is longer than 14 days or turned round.
        """
        if not timedelta(0) <= created_to - created_from <= facts.WINDOW_MAX:
            raise ValueError("a window of orders is at most 14 days and does not run backwards")
        params = [
            *self._paging(page, self._account.page_size),
            ("filter[orders][creationDate][$ge]", _ms(created_from)),
            ("filter[orders][creationDate][$le]", _ms(created_to)),
            *((("filter[orders][state]", state),) if state else ()),
            ("include[orders]", "user,entries"),
        ]
        answer = self._read("/orders", params)
        if not isinstance(answer, wire.OrdersAnswer):
            return answer
        return self._page(answer, page)

    def by_code(self, code: str) -> OrderRecord | Missing | Failure:
        """Read one order with its lines by the number the buyer sees; the only way to orders older than 14 days.

        An order whose lines cannot be read whole comes without them, and says so in `unread`.
        """
        if _CODE.match(code) is None:
            return Refused("An order number has digits, letters and dashes only.")
        params = [
            *self._paging(0, self._account.page_size),
            ("filter[orders][code]", code),
            ("include[orders]", "user,entries"),
        ]
        answer = self._read("/orders", params)
        if not isinstance(answer, wire.OrdersAnswer):
            return answer
        page = self._page(answer, 0)
        if not page.orders:
            return (
                Unknown("Kaspi answered with an unreadable order.") if page.rejected else Missing()
            )
        order = next((order for order in page.orders if order.code == code), None)
        if order is None:
            return Unknown("Kaspi answered with another order than the one asked for.")
        return self._with_lines(order)

    def _with_lines(self, order: OrderRecord) -> OrderRecord | Failure:
        whole = order.lines is not None and not self._account.nested_products
        if whole or order.external_id is None:
            return order
        lines = self.lines(order.external_id)
        if isinstance(lines, tuple):
            return replace(order, lines=lines)
        if isinstance(lines, Busy | Misconfigured):
            return lines
        why = lines.detail if isinstance(lines, Unknown) else lines.reason
        return replace(order, unread=(*order.unread, Unread("entries", "unread", why)))

    def lines(self, external_id: str) -> tuple[LineRecord, ...] | Failure:
        """Read the lines of one order by its id (not its number), page after page: for lists that came without them.

        They come whole, or not at all with the reason.
        """
        pages, more = EntryPages(), True
        while more:
            params = self._paging(pages.pages, facts.PAGE_SIZE_MAX)
            if self._account.nested_products:
                params.append(("include[order.entries]", "product,merchantProduct"))
            answer = self._read(f"/orders/{quote(external_id, safe='')}/entries", params)
            if not isinstance(answer, wire.OrdersAnswer):
                return answer
            more = pages.add(answer)
        lines = pages.whole()
        return (
            Unknown(f"Kaspi's lines are not whole: {lines}.") if isinstance(lines, str) else lines
        )

    def health(self, now: datetime) -> Health:
        """Ask for one order of the last 7 days, and turn what comes into words fit to show."""
        params = [
            *self._paging(0, 1),
            ("filter[orders][creationDate][$ge]", _ms(now - facts.CHECK_WINDOW)),
            ("filter[orders][creationDate][$le]", _ms(now)),
            ("filter[orders][state]", facts.ARCHIVE),
        ]
        answer = self._read("/orders", params, checking=True)
        if not isinstance(answer, wire.OrdersAnswer):
            return answer
        total = answer.meta.totalCount if answer.meta else None
        count = "?" if total is None else str(total)
        return Healthy(
            ("Kaspi accepted the token.", f"Finished orders created in 7 days: {count}.")
        )

    @staticmethod
    def _paging(page: int, size: int) -> list[tuple[str, str]]:
        return [("page[number]", str(page)), ("page[size]", str(size))]

    def _page(self, answer: wire.OrdersAnswer, page: int) -> OrderPage:
        index = translate.index_included(answer.included)
        read = [
            translate.order_from(raw, index, position=position)
            for position, raw in enumerate(answer.data, start=1)
        ]
        return OrderPage(
            orders=tuple(item for item in read if isinstance(item, OrderRecord)),
            page=page,
            page_count=self._page_count(answer, page),
            total=answer.meta.totalCount if answer.meta else None,
            rejected=tuple(item for item in read if isinstance(item, RowRejected)),
        )

    def _page_count(self, answer: wire.OrdersAnswer, page: int) -> int:
        """Tell how many pages a list has, so that nothing is left unread and nothing is read for ever.

        An empty page ends the list whatever was counted.  Of the two counts the larger one holds, and neither where more
        came than it counts: then a full page promises one more.
        """
        if not answer.data:
            return page
        size, meta = self._account.page_size, answer.meta or wire.Meta()
        counted = max(meta.pageCount or 0, -(-(meta.totalCount or 0) // size))
        if page * size + len(answer.data) <= counted * size:
            return counted
        return page + (2 if len(answer.data) >= size else 1)

    def _read(
        self, path: str, params: Sequence[tuple[str, str]], *, checking: bool = False
    ) -> wire.OrdersAnswer | Failure:
        if not self._sendable:
            return Misconfigured(
                "The token or the shop's number has characters none of Kaspi's has.", _ACCESS_HOW
            )
        try:
            reply = self._http.send(Request("GET", path, params=params))
        except AddressNotAllowed:
            return ADDRESS_NOT_ALLOWED
        except NotSent as error:
            return Busy(f"Kaspi could not be reached: {error}")
        except NoAnswer as error:
            if checking:
                return Misconfigured(f"Kaspi does not answer ({error}).", _EGRESS_HOW)
            return Unknown(f"No whole answer from Kaspi: {error}")
        return _answer(reply, checking=checking)


def _answer(reply: Reply, *, checking: bool) -> wire.OrdersAnswer | Failure:
    try:
        body = load(reply.body)
    except Unreadable as error:
        body = None
        unreadable = str(error)
    else:
        unreadable = "not the documented shape"
    answer = (
        wire.OrdersAnswer.model_validate(body) if isinstance(body, dict) else wire.OrdersAnswer()
    )
    if not reply.ok:
        return _failure(reply, translate.error_titles(answer))
    if isinstance(body, dict) and isinstance(body.get("data"), list | dict):
        return answer
    if checking and body is None:
        return Misconfigured(
            "The address answers with something that is not Kaspi's API, perhaps a web page.",
            f"Check the base address ({facts.BASE_URL}) and the proxy. {_EGRESS_HOW}",
        )
    return Unknown(f"Kaspi's answer could not be read: {unreadable}.")


def _failure(reply: Reply, titles: str) -> Failure:
    answered = f"HTTP {reply.status}" + (f": {titles}" if titles else "")
    match reply.status:
        case 401 | 403:
            return Misconfigured(f"Kaspi did not accept the token ({answered}).", _ACCESS_HOW)
        case 429 | 503:
            return Busy(f"Kaspi asks to wait ({answered}).", _retry_after_s(reply))
        case 404:
            return Refused(f"Kaspi knows no such object ({answered}).")
        case 400:
            return Misconfigured(
                f"Kaspi refused the question itself ({answered}).",
                "Filters or paging do not suit Kaspi: the range is at most 14 days; shops under one login need X-Merchant-Uid.",
            )
        case status if 300 <= status < 500:  # noqa: PLR2004  classes of RFC 9110
            return Misconfigured(
                f"The address does not serve Kaspi's API ({answered}).",
                f"Check the base address ({facts.BASE_URL}) and the proxy.",
            )
        case _:
            return Unknown(f"Kaspi failed ({answered}).")


def _retry_after_s(reply: Reply) -> int:
    header = reply.headers.get("retry-after", "").strip()
    wait = int(header) if header.isascii() and header.isdigit() and len(header) < 8 else None  # noqa: PLR2004  longer is nonsense
    return (
        min(max(wait, 1), facts.RETRY_AFTER_MAX_S)
        if wait is not None
        else facts.RETRY_AFTER_DEFAULT_S
    )


def _ms(moment: datetime) -> str:
    return str((moment - _EPOCH) // timedelta(milliseconds=1))
