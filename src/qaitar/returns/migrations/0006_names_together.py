"""Gives the requests that are there already the keys of two words of one name."""

from django.db import migrations

from qaitar.foundation.records.search import search_keys
from qaitar.kernel.ids import new_id

BLOCK = 5_000
WALLED = ("returns_returnrequest", "foundation_searchkey")
INSERT = """
INSERT INTO foundation_searchkey (id, merchant_id, subject_id, key)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[]) AS fresh(id, merchant_id, subject_id, key)
WHERE NOT EXISTS (SELECT 1 FROM foundation_searchkey k
  WHERE k.merchant_id = fresh.merchant_id AND k.key = fresh.key AND k.subject_id = fresh.subject_id)
"""


def pairs_add(apps, schema_editor):
    """Walk the requests in blocks; the owner's own walls are opened for it and closed again by the next line."""
    cursor = schema_editor.connection.cursor()
    for table in WALLED:
        cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    last = None
    while True:
        cursor.execute(
            "SELECT id, merchant_id, customer_name FROM returns_returnrequest"
            " WHERE customer_name <> '' AND (%s::uuid IS NULL OR id > %s::uuid) ORDER BY id LIMIT %s",
            [last, last, BLOCK],
        )
        requests = cursor.fetchall()
        if not requests:
            break
        last = requests[-1][0]
        fresh = [
            (new_id(), merchant, pk, key)
            for pk, merchant, name in requests
            for key in search_keys([], names=[name])
            if key.startswith("&")
        ]
        if fresh:
            cursor.execute(INSERT, [list(column) for column in zip(*fresh, strict=True)])
    for table in WALLED:
        cursor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def pairs_remove(apps, schema_editor):
    """Take the keys away again."""
    cursor = schema_editor.connection.cursor()
    cursor.execute("ALTER TABLE foundation_searchkey NO FORCE ROW LEVEL SECURITY")
    cursor.execute("DELETE FROM foundation_searchkey WHERE key LIKE '&%%'", [])
    cursor.execute("ALTER TABLE foundation_searchkey FORCE ROW LEVEL SECURITY")


class Migration(migrations.Migration):
    dependencies = [("returns", "0005_unlinked_cases"), ("foundation", "0001_initial")]
    operations = [migrations.RunPython(pairs_add, pairs_remove)]
