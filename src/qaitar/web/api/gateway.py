"""The one door of the API: reads within limits, lets in by token and scope, runs the call once, in one transaction.

A call that ends in an error leaves nothing behind: its transaction is rolled back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import DatabaseError, transaction
from django.http import HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from qaitar.foundation.identity.access import enter_as_token
from qaitar.foundation.inbox.request_bodies import accept_body
from qaitar.foundation.ops.clock import utc_now
from qaitar.web.api.bodies import body_read, fingerprint, query_check
from qaitar.web.api.idempotency import key_of, remember, stored_answer
from qaitar.web.api.operations import BEARER, NOW, PREPARED, PRINCIPAL, Body
from qaitar.web.api.problems import Turned, not_allowed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from ninja import NinjaAPI

    from qaitar.foundation.identity.access import Principal, Replay
    from qaitar.web.api.operations import Entry

    View = Callable[..., HttpResponseBase]

_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,200}")
_BEARER: Final = "bearer"
ERROR_FROM: Final = 400


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call on its way through the door."""

    request: HttpRequest
    entry: Entry
    token: str
    now: datetime
    kwargs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IdempotencyClaim:
    """What a call that must not run twice claims: the caller's key, for exactly this call."""

    key: str
    fingerprint: bytes


def door(view: View, entries: Mapping[str, Entry], api: NinjaAPI) -> View:
    """Stand in front of one address; `entries` says by method how a call is let in."""

    @transaction.non_atomic_requests
    @csrf_exempt
    def entered(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        with translation.override(translation.get_language()):
            entry = entries.get(request.method or "")
            if entry is None:
                return not_allowed(tuple(entries))
            try:
                call = ApiCall(request, entry, _token_of(request), utc_now(), kwargs)
                request.META[NOW], request.META[BEARER] = call.now, call.token
                return _through(call, view)
            except Exception as error:  # noqa: BLE001  the API's handlers answer ours and raise all others again
                return api.on_exception(request, error)

    return accept_body(partial(_bytes_allowed, entries))(entered)


def _bytes_allowed(entries: Mapping[str, Entry], request: HttpRequest, **kwargs: Any) -> int:
    """Return how large a body this call may bring; 0 for a call that will be turned away, which then says why."""
    entry = entries.get(request.method or "")
    if entry is None:
        return 0
    with translation.override(translation.get_language()):
        try:
            _look(ApiCall(request, entry, _token_of(request), utc_now(), kwargs))
        except DatabaseError:
            raise
        except Exception:  # noqa: BLE001  the call is refused for the same reason again, with its answer
            return 0
    return entry.bytes_max


def _token_of(request: HttpRequest) -> str:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != _BEARER or _TOKEN.fullmatch(token.strip()) is None:
        raise _unknown()
    return token.strip()


def _unknown() -> Turned:
    detail = _("Send a valid token: “Authorization: Bearer …”.")
    return Turned(401, "TOKEN_UNKNOWN", detail, headers={"WWW-Authenticate": "Bearer"})


def _enter(call: ApiCall, key: str | None) -> tuple[Principal, Replay]:
    """Open the walls for the token; one statement."""
    request = call.request
    ref = request.META.get("qaitar.ref", "")
    entered = enter_as_token(call.token, key=key, now=call.now, ref=ref)
    if entered is None:
        raise _unknown()
    principal, replay = entered
    if "Accept-Language" not in request.headers:
        translation.activate(principal.language)
    if call.entry.scope not in principal.scopes:
        detail = _("This token lacks the scope “%(scope)s”.") % {"scope": call.entry.scope}
        raise Turned(403, "SCOPE_MISSING", detail, extra={"params": {"scope": call.entry.scope}})
    request.META[PRINCIPAL] = principal
    return principal, replay


def _through(call: ApiCall, view: View) -> HttpResponseBase:
    """Judge the token, then read the body, then run the call; a small body is read in the call's own transaction."""
    entry, key, claim = call.entry, _key_of(call), None
    ahead = entry.prepare is not None or entry.body in {Body.FORM, Body.RAW}
    if ahead:
        _look(call)
        claim = _read(call, key)
    if entry.prepare is not None:
        call.request.META[PREPARED] = entry.prepare(call.request, **call.kwargs)
    with transaction.atomic():
        principal, replay = _enter(call, key)
        if not ahead:
            claim = _read(call, key)
        answer, stands = _once(call, claim, view, (principal, replay))
    return answer if stands or claim is None else _second_look(call, claim, answer)


def _key_of(call: ApiCall) -> str | None:
    """Read the caller's key; an unreadable one is told only to whom the token lets in."""
    try:
        return key_of(call.request)
    except Turned:
        _look(call)
        raise


def _read(call: ApiCall, key: str | None) -> IdempotencyClaim | None:
    """Check the address and read the body; return what the call claims under its key."""
    query_check(call.request, call.entry)
    body_read(call.request, call.entry)
    return None if key is None else IdempotencyClaim(key, fingerprint(call.request, call.entry))


def _look(call: ApiCall) -> None:
    """See who asks and what for, before a large body is read or anything slow is begun."""
    with transaction.atomic():
        _enter(call, None)
        if call.entry.check is not None:
            call.entry.check(call.request, **call.kwargs)


def _once(
    call: ApiCall, claim: IdempotencyClaim | None, view: View, entered: tuple[Principal, Replay]
) -> tuple[HttpResponseBase, bool]:
    """Run the call in the transaction that is open; also tell whether what it did and its stored answer stand."""
    principal, replay = entered
    place = _place(call, principal)
    if claim is not None:
        stored = stored_answer(replay, claim.fingerprint, sealed_for=place)
        if stored is not None:
            return stored, True
    answer = view(call.request, **call.kwargs)
    stands = answer.status_code < ERROR_FROM
    if stands and claim is not None:
        assert isinstance(answer, HttpResponse), "a call that changes something answers whole"
        key = (claim.key, claim.fingerprint)
        stands = remember(answer, principal, key, sealed_for=place, now=call.now)
    if not stands:
        transaction.set_rollback(True)
    return answer, stands


def _second_look(
    call: ApiCall, claim: IdempotencyClaim, answer: HttpResponseBase
) -> HttpResponseBase:
    """Answer a call of which nothing stands: another one with the same key may have been first meanwhile."""
    with transaction.atomic():
        principal, replay = _enter(call, claim.key)
        known = replay.fingerprint is not None
        if not known and answer.status_code >= ERROR_FROM:
            return answer
        place = _place(call, principal)
        stored = stored_answer(replace(replay, held=False), claim.fingerprint, sealed_for=place)
        assert stored is not None, "without a stored answer the call is told to come again"
        return stored


def _place(call: ApiCall, principal: Principal) -> str | None:
    return f"answer of user {principal.user_id}" if call.entry.secret else None
