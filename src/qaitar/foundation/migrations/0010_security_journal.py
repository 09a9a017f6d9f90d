"""The security journal, limits of sign-in tries, and the table of Django's cache."""

import qaitar.kernel.ids
from django.db import migrations, models

CACHE = """
CREATE TABLE foundation_cache (
  cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires timestamp with time zone NOT NULL);
CREATE INDEX foundation_cache_expires ON foundation_cache (expires);
"""
# Walls are put back by walls_install after every migration.
MARK_DEMO = """
ALTER TABLE foundation_merchant NO FORCE ROW LEVEL SECURITY;
UPDATE foundation_merchantkey k SET demo = true
FROM foundation_merchant m WHERE m.id = k.id AND m.settings ->> 'demo' = 'true';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("foundation", "0009_sealed_second_factors"),
    ]

    operations = [
        migrations.CreateModel(
            name="SecurityEvent",
            fields=[
                ("merchant_id", models.UUIDField()),
                ("id", models.UUIDField(default=qaitar.kernel.ids.new_id, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("kind", models.CharField(max_length=24)),
                ("user_id", models.BigIntegerField(null=True)),
                ("name", models.CharField(max_length=200)),
                ("about_id", models.BigIntegerField(null=True)),
                ("about_name", models.CharField(blank=True, max_length=200)),
                ("address", models.CharField(blank=True, max_length=45)),
                ("browser", models.CharField(blank=True, max_length=200)),
                ("channel", models.CharField(max_length=16)),
                ("details", models.JSONField(default=dict)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["merchant_id", "-id"], name="security_of_merchant"),
                    models.Index(fields=["merchant_id", "user_id", "-id"], name="security_of_user"),
                    models.Index(fields=["merchant_id", "at"], name="security_by_age"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SignInTry",
            fields=[
                ("key", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("failures", models.IntegerField()),
                ("last_at", models.DateTimeField()),
                ("next_at", models.DateTimeField()),
                ("succeeded_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField("merchantkey", "demo", models.BooleanField(db_default=False, default=False)),
        migrations.AddField(
            "merchantkey",
            "second_factor",
            models.CharField(blank=True, db_default="", default="", max_length=8),
        ),
        migrations.AddField(
            "merchantkey", "idle_minutes", models.PositiveSmallIntegerField(db_default=120, default=120)
        ),
        migrations.AddField(
            "merchantkey", "security_days", models.PositiveSmallIntegerField(db_default=400, default=400)
        ),
        migrations.RunSQL(MARK_DEMO, migrations.RunSQL.noop),
        migrations.RunSQL(CACHE, "DROP TABLE foundation_cache"),
    ]
