from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('returns', '0003_registerexport'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='returnrequest',
            index=models.Index(condition=models.Q(('stage', 'CLOSED'), _negated=True), fields=['merchant_id', 'store_id', 'stage', 'control_at', 'id'], name='request_store_stage'),
        ),
    ]
