from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('returns', '0001_initial'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='returnrequest',
            index=models.Index(condition=models.Q(('stage', 'CLOSED')), fields=['merchant_id', 'store_id', 'closed_at', 'id'], name='request_closed_store'),
        ),
    ]
