"""Columns named as everybody would say them: who requested an approval, what of a reading is stored."""

from typing import ClassVar

from django.db import migrations, models

ANOTHER_PERSON = models.CheckConstraint(
    name="approval_by_another_person",
    condition=models.Q(requested_by_id__isnull=True)
    | models.Q(decided_by_id__isnull=True)
    | ~models.Q(requested_by_id=models.F("decided_by_id")),
)


class Migration(migrations.Migration):
    """Rename; the state of an approval has room for REQUESTED."""

    dependencies: ClassVar = [("foundation", "0016_personal_keys")]
    operations: ClassVar = [
        migrations.RemoveConstraint("approval", "approval_by_another_person"),
        migrations.RenameField("approval", "asked_by_id", "requested_by_id"),
        migrations.RenameField("approval", "asked_by_name", "requested_by_name"),
        migrations.RenameField("approval", "asked_at", "requested_at"),
        migrations.AlterField("approval", "state", models.CharField(max_length=12)),
        migrations.AddConstraint("approval", ANOTHER_PERSON),
        migrations.RenameField("rawintake", "kept_digest", "stored_digest"),
    ]
