"""Seeds of second factors at rest: sealed under the installation's key, so that a copy of the database signs nobody in.

allauth keeps them as JSON in `mfa_authenticator.data`: `secret` of an authenticator app, `seed` or `migrated_codes` of
recovery codes.  Passkeys hold public keys only.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import TYPE_CHECKING, Any, Final

from qaitar.foundation.connections.secrets import NotOpened, has_key_of, resealed, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET_FIELDS: Final = ("secret", "seed", "migrated_codes")
_MARK: Final = "sealed:"
_PLACE: Final = "second factor"  # allauth does not say whose it is


def seed_seal(text: str) -> str:
    """Seal one seed or code as text.

    Raises:
        NoKey: no usable encryption key is set.
    """
    return _MARK + b64encode(seal(text.encode(), place=_PLACE)).decode()


def seed_unseal(text: str) -> str:
    """Open what `seed_seal` made.

    Raises:
        NoKey: no usable encryption key is set.
        NotOpened: not sealed at all, altered, or its key is not among ours.
    """
    return unseal(_sealed_bytes(text), place=_PLACE).decode()


def _sealed_bytes(text: str) -> bytes:
    if not text.startswith(_MARK):
        raise NotOpened("not a sealed text")
    try:
        return b64decode(text.removeprefix(_MARK), validate=True)
    except NotBase64 as error:
        raise NotOpened("not a sealed text") from error


def data_resealed(data: dict[str, Any]) -> dict[str, Any] | None:
    """Seal the secrets of a row's data under the first key; None when all of them are.  Errors as `seed_unseal`."""
    fresh = _changed(data, _resealed)
    return None if fresh == data else fresh


def data_sealed(data: dict[str, Any]) -> dict[str, Any]:
    """Seal the secrets of a row's data that are not sealed yet.  Errors as `seed_seal`."""
    return _changed(data, lambda text: text if text.startswith(_MARK) else seed_seal(text))


def data_opens(data: dict[str, Any]) -> bool:
    """Tell whether the keys of a row's secrets are among ours."""
    return all(
        text.startswith(_MARK) and has_key_of(_sealed_bytes(text))
        for name in SECRET_FIELDS
        for text in _texts(data.get(name))
    )


def _resealed(text: str) -> str:
    fresh = resealed(_sealed_bytes(text), place=_PLACE)
    return text if fresh is None else _MARK + b64encode(fresh).decode()


def _texts(value: Any) -> list[str]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _changed(data: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    fresh = dict(data)
    for name in SECRET_FIELDS:
        value = data.get(name)
        if isinstance(value, list):
            fresh[name] = [change(text) for text in value]
        elif value is not None:
            fresh[name] = change(value)
    return fresh
