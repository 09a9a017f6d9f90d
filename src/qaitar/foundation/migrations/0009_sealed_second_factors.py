"""Seals the seeds of second factors stored before."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from qaitar.foundation.identity.second_factors import data_sealed


def seal_rows(apps: Any, schema_editor: Any) -> None:
    """Seal every row's secrets; rows that are sealed stay as they are.

    Raises:
        NoKey: there are rows and no usable encryption key is set.
    """
    rows = apps.get_model("mfa", "Authenticator").objects.using(schema_editor.connection.alias)
    for row in rows.all():
        data = data_sealed(row.data)
        if data != row.data:
            rows.filter(pk=row.pk).update(data=data)


class Migration(migrations.Migration):
    dependencies = [
        ("foundation", "0008_home_merchant"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]
    operations = [migrations.RunPython(seal_rows, migrations.RunPython.noop)]
