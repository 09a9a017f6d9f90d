"""Signatures of journal lines, and heads of chains."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("foundation", "0010_security_journal")]
    operations = [
        migrations.AddField(
            "journalentry", "key_id", models.CharField(blank=True, db_default="", max_length=16)
        ),
        migrations.AddField(
            "journalentry", "mac", models.BinaryField(max_length=32, null=True)
        ),
        migrations.CreateModel(
            name="JournalHead",
            fields=[
                ("merchant_id", models.UUIDField()),
                ("subject_id", models.UUIDField(primary_key=True, serialize=False)),
                ("subject_kind", models.CharField(max_length=32)),
                ("seq", models.PositiveIntegerField()),
                ("hash", models.BinaryField(max_length=32)),
                ("key_id", models.CharField(max_length=16)),
                ("mac", models.BinaryField(max_length=32)),
            ],
            options={"abstract": False},
        ),
    ]
