"""Columns named as everybody would say them: whether the customer was contacted, who requested, what was seen, which alert."""

from typing import ClassVar

from django.db import migrations

RENAMED = (
    ("customer_asked", "customer_contacted"),
    ("reopen_asked_at", "reopening_requested_at"),
    ("approval_asked_by_id", "approval_requested_by_id"),
    ("marks", "inspection"),
    ("escalated", "alert_level"),
)


class Migration(migrations.Migration):
    """Rename; journal lines written before keep the names they were signed with."""

    dependencies: ClassVar = [("returns", "0010_plain_names")]
    operations: ClassVar = [
        migrations.RenameField("returnrequest", before, after) for before, after in RENAMED
    ]
