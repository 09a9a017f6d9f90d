"""Columns named as everybody would say them: the marketplace's due date, the press that waits to be proved, alerts sent."""

from typing import ClassVar

from django.db import migrations, models

RENAMED = (
    ("shown_at", "marketplace_due_at"),
    ("shown_section", "marketplace_due_section"),
    ("proof_of", "pending_press"),
    ("proof_since", "pending_since"),
    ("proof_text", "pending_text"),
    ("guard_sent", "alerts_sent"),
)


class Migration(migrations.Migration):
    """Rename; journal lines written before keep the names they were signed with."""

    dependencies: ClassVar = [("returns", "0009_amount_replaced")]
    operations: ClassVar = [
        migrations.RemoveIndex("returnrequest", "request_proof"),
        *(migrations.RenameField("returnrequest", before, after) for before, after in RENAMED),
        migrations.AddIndex(
            "returnrequest",
            models.Index(
                fields=["merchant_id", "pending_since", "id"],
                name="request_pending",
                condition=~models.Q(pending_press=""),
            ),
        ),
    ]
