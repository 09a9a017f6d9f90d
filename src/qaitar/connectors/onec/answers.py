"""What an answer of 1C means for us: settings to mend, a person to ask, a repeat, or a look-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qaitar.connectors.onec.facts import (
    CLOSED_WORDS,
    CODE_BUSINESS,
    CODE_ENTITY_NOT_FOUND,
    CODE_INSTANCE_NOT_FOUND,
    CODE_KEY_EXISTS,
    CODE_RIGHTS,
    LICENCE_WORDS,
    LOCK_WORDS,
    MESSAGE_LENGTH,
    RIGHTS_WORDS,
)
from qaitar.connectors.onec.wire import ODataError, read_error
from qaitar.contracts.outcome import Busy, Misconfigured, Refused, Unknown

if TYPE_CHECKING:
    from qaitar.transport.http import Reply

RETRY_S = 30
RETRY_S_MAX = 3600

COMPOSITION_HOW = (
    "Add the object to the composition of the standard OData interface in 1C "
    "(form «Настройка стандартного интерфейса OData» or УстановитьСоставСтандартногоИнтерфейсаOData)."
)
RIGHTS_HOW = (
    "Give the 1C user of this connection remote OData access and rights to the object, "
    "without row-level limits on it; check the login and password."
)
ADDRESS_HOW = (
    "Check that the address is the publication itself (for example https://host/ut), that the standard "
    "OData interface is published there and that no proxy or login page stands before it."
)
CLOSED_HOW = (
    "Move the date of the ban on changes in 1C, or let the 1C user of this connection change closed periods: "
    "what waits goes on by itself then."
)
MAP_HOW = "Compare the field map of this connection with the metadata of the base."

_WEB_SERVER = {
    401: ("login refused", RIGHTS_HOW),
    403: ("login refused", RIGHTS_HOW),
    413: (
        "the web server refuses so large a request",
        "Raise the limit of the request body on 1C's web server above 40 MB.",
    ),
}
_NOT_EXECUTED = {
    406: "no session is free",
    412: "the object was changed in 1C meanwhile",
    429: "too many calls",
}
_UNAVAILABLE = {502, 503, 504}


@dataclass(frozen=True, slots=True)
class OneCTrouble:
    """A call that did not come to its end; `code` is 1C's own error code when it gave one."""

    outcome: Misconfigured | Refused | Busy | Unknown
    code: str = ""

    def looked_up(self) -> Misconfigured | Busy | Unknown:
        """Return what a look-up comes to: a refusal to answer settles nothing."""
        if isinstance(self.outcome, Refused):
            return Unknown(self.outcome.reason)
        return self.outcome

    def before_writing(self) -> Misconfigured | Refused | Busy:
        """Return what a write comes to when a reading before it failed: nothing was executed."""
        if isinstance(self.outcome, Unknown):
            return Busy(f"nothing was written: {self.outcome.detail}", RETRY_S)
        return self.outcome


def trouble(reply: Reply, *, writing: bool) -> OneCTrouble | None:
    """Say what is wrong with an answer, or nothing when it is a 2xx that is not a web page.

    A page of HTML with status 200 is a login or error page of the web server.
    """
    if reply.ok:
        return _page(reply)
    error = read_error(reply.body)
    if error is not None:
        return OneCTrouble(_spoken(reply.status, error), error.code)
    return OneCTrouble(_silent(reply, writing=writing))


def _page(reply: Reply) -> OneCTrouble | None:
    kind = reply.headers.get("content-type", "")
    start = reply.body[:200].lstrip().lower()
    if "text/html" in kind or start.startswith((b"<!doctype html", b"<html")):
        what = f"1C's web server answered a web page (HTTP {reply.status}) instead of data"
        return OneCTrouble(Misconfigured(what, ADDRESS_HOW))
    return None


def _spoken(status: int, error: ODataError) -> Misconfigured | Refused | Busy | Unknown:
    words = error.message[:MESSAGE_LENGTH]
    if _holds(words, LICENCE_WORDS) or _holds(words, LOCK_WORDS):
        return Busy(words, RETRY_S)
    setting = _setting_named(status, error.code, words)
    if setting is not None:
        return setting
    if status < 500:  # noqa: PLR2004  the server's class of RFC 9110
        return _client_error(status, error.code, words)
    if error.code == CODE_BUSINESS:
        return Refused(words or "1C refused without words")
    return Unknown(f"HTTP {status}, 1C error {error.code}: {words}")


def _setting_named(status: int, code: str, words: str) -> Misconfigured | None:
    """Recognise a refusal that a right or a setting of the base causes.

    Said in words only, while the base writes an object, it is about this object: others may be allowed.
    """
    if status in {401, 403} or code == CODE_RIGHTS:
        return Misconfigured(f"1C denies access: {words}", RIGHTS_HOW)
    if _holds(words, RIGHTS_WORDS):
        return Misconfigured(f"1C denies access: {words}", RIGHTS_HOW, whole=False)
    if _holds(words, CLOSED_WORDS):
        what = f"The period is closed for changes in 1C: {words}"
        return Misconfigured(what, CLOSED_HOW, whole=False)
    return None


def _client_error(status: int, code: str, words: str) -> Misconfigured | Refused | Busy:
    if code == CODE_ENTITY_NOT_FOUND:
        return Misconfigured(f"not in the OData composition: {words}", COMPOSITION_HOW)
    if code in {CODE_INSTANCE_NOT_FOUND, CODE_KEY_EXISTS}:
        return Refused(words or "1C has no such object")
    if status == 412:  # noqa: PLR2004  precondition failed
        return Busy("the object was changed in 1C meanwhile", 1)
    return Misconfigured(f"1C does not accept the request (error {code}): {words}", MAP_HOW)


def _silent(reply: Reply, *, writing: bool) -> Misconfigured | Busy | Unknown:
    """Classify an answer without an OData error: it comes from the web server or is unreadable."""
    status = reply.status
    if status in _WEB_SERVER:
        what, how = _WEB_SERVER[status]
        return Misconfigured(f"{what} (HTTP {status})", how)
    if status in _NOT_EXECUTED:
        return Busy(f"{_NOT_EXECUTED[status]} (HTTP {status})", retry_after_s(reply))
    if 300 <= status < 500:  # noqa: PLR2004  redirects and the client's class of RFC 9110
        return Misconfigured(f"the address does not answer as 1C (HTTP {status})", ADDRESS_HOW)
    surely_not = status == 503 and "retry-after" in reply.headers  # noqa: PLR2004  unavailable
    if surely_not or (not writing and status in _UNAVAILABLE):
        return Busy(f"1C is not available (HTTP {status})", retry_after_s(reply))
    return Unknown(f"HTTP {status} without a readable answer")


def retry_after_s(reply: Reply) -> int:
    """Return how long the server asks to wait, in seconds, bounded by an hour."""
    value = reply.headers.get("retry-after", "")
    return min(int(value), RETRY_S_MAX) if value.isascii() and value.isdigit() else RETRY_S


def _holds(words: str, marks: tuple[str, ...]) -> bool:
    lowered = words.lower()
    return any(mark in lowered for mark in marks)
