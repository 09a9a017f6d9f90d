"""Signs lines that were written before the journal was signed, and those a bench or drill makes by SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from psycopg.types.json import Jsonb

from qaitar.foundation.journal.keys import journal_keys
from qaitar.foundation.journal.signatures import (
    HeadColumns,
    LineColumns,
    head_signature,
    line_signature,
)
from qaitar.foundation.tenancy.walls import SEE_EVERY_MERCHANT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    import psycopg

    from qaitar.foundation.journal.signatures import JournalKey

PAGE: Final = 5_000
_UNSIGNED: Final = (
    "SELECT id, merchant_id, subject_kind, subject_id, seq, request_ref, hash FROM foundation_journalentry"
    " WHERE mac IS NULL"
)
_SIGN: Final = (
    "UPDATE foundation_journalentry j SET key_id = %s, mac = u.mac"
    " FROM jsonb_to_recordset(%s) AS u(id uuid, mac bytea) WHERE j.id = u.id"
)
_HEADLESS: Final = (
    "SELECT DISTINCT ON (j.subject_id) j.merchant_id, j.subject_kind, j.subject_id, j.seq, j.hash"
    " FROM foundation_journalentry j"
    " WHERE NOT EXISTS (SELECT FROM foundation_journalhead h WHERE h.subject_id = j.subject_id)"
    " ORDER BY j.subject_id, j.seq DESC"
)
_HEAD: Final = (
    "INSERT INTO foundation_journalhead (merchant_id, subject_kind, subject_id, seq, hash, key_id, mac)"
    " SELECT u.merchant_id, u.subject_kind, u.subject_id, u.seq, u.hash, %s, u.mac FROM jsonb_to_recordset(%s)"
    " AS u(merchant_id uuid, subject_kind text, subject_id uuid, seq int, hash bytea, mac bytea)"
)


def journal_sign(owner: psycopg.Connection[Any]) -> int:
    """Sign every unsigned line and give every chain without a head one; returns how many lines were signed.

    As the owner of the tables, in the transaction that is open: the append-only trigger is off until it ends.

    Raises:
        NoKey: there are lines and no usable key is set.
    """
    owner.execute(SEE_EVERY_MERCHANT)
    owner.execute("ALTER TABLE foundation_journalentry DISABLE TRIGGER USER")
    signed = 0
    for page in _pages(owner, _UNSIGNED, "unsigned"):
        key = journal_keys()[0]
        owner.execute(_SIGN, [key.id, Jsonb([_line(key, row) for row in page])])
        signed += len(page)
    for page in _pages(owner, _HEADLESS, "headless"):
        key = journal_keys()[0]
        owner.execute(_HEAD, [key.id, Jsonb([_head(key, row) for row in page])])
    owner.execute("ALTER TABLE foundation_journalentry ENABLE TRIGGER USER")
    return signed


def _pages(
    owner: psycopg.Connection[Any], query: str, name: str
) -> Iterator[list[tuple[Any, ...]]]:
    with owner.cursor(name=name) as cursor:
        cursor.execute(query.encode())
        while page := cursor.fetchmany(PAGE):
            yield page


def _line(key: JournalKey, row: tuple[Any, ...]) -> dict[str, str]:
    entry_id, merchant_id, kind, subject_id, seq, request_ref, hash_ = row
    columns = LineColumns(entry_id, merchant_id, kind, subject_id, seq, request_ref, bytes(hash_))
    mac = line_signature(key.secret, columns)
    return {"id": str(row[0]), "mac": "\\x" + mac.hex()}


def _head(key: JournalKey, row: tuple[UUID, str, UUID, int, bytes]) -> dict[str, Any]:
    merchant_id, kind, subject_id, seq, last = row
    mac = head_signature(key.secret, HeadColumns(merchant_id, kind, subject_id, seq, bytes(last)))
    return {
        "merchant_id": str(merchant_id),
        "subject_kind": kind,
        "subject_id": str(subject_id),
        "seq": seq,
        "hash": "\\x" + bytes(last).hex(),
        "mac": "\\x" + mac.hex(),
    }
