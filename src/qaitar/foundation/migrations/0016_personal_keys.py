"""Keys of personal values, and tombstones of erased people."""

from __future__ import annotations

from django.db import migrations, models

import qaitar.kernel.ids


class Migration(migrations.Migration):
    dependencies = [("foundation", "0015_emails")]
    operations = [
        migrations.CreateModel(
            name="PersonalKey",
            fields=[
                ("merchant_id", models.UUIDField()),
                (
                    "id",
                    models.UUIDField(
                        default=qaitar.kernel.ids.new_id, primary_key=True, serialize=False
                    ),
                ),
                ("subject_id", models.UUIDField(db_index=True)),
                ("sealed", models.BinaryField()),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="ErasedPerson",
            fields=[
                ("merchant_id", models.UUIDField()),
                (
                    "id",
                    models.UUIDField(
                        default=qaitar.kernel.ids.new_id, primary_key=True, serialize=False
                    ),
                ),
                ("person", models.CharField(max_length=64)),
                ("key_id", models.CharField(max_length=16)),
                ("ground", models.CharField(max_length=300)),
                ("erased_at", models.DateTimeField()),
                ("erased_by", models.CharField(max_length=200)),
                ("counts", models.JSONField(default=dict)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["merchant_id", "person"], name="erased_person")
                ],
            },
        ),
    ]
