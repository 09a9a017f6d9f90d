from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("foundation", "0003_practice"),
    ]

    operations = [
        migrations.AddField(
            model_name="cabinetwatch",
            name="not_whole",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="rawintake",
            name="kept_digest",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="rawintake",
            name="left_out",
            field=models.JSONField(default=dict),
        ),
    ]
