"""The signed assertion by which a service account asks for an access token.  Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jwt

from qaitar.connectors.google_sheets import facts

if TYPE_CHECKING:
    from datetime import datetime

    from qaitar.connectors.google_sheets.wire import ServiceAccount


class BadServiceKey(Exception):
    """The service account's private key cannot sign; the key itself is never part of the words."""


def assertion(account: ServiceAccount, *, token_url: str, now: datetime) -> str:
    """Return a JWT (RS256) by which the account asks `token_url` for the spreadsheets scope for an hour.

    Raises:
        BadKey: the private key is not a readable RSA key.
    """
    issued = int(now.timestamp())
    claims = {
        "iss": account.client_email,
        "scope": facts.SCOPE,
        "aud": token_url,
        "iat": issued,
        "exp": issued + facts.TOKEN_LIFE_S,
    }
    headers = {"kid": account.private_key_id} if account.private_key_id else None
    try:
        return jwt.encode(claims, account.private_key, algorithm="RS256", headers=headers)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise BadServiceKey("the private key of the service account cannot be read") from error
