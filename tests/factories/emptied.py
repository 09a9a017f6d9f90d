"""Emptying the database after tests whose changes were committed."""

from __future__ import annotations

import psycopg

_TABLES = """
SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'
AND tablename <> 'django_migrations' AND tablename NOT LIKE 'django_content_type%'
AND tablename <> 'auth_permission'
"""
_LOCKED = (
    "SELECT format('%I', tgrelid::regclass) FROM pg_trigger WHERE tgname = 'append_only_whole'"
)


def empty_database(owner_dsn: str) -> None:
    """Take away every row but those that migrations brought.

    Append-only tables refuse it, so their trigger is off for the length of this one transaction.
    """
    with psycopg.connect(owner_dsn, autocommit=True) as owner, owner.transaction():
        locked = [name for (name,) in owner.execute(_LOCKED).fetchall()]
        for name in locked:
            owner.execute(f"ALTER TABLE {name} DISABLE TRIGGER append_only_whole")
        rows = owner.execute(_TABLES).fetchall()
        owner.execute(
            "TRUNCATE " + ", ".join(name for (name,) in rows) + " RESTART IDENTITY CASCADE"
        )
        for name in locked:
            owner.execute(f"ALTER TABLE {name} ENABLE TRIGGER append_only_whole")
