"""Standard Webhooks 1.0.0: signing, checking, and when to try again.  Pure.

github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

PREFIX = "whsec_"
SECRET_MIN_BYTES = 24
SECRET_MAX_BYTES = 64
NEW_SECRET_BYTES = 32
TOLERANCE_S = 300
SIGNATURES_MAX = 16
# seconds after the previous try: at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h
WAITS_S = (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER_SHARE = 0.1
_UNIX_SECONDS = re.compile(r"[0-9]{1,12}\Z")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_\-]{1,256}\Z")


class BadSecret(ValueError):
    """A signing secret must be `whsec_` and base64 of 24 to 64 bytes; an empty one is never one."""


class Check(StrEnum):
    """What checking an incoming message came to; only GENUINE may be acted upon."""

    GENUINE = "genuine"
    HEADERS_MISSING = "headers_missing"
    TOO_OLD = "too_old"
    FROM_THE_FUTURE = "from_the_future"
    FORGED = "forged"


class SignatureVerdict(StrEnum):
    """What the receiver's answer means for the next try."""

    DELIVERED = "delivered"
    RETRY = "retry"
    SLOW_DOWN = "slow_down"
    DISABLE = "disable"


def new_secret() -> str:
    """Make a secret of 32 random bytes, in the form shown to the receiver once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(NEW_SECRET_BYTES)).decode()


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSecret("not base64") from error
    if not secret.startswith(PREFIX) or not SECRET_MIN_BYTES <= len(key) <= SECRET_MAX_BYTES:
        raise BadSecret("not whsec_ and 24 to 64 bytes")
    return key


def sign(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """Return one signature `v1,<base64>` over id, time and the raw body.

    >>> sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
    ...      b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

    Raises:
        BadSecret: the secret is not one.
    """
    signed = b".".join((message_id.encode(), str(timestamp_s).encode(), body))
    mac = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()


def signed_headers(
    current_secrets: Sequence[str], message_id: str, body: bytes, *, now: datetime
) -> dict[str, str]:
    """Return the headers of one try: the id stays over all tries, the time is of this one.

    While a secret is being replaced, both are given and the receiver may check either.

    Raises:
        BadSecret: a secret is not one, or there is none.
        ValueError: the id has characters that would blur what is signed.
    """
    if not current_secrets:
        raise BadSecret("no secret to sign with")
    if not _MESSAGE_ID.match(message_id):
        raise ValueError(f"not a message id: {message_id[:80]!r}")
    timestamp_s = int(now.timestamp())
    signatures = (sign(secret, message_id, timestamp_s, body) for secret in current_secrets)
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signatures),
    }


def check(
    accepted_secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    tolerance_s: int = TOLERANCE_S,
) -> Check:
    """Tell whether a message is genuine: signed with one of the secrets, over this body, just now.

    Header names are compared without case.  Every pair of secret and signature is compared in
    constant time.

    Raises:
        BadSecret: a secret is not one, or there is none: nothing can be genuine then.
    """
    if not accepted_secrets:
        raise BadSecret("no secret to check with")
    for secret in accepted_secrets:
        _key(secret)  # a broken secret is told before anything is compared
    return _checked(accepted_secrets, headers, body, (now.timestamp(), tolerance_s))


def _checked(
    accepted_secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    window: tuple[float, int],
) -> Check:
    now_s, tolerance_s = window
    given = {name.lower(): value for name, value in headers.items()}
    message_id = given.get("webhook-id", "")
    stamp = given.get("webhook-timestamp", "")
    signatures = given.get("webhook-signature", "").split(" ")[:SIGNATURES_MAX]
    if not message_id or not _UNIX_SECONDS.match(stamp) or not any(signatures):
        return Check.HEADERS_MISSING
    age_s = now_s - int(stamp)
    if age_s > tolerance_s:
        return Check.TOO_OLD
    if age_s < -tolerance_s:
        return Check.FROM_THE_FUTURE
    expected = [sign(secret, message_id, int(stamp), body).encode() for secret in accepted_secrets]
    matches = [hmac.compare_digest(one, sent.encode()) for one in expected for sent in signatures]
    return Check.GENUINE if any(matches) else Check.FORGED


def judge(status: int) -> SignatureVerdict:
    """Tell what an answer's status means: only 2xx is delivered, a redirect is a failure.

    >>> [judge(code).value for code in (204, 302, 410, 429, 500)]
    ['delivered', 'retry', 'disable', 'slow_down', 'retry']
    """
    if 200 <= status < 300:  # noqa: PLR2004  the class of success, RFC 9110
        return SignatureVerdict.DELIVERED
    special = {
        410: SignatureVerdict.DISABLE,
        429: SignatureVerdict.SLOW_DOWN,
        502: SignatureVerdict.SLOW_DOWN,
        504: SignatureVerdict.SLOW_DOWN,
    }
    return special.get(status, SignatureVerdict.RETRY)


def next_try(
    tries_made: int, *, now: datetime, random: Random, retry_after_s: int | None = None
) -> datetime | None:
    """Return when to try next, or None when the plan of ten tries is used up.

    Up to a tenth is added at random, so that receivers coming back are not met by everyone at once.
    `retry_after_s` (the receiver's own wish) lengthens the wait, up to a day, and never shortens it.

    >>> from datetime import UTC
    >>> from random import Random
    >>> next_try(10, now=datetime(2026, 1, 1, tzinfo=UTC), random=Random(1)) is None
    True
    """
    if tries_made >= len(WAITS_S):
        return None
    planned_s = max(WAITS_S[tries_made], min(retry_after_s or 0, WAITS_S[-1]))
    return now + timedelta(seconds=planned_s * (1 + JITTER_SHARE * random.random()))
