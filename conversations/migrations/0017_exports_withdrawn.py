from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0016_continued_in"),
    ]

    operations = [
        migrations.AlterField(
            model_name="export",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("rights", "What you may see has changed meanwhile."),
                    ("failed", "It could not be written. Please try again."),
                    (
                        "erased",
                        "A visitor was erased who may have been in it. Please export once more.",
                    ),
                ],
                max_length=8,
            ),
        ),
    ]
