"""Turns everything that may go wrong in a call into RFC 9457 problem details, in the caller's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _
from ninja.errors import HttpError, ValidationError

from qaitar.foundation.identity.actors import RoleNotAllowed
from qaitar.foundation.inbox.request_bodies import BodyFailure, failure_sentence
from qaitar.foundation.ops.disk import disk_full
from qaitar.foundation.ops.jobs import database_gone
from qaitar.foundation.ops.problems import problem
from qaitar.returns.errors import ActBlocked, BadCase, CaseChanged, CaseMissing
from qaitar.returns.rules.procedure import Blocked
from qaitar.returns.texts.sentences import bad_case_sentence, blocked_sentence, journal_act_label

if TYPE_CHECKING:
    from django.db import DatabaseError
    from django.http import HttpRequest, HttpResponse
    from ninja import NinjaAPI

ERRORS_MAX: Final = 50


class Turned(Exception):
    """The call is turned away: a status, a stable code, a sentence, and what else belongs into the answer."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Carry all of it."""
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}
        self.extra = extra or {}

    def answer(self) -> HttpResponse:
        """Write it as problem details."""
        answer = problem(
            self.status,
            title_of(self.status),
            detail=self.detail,
            extra={"code": self.code, **self.extra},
        )
        for name, value in self.headers.items():
            answer[name] = value
        return answer


def title_of(status: int) -> str:
    """Name a status as people read it."""
    titles = {
        400: _("Bad request"),
        401: _("Not signed in"),
        403: _("Forbidden"),
        404: _("Not found"),
        405: _("Method not allowed"),
        409: _("Conflict"),
        413: _("Too large"),
        415: _("Wrong content type"),
        422: _("Not valid"),
        408: _("Too slow"),
        503: _("Not available now"),
        507: _("The disk is full"),
    }
    return titles.get(status, _("Error"))


def missing() -> Turned:
    """Build the answer for a row that is not there; a stranger's row gets the very same one."""
    return Turned(404, "NOT_FOUND", _("There is no such thing, or you may not see it."))


def invalid(pointer: str, detail: str, *, code: str = "VALUE_NOT_VALID") -> Turned:
    """Build the answer for one wrong value of the body."""
    errors = [{"pointer": pointer, "detail": detail, "code": code}]
    return Turned(422, code, detail, extra={"errors": errors})


def not_allowed(methods: Sequence[str]) -> HttpResponse:
    """Answer a method this address does not take."""
    allow = ", ".join(sorted(methods))
    detail = _("This address takes: %(methods)s.") % {"methods": allow}
    return Turned(405, "METHOD_NOT_ALLOWED", detail, headers={"Allow": allow}).answer()


def _turned(_request: HttpRequest, no: Turned) -> HttpResponse:
    return no.answer()


def _blocked(_request: HttpRequest, no: ActBlocked) -> HttpResponse:
    blocked = no.blocked
    forbidden = blocked.code == "ROLE_NOT_ALLOWED"
    extra = {"step": blocked.step_number, "params": dict(blocked.params)}
    detail = blocked_sentence(blocked)
    return Turned(403 if forbidden else 409, blocked.code, detail, extra=extra).answer()


def _role_not_allowed(request: HttpRequest, no: RoleNotAllowed) -> HttpResponse:
    return _blocked(request, ActBlocked(Blocked("ROLE_NOT_ALLOWED", {"role": no.role.value})))


def _changed(_request: HttpRequest, no: CaseChanged) -> HttpResponse:
    detail = _("Somebody else acted on this request in between. Read it again.")
    if no.who:
        detail = _("%(who)s acted on this request in between: %(act)s. Read it again.") % {
            "who": no.who,
            "act": journal_act_label(no.act),
        }
    extra = {"params": {"who": no.who, "act": no.act}}
    return Turned(409, "CASE_CHANGED", detail, extra=extra).answer()


def _gone(_request: HttpRequest, _no: CaseMissing) -> HttpResponse:
    return missing().answer()


_POINTERS: Final = {
    "NUMBER_UNREADABLE": "#/number",
    "NUMBER_TAKEN": "#/number",
    "STORE_UNKNOWN": "#/store",
}


def _bad_case(_request: HttpRequest, no: BadCase) -> HttpResponse:
    detail = bad_case_sentence(no)
    errors = [{"pointer": _POINTERS.get(no.code, "#"), "detail": detail, "code": no.code}]
    extra = {"errors": errors, "params": dict(no.params)}
    return Turned(422, no.code, detail, extra=extra).answer()


def _not_valid(_request: HttpRequest, no: ValidationError) -> HttpResponse:
    errors = [_pointed(error) for error in no.errors[:ERRORS_MAX]]
    detail = _("Some values are not valid; see “errors”.")
    return Turned(422, "NOT_VALID", detail, extra={"errors": errors}).answer()


def _pointed(error: Mapping[str, Any]) -> dict[str, str]:
    source, *where = (str(part) for part in error["loc"])
    problem = {"detail": str(error["msg"]), "code": str(error["type"])}
    if source == "query":
        return {"parameter": ".".join(where), **problem}
    inside = where[1:] if source == "body" else where
    return {"pointer": "#" + "".join(f"/{_escaped(part)}" for part in inside), **problem}


def _escaped(part: str) -> str:
    return part[:100].replace("~", "~0").replace("/", "~1")


def _http(_request: HttpRequest, no: HttpError) -> HttpResponse:
    return Turned(no.status_code, "BAD_REQUEST", str(no)).answer()


def _database_error(request: HttpRequest, error: DatabaseError) -> HttpResponse:  # noqa: ARG001  a handler's signature
    """Ask to come again while the database changes hosts: the same key gets the one answer, whatever became of this call."""
    if disk_full(error):
        return _disk_full().answer()
    if not database_gone(error):
        raise error
    detail = _("The database does not answer just now. Ask again in a moment, with the same key.")
    return Turned(503, "DATABASE_AWAY", detail, headers={"Retry-After": "2"}).answer()


def _system_error(request: HttpRequest, error: OSError) -> HttpResponse:  # noqa: ARG001  a handler's signature
    """Say that the disk is full; any other error of the system is ours."""
    if not disk_full(error):
        raise error
    return _disk_full().answer()


def _disk_full() -> Turned:
    return Turned(507, "DISK_FULL", failure_sentence(BodyFailure.NO_SPACE))


def not_received(failure: BodyFailure) -> Turned:
    """Build the answer for a call whose body was not received."""
    headers = {"Retry-After": "30"} if failure.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Turned(
        failure.status, f"BODY_{failure.name}", failure_sentence(failure), headers=headers
    )


_HANDLERS: Final[Mapping[type[Exception], Any]] = {
    Turned: _turned,
    ActBlocked: _blocked,
    RoleNotAllowed: _role_not_allowed,
    CaseChanged: _changed,
    CaseMissing: _gone,
    BadCase: _bad_case,
    ValidationError: _not_valid,
    HttpError: _http,
    OperationalError: _database_error,
    InterfaceError: _database_error,
    OSError: _system_error,
}


def handlers_install(api: NinjaAPI) -> None:
    """Teach the API how each of our errors is answered; anything else stays an error of ours, answered as 500."""
    for error, handler in _HANDLERS.items():
        api.add_exception_handler(error, handler)
