"""Emptying the database after tests whose changes were committed."""

from __future__ import annotations

import psycopg


def empty_database(owner_dsn: str) -> None:
    """Take away every row but those that migrations brought."""
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        rows = owner.execute(
            "SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename <> 'django_migrations' AND tablename NOT LIKE 'django_content_type%'"
            " AND tablename <> 'auth_permission'"
        ).fetchall()
        owner.execute(
            "TRUNCATE " + ", ".join(name for (name,) in rows) + " RESTART IDENTITY CASCADE"
        )
