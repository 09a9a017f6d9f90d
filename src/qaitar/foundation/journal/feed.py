"""What the database does with each new journal line: it plans outgoing events and notes the subject for readers.

Both happen in the statement that writes the line, by a trigger, whoever writes it.  So no reader has to find new lines
by ids or times: those come from the clocks of several machines, which step back and differ.

Installed with the walls after every migration (`walls_install.py`), from `settings.QAITAR_JOURNAL_READERS`: the name of
each reader with the subject kinds it reads.  `WEBHOOKS` gets one planned delivery a line and endpoint, every other reader
one `UnreadSubject` a statement and subject.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connection
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    import psycopg

WEBHOOKS: Final = "webhooks"

_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION qaitar_journal_feed() RETURNS trigger LANGUAGE plpgsql AS $feed$
BEGIN
  INSERT INTO foundation_webhookdelivery
    (id, merchant_id, endpoint_id, entry_id, place, type, body, state, attempts, next_at, last_detail, created_at)
  SELECT gen_random_uuid(), f.merchant_id, e.id, f.id, f.place, '', '', 'PLANNED', 0, f.at, '', f.at
  FROM fresh f JOIN foundation_webhookendpoint e ON e.merchant_id = f.merchant_id
  WHERE f.subject_kind = ANY ({webhook_kinds});
  INSERT INTO foundation_unreadsubject (merchant_id, reader, subject_kind, subject_id)
  SELECT DISTINCT f.merchant_id, r.reader, f.subject_kind, f.subject_id
  FROM fresh f JOIN unnest({readers}, {kinds}) AS r(reader, kind) ON r.kind = f.subject_kind;
  RETURN NULL;
END $feed$
"""
_TRIGGER: Final = """
CREATE TRIGGER journal_feed AFTER INSERT ON foundation_journalentry
REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION qaitar_journal_feed()
"""
_TAKE: Final = """
WITH page AS (
  SELECT id FROM foundation_unreadsubject WHERE merchant_id = %(merchant)s AND reader = %(reader)s
  ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
DELETE FROM foundation_unreadsubject u USING page WHERE u.id = page.id RETURNING u.subject_id
"""


def install_feed(owner: psycopg.Connection[tuple[object, ...]]) -> None:
    """Create the trigger anew from the settings; safe to run any number of times, inside the owner's transaction."""
    readers: Mapping[str, Sequence[str]] = settings.QAITAR_JOURNAL_READERS
    pairs = [
        (reader, kind) for reader, kinds in readers.items() if reader != WEBHOOKS for kind in kinds
    ]
    owner.execute(
        sql.SQL(_FUNCTION).format(
            webhook_kinds=_text_array(readers.get(WEBHOOKS, ())),
            readers=_text_array([reader for reader, _ in pairs]),
            kinds=_text_array([kind for _, kind in pairs]),
        )
    )
    owner.execute("DROP TRIGGER IF EXISTS journal_feed ON foundation_journalentry")
    owner.execute(_TRIGGER)


def _text_array(values: Sequence[str]) -> sql.Composable:
    return sql.SQL("ARRAY[{}]::text[]").format(sql.SQL(", ").join(map(sql.Literal, values)))


def take_unread_subjects(merchant_id: UUID, reader: str, limit: int) -> list[UUID]:
    """Take up to `limit` notes of a reader and return the subjects they name, each once, sorted.

    The notes are deleted with the caller's transaction, in which the subjects have to be processed: if it fails they are
    there again.  An empty answer means that nothing is unread.
    """
    assert connection.in_atomic_block, "notes are given back only by a rollback"
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"merchant": merchant_id, "reader": reader, "limit": limit})
        return sorted({row[0] for row in cursor.fetchall()})
