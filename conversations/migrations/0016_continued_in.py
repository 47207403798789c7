import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0015_finding_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="continued_in",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="conversations.conversation",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("continued_in__isnull", False)),
                fields=["continued_in"],
                name="conv_continued",
            ),
        ),
    ]
