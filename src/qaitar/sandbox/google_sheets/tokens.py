"""Service accounts and the token endpoint: a signed assertion in, an access token for an hour out."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/spreadsheets"
LIFE_S = 3600
_SKEW_S = 300


class TokenDenied(Exception):
    """The endpoint's refusal: `code` and `description` go out as they are with status 400."""

    def __init__(self, code: str, description: str) -> None:
        """Keep both words."""
        super().__init__(code, description)
        self.code = code
        self.description = description


@dataclass(frozen=True, slots=True)
class MadeAccount:
    """A freshly made service account: the file a person would download, and the public half of its key."""

    email: str
    json_text: str = field(repr=False)
    public_pem: bytes


def made_account(email: str, token_uri: str) -> MadeAccount:
    """Make a service account with a new RSA key, in the shape of Google's file."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    record = {
        "type": "service_account",
        "project_id": "stand-in",
        "private_key_id": secrets.token_hex(20),
        "private_key": private,
        "client_email": email,
        "token_uri": token_uri,
    }
    return MadeAccount(email, json.dumps(record), public)


@dataclass(slots=True)
class TokenDesk:
    """Knows the accounts' public keys and the tokens given out."""

    clock: Callable[[], datetime]
    public_keys: dict[str, bytes] = field(default_factory=dict)
    given: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def exchange(self, form: Mapping[str, str], audience: str) -> dict[str, Any]:
        """Give an access token for a good assertion.

        Raises:
            TokenDenied: grant, signature, times, audience or scope is wrong.
        """
        if form.get("grant_type") != GRANT:
            raise TokenDenied("unsupported_grant_type", "Invalid grant_type")
        claims = self._claims(form.get("assertion", ""))
        now_s = self.clock().timestamp()
        if claims.get("aud") != audience:
            raise TokenDenied("invalid_grant", "Invalid JWT: wrong audience.")
        if (
            not claims["iat"] - _SKEW_S <= now_s < claims["exp"]
            or claims["exp"] - claims["iat"] > LIFE_S
        ):
            raise TokenDenied("invalid_grant", "Invalid JWT: check your iat and exp values.")
        if SCOPE not in str(claims.get("scope", "")).split():
            raise TokenDenied("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        token = "ya29.stand-in." + secrets.token_hex(24)
        self.given[token] = (claims["iss"], self.clock() + timedelta(seconds=LIFE_S))
        return {"access_token": token, "expires_in": LIFE_S, "token_type": "Bearer"}

    def account_of(self, token: str) -> str | None:
        """Return whose token it is, None when it was never given or has run out."""
        email, until = self.given.get(token, ("", self.clock()))
        return email if email and self.clock() < until else None

    def _claims(self, assertion: str) -> dict[str, Any]:
        try:
            unproved = jwt.decode(assertion, options={"verify_signature": False})
            key = self.public_keys.get(unproved.get("iss", ""))
            if key is None:
                raise TokenDenied("invalid_grant", "Invalid grant: account not found")
            return jwt.decode(
                assertion,
                key,
                algorithms=["RS256"],
                options={
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_aud": False,
                    "require": ["iss", "aud", "iat", "exp", "scope"],
                },
            )
        except jwt.PyJWTError as error:
            raise TokenDenied("invalid_grant", "Invalid JWT Signature.") from error
