"""Secrets at rest: AES-256-GCM under a key kept outside the database, the key's id in front, so that keys can be changed.

`QAITAR_ENCRYPTION_KEY` holds one or more keys parted by commas: the first one seals, all of them open.  To change the
key put the new one first, seal everything again (`qaitar secrets reseal`), then take the old one away.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_CHARS_MIN: Final = 32
_FORMAT: Final = b"\x01"
_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = len(_FORMAT) + _ID_BYTES + _NONCE_BYTES


class NoKey(Exception):
    """No usable key is set: `QAITAR_ENCRYPTION_KEY` and `QAITAR_JOURNAL_KEY` have to hold at least 32 characters."""


class NotOpened(Exception):
    """A sealed text cannot be opened: its key is not among ours, or it was altered or moved to another row."""


@dataclass(frozen=True, slots=True)
class _Key:
    id: bytes
    cipher: AESGCM = field(repr=False)


def derived_key(secret: bytes, purpose: bytes, length: int) -> bytes:
    """Derive `length` bytes for one purpose from a secret (HKDF-SHA256); nothing of the secret can be read from them."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=b"qaitar " + purpose).derive(
        secret
    )


@lru_cache(maxsize=8)
def _ring(text: str) -> tuple[_Key, ...]:
    keys = [each.strip() for each in text.split(",") if each.strip()]
    if not keys or any(len(key) < KEY_CHARS_MIN for key in keys):
        raise NoKey(
            f"QAITAR_ENCRYPTION_KEY: each key needs at least {KEY_CHARS_MIN} characters, and there must be one"
        )
    return tuple(
        _Key(
            derived_key(key.encode(), b"key id", _ID_BYTES),
            AESGCM(derived_key(key.encode(), b"secrets at rest", 32)),
        )
        for key in keys
    )


def _keys() -> tuple[_Key, ...]:
    return _ring(settings.QAITAR_ENCRYPTION_KEY)


def seal(plain: bytes, *, place: str) -> bytes:
    """Encrypt under the first key.  `place` names the row it is for; it opens nowhere else.

    Raises:
        NoKey: no usable key is set.
    """
    key, nonce = _keys()[0], os.urandom(_NONCE_BYTES)
    return _FORMAT + key.id + nonce + key.cipher.encrypt(nonce, plain, place.encode())


def unseal(sealed: bytes, *, place: str) -> bytes:
    """Decrypt what `seal` made for the same place, under whichever of our keys it was made.

    Raises:
        NoKey: no usable key is set.
        NotOpened: unknown key, altered bytes, or another place.
    """
    if not is_sealed(sealed):
        raise NotOpened("not a sealed text")
    key_id, nonce = sealed[1 : 1 + _ID_BYTES], sealed[1 + _ID_BYTES : _HEAD_BYTES]
    for key in _keys():
        if key.id == key_id:
            try:
                return key.cipher.decrypt(nonce, sealed[_HEAD_BYTES:], place.encode())
            except InvalidTag as error:
                raise NotOpened("altered, or made for another place") from error
    raise NotOpened("sealed under a key that is not among QAITAR_ENCRYPTION_KEY")


def resealed(sealed: bytes, *, place: str) -> bytes | None:
    """Seal again under the first key; None when it already is.  Errors as `unseal`."""
    if sealed[1 : 1 + _ID_BYTES] == _keys()[0].id:
        return None
    return seal(unseal(sealed, place=place), place=place)


def is_sealed(text: bytes) -> bool:
    """Tell whether bytes look like what `seal` makes."""
    return len(text) >= _HEAD_BYTES and text[:1] == _FORMAT


def has_key_of(sealed: bytes) -> bool:
    """Tell whether the key that sealed this is among ours; needs no opening.  No bytes need no key.

    Raises:
        NoKey: no usable key is set.
    """
    return not sealed or sealed[1 : 1 + _ID_BYTES] in {key.id for key in _keys()}


def seal_fields(values: Mapping[str, str], *, place: str) -> bytes:
    """Encrypt named secrets as one text; none of them gives no bytes.  Errors as `seal`."""
    return seal(json.dumps(dict(values)).encode(), place=place) if values else b""


def unseal_fields(sealed: bytes, *, place: str) -> dict[str, str]:
    """Decrypt named secrets; no bytes hold none.  Errors as `unseal`."""
    if not sealed:
        return {}
    fields: dict[str, str] = json.loads(unseal(sealed, place=place))
    return fields
