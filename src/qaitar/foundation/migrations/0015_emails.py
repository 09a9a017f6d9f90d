"""One e-mail, one account."""

from django.db import migrations, models
from django.db.models.functions import Upper

# Nobody can say whose a shared e-mail is: none of them keeps it, an administrator sets it anew.
PART = """
UPDATE foundation_user SET email = '' WHERE upper(email) IN
  (SELECT upper(email) FROM foundation_user WHERE email <> '' GROUP BY 1 HAVING count(*) > 1)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("foundation", "0014_sessions"),
    ]

    operations = [
        migrations.RunSQL(PART, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "user",
            models.UniqueConstraint(Upper("email"), condition=~models.Q(email=""), name="user_email_once"),
        ),
    ]
