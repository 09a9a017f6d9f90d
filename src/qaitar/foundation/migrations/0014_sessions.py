"""Sessions that know whose they are, and tokens that end."""

from django.db import migrations, models

# Tokens without an end get a year from now.
END_TOKENS = "UPDATE foundation_apitoken SET expires_at = now() + interval '365 days' WHERE expires_at IS NULL"


class Migration(migrations.Migration):
    dependencies = [
        ("foundation", "0013_approval"),
    ]

    operations = [
        migrations.CreateModel(
            name="SignInSession",
            fields=[
                ("session_key", models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name="session key")),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("user_id", models.BigIntegerField(db_index=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                ("idle_minutes", models.PositiveSmallIntegerField()),
                ("address", models.CharField(blank=True, max_length=45)),
                ("browser", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "verbose_name": "session",
                "verbose_name_plural": "sessions",
                "db_table": "foundation_signinsession",
                "abstract": False,
            },
        ),
        migrations.RunSQL(END_TOKENS, migrations.RunSQL.noop),
        migrations.AlterField("apitoken", "expires_at", models.DateTimeField()),
    ]
