from typing import Any

from django.db import migrations
from django.db.models import OuterRef, Subquery


def take_from_conversation(apps: Any, schema_editor: Any) -> None:
    conversation = apps.get_model("conversations", "Conversation")
    account = conversation.objects.filter(pk=OuterRef("conversation"))
    apps.get_model("notifications", "Notification").objects.update(
        account=Subquery(account.values("account"))
    )


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_bursts_and_preferences")]

    operations = [
        migrations.RunPython(take_from_conversation, migrations.RunPython.noop)
    ]
