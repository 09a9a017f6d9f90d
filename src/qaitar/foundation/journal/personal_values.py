"""Values that identify a customer, in rows that are never changed: encrypted under keys that can be destroyed.

The journal cannot be rewritten, so what identifies a person stands in it as a sealed text.  Its key is random, made with
the line, and lies in `foundation_personalkey`, itself sealed (`secrets.py`) and bound to its row.  The line's hash and
signature are over the sealed text.  Deleting the keys of a person erases the values and leaves the journal as it is.
"""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from qaitar.foundation.connections.secrets import NotOpened, seal, unseal
from qaitar.foundation.journal.personal_models import PersonalKey
from qaitar.kernel.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qaitar.foundation.journal.lines import JournalLine
    from qaitar.foundation.models import JournalEntry

PERSONAL: Final = frozenset(
    {"customer_name", "customer_phone", "customer_words", "reason_text", "pending_text"}
)
"""Names of journal values that identify a customer, are the customer's own words or free text that may name one."""
_WHY: Final = "why"  # what was typed beside an act or came from outside may name anybody
ERASED: Final = "[erased]"
UNREADABLE: Final = "[sealed]"
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_SEALED: Final = re.compile(r"sealed:1:(?P<key>[0-9a-f-]{36}):(?P<text>[A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that has to be stored with what was encrypted under it."""

    id: UUID
    sealed: bytes


def place_of_key(key_id: UUID) -> str:
    """Name the row a sealed key belongs to."""
    return f"personal key {key_id}"


def new_key() -> tuple[NewKey, bytes]:
    """Make a key: sealed for its row, and itself.

    Raises:
        NoKey: no usable encryption key is set.
    """
    key_id, key = new_id(), os.urandom(_KEY_BYTES)
    return NewKey(key_id, seal(key, place=place_of_key(key_id))), key


def line_protected(line: JournalLine, subject_id: UUID) -> tuple[JournalLine, NewKey | None]:
    """Encrypt what a line tells of a customer, what a person typed and what came from outside; other lines need no key.

    The program's own reasons (`why` of a line without a user that quotes nobody) are codes of ours and stay readable.

    Raises:
        NoKey: there is something to encrypt and no usable encryption key is set.
    """
    free = bool(line.why) and (line.why_quotes or line.by.user_id is not None)
    if not (free or _tells(line.before) or _tells(line.after)):
        return line, None
    made, key = new_key()
    before, after = (
        _encrypted(values, made.id, key, subject_id) for values in (line.before, line.after)
    )
    why = _sealed_text(line.why, made.id, key, f"{subject_id} {_WHY}") if free else line.why
    return replace(line, before=before, after=after, why=why), made


def _tells(values: Mapping[str, Any]) -> bool:
    return any(values.get(name) for name in PERSONAL.intersection(values))


def _encrypted(
    values: Mapping[str, Any], key_id: UUID, key: bytes, subject_id: UUID
) -> dict[str, Any]:
    return {
        name: _sealed_text(str(value), key_id, key, f"{subject_id} {name}")
        if name in PERSONAL and value
        else value
        for name, value in values.items()
    }


def _sealed_text(text: str, key_id: UUID, key: bytes, place: str) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), place.encode())
    return f"sealed:1:{key_id}:{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"


def lines_open(entries: Sequence[JournalEntry]) -> None:
    """Put the readable values into these lines, in memory, for somebody who may see them; one statement, none without need.

    What was erased reads `ERASED`; what is sealed under a key not known here reads `UNREADABLE`.  Verify hashes first: they
    are over the sealed texts.
    """
    keys = _keys(_key_ids(entries))
    for entry in entries:
        for values in (entry.before, entry.after):
            for name in PERSONAL.intersection(values):
                values[name] = _readable(values[name], keys, f"{entry.subject_id} {name}")
        entry.why = _readable(entry.why, keys, f"{entry.subject_id} {_WHY}")


def _key_ids(entries: Iterable[JournalEntry]) -> set[UUID]:
    return {UUID(found["key"]) for entry in entries for found in _sealed_in(entry)}


def _sealed_in(entry: JournalEntry) -> list[re.Match[str]]:
    texts = [
        str(values[name])
        for values in (entry.before, entry.after)
        for name in PERSONAL.intersection(values)
    ]
    return [found for text in (*texts, entry.why) if (found := _SEALED.fullmatch(text))]


def _keys(ids: set[UUID]) -> dict[UUID, bytes | None]:
    """Open these keys; None for one that cannot be opened here, no entry for one that was destroyed."""
    if not ids:
        return {}
    opened: dict[UUID, bytes | None] = {}
    for key_id, sealed in PersonalKey.objects.filter(pk__in=ids).values_list("pk", "sealed"):
        try:
            opened[key_id] = unseal(bytes(sealed), place=place_of_key(key_id))
        except NotOpened:
            opened[key_id] = None
    return opened


def _readable(value: Any, keys: Mapping[UUID, bytes | None], place: str) -> Any:
    found = _SEALED.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    key_id = UUID(found["key"])
    if key_id not in keys:
        return ERASED
    key, text = keys[key_id], found["text"]
    sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if key is None:
        return UNREADABLE
    try:
        plain = AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
    except InvalidTag:
        return UNREADABLE
    return plain.decode()
