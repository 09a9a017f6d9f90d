"""Signs the lines that are there, and gives each chain its head."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from qaitar.foundation.journal.backfill import journal_sign


def sign_lines(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001  Django's signature
    """Sign all of them; an empty journal needs no key."""
    journal_sign(schema_editor.connection.connection)


class Migration(migrations.Migration):
    dependencies = [("foundation", "0011_signed_journal")]
    operations = [migrations.RunPython(sign_lines, migrations.RunPython.noop)]
