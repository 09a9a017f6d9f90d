"""Puts the walls up after a migration: row-level security, grants, append-only journal and its feed.  Run as the owner.

Safe to run any number of times; a table that gained `merchant_id` is walled by the next run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from psycopg import sql

from qaitar.foundation.identity.security_journal import KEEP_DAYS_MIN
from qaitar.foundation.journal.feed import install_feed
from qaitar.foundation.models import Merchant, Walled
from qaitar.foundation.tenancy.walls import SEEN_SQL

if TYPE_CHECKING:
    import psycopg

JOURNAL_TABLE = "foundation_journalentry"
SECURITY_TABLE = "foundation_securityevent"
APPEND_ONLY_TABLES = (JOURNAL_TABLE, "foundation_erasedperson")


def walled_tables() -> list[str]:
    """List the tables that carry a merchant's business rows."""
    return sorted(m._meta.db_table for m in apps.get_models() if issubclass(m, Walled))


def install(owner: psycopg.Connection[tuple[object, ...]], *, app_role: str) -> None:
    """Force row-level security on every business table and give the program's role exactly what it needs."""
    with owner.transaction():
        role = sql.Identifier(app_role)
        owner.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
        owner.execute(
            sql.SQL(
                "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}"
            ).format(role)
        )
        owner.execute(
            sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(role)
        )
        owner.execute(sql.SQL("REVOKE ALL ON django_migrations FROM {}").format(role))
        owner.execute(sql.SQL("GRANT SELECT ON django_migrations TO {}").format(role))
        for table in walled_tables():
            _wall(owner, table)
        _functions(owner)
        for table in APPEND_ONLY_TABLES:
            _append_only(owner, table, role)
        owner.execute(
            sql.SQL("REVOKE UPDATE, TRUNCATE ON {} FROM {}").format(
                sql.Identifier(SECURITY_TABLE), role
            )
        )
        _keep_young_events(owner)
        install_feed(owner)


def _wall(owner: psycopg.Connection[tuple[object, ...]], table: str) -> None:
    name = sql.Identifier(table)
    seen = sql.SQL(SEEN_SQL)  # a constant of ours
    owner.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(name))
    owner.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(name))
    owner.execute(sql.SQL("DROP POLICY IF EXISTS merchant_wall ON {}").format(name))
    owner.execute(
        sql.SQL(
            "CREATE POLICY merchant_wall ON {} USING (merchant_id = ANY ({})) WITH CHECK (merchant_id = ANY ({}))"
        ).format(name, seen, seen)
    )
    if table == Merchant._meta.db_table:
        owner.execute(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT IF EXISTS merchant_is_itself").format(name)
        )
        owner.execute(
            sql.SQL(
                "ALTER TABLE {} ADD CONSTRAINT merchant_is_itself CHECK (id = merchant_id)"
            ).format(name)
        )


def _append_only(
    owner: psycopg.Connection[tuple[object, ...]], table: str, role: sql.Identifier
) -> None:
    """Refuse to change, remove or truncate rows, even for the owner of the table."""
    name = sql.Identifier(table)
    owner.execute(sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(name, role))
    _trigger_put(owner, table, "append_only", "UPDATE OR DELETE", "ROW", "qaitar_append_only")
    _trigger_put(owner, table, "append_only_whole", "TRUNCATE", "STATEMENT", "qaitar_append_only")


def _functions(owner: psycopg.Connection[tuple[object, ...]]) -> None:
    owner.execute(
        "CREATE OR REPLACE FUNCTION qaitar_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    owner.execute(
        "CREATE OR REPLACE FUNCTION qaitar_security_events() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN"
        f" IF TG_OP = 'DELETE' AND OLD.at < now() - interval '{KEEP_DAYS_MIN} days' THEN RETURN OLD; END IF;"
        " RAISE EXCEPTION 'the security journal is append-only'; END $$"
    )


def _keep_young_events(owner: psycopg.Connection[tuple[object, ...]]) -> None:
    """Refuse to change or truncate the security journal, and to remove events younger than the least time they are kept."""
    table = SECURITY_TABLE
    _trigger_put(owner, table, "append_only", "UPDATE OR DELETE", "ROW", "qaitar_security_events")
    _trigger_put(owner, table, "append_only_whole", "TRUNCATE", "STATEMENT", "qaitar_append_only")


def _trigger_put(
    owner: psycopg.Connection[tuple[object, ...]],
    table: str,
    name: str,
    events: str,
    each: str,
    function: str,
) -> None:
    owner.execute(
        sql.SQL("DROP TRIGGER IF EXISTS {} ON {}").format(
            sql.Identifier(name), sql.Identifier(table)
        )
    )
    owner.execute(
        sql.SQL("CREATE TRIGGER {} BEFORE {} ON {} FOR EACH {} EXECUTE FUNCTION {}()").format(
            sql.Identifier(name),
            sql.SQL(events),
            sql.Identifier(table),
            sql.SQL(each),
            sql.Identifier(function),
        )
    )
