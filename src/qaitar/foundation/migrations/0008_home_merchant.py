"""Give every account its home merchant: that of its oldest membership, practice apart."""

import qaitar.kernel.ids
from django.db import migrations, models


def fill_home(apps, schema_editor):
    alias = schema_editor.connection.alias
    user_model = apps.get_model("foundation", "User")
    membership = apps.get_model("foundation", "Membership")
    key = apps.get_model("foundation", "MerchantKey")
    practice = set(key.objects.using(alias).filter(practice_of__isnull=False).values_list("pk", flat=True))
    seen = set()
    for held in membership.objects.using(alias).order_by("created_at", "id"):
        if held.merchant_id in practice or held.user_id in seen:
            continue
        seen.add(held.user_id)
        user_model.objects.using(alias).filter(pk=held.user_id).update(home_merchant=held.merchant_id)


class Migration(migrations.Migration):
    dependencies = [
        ("foundation", "0007_connection_checks"),
    ]

    operations = [
        migrations.AddField("user", "home_merchant", models.UUIDField(null=True)),
        migrations.AddField("user", "session_epoch", models.IntegerField(default=0)),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.UUIDField(default=qaitar.kernel.ids.new_id, primary_key=True, serialize=False)),
                ("merchant_id", models.UUIDField(db_index=True)),
                ("merchant_name", models.CharField(max_length=200)),
                ("login", models.CharField(db_index=True, max_length=254)),
                ("role", models.CharField(max_length=16)),
                ("code_digest", models.BinaryField(max_length=32, unique=True)),
                ("invited_by_name", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.RunPython(fill_home, migrations.RunPython.noop),
    ]
