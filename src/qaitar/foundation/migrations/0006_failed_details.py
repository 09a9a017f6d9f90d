from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("foundation", "0005_journal_feed"),
    ]

    operations = [
        migrations.AddField(
            model_name="cabinetwatch",
            name="failed",
            field=models.JSONField(default=list),
        ),
        migrations.AlterField(
            model_name="cabinetwatch",
            name="seen_at",
            field=models.DateTimeField(null=True),
        ),
    ]
