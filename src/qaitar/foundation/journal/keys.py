"""The keys that sign the journal.  They are not in the database: who holds only the database cannot sign a line.

`QAITAR_JOURNAL_KEY` holds one or more keys parted by commas: the first signs, all of them verify.  To change the key put
the new one first and keep the old ones as long as their lines are to be verified: a journal is never written anew.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from django.conf import settings

from qaitar.foundation.connections.secrets import KEY_CHARS_MIN, NoKey, derived_key
from qaitar.foundation.journal.signatures import JournalKey

if TYPE_CHECKING:
    from collections.abc import Mapping

_ID_BYTES: Final = 8
_SECRET_BYTES: Final = 32


@lru_cache(maxsize=8)
def _ring(text: str) -> tuple[JournalKey, ...]:
    keys = [each.strip() for each in text.split(",") if each.strip()]
    if not keys or any(len(key) < KEY_CHARS_MIN for key in keys):
        raise NoKey(
            f"QAITAR_JOURNAL_KEY: each key needs at least {KEY_CHARS_MIN} characters, and there must be one"
        )
    return tuple(
        JournalKey(
            derived_key(key.encode(), b"journal key id", _ID_BYTES).hex(),
            derived_key(key.encode(), b"journal signatures", _SECRET_BYTES),
        )
        for key in keys
    )


def journal_keys() -> tuple[JournalKey, ...]:
    """Give the keys, the one that signs first.

    Raises:
        NoKey: no usable key is set.
    """
    return _ring(settings.QAITAR_JOURNAL_KEY)


def journal_key_secrets() -> Mapping[str, bytes]:
    """Give the secret of each key by its id.  Errors as `journal_keys`."""
    return {key.id: key.secret for key in journal_keys()}
