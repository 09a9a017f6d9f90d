"""Reads the cabinet with a session the user gave: GET only, nothing stored, off unless configured."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from qaitar.connectors.kaspi_cabinet import facts, translate, wire
from qaitar.contracts.marketplace import (
    ReturnPage,
    ReturnReading,
    RowRejected,
    Section,
    SectionCounts,
)
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
from qaitar.transport.lenient import Unreadable, load, records

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

Failure = Refused | Misconfigured | Busy | Unknown
_COOKIE = re.compile(r"[\x21-\x7e]+(?:; ?[\x21-\x7e]+)*\Z")
_SESSION_ENDED = frozenset({301, 302, 303, 307, 308, 401, 403})
_WAIT = frozenset({429, 503})
_OFF = Misconfigured(
    "Reading the cabinet directly is switched off.",
    "It is off by default; switch it on for this store only with the seller's consent and own session.",
)
_EXPIRED_HOW = f"Log in again at {facts.LOGIN_URL} and give the new session; a session was seen to end within a day."


@dataclass(frozen=True, slots=True, kw_only=True)
class CabinetSession:
    """A seller's own session.  `cookie` is the whole Cookie header of the cabinet; keep it in memory only."""

    merchant_id: str
    cookie: str = field(default="", repr=False)
    enabled: bool = False
    base_url: str = facts.BASE_URL
    proxy: str = field(default="", repr=False)
    connect_timeout_s: float = facts.CONNECT_TIMEOUT_S
    read_timeout_s: float = facts.READ_TIMEOUT_S


class KaspiCabinet:
    """Return requests of one shop.  Every call is a GET; while switched off nothing is sent at all."""

    def __init__(self, session: CabinetSession) -> None:
        """Prepare a client; nothing is sent yet."""
        self._session = session
        usable = _COOKIE.match(session.cookie) is not None
        self._http = HttpClient(
            session.base_url,
            headers={**facts.HEADERS, **({"Cookie": session.cookie} if usable else {})},
            timeouts=Timeouts(session.connect_timeout_s, session.read_timeout_s),
            proxy=session.proxy or None,
        )
        self._ready = session.enabled and usable

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections kept alive."""
        self._http.close()

    def counts(self) -> SectionCounts | Failure:
        """Count the requests of each section."""
        value = self._read("load-refunds-count", [])
        if not isinstance(value, list):
            return _strange(value)
        return translate.counts_from(records(value))

    def list_section(self, section: Section, *, page: int = 0) -> ReturnPage | Failure:
        """Read one page (ten requests, from 0) of a section."""
        return self.list_tab(facts.TABS[section], page=page)

    def list_tab(self, tab: str, *, page: int = 0) -> ReturnPage | Failure:
        """Read one page of a section by the cabinet's own name for it, also one never seen before."""
        params = [("tab", tab), ("p", str(page)), ("s", str(facts.PAGE_SIZE))]
        value = self._read("load-refunds-by-tab", params)
        if not isinstance(value, dict) or not isinstance(value.get("data"), list):
            return _strange(value)
        parsed = wire.RefundList.model_validate(value)
        read = [
            translate.reading_from(raw, position=position, tab=tab)
            for position, raw in enumerate(parsed.data, start=1)
        ]
        return ReturnPage(
            readings=tuple(item for item in read if isinstance(item, ReturnReading)),
            page=page,
            total=parsed.total,
            rejected=tuple(item for item in read if isinstance(item, RowRejected)),
        )

    def details(self, refund_id: str, number: str) -> ReturnReading | Missing | Failure:
        """Read everything shown of one request, asked for by both its id and its number."""
        value = self._read("load-refund-details", [("refundId", refund_id), ("code", number)])
        if isinstance(value, _Absent):
            return Missing()
        if not isinstance(value, dict):
            return _strange(value)
        read = translate.reading_from(value)
        if isinstance(read, RowRejected) or read.number != number:
            return Unknown("The cabinet answered with another request than the one asked for.")
        return read

    def photos(self, refund_id: str) -> tuple[str, ...] | Failure:
        """Read the addresses of the buyer's photos."""
        value = self._read(f"refund/{quote(refund_id, safe='')}/images/preview", [])
        if not isinstance(value, list):
            return _strange(value)
        return translate.images_from(records(value))

    def health(self, now: datetime) -> Health:  # noqa: ARG002  the session's own clock decides, the contract names it
        """Ask for the counts and say in words what came."""
        counts = self.counts()
        if not isinstance(counts, SectionCounts):
            return counts
        return Healthy(
            (f"The cabinet is open; return requests shown: {sum(counts.totals.values())}.",)
        )

    def _read(self, call: str, params: Sequence[tuple[str, str]]) -> Any:
        """Return the JSON value of an answer, a failure, or `_Absent` for HTTP 404."""
        if not self._ready:
            return _OFF
        query = [("merchantId", self._session.merchant_id), *params]
        try:
            reply = self._http.send(Request("GET", f"{facts.REFUNDS_PATH}/{call}", params=query))
        except AddressNotAllowed:
            return ADDRESS_NOT_ALLOWED
        except NotSent as error:
            return Busy(f"The cabinet could not be reached: {error}")
        except NoAnswer as error:
            return Unknown(f"No whole answer from the cabinet: {error}")
        return _value(reply)


class _Absent:
    """The cabinet knows no such thing (HTTP 404)."""


def _value(reply: Reply) -> Any:
    if not reply.ok:
        return _failure(reply.status)
    if "html" in reply.headers.get("content-type", ""):
        return Misconfigured(
            "The cabinet shows a page instead of data: the session has expired.", _EXPIRED_HOW
        )
    try:
        return load(reply.body)
    except Unreadable as error:
        return Unknown(f"The cabinet's answer could not be read: {error}.")


def _failure(status: int) -> Failure | _Absent:
    http_status = f"(HTTP {status})"
    if status in _SESSION_ENDED:
        return Misconfigured(f"The cabinet session has expired {http_status}.", _EXPIRED_HOW)
    if status == 404:  # noqa: PLR2004  RFC 9110
        return _Absent()
    if status in _WAIT:
        return Busy(f"The cabinet asks to wait {http_status}.", facts.RETRY_AFTER_DEFAULT_S)
    if status >= 500:  # noqa: PLR2004  RFC 9110
        return Unknown(f"The cabinet failed {http_status}.")
    return Refused(f"The cabinet refused the question {http_status}.")


def _strange(value: object) -> Failure:
    """Pass a failure on; anything else came in a shape never seen."""
    if isinstance(value, Refused | Misconfigured | Busy | Unknown):
        return value
    if isinstance(value, _Absent):
        return Misconfigured(
            "The cabinet no longer has this call (HTTP 404).",
            "The cabinet's insides have changed: use the browser companion or a file.",
        )
    return Unknown("The cabinet's answer has a shape never seen.")
