"""Calls that must not run twice: reading the caller's key, and answering from what is stored under it.

`Idempotency-Key` is the structured-field string of the IETF draft (quoted) or the bare text.  An answer is kept for
seven days if the call did something (2xx); a call that changed nothing is judged anew.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from django.http import HttpResponse
from django.utils.translation import gettext as _

from qaitar.foundation.connections.secrets import seal, unseal
from qaitar.foundation.ops.idempotency import answer_remember
from qaitar.web.api.problems import Turned

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from qaitar.foundation.identity.access import Principal, Replay

KEY_PATTERN: Final = r"""^(?:[!#-~][!-~]{7,254}|"(?:[!#-\[\]-~]|\\["\\]){8,255}")$"""
_KEY: Final = re.compile(KEY_PATTERN)
JSON: Final = "application/json; charset=utf-8"


def key_of(request: HttpRequest) -> str | None:
    """Return the caller's key; None without one or where nothing is changed.

    Raises:
        Turned: 400, the key is not 8 to 255 visible ASCII characters.
    """
    given = request.headers.get("Idempotency-Key")
    if given is None or request.method == "GET":
        return None
    key = key_read(given)
    if key is None:
        detail = _("Idempotency-Key has to be 8 to 255 visible ASCII characters.")
        raise Turned(400, "IDEMPOTENCY_KEY_UNREADABLE", detail)
    return key


def key_read(given: str) -> str | None:
    r"""Read a key, quoted or bare; None when it is not one.

    >>> key_read('"8e03978e-40d5"'), key_read("8e03978e-40d5"), key_read("short"), key_read('"8e03978e')
    ('8e03978e-40d5', '8e03978e-40d5', None, None)
    """
    text = given.strip(" \t")
    if _KEY.fullmatch(text) is None:
        return None
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def stored_answer(
    replay: Replay, fingerprint: bytes, *, sealed_for: str | None
) -> HttpResponse | None:
    """Give the answer stored under a key, if there is one; `sealed_for` names the place of a secret answer.

    Raises:
        Turned: 422, the key was used for another call; 409, the same call is still running.
    """
    if replay.fingerprint is not None:
        if replay.fingerprint != fingerprint:
            detail = _("This Idempotency-Key was used for another call.")
            raise Turned(422, "IDEMPOTENCY_KEY_REUSED", detail)
        body = replay.body or b""
        answer = HttpResponse(
            unseal(body, place=sealed_for) if sealed_for and body else body,
            status=replay.status or 200,
            content_type=JSON,
        )
        answer["Idempotency-Replayed"] = "true"
        return answer
    if not replay.held:
        detail = _("The same call is still running. Ask again in a moment.")
        raise Turned(409, "STILL_RUNNING", detail, headers={"Retry-After": "1"})
    return None


def remember(
    answer: HttpResponse,
    principal: Principal,
    claim: tuple[str, bytes],
    *,
    sealed_for: str | None,
    now: datetime,
) -> bool:
    """Store an answer under its key, in the transaction that made it true; False when another call was first."""
    key, fingerprint = claim
    body = answer.content
    return answer_remember(
        user_id=principal.user_id,
        key=key,
        fingerprint=fingerprint,
        status=answer.status_code,
        body=seal(body, place=sealed_for) if sealed_for and body else body,
        now=now,
    )
