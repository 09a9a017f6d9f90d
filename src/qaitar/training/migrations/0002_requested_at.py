"""When a practice was requested, in the words of the other tables."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Rename; the indexes are made anew, for their state names the column."""

    dependencies: ClassVar = [("training", "0001_initial")]
    operations: ClassVar = [
        migrations.RemoveIndex("practice", "practice_latest"),
        migrations.RemoveIndex("practice", "practice_own"),
        migrations.RenameField("practice", "asked_at", "requested_at"),
        migrations.AddIndex(
            "practice",
            models.Index(fields=["merchant_id", "-requested_at", "-id"], name="practice_latest"),
        ),
        migrations.AddIndex(
            "practice",
            models.Index(
                fields=["merchant_id", "user_id", "-requested_at", "-id"], name="practice_own"
            ),
        ),
    ]
